//! Markup that libinjection minds wherever it stands, and that runs nothing as it is written here: plain styles, what a page says of
//! itself, links to files of its own, and tags that a sentence names.

use libinjectionrs::XssDetector;

use crate::threat::text::{begins, byte, find, has, has_any, skip, tail, window};

/// What it minds, and names of the same length that nobody minds.
const NAMES: &[(&str, &str)] = &[("<meta", "<menu"), ("<link", "<line"), ("<!doctype", "<bdoctype"), ("xmlns=", "class=")];

/// How much of a tag is looked at.
const LONGEST_TAG: usize = 512;

/// Whether such markup is all that libinjection minds in it.
pub fn is_all(low: &[u8]) -> bool {
    let styled = has(low, "style=");
    let strange = ["expression", "url(", "@import", "behavior", "binding", "\\", "/*", "script:", "-o-link", "<style", "{", "}", "["];
    if styled && (has_any(low, &strange) || !styles_are_plain(low))
        || !styled && !has_any(low, &["<meta", "<link", "<!doctype", "xmlns=", "`<"])
    {
        return false;
    }
    let mut without = low.to_vec();
    if styled {
        put(&mut without, "style=", "class=", |_| true);
    }
    for (name, other) in NAMES {
        put(&mut without, name, other, is_plain);
    }
    if !has(low, "</script") {
        unname(&mut without);
    }
    !XssDetector::new().detect(&without).is_injection()
}

/// Takes the angle from tags that are named in a sentence, as in "`<iframe>`".
fn unname(text: &mut [u8]) {
    let mut from = 0;
    while let Some(at) = find(text, "`<", from) {
        from = at + 2;
        let name = tail(text, from).iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if tail(text, from + name).starts_with(b">`")
            && let Some(angle) = text.get_mut(at + 1)
        {
            *angle = b'(';
        }
    }
}

/// Puts `other` where `name` stands and what begins with it is as wanted.
fn put(text: &mut [u8], name: &str, other: &str, wanted: fn(&[u8]) -> bool) {
    let mut from = 0;
    while let Some(at) = find(text, name, from) {
        from = at + name.len();
        if wanted(tail(text, at))
            && let Some(place) = text.get_mut(at..from)
        {
            place.copy_from_slice(other.as_bytes());
        }
    }
}

/// Whether a tag says what a page is, or links a file of the same site.
fn is_plain(tag: &[u8]) -> bool {
    let near = window(tag, 0, LONGEST_TAG);
    let end = near.iter().position(|byte| *byte == b'>').unwrap_or(near.len());
    let tag = window(near, 0, end);
    if has_any(tag, &["script", "data:", "import", "&", "\\", "{", "utf-7", "ascii", "refresh", "cookie", "policy"]) {
        return false;
    }
    match byte(tag, 1) {
        b'm' if byte(tag, 0) == b'<' => !has(tag, "http-equiv") || has_any(tag, &["content-type", "x-ua-compatible", "content-language"]),
        b'l' if has_any(tag, &["//", ":"]) => {
            has_any(tag, &["canonical", "author", "help", "license", "icon"]) && !has_any(tag, &["fetch", "load", "connect", "sheet"])
        }
        b'l' => true,
        b'm' => begins(tag, &["xmlns=\"http://www.w3.org/1999/xhtml\""]),
        _ => begins(tag, &["<!doctype html"]),
    }
}

/// Whether every `style` is within quotes, and is declarations of a name, a colon and a value of plain characters.
fn styles_are_plain(low: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = find(low, "style=", from) {
        let quote = byte(low, at + 6);
        let inside = tail(low, at + 7);
        let len = inside.iter().position(|byte| *byte == quote);
        let Some(style) = len.and_then(|len| inside.get(..len)).filter(|_| matches!(quote, b'"' | b'\'')) else { return false };
        if matches!(byte(inside, style.len() + 1), b'a'..=b'z' | b';' | b'"' | b'\'')
            || !style.split(|byte| *byte == b';').all(is_declaration)
        {
            return false;
        }
        from = at + 7 + style.len();
    }
    true
}

fn is_declaration(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let text = text.strip_suffix(b"!important").unwrap_or(text);
    let name = text.iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'-').count();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" #%.,()-+/'\"\n\r".contains(byte) || *byte >= 0x80;
    let quotes = text.iter().filter(|byte| matches!(byte, b'\'' | b'"')).count();
    text.is_empty() || (name > 0 && skip(text, name).0 == b':' && quotes % 2 == 0 && tail(text, skip(text, name).1 + 1).iter().all(plain))
}
