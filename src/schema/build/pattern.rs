//! Regular expressions of JSON Schema (ECMA-262) as the worker's linear engine takes them.
//!
//! What cannot be had in linear time, or not at all, is an error: look-around and back-references. Classes of Unicode (`\p{L}`) are
//! written out, since the engine has no tables.

use regex_syntax::Parser;
use regex_syntax::hir::print::Printer;

const ANY: &str = r"[^\n\r\u{2028}\u{2029}]";
const SPACE: &str = r"\t\n\x0B\x0C\r \u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";

/// Translates a pattern.
///
/// # Errors
/// Why it cannot be had.
pub fn translate(pattern: &str) -> Result<String, String> {
    let rust = to_rust(pattern)?;
    let hir = Parser::new().parse(&rust).map_err(|error| {
        let reason = error.to_string();
        format!("`{pattern}` is not a regular expression: {}", reason.lines().last().unwrap_or_default().trim_start_matches("error: "))
    })?;
    let mut printed = String::new();
    Printer::new().print(&hir, &mut printed).map_err(|error| error.to_string())?;
    // Sizes are limited alike here and in the worker.
    regex_lite::Regex::new(&printed).map_err(|error| format!("`{pattern}` cannot be had: {error}"))?;
    Ok(printed)
}

/// The same pattern as the `regex` crate writes it.
fn to_rust(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, class, &mut out)?,
            '[' if class => out.push_str("\\["),
            '[' => {
                let negated = chars.next_if_eq(&'^').is_some();
                if chars.next_if_eq(&']').is_some() {
                    out.push_str(if negated { r"[\x00-\u{10ffff}]" } else { r"[^\x00-\u{10ffff}]" });
                } else {
                    class = true;
                    out.push_str(if negated { "[^" } else { "[" });
                }
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            '&' | '~' | '^' | '#' if class => out.extend(['\\', c]),
            '-' if class && chars.peek() == Some(&'-') => out.push_str("\\-"),
            '.' if !class => out.push_str(ANY),
            '(' if !class && chars.peek() == Some(&'?') => {
                let ahead: String = chars.clone().skip(1).take(2).collect();
                if ahead.starts_with(['=', '!']) || ahead == "<=" || ahead == "<!" {
                    return Err(format!("`{pattern}` looks around, which takes more than linear time"));
                }
                out.push('(');
            }
            '{' if !class && !is_count(chars.clone().collect::<String>().as_str()) => out.push_str("\\{"),
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Whether a repetition follows: `3}`, `3,}`, `3,5}`.
fn is_count(rest: &str) -> bool {
    rest.split_once('}').is_some_and(|(count, _)| {
        let (least, most) = count.split_once(',').unwrap_or((count, ""));
        !least.is_empty() && [least, most].iter().all(|number| number.bytes().all(|b| b.is_ascii_digit()))
    })
}

fn escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, class: bool, out: &mut String) -> Result<(), String> {
    let Some(c) = chars.next() else { return Err("a pattern ends in a backslash".to_owned()) };
    match c {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.extend(["[", SPACE, "]"]),
        'S' => out.extend(["[^", SPACE, "]"]),
        'b' if class => out.push_str("\\x08"),
        'b' => out.push_str(r"(?-u:\b)"),
        'B' if !class => out.push_str(r"(?-u:\B)"),
        'c' => {
            let letter = chars.next().filter(char::is_ascii_alphabetic).ok_or("`\\c` needs a letter")?;
            out.push_str(&format!("\\x{:02x}", u32::from(letter) % 32));
        }
        '0' => out.push_str("\\x00"),
        '1'..='9' | 'k' => return Err("a pattern refers back to a group, which takes more than linear time".to_owned()),
        'u' | 'p' | 'P' if chars.peek() == Some(&'{') => {
            out.extend(['\\', c]);
            for c in chars.by_ref() {
                out.push(c);
                if c == '}' {
                    break;
                }
            }
        }
        'u' => {
            let unit = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
                let digits: String = chars.by_ref().take(4).collect();
                u32::from_str_radix(&digits, 16).map_err(|_| "`\\u` needs four hexadecimal digits")
            };
            let first = unit(chars)?;
            let code = if (0xd800..0xdc00).contains(&first) && chars.next_if_eq(&'\\').is_some() && chars.next_if_eq(&'u').is_some() {
                0x1_0000 + ((first - 0xd800) << 10) + unit(chars)?.wrapping_sub(0xdc00)
            } else {
                first
            };
            out.push_str(&format!("\\u{{{code:x}}}"));
        }
        'p' | 'P' | 't' | 'n' | 'r' | 'f' | 'v' | 'x' => out.extend(['\\', c]),
        c if c.is_ascii_alphanumeric() => return Err(format!("`\\{c}` means nothing in a pattern")),
        '/' | '"' | '\'' | '_' | ' ' | ',' | ':' | ';' | '=' | '@' | '%' | '!' | '`' | '<' | '>' => out.push(c),
        c if c.is_ascii_punctuation() => out.extend(['\\', c]),
        c => out.push(c),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_ecma_262() {
        for (pattern, yes, no) in [
            ("^[a-z]+$", &["abc"][..], &["abC", "ab1", ""][..]),
            ("^\\d{3}-\\w+$", &["123-a_B"], &["12-a", "\u{661}\u{661}\u{661}-a"]),
            ("a.c", &["abc", "a\u{e9}c"], &["a\nc", "a\u{2028}c"]),
            ("^\\p{L}+$", &["Stra\u{df}e", "\u{4e2d}\u{6587}"], &["a1"]),
            ("^\\p{Lu}\\P{Lu}$", &["Aa"], &["AA"]),
            ("^[\\w.%+-]+@[\\d]$", &["a.b@1"], &["a@a"]),
            ("^\\S+\\s\\S+$", &["a\u{a0}b"], &["ab"]),
            ("^[&&~~--a]+$", &["&~-a"], &["b"]),
            ("^[[]$", &["["], &["]"]),
            ("^a{2}b{1,}c{0,1}{x}$", &["aabbc{x}", "aab{x}"], &["ab{x}"]),
            ("\\bfoo\\b", &["a foo b"], &["afoo"]),
            ("^\\u00e9\\ud83d\\ude00\\x41\\cJ$", &["\u{e9}\u{1f600}A\n"], &["e"]),
            ("^\\/\\-\\.$", &["/-."], &["a"]),
            ("^[^]$", &["a", "\n"], &["", "ab"]),
            ("^(?<year>\\d{4})$", &["2026"], &["26"]),
            ("^(?:a|b)*?c$", &["abc"], &["d"]),
            ("", &["", "x"], &[]),
        ] {
            let translated = translate(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            let regex = regex_lite::Regex::new(&translated).unwrap();
            yes.iter().for_each(|text| assert!(regex.is_match(text), "{pattern} ({translated}) takes {text:?}"));
            no.iter().for_each(|text| assert!(!regex.is_match(text), "{pattern} ({translated}) does not take {text:?}"));
        }
    }

    #[test]
    fn what_cannot_be_had_is_an_error() {
        for (pattern, reason) in [
            ("(?=a)b", "looks around"),
            ("(?<!a)b", "looks around"),
            ("(a)\\1", "refers back"),
            ("(", "unclosed group"),
            ("[b-a]", "invalid character class range"),
            ("\\q", "means nothing"),
            ("a{1000}{1000}{100}", "cannot be had"),
            ("\\", "ends in a backslash"),
        ] {
            let error = translate(pattern).unwrap_err();
            assert!(error.contains(reason), "{pattern}: {error}");
        }
    }
}
