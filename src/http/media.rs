//! Media types (RFC 9110 section 8.3), as far as somebody looks into a body.

use super::{HeaderMap, header};

/// A `Content-Type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Type and subtype in lower case, without parameters: `application/json`.
    pub essence: String,
    /// The `charset` parameter in lower case.
    pub charset: Option<String>,
    /// The `boundary` parameter, where it is not empty.
    pub boundary: Option<String>,
}

impl Media {
    /// Reads a value; `None` where it has no type and subtype. Of parameters with one name the first counts, and what stands in a
    /// quoted string is no parameter (RFC 9110 section 5.6.6; MIME Sniffing standard, parse a MIME type).
    pub fn parse(value: &str) -> Option<Self> {
        let (essence, mut rest) = value.split_once(';').unwrap_or((value, ""));
        let essence = essence.trim_matches(is_space).to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        if !is_token(kind) || !is_token(subtype) {
            return None;
        }
        let (mut charset, mut boundary) = (None, None);
        while !rest.is_empty() {
            let (name, value, behind) = parameter(rest);
            rest = behind;
            match name.trim_start_matches(is_space).to_ascii_lowercase().as_str() {
                "charset" => charset = charset.or(value),
                "boundary" => boundary = boundary.or(value),
                _ => {}
            }
        }
        let charset = charset.map(|value| value.to_ascii_lowercase());
        Some(Self { essence, charset, boundary: boundary.filter(|value| !value.is_empty()) })
    }

    /// That of a message. Several fields, or one that cannot be read, are as good as none.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(header::CONTENT_TYPE).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Self::parse(value.to_str().ok()?),
            _ => None,
        }
    }

    /// Whether it is JSON: `application/json`, `text/json`, or anything that ends in `+json` (RFC 6839 section 3.1).
    pub fn is_json(&self) -> bool {
        matches!(self.essence.as_str(), "application/json" | "text/json") || self.essence.ends_with("+json")
    }

    /// Whether it is JSON texts in lines.
    pub fn is_json_lines(&self) -> bool {
        matches!(self.essence.as_str(), "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/json-lines")
    }

    /// Whether it is XML: `application/xml`, `text/xml`, or anything that ends in `+xml` (RFC 7303).
    pub fn is_xml(&self) -> bool {
        matches!(self.essence.as_str(), "application/xml" | "text/xml") || self.essence.ends_with("+xml")
    }

    /// Whether it is a form as browsers send it without files.
    pub fn is_form(&self) -> bool {
        self.essence == "application/x-www-form-urlencoded"
    }

    /// Whether a media range takes it: `*/*`, `text/*`, `application/json`; parameters of the range are passed over.
    pub fn is_in(&self, range: &str) -> bool {
        let range = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match range.strip_suffix("/*") {
            Some("*") => true,
            Some(kind) => self.essence.split('/').next() == Some(kind),
            None => self.essence == range,
        }
    }
}

/// The first of some parameters, and those behind it: its name, and its value where it has one.
fn parameter(text: &str) -> (&str, Option<String>, &str) {
    let Some(at) = text.find([';', '=']) else { return (text, None, "") };
    let (name, rest) = text.split_at(at);
    let Some(rest) = rest.strip_prefix('=') else { return (name, None, rest.get(1..).unwrap_or_default()) };
    let Some(quoted) = rest.strip_prefix('"') else {
        let (value, rest) = rest.split_once(';').unwrap_or((rest, ""));
        let value = value.trim_end_matches(is_space);
        return (name, Some(value.to_owned()).filter(|value| !value.is_empty() && is_quotable(value)), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    while let Some(c) = characters.next().filter(|c| *c != '"') {
        value.push(if c == '\\' { characters.next().unwrap_or(c) } else { c });
    }
    let rest = characters.as_str();
    let rest = rest.split_once(';').map_or("", |(_, rest)| rest);
    (name, Some(value).filter(|value| is_quotable(value)), rest)
}

/// What a quoted string may have in it.
fn is_quotable(text: &str) -> bool {
    text.chars().all(|c| c == '\t' || !c.is_control())
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether a text is a token (RFC 9110 section 5.6.2).
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether the bytes of a message say what they seem to say: in charsets such as UTF-7 or EBCDIC, ASCII means something else. Each
/// charset that the type names counts, however malformed the type is, since readers differ in which one they take.
pub fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_TYPE).iter().all(|value| {
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        value.split("charset").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('=')).all(|rest| {
            let rest = rest.trim_start().trim_start_matches(['"', '\'']);
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '"' | '\'')).unwrap_or(rest.len());
            is_plain_charset(rest.get(..end).unwrap_or_default())
        })
    })
}

/// Whether ASCII is ASCII in it, byte for byte; or it is one of the wide forms of Unicode, whose bytes are like nothing else.
fn is_plain_charset(name: &str) -> bool {
    matches!(name, "" | "utf-8" | "utf8" | "us-ascii" | "ascii" | "latin1" | "koi8-r" | "koi8-u")
        || ["iso-8859-", "windows-125", "utf-16", "utf-32"].iter().any(|known| name.starts_with(known))
}

/// Whether a message's content is coded (RFC 9110 section 8.4), so that its bytes are not those of its type.
pub fn is_coded(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().any(|value| {
        value
            .to_str()
            .is_ok_and(|value| value.split(',').any(|coding| !matches!(coding.trim().to_ascii_lowercase().as_str(), "" | "identity")))
            || value.to_str().is_err()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeaderValue;

    #[test]
    fn types_are_read_and_matched() {
        let read = |value: &str| Media::parse(value);
        let plain = |essence: &str| Some(Media { essence: essence.to_owned(), charset: None, boundary: None });
        assert_eq!(read("Application/JSON"), plain("application/json"));
        assert_eq!(read("text/html;charset=UTF-8").unwrap().charset.as_deref(), Some("utf-8"));
        assert_eq!(read("text/html; charset=\"utf-16\"").unwrap().charset.as_deref(), Some("utf-16"));
        for (value, expect) in [("multipart/form-data; boundary=\"x y\"", Some("x y")), ("multipart/form-data; boundary=", None)] {
            assert_eq!(read(value).unwrap().boundary.as_deref(), expect, "{value}");
        }
        for (value, charset) in [
            ("text/html ; charset=a;charset=b", Some("a")),
            ("text/html;charset=;charset=b", Some("b")),
            ("text/html;charset=\"\";charset=b", Some("")),
            ("text/html;charset=a\tb ", Some("a\tb")),
            ("text/html;x=\";charset=a;\"; charset=\"b\\\"c\" d;charset=e", Some("b\"c")),
            ("text/html;x=\"a\\\";charset=b", None),
            ("text/html;x=(;charset=a", Some("a")),
            ("text/html;xcharset=a;charset =b;charset", None),
            ("text/html;;; Charset=\"A", Some("a")),
            ("text/html;charset=\"a\u{1}\";charset=b", Some("b")),
        ] {
            assert_eq!(read(value).and_then(|media| media.charset).as_deref(), charset, "{value:?}");
        }
        let boundary = |value: &str| read(value).is_some_and(|media| media.boundary.is_some());
        assert!(!boundary("multipart/form-data; x=\"; boundary=a\"") && boundary("multipart/form-data; boundary=\"a\""));
        for wrong in [
            "",
            "json",
            "text/",
            "text/ht(ml",
            "te xt/html",
            "text /html",
            "text/html/x",
            "text/h\u{e9}",
            "text/html\u{c}",
            "/json",
            "application/",
            "a b/c",
            "application/json, text/html",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        for (value, json, xml) in [
            ("application/json", true, false),
            ("application/problem+json", true, false),
            ("image/svg+xml", false, true),
            ("text/xml", false, true),
            ("text/plain", false, false),
        ] {
            let media = read(value).unwrap();
            assert_eq!((media.is_json(), media.is_xml()), (json, xml), "{value}");
        }
        for (range, is_in) in [
            ("*/*", true),
            ("application/*", true),
            ("application/json", true),
            ("Application/JSON; q=1", true),
            ("text/*", false),
            ("application/xml", false),
        ] {
            assert_eq!(read("application/json").unwrap().is_in(range), is_in, "{range}");
        }
    }

    #[test]
    fn charsets_that_hide_ascii_are_seen() {
        for (values, expect) in [
            (&[][..], true),
            (&["application/json"], true),
            (&["text/plain; charset=UTF-8"], true),
            (&["text/plain; charset=\"iso-8859-15\""], true),
            (&["text/plain; charset=; x=y"], true),
            (&["text/plain; charset='utf-16le'"], true),
            (&["text/charset"], true),
            (&["application/json; charset=UTF-7"], false),
            (&["application/json; charset=ibm037"], false),
            (&["application/json; charset=utf-8; charset=utf-7"], false),
            (&["application/json; x=\"; charset=utf-7\""], false),
            (&["application/json; charset = \"utf-7\""], false),
            (&["json, charset=x-user-defined"], false),
            (&["text/plain; charset=utf-8", "text/plain; Charset=cp500"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_static(value));
            }
            assert_eq!(is_plain(&headers), expect, "{values:?}");
        }
    }

    #[test]
    fn codings_are_seen() {
        for (values, coded) in
            [(&[][..], false), (&["identity"], false), (&["gzip"], true), (&["identity", "br"], true), (&["identity, gzip"], true)]
        {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(is_coded(&headers), coded, "{values:?}");
        }
    }
}
