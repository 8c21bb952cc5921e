//! How a value begins, as tokens of SQL. libinjection folds a value to at most five tokens and knows which rows of them are attacks;
//! none begins with two names, say, and most honest values have begun so after a word or two. Then it need not be asked.

mod known;

use crate::threat::text::{Marks, byte, ends_word, has, tail};
use crate::threat::words::{SEED, mix};

/// The most tokens that are read.
const MOST: usize = 32;

/// Whether libinjection is sure to find nothing in a value. `false` says nothing.
pub fn is_harmless(raw: &[u8], marks: Marks) -> bool {
    // A strange comment, and a nameless name in braces, are attacks wherever they stand.
    let strange = marks.any(Marks::STAR) && has(raw, "/*") || marks.any(Marks::BACKTICK) && marks.any(Marks::BRACE);
    if strange || !begins_harmless(Reader { raw, at: 0 }, Row::default()) {
        return false;
    }
    // It reads on as though the value stood within quotes that its first quote closes.
    (!marks.any(Marks::SINGLE) || is_harmless_within(raw, b'\'')) && (!marks.any(Marks::DOUBLE) || is_harmless_within(raw, b'"'))
}

fn is_harmless_within(raw: &[u8], quote: u8) -> bool {
    let Some(at) = raw.iter().position(|byte| *byte == quote) else { return true };
    let escaped = byte(raw, at + 1) == quote || at.checked_sub(1).is_some_and(|before| byte(raw, before) == b'\\');
    !escaped && begins_harmless(Reader { raw, at: at + 1 }, Row { letters: [b's', 0, 0, 0, 0], len: 1, ..Row::default() })
}

fn begins_harmless<'a>(mut reader: Reader<'a>, mut row: Row<'a>) -> bool {
    for _ in 0..MOST {
        let Some(token) = reader.token() else { return false };
        match token.letter {
            0 => return row.len + usize::from(row.joint != 0) <= 2 || row.joint == 0 && !known::is_attack(row.letters()),
            letter @ (b'u' | b'o' | b',') => {
                if !row.joins(letter) {
                    return false;
                }
            }
            b'(' if row.len == 0 => {}
            letter @ (b'n' | b'1' | b's' | b'v') if row.joint != 0 => {
                if !row.folds(letter) {
                    return false;
                }
            }
            letter => {
                let operand = matches!(letter, b'n' | b'1' | b's' | b'v' | b'f' | b'k');
                if row.len == 0 && !operand || row.is_phrase_with(token) || row.last() == b';' && letter == b'f' {
                    return false;
                }
                if matches!(letter, b's' | b';' | b')' | b'(') && row.last() == letter {
                    continue;
                }
                if row.joint != 0 && !row.keeps_comma(letter) {
                    return false;
                }
                row.push(token);
                if row.len > 1 && !known::begins_attack(row.letters()) {
                    return token.phrase.is_empty() || reader.ends_phrase(token);
                }
                if row.len == row.letters.len() {
                    return false;
                }
            }
        }
    }
    false
}

/// The tokens so far, folded.
#[derive(Default)]
struct Row<'a> {
    letters: [u8; 5],
    len: usize,
    /// An operator or a comma behind the last: with an operand behind it in turn, both fold into the last.
    joint: u8,
    /// The last, where it is a name that may be a keyword together with the next.
    phrase: &'a [u8],
}

impl<'a> Row<'a> {
    fn last(&self) -> u8 {
        self.len.checked_sub(1).map_or(0, |at| byte(&self.letters, at))
    }

    fn push(&mut self, token: Token<'a>) {
        if let Some(letter) = self.letters.get_mut(self.len) {
            *letter = token.letter;
        }
        self.len += 1;
        self.phrase = token.phrase;
    }

    /// Takes an operator or a comma. `false` where what becomes of it is not known here.
    fn joins(&mut self, letter: u8) -> bool {
        let unary = letter == b'u';
        let letter = if unary { b'o' } else { letter };
        match (self.last(), self.joint) {
            (0, 0) => unary,
            (b'n' | b'1' | b'v', 0) | (b's', 0) if letter == b',' || self.last() != b's' => {
                self.joint = letter;
                true
            }
            (_, b'o') => unary,
            _ => false,
        }
    }

    /// Takes an operand behind an operator or a comma. `false` where it does not fold.
    fn folds(&mut self, letter: u8) -> bool {
        let folds = self.joint == b',' || letter != b's' && (letter != b'v' || self.last() == b'v');
        self.joint = 0;
        folds
    }

    /// Takes the comma before a keyword, which stays. `false` where something else happens, or there is no room.
    fn keeps_comma(&mut self, letter: u8) -> bool {
        let keeps = self.joint == b',' && matches!(letter, b'f' | b'k') && self.len + 1 < self.letters.len();
        self.joint = 0;
        if keeps {
            self.push(Token { letter: b',', ..Token::default() });
        }
        keeps
    }

    /// Whether the last name and this token may be one keyword, or a function's name and its bracket.
    fn is_phrase_with(&self, token: Token<'_>) -> bool {
        !self.phrase.is_empty() && (token.letter == b'(' || !token.word.is_empty() && known::is_phrase(self.phrase, token.word))
    }

    fn letters(&self) -> &[u8] {
        self.letters.get(..self.len).unwrap_or_default()
    }
}

#[derive(Clone, Copy, Default)]
struct Token<'a> {
    /// libinjection's letter, `u` for an operator that may have one operand, 0 for the end.
    letter: u8,
    word: &'a [u8],
    /// The word again, where it may be a keyword together with the next.
    phrase: &'a [u8],
}

struct Reader<'a> {
    raw: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next token; `None` where it is one that only libinjection itself can tell.
    fn token(&mut self) -> Option<Token<'a>> {
        while matches!(self.raw.get(self.at), Some(0..=b' ' | 0xa0)) {
            self.at += 1;
        }
        let Some(&here) = self.raw.get(self.at) else { return Some(Token::default()) };
        let next = byte(self.raw, self.at + 1);
        let letter = match here {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80.. => return self.word(),
            b'0'..=b'9' => return self.number(),
            b'@' => return self.variable(),
            b'\'' | b'"' => return self.text(here),
            b'(' | b')' | b',' | b';' | b'?' => here,
            // Operators of two characters, and comments.
            _ if next == b'=' || b"!!!<!>&&::<<<><@>>|||/~*/*--".chunks(2).any(|pair| pair == [here, next]) => return None,
            b'+' | b'-' | b'!' | b'~' => b'u',
            b'/' | b'%' | b'*' | b'=' | b'<' | b'>' | b'^' | b'|' | b'&' => b'o',
            b':' => b':',
            _ => return None,
        };
        self.at += 1;
        Some(Token { letter, ..Token::default() })
    }

    fn word(&mut self) -> Option<Token<'a>> {
        let rest = tail(self.raw, self.at);
        let (mut hash, mut len) = (SEED, 0);
        while let Some(&byte) = rest.get(len).filter(|byte| !ends_word(**byte)) {
            // A keyword before a dot ends there.
            if byte == b'`' || byte == b'.' && known::keyword(rest.get(..len)?, hash) != Some(b'n') {
                return None;
            }
            hash = mix(hash, byte.to_ascii_lowercase());
            len += 1;
        }
        let word = rest.get(..len)?;
        let prefixed = matches!(rest.first(), Some(b'B' | b'b' | b'E' | b'e' | b'N' | b'n' | b'Q' | b'q' | b'U' | b'u' | b'X' | b'x'));
        if prefixed && len <= 2 && matches!(rest.get(len), Some(b'\'' | b'&')) {
            return None;
        }
        let letter = known::keyword(word, hash)?;
        let joins = letter != b'n' || known::is_part(hash);
        self.at += len;
        Some(Token { letter, word, phrase: if joins { word } else { &[] } })
    }

    fn number(&mut self) -> Option<Token<'a>> {
        let rest = tail(self.raw, self.at);
        let digits = |from: usize| tail(rest, from).iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut len = digits(0);
        if byte(rest, len) == b'.' {
            len += 1 + digits(len + 1);
        }
        // An exponent, a suffix, another base; and what is so long that it is handed over cut.
        if matches!(byte(rest, len) | 0x20, b'e' | b'd' | b'f' | b'x' | b'b') || len > 48 {
            return None;
        }
        self.at += len;
        Some(Token { letter: b'1', ..Token::default() })
    }

    /// A text in quotes, closed or not; `None` where another such quote stands in it.
    fn text(&mut self, quote: u8) -> Option<Token<'a>> {
        let inside = tail(self.raw, self.at + 1);
        let len = inside.iter().position(|byte| *byte == quote).unwrap_or(inside.len());
        if byte(inside, len + 1) == quote || len.checked_sub(1).is_some_and(|last| byte(inside, last) == b'\\') {
            return None;
        }
        self.at += len + 2;
        Some(Token { letter: b's', ..Token::default() })
    }

    fn variable(&mut self) -> Option<Token<'a>> {
        let signs = 1 + usize::from(byte(self.raw, self.at + 1) == b'@');
        let rest = tail(self.raw, self.at + signs);
        if matches!(byte(rest, 0), b'`' | b'\'' | b'"') {
            return None;
        }
        let ends = |byte: &u8| matches!(byte, b'`') || ends_word(*byte) && !matches!(byte, b'[' | b']' | b'{' | b'}' | 0xa0 | 0);
        self.at += signs + rest.iter().position(ends).unwrap_or(rest.len());
        Some(Token { letter: b'v', ..Token::default() })
    }

    /// Whether a name that begins some keywords is sure to stand for itself.
    fn ends_phrase(&mut self, token: Token<'_>) -> bool {
        match self.token() {
            Some(Token { letter: 0, .. }) => true,
            Some(Token { letter: b'n' | b'f' | b'k', word, .. }) => !known::is_phrase(token.phrase, word),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libinjectionrs::{SqliFlags, SqliState};
    use proptest::prelude::*;

    fn dismissed(text: &str) -> bool {
        is_harmless(text.as_bytes(), Marks::of(text.as_bytes()))
    }

    #[test]
    fn everyday_values_are_dismissed() {
        for text in [
            "Anvil, cast iron, size 3",
            "Rue de l'Église 7",
            "Seán O'Brien",
            "sean+orders@example.com",
            "+41 44 668 18 00",
            "2026-11-25T18:30:00",
            "for sale",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Please ring twice; the bell's broken.",
            "1,299.00",
            "12:30",
            "say \"yes\" twice",
            "https://shop.example/orders/17?tab=items",
        ] {
            assert!(dismissed(text), "{text}");
        }
        for text in ["1 or 1=1", "1' union select 1", "x' and 'a'='a", "group by", "a /*!", "a b /*!x*/", "1;drop table a", "user(1)"] {
            assert!(!dismissed(text), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]
        #[test]
        fn what_is_dismissed_is_no_attack(text in r#"([a-c]{1,2}|[0-9]{1,2}|for|group|by|user|in|or|and|union|select|update|left|join|is|not|sys\.x|e|x|q| | |,|;|:|\(|\)|\+|-|=|/|@|\.|'|"|\?|\{|\}|\\|`|#|--|/\*|\*/|!|\||&|é|\[|\]|\$){0,14}"#) {
            let found = SqliState::new(text.as_bytes(), SqliFlags::FLAG_NONE).detect();
            prop_assert!(!(found && dismissed(&text)), "{text}");
        }
    }
}
