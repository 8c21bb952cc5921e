//! Scripts in pages: libinjection's reading of the value as HTML in five places, and signs that it does not know.

use libinjectionrs::XssDetector;

use super::everyday::is_program;
use super::{Seen, harmless};
use crate::threat::rules::Rule;
use crate::threat::text::{FAR, Hit, Marks, Text, begins, byte, find, has, has_any, is_word, tail, window};
use crate::threat::words::Kind;

/// Whatever says script in one layer of a value.
pub fn look(text: &Text<'_>, seen: &mut Seen) {
    let quoted = text.has(Marks::EQUALS) && text.has(Marks::QUOTE.and(Marks::SPACE).and(Marks::SLASH));
    let may_be = text.has(Marks::ANGLE) || quoted && has_attribute(text.low);
    if may_be && XssDetector::new().detect(without_declaration(text.low)).is_injection() {
        let component = has(text.low, "={") && is_program(text) && !has(text.low, "<script");
        let harmless = text.is_long() || component || harmless::is_all(text.low) || !(text.has(Marks::ANGLE) || text.has(Marks::QUOTE));
        seen.hit(if harmless { Rule::XssGrammarInText } else { Rule::XssGrammar });
    }
    if text.has(Marks::ANGLE) {
        elements(text, seen);
    }
    if text.has(Marks::EQUALS) && text.has(Marks::ANGLE.and(Marks::QUOTE)) {
        handlers(text, seen);
    }
    addresses(text, seen);
    if !text.is_long() {
        code(text, seen);
    }
}

/// The text behind a declaration of XML, which is no instruction.
fn without_declaration(low: &[u8]) -> &[u8] {
    let rest = low.trim_ascii_start();
    if !rest.starts_with(b"<?xml ") {
        return low;
    }
    find(window(rest, 0, 128), "?>", 0).map_or(low, |end| tail(rest, end + 2))
}

/// Whether something may be an attribute's name to libinjection where no tag is opened: letters at the beginning, behind a space, a slash
/// or a quote, and before an equals sign.
fn has_attribute(low: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = find(low, "=", from) {
        let before = low.get(from..at).unwrap_or_default();
        from = at + 1;
        let before = before.trim_ascii_end();
        let name = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_')).count();
        let begun = before.len().checked_sub(name + 1).map(|at| byte(before, at));
        if name > 1 && begun.is_none_or(|byte| matches!(byte, 0..=b' ' | b'/' | b'"' | b'\'' | b'`')) {
            return true;
        }
    }
    has_any(low, &["xmlns", "xlink"])
}

fn elements(text: &Text<'_>, seen: &mut Seen) {
    let low = text.low;
    let (mut from, mut closed) = (0, None);
    while let Some(at) = find(low, "<", from) {
        from = at + 1;
        let closes = byte(low, from) == b'/' && !text.is_long();
        let name = tail(low, from + usize::from(closes));
        let script = name.starts_with(b"script") && matches!(byte(name, 6), b' ' | b'>' | b'/' | b'\n' | b'\r' | 0);
        if script && (!is_no_element(low, at) || *closed.get_or_insert_with(|| has(low, "</script"))) {
            seen.hit(Rule::XssScript);
            return;
        }
        let frame = begins(name, &["iframe", "object", "embed", "applet", "base ", "svg"]) && !text.is_long();
        seen.hit_if(frame && has_any(window(name, 0, FAR), &["javascript", "data:text", "onload", "src=//"]), Rule::XssScript);
    }
}

/// Whether `<script>` at `at` is a type's argument in a program, `Option<Script>,`, or named in a sentence, "`<script>`", where nothing
/// closes it as an element.
fn is_no_element(low: &[u8], at: usize) -> bool {
    let rest = tail(low, at);
    match at.checked_sub(1).map_or(0, |before| byte(low, before)) {
        b'`' => rest.starts_with(b"<script>`"),
        before => (is_word(before) || before == b':') && begins(rest, &["<script>>", "<script>,", "<script>)", "<script>:"]),
    }
}

/// Names of events begin with these, behind `on`.
const EVENTS: &[&str] = &[
    "abort",
    "activate",
    "after",
    "animation",
    "auxclick",
    "before",
    "begin",
    "blur",
    "bounce",
    "cancel",
    "canplay",
    "change",
    "click",
    "close",
    "contextmenu",
    "copy",
    "cuechange",
    "cut",
    "dblclick",
    "drag",
    "drop",
    "duration",
    "emptied",
    "end",
    "error",
    "finish",
    "focus",
    "formdata",
    "fullscreen",
    "gesture",
    "gotpointer",
    "hashchange",
    "input",
    "invalid",
    "key",
    "load",
    "lostpointer",
    "message",
    "mouse",
    "offline",
    "online",
    "page",
    "paste",
    "pause",
    "play",
    "pointer",
    "popstate",
    "progress",
    "ratechange",
    "readystate",
    "repeat",
    "reset",
    "resize",
    "scroll",
    "search",
    "seek",
    "select",
    "show",
    "stalled",
    "start",
    "storage",
    "submit",
    "suspend",
    "timeupdate",
    "toggle",
    "touch",
    "transition",
    "unhandled",
    "unload",
    "volume",
    "waiting",
    "webkit",
    "wheel",
];

/// An event's attribute, in a tag that was opened before or behind a quote that may end another attribute.
fn handlers(text: &Text<'_>, seen: &mut Seen) {
    let low = text.low;
    let mut from = 0;
    while let Some(at) = find(low, "=", from) {
        from = at + 1;
        let before = low.get(at.saturating_sub(40)..at).unwrap_or_default().trim_ascii_end();
        let letters = before.iter().rev().take_while(|byte| byte.is_ascii_lowercase()).count();
        let (around, name) = before.split_at(before.len() - letters);
        let event = name.strip_prefix(b"on").filter(|event| begins(event, EVENTS));
        let Some(event) = event.or_else(|| (name == b"formaction").then_some(name)) else { continue };
        if !matches!(around.last(), Some(b' ' | b'/' | b'"' | b'\'' | b'`' | b'\n' | b'\r' | b'>' | b'+' | b';' | 1..=0x1f | 0x80..) | None)
        {
            continue;
        }
        let opened = {
            let start = at.saturating_sub(event.len() + 2);
            let near = low.get(start.saturating_sub(256)..start).unwrap_or_default();
            let tag = near.iter().rposition(|byte| *byte == b'<').is_some_and(|tag| byte(near, tag + 1).is_ascii_lowercase());
            tag || (!text.is_long() && near.iter().any(|byte| matches!(byte, b'"' | b'\'' | b'`')))
        };
        let component = byte(low, at + 1) == b'{' && (text.is_long() || is_program(text));
        seen.hit_if(opened && !component, Rule::XssHandler);
    }
}

/// Addresses that are programs. A title such as `JavaScript: The Good Parts` has a space behind its colon.
fn addresses(text: &Text<'_>, seen: &mut Seen) {
    for hit in text.of(Kind::JS) {
        let scheme = matches!(text.word(hit), b"javascript" | b"vbscript" | b"livescript");
        if !scheme || byte(text.low, hit.end) != b':' || matches!(byte(text.low, hit.end + 1), b' ' | 0) {
            continue;
        }
        let program = has_any(window(text.low, hit.end, FAR), &["(", "`", "=", "//", "eval", "&lpar", "throw"]);
        let void = text.from(hit.end).starts_with(b":void(0)") || text.from(hit.end).starts_with(b":;");
        seen.hit_if(program && !void && !text.is_long(), Rule::XssScript);
        seen.hit_if(program && !void && matches!(text.prior(hit.start), b'"' | b'\'' | b'='), Rule::XssScript);
    }
    let page = || text.low.starts_with(b"data:text/html") || has_any(text.low, &["=data:text/html", "\"data:text/html", "'data:text/html"]);
    seen.hit_if(text.kinds.any(Kind::SCHEME) && !text.is_long() && page(), Rule::XssScript);
    if text.has(Marks::LINE.and(Marks::SPACE).and(Marks::HIGH)) && text.has(Marks::EQUALS) {
        seen.hit_if(spaced_address(text.low), Rule::XssScript);
    }
}

/// Whether an attribute's value is `javascript:` with spaces, line breaks and control characters within, which browsers pass over.
fn spaced_address(low: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = find(low, "=", from) {
        from = at + 1;
        let near = window(low, from, FAR * 2);
        let mut letters = near.iter().enumerate().filter(|(_, byte)| **byte > b' ' && !matches!(byte, b'"' | b'\'' | b'`'));
        if !matches!(letters.clone().next(), Some((_, b'j' | b'v'))) {
            continue;
        }
        let scheme = if matches!(letters.clone().next(), Some((_, b'j'))) { &b"javascript:"[..] } else { b"vbscript:" };
        let mut end = 0;
        let spelt = scheme.iter().all(|wanted| {
            letters.next().is_some_and(|(at, byte)| {
                end = at;
                byte == wanted
            })
        });
        if spelt && end >= scheme.len() {
            return true;
        }
    }
    false
}

/// Whether a name and what it has is all that stands between two backticks, as in a sentence.
fn is_named(text: &Text<'_>, hit: Hit) -> bool {
    let near = window(text.low, hit.end, FAR);
    let name = near.iter().take_while(|byte| is_word(**byte) || **byte == b'.').count();
    text.prior(hit.start) == b'`' && byte(near, name) == b'`'
}

/// Calls that proofs of scripting make, in values too short to be a program.
fn code(text: &Text<'_>, seen: &mut Seen) {
    if text.kinds.any(Kind::JS) {
        let loads = ["import('//", "import(\"//", "import(`//", "innerhtml=location", "=location.hash.s", "getscript('//"];
        seen.hit_if(has_any(text.low, &loads), Rule::XssCode);
    }
    for hit in text.of(Kind::JS) {
        let low = text.low;
        let (next, at) = text.next(hit.end);
        let rest = tail(low, hit.end);
        let inside = tail(low, at + 1);
        let is_call = match text.word(hit) {
            b"alert" | b"prompt" | b"confirm" => {
                let prior = text.prior(hit.start);
                let argument = matches!(byte(inside, 0), b'0'..=b'9' | b'\'' | b'"' | b'`' | b'/' | b')' | b'=')
                    || begins(inside, &["document", "origin", "location", "window", "self", "top", "string.", "xss", "this", "%"]);
                let called = next == b'(' && argument || next == b'`' || begins(rest, &[".call(", ".apply(", "?.(", ")(", ")`"]);
                let before = low.get(hit.start.saturating_sub(12)..hit.start).unwrap_or_default();
                let owners = ["window.", "top.", "self.", "parent.", "this.", "globalthis.", "frames.", "defaultview.", "window?."];
                let of_window = owners.iter().any(|owner| before.ends_with(owner.as_bytes()));
                let handed = prior == b'('
                    && matches!(next, b')' | b',')
                    && [".find(", ".some(", ".map(", ".foreach(", ".every(", ".sort(", ".filter(", ".flatmap(", ".findindex(", ".reduce("]
                        .iter()
                        .any(|method| before.ends_with(method.as_bytes()));
                let set = prior == b'='
                    && (begins(rest, &[";throw", ";onerror", "//", ",1"]) || begins(rest, &[",", ";"]) && byte(rest, 2) == b'(');
                let named = matches!(prior, b'\'' | b'"' | b'`')
                    && byte(rest, 0) == prior
                    && begins(tail(rest, 1), &["](", "]`", "]?.", "].call", "].apply"]);
                let whole = hit.start == 0 && next == b'(' && low.len() <= 48 && matches!(low.last(), Some(b')' | b';'));
                called && (prior != b'.' || of_window) || whole || handed || set || named
            }
            b"eval" => {
                next == b'('
                    && text.prior(hit.start) != b'$'
                    && begins(inside, &["atob", "string.", "'", "\"", "`", "name", "location", "unescape", "base64", "decodeuri", "window"])
            }
            b"document" => {
                !is_named(text, hit)
                    && begins(
                        rest,
                        &[
                            ".cookie",
                            ".domain",
                            ".write(",
                            ".location",
                            "?.cookie",
                            "[\"cookie",
                            "['cookie",
                            "[`cookie",
                            "['\\x",
                            ".body.app",
                        ],
                    )
            }
            b"window" | b"self" | b"top" | b"globalthis" => {
                let computed = byte(rest, 0) == b'['
                    && has_any(window(rest, 0, FAR), &["+'", "+\"", "+`", ".source", ".tostring("])
                    && has(rest, "](");
                begins(rest, &[".location=", ".location.href=", "[\"", "['", ".onerror=", "[/"])
                    && text.has(Marks::PAREN.and(Marks::EQUALS))
                    || computed
            }
            b"fromcharcode" => (next == b'(' && byte(inside, 0).is_ascii_digit()) || begins(rest, &[".call", ".apply"]),
            b"settimeout" | b"setinterval" => {
                next == b'(' && (matches!(byte(inside, 0), b'\'' | b'"' | b'`') || inside.starts_with(b"alert"))
            }
            b"constructor" | b"function" => next == b'(' && matches!(byte(inside, 0), b'\'' | b'"' | b'`'),
            b"importscripts" => next == b'(',
            _ => false,
        };
        seen.hit_if(is_call, Rule::XssCode);
    }
}
