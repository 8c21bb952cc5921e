//! SQL injection: libinjection's reading of the value as a piece of SQL, and signs that it does not know or reads too late.

use libinjectionrs::{SqliFlags, SqliState};
use std::borrow::Cow;

use super::everyday::{is_dense, is_everyday, is_program, is_statement};
use super::{Seen, breaks, opening};
use crate::threat::rules::Rule;
use crate::threat::text::{FAR, Hit, Marks, Text, begins, byte, ends_word, find, has, has_any, is_word, skip, tail, window};
use crate::threat::words::Kind;

/// Whatever says SQL in one layer of a value.
pub fn look(text: &Text<'_>, seen: &mut Seen) {
    words(text, seen);
    if text.has(Marks::SLASH) && text.has(Marks::OTHER) {
        comments(text, seen);
    }
    let syntax = Marks::SPACE
        .and(Marks::LINE)
        .and(Marks::QUOTE)
        .and(Marks::PAREN)
        .and(Marks::DASHES)
        .and(Marks::HASH)
        .and(Marks::OTHER)
        .and(Marks::EQUALS)
        .and(Marks::CHAIN)
        .and(Marks::NULL);
    if text.has(syntax) && !opening::is_harmless(text.raw, text.marks) {
        let rule = if is_everyday(text) { Rule::SqliGrammarInText } else { Rule::SqliGrammar };
        seen.hit_if(seen.wants(rule) && SqliState::new(&bounded(text.raw), SqliFlags::FLAG_NONE).detect(), rule);
    }
}

/// The longest word that is handed to libinjection whole. It asks its table for every part of a word that ends in a dot, which a
/// long word of dots would make slow; no keyword is as long.
const LONGEST_WORD: usize = 64;

/// The value with every overlong word cut: the same tokens, in linear time.
fn bounded(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.len() <= LONGEST_WORD || !raw.split(|byte| ends_word(*byte)).any(|word| word.len() > LONGEST_WORD) {
        return Cow::Borrowed(raw);
    }
    let mut length = 0usize;
    let kept = raw.iter().copied().filter(|byte| {
        length = if ends_word(*byte) { 0 } else { length + 1 };
        length <= LONGEST_WORD
    });
    Cow::Owned(kept.collect())
}

fn words(text: &Text<'_>, seen: &mut Seen) {
    seen.hit_if(!text.is_long() && text.has(Marks::QUOTE) && breaks::into_condition(text) && !is_program(text), Rule::SqliCondition);
    if !text.is_long() && text.has(Marks::PAREN) {
        let spelt = text.has(Marks::CHAIN.and(Marks::PLUS))
            && text.kinds.any(Kind::SQL_CALL)
            && has_any(text.low, &["||chr(", "||char(", ")+char(", ")+chr("]);
        seen.hit_if(spelt || asks_the_database(text), Rule::SqliFunction);
    }
    seen.hit_if(
        text.has(Marks::CHAIN) && text.kinds.any(Kind::SQL) && has_any(text.low, &[") to program ", ") to program'"]),
        Rule::SqliFunction,
    );
    let reads = text.kinds.any(Kind::SQL) && (!text.is_long() || is_dense(text));
    let whole = text.kinds.any(Kind::SQL) && text.has(Marks::CHAIN) && is_statement(text.low);
    for hit in text.hits {
        if hit.kind.any(Kind::SQL) {
            keyword(text, *hit, reads && !whole, seen);
        }
        if hit.kind.any(Kind::SQL_CALL) {
            call(text, *hit, seen);
        }
        if hit.kind.any(Kind::SQL_SCHEMA) && !text.is_long() {
            schema(text, *hit, seen);
        }
        if hit.kind.any(Kind::LOGIC) && is_tautology(text, hit.end) {
            seen.hit(if text.is_long() { Rule::SqliGrammarInText } else { Rule::SqliTautology });
        }
    }
    for joint in ["||", "&&"] {
        if text.has(Marks::CHAIN.and(Marks::AMPERSAND))
            && find(text.low, joint, 0).is_some_and(|at| is_tautology(text, at + 2))
            && text.has(Marks::QUOTE)
        {
            seen.hit_if(!text.is_long(), Rule::SqliTautology);
        }
    }
}

/// `reads`: whether a part of a statement tells anything here.
fn keyword(text: &Text<'_>, hit: Hit, reads: bool, seen: &mut Seen) {
    match text.word(hit) {
        b"union" => seen.hit_if(is_union(text, hit.end) && !joins_statements(text, hit), Rule::SqliUnion),
        b"select" if reads => {
            let inside = window(text.low, hit.end, FAR);
            let before = text.before(hit.start);
            let opened = before == b'(';
            let from = has_any(inside, &[" from", "\nfrom", ")from", "*/from", "`from", "'from", "\"from"]);
            seen.hit_if((opened || before == b';') && from, Rule::SqliStatement);
            let odd = matches!(byte(inside, 0), b'`' | b'~' | b'\\' | b'@' | b'{' | b'-' | b'"' | b'\'') || begins(inside, &[" $.`"]);
            let odd = odd && (from || has_any(inside, &["`", "[", " .e."])) || has(inside, " from dual");
            let nameless = has(inside, "``") || has(inside, "information_schema");
            seen.hit_if((odd || nameless || selects_literals(inside)) && hit.start < 8, Rule::SqliStatement);
            seen.hit_if(opened && begins(tail(text.low, text.next(hit.end).1), &["sleep(", "@@", "0)", "1)"]), Rule::SqliStatement);
        }
        b"drop" | b"delete" | b"insert" | b"update" | b"truncate" | b"alter" | b"create" | b"exec" | b"execute" | b"declare"
            if matches!(text.before(hit.start), b';' | b')' | b'\'') && (!text.is_long() || is_behind_a_quote(text, hit)) =>
        {
            let next = tail(text.low, text.next(hit.end).1);
            let objects = [
                "table",
                "database",
                "from",
                "into",
                "schema",
                "user",
                "function",
                "procedure",
                "view",
                "master",
                "xp_",
                "sp_",
                "@",
                "or replace",
            ];
            seen.hit_if(begins(next, &objects) || has(window(next, 0, 48), " set "), Rule::SqliStatement);
        }
        b"waitfor" => {
            seen.hit_if(begins(tail(text.low, text.next(hit.end).1), &["delay '", "delay \"", "delay(", "time '"]), Rule::SqliFunction)
        }
        b"into" => {
            let next = tail(text.low, text.next(hit.end).1);
            seen.hit_if(begins(next, &["outfile", "dumpfile"]), Rule::SqliFunction);
        }
        _ => {}
    }
}

/// Whether `';` or the like stands before.
fn is_behind_a_quote(text: &Text<'_>, hit: Hit) -> bool {
    let before = text.low.get(hit.start.saturating_sub(8)..hit.start).unwrap_or_default().trim_ascii_end();
    [&b"';"[..], b"\";", b"');", b"\");"].iter().any(|end| before.ends_with(end))
}

/// Whether what is selected is three literals or more: `1,2,'a'`.
fn selects_literals(inside: &[u8]) -> bool {
    let mut items = inside.split(|byte| *byte == b',').map(<[u8]>::trim_ascii_start);
    let is_literal = |item: &[u8]| matches!(byte(item, 0), b'0'..=b'9' | b'@' | b'\'' | b'"');
    items.clone().count() > 2 && items.all(is_literal)
}

/// Whether a long text has `UNION` at a line's beginning, behind another line that selects: a statement of a program.
fn joins_statements(text: &Text<'_>, hit: Hit) -> bool {
    let selects = |other: &Hit| other.end < hit.start && text.word(*other) == b"select";
    text.is_long()
        && text.before(hit.start) == b'\n'
        && text.of(Kind::SQL).any(|other| selects(&other))
        && !breaks::begins_as_injection(text.low)
}

/// `UNION`, then nothing but spaces, comments, brackets, `ALL` and `DISTINCT`, then `SELECT` and something that can be selected.
fn is_union(text: &Text<'_>, from: usize) -> bool {
    let near = window(text.low, from, 64);
    let rows = near.trim_ascii_start();
    let rows = rows.strip_prefix(b"all ").unwrap_or(rows);
    if begins(rows, &["values (", "values("]) {
        return true;
    }
    let Some(at) = find(near, "select", 0).filter(|at| !is_word(byte(near, at + 6))) else { return false };
    let between = near.get(..at).unwrap_or_default();
    let words_between = between.split(|byte| !byte.is_ascii_lowercase()).filter(|word| !word.is_empty());
    if between.is_empty() || !words_between.into_iter().all(|word| word == b"all" || word == b"distinct" || word == b"distinctrow") {
        return false;
    }
    let (next, start) = text.next(from + at + 6);
    if !matches!(next, b'a'..=b'z' | b'_') {
        return next != 0 && next != b'.' || has(between, "/*");
    }
    let inside = window(text.low, start, FAR);
    has_any(inside, &[" from", ",", "(", "/*", "--"])
}

fn call(text: &Text<'_>, hit: Hit, seen: &mut Seen) {
    let (next, _) = text.next(hit.end);
    let in_sql = || text.of(Kind::LOGIC.or(Kind::SQL)).next().is_some() || text.has(Marks::QUOTE.and(Marks::CHAIN).and(Marks::AMPERSAND));
    let is_call = match text.word(hit) {
        b"sleep" => {
            let joined = matches!(text.prior(hit.start), b'-' | b'+' | b')' | b'\'' | b'|' | b'&' | b'*' | b'/');
            next == b'(' && !text.is_long() && text.prior(hit.start) != b'.' && (joined || in_sql())
        }
        b"benchmark"
        | b"extractvalue"
        | b"updatexml"
        | b"randomblob"
        | b"elt"
        | b"make_set"
        | b"json_depth"
        | b"generate_series"
        | b"gtid_subset"
        | b"gtid_subtract"
        | b"st_latfromgeohash"
        | b"st_longfromgeohash"
        | b"st_pointfromgeohash"
        | b"raise_error"
        | b"regexp_substring"
        | b"name_const" => next == b'(' && !text.is_long() && in_sql(),
        b"pg_sleep" | b"load_file" | b"lo_import" | b"lo_export" | b"pg_read_file" | b"load_extension" | b"openrowset"
        | b"opendatasource" | b"xmltype" => next == b'(',
        b"xp_cmdshell" | b"xp_dirtree" | b"xp_regread" | b"sp_oacreate" | b"fn_varbintohexstr" => true,
        b"dbms_pipe" | b"dbms_lock" | b"dbms_session" | b"dbms_ldap" | b"utl_http" | b"utl_inaddr" | b"ctxsys" => next == b'.',
        b"procedure" => begins(tail(text.low, text.next(hit.end).1), &["analyse(", "analyse ("]),
        _ => false,
    };
    seen.hit_if(is_call, Rule::SqliFunction);
}

fn schema(text: &Text<'_>, hit: Hit, seen: &mut Seen) {
    let (next, _) = text.next(hit.end);
    let is_schema = match text.word(hit) {
        b"information_schema" | b"pg_catalog" => next == b'.' || next == b'`' || next == b'"',
        b"version" | b"datadir" | b"hostname" => text.low.get(..hit.start).unwrap_or_default().ends_with(b"@@"),
        b"group_concat" => next == b'(',
        b"sysobjects" | b"syscolumns" | b"sqlite_master" | b"sqlite_schema" | b"msysobjects" | b"pg_shadow" | b"all_tables"
        | b"user_tables" => text.hits.iter().any(|other| text.word(*other) == b"from"),
        _ => false,
    };
    seen.hit_if(is_schema, Rule::SqliSchema);
}

/// Calls without arguments that only a database answers.
const OF_THE_DATABASE: &[&str] =
    &["schema()", "database()", "user()", "version()", "connection_id()", "current_user()", "session_user()", "system_user()"];

/// Whether two such calls are compared, or one is all that another is asked.
fn asks_the_database(text: &Text<'_>) -> bool {
    let low = text.low;
    if low.len() > FAR || !has(low, "()") {
        return false;
    }
    let calls: usize =
        OF_THE_DATABASE.iter().filter_map(|call| find(low, call, 0).map(|at| 1 + usize::from(has(tail(low, at + 2), call)))).sum();
    let name = low.iter().take_while(|byte| is_word(**byte)).count();
    let inside = tail(low, name + 1).strip_suffix(b")").unwrap_or_default();
    let alone = name > 3 && byte(low, name) == b'(' && OF_THE_DATABASE.iter().any(|call| inside == call.as_bytes());
    alone || calls > 1 && has_any(low, &[" like ", "=", " and "]) && !has_any(low, &[";", "{", "==", "= "])
}

/// A condition between two literals of one kind, at or behind `from`.
fn is_tautology(text: &Text<'_>, from: usize) -> bool {
    let low = text.low;
    let (_, mut at) = skip_open(low, from);
    let Some((kind, end)) = literal(low, at) else { return false };
    let (operator, start) = skip(low, end);
    at = start;
    match operator {
        b'=' | b'<' | b'>' | b'!' => {
            while matches!(byte(low, at), b'=' | b'<' | b'>' | b'!') && at < start + 3 {
                at += 1;
            }
        }
        _ if tail(low, start).starts_with(b"like ") => at += 5,
        _ => return false,
    }
    let (_, at) = skip(low, at);
    literal(low, at).is_some_and(|(other, _)| other == kind)
}

fn skip_open(low: &[u8], from: usize) -> (u8, usize) {
    let (mut next, mut at) = skip(low, from);
    while matches!(next, b'(' | b'+' | b'-' | b'!' | b'~') && at < from + 32 {
        (next, at) = skip(low, at + 1);
    }
    (next, at)
}

/// A number or a quoted text, whether its end is there or not; what it is, and one behind its end.
fn literal(low: &[u8], at: usize) -> Option<(bool, usize)> {
    let here = byte(low, at);
    let rest = window(low, at, FAR);
    if here.is_ascii_digit() {
        let len = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(rest.len());
        return (!is_word(byte(rest, len))).then_some((true, at + len));
    }
    if here.is_ascii_lowercase() {
        let name = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
        let known =
            ["cos", "sin", "tan", "pi", "floor", "abs", "ascii", "char", "chr", "sqrt", "hex", "md5", "length", "ord", "rand", "exp"];
        let close = rest.iter().position(|byte| *byte == b')')?;
        let called = byte(rest, name) == b'(' && known.iter().any(|known| rest.get(..name) == Some(known.as_bytes()));
        return called.then_some((true, at + close + 1));
    }
    if !matches!(here, b'\'' | b'"') {
        return None;
    }
    let inside = tail(rest, 1);
    let len = inside.iter().position(|byte| *byte == here).map_or(inside.len(), |len| len + 1);
    Some((false, at + 1 + len))
}

/// Comments that only a database needs: conditional ones, and empty ones within words.
fn comments(text: &Text<'_>, seen: &mut Seen) {
    if text.is_long() {
        return;
    }
    let low = text.low;
    if text.has(Marks::STAR) {
        let conditional = find(low, "/*!", 0).is_some_and(|at| is_word(byte(low, at + 3)) || byte(low, at + 3) == b'%');
        let mut from = 0;
        let mut splits = 0;
        while let Some(at) = find(low, "/**/", from) {
            splits += usize::from(is_word(text.prior(at)) && is_word(byte(low, at + 4)));
            from = at + 4;
        }
        seen.hit_if(conditional || splits > 0, Rule::SqliComment);
        seen.hit_if(splits > 2, Rule::SqliUnion);
    }
    let quoted = text.has(Marks::QUOTE) && has_any(low, &["'--", "' --", "'#", "'/*", "\"--", "'+--"]);
    seen.hit_if(quoted, Rule::SqliEnd);
}
