//! Escapes with a backslash, as programs write them, and UTF-7 (RFC 2152).

use super::{hex, push};
use crate::threat::text::{byte, tail};

/// Decodes `\u0041`, `\u{41}` and `\x41`; the bytes that it took.
pub fn backslash(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let (digits, taken) = match byte(rest, 1) {
        b'u' | b'U' if byte(rest, 2) == b'{' => {
            let inside = tail(rest, 3);
            let len = inside.iter().take(7).position(|byte| *byte == b'}').filter(|len| *len > 0)?;
            (inside.get(..len)?, len + 4)
        }
        b'u' => (rest.get(2..6)?, 6),
        b'x' | b'X' => (rest.get(2..4)?, 4),
        _ => return None,
    };
    let code = hex(digits)?;
    match u8::try_from(code) {
        Ok(byte) if taken == 4 => out.push(byte),
        _ => push(out, code),
    }
    Some(taken)
}

/// Decodes a run of UTF-7 that stands for ASCII alone; anything else stays, since a plus is more often just that.
pub fn utf7(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    if byte(rest, 1) != b'A' {
        return None;
    }
    let run = tail(rest, 1);
    let len = run.iter().take(512).position(|byte| value(*byte).is_none()).unwrap_or(run.len().min(512));
    let before = out.len();
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in run.iter().take(len) {
        bits = bits << 6 | u32::from(value(*byte)?);
        held += 6;
        if held >= 16 {
            held -= 16;
            let unit = bits >> held;
            bits &= (1 << held) - 1;
            match u8::try_from(unit) {
                Ok(ascii) if ascii == b'\n' || ascii == b'\r' || (0x20..0x7f).contains(&ascii) => out.push(ascii),
                _ => {
                    out.truncate(before);
                    return None;
                }
            }
        }
    }
    if out.len() == before || bits != 0 || held >= 6 {
        out.truncate(before);
        return None;
    }
    Some(1 + len + usize::from(byte(run, len) == b'-'))
}

fn value(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}
