//! Template injection, includes of the server, and lookups of log4j.

use super::Seen;
use crate::threat::rules::Rule;
use crate::threat::text::{FAR, Hit, Marks, Text, begins, byte, find, has, has_any, is_word, tail, window};
use crate::threat::words::Kind;

/// Brackets of templates, and what closes them.
const BRACKETS: &[(&str, &str)] = &[
    ("{{", "}}"),
    ("${", "}"),
    ("#{", "}"),
    ("*{", "}"),
    ("~{", "}"),
    ("@{", "}"),
    ("{%", "%}"),
    ("<%", "%>"),
    ("[[", "]]"),
    ("@(", ")"),
    ("%{", "}"),
    ("{", "}"),
];

/// Whatever is a template in one layer of a value.
pub fn look(text: &Text<'_>, seen: &mut Seen) {
    let brackets = Marks::BRACE.and(Marks::ANGLE).and(Marks::PAREN);
    if text.has(brackets) {
        expressions(text, seen);
    }
    if text.has(Marks::UNDERSCORES) || text.has(Marks::PAREN) || text.has(Marks::HASH) {
        objects(text, seen);
    }
    if text.has(Marks::ANGLE) {
        let low = text.low;
        let include = has_any(
            low,
            &[
                "<!--#exec",
                "<!--#include",
                "<!--#echo",
                "<!--#printenv",
                "<!--#config",
                "<!--#set",
                "<esi:include",
                "<esi:inline",
                "<esi:vars",
            ],
        );
        let freemarker = has_any(low, &["<#assign", "<#import", "<#include", "freemarker.template"]);
        seen.hit_if(include || freemarker, Rule::TemplateInclude);
    }
    if text.has(Marks::HASH) && has(text.low, "#set($") {
        seen.hit_if(!text.is_long() || has_any(text.low, &[".class", "forname", "runtime", "inspect("]), Rule::TemplateObject);
    }
    if text.has(Marks::BRACE) && !text.is_long() {
        let smarty = begins(text.low, &["{php}", "{smarty", "{$smarty.", "$smarty.version"]);
        let ognl = has(text.low, "%{#") && has_any(text.low, &["#context", "#parameters", "#request[", "#session["]);
        seen.hit_if(smarty || ognl, Rule::TemplateObject);
    }
    lookup(text, seen);
}

fn expressions(text: &Text<'_>, seen: &mut Seen) {
    let low = text.low;
    let (mut at, mut reached) = (0, 0);
    while at < low.len() {
        let here = byte(low, at);
        if !matches!(here, b'{' | b'$' | b'#' | b'*' | b'~' | b'@' | b'<' | b'[' | b'%') {
            at += 1;
            continue;
        }
        let rest = tail(low, at);
        let Some((open, close)) = BRACKETS.iter().find(|(open, _)| rest.starts_with(open.as_bytes())) else {
            at += 1;
            continue;
        };
        let (first, _) = text.next(at + open.len());
        let whole = || {
            let inside = window(rest, open.len(), FAR);
            find(inside, close, 0).map_or((inside, false), |end| (window(inside, 0, end), true))
        };
        if matches!(first, b'0'..=b'9' | b'\'' | b'"' | b'(' | b'=' | b'{') {
            let (inside, closed) = whole();
            seen.hit_if(closed && is_arithmetic(inside), Rule::TemplateArithmetic);
        }
        let bracket = !(matches!(*open, "{" | "[[") || text.is_long() && *open == "<%");
        let plain = matches!(*open, "{{" | "${");
        if bracket && at >= reached {
            let (inside, _) = whole();
            seen.hit_if(reaches(inside), Rule::TemplateObject);
            reached = at + inside.len().saturating_sub(24);
        }
        seen.hit_if(plain && first.is_ascii_lowercase() && names_its_engine(whole().0), Rule::TemplateObject);
        at += open.len();
    }
}

/// A sum or a product of two numbers, or of a number and a quoted one, and nothing else.
fn is_arithmetic(inside: &[u8]) -> bool {
    let inside = inside.strip_prefix(b"=").unwrap_or(inside).trim_ascii();
    let inside = inside.strip_prefix(b"{").or_else(|| inside.strip_prefix(b"(")).unwrap_or(inside);
    let digits = inside.iter().filter(|byte| byte.is_ascii_digit()).count();
    let operators = inside.iter().filter(|byte| matches!(byte, b'*' | b'+' | b'-' | b'/')).count();
    let others = inside
        .iter()
        .filter(|byte| !byte.is_ascii_digit() && !matches!(byte, b'*' | b'+' | b'-' | b'/' | b' ' | b'\'' | b'"' | b'(' | b')' | b'}'))
        .count();
    let multiplies = inside.contains(&b'*') || (operators == 1 && inside.contains(&b'+') && digits >= 2);
    digits >= 2
        && others == 0
        && multiplies
        && operators <= 4
        && byte(inside, 0).is_ascii_digit() | matches!(byte(inside, 0), b'\'' | b'"' | b'(')
}

/// Whether an expression reaches for the runtime below its engine.
fn reaches(inside: &[u8]) -> bool {
    let sure = has_any(
        inside,
        &[
            "__class__",
            "__globals__",
            "__import__",
            "getruntime",
            "forname(",
            "freemarker",
            "java.lang",
            "javax.script",
            "mainmodule",
            "child_process",
            "new java",
        ],
    );
    let called = has_any(
        inside,
        &[
            "system(",
            "popen(",
            "exec(",
            "passthru",
            "phpinfo",
            "|attr(",
            "getclass",
            "constructor(",
            "constructor[",
            "print(",
            "include(",
            "md5(",
            "_self.",
            "map('",
            "map(\"",
            "filter('sys",
            "filter(\"sys",
            "sort('sys",
            "reduce('sys",
            "t(org.",
            "request.server",
        ],
    );
    sure || called
}

/// Whether an expression begins with a name that the engine itself gives, and goes on into it.
fn names_its_engine(inside: &[u8]) -> bool {
    let start = inside.trim_ascii_start();
    let first = start.iter().position(|byte| !is_word(*byte)).map_or(start, |len| window(start, 0, len));
    let next = byte(start, first.len());
    let engine =
        matches!(first, b"config" | b"self" | b"request" | b"settings" | b"cycler" | b"lipsum" | b"joiner" | b"app" | b"session" | b"dump");
    let into = matches!(next, b'.' | b'[' | b'(') && has_any(inside, &["__", "environ", "items", "application", "secret", "attr", "class"]);
    engine && (into || (next == 0 && first == b"config") || (next == b'(' && first == b"dump")) || has(inside, "constructor")
}

fn objects(text: &Text<'_>, seen: &mut Seen) {
    let inside = |hit: &Hit| text.word(*hit).starts_with(b"__");
    let several = text.of(Kind::TEMPLATE).filter(inside).take(2).count() == 2;
    for hit in text.of(Kind::TEMPLATE) {
        let prior = text.prior(hit.start);
        let rest = text.from(hit.end);
        let is_inside = match text.word(hit) {
            b"__class__" | b"__mro__" | b"__subclasses__" | b"__globals__" | b"__builtins__" | b"__base__" | b"__bases__" => {
                let literal = prior == b'.' && matches!(text.prior(hit.start - 1), b'\'' | b'"' | b')' | b']' | b'}');
                !text.is_long() && (literal || (several && matches!(prior, b'.' | b'[' | b'"' | b'\'' | b'|')))
            }
            b"t" => rest.starts_with(b"(java."),
            b"_memberaccess" => matches!(prior, b'#' | b'.' | b'@' | b'"'),
            b"ognl" => rest.starts_with(b".ognlcontext") || prior == b'@',
            b"invokefunction" => true,
            b"new" => text.low.get(hit.start.saturating_sub(1)..hit.start) == Some(b"?") && rest.starts_with(b"()"),
            _ => false,
        };
        seen.hit_if(is_inside, Rule::TemplateObject);
    }
}

/// The longest lookup that is taken apart.
const LONGEST_LOOKUP: usize = 128;

/// Lookups of log4j, nested ones taken apart as it would.
pub fn lookup(text: &Text<'_>, seen: &mut Seen) {
    if !text.has(Marks::DOLLAR) || !text.has(Marks::BRACE) {
        return;
    }
    let low = text.low;
    let mut flat: Vec<u8> = Vec::with_capacity(low.len());
    let mut open: Vec<usize> = Vec::new();
    let mut nested = false;
    let mut at = 0;
    while at < low.len() {
        let here = byte(low, at);
        if here == b'$' && byte(low, at + 1) == b'{' {
            nested |= !open.is_empty() && flat.len() - open.last().copied().unwrap_or(0) < 8;
            open.push(flat.len());
            flat.extend_from_slice(b"${");
            at += 2;
            continue;
        }
        at += 1;
        flat.push(here);
        if here != b'}' {
            continue;
        }
        let Some(start) = open.pop().filter(|start| flat.len() - start <= LONGEST_LOOKUP) else { continue };
        let inside = flat.get(start + 2..flat.len() - 1).unwrap_or_default();
        seen.hit_if(is_jndi(inside), Rule::LookupJndi);
        let value = match find(inside, ":-", 0) {
            Some(default) => Some(tail(inside, default + 2).to_vec()),
            None => inside.strip_prefix(b"lower:").or_else(|| inside.strip_prefix(b"upper:")).map(<[u8]>::to_vec),
        };
        if let Some(value) = value {
            nested |= start > 1 && !open.is_empty() || inside.starts_with(b"::-");
            flat.truncate(start);
            flat.extend_from_slice(&value);
        }
    }
    let unclosed =
        find(&flat, "${jndi:", 0).is_some_and(|at| begins(tail(&flat, at + 7), &["ldap", "rmi", "dns", "nis", "iiop", "corba", "http"]));
    seen.hit_if(unclosed, Rule::LookupJndi);
    seen.hit_if(nested && !text.is_long(), Rule::LookupNested);
}

fn is_jndi(inside: &[u8]) -> bool {
    let letters = inside.iter().filter(|byte| !matches!(byte, b' ' | b'\'' | b'"')).take(5);
    letters.eq(b"jndi:") || begins(inside, &["script:", "dns:address", "url:utf-8:", "java:", "sys:java", "env:aws_"])
}
