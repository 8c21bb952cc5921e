//! What clients are told of their limits: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10) and
//! `Retry-After` (RFC 9110 section 10.2.3).

use http::{HeaderName, header};

/// How one named window stands after a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowStanding {
    /// The window's name in the header fields.
    pub name: String,
    /// Requests in a window.
    pub quota: u64,
    /// The window's length in seconds.
    pub window_s: u64,
    /// Requests left.
    pub remaining: u64,
    /// Seconds until the window is whole again, rounded up.
    pub reset_s: u64,
    /// Whether this window refused the request.
    pub exceeded: bool,
    /// Seconds until the next request is allowed, rounded up.
    pub retry_after_s: u64,
}

/// How all windows of one policy stand after a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// In the order of the policy.
    pub windows: Vec<WindowStanding>,
}

impl Standing {
    /// Seconds after which a refused client may come again; at least 1.
    pub fn retry_after_s(&self) -> u64 {
        self.windows.iter().filter(|w| w.exceeded).map(|w| w.retry_after_s).max().unwrap_or(0).max(1)
    }

    /// Names of the windows that refused.
    pub fn violated(&self) -> Vec<String> {
        self.windows.iter().filter(|w| w.exceeded).map(|w| w.name.clone()).collect()
    }

    /// The header fields of a response; `Retry-After` only where the request was refused.
    pub fn response_headers(&self) -> Vec<(HeaderName, String)> {
        let list = |item: fn(&WindowStanding) -> String| self.windows.iter().map(item).collect::<Vec<_>>().join(", ");
        let mut headers = vec![
            (HeaderName::from_static("ratelimit-policy"), list(|w| format!("\"{}\";q={};w={}", w.name, w.quota, w.window_s))),
            (HeaderName::from_static("ratelimit"), list(|w| format!("\"{}\";r={};t={}", w.name, w.remaining, w.reset_s))),
        ];
        if self.windows.iter().any(|w| w.exceeded) {
            headers.push((header::RETRY_AFTER, self.retry_after_s().to_string()));
        }
        headers
    }
}
