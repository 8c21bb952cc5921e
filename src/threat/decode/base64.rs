//! Base64 around the whole of a value (RFC 4648 sections 4 and 5), where what is inside is text.

use crate::threat::text::{Marks, has, tail};

/// The marks that such a value may have; spaces stand around it.
pub const MARKS: Marks = Marks::PLUS
    .and(Marks::SLASH)
    .and(Marks::EQUALS)
    .and(Marks::LINE)
    .and(Marks::SPACE)
    .and(Marks::DASHES)
    .and(Marks::UNDERSCORES)
    .and(Marks::HIGH);

/// The shortest value that is looked into.
const SHORTEST: usize = 8;

/// The bytes of the beginning that decide whether the rest is worth decoding: a picture shows itself there.
const BEGINNING: usize = 64;

/// What is inside a value that is base64 of text; `None` for whatever else. Both alphabets, with padding or without.
pub fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let value = value.trim_ascii();
    if value.contains(&b' ') && !has_lost_its_pluses(value) {
        return None;
    }
    let value = value.strip_suffix(b"==").or_else(|| value.strip_suffix(b"=")).unwrap_or(value);
    if value.len() < SHORTEST || value.len() % 4 == 1 {
        return None;
    }
    let mut beginning = [0; BEGINNING / 4 * 3];
    let mut len = 0;
    sextets(value.get(..BEGINNING).unwrap_or(value), |byte| {
        *beginning.get_mut(len)? = byte;
        len += 1;
        // Most that is no text shows it in its first byte.
        (!is_control(byte) && (len > 1 || !matches!(byte, 0x80..0xc2))).then_some(())
    })?;
    let beginning = beginning.get(..len)?;
    if !is_text(beginning) {
        return None;
    }
    if value.len() <= BEGINNING {
        return Some(beginning.to_vec());
    }
    let mut decoded = Vec::with_capacity(value.len() / 4 * 3 + 3);
    sextets(value, |byte| {
        decoded.push(byte);
        Some(())
    })?;
    is_text(&decoded).then_some(decoded)
}

/// Whether a value has a space now and then, where its pluses were read as a form's spaces. Words have them too often for that.
fn has_lost_its_pluses(value: &[u8]) -> bool {
    let mut spaces = 0;
    for (at, byte) in value.iter().enumerate() {
        match byte {
            b' ' => spaces += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'=' => {}
            _ => return false,
        }
        if spaces * 12 > at + 12 {
            return false;
        }
    }
    true
}

/// What follows `;base64,` in a value that is a `data:` URL.
pub fn in_data_url(value: &[u8]) -> Option<Vec<u8>> {
    if !value.starts_with(b"data:") || !has(value.get(..value.len().min(128))?, ";base64,") {
        return None;
    }
    let comma = value.iter().position(|byte| *byte == b',')?;
    decode(tail(value, comma + 1))
}

/// Gives each byte that is inside to `take`, until it has enough.
fn sextets(value: &[u8], mut take: impl FnMut(u8) -> Option<()>) -> Option<()> {
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in value.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        let sextet = SEXTETS.get(usize::from(*byte)).copied().filter(|sextet| *sextet < 64)?;
        bits = (bits << 6 | u32::from(sextet)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            take(u8::try_from(bits >> held & 0xff).ok()?)?;
        }
    }
    Some(())
}

/// What each byte stands for in either alphabet, a space for the plus that it was; 255 for those that stand for nothing.
static SEXTETS: [u8; 256] = sextets_of_bytes();

const fn sextets_of_bytes() -> [u8; 256] {
    let mut all = [0u8; 256];
    let mut rest: &mut [u8] = &mut all;
    let mut byte = 0u8;
    while let Some((sextet, others)) = rest.split_first_mut() {
        *sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' | b' ' => 62,
            b'/' | b'_' => 63,
            _ => 255,
        };
        byte = byte.wrapping_add(1);
        rest = others;
    }
    all
}

/// Text has no control characters but line breaks and tabs, and is UTF-8 but for a character that was cut at the end.
fn is_text(bytes: &[u8]) -> bool {
    let utf8 = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && bytes.len() > 8,
    };
    utf8 && !bytes.iter().copied().any(is_control)
}

fn is_control(byte: u8) -> bool {
    (byte < 0x20 || byte == 0x7f) && !matches!(byte, b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_within_base64_is_found() {
        let rows = [
            ("PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", Some("<script>alert(1)</script>")),
            ("PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg", Some("<script>alert(1)</script>")),
            ("eyBfX3NjaGVtYSB7IHR5cGVzIH0gfT8_", Some("{ __schema { types } }??")),
            ("Li4vLi4v", Some("../../")),
            ("eD4 PHk PHo ", None),
            ("PHNjcmlwdD5hbGVydCgxKT4 PC9zY3JpcHQ8", Some("<script>alert(1)>></script<")),
            ("password", None),
            ("0123456789abcdef", None),
            ("Zm9v", None),
            ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk", None),
            ("not base64!", None),
        ];
        for (value, expect) in rows {
            assert_eq!(decode(value.as_bytes()).as_deref(), expect.map(str::as_bytes), "{value}");
        }
        assert_eq!(in_data_url(b"data:text/html;base64,PGI+YmJiYjwvYj4=").as_deref(), Some(&b"<b>bbbb</b>"[..]));
        assert_eq!(in_data_url(b"data:text/html,PGI+YmJiYjwvYj4=").as_deref(), None);
    }
}
