//! Places within a text: from the bytes of what a TOML string stands for to the bytes in which it is written.

use std::ops::Range;

use super::diagnostics::Diagnostic;
use super::source::Source;

/// Puts every error that is about a part of a text under that part.
pub fn place(diagnostics: &mut [Diagnostic], sources: &[Source]) {
    for diagnostic in diagnostics {
        let Some((place, within)) = diagnostic.place.as_mut().zip(diagnostic.within.take()) else { continue };
        let Some(source) = sources.get(place.file) else { continue };
        let span = span(source.slice(place.start, place.end), &within);
        (place.start, place.end) = (place.start + span.start, place.start + span.end);
    }
}

/// The bytes in `written`, a TOML string with its quotes, that stand for these bytes of its value (TOML 1.1, section String).
fn span(written: &str, within: &Range<usize>) -> Range<usize> {
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| written.starts_with(quotes)).unwrap_or_default();
    let mut at = quotes.len();
    if quotes.len() == 3 {
        let body = written.get(at..).unwrap_or_default();
        at += body.len() - body.strip_prefix("\r\n").or_else(|| body.strip_prefix('\n')).unwrap_or(body).len();
    }
    let (mut value, mut start) = (0, None);
    while let Some(c) = written.get(at..).and_then(|rest| rest.chars().next()) {
        let (length, stands_for) = match c {
            '\\' if quotes.starts_with('"') => escape(written.get(at..).unwrap_or_default()),
            c => (c.len_utf8(), c.len_utf8()),
        };
        if start.is_none() && value >= within.start && stands_for > 0 {
            start = Some(at);
        }
        if value >= within.end {
            break;
        }
        value += stands_for;
        at += length;
    }
    let end = at.min(written.len());
    start.unwrap_or(end).min(end)..end
}

/// The bytes of an escape, and how many bytes it stands for.
fn escape(text: &str) -> (usize, usize) {
    let coded = |digits: usize| {
        let code = text.get(2..2 + digits).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        (2 + digits, code.map_or(1, char::len_utf8))
    };
    match text.chars().nth(1) {
        Some('x') => coded(2),
        Some('u') => coded(4),
        Some('U') => coded(8),
        Some(c) if c.is_whitespace() => (text.len() - text.trim_start_matches('\\').trim_start().len(), 0),
        Some(c) => (1 + c.len_utf8(), 1),
        None => (1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_text_is_found_where_it_is_written() {
        for (written, within, expect) in [
            (r#""a bad c""#, 2..5, "bad"),
            ("'a bad c'", 2..5, "bad"),
            (r#""\"a\" bad""#, 4..7, "bad"),
            (r#""\u00e9\x41\U0001F431 bad""#, 8..11, "bad"),
            ("\"\"\"\na\nbad\"\"\"", 2..5, "bad"),
            ("'''\r\na bad'''", 2..5, "bad"),
            ("\"\"\"a \\\n   bad\"\"\"", 2..5, "bad"),
            ("\"\u{e9} bad\"", 3..6, "bad"),
            (r#""bad""#, 0..3, "bad"),
            (r#""a b""#, 3..3, ""),
            (r#""""#, 0..0, ""),
        ] {
            assert_eq!(written.get(span(written, &within)), Some(expect), "{written} {within:?}");
        }
    }
}
