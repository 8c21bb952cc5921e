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
    /// It broke off. The text is for the log only.
    Broken(String),
}

/// A stream that belongs to the platform.
#[async_trait(?Send)]
pub trait NativeBody: fmt::Debug {
    /// The next bytes, or `None` at the end.
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError>;
    /// Whether it is known to have no bytes.
    fn is_empty(&self) -> bool {
        false
    }
    /// Counts the bytes as they pass and breaks off after `max` of them, without bringing them into wasm.
    fn cap(&mut self, max: u64);
    /// Splits the stream: both halves give all bytes.
    fn tee(&mut self) -> Result<Box<dyn NativeBody>, BodyError>;
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

    /// A second body with the same bytes; a native stream is split.
    pub fn tee(&mut self) -> Result<Self, BodyError> {
        match self {
            Self::Empty => Ok(Self::Empty),
            Self::Full(bytes) => Ok(Self::Full(bytes.clone())),
            Self::Native(native) => native.tee().map(Self::Native),
        }
    }

    /// Reads the whole body, which then stays in memory.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] as soon as more than `max` bytes have come.
    pub async fn read(&mut self, max: u64) -> Result<Bytes, BodyError> {
        let bytes = match self {
            Self::Empty => Bytes::new(),
            Self::Full(bytes) => bytes.clone(),
            Self::Native(native) => {
                let mut read = BytesMut::new();
                while let Some(chunk) = native.next_chunk().await? {
                    read.extend_from_slice(&chunk);
                    if read.len() as u64 > max {
                        return Err(BodyError::TooLarge { max });
                    }
                }
                read.freeze()
            }
        };
        if bytes.len() as u64 > max {
            return Err(BodyError::TooLarge { max });
        }
        *self = Self::Full(bytes.clone());
        Ok(bytes)
    }
}
