//! Cookies of a request and for a response (RFC 6265 as browsers have it now, RFC 6265bis).

use super::{HeaderMap, HeaderName, HeaderValue, header};

/// The value of the cookie with this name, where it is text and the only one of this name.
///
/// # Errors
/// [`Unclear`] where there are several, or it is no text: which one was meant, and who set it, cannot be known. A browser keeps only one
/// whose name begins with `__Host-`; another may have been put beside it by a neighbouring host, or by a cookie without a name.
pub fn value<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Unclear> {
    let mut named = all(headers).filter(|(known, _)| *known == name.as_bytes());
    let Some((_, value)) = named.next() else { return Ok(None) };
    if named.next().is_some() {
        return Err(Unclear);
    }
    std::str::from_utf8(value).map(Some).map_err(|_| Unclear)
}

/// More than one cookie of a name, or one that is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclear;

/// Names and values of all cookies, in order, as bytes: a field is split at `;` and a cookie at its first `=`, whatever quotes there are
/// (RFC 6265 section 4.2.1). A cookie without `=` has no name.
pub fn all(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    written(headers).map(split)
}

/// As [`all`], of those alone that are text and have a name.
pub fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let text = |(name, value)| Some((std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?));
    all(headers).filter(|(name, _)| !name.is_empty()).filter_map(text)
}

/// Takes every cookie out whose name is `doomed`, and leaves the others as they are; the field goes with the last of them.
pub fn remove(headers: &mut HeaderMap, doomed: impl Fn(&str) -> bool) {
    let doomed = |cookie: &[u8]| std::str::from_utf8(split(cookie).0).is_ok_and(&doomed);
    if !written(headers).any(doomed) {
        return;
    }
    let kept: Vec<&[u8]> = written(headers).filter(|cookie| !doomed(cookie)).collect();
    match HeaderValue::from_bytes(&kept.join(&b"; "[..])) {
        Ok(value) if !value.is_empty() => headers.insert(header::COOKIE, value),
        _ => headers.remove(header::COOKIE),
    };
}

/// Each cookie as it is written, of all fields: HTTP/2 and HTTP/3 may split them.
fn written(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let cookies = headers.get_all(header::COOKIE).into_iter().flat_map(|field| field.as_bytes().split(|byte| *byte == b';'));
    cookies.map(trim).filter(|cookie| !cookie.is_empty())
}

fn split(cookie: &[u8]) -> (&[u8], &[u8]) {
    match cookie.iter().position(|byte| *byte == b'=').and_then(|at| Some((cookie.get(..at)?, cookie.get(at + 1..)?))) {
        Some((name, value)) => (trim(name), trim(value)),
        None => (b"", cookie),
    }
}

/// Without spaces and tabs around it, and no other white space: that is part of a value.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// A `Set-Cookie` for the whole host and no other one, out of reach of scripts and of other sites' requests that are not
/// navigations. `max_age_s` of 0 deletes; without one the cookie goes when the browser closes.
pub fn set(name: &str, value: &str, max_age_s: Option<u64>, secure: bool) -> Option<(HeaderName, HeaderValue)> {
    let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
    if secure {
        text.push_str("; Secure");
    }
    if let Some(seconds) = max_age_s {
        text.push_str(&format!("; Max-Age={seconds}"));
    }
    Some((header::SET_COOKIE, HeaderValue::try_from(text).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[&str]) -> HeaderMap {
        HeaderMap::from_iter(fields.iter().map(|field| (header::COOKIE, HeaderValue::try_from(*field).unwrap())))
    }

    #[test]
    fn a_cookie_is_found_where_it_stands_once() {
        for (fields, expect) in [
            (&["a=1; t=x; b=2"][..], Ok(Some("x"))),
            (&["a=1", " t = x "], Ok(Some("x"))),
            (&["t=x=y"], Ok(Some("x=y"))),
            (&["t="], Ok(Some(""))),
            (&["T=x; tt=y; =t"], Ok(None)),
            (&["t=x; t=y"], Err(Unclear)),
            (&["t=x", "t=x"], Err(Unclear)),
            (&["t=x; t"], Ok(Some("x"))),
            (&["name=Zoë; t=x"], Ok(Some("x"))),
            (&["t"], Ok(None)),
            (&[], Ok(None)),
        ] {
            assert_eq!(value(&headers(fields), "t"), expect, "{fields:?}");
        }
    }

    #[test]
    fn a_field_is_read_as_browsers_write_it() {
        for (field, expect) in [
            ("a=b; z=y", &[("a", "b"), ("z", "y")][..]),
            ("z=y, a=b", &[("z", "y, a=b")]),
            ("x=; a=", &[("x", ""), ("a", "")]),
            ("A=== BC", &[("A", "== BC")]),
            ("\"a=b\"=bar", &[("\"a", "b\"=bar")]),
            ("q=\"zzz \"   \"ppp\"", &[("q", "\"zzz \"   \"ppp\"")]),
            ("q=\"one; t=two\"", &[("q", "\"one"), ("t", "two\"")]),
            ("q=A\"B", &[("q", "A\"B")]),
            ("$Version=1; t=x; $Path=/", &[("$Version", "1"), ("t", "x"), ("$Path", "/")]),
            ("foo bar=baz", &[("foo bar", "baz")]),
            ("a =bar", &[("a", "bar")]),
            ("!a=1; @a=2; %61=3", &[("!a", "1"), ("@a", "2"), ("%61", "3")]),
            ("key=1; key=2; key=4", &[("key", "1"), ("key", "2"), ("key", "4")]),
            ("  ;; a=b ;\t;c=d;", &[("a", "b"), ("c", "d")]),
            ("a=b;c=d", &[("a", "b"), ("c", "d")]),
            ("alone; a=b; =nameless; ==", &[("a", "b")]),
            ("\u{a0}a=\u{3000}b", &[("\u{a0}a", "\u{3000}b")]),
            ("春节回=家路·春运", &[("春节回", "家路·春运")]),
        ] {
            assert_eq!(pairs(&headers(&[field])).collect::<Vec<_>>(), expect, "{field}");
        }
        let broken = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_bytes(b"t=\xff; a=b; \xff=c").unwrap())]);
        assert_eq!(pairs(&broken).collect::<Vec<_>>(), [("a", "b")]);
        assert_eq!((value(&broken, "t"), all(&broken).count()), (Err(Unclear), 3));
    }

    #[test]
    fn what_is_removed_is_gone_and_nothing_else_is() {
        for (fields, expect) in [
            (&["a=1; t=x; b=2"][..], Some("a=1; b=2")),
            (&["t=x", "a=1"], Some("a=1")),
            (&["t=x; t=y"], None),
            (&["bare; t=x"], Some("bare")),
            (&["=bare; t = x; a = b"], Some("=bare; a = b")),
            (&["$Version=1; q=\"one; t=x; r=two\""], Some("$Version=1; q=\"one; r=two\"")),
            (&["t=x; name=Zoë", "t=é"], Some("name=Zoë")),
            (&["a=1;b=2"], Some("a=1;b=2")),
        ] {
            let mut headers = headers(fields);
            remove(&mut headers, |name| name == "t");
            assert_eq!(headers.get(header::COOKIE).map(|value| std::str::from_utf8(value.as_bytes()).unwrap()), expect, "{fields:?}");
            assert!(headers.get_all(header::COOKIE).iter().count() <= 1);
        }
    }

    #[test]
    fn a_cookie_is_for_one_host_and_no_script() {
        let text = |value: Option<(HeaderName, HeaderValue)>| value.unwrap().1.to_str().unwrap().to_owned();
        assert_eq!(text(set("__Host-a", "v", None, true)), "__Host-a=v; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(text(set("a", "", Some(0), false)), "a=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        assert_eq!(set("a", "b\n", None, true), None);
    }
}
