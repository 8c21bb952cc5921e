//! API keys as text: `awk_live_4kqzv2m7c3ta_` and 39 more letters and digits.
//!
//! A key says what it is before anybody looks it up: the prefix `awk`, the environment it is for, an id by which it is found, then
//! 160 random bits and a checksum of everything before it (CRC-32), both in base32 (RFC 4648 section 6) in lower case. So a mistyped or
//! foreign key is refused by arithmetic, and a scanner for leaked secrets finds keys by [`PATTERN`] without false alarms. What is
//! stored is [`digest`]: a key has more randomness than anyone can try, so a plain SHA-256 is enough.

use sha2::{Digest as _, Sha256};

/// What every key matches, as a regular expression for scanners.
pub const PATTERN: &str = "awk_[a-z0-9]{1,16}_[a-z2-7]{12}_[a-z2-7]{39}";

/// What every key begins with.
pub const PREFIX: &str = "awk_";

/// How many random bytes [`make`] needs: one for each letter of the id, and the secret itself.
pub const RANDOM: usize = ID + SECRET_BYTES;

const ID: usize = 12;
const SECRET_BYTES: usize = 20;
const SECRET: usize = 32;
const CHECKSUM: usize = 7;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A text that may be a key: its form and its checksum are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    /// What it is for, `live` or `test` for instance.
    pub environment: &'a str,
    /// By what it is found.
    pub id: &'a str,
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// It has another form: somebody else's key, a token, anything.
    Foreign,
    /// It has the form of a key, and its checksum is another one.
    Mistyped,
}

/// Reads a text. Nothing is said about whether such a key was ever made.
///
/// # Errors
/// Why it is no key.
pub fn read(text: &str) -> Result<Written<'_>, Malformed> {
    let mut parts = text.strip_prefix(PREFIX).ok_or(Malformed::Foreign)?.split('_');
    let (Some(environment), Some(id), Some(rest), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(Malformed::Foreign);
    };
    let is_base32 = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| ALPHABET.contains(&byte));
    if !is_environment(environment) || !is_id(id) || !is_base32(rest, SECRET + CHECKSUM) {
        return Err(Malformed::Foreign);
    }
    let (signed, checksum) = text.split_at_checked(text.len() - CHECKSUM).ok_or(Malformed::Foreign)?;
    if checksum == checksum_of(signed) { Ok(Written { environment, id }) } else { Err(Malformed::Mistyped) }
}

/// Whether a text can be a key's id.
pub fn is_id(text: &str) -> bool {
    text.len() == ID && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// Whether a text can be a key's environment: 1 to 16 of `a` to `z` and `0` to `9`.
pub fn is_environment(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Makes a key of random bytes. The environment must be one ([`is_environment`]).
pub fn make(environment: &str, random: &[u8; RANDOM]) -> String {
    let (id, secret) = random.split_at(ID);
    let letter = |five: u8| char::from(ALPHABET.get(usize::from(five & 31)).copied().unwrap_or(b'a'));
    let mut key = format!("{PREFIX}{environment}_");
    key.extend(id.iter().map(|byte| letter(*byte)));
    key.push('_');
    for five in secret.chunks(5) {
        let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        key.extend((0..8).rev().map(|at| letter((bits >> (5 * at)) as u8)));
    }
    let checksum = checksum_of(&key);
    key + &checksum
}

/// What is stored of a key: SHA-256 of its whole text, in hexadecimal.
pub fn digest(key: &str) -> String {
    crate::observe::trace::hex(&Sha256::digest(key.as_bytes()))
}

fn checksum_of(text: &str) -> String {
    let crc = crc32(text.as_bytes());
    let letter = |at: u32| char::from(ALPHABET.get((crc >> at & 31) as usize).copied().unwrap_or(b'a'));
    let first = char::from(ALPHABET.get((crc >> 30) as usize).copied().unwrap_or(b'a'));
    std::iter::once(first).chain([25, 20, 15, 10, 5, 0].map(letter)).collect()
}

/// CRC-32 as in ISO 3309, Ethernet and zip.
fn crc32(bytes: &[u8]) -> u32 {
    let step =
        |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 });
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(environment: &str, seed: u8) -> String {
        make(environment, &std::array::from_fn(|index| seed.wrapping_mul(31).wrapping_add(index as u8 * 7)))
    }

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn what_was_made_is_read_and_all_else_is_not() {
        let made = key("live", 1);
        let Ok(Written { environment, id }) = read(&made) else { panic!("{made}") };
        assert_eq!((environment, id.len(), made.len()), ("live", 12, 61));
        let changed = |from: &str, to: &str| made.replacen(from, to, 1);
        let mut other = made.clone();
        other.replace_range(30..31, if &made[30..31] == "a" { "b" } else { "a" });
        for (text, expect) in [
            (other, Malformed::Mistyped),
            (changed("awk_live_", "awk_test_"), Malformed::Mistyped),
            (changed("awk_", "ghp_"), Malformed::Foreign),
            (made.to_uppercase(), Malformed::Foreign),
            (format!(" {made}"), Malformed::Foreign),
            (format!("{made} "), Malformed::Foreign),
            (format!("{made}a"), Malformed::Foreign),
            (format!("{made}_"), Malformed::Foreign),
            (made[..60].to_owned(), Malformed::Foreign),
            (changed("_live_", "__"), Malformed::Foreign),
            (changed("_live_", "_LIVE_"), Malformed::Foreign),
            ("awk_".to_owned(), Malformed::Foreign),
            ("eyJhbGciOiJub25lIn0.e30.".to_owned(), Malformed::Foreign),
            (String::new(), Malformed::Foreign),
        ] {
            assert_eq!(read(&text), Err(expect), "{text}");
        }
    }

    #[test]
    fn scanners_find_keys_by_the_pattern() {
        let pattern = regex_lite::Regex::new(&format!("^{PATTERN}$")).unwrap();
        for seed in 0..100 {
            assert!(pattern.is_match(&key(if seed % 2 == 0 { "live" } else { "t" }, seed)));
        }
    }

    #[test]
    fn the_digest_is_of_the_whole_text() {
        let one = key("live", 1);
        assert_eq!(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(digest(&one).len(), 64);
        assert_ne!(digest(&one), digest(&key("test", 1)));
    }

    proptest! {
        #[test]
        fn every_key_is_read_and_no_single_change_passes(random in prop::array::uniform32(any::<u8>()), at in 0usize..61, with in "[a-z0-9_]") {
            let made = make("live", &random);
            prop_assert!(read(&made).is_ok());
            let mut changed = made.clone();
            changed.replace_range(at..=at, &with);
            prop_assert!(changed == made || read(&changed).is_err());
        }

        #[test]
        fn no_text_breaks_the_reader(text in "(awk_)?.{0,70}") {
            let _ = read(&text);
        }
    }
}
