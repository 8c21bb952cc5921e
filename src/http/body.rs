//! Bodies. A body that nobody reads never enters wasm: [`Body::Native`] is the platform's own stream, handed on as it is.

use std::any::Any;
use std::fmt;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

#[allow(missing_docs, reason = "each variant's comment tells its fields")]
/// Why a body could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyError {
    /// It is longer than the reader allows. `max` in bytes.
    TooLarge { max: u64 },
    /// It had not come by `due_ms`, in milliseconds since the epoch.
    TooSlow { due_ms: u64 },
    /// It broke off. The text is for the log only.
    Broken(String),
}

/// Bytes made of other bytes as they pass.
pub trait Transform {
    /// What may pass of these bytes and of those held back before; the rest is held back.
    ///
    /// # Errors
    /// Where nothing more may pass: the body breaks off.
    fn push(&mut self, bytes: &[u8]) -> Result<Bytes, BodyError>;
    /// What is left at the end.
    ///
    /// # Errors
    /// See [`Transform::push`].
    fn end(&mut self) -> Result<Bytes, BodyError>;
}

/// A stream that belongs to the platform.
#[async_trait(?Send)]
pub trait NativeBody: fmt::Debug {
    /// The next bytes, or `None` at the end.
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError>;
    /// All of them at once, where it is known before that they are at most `max` and none has been read; else `None`, and nothing is read.
    /// Afterwards the stream is at its end.
    async fn at_once(&mut self, max: u64) -> Result<Option<Bytes>, BodyError>;
    /// Whether it is known to have no bytes.
    fn is_empty(&self) -> bool {
        false
    }
    /// Counts the bytes as they pass and breaks off after `max` of them, without bringing them into wasm.
    fn cap(&mut self, max: u64);
    /// Breaks off what has not come by `due_ms`, in milliseconds since the epoch, without bringing it into wasm.
    fn due(&mut self, due_ms: u64);
    /// Puts bytes back that were read: they come first again.
    fn unread(&mut self, bytes: Bytes);
    /// Splits the stream: both halves give all bytes.
    fn tee(&mut self) -> Result<Box<dyn NativeBody>, BodyError>;
    /// From here on its bytes are what `transform` makes of them. It goes on as a stream: each piece passes before the next one comes.
    fn map(&mut self, transform: Box<dyn Transform>);
    /// Gives the platform its own type back.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// The body of a request or a response.
#[derive(Debug, Default)]
pub enum Body {
    /// None at all.
    #[default]
    Empty,
    /// In memory.
    Full(Bytes),
    /// The platform's stream.
    Native(Box<dyn NativeBody>),
}

impl Body {
    /// Limits what may still pass to `max` bytes; what is longer breaks off as it streams.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] at once where the length is already known.
    pub fn cap(&mut self, max: u64) -> Result<(), BodyError> {
        match self {
            Self::Empty => Ok(()),
            Self::Full(bytes) if bytes.len() as u64 > max => Err(BodyError::TooLarge { max }),
            Self::Full(_) => Ok(()),
            Self::Native(native) => {
                native.cap(max);
                Ok(())
            }
        }
    }

    /// Sets the time, in milliseconds since the epoch, by which all of it must have come.
    pub fn due(&mut self, due_ms: u64) {
        if let Self::Native(native) = self {
            native.due(due_ms);
        }
    }

    /// A second body with the same bytes; a native stream is split.
    pub fn tee(&mut self) -> Result<Self, BodyError> {
        match self {
            Self::Empty => Ok(Self::Empty),
            Self::Full(bytes) => Ok(Self::Full(bytes.clone())),
            Self::Native(native) => native.tee().map(Self::Native),
        }
    }

    /// Makes the body what `transform` makes of it: at once where it is in memory, as it passes where it is a stream.
    ///
    /// # Errors
    /// Where nothing of a body in memory may pass.
    pub fn map(&mut self, mut transform: Box<dyn Transform>) -> Result<(), BodyError> {
        match self {
            Self::Empty => {}
            Self::Full(bytes) => {
                let mut whole = BytesMut::from(&*transform.push(bytes)?);
                whole.extend_from_slice(&transform.end()?);
                self.keep(whole.freeze());
            }
            Self::Native(native) => native.map(transform),
        }
        Ok(())
    }

    /// Looks at the beginning of the body, at most `max` bytes, and leaves it as it was: whoever comes next sees all of it. A body
    /// that was seen to its end stays in memory.
    ///
    /// # Errors
    /// Where the body breaks off.
    pub async fn peek(&mut self, max: u64) -> Result<Peeked, BodyError> {
        let (read, ended) = match self {
            Self::Empty => (Bytes::new(), true),
            Self::Full(bytes) => (bytes.clone(), true),
            Self::Native(native) => match native.at_once(max).await? {
                Some(all) => (all, true),
                None => {
                    let (read, ended) = up_to(native, max).await?;
                    if !ended {
                        native.unread(read.clone());
                    }
                    (read, ended)
                }
            },
        };
        if ended {
            self.keep(read.clone());
        }
        let whole = ended && read.len() as u64 <= max;
        Ok(Peeked { bytes: read.slice(..read.len().min(usize::try_from(max).unwrap_or(usize::MAX))), whole })
    }

    fn keep(&mut self, bytes: Bytes) {
        *self = if bytes.is_empty() { Self::Empty } else { Self::Full(bytes) };
    }

    /// Reads the whole body, which then stays in memory.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] as soon as more than `max` bytes have come.
    pub async fn read(&mut self, max: u64) -> Result<Bytes, BodyError> {
        let bytes = match self {
            Self::Empty => Bytes::new(),
            Self::Full(bytes) => bytes.clone(),
            Self::Native(native) => match native.at_once(max).await? {
                Some(all) => all,
                None => up_to(native, max).await?.0,
            },
        };
        if bytes.len() as u64 > max {
            return Err(BodyError::TooLarge { max });
        }
        self.keep(bytes.clone());
        Ok(bytes)
    }
}

/// Reads a stream to its end, or until more than `max` bytes have come; and whether it has ended.
async fn up_to(native: &mut Box<dyn NativeBody>, max: u64) -> Result<(Bytes, bool), BodyError> {
    let mut read = BytesMut::new();
    while read.len() as u64 <= max {
        match native.next_chunk().await? {
            Some(chunk) => read.extend_from_slice(&chunk),
            None => return Ok((read.freeze(), true)),
        }
    }
    Ok((read.freeze(), false))
}

/// The beginning of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    /// As many bytes as were asked for, or all there are.
    pub bytes: Bytes,
    /// Whether that is the whole body.
    pub whole: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::ChunkedBody;
    use futures::executor::block_on;

    #[test]
    fn a_body_that_was_looked_at_is_still_whole() {
        let full = |text: &'static str| Body::Full(Bytes::from_static(text.as_bytes()));
        for (mut body, max, expect, whole) in [
            (Body::Empty, 4, "", true),
            (full("abcdef"), 4, "abcd", false),
            (full("abcd"), 4, "abcd", true),
            (ChunkedBody::body(&["ab", "cd"]), 4, "abcd", true),
            (ChunkedBody::body(&["ab", "cde", "f"]), 4, "abcd", false),
            (ChunkedBody::body(&["ab", "cd", "e"]), 4, "abcd", false),
            (ChunkedBody::body(&["ab"]), 0, "", false),
            (ChunkedBody::of_told_length(&["ab", "cd"]), 4, "abcd", true),
            (ChunkedBody::of_told_length(&["ab", "cde", "f"]), 4, "abcd", false),
        ] {
            for _ in 0..2 {
                let peeked = block_on(body.peek(max)).unwrap();
                assert_eq!((&*peeked.bytes, peeked.whole), (expect.as_bytes(), whole), "{body:?} {max}");
            }
            let all = block_on(body.read(100)).unwrap();
            assert!(all.starts_with(expect.as_bytes()) && whole == (all.len() == expect.len()), "{all:?}");
        }
    }

    /// Holds the last byte back and writes the others in upper case; nothing with a `!` passes.
    struct Upper(Vec<u8>);

    impl Transform for Upper {
        fn push(&mut self, bytes: &[u8]) -> Result<Bytes, BodyError> {
            if bytes.contains(&b'!') {
                return Err(BodyError::Broken("!".to_owned()));
            }
            self.0.extend(bytes.to_ascii_uppercase());
            let last = self.0.split_off(self.0.len().saturating_sub(1));
            Ok(std::mem::replace(&mut self.0, last).into())
        }

        fn end(&mut self) -> Result<Bytes, BodyError> {
            Ok(std::mem::take(&mut self.0).into())
        }
    }

    #[test]
    fn a_body_is_transformed_as_it_passes() {
        for mut body in [Body::Full("abcd".into()), ChunkedBody::body(&["ab", "c", "d"])] {
            body.map(Box::new(Upper(Vec::new()))).unwrap();
            assert_eq!(&*block_on(body.read(100)).unwrap(), b"ABCD", "{body:?}");
        }
        assert!(Body::Full("a!".into()).map(Box::new(Upper(Vec::new()))).is_err());
        let mut body = ChunkedBody::body(&["ab", "!", "d"]);
        body.map(Box::new(Upper(Vec::new()))).unwrap();
        assert_eq!(block_on(body.read(100)), Err(BodyError::Broken("!".to_owned())));
    }

    #[test]
    fn no_more_than_is_allowed_is_read() {
        let told = |max: u64| block_on(ChunkedBody::of_told_length(&["ab", "cd"]).read(max)).map(|read| read.len());
        assert_eq!((told(4), told(3)), (Ok(4), Err(BodyError::TooLarge { max: 3 })));
    }

    #[test]
    fn a_cap_counts_what_was_looked_at_once() {
        for (max, fits) in [(6, true), (5, false)] {
            for mut body in [ChunkedBody::body(&["ab", "cd", "ef"]), ChunkedBody::of_told_length(&["ab", "cd", "ef"])] {
                body.cap(max).unwrap();
                block_on(body.peek(3)).unwrap();
                assert_eq!(block_on(body.read(100)).is_ok(), fits, "{body:?} {max}");
            }
        }
    }
}
