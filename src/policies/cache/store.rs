//! The response phase of the cache: what is kept, what is forgotten, what the client is told.

use std::mem;

use super::{Cache, append_status};
use crate::caching::conditional::not_modified;
use crate::caching::directives::CDN_CACHE_CONTROL;
use crate::caching::storable::{self, Circumstances, LARGEST_BODY, Span};
use crate::caching::stored::{self, Times};
use crate::caching::vary::{Marker, Vary};
use crate::caching::{Asked, key, status};
use crate::exchange::Exchange;
use crate::http::{Body, HeaderValue, Response, content_length, header};
use crate::observe::trace;

/// How long a marker is stored at least, in seconds: its variants come and go meanwhile.
const MARKER_S: u64 = 86_400;

impl Cache {
    /// Forgets the responses under these keys if the request that changed something succeeded (RFC 9111 section 4.4). Before the
    /// client hears of it, so that it reads what it wrote.
    pub(super) async fn forget(&self, cx: &mut Exchange<'_>, keys: &[String], response: &Response) {
        if cx.record.code.is_some() || !(response.status.is_success() || response.status.is_redirection()) {
            return;
        }
        for key in keys {
            if let Err(error) = cx.ports.edge_cache.delete(key).await {
                cx.record.note(format!("{} could not forget what this request changed: {error}", self.id));
            }
        }
    }

    /// Stores the origin's response if it may be, and gives the client what it asked for: the response, or 304 where it holds that
    /// already.
    pub(super) fn keep(&self, cx: &mut Exchange<'_>, asked: &Asked, response: &mut Response) {
        let held = asked.whole && asked.validators.hold(response.status, &response.headers);
        let stored = self.span(cx, asked, response).and_then(|(span, vary)| self.store(cx, asked, response, span, &vary, held));
        append_status(response, &status::forwarded(&cx.settings.name, asked.forward, stored.map_err(Some)));
        if held {
            not_modified(response);
        }
    }

    fn span(&self, cx: &Exchange<'_>, asked: &Asked, response: &Response) -> Result<(Span, Vary), &'static str> {
        if cx.record.code.is_some() {
            return Err("the gateway answered");
        }
        if !asked.whole {
            return Err("the request is HEAD");
        }
        let around = Circumstances {
            ttl_s: self.ttl_s,
            unkeyed_credentials: &asked.unkeyed_credentials,
            asked_ms: asked.asked_ms,
            answered_ms: cx.ports.clock.now_ms(),
        };
        let vary = Vary::of(&response.headers);
        storable::span(response.status, &response.headers, &vary, around).map(|span| (span, vary))
    }

    /// Puts a copy of the response on its way to the store.
    fn store(
        &self,
        cx: &Exchange<'_>,
        asked: &Asked,
        response: &mut Response,
        span: Span,
        vary: &Vary,
        held: bool,
    ) -> Result<(), &'static str> {
        let body = copy(response, held)?;
        if self.ttl_s.is_some() && storable::takes_ttl(response.status) {
            let whose = if asked.own { "private, " } else { "" };
            if let Ok(value) = HeaderValue::try_from(format!("{whose}max-age={}", span.lifetime_s)) {
                response.headers.insert(header::CACHE_CONTROL, value);
            }
            for name in [header::EXPIRES, header::PRAGMA, header::AGE, CDN_CACHE_CONTROL] {
                response.headers.remove(name);
            }
        }
        let times = Times { stored_ms: cx.ports.clock.now_ms(), span };
        let sealed = Response { status: response.status, headers: stored::seal(&response.headers, times), body };
        let marker = Marker::covering(asked.marker.as_ref(), vary, || {
            let mut random = [0u8; 16];
            cx.ports.entropy.fill(&mut random);
            trace::hex(&random)
        });
        let variant = marker.as_ref().map(|marker| key::variant(&asked.key, marker, &asked.headers));
        let marker = marker.filter(|marker| asked.marker.as_ref() != Some(marker));

        let (ports, key, policy) = (cx.ports.clone(), asked.key.clone(), self.id.clone());
        cx.ports.background.spawn(Box::pin(async move {
            let mut done = ports.edge_cache.put(variant.as_deref().unwrap_or(&key), sealed).await;
            if let (Ok(()), Some(marker)) = (&done, marker) {
                done = ports.edge_cache.put(&key, marker.seal(span.left_s().max(MARKER_S))).await;
            }
            if let Err(error) = done {
                let line = serde_json::json!({ "level": "warn", "policy": policy, "message": "a response was not stored", "error": error.to_string() });
                ports.log.line(&line.to_string());
            }
        }));
        Ok(())
    }
}

/// The body for the store. Where the client gets none, it is the response's own.
fn copy(response: &mut Response, held: bool) -> Result<Body, &'static str> {
    const TOO_LONG: &str = "the body is too long";
    if matches!(&response.body, Body::Full(bytes) if bytes.len() as u64 > LARGEST_BODY) {
        return Err(TOO_LONG);
    }
    let mut body = if held { mem::take(&mut response.body) } else { response.body.tee().map_err(|_| "the body cannot be copied")? };
    if content_length(&response.headers).is_none() {
        body.cap(LARGEST_BODY).map_err(|_| TOO_LONG)?;
    }
    Ok(body)
}
