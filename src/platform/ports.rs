//! The ports over workerd.

use std::cell::RefCell;
use std::rc::Rc;

use async_trait::async_trait;
use bytes::Bytes;
use wasm_bindgen::JsValue;
use worker::{Env, console_log};

use super::body::{Cap, Outgoing, Stream};
use super::{bridge, task, wire};
use crate::auth::password::{HASH, Parameters};
use crate::http::{HeaderMap, OriginRequest, Response, StatusCode};
use crate::ports::committed::Committed;
use crate::ports::{
    Background, Clock, EdgeCache, Entropy, Environment, Fetch, FetchError, LocalFuture, Log, Passwords, PortError, Ports, Timer,
};

mod objects;

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
        replay: runtime.clone(),
        revocations: runtime.clone(),
        guesses: runtime.clone(),
        sessions: runtime.clone(),
        timer: runtime.clone(),
        consumers: Rc::new(Committed::default()),
        passwords: runtime.clone(),
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
        js_sys::Date::now() as u64
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
        task::later(Box::pin(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        }));
    }
}

impl Passwords for Runtime {
    fn scrypt(&self, password: &[u8], salt: &[u8], parameters: Parameters) -> Result<[u8; HASH], PortError> {
        let error = |detail: String| PortError { port: "passwords", detail };
        let Parameters { ln, r, p } = parameters;
        let hash = bridge::scrypt(password, salt, HASH as u32, 1 << ln, r, p).map_err(|e| error(bridge::text(&e)))?;
        hash.try_into().map_err(|_| error("the hash has another length".to_owned()))
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
        let Outgoing { body, message, cap } = Outgoing::from(request.body);
        let mut head = String::with_capacity(1_024);
        for part in [request.method.as_str(), "\n", &request.url, "\n"] {
            head.push_str(part);
        }
        wire::edits(&mut head, message.as_ref().map(|(_, fields)| fields), &request.headers);
        let message = message.map_or(JsValue::UNDEFINED, |(message, _)| message);
        let (first_byte_ms, total_ms) = (request.first_byte_ms as f64, request.total_ms as f64);
        let state = cap.as_ref().map_or(JsValue::UNDEFINED, Cap::state);
        let answered = task::call(|id| bridge::send(id, &head, &message, &body, first_byte_ms, total_ms, &state)).await;
        match answered {
            // An origin may answer before it has read the body to its end.
            _ if cap.as_ref().is_some_and(Cap::was_slow) => Err(FetchError::BodyTooSlow),
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
        let found = task::call(|id| bridge::cache_match(id, key)).await.map_err(cache_error)?;
        Ok(if found.is_undefined() { None } else { Some(response(found)) })
    }

    async fn put(&self, key: &str, response: Response) -> Result<(), PortError> {
        let Outgoing { body, message, cap } = Outgoing::from(response.body);
        let edits = edits(message.as_ref(), &response.headers);
        let message = message.map_or(JsValue::UNDEFINED, |(message, _)| message);
        let (status, state) = (response.status.as_u16(), cap.as_ref().map_or(JsValue::UNDEFINED, Cap::state));
        task::call(|id| bridge::cache_put(id, key, &message, status, &edits, &body, &state)).await.map(drop).map_err(cache_error)
    }

    async fn delete(&self, key: &str) -> Result<bool, PortError> {
        let deleted = task::call(|id| bridge::cache_delete(id, key)).await.map_err(cache_error)?;
        Ok(deleted.is_truthy())
    }
}

#[async_trait(?Send)]
impl Timer for Runtime {
    async fn wait(&self, ms: u64) {
        let _ = task::call(|id| bridge::rest(id, ms as f64)).await;
    }
}

fn cache_error(error: JsValue) -> PortError {
    PortError { port: "edge_cache", detail: bridge::text(&error) }
}

fn edits(message: Option<&(JsValue, HeaderMap)>, headers: &HeaderMap) -> String {
    let mut edits = String::with_capacity(256);
    wire::edits(&mut edits, message.map(|(_, fields)| fields), headers);
    edits
}

/// A response of the runtime; its body stays there.
fn response(response: JsValue) -> Response {
    let head = Bytes::from(bridge::response_head(&response));
    let (status, fields) = wire::line(&head, 0).unwrap_or_default();
    let status = std::str::from_utf8(&status).ok().and_then(|status| status.parse().ok()).unwrap_or(502);
    let headers = wire::headers(&head, fields);
    Response {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
        body: Stream::of_message(response, headers.clone(), false),
        headers,
    }
}

/// A response as the runtime sends it to the client.
pub fn into_runtime(response: Response) -> Result<JsValue, JsValue> {
    let Outgoing { body, message, .. } = Outgoing::from(response.body);
    let edits = edits(message.as_ref(), &response.headers);
    bridge::respond(&message.map_or(JsValue::UNDEFINED, |(message, _)| message), response.status.as_u16(), &edits, &body)
}
