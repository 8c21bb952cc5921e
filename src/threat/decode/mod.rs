//! Layers of decoding: what an attacker wraps around a value so that a reader passes over it and the origin does not.
//!
//! [`layer`] takes every escape of a value off at once, in one pass that never makes it longer than a few bytes more;
//! [`base64`] takes off what stands around the whole of a value. How often either is done is for [`super::value`] to bound.

pub mod base64;
mod entity;
mod escapes;

use super::text::{byte, find, tail};
use std::borrow::Cow;
use std::fmt;

/// Kinds of encoding that were taken off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layers(u16);

impl Layers {
    /// Nothing was decoded.
    pub const NONE: Self = Self(0);
    /// `%41`, `%u0041`.
    pub const PERCENT: Self = Self(1);
    /// `&#65;`, `&lt;`.
    pub const ENTITY: Self = Self(1 << 1);
    /// `\u0041`, `\x41`.
    pub const ESCAPE: Self = Self(1 << 2);
    /// `+AEE-`.
    pub const UTF7: Self = Self(1 << 3);
    /// UTF-8 in more bytes than it needs.
    pub const OVERLONG: Self = Self(1 << 4);
    /// Full-width letters, typographic quotes, spaces that do not show.
    pub const UNICODE: Self = Self(1 << 5);
    /// Base64 of the whole value.
    pub const BASE64: Self = Self(1 << 6);
    /// `+` for a space.
    pub const PLUS: Self = Self(1 << 7);
    /// JSON, or a query, within a value.
    pub const NESTED: Self = Self(1 << 8);
    /// UTF-16.
    pub const UTF16: Self = Self(1 << 9);
    /// Comments of SQL, and empty tags, that stood within words.
    pub const COMMENT: Self = Self(1 << 10);

    /// Both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether nothing was decoded.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether one of `other` was taken off.
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ["percent", "entity", "escape", "utf-7", "overlong", "unicode", "base64", "plus", "nested", "utf-16", "comment"];
        let mut any = false;
        for (_, name) in names.iter().enumerate().filter(|(bit, _)| self.0 & (1 << bit) != 0) {
            f.write_str(if any { "+" } else { "" })?;
            f.write_str(name)?;
            any = true;
        }
        Ok(())
    }
}

/// Takes one layer of every escape off, in one pass. What is returned says what there was; where there was something, `out` holds the
/// result. Escapes that cannot be right stay as they are.
pub fn layer(input: &[u8], out: &mut Vec<u8>) -> Layers {
    out.clear();
    let mut layers = Layers::default();
    let (mut at, mut copied) = (0, 0);
    while let Some(&here) = input.get(at) {
        if !matches!(here, b'%' | b'&' | b'\\' | b'+' | 0x80..) {
            at += 1;
            continue;
        }
        let before = out.len();
        let Some((taken, layer)) = escape(tail(input, at), out) else {
            at += 1;
            continue;
        };
        // What stood before the escape belongs before what it stands for.
        let decoded = out.len() - before;
        out.extend_from_slice(input.get(copied..at).unwrap_or_default());
        if let Some(new) = out.get_mut(before..) {
            new.rotate_left(decoded);
        }
        layers = layers.and(layer);
        at += taken;
        copied = at;
    }
    if copied > 0 {
        out.extend_from_slice(tail(input, copied));
    }
    layers
}

/// Decodes the escape that `rest` begins with; the bytes that it took.
fn escape(rest: &[u8], out: &mut Vec<u8>) -> Option<(usize, Layers)> {
    match byte(rest, 0) {
        b'%' => percent(rest, out).map(|taken| (taken, Layers::PERCENT)),
        b'&' => entity::decode(rest, out).map(|taken| (taken, Layers::ENTITY)),
        b'\\' => escapes::backslash(rest, out).map(|taken| (taken, Layers::ESCAPE)),
        b'+' => escapes::utf7(rest, out).map(|taken| (taken, Layers::UTF7)),
        0x80.. => unusual(rest, out),
        _ => None,
    }
}

/// What a URL or a form means by a name or a value: escapes decoded, and `+` for a space where `plus` says so. Borrowed where nothing
/// was escaped; bytes stay as they are, UTF-8 or not.
pub fn percent_decoded(input: &[u8], plus: bool) -> Cow<'_, [u8]> {
    if !input.iter().any(|byte| *byte == b'%' || (plus && *byte == b'+')) {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut at = 0;
    while let Some(&here) = input.get(at) {
        let taken = if here == b'%' { percent(tail(input, at), &mut out) } else { None };
        if taken.is_none() {
            out.push(if plus && here == b'+' { b' ' } else { here });
        }
        at += taken.unwrap_or(1);
    }
    Cow::Owned(out)
}

/// The value without comments of SQL and without `<>`, where it has any: words that were cut by them are whole again. Conditional
/// comments, `/*!50000 ... */`, lose their marks and keep what is in them.
pub fn without_comments(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    let mut at = 0;
    while let Some(&here) = input.get(at) {
        let rest = tail(input, at);
        if rest.starts_with(b"/*!") {
            at += 3 + tail(rest, 3).iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
        } else if rest.starts_with(b"/*") {
            let Some(end) = find(input, "*/", at + 2) else { break };
            at = end + 2;
        } else if rest.starts_with(b"*/") || rest.starts_with(b"<>") {
            at += 2;
        } else if rest.starts_with(b"<x>") {
            at += 3;
        } else {
            out.push(here);
            at += 1;
        }
    }
    out.len() != input.len()
}

/// The value with a space for every comment of SQL, as a database reads it; `false` where it has none.
pub fn spaced_comments(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    let mut at = 0;
    while let Some(start) = find(input, "/*", at) {
        let Some(end) = find(input, "*/", start + 2).filter(|_| byte(input, start + 2) != b'!') else { break };
        out.extend_from_slice(input.get(at..start).unwrap_or_default());
        out.push(b' ');
        at = end + 2;
    }
    out.extend_from_slice(tail(input, at));
    at > 0
}

/// UTF-16 with a byte order mark, as UTF-8.
pub fn from_utf16(input: &[u8]) -> Option<Vec<u8>> {
    let unit: fn([u8; 2]) -> u16 = match input.get(..2)? {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let units = tail(input, 2).chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(unit);
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into_bytes())
}

/// A character, as UTF-8.
fn push(out: &mut Vec<u8>, code: u32) {
    let mut utf8 = [0u8; 4];
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
}

/// The value of some hexadecimal digits; `None` where one is none.
fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}

fn percent(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    if matches!(byte(rest, 1), b'u' | b'U')
        && let Some(code) = rest.get(2..6).and_then(hex)
    {
        push(out, code);
        return Some(6);
    }
    let value = hex(rest.get(1..3)?)?;
    out.push(u8::try_from(value).ok()?);
    Some(3)
}

/// Overlong forms of ASCII, full-width ASCII, typographic quotes, and what does not show.
fn unusual(rest: &[u8], out: &mut Vec<u8>) -> Option<(usize, Layers)> {
    let (a, b, c) = (byte(rest, 0), byte(rest, 1), byte(rest, 2));
    let low = |byte: u8| byte & 0x3f;
    Some(match (a, b, c) {
        (0xc0 | 0xc1, 0x80..=0xbf, _) => {
            out.push((a & 1) << 6 | low(b));
            (2, Layers::OVERLONG)
        }
        (0xe0, 0x80 | 0x81, 0x80..=0xbf) => {
            out.push((b & 1) << 6 | low(c));
            (3, Layers::OVERLONG)
        }
        (0xef, 0xbc | 0xbd, 0x80..=0xbf) => {
            let code = 0xf000 | u32::from(low(b)) << 6 | u32::from(low(c));
            let ascii = code.checked_sub(0xff01 - 0x21).filter(|code| (0x21..=0x7e).contains(code))?;
            out.push(u8::try_from(ascii).ok()?);
            (3, Layers::UNICODE)
        }
        (0xe2, 0x80, 0x98 | 0x99 | 0x9b | 0xb2) | (0xca, 0xb9 | 0xbb | 0xbc, _) => {
            out.push(b'\'');
            (if a == 0xca { 2 } else { 3 }, Layers::UNICODE)
        }
        (0xe2, 0x91, 0xa0..=0xa8) | (0xe2, 0x93, 0xaa) => {
            out.push(if b == 0x93 { b'0' } else { c - 0xa0 + b'1' });
            (3, Layers::UNICODE)
        }
        (0xe2, 0x80, 0x9c | 0x9d | 0x9f) => {
            out.push(b'"');
            (3, Layers::UNICODE)
        }
        (0xe2, 0x80, 0x8b..=0x8f) | (0xef, 0xbb, 0xbf) => (3, Layers::UNICODE),
        (0xc2, 0xa0, _) => {
            out.push(b' ');
            (2, Layers::UNICODE)
        }
        (0xc2, 0xad, _) => (2, Layers::UNICODE),
        (0xe3, 0x80, 0x80) => {
            out.push(b' ');
            (3, Layers::UNICODE)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_kind_of_escape_comes_off() {
        let rows: &[(&[u8], &[u8], &str)] = &[
            (b"plain", b"plain", ""),
            (b"%3Cscript%3e", b"<script>", "percent"),
            (b"%u003cb%U003E", b"<b>", "percent"),
            (b"100% and 5%z", b"100% and 5%z", ""),
            (b"%253C", b"%3C", "percent"),
            (b"&lt;a&GT;&#60;&#x3e;&#0000000040&colon;", b"<a><>(:", "entity"),
            (b"a&b=c&nothing;&#;&#x;", b"a&b=c&nothing;&#;&#x;", ""),
            (br"\u003cb\u{3e}\x27", b"<b>'", "escape"),
            (br"c:\users\xyz\u12", br"c:\users\xyz\u12", ""),
            (b"+ADw-script+AD4-", b"<script>", "utf-7"),
            (b"a+and+b C+AND+D 1+1", b"a+and+b C+AND+D 1+1", ""),
            (b"\xc0\xae\xc0\xae\xc0\xaf\xe0\x80\xae", b"../.", "overlong"),
            ("\u{ff1c}\u{ff53}\u{ff5e}".as_bytes(), b"<s~", "unicode"),
            ("d\u{2019}or\u{a0}\u{201c}a\u{201d}\u{200b}".as_bytes(), b"d'or \"a\"", "unicode"),
            ("é€😀".as_bytes(), "é€😀".as_bytes(), ""),
        ];
        let mut out = Vec::new();
        for (input, expect, names) in rows {
            let layers = layer(input, &mut out);
            assert_eq!(layers.is_none(), out.is_empty(), "there is a result where there is a layer");
            if layers.is_none() {
                out.extend_from_slice(input);
            }
            assert_eq!((String::from_utf8_lossy(&out), layers.to_string()), (String::from_utf8_lossy(expect), (*names).to_owned()));
        }
    }

    proptest! {
        #[test]
        fn a_layer_never_grows_a_value_much(input in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut out = Vec::new();
            let layers = layer(&input, &mut out);
            prop_assert!(out.len() <= input.len());
            prop_assert!(!layers.is_none() || out.is_empty());
        }
    }
}
