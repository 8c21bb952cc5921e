//! What a shared cache may store (RFC 9111 section 3).

use super::directives::Directives;
use super::freshness;
use super::vary::Vary;
use crate::http::{HeaderMap, HeaderName, StatusCode, content_length, header};

/// The largest body that is stored, in bytes: while a slow client takes its half, the platform keeps the other in memory. A longer
/// one of unknown length breaks off in the store, not at the client.
pub const LARGEST_BODY: u64 = 16 << 20;

/// How long a response is fresh and how old it is already, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Counted from the response's making.
    pub lifetime_s: u64,
    /// What of it was over when the response came.
    pub initial_age_s: u64,
}

impl Span {
    /// What is left of it; at least 1 in a storable response.
    pub fn left_s(self) -> u64 {
        self.lifetime_s.saturating_sub(self.initial_age_s)
    }
}

/// What of the exchange, besides the response, decides whether the response may be stored.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The lifetime that the routes file gives in place of the response's own, in seconds.
    pub ttl_s: Option<u64>,
    /// Credentials of the request that its key does not tell apart.
    pub unkeyed_credentials: &'a [HeaderName],
    /// When the origin was asked, in milliseconds since the epoch.
    pub asked_ms: u64,
    /// When it answered.
    pub answered_ms: u64,
}

/// The span of a response to GET that may be stored, or why it may not be.
///
/// A configured `ttl` takes the place of the response's own lifetime; it lifts no prohibition, and it is given only to statuses
/// that can be cached by default (RFC 9110 section 15.1) and are no server's fault.
pub fn span(status: StatusCode, headers: &HeaderMap, vary: &Vary, around: Circumstances<'_>) -> Result<Span, &'static str> {
    let directives = Directives::of_response(headers);
    if !status.is_success() && !status.is_redirection() && !status.is_client_error() && !status.is_server_error() {
        return Err("the status is not final");
    }
    if matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED) {
        return Err("the response is not whole");
    }
    if directives.no_store || directives.private || directives.no_cache {
        return Err("the response forbids it");
    }
    if headers.contains_key(header::SET_COOKIE) {
        return Err("the response sets a cookie");
    }
    if *vary == Vary::Everything {
        return Err("the response varies by everything");
    }
    let shared = directives.public || directives.s_maxage.is_some() || directives.must_revalidate;
    if !shared && around.unkeyed_credentials.iter().any(|name| !vary.names().contains(name)) {
        return Err("the request has credentials");
    }
    if content_length(headers).is_some_and(|length| length > LARGEST_BODY) || is_event_stream(headers) {
        return Err("the body is too long");
    }
    let span = match around.ttl_s.filter(|_| takes_ttl(status)) {
        Some(ttl_s) => Span { lifetime_s: ttl_s, initial_age_s: 0 },
        None => Span {
            lifetime_s: freshness::lifetime_s(headers, &directives, around.answered_ms)
                .ok_or("the response does not say how long it is fresh")?,
            initial_age_s: freshness::initial_age_s(headers, around.asked_ms, around.answered_ms),
        },
    };
    if span.left_s() == 0 { Err("the response is stale") } else { Ok(span) }
}

/// Whether a configured `ttl` goes for this status.
pub fn takes_ttl(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204 | 300 | 301 | 308 | 404 | 410)
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    media_type.get(..17).is_some_and(|start| start.eq_ignore_ascii_case(b"text/event-stream"))
}

#[cfg(test)]
mod tests;
