//! Paths made from a template: what a client or a token puts in cannot lead out of where the template points.

use crate::config::template::{Part, Template};
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::http::Request;

/// Whether a template can give a path at all; the message is for a human.
///
/// # Errors
/// Where it does not begin with `/`, or its plain text has what no path may have.
pub fn check(template: &Template) -> Result<(), String> {
    match template.parts.first() {
        Some(Part::Path) => {}
        Some(Part::Text(text)) if text.starts_with('/') => {}
        _ => return Err("a path begins with `/` or `{path}`".to_owned()),
    }
    let sketch: String = template
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text,
            Part::Path => "/x",
            _ => "x",
        })
        .collect();
    if let Some(c) = sketch.chars().find(|c| !is_path_char(*c)) {
        return Err(format!("`{}` cannot stand in a path; write it percent-encoded", c.escape_default()));
    }
    if sketch.starts_with("//") || sketch.split('/').any(is_dot_segment) {
        return Err("a path has no `.` or `..` segments and does not begin with `//`".to_owned());
    }
    Ok(())
}

/// Fills a path template in. Path parameters and `{path}` go in as they stand in the path; everything else is
/// percent-encoded (RFC 3986 section 3.3).
///
/// # Errors
/// [`GatewayError::Forbidden`] where the identity lacks a value, or a value would make another path of it.
pub fn render(cx: &Exchange<'_>, template: &Template, request: &Request) -> Result<String, GatewayError> {
    let refuse = |log: &str| GatewayError::Forbidden {
        challenge: None,
        detail: "What is known of the caller makes no path here.",
        log: format!("path template: {log}"),
    };
    let path = fill(cx, template, request).ok_or_else(|| refuse("a value is absent, empty, or has a slash in it"))?;
    if !path.starts_with('/') || path.starts_with("//") || path.split('/').any(is_dot_segment) || !path.chars().all(is_path_char) {
        return Err(refuse("a value makes another path of it"));
    }
    Ok(path)
}

/// The text of a template whose values are safe within one segment; `None` where one is not, or is absent.
pub fn fill(cx: &Exchange<'_>, template: &Template, request: &Request) -> Option<String> {
    let mut text = String::with_capacity(64);
    for part in &template.parts {
        match part {
            Part::Text(plain) => text.push_str(plain),
            Part::Path => text.push_str(&request.target.path),
            Part::Param(name) => text.push_str(cx.param(name)?),
            Part::Query => text.push_str(request.target.query.as_deref().unwrap_or_default()),
            other => encode_segment(&cx.part(other, &request.target)?, &mut text)?,
        }
    }
    Some(text)
}

/// Appends a value, percent-encoded; `None` where it is empty or has a slash or backslash, which an origin might decode.
fn encode_segment(value: &str, text: &mut String) -> Option<()> {
    use std::fmt::Write as _;
    if value.is_empty() || value.contains(['/', '\\']) || value.chars().any(char::is_control) {
        return None;
    }
    for byte in value.bytes() {
        if is_path_char(char::from(byte)) && byte != b'%' {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").ok()?;
        }
    }
    Some(())
}

/// `pchar` of RFC 3986, `/` and `%`.
fn is_path_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/%".contains(c)
}

/// `.` and `..`, in every spelling.
fn is_dot_segment(segment: &str) -> bool {
    [".", "%2e", "..", "%2e.", ".%2e", "%2e%2e"].iter().any(|dots| segment.eq_ignore_ascii_case(dots))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_that_can_give_no_path_are_refused() {
        let rows = [
            ("/internal{path}", ""),
            ("{path}", ""),
            ("/x/{id}.json", ""),
            ("/x/{id}/..%20", ""),
            ("internal/{id}", "begins with"),
            ("{id}", "begins with"),
            ("/a?b=1", "`?` cannot"),
            ("/a b", "` ` cannot"),
            ("/a\\r\\n", "cannot stand"),
            ("/a/../b", "segments"),
            ("/a/%2E%2e", "segments"),
            ("//x", "begin with `//`"),
        ];
        for (text, part) in rows {
            let got = check(&Template::parse(text).unwrap());
            match part {
                "" => assert_eq!(got, Ok(()), "{text}"),
                part => assert!(got.as_ref().is_err_and(|error| error.contains(part)), "{text}: {got:?}"),
            }
        }
    }

    #[test]
    fn values_stay_within_their_segment() {
        let rows = [
            ("tenant-1", Some("tenant-1")),
            ("a b%", Some("a%20b%25")),
            ("\u{e9}", Some("%C3%A9")),
            ("a?b#c", Some("a%3Fb%23c")),
            ("a/b", None),
            ("a\\b", None),
            ("", None),
            ("a\r\nb", None),
        ];
        for (value, expect) in rows {
            let mut text = String::new();
            let done = encode_segment(value, &mut text);
            assert_eq!(done.map(|()| text.as_str()), expect, "{value:?}");
        }
    }
}
