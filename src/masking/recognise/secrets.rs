//! Secrets: tokens, and keys that tell what they are.

use super::{Kind, Look, is_alphanumeric, is_token, is_upper, is_word};

/// Prefix, alphabet, and how many characters follow.
struct Key(&'static [u8], fn(u8) -> bool, std::ops::RangeInclusive<usize>);

const KEYS: &[Key] = &[
    Key(b"AKIA", is_upper, 16..=16),
    Key(b"ASIA", is_upper, 16..=16),
    Key(b"AIza", is_token, 35..=35),
    Key(b"ghp_", is_alphanumeric, 36..=255),
    Key(b"gho_", is_alphanumeric, 36..=255),
    Key(b"ghu_", is_alphanumeric, 36..=255),
    Key(b"ghs_", is_alphanumeric, 36..=255),
    Key(b"ghr_", is_alphanumeric, 36..=255),
    Key(b"github_pat_", is_word, 22..=255),
    Key(b"xoxb-", is_token, 10..=250),
    Key(b"xoxa-", is_token, 10..=250),
    Key(b"xoxp-", is_token, 10..=250),
    Key(b"xoxr-", is_token, 10..=250),
    Key(b"xoxs-", is_token, 10..=250),
    Key(b"xoxe-", is_token, 10..=250),
    Key(b"xapp-", is_token, 10..=250),
    Key(b"sk_live_", is_alphanumeric, 16..=255),
    Key(b"sk_test_", is_alphanumeric, 16..=255),
    Key(b"rk_live_", is_alphanumeric, 16..=255),
    Key(b"rk_test_", is_alphanumeric, 16..=255),
    Key(b"whsec_", is_alphanumeric, 16..=255),
    Key(b"awk_", is_word, 32..=255),
];

/// `eyJ`, which is `{"` in base64url, a full stop, and more of the same.
pub fn jwt(bytes: &[u8]) -> Look {
    let prefix = b"eyJ";
    let known = bytes.len().min(prefix.len());
    if bytes.get(..known) != prefix.get(..known) {
        return Look::Nothing;
    }
    let head = bytes.iter().take(513).take_while(|byte| is_token(**byte)).count();
    match bytes.get(head) {
        None if head < 513 => return Look::More,
        Some(b'.') if (8..=512).contains(&head) => {}
        _ => return Look::Nothing,
    }
    let rest = bytes.get(head + 1..).unwrap_or_default();
    let more = rest.iter().take(8).take_while(|byte| is_token(**byte)).count();
    match (more, rest.len()) {
        (8, _) => Look::Begins(Kind::Jwt, head + 9),
        (more, length) if more == length => Look::More,
        _ => Look::Nothing,
    }
}

/// A key that tells by its beginning what it is.
pub fn api_key(bytes: &[u8], ended: bool) -> Look {
    let mut more = false;
    for Key(prefix, of, lengths) in KEYS {
        let known = bytes.len().min(prefix.len());
        if bytes.get(..known) != prefix.get(..known) {
            continue;
        }
        let rest = bytes.get(prefix.len()..).unwrap_or_default();
        let length = rest.iter().take(lengths.end() + 1).take_while(|byte| of(**byte)).count();
        if length == rest.len() && length <= *lengths.end() && !ended {
            more = true;
        } else if lengths.contains(&length) && !rest.get(length).copied().is_some_and(is_word) {
            return Look::Found(Kind::ApiKey, prefix.len() + length);
        }
    }
    if more { Look::More } else { Look::Nothing }
}

/// `-----BEGIN RSA PRIVATE KEY-----`
pub fn private_key(bytes: &[u8]) -> Look {
    let prefix = b"-----BEGIN ";
    let known = bytes.len().min(prefix.len());
    if bytes.get(..known) != prefix.get(..known) {
        return Look::Nothing;
    }
    let rest = bytes.get(prefix.len()..).unwrap_or_default();
    let label = rest.iter().take(33).take_while(|byte| is_upper(**byte) || **byte == b' ').count();
    let words = rest.get(..label).unwrap_or_default();
    match rest.get(label..) {
        _ if label > 32 => Look::Nothing,
        Some([]) | None => Look::More,
        Some(rest) if words.ends_with(b"PRIVATE KEY") || words.ends_with(b"PRIVATE KEY BLOCK") => {
            let dashes = rest.iter().take(5).take_while(|byte| **byte == b'-').count();
            match dashes {
                5 => Look::Begins(Kind::PrivateKey, prefix.len() + label + 5),
                dashes if dashes == rest.len() => Look::More,
                _ => Look::Nothing,
            }
        }
        Some(_) => Look::Nothing,
    }
}
