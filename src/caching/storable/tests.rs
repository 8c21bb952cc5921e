use super::*;
use crate::http::HeaderValue;

/// Fri, 15 Jan 2027 08:00:00 GMT
const NOW_MS: u64 = 1_800_000_000_000;

/// A response by its status, its header fields and the credentials of the request, one per line in the form of HTTP.
fn check(ttl_s: Option<u64>, credentials: &[HeaderName], status: u16, fields: &str, expect: Result<u64, &str>) {
    let mut headers = HeaderMap::new();
    for field in fields.split(" | ").filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once(": ").unwrap();
        headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    let around = Circumstances { ttl_s, unkeyed_credentials: credentials, asked_ms: NOW_MS, answered_ms: NOW_MS };
    let got = span(StatusCode::from_u16(status).unwrap(), &headers, &Vary::of(&headers), around).map(Span::left_s);
    match (got, expect) {
        (Err(got), Err(expect)) => assert!(got.contains(expect), "{status} {fields}: {got}"),
        (got, expect) => assert_eq!(got, expect, "{status} {fields}"),
    }
}

const FORBIDS: Result<u64, &str> = Err("forbids");
const SILENT: Result<u64, &str> = Err("does not say");

#[test]
fn by_the_responses_own_word() {
    let rows: &[(u16, &str, Result<u64, &str>)] = &[
        (200, "cache-control: max-age=60", Ok(60)),
        (200, "cache-control: s-maxage=30, max-age=60", Ok(30)),
        (200, "cache-control: public, max-age=60, immutable", Ok(60)),
        (200, "cache-control: max-age=60 | age: 20", Ok(40)),
        (200, "cache-control: max-age=60 | date: Fri, 15 Jan 2027 07:59:30 GMT", Ok(30)),
        (200, "cache-control: max-age=60 | age: 60", Err("stale")),
        (200, "cache-control: max-age=0", Err("stale")),
        (200, "cache-control: max-age=60, s-maxage=0", Err("stale")),
        (200, "cache-control: max-age=abc", Err("stale")),
        (200, "expires: Fri, 15 Jan 2027 08:02:00 GMT", Ok(120)),
        (200, "expires: 0", Err("stale")),
        (200, "", SILENT),
        (200, "cache-control: public", SILENT),
        (200, "cache-control: public | last-modified: Fri, 15 Jan 2021 08:02:00 GMT", SILENT),
        (200, "cache-control: no-store, max-age=60", FORBIDS),
        (200, "cache-control: max-age=60 | cache-control: no-store", FORBIDS),
        (200, "cache-control: private, max-age=60", FORBIDS),
        (200, "cache-control: private=\"x-user\", max-age=60", FORBIDS),
        (200, "cache-control: no-cache, max-age=60", FORBIDS),
        (200, "pragma: no-cache | expires: Fri, 15 Jan 2027 08:02:00 GMT", FORBIDS),
        (200, "cache-control: no-store | cdn-cache-control: max-age=60", Ok(60)),
        (200, "cache-control: max-age=60 | cdn-cache-control: no-store", FORBIDS),
        (200, "cache-control: max-age=60 | cdn-cache-control: private", FORBIDS),
        (200, "cache-control: max-age=60 | cdn-cache-control: no-cache", FORBIDS),
        (200, "cache-control: max-age=60 | cdn-cache-control: max-age=5", Ok(5)),
        (200, "cache-control: s-maxage=60 | cdn-cache-control: max-age=0", Err("stale")),
        (200, "expires: Fri, 15 Jan 2027 08:02:00 GMT | cdn-cache-control: max-age=0", Err("stale")),
        (200, "expires: Fri, 15 Jan 2027 08:02:00 GMT | cdn-cache-control: public", SILENT),
        (200, "cdn-cache-control: max-age=60 | age: 90", Err("stale")),
        (200, "cdn-cache-control: max-age=60, && | cache-control: no-store", FORBIDS),
        (200, "cdn-cache-control: max-age=60 | set-cookie: a=b", Err("cookie")),
        (200, "cache-control: max-age=60 | age: 90, 0", Err("stale")),
        (200, "cache-control: max-age=60 | set-cookie: a=b", Err("cookie")),
        (200, "cache-control: public, max-age=60 | set-cookie: a=b", Err("cookie")),
        (200, "cache-control: max-age=60 | vary: *", Err("varies")),
        (200, "cache-control: max-age=60 | vary: accept, *", Err("varies")),
        (200, "cache-control: max-age=60 | vary: accept", Ok(60)),
        (200, "cache-control: max-age=60 | content-length: 16777216", Ok(60)),
        (200, "cache-control: max-age=60 | content-length: 16777217", Err("too long")),
        (200, "cache-control: max-age=60 | content-type: text/event-stream; charset=utf-8", Err("too long")),
        (204, "cache-control: max-age=60", Ok(60)),
        (206, "cache-control: max-age=60", Err("not whole")),
        (304, "cache-control: max-age=60", Err("not whole")),
        (302, "cache-control: max-age=60", Ok(60)),
        (302, "", SILENT),
        (404, "cache-control: max-age=60", Ok(60)),
        (500, "cache-control: max-age=60", Ok(60)),
        (503, "", SILENT),
        (101, "cache-control: max-age=60", Err("not final")),
        (103, "cache-control: max-age=60", Err("not final")),
    ];
    for (status, fields, expect) in rows {
        check(None, &[], *status, fields, *expect);
    }
}

#[test]
fn by_a_configured_ttl() {
    let rows: &[(u16, &str, Result<u64, &str>)] = &[
        (200, "", Ok(300)),
        (200, "cache-control: max-age=60", Ok(300)),
        (200, "cache-control: max-age=0, must-revalidate", Ok(300)),
        (200, "cache-control: s-maxage=9000", Ok(300)),
        (200, "expires: 0 | age: 9000", Ok(300)),
        (200, "cache-control: no-store", FORBIDS),
        (200, "cache-control: private", FORBIDS),
        (200, "cache-control: no-cache", FORBIDS),
        (200, "set-cookie: a=b", Err("cookie")),
        (200, "vary: *", Err("varies")),
        (204, "", Ok(300)),
        (301, "", Ok(300)),
        (302, "", SILENT),
        (404, "", Ok(300)),
        (410, "", Ok(300)),
        (401, "", SILENT),
        (403, "", SILENT),
        (429, "", SILENT),
        (500, "", SILENT),
        (501, "", SILENT),
        (206, "", Err("not whole")),
        (500, "cache-control: max-age=60", Ok(60)),
    ];
    for (status, fields, expect) in rows {
        check(Some(300), &[], *status, fields, *expect);
    }
}

#[test]
fn of_requests_with_credentials_that_the_key_does_not_tell_apart() {
    let credentials = Err("credentials");
    for ttl_s in [None, Some(60)] {
        for name in super::super::CREDENTIALS {
            let rows: &[(&str, Result<u64, &str>)] = &[
                ("cache-control: max-age=60", credentials),
                ("cache-control: max-age=60, public", Ok(60)),
                ("cache-control: s-maxage=60", Ok(60)),
                ("cache-control: max-age=60, must-revalidate", Ok(60)),
                ("cache-control: max-age=60, proxy-revalidate", credentials),
                ("cache-control: max-age=60 | vary: authorization, cookie", Ok(60)),
                ("cache-control: max-age=60, public, private", FORBIDS),
            ];
            for (fields, expect) in rows {
                check(ttl_s, std::slice::from_ref(&name), 200, fields, *expect);
            }
        }
    }
    check(None, &super::super::CREDENTIALS, 200, "cache-control: max-age=60 | vary: cookie", credentials);
}
