//! How much of a request is taken in: its head, and its body in bytes and in time.

use super::{HeaderMap, Request, Target, header};
use crate::config::runtime::LimitsForm;
use crate::error::GatewayError;

/// Holds a head against its limits.
///
/// # Errors
/// 414 where the target is too long, 400 where it has too many query parameters or `Host` is more than a host, 431 where there are too
/// many header fields, one of them is too large, or all of them are.
pub fn check_head(limits: &LimitsForm, target: &Target, headers: &HeaderMap) -> Result<(), GatewayError> {
    if target.len() as u64 > limits.target.bytes() {
        return Err(GatewayError::TargetTooLong { max: limits.target.bytes() });
    }
    // The runtime puts the field before the path as it is: what is more than a host would be read as part of the path.
    if headers.get(header::HOST).is_some_and(|host| host.as_bytes().iter().any(|byte| b"/\\?#@".contains(byte))) {
        return Err(GatewayError::bad_request("The Host field is not a host and a port."));
    }
    let parameters = target.query.as_deref().map_or(0, |query| query.split('&').count());
    if parameters as u64 > limits.query_parameters {
        return Err(GatewayError::bad_request(format!("The query may have at most {} parameters.", limits.query_parameters)));
    }
    let (mut count, mut size) = (0u64, 0u64);
    for (name, value) in headers {
        let field = (name.as_str().len() + value.len() + 4) as u64;
        if field > limits.header.bytes() {
            let detail = format!("A header field may have at most {} bytes; `{name}` has more.", limits.header.bytes());
            return Err(GatewayError::HeadersTooLarge { detail });
        }
        (count, size) = (count + 1, size + field);
    }
    if count > limits.header_count {
        return Err(GatewayError::HeadersTooLarge { detail: format!("There may be at most {} header fields.", limits.header_count) });
    }
    if size > limits.headers.bytes() {
        let detail = format!("The header fields may have at most {} bytes in all.", limits.headers.bytes());
        return Err(GatewayError::HeadersTooLarge { detail });
    }
    Ok(())
}

/// Bounds the time by which a body must have come, from `began_ms` on. A request that has no body is not touched.
pub fn bound_time(limits: &LimitsForm, began_ms: u64, request: &mut Request) {
    let expected = match request.content_length() {
        Some(0) => return,
        Some(length) => length,
        None => limits.body.bytes(),
    };
    if limits.body_time.ms() > 0 {
        let share_ms = expected.saturating_mul(1_000).checked_div(limits.body_rate.bytes()).unwrap_or_default();
        request.body.due(began_ms.saturating_add(limits.body_time.ms()).saturating_add(share_ms));
    }
}

/// Bounds a body to what passes where nothing else is said. What may still pass of one of unknown length is returned, in bytes.
///
/// # Errors
/// 413 where the length is known and too great.
pub fn bound_size(limits: &LimitsForm, request: &Request) -> Result<Option<u64>, GatewayError> {
    let max = limits.body.bytes();
    match request.content_length() {
        Some(length) if length > max => Err(GatewayError::BodyTooLarge { max }),
        Some(_) => Ok(None),
        None => Ok(Some(max)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::runtime::{EncodedSlash, Settings};
    use crate::config::values::{ByteSize, Duration};
    use crate::http::{Body, BodyError, HeaderName, HeaderValue, Method};
    use crate::memory::ChunkedBody;
    use futures::executor::block_on;

    fn limits() -> LimitsForm {
        LimitsForm {
            target: ByteSize::from_bytes(20),
            query_parameters: 3,
            headers: ByteSize::from_bytes(60),
            header: ByteSize::from_bytes(30),
            header_count: 4,
            body: ByteSize::from_bytes(100),
            body_time: Duration::from_ms(1_000),
            body_rate: ByteSize::from_bytes(10),
        }
    }

    fn request(path: &str, fields: &[(&str, &str)], body: Body) -> Request {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        let target = Target::parse(&format!("https://a.example{path}"), EncodedSlash::Refuse).unwrap();
        Request { method: Method::POST, target, headers, body }
    }

    #[test]
    fn heads_are_held_against_each_limit() {
        let long = "v".repeat(30);
        for (name, path, fields, expect) in [
            ("all is well", "/a?b&c=d&e", &[("a", "b"), ("c", "d")][..], None),
            ("a long target", "/aaaaaaaaaaaaaaaaaaaa", &[], Some((414, "20 bytes"))),
            ("many parameters", "/a?b&c&d&e", &[], Some((400, "3 parameters"))),
            ("empty ones count", "/a?&&&", &[], Some((400, "3 parameters"))),
            ("a host with a path", "/a", &[("host", "a.example/b?")], Some((400, "Host field"))),
            ("a host with a port", "/a", &[("host", "a.example:8443")], None),
            ("a large field", "/a", &[("a", long.as_str())], Some((431, "`a` has more"))),
            ("many fields", "/a", &[("a", ""), ("a", ""), ("a", ""), ("a", ""), ("a", "")], Some((431, "4 header fields"))),
            (
                "large in all",
                "/a",
                &[("a", "12345678901234567890"), ("b", "12345678901234567890"), ("c", "1234567890")],
                Some((431, "in all")),
            ),
        ] {
            let request = request(path, fields, Body::Empty);
            let verdict = check_head(&limits(), &request.target, &request.headers).err().map(|error| error.verdict());
            match (&verdict, expect) {
                (None, None) => {}
                (Some(verdict), Some((status, part))) => {
                    assert!(verdict.status.as_u16() == status && verdict.detail.contains(part), "{name}: {verdict:?}");
                }
                _ => panic!("{name}: {verdict:?}"),
            }
        }
    }

    #[test]
    fn bodies_are_bounded_in_bytes() {
        let streamed = || ChunkedBody::body(&["abc"]);
        for (fields, body, expect) in [
            (&[][..], Body::Empty, Ok(None)),
            (&[("content-length", "0")], streamed(), Ok(None)),
            (&[("content-length", "100")], streamed(), Ok(None)),
            (&[("content-length", "101")], streamed(), Err(GatewayError::BodyTooLarge { max: 100 })),
            (&[], Body::Full(vec![0; 101].into()), Err(GatewayError::BodyTooLarge { max: 100 })),
            (&[], streamed(), Ok(Some(100))),
        ] {
            assert_eq!(bound_size(&limits(), &request("/a", fields, body)), expect, "{fields:?}");
        }
    }

    #[test]
    fn bodies_are_bounded_in_time() {
        let due = |fields: &[(&str, &str)], limits: &LimitsForm| {
            let mut request = request("/a", fields, ChunkedBody::stalling(&["abc"]));
            bound_time(limits, 500, &mut request);
            block_on(request.body.read(1_000))
        };
        let none = LimitsForm { body_time: Duration::from_ms(0), ..limits() };
        let flat = LimitsForm { body_rate: ByteSize::from_bytes(0), ..limits() };
        for (name, fields, limits, expect) in [
            ("a known length", &[("content-length", "20")][..], &limits(), Some(500 + 1_000 + 2_000)),
            ("an unknown one", &[], &limits(), Some(500 + 1_000 + 10_000)),
            ("no rate", &[("content-length", "20")], &flat, Some(500 + 1_000)),
            ("no limit", &[("content-length", "20")], &none, None),
        ] {
            let got = due(fields, limits);
            match expect {
                Some(due_ms) => assert_eq!(got, Err(BodyError::TooSlow { due_ms }), "{name}"),
                None => assert!(matches!(got, Err(BodyError::Broken(_))), "{name}: {got:?}"),
            }
        }
        let defaults = Settings::default().limits;
        assert!(defaults.body.bytes() > 1 << 20 && defaults.body_time.ms() > 0);
    }
}
