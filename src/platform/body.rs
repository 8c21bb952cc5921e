//! The runtime's streams as bodies of the core.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;

use super::{bridge, task};
use crate::http::body::Transform;
use crate::http::{Body, BodyError, HeaderMap, NativeBody, content_length, media};
use async_trait::async_trait;
use bytes::Bytes;
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

/// A message of the runtime whose body nobody has touched, or a stream made from one.
pub struct Stream {
    /// The request or response that the body belongs to; handing it on keeps the runtime's own path for bytes.
    message: Option<JsValue>,
    /// The header fields of that message as they came.
    fields: HeaderMap,
    /// Whether the message has no body to be asked for.
    bodiless: bool,
    stream: Option<JsValue>,
    reader: Option<JsValue>,
    /// Read from `reader` and put back.
    unread: Option<Bytes>,
    cap: Option<Cap>,
    due_ms: Option<u64>,
}

/// Limits on what may pass, in bytes and in time, and whether they were passed.
#[derive(Clone)]
pub struct Cap {
    max: u64,
    state: Object,
}

impl Cap {
    fn unlimited() -> Self {
        Self { max: u64::MAX, state: Object::new() }
    }

    fn is_limited(&self) -> bool {
        self.max < u64::MAX
    }

    /// Whether the body was broken off because it had not come in time.
    pub fn was_slow(&self) -> bool {
        Reflect::get(&self.state, &JsValue::from_str("slow")).is_ok_and(|value| value.is_truthy())
    }

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
    /// The body of a request or a response that came with these header fields.
    pub fn of_message(message: JsValue, fields: HeaderMap, bodiless: bool) -> Body {
        Body::Native(Box::new(Self {
            message: Some(message),
            fields,
            bodiless,
            stream: None,
            reader: None,
            unread: None,
            cap: None,
            due_ms: None,
        }))
    }

    fn of_stream(stream: JsValue) -> Self {
        Self {
            message: None,
            fields: HeaderMap::new(),
            bodiless: false,
            stream: Some(stream),
            reader: None,
            unread: None,
            cap: None,
            due_ms: None,
        }
    }

    fn broken(&self, error: &JsValue) -> BodyError {
        match (bridge::text(error), self.due_ms) {
            (text, Some(due_ms)) if text == "timeout" => BodyError::TooSlow { due_ms },
            (text, _) => BodyError::Broken(text),
        }
    }

    /// The stream, its cap applied; `None` where the message has no body.
    fn take_stream(&mut self) -> Option<JsValue> {
        if self.bodiless {
            return None;
        }
        if let Some(reader) = self.reader.take() {
            // Somebody has read the beginning: that the rest may break off is watched even where there is no limit.
            let cap = self.cap.get_or_insert_with(Cap::unlimited);
            let first = self.unread.take().unwrap_or_default();
            return Some(bridge::resumed(&bridge::bytes(&first), &reader, cap.max as f64, &cap.state));
        }
        let stream = self.stream.take().or_else(|| self.message.take().map(|message| bridge::body_of(&message)))?;
        if stream.is_null() || stream.is_undefined() {
            return None;
        }
        match &self.cap {
            Some(cap) if cap.is_limited() => Some(bridge::capped(&stream, cap.max as f64, &cap.state)),
            _ => Some(stream),
        }
    }
}

#[async_trait(?Send)]
impl NativeBody for Stream {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        if let Some(bytes) = self.unread.take() {
            return Ok(Some(bytes));
        }
        if self.reader.is_none() {
            let Some(stream) = self.take_stream() else { return Ok(None) };
            self.reader = Some(bridge::reader_of(&stream).map_err(|error| BodyError::Broken(bridge::text(&error)))?);
        }
        let Some(reader) = &self.reader else { return Ok(None) };
        match task::call(|id| bridge::read_chunk(id, reader, self.due_ms.unwrap_or_default() as f64)).await {
            Ok(chunk) if chunk.is_undefined() => Ok(None),
            Ok(chunk) => Ok(Some(chunk.unchecked_into::<Uint8Array>().to_vec().into())),
            Err(_) if self.cap.as_ref().is_some_and(Cap::exceeded) => {
                Err(BodyError::TooLarge { max: self.cap.as_ref().map_or(0, |cap| cap.max) })
            }
            Err(error) => Err(self.broken(&error)),
        }
    }

    async fn at_once(&mut self, max: u64) -> Result<Option<Bytes>, BodyError> {
        if self.bodiless {
            return Ok(Some(Bytes::new()));
        }
        let max = self.cap.as_ref().map_or(max, |cap| cap.max.min(max));
        // What the runtime decodes as it is read may be longer than it says.
        let length = content_length(&self.fields).filter(|_| !media::is_coded(&self.fields));
        if length.is_none_or(|length| length > max) {
            return Ok(None);
        }
        let Some(message) = self.message.take() else { return Ok(None) };
        self.bodiless = true;
        match task::call(|id| bridge::read_all(id, &message, self.due_ms.unwrap_or_default() as f64)).await {
            Ok(all) => Ok(Some(all.unchecked_into::<Uint8Array>().to_vec().into())),
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn is_empty(&self) -> bool {
        self.bodiless
    }

    fn cap(&mut self, max: u64) {
        match &mut self.cap {
            Some(cap) => cap.max = cap.max.min(max),
            None => self.cap = Some(Cap { max, state: Object::new() }),
        }
    }

    fn due(&mut self, due_ms: u64) {
        self.due_ms = Some(due_ms);
        let cap = self.cap.get_or_insert_with(Cap::unlimited);
        // That a plain object takes a number cannot fail.
        let _ = Reflect::set(&cap.state, &JsValue::from_str("dueMs"), &JsValue::from_f64(due_ms as f64));
    }

    fn unread(&mut self, bytes: Bytes) {
        self.unread = Some(bytes);
    }

    fn tee(&mut self) -> Result<Box<dyn NativeBody>, BodyError> {
        let Some(stream) = self.take_stream() else { return Ok(Box::new(Self::of_stream(JsValue::NULL))) };
        let halves = bridge::tee(&stream).map_err(|error| BodyError::Broken(bridge::text(&error)))?;
        self.stream = Some(halves.get(0));
        self.cap = None;
        Ok(Box::new(Self::of_stream(halves.get(1))))
    }

    fn map(&mut self, transform: Box<dyn Transform>) {
        let Some(stream) = self.take_stream() else { return };
        let transform = BodyTransform { transform: RefCell::new(transform) };
        self.stream = Some(bridge::transformed(&stream, transform.into()));
        self.cap = None;
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// What `bridge.js` hands the pieces of a stream to.
#[wasm_bindgen]
pub struct BodyTransform {
    transform: RefCell<Box<dyn Transform>>,
}

#[wasm_bindgen]
impl BodyTransform {
    /// What may pass now.
    ///
    /// # Errors
    /// Where nothing more may pass.
    pub fn push(&self, bytes: &[u8]) -> Result<JsValue, JsValue> {
        made(self.transform.borrow_mut().push(bytes))
    }

    /// What is left.
    ///
    /// # Errors
    /// Where nothing more may pass.
    pub fn end(&self) -> Result<JsValue, JsValue> {
        made(self.transform.borrow_mut().end())
    }
}

fn made(outcome: Result<Bytes, BodyError>) -> Result<JsValue, JsValue> {
    match outcome {
        Ok(bytes) => Ok(bridge::bytes(&bytes)),
        Err(BodyError::Broken(text)) => Err(JsValue::from_str(&text)),
        Err(error) => Err(JsValue::from_str(&format!("{error:?}"))),
    }
}

/// A body as the runtime takes it.
pub struct Outgoing {
    /// `undefined` for none, `null` for that of `message`, or bytes, or a stream.
    pub body: JsValue,
    /// The message that the body came with and its header fields, as long as nobody has touched the body.
    pub message: Option<(JsValue, HeaderMap)>,
    /// The limit that watches the stream.
    pub cap: Option<Cap>,
}

impl From<Body> for Outgoing {
    fn from(body: Body) -> Self {
        let of_value = |body| Self { body, message: None, cap: None };
        match body {
            Body::Empty => of_value(JsValue::UNDEFINED),
            Body::Full(bytes) => of_value(bridge::bytes(&bytes)),
            Body::Native(native) => match native.into_any().downcast::<Stream>() {
                Ok(mut stream) => {
                    let message = stream.message.clone().map(|message| (message, std::mem::take(&mut stream.fields)));
                    let body = match (&message, &stream.cap) {
                        _ if stream.bodiless => JsValue::UNDEFINED,
                        (Some(_), cap) if !cap.as_ref().is_some_and(Cap::is_limited) => JsValue::NULL,
                        _ => stream.take_stream().unwrap_or(JsValue::UNDEFINED),
                    };
                    Self { body, message, cap: stream.cap }
                }
                Err(_) => of_value(JsValue::UNDEFINED),
            },
        }
    }
}
