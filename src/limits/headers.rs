//! What clients are told of their limits: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10) and
//! `Retry-After` (RFC 9110 section 10.2.3).

use http::{HeaderName, header};

use super::gcra::{TakeReply, Window};

/// The largest Integer of a structured field (RFC 9651 section 3.3.1).
const LARGEST_INTEGER: u64 = 999_999_999_999_999;

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
    /// Whether clients are told more than `Retry-After`.
    pub announced: bool,
}

impl Standing {
    /// The standing of the named `windows` as `reply` had it `elapsed_ms` ago.
    pub fn of(windows: &[(String, Window)], reply: &TakeReply, elapsed_ms: u64, announced: bool) -> Self {
        let seconds = |ms: u64| ms.saturating_sub(elapsed_ms).div_ceil(1_000);
        let windows = windows
            .iter()
            .zip(&reply.windows)
            .map(|((name, window), reply)| WindowStanding {
                name: name.clone(),
                quota: window.quota,
                window_s: window.window_ms.div_ceil(1_000),
                remaining: reply.remaining,
                reset_s: seconds(reply.reset_ms),
                exceeded: !reply.allowed,
                retry_after_s: seconds(reply.retry_after_ms),
            })
            .collect();
        Self { windows, announced }
    }

    /// Seconds after which a refused client may come again; at least 1.
    pub fn retry_after_s(&self) -> u64 {
        self.windows.iter().filter(|w| w.exceeded).map(|w| w.retry_after_s).max().unwrap_or(0).max(1)
    }

    /// Names of the windows that refused.
    pub fn violated(&self) -> Vec<String> {
        self.windows.iter().filter(|w| w.exceeded).map(|w| w.name.clone()).collect()
    }

    /// `RateLimit-Policy` and `RateLimit`; nothing where the limit is not announced.
    pub fn limit_headers(&self) -> Vec<(HeaderName, String)> {
        if !self.announced {
            return Vec::new();
        }
        let list = |item: fn(&WindowStanding) -> String| self.windows.iter().map(item).collect::<Vec<_>>().join(", ");
        vec![
            (
                HeaderName::from_static("ratelimit-policy"),
                list(|w| format!("{};q={};w={}", string(&w.name), integer(w.quota), integer(w.window_s))),
            ),
            (
                HeaderName::from_static("ratelimit"),
                list(|w| format!("{};r={};t={}", string(&w.name), integer(w.remaining), integer(w.reset_s))),
            ),
        ]
    }

    /// The header fields of a response; `Retry-After` only where the request was refused.
    pub fn response_headers(&self) -> Vec<(HeaderName, String)> {
        let mut headers = self.limit_headers();
        if self.windows.iter().any(|w| w.exceeded) {
            headers.push((header::RETRY_AFTER, self.retry_after_s().to_string()));
        }
        headers
    }
}

/// A String of a structured field (RFC 9651 section 4.1.6); what such a string cannot carry becomes `?`.
fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            _ => quoted.push('?'),
        }
    }
    quoted.push('"');
    quoted
}

fn integer(number: u64) -> u64 {
    number.min(LARGEST_INTEGER)
}

#[cfg(test)]
mod tests {
    use super::super::gcra::WindowReply;
    use super::*;

    fn standing(replies: &[(&str, u64, u64, WindowReply)], elapsed_ms: u64) -> Standing {
        let windows = replies
            .iter()
            .map(|(name, quota, window_ms, _)| ((*name).to_owned(), Window { quota: *quota, window_ms: *window_ms, burst: *quota }));
        let windows: Vec<_> = windows.collect();
        let reply = TakeReply { windows: replies.iter().map(|(.., reply)| reply.clone()).collect(), ..TakeReply::default() };
        Standing::of(&windows, &reply, elapsed_ms, true)
    }

    fn reply(allowed: bool, remaining: u64, reset_ms: u64, retry_after_ms: u64) -> WindowReply {
        WindowReply { allowed, remaining, reset_ms, retry_after_ms }
    }

    fn check(standing: &Standing, expect: &[(&str, &str)]) {
        let got = standing.response_headers();
        let got: Vec<_> = got.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(got, expect, "{standing:?}");
    }

    #[test]
    fn allowed_and_refused_responses_say_how_the_limits_stand() {
        check(
            &standing(&[("fair_use", 100, 60_000, reply(true, 99, 600, 0))], 0),
            &[("ratelimit-policy", r#""fair_use";q=100;w=60"#), ("ratelimit", r#""fair_use";r=99;t=1"#)],
        );
        check(
            &standing(&[("a-20/s", 20, 1_000, reply(false, 0, 1_000, 50)), ("a-9/h", 9, 3_600_000, reply(true, 3, 2_400_001, 0))], 0),
            &[
                ("ratelimit-policy", r#""a-20/s";q=20;w=1, "a-9/h";q=9;w=3600"#),
                ("ratelimit", r#""a-20/s";r=0;t=1, "a-9/h";r=3;t=2401"#),
                ("retry-after", "1"),
            ],
        );
    }

    #[test]
    fn a_remembered_refusal_counts_down() {
        check(
            &standing(&[("a", 1, 60_000, reply(false, 0, 60_000, 60_000))], 42_000),
            &[("ratelimit-policy", r#""a";q=1;w=60"#), ("ratelimit", r#""a";r=0;t=18"#), ("retry-after", "18")],
        );
    }

    #[test]
    fn names_and_numbers_are_such_as_structured_fields_allow() {
        check(
            &standing(&[("a\"b\\c\u{e9}", u64::MAX, 1, reply(true, u64::MAX, 0, 0))], 0),
            &[("ratelimit-policy", r#""a\"b\\c?";q=999999999999999;w=1"#), ("ratelimit", r#""a\"b\\c?";r=999999999999999;t=0"#)],
        );
    }

    #[test]
    fn an_unannounced_limit_says_when_to_come_back_and_nothing_else() {
        let mut quiet = standing(&[("a", 1, 1_000, reply(false, 0, 1_000, 900))], 0);
        quiet.announced = false;
        check(&quiet, &[("retry-after", "1")]);
        assert_eq!(quiet.violated(), ["a"]);
    }
}
