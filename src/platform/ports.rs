//! The ports over workerd.

use std::cell::RefCell;
use std::rc::Rc;

use async_trait::async_trait;
use bytes::Bytes;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use worker::{Date, Env, console_log};

use super::body::{Cap, Outgoing, Stream, outgoing};
use super::{bridge, wire};
use crate::http::{Body, OriginRequest, Response, StatusCode};
use crate::limits::gcra::{TakeReply, TakeRequest};
use crate::ports::{Background, Clock, EdgeCache, Entropy, Environment, Fetch, FetchError, Limiter, LocalFuture, Log, PortError, Ports};

/// How long a limiter object may take to answer; then the policy's `on_error` decides.
const LIMITER_DEADLINE_MS: f64 = 1_000.0;

/// Every port, over the runtime.
pub fn real(env: Env) -> Ports {
    let runtime = Rc::new(Runtime { env, random: RefCell::new(Vec::new()) });
    Ports {
        clock: runtime.clone(),
        entropy: runtime.clone(),
        environment: runtime.clone(),
        background: runtime.clone(),
        fetch: runtime.clone(),
        edge_cache: runtime.clone(),
        limiter: runtime.clone(),
        log: runtime,
    }
}

/// The runtime behind all ports.
struct Runtime {
    env: Env,
    /// Random bytes fetched ahead, since each call into JavaScript costs more than the bytes.
    random: RefCell<Vec<u8>>,
}

impl Clock for Runtime {
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    fn now_ms(&self) -> u64 {
        Date::now().as_millis()
    }
}

impl Entropy for Runtime {
    fn fill(&self, bytes: &mut [u8]) {
        let mut random = self.random.borrow_mut();
        if random.len() < bytes.len() {
            random.resize(1024.max(bytes.len()), 0);
            if getrandom::getrandom(&mut random).is_err() {
                random.clear();
            }
        }
        let rest = random.len().saturating_sub(bytes.len());
        for (byte, fresh) in bytes.iter_mut().zip(random.drain(rest..)) {
            *byte = fresh;
        }
    }
}

impl Environment for Runtime {
    fn get(&self, name: &str) -> Option<String> {
        self.env.var(name).ok().map(|value| value.to_string())
    }
}

impl Background for Runtime {
    fn spawn(&self, work: LocalFuture) {
        bridge::wait_until(&future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        }));
    }
}

impl Log for Runtime {
    fn line(&self, line: &str) {
        console_log!("{line}");
    }
}

#[async_trait(?Send)]
impl Fetch for Runtime {
    async fn fetch(&self, request: OriginRequest) -> Result<Response, FetchError> {
        let fields = wire::fields(&request.headers);
        let (body, cap) = match outgoing(request.body, false) {
            Outgoing::Value(body, cap) => (body, cap),
            Outgoing::Message(message) => (bridge::body_of(&message), None),
        };
        let sent = bridge::send(
            request.method.as_str(),
            &request.url,
            &fields,
            body,
            request.first_byte_ms as f64,
            request.total_ms as f64,
            cap.as_ref().map_or(JsValue::UNDEFINED, Cap::state),
        );
        let answered = match sent {
            Ok(promise) => JsFuture::from(promise).await,
            Err(error) => Err(error),
        };
        match answered {
            // An origin may answer before it has read the body to its end.
            _ if cap.is_some_and(|cap| cap.exceeded()) => Err(FetchError::BodyTooLarge),
            Ok(answer) => Ok(response(answer)),
            Err(error) => Err(match bridge::text(&error) {
                text if text == "timeout" => FetchError::Timeout,
                text => FetchError::Unreachable(text),
            }),
        }
    }
}

#[async_trait(?Send)]
impl EdgeCache for Runtime {
    async fn get(&self, key: &str) -> Result<Option<Response>, PortError> {
        let found = JsFuture::from(bridge::cache_match(key).map_err(cache_error)?).await.map_err(cache_error)?;
        Ok(if found.is_undefined() { None } else { Some(response(found)) })
    }

    async fn put(&self, key: &str, response: Response) -> Result<(), PortError> {
        let fields = wire::fields(&response.headers);
        let (body, cap) = match outgoing(response.body, false) {
            Outgoing::Value(body, cap) => (body, cap),
            Outgoing::Message(message) => (bridge::body_of(&message), None),
        };
        let cap = cap.as_ref().map_or(JsValue::UNDEFINED, Cap::state);
        let put = bridge::cache_put(key, response.status.as_u16(), &fields, body, cap).map_err(cache_error)?;
        JsFuture::from(put).await.map(drop).map_err(cache_error)
    }

    async fn delete(&self, key: &str) -> Result<bool, PortError> {
        let deleted = JsFuture::from(bridge::cache_delete(key).map_err(cache_error)?).await.map_err(cache_error)?;
        Ok(deleted.is_truthy())
    }
}

#[async_trait(?Send)]
impl Limiter for Runtime {
    async fn take(&self, subject: &str, request: &TakeRequest) -> Result<TakeReply, PortError> {
        let error = |detail: String| PortError { port: "limiter", detail };
        let request = serde_json::to_string(request).map_err(|e| error(e.to_string()))?;
        let call = bridge::take_from_limiter(subject, &request, LIMITER_DEADLINE_MS).map_err(|e| error(bridge::text(&e)))?;
        let reply = JsFuture::from(call).await.map_err(|e| error(bridge::text(&e)))?;
        let reply = reply.as_string().ok_or_else(|| error("the reply is not a text".to_owned()))?;
        serde_json::from_str(&reply).map_err(|e| error(e.to_string()))
    }
}

fn cache_error(error: JsValue) -> PortError {
    PortError { port: "edge_cache", detail: bridge::text(&error) }
}

/// A response of the runtime; its body stays there.
fn response(response: JsValue) -> Response {
    let head = Bytes::from(bridge::response_head(&response));
    let (status, fields) = wire::line(&head, 0).unwrap_or_default();
    let status = std::str::from_utf8(&status).ok().and_then(|status| status.parse().ok()).unwrap_or(502);
    Response {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
        headers: wire::headers(&head, fields),
        body: Stream::of_message(response),
    }
}

/// A response as the runtime sends it to the client.
pub fn into_runtime(response: Response) -> Result<JsValue, JsValue> {
    let fields = wire::fields(&response.headers);
    let status = response.status.as_u16();
    match outgoing(response.body, true) {
        Outgoing::Value(body, _) => bridge::respond(status, &fields, body),
        Outgoing::Message(message) => bridge::respond_with(&message, status, &fields, JsValue::UNDEFINED),
    }
}

/// The body of a request as it came; a method that has none is not asked for it.
pub fn request_body(method: &crate::http::Method, request: JsValue) -> Body {
    if matches!(*method, crate::http::Method::GET | crate::http::Method::HEAD) { Body::Empty } else { Stream::of_message(request) }
}
