//! Values that end the text that they stand in and go on with SQL: `x' or id is not null`, `9)) order by 4`.

use crate::threat::text::{Text, begins, byte, has_any, is_word, skip, tail, window};

/// The longest value before what ends it.
const LONGEST_VALUE: usize = 24;

/// How far a condition is looked at.
const CONDITION: usize = 48;

/// What may stand in a condition and hardly in a sentence.
const SIGNS: &[&str] = &["=", "<", ">", " like ", " is ", " between ", " null", "--", "#", "||", "/*", "@"];

/// What stands behind the quotes and brackets that end a value; `None` where nothing ends it.
pub fn behind(low: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let low = low.trim_ascii_start();
    let of_value = |byte: &u8| is_word(*byte) || matches!(byte, b'.' | b'%' | b'@' | b'-' | b'\\');
    let value = low.iter().take(LONGEST_VALUE + 1).take_while(|byte| of_value(byte)).count();
    let rest = tail(low, value);
    let closers = rest.iter().take(8).take_while(|byte| matches!(byte, b'\'' | b'"' | b'`' | b')')).count();
    let quotes = rest.get(..closers)?;
    if value > LONGEST_VALUE || !quotes.iter().any(|byte| *byte != b')') {
        return None;
    }
    let behind = tail(rest, closers);
    let value = low.get(..value)?;
    (!is_elided(low)).then_some((value, quotes, behind))
}

/// Whether a value begins with a word that lost its last letter before the next, `d'or`.
pub fn is_elided(low: &[u8]) -> bool {
    let value = low.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let cut = matches!(low.get(..value), Some(b"c" | b"d" | b"j" | b"l" | b"m" | b"n" | b"s" | b"t" | b"qu"));
    cut && byte(low, value) == b'\'' && byte(low, value + 1).is_ascii_lowercase()
}

/// Whether a value ends its text, and a condition or a clause of SQL follows.
pub fn into_condition(text: &Text<'_>) -> bool {
    let Some((value, _, behind)) = behind(text.low) else { return false };
    let (_, at) = skip(behind, 0);
    let rest = tail(behind, at);
    let word = rest.iter().take(12).take_while(|byte| byte.is_ascii_lowercase()).count();
    let operand = window(rest, word, CONDITION);
    match rest.get(..word).unwrap_or_default() {
        b"or" | b"and" | b"xor" if !is_word(byte(operand, 0)) || byte(operand, 0).is_ascii_digit() => {
            let measured = !value.is_empty() && value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
            has_any(operand, SIGNS) || (!measured && has_any(operand, &["(", " not "]))
        }
        b"union" => begins(operand, &[" select ", " select(", " all", " distinct", "(select", "/*"]) || has_any(operand, &["--", "#"]),
        b"having" | b"limit" | b"procedure" => has_any(operand, SIGNS) || byte(operand, 1).is_ascii_digit(),
        b"order" | b"group" => operand.starts_with(b" by "),
        b"waitfor" => operand.starts_with(b" delay"),
        _ => false,
    }
}

/// Whether a value begins as only an injection does: with a text's end, a number, a bracket or a semicolon.
pub fn begins_as_injection(low: &[u8]) -> bool {
    let low = low.trim_ascii_start();
    !low.starts_with(b"-- ") && matches!(byte(low, 0), b'0'..=b'9' | b'\'' | b'"' | b')' | b'(' | b';' | b'-' | b'`')
        || behind(low).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threat::text::{Marks, lower, read};

    fn breaks(text: &str) -> bool {
        let (mut low, mut hits) = (Vec::new(), Vec::new());
        lower(text.as_bytes(), &mut low);
        let (shape, kinds) = read(&low, &mut hits);
        into_condition(&Text { raw: text.as_bytes(), low: &low, marks: Marks::of(text.as_bytes()), shape, hits: &hits, kinds })
    }

    #[test]
    fn a_condition_behind_a_quote_is_told_from_a_sentence() {
        for text in ["' or id is not null", "x'))and(1)=(1)", "it' OR owner > 4", "a\" order by 3", "9' union all select", "k') having 1=1"]
        {
            assert!(breaks(text), "{text}");
        }
        for text in [
            "D'or (parfum)",
            "16\" or 18\" (unisex)",
            "'good' and 'bad'",
            "O'Brien and (sometimes) O'Neill",
            "the boys' or the girls' team",
            "1950' and 60's coats",
            "rock 'n' roll = fun",
            "O' union selected a few",
            "l'or = gold",
        ] {
            assert!(!breaks(text), "{text}");
        }
    }
}
