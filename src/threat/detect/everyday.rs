//! Values that are texts, phrases, searches or lines of programs: what libinjection's reading means little in.

use super::breaks;
use crate::threat::text::{Hit, Marks, Text, begins, byte, find, has, has_any, is_word, skip, tail, window};
use crate::threat::words::Kind;

/// Whether a value is a text, a phrase or a line of a program, in which libinjection's reading means little: nothing in it is SQL's alone.
pub fn is_everyday(text: &Text<'_>) -> bool {
    if text.is_long() {
        return !is_dense(text);
    }
    let low = text.low;
    let sql = text.of(Kind::SQL.or(Kind::SQL_CALL).or(Kind::SQL_SCHEMA)).count();
    let plain = low.iter().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b' ' | b'.' | b',' | b'?' | b'!'));
    let elided = breaks::is_elided(low) && !text.has(Marks::EQUALS.and(Marks::HASH).and(Marks::DASHES).and(Marks::CHAIN).and(Marks::SLASH));
    if elided && sql < 2 {
        return true;
    }
    if plain && sql < 2 && low.split(|byte| !is_word(*byte)).filter(|word| !word.is_empty()).count() > 3 {
        return true;
    }
    if sql == 0 && (is_range(low.trim_ascii()) || is_pattern(low) && !text.kinds.any(Kind::LOGIC) || is_banner(text))
        || is_statement(low)
        || is_entry(text)
    {
        return true;
    }
    if breaks::into_condition(text) {
        return false;
    }
    let letters = low.iter().filter(|byte| byte.is_ascii_lowercase() || **byte == b' ').count();
    let mostly_letters = letters * 100 >= low.len() * 80;
    let words = low.split(|byte| !is_word(*byte)).filter(|word| word.len() > 1).count();
    let phrase = (sql == 0 || !text.has(Marks::PAREN))
        && mostly_letters
        && words >= 5
        && sql < 2
        && !text.has(Marks::EQUALS)
        && !has_any(low, &["/*", "--", "infile", "case when", " is unknown", " not unknown"]);
    phrase || is_search(text, sql) || is_program(text)
}

/// Whether it is a word and a number or a range in brackets, `month (1-12)`, with a space between them as no call has one.
fn is_range(low: &[u8]) -> bool {
    let word = low.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let inside = tail(low, word).strip_prefix(b" (").and_then(|rest| rest.strip_suffix(b")"));
    word > 2
        && inside.is_some_and(|inside| !inside.is_empty() && inside.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b',')))
}

/// Whether it is the comment that minifiers keep, `/*! generated */`: MySQL's has a version or a keyword there.
fn is_banner(text: &Text<'_>) -> bool {
    begins(text.low.trim_ascii(), &["/*! ", "/*!\n"]) && !text.kinds.any(Kind::LOGIC) || text.low.trim_ascii() == b"/*!"
}

/// Whether a long text is hardly anything but SQL, and begins as no program and no sentence does.
pub fn is_dense(text: &Text<'_>) -> bool {
    let sql = text.of(Kind::SQL.or(Kind::SQL_CALL).or(Kind::SQL_SCHEMA).or(Kind::LOGIC)).count();
    let words = || window(text.low, 0, text.low.len()).split(|byte| !is_word(*byte)).filter(|word| word.len() > 1).count();
    sql > 3 && text.has(Marks::PAREN) && breaks::begins_as_injection(text.low) && sql * 8 >= words()
}

/// Whether it is words with quotes, ampersands and shares among them, as people search for things; and at least one word is a word.
fn is_search(text: &Text<'_>, sql: usize) -> bool {
    let plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'"' | b'&' | b'%' | b'.' | b',' | b':' | b'+' | b'_' | 0x80..);
    let mut words = text.low.split(|byte| !is_word(*byte)).filter(|word| !word.is_empty());
    let marked = text.has(Marks::QUOTE.and(Marks::AMPERSAND).and(Marks::PERCENT));
    marked
        && sql == 0
        && text.low.iter().all(plain)
        && words.clone().count() > 1
        && words.any(|word| word.len() > 3 && word.iter().all(u8::is_ascii_lowercase))
}

/// Keywords that a program hardly has by itself.
const OF_SQL_ALONE: &[&str] = &[
    "select",
    "union",
    "having",
    "waitfor",
    "exec",
    "declare",
    "drop",
    "truncate",
    "rlike",
    "regexp",
    "procedure",
    "benchmark",
    "sleep",
    "ascii",
    "unhex",
];

/// Whether it reads as a line of a program, and not of SQL.
pub fn is_program(text: &Text<'_>) -> bool {
    let low = text.low;
    if text.of(Kind::SQL.or(Kind::SQL_CALL)).any(|hit| is_of_sql_alone(text, hit)) {
        return false;
    }
    let trimmed = low.trim_ascii();
    if is_computed(trimmed) {
        return false;
    }
    if is_member(trimmed) {
        return true;
    }
    let openings = [
        "if (",
        "} else",
        "else if (",
        "for (",
        "while (",
        "export ",
        "import ",
        "use ",
        "my ",
        "our ",
        "private ",
        "public ",
        "elsif",
        "case '",
    ];
    let keywords = text.of(Kind::PROGRAM).count() + usize::from(begins(trimmed, &openings));
    let operators =
        ["==", "!=", "=>", "->", "::", " = ", " += ", " && ", " || ", "];", " & ", "//", "!("].iter().filter(|sign| has(low, sign)).count();
    let ends = usize::from(matches!(trimmed.last(), Some(b'{' | b'}' | b';' | b':' | b',' | b')' | b'(' | b'|' | b'\\')));
    let indented = if text.raw.starts_with(b"\t") || low.starts_with(b"    ") { 2 } else { usize::from(low.starts_with(b"  ")) };
    let calls = low
        .windows(2)
        .filter(|pair| matches!(pair, [before, b'('] if is_word(*before)) || matches!(pair, [b'.', after] if after.is_ascii_lowercase()))
        .count();
    let begins_in_quotes = matches!(trimmed.first(), Some(b'\'' | b'"'));
    let signs = 2 * keywords.min(2) + operators.min(2) + ends + indented + calls.min(2);
    signs >= if begins_in_quotes { 5 } else { 3 }
}

/// Whether it is such a keyword, and no name in quotes, and no declaration of a program.
fn is_of_sql_alone(text: &Text<'_>, hit: Hit) -> bool {
    let prior = text.prior(hit.start);
    let quoted = matches!(prior, b'\'' | b'"') && byte(text.low, hit.end) == prior;
    let declared = text.word(hit) == b"declare" && !begins(text.from(hit.end), &[" @", "@"]);
    !quoted && !declared && OF_SQL_ALONE.iter().any(|word| text.word(hit) == word.as_bytes())
}

/// Whether it is a statement of SQL by itself, from its keyword to its semicolon, or a query from its `SELECT` to a condition: it
/// breaks out of nothing.
pub fn is_statement(low: &[u8]) -> bool {
    let statement = low.trim_ascii();
    let starts = ["drop ", "create ", "alter ", "insert into ", "insert ignore into ", "delete from ", "update ", "select "];
    let end = statement.iter().position(|byte| *byte == b';');
    let query = |from: usize| end.is_none() && has(tail(statement, from), " where ");
    begins(statement, &starts)
        && (end.is_some_and(|end| end + 1 == statement.len())
            || statement.starts_with(b"select ") && find(statement, " from ", 0).is_some_and(query))
        && !has_any(statement, &["--", "@@", "union", "information_schema", "sleep", "outfile", "dumpfile", "load_file", "/*!", "1=1"])
}

/// Whether it is a pattern of files, `./**/*.ts`.
fn is_pattern(low: &[u8]) -> bool {
    let named = byte(low, 0).is_ascii_lowercase() && has(low, "/") && !has(low, "/**/");
    (named || begins(low, &["./", "../", "**/", "*."])) && low.iter().all(|byte| is_word(*byte) || b"./*-@{},".contains(byte))
}

/// Whether it is a line of a list or of a configuration: a name, and one text in quotes up to its end.
fn is_entry(text: &Text<'_>) -> bool {
    let low = text.low.trim_ascii();
    let low = low.strip_suffix(b",").or_else(|| low.strip_suffix(b";")).unwrap_or(low);
    let Some(&quote) = low.last().filter(|quote| matches!(quote, b'"' | b'\'')) else { return false };
    let Some(at) = low.iter().position(|byte| matches!(byte, b'"' | b'\'')) else { return false };
    let head = low.get(..at).unwrap_or_default();
    let name = head.iter().take_while(|byte| is_word(**byte) || **byte == b'-').count();
    let sign = matches!(tail(head, name), b": " | b" = " | b"=" | b" ") && name > 2 && byte(head, 0).is_ascii_lowercase();
    let item = head == b"- " || head.is_empty() && text.low.starts_with(b"  ");
    let one = low.len() > at + 1 && low.iter().filter(|byte| **byte == quote).count() == 2 && byte(low, at) == quote;
    (sign || item) && one && !text.kinds.any(Kind::SQL.or(Kind::SQL_CALL).or(Kind::LOGIC))
}

/// Whether it begins with a number and an operator that joins conditions, as no line of a program does.
fn is_computed(low: &[u8]) -> bool {
    let digits = low.iter().take(16).take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.')).count();
    digits > 0 && begins(tail(low, skip(low, digits).1), &["||", "&&", "or ", "and "])
}

/// Whether it is a member of an object in JSON, `"name": "value",`.
fn is_member(low: &[u8]) -> bool {
    let Some(rest) = low.strip_prefix(b"\"") else { return false };
    let name = rest.iter().take(64).take_while(|byte| is_word(**byte) || matches!(byte, b'@' | b'/' | b'-' | b'.' | b' ')).count();
    begins(tail(rest, name), &["\": \"", "\": {", "\": [", "\":\""]) && matches!(low.last(), Some(b'"' | b',' | b'{' | b'['))
}
