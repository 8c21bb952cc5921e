//! The head of a request, part by part.

use super::decode::{base64, percent_decoded};
use super::report::{Part, Place};
use super::text::Marks;
use super::value::Inspector;
use crate::http::HeaderMap;

/// Header fields with a grammar of their own, in which quotes, brackets and semicolons are nothing strange; sorted.
const GRAMMAR: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "cdn-loop",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "digest",
    "dnt",
    "dpop",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "priority",
    "proxy-authorization",
    "range",
    "signature",
    "signature-input",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "via",
];

/// The same by how they begin.
const FAMILIES: &[&str] = &["sec-", "if-", "access-control-", "cf-", "x-forwarded-", "accept-", "want-"];

/// A path: as a whole, and each of its segments that is base64 of a text.
pub fn path(inspector: &mut Inspector<'_>, path: &str) {
    let decoded = percent_decoded(path.as_bytes(), false);
    let place = Place::of(Part::Path, "");
    inspector.value(place, &decoded);
    for segment in decoded.split(|byte| *byte == b'/').filter(|segment| segment.len() >= 8) {
        if base64::decode(segment).is_some() {
            inspector.value(place, segment);
        }
    }
}

/// Names and values of a query or a form.
pub fn form(inspector: &mut Inspector<'_>, part: Part, text: &[u8]) {
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = pair.split_at(equals.unwrap_or(pair.len()));
        let value = percent_decoded(value.get(1..).unwrap_or_default(), true);
        let decoded = percent_decoded(name, true);
        let name = std::str::from_utf8(&decoded).unwrap_or("?");
        if !Marks::of(&decoded).none() {
            inspector.value(Place::name(part), &decoded);
        }
        if !value.is_empty() {
            inspector.value(Place::of(part, name), &value);
        }
    }
}

/// Every header field; cookies one by one.
pub fn headers(inspector: &mut Inspector<'_>, headers: &HeaderMap) {
    for (name, value) in headers {
        let (name, value) = (name.as_str(), value.as_bytes());
        let place = Place::of(Part::Header, name);
        match name {
            "cookie" => cookies(inspector, value),
            "user-agent" => inspector.agent(place, value),
            "referer" => referer(inspector, value),
            _ if has_grammar(name) => inspector.grammar(place, value),
            _ => inspector.value(place, value),
        }
    }
}

fn has_grammar(name: &str) -> bool {
    FAMILIES.iter().any(|family| name.starts_with(family)) || GRAMMAR.binary_search(&name).is_ok()
}

fn cookies(inspector: &mut Inspector<'_>, value: &[u8]) {
    for pair in value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(equals);
        let value = value.get(1..).unwrap_or(name);
        inspector.value(Place::of(Part::Cookie, std::str::from_utf8(name).unwrap_or("?")), &percent_decoded(value, false));
    }
}

/// Where the client comes from: a URL, whose path and query are looked at by themselves.
fn referer(inspector: &mut Inspector<'_>, value: &[u8]) {
    let place = Place::of(Part::Header, "referer");
    let (url, query) = value.split_at(value.iter().position(|byte| *byte == b'?').unwrap_or(value.len()));
    let rest = url.strip_prefix(b"https://").or_else(|| url.strip_prefix(b"http://"));
    match rest {
        Some(rest) => {
            let path = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
            inspector.grammar(place, rest);
            inspector.value(place, &percent_decoded(rest.get(path..).unwrap_or_default(), false));
        }
        None => inspector.value(place, &percent_decoded(url, false)),
    }
    for pair in query.get(1..).unwrap_or_default().split(|byte| *byte == b'&') {
        let value = pair.iter().position(|byte| *byte == b'=').map_or(pair, |at| pair.get(at + 1..).unwrap_or_default());
        inspector.value(place, &percent_decoded(value, true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_a_grammar_are_found() {
        assert!(GRAMMAR.is_sorted(), "they are searched for as sorted");
        for name in ["accept", "via", "sec-fetch-mode", "cf-ray", "content-type"] {
            assert!(has_grammar(name), "{name}");
        }
        for name in ["x-note", "acceptable", "subject", "a", "zz"] {
            assert!(!has_grammar(name), "{name}");
        }
    }
}
