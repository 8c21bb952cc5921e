//! The one spelling of a path, so that nobody reaches a route, or an origin, by another one (RFC 3986 section 6.2.2).
//!
//! 1. `.` and `..` segments, also as `%2e`, are resolved, never above the root.
//! 2. Several slashes in a row become one.
//! 3. Escapes of unreserved characters are decoded; other escapes get upper-case digits; what a path may not hold is escaped.
//! 4. `%2F`, `%5C` and `\` are refused, or kept as part of their segment where the gateway says so.
//! 5. Escaped or raw control characters and malformed escapes are refused.
//! 6. Dots that only some servers take for a dot segment are refused: those with a parameter behind them (`..;a`), and those beside an
//!    escaped slash that is kept.
//!
//! A trailing slash stays: whether it counts is for routing to say.

use std::borrow::Cow;
use std::fmt;

use crate::config::runtime::EncodedSlash;

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// It does not begin with a slash.
    Relative,
    /// A `%` without two hexadecimal digits.
    MalformedEscape,
    /// A control character, raw or escaped.
    Control,
    /// A backslash, or an escaped slash or backslash, where [`EncodedSlash::Refuse`] holds.
    EncodedSlash,
    /// `.` or `..` with a parameter behind it, or beside an escaped slash: a dot segment to some servers and a name to others.
    HiddenDots,
}

impl PathError {
    /// What is wrong, for the client.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Relative => "The path does not begin with a slash.",
            Self::MalformedEscape => "The path has a % that is not followed by two hexadecimal digits.",
            Self::Control => "The path has a control character.",
            Self::EncodedSlash => "The path has a backslash, or a slash or backslash written as %2F or %5C.",
            Self::HiddenDots => "The path has . or .. with a parameter behind it, or beside an encoded slash.",
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

/// The one spelling of `path`; borrowed where a path without escapes has it already.
///
/// # Errors
/// A [`PathError`] for what the rule refuses.
pub fn normalise(path: &str, encoded_slash: EncodedSlash) -> Result<Cow<'_, str>, PathError> {
    let segments = path.strip_prefix('/').ok_or(PathError::Relative)?;
    if is_plain(segments) {
        return Ok(Cow::Borrowed(path));
    }
    let mut normal = String::with_capacity(path.len() + 8);
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        let parent = normal.len();
        normal.push('/');
        let start = normal.len();
        append_segment(&mut normal, segment, encoded_slash)?;
        match normal.get(start..) {
            Some(".") => normal.truncate(parent),
            Some("..") => {
                normal.truncate(parent);
                let grandparent = normal.rfind('/').unwrap_or(0);
                normal.truncate(grandparent);
            }
            _ => continue,
        }
        if segments.peek().is_none() {
            normal.push('/');
        }
    }
    Ok(Cow::Owned(squeeze(normal)))
}

/// The one spelling of a single segment.
///
/// # Errors
/// As [`normalise`].
pub fn normalise_segment(segment: &str, encoded_slash: EncodedSlash) -> Result<Cow<'_, str>, PathError> {
    if segment.bytes().all(is_segment_byte) && !hides_dots(segment) {
        return Ok(Cow::Borrowed(segment));
    }
    let mut normal = String::with_capacity(segment.len() + 8);
    append_segment(&mut normal, segment, encoded_slash)?;
    Ok(Cow::Owned(normal))
}

/// Whether nothing needs to change: no escape, nothing to escape, no dot segment, no empty segment but the last.
fn is_plain(segments: &str) -> bool {
    let mut start_of_segment = true;
    let mut rest = segments.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'/' if start_of_segment => return false,
            b'/' => start_of_segment = true,
            b'.' if start_of_segment => {
                let mut ahead = rest.clone().skip_while(|byte| *byte == b'.');
                if matches!(ahead.next(), None | Some(b'/' | b';')) {
                    return false;
                }
                start_of_segment = false;
            }
            byte if is_segment_byte(byte) => start_of_segment = false,
            _ => return false,
        }
    }
    true
}

fn append_segment(normal: &mut String, segment: &str, encoded_slash: EncodedSlash) -> Result<(), PathError> {
    let start = normal.len();
    let mut bytes = segment.bytes();
    while let Some(raw) = bytes.next() {
        let byte = if raw == b'%' {
            let high = bytes.next().and_then(hex_value).ok_or(PathError::MalformedEscape)?;
            let low = bytes.next().and_then(hex_value).ok_or(PathError::MalformedEscape)?;
            high << 4 | low
        } else {
            raw
        };
        match byte {
            0..=0x1f | 0x7f => return Err(PathError::Control),
            b'/' | b'\\' if encoded_slash == EncodedSlash::Refuse => return Err(PathError::EncodedSlash),
            _ if is_unreserved(byte) || (raw != b'%' && is_segment_byte(byte)) => normal.push(char::from(byte)),
            _ => push_escape(normal, byte),
        }
    }
    if normal.get(start..).is_some_and(hides_dots) { Err(PathError::HiddenDots) } else { Ok(()) }
}

/// Whether a segment in its one spelling is no dot segment here and may be one at an origin: some servers cut parameters off before
/// they resolve dots, or decode escaped slashes.
fn hides_dots(segment: &str) -> bool {
    if !segment.contains('.') || matches!(segment, "." | "..") {
        return false;
    }
    let parts = segment.split("%2F").flat_map(|part| part.split("%5C"));
    parts.map(|part| part.split("%3B").next().unwrap_or(part)).any(|part| matches!(part.split(';').next(), Some("." | "..")))
}

fn squeeze(mut path: String) -> String {
    if path.contains("//") {
        let mut before = '\0';
        path.retain(|c| {
            let keep = c != '/' || before != '/';
            before = c;
            keep
        });
    }
    path
}

fn push_escape(normal: &mut String, byte: u8) {
    normal.push('%');
    for digit in [byte >> 4, byte & 15] {
        normal.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
    }
}

/// The value of a hexadecimal digit.
pub fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// RFC 3986 section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// What a segment may hold without an escape: `pchar` of RFC 3986 section 3.3.
fn is_segment_byte(byte: u8) -> bool {
    is_unreserved(byte) || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(path: &str, refuse: Result<&str, PathError>, keep: Result<&str, PathError>) {
        for (encoded_slash, expect) in [(EncodedSlash::Refuse, refuse), (EncodedSlash::Keep, keep)] {
            let got = normalise(path, encoded_slash);
            assert_eq!(got.as_deref(), expect.as_ref().copied(), "{path} with {encoded_slash:?}");
        }
    }

    #[test]
    fn every_spelling_has_one_form() {
        let same = |path, expect| check(path, Ok(expect), Ok(expect));
        let slash = |path, keep| check(path, Err(PathError::EncodedSlash), Ok(keep));
        let never = |path, error| check(path, Err(error), Err(error));
        same("/", "/");
        same("/a/b", "/a/b");
        same("/a/b/", "/a/b/");
        same("//", "/");
        same("//a///b//", "/a/b/");
        same("/a/./b", "/a/b");
        same("/a/.", "/a/");
        same("/a/..", "/");
        same("/a/../", "/");
        same("/a/b/..", "/a/");
        same("/a/b/../c", "/a/c");
        same("/../../etc/passwd", "/etc/passwd");
        same("/..", "/");
        same("/%2e%2E/a", "/a");
        same("/a/.%2e/b", "/b");
        same("/a/%2e/b", "/a/b");
        same("/a//../b", "/a/b");
        same("/...", "/...");
        same("/..a/.b", "/..a/.b");
        same("/.well-known/x", "/.well-known/x");
        same("/%7Euser/%61%2D%5f", "/~user/a-_");
        same("/a%3ab", "/a%3Ab");
        same("/a:b@c;d=1,2", "/a:b@c;d=1,2");
        same("/100%25", "/100%25");
        same("/%2561dmin", "/%2561dmin");
        same("/caf\u{e9}", "/caf%C3%A9");
        same("/caf%c3%a9", "/caf%C3%A9");
        same("/a b|c[d]{e}\"<>^`", "/a%20b%7Cc%5Bd%5D%7Be%7D%22%3C%3E%5E%60");
        same("/a?b", "/a%3Fb");
        slash("/a%2Fb", "/a%2Fb");
        slash("/a%2fb", "/a%2Fb");
        check("/..%2f..%2fetc", Err(PathError::EncodedSlash), Err(PathError::HiddenDots));
        check("/a%2f..", Err(PathError::EncodedSlash), Err(PathError::HiddenDots));
        check("/a%2f.;b%5cc", Err(PathError::EncodedSlash), Err(PathError::HiddenDots));
        slash("/a.%2f..b", "/a.%2F..b");
        slash("/a%5cb", "/a%5Cb");
        slash("/a\\b", "/a%5Cb");
        check("/a/..\\b", Err(PathError::EncodedSlash), Err(PathError::HiddenDots));
        same("/a;b=../c;.", "/a;b=../c;.");
        same("/...;a", "/...;a");
        never("/a/..;/b", PathError::HiddenDots);
        never("/a/..;c=d", PathError::HiddenDots);
        never("/a/%2e.;/b", PathError::HiddenDots);
        never("/a/..%3b/b", PathError::HiddenDots);
        never("/.;/b", PathError::HiddenDots);
        never("/..;", PathError::HiddenDots);
        never("/a%00", PathError::Control);
        never("/a%1F", PathError::Control);
        never("/a%7f", PathError::Control);
        never("/a\tb", PathError::Control);
        never("/a%", PathError::MalformedEscape);
        never("/a%2", PathError::MalformedEscape);
        never("/a%zz", PathError::MalformedEscape);
        never("/a%%41", PathError::MalformedEscape);
        never("/a%+1", PathError::MalformedEscape);
        never("a", PathError::Relative);
        never("", PathError::Relative);
    }

    #[test]
    fn what_is_plain_is_not_copied() {
        for path in ["/", "/a/b", "/v1/products/42/", "/.well-known/a..b"] {
            assert!(matches!(normalise(path, EncodedSlash::Refuse), Ok(Cow::Borrowed(_))), "{path}");
        }
    }

    fn spelling() -> impl Strategy<Value = String> {
        const PARTS: &[&str] =
            &["/", "a", ".", "%2e", "%2F", "%5c", "\\", "%41", "%", "%zz", "%e9", "\u{e9}", "|", "%20", "~", "%25", "%7f", "*", ";", "%3b"];
        prop::collection::vec(prop::sample::select(PARTS), 0..16).prop_map(|parts| format!("/{}", parts.concat()))
    }

    proptest! {
        #[test]
        fn normal_paths_hold_their_promises(path in spelling()) {
            let Ok(normal) = normalise(&path, EncodedSlash::Keep) else { return Ok(()) };
            prop_assert_eq!(normalise(&normal, EncodedSlash::Keep), Ok(Cow::Borrowed(&*normal)));
            prop_assert!(normal.starts_with('/') && !normal.contains("//") && normal.is_ascii(), "{}", normal);
            prop_assert!(normal.split('/').all(|segment| segment != "." && segment != ".."), "{}", normal);
            let bytes = normal.as_bytes();
            for (at, _) in normal.match_indices('%') {
                let digits = &normal[at + 1..at + 3];
                prop_assert!(digits.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)), "{}", normal);
                prop_assert!(!is_unreserved(hex_value(bytes[at + 1]).unwrap() << 4 | hex_value(bytes[at + 2]).unwrap()), "{}", normal);
            }
            if let Ok(strict) = normalise(&path, EncodedSlash::Refuse) {
                prop_assert_eq!(&strict, &normal);
                prop_assert!(!normal.contains("%2F") && !normal.contains("%5C"));
            }
        }

        #[test]
        fn no_path_breaks_the_rule(path in ".{0,60}") {
            let _ = (normalise(&path, EncodedSlash::Refuse), normalise(&path, EncodedSlash::Keep));
        }
    }
}
