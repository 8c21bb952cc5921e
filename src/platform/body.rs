//! The runtime's streams as bodies of the core.

use std::any::Any;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::bridge;
use crate::http::{Body, BodyError, NativeBody};

/// A message of the runtime whose body nobody has touched, or a stream made from one.
pub struct Stream {
    /// The request or response that the body belongs to; handing it on keeps the runtime's own path for bytes.
    message: Option<JsValue>,
    stream: Option<JsValue>,
    reader: Option<JsValue>,
    cap: Option<Cap>,
}

/// A limit on what may pass, and whether it was passed.
#[derive(Clone)]
pub struct Cap {
    max: u64,
    state: Object,
}

impl Cap {
    /// What `bridge.js` and the counted stream share.
    pub fn state(&self) -> JsValue {
        self.state.clone().into()
    }

    /// Whether the stream was broken off because it was too long.
    pub fn exceeded(&self) -> bool {
        Reflect::get(&self.state, &JsValue::from_str("exceeded")).is_ok_and(|value| value.is_truthy())
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

impl Stream {
    /// The body of a request or a response.
    pub fn of_message(message: JsValue) -> Body {
        Body::Native(Box::new(Self { message: Some(message), stream: None, reader: None, cap: None }))
    }

    fn of_stream(stream: JsValue) -> Self {
        Self { message: None, stream: Some(stream), reader: None, cap: None }
    }

    /// The stream, its cap applied; `None` where the message has no body.
    fn take_stream(&mut self) -> Option<JsValue> {
        let stream = self.stream.take().or_else(|| self.message.take().map(|message| bridge::body_of(&message)))?;
        if stream.is_null() || stream.is_undefined() {
            return None;
        }
        match &self.cap {
            Some(cap) => Some(bridge::capped(&stream, cap.max as f64, &cap.state)),
            None => Some(stream),
        }
    }
}

#[async_trait(?Send)]
impl NativeBody for Stream {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        if self.reader.is_none() {
            let Some(stream) = self.take_stream() else { return Ok(None) };
            self.reader = Some(bridge::reader_of(&stream).map_err(|error| BodyError::Broken(bridge::text(&error)))?);
        }
        let Some(reader) = &self.reader else { return Ok(None) };
        match JsFuture::from(bridge::read_chunk(reader)).await {
            Ok(chunk) if chunk.is_undefined() => Ok(None),
            Ok(chunk) => Ok(Some(chunk.unchecked_into::<Uint8Array>().to_vec().into())),
            Err(_) if self.cap.as_ref().is_some_and(Cap::exceeded) => {
                Err(BodyError::TooLarge { max: self.cap.as_ref().map_or(0, |cap| cap.max) })
            }
            Err(error) => Err(BodyError::Broken(bridge::text(&error))),
        }
    }

    fn cap(&mut self, max: u64) {
        match &mut self.cap {
            Some(cap) => cap.max = cap.max.min(max),
            None => self.cap = Some(Cap { max, state: Object::new() }),
        }
    }

    fn tee(&mut self) -> Result<Box<dyn NativeBody>, BodyError> {
        let Some(stream) = self.take_stream() else { return Ok(Box::new(Self::of_stream(JsValue::NULL))) };
        let halves = bridge::tee(&stream).map_err(|error| BodyError::Broken(bridge::text(&error)))?;
        self.stream = Some(halves.get(0));
        self.cap = None;
        Ok(Box::new(Self::of_stream(halves.get(1))))
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// A body as the runtime takes it.
pub enum Outgoing {
    /// `undefined`, bytes, or a stream; with the cap that watches it.
    Value(JsValue, Option<Cap>),
    /// The response whose body it is, untouched.
    Message(JsValue),
}

/// Turns a body of the core into what the runtime takes. `whole` says whether an untouched message may be handed on.
pub fn outgoing(body: Body, whole: bool) -> Outgoing {
    match body {
        Body::Empty => Outgoing::Value(JsValue::UNDEFINED, None),
        Body::Full(bytes) => Outgoing::Value(bridge::bytes(&bytes), None),
        Body::Native(native) => match native.into_any().downcast::<Stream>() {
            Ok(mut stream) => match (&stream.message, &stream.cap) {
                (Some(message), None) if whole => Outgoing::Message(message.clone()),
                _ => {
                    let cap = stream.cap.clone();
                    Outgoing::Value(stream.take_stream().unwrap_or(JsValue::UNDEFINED), cap)
                }
            },
            Err(_) => Outgoing::Value(JsValue::UNDEFINED, None),
        },
    }
}
