//! What `worker.js` calls: load the compiled routes once, then handle requests.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Once;

use bytes::Bytes;
use wasm_bindgen::prelude::*;
use worker::Env;

use super::body::Stream;
use super::{bridge, crypto, ports, task, wire};
use crate::error::GatewayError;
use crate::exchange::Connection;
use crate::gateway::{Gateway, Incoming};
use crate::http::edge::EdgeSource;
use crate::http::{Method, Response};

thread_local! {
    static GATEWAY: RefCell<Option<Result<Rc<Gateway>, String>>> = const { RefCell::new(None) };
}

/// Loads the compiled routes. Routes that cannot be loaded answer every request with 500 and say why in the log.
#[wasm_bindgen]
pub fn load(routes: &[u8], env: Env) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            console_error_panic_hook::hook(info);
            previous(info);
        }));
    });
    crypto::install();
    let gateway = std::str::from_utf8(routes)
        .map_err(|error| format!("the compiled routes cannot be read: {error}"))
        .and_then(|routes| Gateway::load(routes, ports::real(env)))
        .map(Rc::new);
    if let Err(error) = &gateway {
        worker::console_error!("archway: {error}");
    }
    GATEWAY.with(|slot| *slot.borrow_mut() = Some(gateway));
}

/// Handles one request; `head` is what `requestHead` of `bridge.js` made of it. Gives a response, or a promise of one.
///
/// # Errors
/// Where the runtime refuses the response that was made.
#[wasm_bindgen]
pub fn handle(head: String, request: JsValue) -> Result<JsValue, JsValue> {
    task::run(Box::pin(async move {
        let gateway = GATEWAY.with(|slot| slot.borrow().clone());
        let reads_edge = matches!(&gateway, Some(Ok(gateway)) if gateway.reads_edge());
        let response = match (gateway, incoming(head, request, reads_edge)) {
            (Some(Ok(gateway)), Ok(incoming)) => gateway.handle(incoming).await,
            (Some(Ok(_)), Err(error)) => plain(&error),
            (Some(Err(log)), _) => plain(&GatewayError::Misconfigured { log }),
            (None, _) => plain(&GatewayError::Internal { log: "no routes were loaded".to_owned() }),
        };
        ports::into_runtime(response)
    }))
}

fn incoming(head: String, request: JsValue, reads_edge: bool) -> Result<Incoming, GatewayError> {
    let head = Bytes::from(head);
    let wrong = || GatewayError::bad_request("The request's head cannot be read.");
    let (method, next) = wire::line(&head, 0).ok_or_else(wrong)?;
    let (url, next) = wire::line(&head, next).ok_or_else(wrong)?;
    let (peer, fields) = wire::line(&head, next).ok_or_else(wrong)?;
    let method = Method::from_bytes(&method).map_err(|_| wrong())?;
    let peer = std::str::from_utf8(&peer).unwrap_or_default();
    let address = peer.parse().ok().or_else(|| peer.parse::<std::net::SocketAddr>().ok().map(|peer| peer.ip()));
    let headers = wire::headers(&head, fields);
    let bodiless = matches!(method, Method::GET | Method::HEAD);
    let edge = match reads_edge {
        true => {
            let request = request.clone();
            EdgeSource::new(move || bridge::edge_facts(&request))
        }
        false => EdgeSource::default(),
    };
    Ok(Incoming {
        edge,
        url: String::from_utf8_lossy(&url).into_owned(),
        body: Stream::of_message(request, headers.clone(), bodiless),
        headers,
        client: Connection { address, protocol: None },
        method,
    })
}

/// A problem document where there is no gateway that could write one.
fn plain(error: &GatewayError) -> Response {
    let verdict = error.verdict();
    worker::console_error!("archway: {}", verdict.log);
    let body = serde_json::json!({
        "type": format!("urn:archway:problem:{}", verdict.code),
        "title": verdict.title,
        "status": verdict.status.as_u16(),
        "detail": verdict.detail,
        "code": verdict.code,
    });
    Response::full(verdict.status, "application/problem+json", body.to_string())
}
