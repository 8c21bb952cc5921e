//! A response as it lies in the store: what the store itself must know stands where it looks, what the client must get back stands
//! in fields of the gateway's own, together with the times that its age follows from.

use super::directives::CDN_CACHE_CONTROL;
use super::storable::Span;
use crate::http::{HeaderMap, HeaderName, HeaderValue, Response, header};

const TIMES: HeaderName = HeaderName::from_static("archway-stored");

/// Fields that would mean something to the store, and the names they have there.
const MOVED: [(HeaderName, HeaderName); 7] = [
    (header::CACHE_CONTROL, HeaderName::from_static("archway-cache-control")),
    (CDN_CACHE_CONTROL, HeaderName::from_static("archway-cdn-cache-control")),
    (HeaderName::from_static("cloudflare-cdn-cache-control"), HeaderName::from_static("archway-cloudflare-cdn-cache-control")),
    (header::EXPIRES, HeaderName::from_static("archway-expires")),
    (header::PRAGMA, HeaderName::from_static("archway-pragma")),
    (HeaderName::from_static("surrogate-control"), HeaderName::from_static("archway-surrogate-control")),
    (header::VARY, HeaderName::from_static("archway-vary")),
];

/// Fields that the store adds to what it gives back.
const ADDED: [HeaderName; 2] = [header::AGE, HeaderName::from_static("cf-cache-status")];

/// The times of a stored response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it came, in milliseconds since the epoch.
    pub stored_ms: u64,
    /// How old it was then, and how long it is fresh.
    pub span: Span,
}

impl Times {
    /// Its age in seconds (RFC 9111 section 4.2.3, `current_age`).
    pub fn age_s(self, now_ms: u64) -> u64 {
        self.span.initial_age_s.saturating_add(now_ms.saturating_sub(self.stored_ms) / 1_000)
    }
}

/// The header fields of the copy that goes to the store.
pub fn seal(headers: &HeaderMap, times: Times) -> HeaderMap {
    let mut sealed = HeaderMap::with_capacity(headers.len() + 3);
    // What begins with the gateway's own prefix would be taken for the gateway's own.
    for (name, value) in headers.iter().filter(|(name, _)| !name.as_str().starts_with("archway-")) {
        let kept = MOVED.into_iter().find(|(from, _)| from == name).map_or_else(|| name.clone(), |(_, to)| to);
        sealed.append(kept, value.clone());
    }
    sealed.remove(header::AGE);
    if !sealed.contains_key(header::DATE) {
        insert(&mut sealed, header::DATE, http_date(times.stored_ms));
    }
    insert(&mut sealed, header::CACHE_CONTROL, format!("public, max-age={}", times.span.left_s()));
    insert(&mut sealed, TIMES, format!("{} {} {}", times.stored_ms, times.span.initial_age_s, times.span.lifetime_s));
    sealed
}

/// Gives a stored response its own fields back; `None` where it is not one that [`seal`] made.
pub fn open(response: &mut Response) -> Option<Times> {
    let times = response.headers.remove(TIMES)?;
    let numbers: Vec<u64> = times.to_str().ok()?.split(' ').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let [stored_ms, initial_age_s, lifetime_s] = numbers.try_into().ok()?;
    for name in ADDED {
        response.headers.remove(name);
    }
    for (name, kept) in MOVED {
        response.headers.remove(&name);
        let values: Vec<HeaderValue> = response.headers.get_all(&kept).iter().cloned().collect();
        response.headers.remove(kept);
        for value in values {
            response.headers.append(name.clone(), value);
        }
    }
    Some(Times { stored_ms, span: Span { lifetime_s, initial_age_s } })
}

fn http_date(ms: u64) -> String {
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms))
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::StatusCode;

    const TIMES_OF: Times = Times { stored_ms: 1_800_000_000_000, span: Span { lifetime_s: 60, initial_age_s: 20 } };

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn what_is_sealed_is_opened_unchanged() {
        let own = [
            ("cache-control", "max-age=60"),
            ("cache-control", "s-maxage=60"),
            ("cdn-cache-control", "max-age=9"),
            ("cloudflare-cdn-cache-control", "no-store"),
            ("date", "Fri, 15 Jan 2027 07:59:40 GMT"),
            ("etag", "\"a\""),
            ("expires", "0"),
            ("vary", "accept"),
            ("vary", "cookie"),
        ];
        let sealed = seal(&map(&own), TIMES_OF);
        assert_eq!(sealed.get_all(header::CACHE_CONTROL).iter().collect::<Vec<_>>(), ["public, max-age=40"]);
        for name in ["vary", "expires", "cdn-cache-control", "cloudflare-cdn-cache-control"] {
            assert!(!sealed.contains_key(name), "{name}");
        }
        let mut response = Response { headers: sealed, ..Response::empty(StatusCode::OK) };
        response.headers.extend(map(&[("age", "7"), ("cf-cache-status", "HIT")]));
        assert_eq!(open(&mut response), Some(TIMES_OF));
        assert_eq!(response.headers, map(&own));
    }

    #[test]
    fn a_missing_date_is_the_time_of_storing_and_only_the_gateway_speaks_for_itself() {
        let sealed = seal(&map(&[("age", "20"), ("archway-marker-names", "a"), ("archway-vary", "*")]), TIMES_OF);
        assert_eq!(sealed.get(header::DATE).unwrap(), "Fri, 15 Jan 2027 08:00:00 GMT");
        assert_eq!(sealed.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["date", "cache-control", "archway-stored"]);
    }

    #[test]
    fn what_was_not_sealed_is_not_opened() {
        for times in ["", "1 2", "a b c", "1 2 -3", "1 2 3 4"] {
            let headers = map(&[("archway-stored", times)]);
            assert_eq!(open(&mut Response { headers, ..Response::empty(StatusCode::OK) }), None, "{times}");
        }
        assert_eq!(open(&mut Response::empty(StatusCode::OK)), None);
    }

    #[test]
    fn age_grows_with_the_clock_and_never_turns_back() {
        for (now_ms, expect) in [(1_800_000_000_000, 20), (1_800_000_000_999, 20), (1_800_000_039_000, 59), (0, 20)] {
            assert_eq!(TIMES_OF.age_s(now_ms), expect, "{now_ms}");
        }
    }
}
