//! What libinjection's table says of words, and of rows of tokens.

// The table is read while this is compiled, and its function is called where the gateway runs: what reads the table there brings a
// second one along.
use libinjectionrs::sqli::TokenType;
use libinjectionrs::sqli::sqli_data::{SQL_KEYWORDS, lookup_word};

use crate::threat::words::{SEED, mix};

/// Whether a row of at least two letters is how some attack begins. The letters are libinjection's: `n` a name, `1` a number, `s` a text,
/// `v` a variable, `f` a function, `k` a keyword, and others as they are written.
pub fn begins_attack(letters: &[u8]) -> bool {
    match letters {
        [first, second] => !is_harmless_pair(*first, *second),
        [_, _, _] => is_begun(&BEGUN_BY_THREE, letters),
        [_, _, _, _] => is_begun(&BEGUN_BY_FOUR, letters),
        _ => is_attack(letters),
    }
}

/// Whether a whole row is an attack.
pub fn is_attack(letters: &[u8]) -> bool {
    // Rows stand among the keywords, behind a zero.
    let row: String = std::iter::once('0').chain(letters.iter().map(|letter| char::from(*letter))).collect();
    lookup_word(&row) == TokenType::Fingerprint
}

/// Whether no attack begins with this pair; those that are met most.
fn is_harmless_pair(first: u8, second: u8) -> bool {
    let seconds: &[u8] = match first {
        b'n' => b"nv:(?",
        b'1' => b"1:?",
        b's' => b"n:?",
        b'v' => b"n1sv:?",
        b'f' => b"n1svfk;:)?",
        b'k' => b"k;:)?",
        _ => b"",
    };
    seconds.contains(&second)
}

/// The letter of a word: of a name, a function or a keyword. `None` for a word that libinjection treats in a way of its own.
pub fn keyword(word: &[u8], hash: u32) -> Option<u8> {
    if word.len() >= 32 || !holds(&WORDS, hash) {
        return Some(b'n');
    }
    match std::str::from_utf8(word).map_or(TokenType::Bareword, lookup_word) {
        TokenType::Bareword => Some(b'n'),
        TokenType::Function => Some(b'f'),
        TokenType::Keyword if !word.eq_ignore_ascii_case(b"in") => Some(b'k'),
        _ => None,
    }
}

/// Whether two words are a keyword together.
pub fn is_phrase(first: &[u8], second: &[u8]) -> bool {
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

/// Whether a word with this number is no keyword, but may be a part of one or a function's name before a bracket.
pub fn is_part(hash: u32) -> bool {
    holds(&PARTS, hash)
}

/// A bit for each three letters that a row begins with, if they are of [`LETTERS`].
static BEGUN_BY_THREE: [u32; 54] = begun(3);

/// The same for each four.
static BEGUN_BY_FOUR: [u32; 648] = begun(4);

/// The letters of the tokens that are read here.
const LETTERS: &[u8; 12] = b"n1svfk,;:()?";

/// Whether a row that is an attack begins with these letters, as many as the table is for.
fn is_begun(table: &[u32], letters: &[u8]) -> bool {
    let Some(place) = place(letters) else { return true };
    table.get(place / 32).is_some_and(|bits| bits & 1 << (place % 32) != 0)
}

const fn place(letters: &[u8]) -> Option<usize> {
    let (mut place, mut rest) = (0, letters);
    while let Some((letter, others)) = rest.split_first() {
        let (mut at, mut known) = (0, LETTERS.as_slice());
        loop {
            match known.split_first() {
                Some((same, _)) if *same == letter.to_ascii_lowercase() => break,
                Some((_, others)) => known = others,
                None => return None,
            }
            at += 1;
        }
        place = place * LETTERS.len() + at;
        rest = others;
    }
    Some(place)
}

const fn begun<const SIZE: usize>(len: usize) -> [u32; SIZE] {
    let mut begun = [0u32; SIZE];
    let mut keywords = SQL_KEYWORDS;
    while let Some((keyword, others)) = keywords.split_first() {
        keywords = others;
        if let [b'0', row @ ..] = keyword.word.as_bytes()
            && let Some((beginning, _)) = row.split_at_checked(len)
            && let Some(place) = place(beginning)
            && let (_, [bits, ..]) = begun.split_at_mut(place / 32)
        {
            *bits |= 1 << (place % 32);
        }
    }
    begun
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_attack_begins_as_the_harmless_do() {
        let begins = |pair: &[u8; 2]| {
            let name = [b'0', pair[0].to_ascii_uppercase(), pair[1].to_ascii_uppercase()];
            SQL_KEYWORDS.iter().any(|known| known.word.as_bytes().starts_with(&name))
        };
        for pair in b"n1svfk".iter().flat_map(|first| b"n1svfk,;:()?".map(|second| [*first, second])) {
            assert!(!is_harmless_pair(pair[0], pair[1]) || !begins(&pair), "{pair:?}");
        }
        let rows: Vec<_> = SQL_KEYWORDS.iter().filter(|known| known.token_type == b'F').collect();
        for row in &rows {
            let letters = row.word[1..].to_lowercase();
            assert!(is_attack(letters.as_bytes()), "{letters}");
            for len in 2..=letters.len() {
                assert!(begins_attack(&letters.as_bytes()[..len]), "{letters}");
            }
        }
        assert!(!begins_attack(b"n,n") && !begins_attack(b"1nn") && !begins_attack(b"n,fn"), "and no other row");
        let short = rows.iter().filter(|row| row.word.len() <= 3);
        assert!(short.into_iter().all(|row| row.word.contains(['C', 'U', 'X'])), "two tokens are one with a comment or a union alone");
    }

    #[test]
    fn words_have_their_letters() {
        let letter = |word: &str| keyword(word.as_bytes(), word.bytes().map(|byte| byte.to_ascii_lowercase()).fold(SEED, mix));
        for (word, expect) in
            [("anvil", Some(b'n')), ("Cast", Some(b'f')), ("FROM", Some(b'k')), ("by", Some(b'n')), ("in", None), ("select", None)]
        {
            assert_eq!(letter(word), expect, "{word}");
        }
        for known in SQL_KEYWORDS.iter().filter(|known| known.token_type != b'F' && known.token_type != b'n') {
            assert_ne!(letter(known.word), Some(b'n'), "{}", known.word);
        }
        assert!(is_phrase(b"group", b"By") && !is_phrase(b"group", b"photo") && is_part(b"group".iter().copied().fold(SEED, mix)));
    }
}
