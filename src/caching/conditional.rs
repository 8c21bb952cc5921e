//! Conditional requests (RFC 9110 section 13) that are answered from a response at hand.

use super::freshness::date_s;
use crate::http::{HeaderMap, Response, StatusCode, header};

/// What a client says it holds already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `If-None-Match`, all its fields as one list.
    pub none_match: Option<String>,
    /// `If-Modified-Since`, in seconds since the epoch; ignored beside `If-None-Match` (section 13.1.3).
    pub modified_since_s: Option<u64>,
}

impl Validators {
    /// Reads them.
    pub fn of(headers: &HeaderMap) -> Self {
        let tags: Vec<&str> = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).collect();
        let none_match = headers.contains_key(header::IF_NONE_MATCH).then(|| tags.join(","));
        let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|value| date_s(value.to_str().ok()?));
        Self { modified_since_s: since.filter(|_| none_match.is_none()), none_match }
    }

    /// Takes them out of the request, so that the origin sends the whole response.
    pub fn take(headers: &mut HeaderMap) -> Self {
        let validators = Self::of(headers);
        headers.remove(header::IF_NONE_MATCH);
        headers.remove(header::IF_MODIFIED_SINCE);
        validators
    }

    /// Whether the client holds this response already, so that 304 is enough.
    pub fn hold(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        if status != StatusCode::OK {
            return false;
        }
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        match (&self.none_match, self.modified_since_s) {
            (Some(list), _) => names_tag(list, text(header::ETAG)),
            (None, Some(since_s)) => text(header::LAST_MODIFIED).and_then(date_s).is_some_and(|modified_s| modified_s <= since_s),
            (None, None) => false,
        }
    }
}

/// Whether a list of entity tags has this one, compared weakly (RFC 9110 section 8.8.3.2). `*` is any response.
fn names_tag(list: &str, tag: Option<&str>) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let Some(tag) = tag.map(opaque) else { return false };
    // An entity tag has no escapes, so that a backslash before its last quote is just part of it.
    let mut quoted = false;
    let mut items = list.split(|c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    items.any(|item| opaque(item) == tag)
}

fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Makes a response 304 (RFC 9110 section 15.4.5): what describes the body goes with it, all else stays.
pub fn not_modified(response: &mut Response) {
    response.status = StatusCode::NOT_MODIFIED;
    response.body = crate::http::Body::Empty;
    let described = [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
        header::CONTENT_LANGUAGE,
        header::CONTENT_RANGE,
        header::TRANSFER_ENCODING,
    ];
    for name in described {
        response.headers.remove(name);
    }
    if response.headers.contains_key(header::ETAG) {
        response.headers.remove(header::LAST_MODIFIED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    fn map(fields: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields.split(" | ").filter_map(|field| field.split_once(": ")) {
            headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        }
        headers
    }

    fn check(request: &str, status: u16, response: &str, expect: bool) {
        let held = Validators::of(&map(request)).hold(StatusCode::from_u16(status).unwrap(), &map(response));
        assert_eq!(held, expect, "{request} against {status} {response}");
    }

    #[test]
    fn validators() {
        check("", 200, "etag: \"a\"", false);
        check("if-none-match: \"a\"", 200, "etag: \"a\"", true);
        check("if-none-match: W/\"a\"", 200, "etag: \"a\"", true);
        check("if-none-match: \"a\"", 200, "etag: W/\"a\"", true);
        check("if-none-match: \"b\"", 200, "etag: \"a\"", false);
        check("if-none-match: \"A\"", 200, "etag: \"a\"", false);
        check("if-none-match: w/\"a\"", 200, "etag: \"a\"", false);
        check("if-none-match: \"b\", W/\"a\" ,\"c\"", 200, "etag: \"a\"", true);
        check("if-none-match: \"b\" | if-none-match: \"a\"", 200, "etag: \"a\"", true);
        check("if-none-match: \"x,\\\",\"a\"", 200, "etag: \"a\"", true);
        check("if-none-match: \"b,\"a\",c\"", 200, "etag: \"a\"", false);
        check("if-none-match: *", 200, "", true);
        check("if-none-match: *", 404, "", false);
        check("if-none-match: \"a\"", 200, "", false);
        check("if-none-match: \"a\"", 404, "etag: \"a\"", false);
        let (earlier, later) = ("Fri, 15 Jan 2027 08:00:00 GMT", "Fri, 15 Jan 2027 08:00:01 GMT");
        let since = |since: &str, modified: &str, expect| {
            check(&format!("if-modified-since: {since}"), 200, &format!("last-modified: {modified}"), expect);
        };
        since(earlier, earlier, true);
        since(later, earlier, true);
        since(earlier, later, false);
        since("never", earlier, false);
        since(earlier, "never", false);
        check(&format!("if-modified-since: {later}"), 200, "", false);
        check(
            &format!("if-none-match: \"b\" | if-modified-since: {later}"),
            200,
            &format!("etag: \"a\" | last-modified: {earlier}"),
            false,
        );
    }

    #[test]
    fn a_304_keeps_what_does_not_describe_the_body() {
        let mut response = Response::full(StatusCode::OK, "text/plain", "hello");
        let kept = "cache-control: max-age=60 | content-location: /a | date: x | etag: \"a\" | expires: y | vary: accept | x-other: 1";
        response.headers.extend(map(kept));
        response.headers.extend(map("content-length: 5 | content-encoding: gzip | content-language: de | last-modified: z"));
        not_modified(&mut response);
        assert_eq!((response.status.as_u16(), response.headers), (304, map(kept)));
        assert!(matches!(response.body, crate::http::Body::Empty));
    }

    proptest! {
        #[test]
        fn a_tag_is_found_wherever_it_stands(before in "(W/)?\"[!#-+\\--~]{0,4}\"", tag in "\"[!#-~]{1,6}\"", after in "\"[!#-~]{0,4}\"") {
            let list = format!("{before}, {tag},{after}");
            prop_assert!(names_tag(&list, Some(&tag)));
        }
    }
}
