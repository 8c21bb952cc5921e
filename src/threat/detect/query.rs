//! Queries of document databases, directories and XML.

use super::{Around, Seen};
use crate::threat::rules::Rule;
use crate::threat::text::{Hit, Marks, Text, begins, byte, find, has, has_any, is_word, skip, tail, window};
use crate::threat::words::Kind;

/// Whatever is such a query in one layer of a value.
pub fn look(text: &Text<'_>, around: Around<'_>, seen: &mut Seen) {
    if text.has(Marks::DOLLAR) {
        operators(text, around.place.is_name, seen);
    }
    if !text.is_long() && text.has(Marks::QUOTE) && text.has(Marks::CHAIN) && text.kinds.any(Kind::PROGRAM.or(Kind::TEMPLATE)) {
        functions(text, seen);
    }
    if !text.is_long() && text.has(Marks::PAREN) {
        if text.of(Kind::DB).next().is_some() {
            calls(text, seen);
        }
        filter(text, seen);
    }
    if text.has(Marks::COLON) && text.has(Marks::EQUALS) {
        seen.hit_if(has_any(text.low, &[":2.5.13.", ":1.2.840.113556.1.4."]) && has(text.low, ":="), Rule::LdapFilter);
    }
    if !text.is_long() && !text.hits.is_empty() {
        xpath(text, seen);
    }
}

const OPERATORS: &[&str] = &[
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "nin",
    "regex",
    "where",
    "exists",
    "or",
    "and",
    "nor",
    "not",
    "expr",
    "elemmatch",
    "eq",
    "func",
    "function",
    "mod",
    "size",
    "all",
];

/// `$ne` and the like: as a name, or within a value where a colon follows. The names of JSON Schema and OData are others.
fn operators(text: &Text<'_>, is_name: bool, seen: &mut Seen) {
    let low = text.low;
    let mut from = 0;
    while let Some(at) = find(low, "$", from) {
        from = at + 1;
        let rest = tail(low, at + 1);
        let len = rest.iter().take(12).position(|byte| !is_word(*byte)).unwrap_or(rest.len().min(12));
        let word = window(rest, 0, len);
        if !OPERATORS.iter().any(|known| word == known.as_bytes()) {
            continue;
        }
        if is_name {
            let whole = at == 0 && len + 1 == low.len();
            let index = text.prior(at) == b'[' && byte(rest, len) == b']';
            seen.hit_if(whole || index || text.prior(at) == b'.', Rule::NosqlOperator);
            continue;
        }
        let mut behind = at + 1 + len;
        if matches!(byte(low, behind), b'"' | b'\'') {
            behind += 1;
        }
        let (next, _) = skip(low, behind);
        let opened = matches!(text.before(at), b'{' | b',' | b'"' | b'\'' | b'[' | 0);
        seen.hit_if(next == b':' && opened && !text.is_long(), Rule::NosqlExpression);
        seen.hit_if(byte(low, at + 1 + len) == b']' && text.prior(at) == b'[' && !text.is_long(), Rule::NosqlExpression);
    }
}

/// Calls of MongoDB's shell, and functions for its `$where`.
fn calls(text: &Text<'_>, seen: &mut Seen) {
    for hit in text.of(Kind::DB) {
        let rest = text.from(hit.end);
        let is_call = match text.word(hit) {
            b"db" => byte(rest, 0) == b'.' && is_db_call(window(rest, 0, 64)),
            b"password" => rest.starts_with(b".match("),
            b"returns" => false,
            _ => false,
        };
        seen.hit_if(is_call, Rule::NosqlExpression);
    }
    let functions = ["||this.", "|| this.", "this.constructor", ";return(true", "=function("];
    seen.hit_if(text.has(Marks::QUOTE.and(Marks::CHAIN)) && has_any(text.low, &functions), Rule::NosqlExpression);
}

/// A function's end, a statement behind it, and a quote that closes nothing: what is put into MongoDB's `$where`.
fn functions(text: &Text<'_>, seen: &mut Seen) {
    let endings = ["';return ", "'; return ", "\";return ", "return true; var", "(new date()", "=new date()"];
    let waits = !has(text.low, "new date()") || has(text.low, "}while(");
    seen.hit_if(waits && has_any(text.low, &endings), Rule::NosqlExpression);
}

fn is_db_call(rest: &[u8]) -> bool {
    let methods = ["find", "insert", "drop", "remove", "update", "aggregate", "mapreduce", "getcollection", "stats(", "eval(", "version("];
    rest.split(|byte| *byte == b'.').skip(1).any(|method| begins(method, &methods) && method.contains(&b'('))
}

/// Brackets that change a filter (RFC 4515): an operator that opens a new one, or a bracket that closes one too many.
fn filter(text: &Text<'_>, seen: &mut Seen) {
    let low = text.low;
    let starred = text.has(Marks::STAR) && has(low, "*)(");
    let mut from = 0;
    while let Some(at) = find(low, "(", from) {
        from = at + 1;
        let (next, behind) = skip(low, at + 1);
        let joined = matches!(next, b'&' | b'|' | b'!') && byte(low, behind + 1) == b'(' && is_comparison(tail(low, behind + 2));
        let closed = starred && text.prior(at) == b')' && is_comparison(tail(low, at + 1));
        let broken = text.prior(at) == b')' && matches!(next, b'&' | b'|' | b'!') && matches!(byte(low, behind + 1), b'(' | b')');
        seen.hit_if(joined || closed || broken, Rule::LdapFilter);
    }
    let all = ["*(|(", "*)(|", "*))%00", "*)(uid", "*)(cn", "*)(&", "(objectclass=*", ")(cn=*", "*))(|"];
    seen.hit_if(text.has(Marks::STAR) && has_any(low, &all), Rule::LdapFilter);
    let name = low.iter().take_while(|byte| is_word(**byte) || matches!(byte, b'*' | b'.' | b'@')).count();
    let ends = [")(&", ")(|", ")(*", ")(cn=*", ")(objectclass=", ")(objectclass=*"].iter().any(|end| low.ends_with(end.as_bytes()));
    let nulled = begins(tail(low, name), &["\\00)(", ")\0(", ")%00"]);
    seen.hit_if(nulled || (ends && byte(low, name) == b')'), Rule::LdapFilter);
}

/// `uid=`, `cn~=`, `uid>=`; another bracket may stand before.
fn is_comparison(rest: &[u8]) -> bool {
    let rest = if begins(rest, &["&(", "|(", "!("]) { tail(rest, 2) } else { rest };
    let len = rest.iter().take(32).position(|byte| !is_word(*byte) && *byte != b'-' && *byte != b':' && *byte != b'.').unwrap_or(0);
    len > 0 && begins(tail(rest, len), &["=", "~=", ">=", "<="]) && !tail(rest, len).starts_with(b"==")
}

fn xpath(text: &Text<'_>, seen: &mut Seen) {
    for hit in text.of(Kind::XPATH) {
        let rest = text.from(hit.end);
        seen.hit_if(is_xpath(text, hit, rest), Rule::XpathExpression);
    }
    if text.has(Marks::CHAIN) && text.has(Marks::SLASH) {
        let joined = has_any(text.low, &["]|//", "] | //", "'|//", "' | //", ")|//", "|//*", "| //*", "|/*"]);
        seen.hit_if(joined, Rule::XpathExpression);
    }
    let marked = text.has(Marks::SLASH.and(Marks::BRACE)) && text.has(Marks::QUOTE.and(Marks::BRACE).and(Marks::PAREN));
    let steps = ["//user[", "/text()", "//*[", "[position()", "[last()", "/@*", "//node()"];
    seen.hit_if(marked && has_any(text.low, &steps), Rule::XpathExpression);
}

fn is_xpath(text: &Text<'_>, hit: Hit, rest: &[u8]) -> bool {
    match text.word(hit) {
        b"child" | b"parent" | b"ancestor" | b"descendant" | b"following" | b"preceding" | b"attribute" | b"self" => {
            begins(rest, &["::", "-or-self::", "-sibling::"])
                && (begins(tail(rest, 2), &["*", "node()", "text()"]) || text.prior(hit.start) == b'/' || begins(rest, &["-"]))
        }
        b"string" => begins(rest, &["-length("]) && has_any(rest, &["//", "name(", "/"]),
        b"substring" | b"count" | b"contains" | b"name" | b"local" | b"translate" | b"normalize" => {
            begins(rest, &["(/", "(//", "(name(", "(//*", "(.//", "-name(/", "(local-name"])
        }
        b"position" | b"last" => rest.starts_with(b"()=") || rest.starts_with(b"() ="),
        b"doc" => begins(rest, &["('http", "(\"http", "(concat("]),
        b"unparsed" => rest.starts_with(b"-text("),
        _ => false,
    }
}
