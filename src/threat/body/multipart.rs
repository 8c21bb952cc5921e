//! Multipart forms (RFC 7578): each part's name, file name, and value; files as what they are.

use super::{is_binary, typed};
use crate::http::Media;
use crate::threat::report::{Part, Place};
use crate::threat::text::{byte, find, has, lower, tail, window};
use crate::threat::value::Inspector;

/// The boundary: what the media type says, read as its standard has it or, where that finds none, as a careless reader would; or what
/// the body's first line shows.
pub fn boundary(media: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let read = std::str::from_utf8(media).ok().and_then(Media::parse).filter(|media| media.essence.starts_with("multipart/"));
    if let Some(boundary) = read.and_then(|media| media.boundary) {
        return Some(boundary.into_bytes());
    }
    let mut low = Vec::new();
    lower(media, &mut low);
    if low.starts_with(b"multipart/")
        && let Some(at) = find(&low, "boundary=", 0)
    {
        let value = tail(media, at + 9);
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let end = value.iter().position(|byte| matches!(byte, b'"' | b';' | b' ')).unwrap_or(value.len());
        return value.get(..end).filter(|value| !value.is_empty()).map(<[u8]>::to_vec);
    }
    let rest = body.strip_prefix(b"--")?;
    let line = window(rest, 0, 128);
    let end = line.iter().position(|byte| matches!(byte, b'\r' | b'\n')).filter(|end| *end > 4)?;
    let mut head = Vec::new();
    lower(window(rest, end, 128), &mut head);
    has(&head, "content-disposition").then(|| window(rest, 0, end).to_vec())
}

/// Looks at each part. What stands before the first boundary and behind the last is looked at too, as a value.
pub fn look(inspector: &mut Inspector<'_>, boundary: &[u8], body: &[u8]) {
    let mut rest = body;
    let mut first = true;
    let mut any = false;
    while !rest.is_empty() {
        let (part, behind) = split(rest, boundary);
        if first || !headed(inspector, part) {
            let outside = part.trim_ascii();
            if !outside.is_empty() && outside != b"--" {
                inspector.value(Place::of(Part::Body, ""), outside);
            }
        } else {
            any = true;
        }
        first = false;
        rest = behind;
    }
    if !any && first {
        inspector.value(Place::of(Part::Body, ""), body);
    }
}

/// What stands before the next boundary, and what behind it.
fn split<'b>(rest: &'b [u8], boundary: &[u8]) -> (&'b [u8], &'b [u8]) {
    let mut from = 0;
    while let Some(at) = find(rest, "--", from) {
        if tail(rest, at + 2).starts_with(boundary) {
            return (rest.get(..at).unwrap_or_default(), tail(rest, at + 2 + boundary.len()));
        }
        from = at + 1;
    }
    (rest, &[])
}

/// A part with its head: whether it has one.
fn headed(inspector: &mut Inspector<'_>, part: &[u8]) -> bool {
    let part = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n")).unwrap_or(part);
    let (head, value) = match (find(part, "\r\n\r\n", 0), find(part, "\n\n", 0)) {
        (Some(at), other) if other.is_none_or(|other| at < other) => (part.get(..at), tail(part, at + 4)),
        (_, Some(at)) => (part.get(..at), tail(part, at + 2)),
        _ => return false,
    };
    let head = head.unwrap_or_default();
    let value = value.strip_suffix(b"\r\n").or_else(|| value.strip_suffix(b"\n")).unwrap_or(value);
    let mut low = Vec::new();
    lower(head, &mut low);
    let name = parameter(head, &low, "name=");
    let file = parameter(head, &low, "filename=");
    for said in [name, file].into_iter().flatten() {
        inspector.value(Place::name(Part::Body), said);
    }
    let media = find(&low, "content-type:", 0).map(|at| window(&low, at + 13, 64)).unwrap_or_default();
    let media = media.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default().trim_ascii();
    let name = std::str::from_utf8(name.unwrap_or_default()).unwrap_or("?");
    if file.is_some() || !media.is_empty() {
        if !is_binary(value) {
            typed(inspector, if media.starts_with(b"multipart/") { b"" } else { media }, b"", value);
        }
    } else {
        inspector.value(Place::of(Part::Body, name), value);
    }
    true
}

/// A parameter of the head's disposition.
fn parameter<'h>(head: &'h [u8], low: &[u8], name: &str) -> Option<&'h [u8]> {
    if head.len() != low.len() {
        return None;
    }
    let mut from = 0;
    let at = loop {
        let at = find(low, name, from)?;
        if at == 0 || !byte(low, at - 1).is_ascii_alphanumeric() {
            break at + name.len();
        }
        from = at + 1;
    };
    let value = tail(head, at);
    let (value, quoted) = value.strip_prefix(b"\"").map_or((value, false), |value| (value, true));
    let end = value.iter().position(|byte| if quoted { matches!(byte, b'\r' | b'\n') } else { matches!(byte, b';' | b'\r' | b'\n') });
    let value = value.get(..end.unwrap_or(value.len()))?;
    if !quoted {
        return Some(value);
    }
    let mut close = 0;
    while let Some(len) = tail(value, close).iter().position(|byte| *byte == b'"') {
        close += len;
        if matches!(byte(value, close + 1), 0 | b';' | b' ') {
            return value.get(..close);
        }
        close += 1;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_is_the_one_that_the_origin_will_go_by() {
        let shown = b"--shown\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\nb\r\n--shown--\r\n";
        for (media, body, expect) in [
            ("multipart/form-data; boundary=a", &b""[..], Some("a")),
            ("Multipart/Form-Data; BOUNDARY=\"a b\"; charset=utf-8", b"", Some("a b")),
            ("multipart/form-data; xboundary=a; boundary=b", b"", Some("b")),
            ("multipart/form-data; x=\"; boundary=a\"; boundary=b", b"", Some("b")),
            ("multipart/form-data, boundary=a", b"", Some("a")),
            ("multipart/form-data", shown, Some("shown")),
            ("text/plain", shown, Some("shown")),
            ("text/plain; boundary=a", b"--a", None),
        ] {
            let found = boundary(media.as_bytes(), body);
            assert_eq!(found.as_deref(), expect.map(str::as_bytes), "{media}");
        }
    }
}
