//! A native body in memory: chunks that come one by one.

use std::any::Any;
use std::collections::VecDeque;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use crate::http::body::Transform;
use crate::http::{Body, BodyError, NativeBody};

/// A stream of chunks that may break off.
#[derive(Debug, Clone, Default)]
pub struct ChunkedBody {
    /// What is still to come.
    pub chunks: VecDeque<Bytes>,
    /// Comes to no end after the last chunk.
    pub stalls: bool,
    due_ms: Option<u64>,
    /// Breaks off with this text after the last chunk.
    pub breaks: Option<String>,
    cap: Option<u64>,
    passed: u64,
    /// Whether its length was told before.
    told: bool,
}

impl ChunkedBody {
    /// A body of unknown length that comes in these chunks.
    pub fn body(chunks: &[&str]) -> Body {
        let chunks = chunks.iter().map(|chunk| Bytes::copy_from_slice(chunk.as_bytes())).collect();
        Body::Native(Box::new(Self { chunks, ..Self::default() }))
    }

    /// The same of which the length is told before.
    pub fn of_told_length(chunks: &[&str]) -> Body {
        let chunks = chunks.iter().map(|chunk| Bytes::copy_from_slice(chunk.as_bytes())).collect();
        Body::Native(Box::new(Self { chunks, told: true, ..Self::default() }))
    }
}

impl ChunkedBody {
    /// A body that comes in these chunks and then in no more, without an end; where nothing is due, that is told as broken.
    pub fn stalling(chunks: &[&str]) -> Body {
        let chunks = chunks.iter().map(|chunk| Bytes::copy_from_slice(chunk.as_bytes())).collect();
        Body::Native(Box::new(Self { chunks, stalls: true, ..Self::default() }))
    }
}

#[async_trait(?Send)]
impl NativeBody for ChunkedBody {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        let Some(chunk) = self.chunks.pop_front() else {
            if self.stalls {
                let stalled = || BodyError::Broken("it comes to no end".to_owned());
                return Err(self.due_ms.map_or_else(stalled, |due_ms| BodyError::TooSlow { due_ms }));
            }
            return self.breaks.take().map_or(Ok(None), |text| Err(BodyError::Broken(text)));
        };
        self.passed += chunk.len() as u64;
        match self.cap {
            Some(max) if self.passed > max => Err(BodyError::TooLarge { max }),
            _ => Ok(Some(chunk)),
        }
    }

    async fn at_once(&mut self, max: u64) -> Result<Option<Bytes>, BodyError> {
        let length: usize = self.chunks.iter().map(Bytes::len).sum();
        let max = self.cap.map_or(max, |cap| cap.min(max));
        if !self.told || self.passed > 0 || length as u64 > max {
            return Ok(None);
        }
        let mut all = BytesMut::with_capacity(length);
        while let Some(chunk) = self.next_chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(Some(all.freeze()))
    }

    fn cap(&mut self, max: u64) {
        self.cap = Some(self.cap.map_or(max, |cap| cap.min(max)));
    }

    fn due(&mut self, due_ms: u64) {
        self.due_ms = Some(due_ms);
    }

    fn unread(&mut self, bytes: Bytes) {
        self.passed -= bytes.len() as u64;
        self.chunks.push_front(bytes);
    }

    fn tee(&mut self) -> Result<Box<dyn NativeBody>, BodyError> {
        Ok(Box::new(self.clone()))
    }

    fn map(&mut self, mut transform: Box<dyn Transform>) {
        let end = self.breaks.is_none();
        let mut made = VecDeque::new();
        let mut add = |outcome: Result<Bytes, BodyError>| match outcome {
            Ok(bytes) => {
                made.extend(Some(bytes).filter(|bytes| !bytes.is_empty()));
                None
            }
            Err(BodyError::Broken(text)) => Some(text),
            Err(error) => Some(format!("{error:?}")),
        };
        let refused = self.chunks.iter().find_map(|chunk| add(transform.push(chunk)));
        let refused = refused.or_else(|| if end { add(transform.end()) } else { None });
        self.breaks = refused.or_else(|| self.breaks.take());
        self.chunks = made;
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
