//! Objects that run when they are read, and names that reach an object's prototype.

use super::{Around, Seen};
use crate::threat::report::Part;
use crate::threat::rules::Rule;
use crate::threat::text::{Hit, Marks, Text, begins, byte, find, has, has_any, is_word, tail};
use crate::threat::words::Kind;

/// Whatever is such an object in one layer of a value.
pub fn look(text: &Text<'_>, around: Around<'_>, seen: &mut Seen) {
    for hit in text.of(Kind::OBJECT) {
        word(text, hit, around, seen);
    }
    if text.has(Marks::LINE) {
        let pickled = begins(text.low, &["cos\nsystem\n", "cposix\nsystem\n", "cbuiltins\neval\n", "csubprocess\n", "c__builtin__\n"]);
        seen.hit_if(pickled, Rule::ObjectOther);
    }
    if text.has(Marks::COLON) {
        if text.has(Marks::QUOTE) {
            php(text, seen);
        }
        let tags = ["!!python/", "!!javax.", "!!ruby/", "!ruby/object", "!!com.sun", "!!java."];
        let tagged = text.has(Marks::BANG) && has_any(text.low, &tags)
            || text.has(Marks::OTHER) && has(text.low, ":yaml.org,2002:python") && has(text.low, "tag:yaml.org,2002:python");
        seen.hit_if(tagged, Rule::ObjectOther);
    }
    if text.low.starts_with(b"!!") && !text.is_long() {
        seen.hit_if(begins(text.low, &["!!python/", "!!javax.", "!!ruby/", "!!java.", "!!com.", "!!org."]), Rule::ObjectOther);
    }
    if text.has(Marks::DOLLAR) {
        seen.hit_if(has_any(text.low, &["_$$nd_func$$_", "$$nd_func$$", "_$$nd_"]), Rule::ObjectOther);
    }
    let probe = around.place.part == Part::Path
        && begins(
            text.low,
            &["/.git", "/.svn", "/.env", "/.hg/", "/.aws", "/.ssh", "/phpmyadmin", "/cgi-bin/", "/server-status", "/web-inf"],
        );
    seen.hit_if(probe, Rule::ScannerProbe);
    seen.hit_if(text.has(Marks::UNDERSCORES) && has_any(text.low, &["__schema{", "__schema {"]), Rule::GraphqlIntrospection);
}

/// What shows in a value's first bytes, before it is decoded.
pub fn raw(raw: &[u8], seen: &mut Seen) {
    if raw.starts_with(b"rO0AB")
        || raw.starts_with(&[0xac, 0xed, 0x00, 0x05])
        || raw.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"aced0005"))
    {
        seen.hit(Rule::ObjectJava);
    }
    if raw.starts_with(b"AAEAAAD/////") || raw.starts_with(b"gASV") && raw.len() > 24 || raw.starts_with(b"BAhv") && raw.len() > 24 {
        seen.hit(Rule::ObjectOther);
    }
}

fn word(text: &Text<'_>, hit: Hit, around: Around<'_>, seen: &mut Seen) {
    let rest = text.from(hit.end);
    let prior = text.prior(hit.start);
    match text.word(hit) {
        b"__proto__" => {
            let index = matches!(byte(rest, 0), b'[' | b'.' | b']' | b'"' | b'\'' | b'%' | b'=');
            let whole = around.place.is_name && hit.start == 0 && rest.is_empty();
            seen.hit_if(whole || (index && !text.is_long()), Rule::Prototype);
        }
        b"constructor" => {
            let prototype = begins(rest, &[".prototype", "[prototype", "][prototype", "\"]", "']"]) && has(rest, "prototype");
            seen.hit_if(prototype && !text.is_long(), Rule::Prototype);
        }
        b"classloader" => seen.hit_if(prior == b'.' && has(text.low, "class."), Rule::ObjectJava),
        b"jdbcrowsetimpl" | b"templatesimpl" | b"invokertransformer" | b"ysoserial" | b"xmldecoder" | b"unixprintservice" => {
            seen.hit_if(!text.is_long(), Rule::ObjectJava);
        }
        b"javax" => seen.hit_if(begins(rest, &[".naming.", ".script.scriptengine"]) && !text.is_long(), Rule::ObjectJava),
        b"java" => {
            let gadget = begins(
                rest,
                &[".lang.runtime", ".lang.processbuilder", ".rmi.", ".net.urlclassloader", ".beans.xmldecoder", ".util.hashmap\""],
            );
            seen.hit_if(gadget && !text.is_long(), Rule::ObjectJava);
        }
        b"org" => seen.hit_if(rest.starts_with(b".apache.commons.collections") && !text.is_long(), Rule::ObjectJava),
        b"com" => seen.hit_if(begins(rest, &[".sun.rowset", ".sun.org.apache", ".mchange.v2"]) && !text.is_long(), Rule::ObjectJava),
        b"objectdataprovider" => seen.hit(Rule::ObjectOther),
        _ => {}
    }
}

/// Serialised PHP: an object, `O:8:"stdClass":1:{`, also with a plus before its length.
fn php(text: &Text<'_>, seen: &mut Seen) {
    let low = text.low;
    let mut from = 0;
    while let Some(at) = find(low, ":\"", from) {
        from = at + 2;
        let before = low.get(at.saturating_sub(8)..at).unwrap_or_default();
        let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let head = before.len().checked_sub(digits).and_then(|len| before.get(..len)).unwrap_or_default();
        let head = head.strip_suffix(b"+").unwrap_or(head);
        let object = digits > 0
            && (head.ends_with(b"o:") || head.ends_with(b"c:"))
            && !head.len().checked_sub(3).is_some_and(|at| is_word(byte(head, at)));
        let counted = {
            let name = tail(low, at + 2);
            let end = name.iter().take(96).position(|byte| *byte == b'"').unwrap_or(0);
            end > 0 && byte(name, end + 1) == b':' && byte(name, end + 2).is_ascii_digit()
        };
        seen.hit_if(object && counted, Rule::ObjectPhp);
    }
}
