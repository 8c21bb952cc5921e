//! How long a response is fresh and how old it is (RFC 9111 section 4.2), and what a request accepts of that (section 5.2.1).

use std::time::UNIX_EPOCH;

use super::directives::Directives;
use super::status::Forward;
use crate::http::{HeaderMap, HeaderName, header};

/// An HTTP date in seconds since the epoch (RFC 9110 section 5.6.7); `None` where it cannot be read.
pub fn date_s(text: &str) -> Option<u64> {
    Some(httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// A header field that holds a date. Where there are several, the earliest counts; one that cannot be read is long past.
fn date_field_s(headers: &HeaderMap, name: HeaderName) -> Option<u64> {
    headers.get_all(name).iter().map(|value| value.to_str().ok().and_then(date_s).unwrap_or(0)).min()
}

/// For how many seconds a response is fresh, counted from its making: `s-maxage`, else `max-age`, else, unless the directives were
/// for such caches alone, `Expires` less `Date` (section 4.2.1). `None` where it does not say; nothing is guessed.
pub fn lifetime_s(headers: &HeaderMap, directives: &Directives, answered_ms: u64) -> Option<u64> {
    directives.s_maxage.or(directives.max_age).or_else(|| {
        let expires_s = date_field_s(headers, header::EXPIRES).filter(|_| !directives.targeted)?;
        let date_s = date_field_s(headers, header::DATE).filter(|date| *date > 0).unwrap_or(answered_ms / 1_000);
        Some(expires_s.saturating_sub(date_s))
    })
}

/// How old a response was in seconds when it came (section 4.2.3, `corrected_initial_age`). Of several ages, on one line or on
/// more, the greatest counts; what is no whole number is passed over (section 5.1).
pub fn initial_age_s(headers: &HeaderMap, asked_ms: u64, answered_ms: u64) -> u64 {
    let date_s = date_field_s(headers, header::DATE).filter(|date| *date > 0);
    let apparent_s = date_s.map_or(0, |date| (answered_ms / 1_000).saturating_sub(date));
    let ages = headers.get_all(header::AGE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let digits = ages.map(str::trim).filter(|age| !age.is_empty() && age.bytes().all(|byte| byte.is_ascii_digit()));
    let age_s = digits.map(|age| age.parse::<u64>().unwrap_or(u64::MAX)).max();
    let delay_s = answered_ms.saturating_sub(asked_ms) / 1_000;
    apparent_s.max(age_s.map_or(0, |age| age.saturating_add(delay_s)))
}

/// Whether a stored response of this age and lifetime answers a request with these directives: for how many seconds it stays
/// fresh, or why the origin has to be asked.
pub fn usable(request: &Directives, age_s: u64, lifetime_s: u64) -> Result<u64, Forward> {
    let ttl_s = lifetime_s.saturating_sub(age_s);
    if ttl_s == 0 {
        return Err(Forward::Stale);
    }
    let too_old = request.max_age.is_some_and(|max| age_s > max) || request.max_age == Some(0);
    let too_soon_stale = request.min_fresh.is_some_and(|min| ttl_s < min);
    if request.no_cache || too_old || too_soon_stale { Err(Forward::Request) } else { Ok(ttl_s) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeaderValue;
    use proptest::prelude::*;

    /// Fri, 15 Jan 2027 08:00:00 GMT
    const NOW_MS: u64 = 1_800_000_000_000;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn check_lifetime(fields: &[(&'static str, &'static str)], expect: Option<u64>) {
        let headers = headers(fields);
        assert_eq!(lifetime_s(&headers, &Directives::of(&headers), NOW_MS), expect, "{fields:?}");
    }

    #[test]
    fn lifetimes() {
        check_lifetime(&[], None);
        check_lifetime(&[("last-modified", "Thu, 14 Jan 2027 08:00:00 GMT")], None);
        check_lifetime(&[("cache-control", "max-age=10, s-maxage=60")], Some(60));
        check_lifetime(&[("cache-control", "max-age=60, s-maxage=10")], Some(10));
        check_lifetime(&[("cache-control", "max-age=10"), ("expires", "Fri, 15 Jan 2027 09:00:00 GMT")], Some(10));
        check_lifetime(&[("cache-control", "max-age=ten"), ("expires", "Fri, 15 Jan 2027 09:00:00 GMT")], Some(0));
        check_lifetime(&[("expires", "Fri, 15 Jan 2027 08:01:00 GMT")], Some(60));
        check_lifetime(&[("expires", "Fri, 15 Jan 2027 08:01:00 GMT"), ("date", "Fri, 15 Jan 2027 08:00:30 GMT")], Some(30));
        check_lifetime(&[("expires", "Friday, 15-Jan-27 08:01:00 GMT")], Some(60));
        check_lifetime(&[("expires", "Fri Jan 15 08:01:00 2027")], Some(60));
        check_lifetime(&[("expires", "0")], Some(0));
        for wrong in [
            "Fri, 15 Jan 2027 08:01:00 UTC",
            "FRI, 15 Jan 2027 08:01:00 GMT",
            "Fri, 15 JAN 2027 08:01:00 GMT",
            "Fri, 15 Jan 2027 08:01:00 gmt",
            "Fri, 15 Jan 27 08:01:00 GMT",
            "Fri 15 Jan 2027 08:01:00 GMT",
            "Fri, 15  Jan 2027 08:01:00 GMT",
            "Fri, 15-Jan-2027 08:01:00 GMT",
            "Fri, 15 Jan 2027 08.01.00 GMT",
            "Fri, 15 Jan 2027 8:01:00 GMT",
            "Thu, 15 Jan 2027 08:01:00 GMT",
            "Fri, 15 Jan 2027 24:01:00 GMT",
        ] {
            check_lifetime(&[("expires", wrong)], Some(0));
        }
        check_lifetime(&[("expires", "Fri, 15 Jan 2027 08:01:00 GMT"), ("date", "now")], Some(60));
        check_lifetime(&[("expires", "Fri, 15 Jan 2027 08:01:00 GMT"), ("expires", "-1")], Some(0));
        check_lifetime(&[("expires", "Fri, 15 Jan 2027 07:00:00 GMT")], Some(0));
    }

    fn check_age(fields: &[(&'static str, &'static str)], delay_ms: u64, expect: u64) {
        assert_eq!(initial_age_s(&headers(fields), NOW_MS - delay_ms, NOW_MS), expect, "{fields:?} after {delay_ms} ms");
    }

    #[test]
    fn ages() {
        check_age(&[], 0, 0);
        check_age(&[], 9_000, 0);
        check_age(&[("age", "30")], 2_500, 32);
        check_age(&[("age", "junk")], 2_500, 0);
        check_age(&[("age", "30"), ("age", "40")], 0, 40);
        check_age(&[("age", "7200,0")], 0, 7200);
        check_age(&[("age", "0, 7200")], 0, 7200);
        check_age(&[("age", "-7200")], 0, 0);
        check_age(&[("age", "7200.0")], 0, 0);
        check_age(&[("age", "99999999999999999999")], 9_000, u64::MAX);
        check_age(&[("date", "Fri, 15 Jan 2027 07:59:00 GMT")], 0, 60);
        check_age(&[("date", "Fri, 15 Jan 2027 07:59:00 GMT"), ("age", "90")], 0, 90);
        check_age(&[("date", "Fri, 15 Jan 2027 08:59:00 GMT")], 0, 0);
        check_age(&[("date", "yesterday")], 0, 0);
    }

    fn check_usable(cache_control: &'static str, age_s: u64, lifetime_s: u64, expect: Result<u64, Forward>) {
        let request = Directives::of(&headers(&[("cache-control", cache_control)]));
        assert_eq!(usable(&request, age_s, lifetime_s), expect, "{cache_control}: {age_s} of {lifetime_s}");
    }

    #[test]
    fn what_a_request_accepts() {
        check_usable("", 0, 60, Ok(60));
        check_usable("", 59, 60, Ok(1));
        check_usable("", 60, 60, Err(Forward::Stale));
        check_usable("", 61, 60, Err(Forward::Stale));
        check_usable("no-cache", 0, 60, Err(Forward::Request));
        check_usable("max-age=0", 0, 60, Err(Forward::Request));
        check_usable("max-age=10", 10, 60, Ok(50));
        check_usable("max-age=10", 11, 60, Err(Forward::Request));
        check_usable("min-fresh=20", 40, 60, Ok(20));
        check_usable("min-fresh=20", 41, 60, Err(Forward::Request));
        check_usable("max-age=ten", 1, 60, Err(Forward::Request));
        check_usable("max-stale=100", 61, 60, Err(Forward::Stale));
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_date(text in "[ -~]{0,40}") {
            let _ = date_s(&text);
        }

        #[test]
        fn dates_are_read_back(seconds in 0u64..4_102_444_800) {
            let text = httpdate::fmt_http_date(UNIX_EPOCH + std::time::Duration::from_secs(seconds));
            prop_assert_eq!(date_s(&text), Some(seconds));
        }

        #[test]
        fn nothing_is_used_once_stale(age_s: u64, lifetime_s: u64, cache_control in "(max-age=[0-9]{1,3})?(, min-fresh=[0-9]{1,3})?") {
            let mut map = HeaderMap::new();
            map.insert("cache-control", HeaderValue::try_from(cache_control).unwrap());
            let got = usable(&Directives::of(&map), age_s, lifetime_s);
            prop_assert!(got.is_err() || (age_s < lifetime_s && got == Ok(lifetime_s - age_s)));
        }
    }
}
