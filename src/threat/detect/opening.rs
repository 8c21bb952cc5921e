//! How a value begins, as tokens of SQL. libinjection folds a value to at most five tokens and knows which rows of them are attacks;
//! none begins with two names, say, and most honest values have begun so after a word or two. Then it need not be asked.

use libinjectionrs::sqli::TokenType;
use libinjectionrs::sqli::sqli_data::{SQL_KEYWORDS, lookup_word};

use crate::threat::text::{Marks, byte, has, tail};
use crate::threat::words::{SEED, mix};

/// The commonest beginnings that no row has, in libinjection's letters: `n` a name, `1` a number, `s` a text, `v` a variable.
const HARMLESS: &[[u8; 2]] = &[*b"nn", *b"n(", *b"nv", *b"n:", *b"11", *b"1:", *b"sn", *b"vn"];

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
    !marks.any(Marks::QUOTE) || (is_harmless_within(raw, b'\'') && is_harmless_within(raw, b'"'))
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
            0 => return row.len + usize::from(row.joint != 0) <= 2 || row.joint == 0 && row.is_harmless(),
            letter @ (b'u' | b'o' | b',') => {
                if !row.joins(letter) {
                    return false;
                }
            }
            b'(' if row.len == 0 => {}
            letter @ (b'n' | b'1' | b'v') if row.joint != 0 => {
                if !row.folds(letter) {
                    return false;
                }
            }
            letter => {
                let operand = matches!(letter, b'n' | b'1' | b'v' | b'f' | b'k');
                if row.len == 0 && !operand || row.is_phrase_with(token) || row.last() == b';' && letter == b'f' {
                    return false;
                }
                if matches!(letter, b';' | b')' | b'(') && row.last() == letter {
                    continue;
                }
                if row.joint != 0 && !row.keeps_comma(letter) {
                    return false;
                }
                row.push(token);
                if row.begins_none() {
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
        let folds = self.joint == b',' || letter != b'v' || self.last() == b'v';
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
        !self.phrase.is_empty() && (token.letter == b'(' || !token.word.is_empty() && is_phrase(self.phrase, token.word))
    }

    /// Whether no row that is an attack begins with this one.
    fn begins_none(&self) -> bool {
        let [first, second, ..] = self.letters;
        self.len > 1 && (self.len == 2 && HARMLESS.contains(&[first, second]) || !self.known().is_some_and(|(begins, _)| begins))
    }

    /// Whether this is a whole row, and no attack.
    fn is_harmless(&self) -> bool {
        !self.known().is_some_and(|(_, is)| is)
    }

    /// Whether a row that is an attack begins with this one, and whether it is this one.
    fn known(&self) -> Option<(bool, bool)> {
        let mut name = [b'0'; 6];
        for (to, letter) in name.iter_mut().skip(1).zip(self.letters) {
            *to = letter.to_ascii_uppercase();
        }
        let name = name.get(..=self.len)?;
        let at = SQL_KEYWORDS.partition_point(|known| known.word.as_bytes() < name);
        let found = SQL_KEYWORDS.get(at)?.word.as_bytes();
        Some((found.starts_with(name), found == name))
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
            b'(' | b')' | b',' | b';' | b'?' => here,
            _ if b"=<>!@&|*~:/-".contains(&next) => return None,
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
            if byte == b'`' || byte == b'.' && keyword(rest.get(..len)?, hash) != Some(b'n') {
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
        let letter = keyword(word, hash)?;
        let joins = letter != b'n' || holds(&PARTS, hash);
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
            Some(Token { letter: b'n' | b'f' | b'k', word, .. }) => !is_phrase(token.phrase, word),
            _ => false,
        }
    }
}

/// Whether a byte ends a word.
fn ends_word(byte: u8) -> bool {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' => false,
        byte => b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0".contains(&byte),
    }
}

/// The letter of a word: of a name, a function or a keyword. `None` for a word that libinjection treats in a way of its own.
fn keyword(word: &[u8], hash: u32) -> Option<u8> {
    if word.len() >= 32 || !holds(&WORDS, hash) {
        return Some(b'n');
    }
    match std::str::from_utf8(word).map_or(TokenType::Bareword, lookup_word) {
        TokenType::Bareword | TokenType::None => Some(b'n'),
        TokenType::Function => Some(b'f'),
        TokenType::Keyword if !word.eq_ignore_ascii_case(b"in") => Some(b'k'),
        _ => None,
    }
}

/// Whether two words are a keyword together.
fn is_phrase(first: &[u8], second: &[u8]) -> bool {
    let hash = first.iter().chain(b" ").chain(second).map(u8::to_ascii_lowercase).fold(SEED, mix);
    holds(&WORDS, hash) && keyword(&[first, b" ", second].concat(), hash) != Some(b'n')
}

const fn slot(hash: u32) -> usize {
    (hash >> 23) as usize
}

const fn bit(hash: u32) -> u32 {
    1 << (hash >> 18 & 31)
}

/// Whether a word with this number may be in a table.
fn holds(table: &[u32; 512], hash: u32) -> bool {
    table.get(slot(hash)).is_some_and(|bits| bits & bit(hash) != 0)
}

/// A bit for each of libinjection's keywords, of one word or several, by its number.
static WORDS: [u32; 512] = table(false);

/// The same for each word that is not a keyword, but a part of one or a function's name before a bracket.
static PARTS: [u32; 512] = table(true);

const fn table(of_parts: bool) -> [u32; 512] {
    let mut table = [0u32; 512];
    let mut keywords = SQL_KEYWORDS;
    while let Some((keyword, others)) = keywords.split_first() {
        keywords = others;
        let mut hash = SEED;
        let (mut bytes, mut is_part) = (keyword.word.as_bytes(), keyword.token_type == b'n');
        // Rows of tokens stand in the same table, and begin with a zero.
        if let [b'0', ..] = bytes {
            continue;
        }
        loop {
            let end = match bytes.split_first() {
                Some((b' ', behind)) if of_parts => {
                    bytes = behind;
                    is_part = true;
                    true
                }
                Some((byte, behind)) => {
                    hash = mix(hash, byte.to_ascii_lowercase());
                    bytes = behind;
                    false
                }
                None => true,
            };
            if !end {
                continue;
            }
            if is_part == of_parts
                && let (_, [bits, ..]) = table.split_at_mut(slot(hash))
            {
                *bits |= bit(hash);
            }
            hash = SEED;
            if bytes.is_empty() {
                break;
            }
        }
    }
    table
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
    fn no_row_begins_as_the_harmless_do() {
        for letters in HARMLESS {
            let mut row = Row { len: 2, ..Row::default() };
            row.letters[..2].copy_from_slice(letters);
            assert_eq!(row.known(), Some((false, false)), "{letters:?}");
        }
        let row = Row { letters: *b"1o(1)", len: 5, ..Row::default() };
        assert_eq!(row.known(), Some((true, true)));
        let short: Vec<_> = SQL_KEYWORDS.iter().filter(|known| known.token_type == b'F' && known.word.len() <= 3).collect();
        assert!(short.iter().all(|known| known.word.contains(['C', 'U', 'X'])), "two tokens are an attack with a comment or a union alone");
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
        ] {
            assert!(dismissed(text), "{text}");
        }
        for text in ["1 or 1=1", "1' union select 1", "x' and 'a'='a", "group by", "a /*!", "a b /*!x*/", "1;drop table a", "user(1)"] {
            assert!(!dismissed(text), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn what_is_dismissed_is_no_attack(text in r#"([a-c]{1,2}|[0-9]{1,2}|for|group|by|user|in|or|and|union|select|update|left|join|is|not|sys\.x|e|x|q| | |,|;|:|\(|\)|\+|-|=|/|@|\.|'|"|\?|\{|\}|\\|`|#|--|/\*|\*/|!|\||&|é|\[|\]|\$){0,14}"#) {
            let found = SqliState::new(text.as_bytes(), SqliFlags::FLAG_NONE).detect();
            prop_assert!(!(found && dismissed(&text)), "{text}");
        }
    }
}
