//! HTML's character references (HTML section 13.2.5.72 and following), as far as they stand for ASCII.

use super::push;
use crate::threat::text::{byte, tail, window};

/// Names that stand for one ASCII character.
const NAMES: &[(&str, u8)] = &[
    ("lt", b'<'),
    ("gt", b'>'),
    ("amp", b'&'),
    ("quot", b'"'),
    ("apos", b'\''),
    ("nbsp", b' '),
    ("colon", b':'),
    ("semi", b';'),
    ("lpar", b'('),
    ("rpar", b')'),
    ("tab", b'\t'),
    ("newline", b'\n'),
    ("equals", b'='),
    ("sol", b'/'),
    ("bsol", b'\\'),
    ("lbrace", b'{'),
    ("rbrace", b'}'),
    ("lcub", b'{'),
    ("rcub", b'}'),
    ("lbrack", b'['),
    ("rbrack", b']'),
    ("lsqb", b'['),
    ("rsqb", b']'),
    ("comma", b','),
    ("period", b'.'),
    ("excl", b'!'),
    ("num", b'#'),
    ("dollar", b'$'),
    ("percnt", b'%'),
    ("ast", b'*'),
    ("midast", b'*'),
    ("plus", b'+'),
    ("grave", b'`'),
    ("diacriticalgrave", b'`'),
    ("commat", b'@'),
    ("quest", b'?'),
    ("vert", b'|'),
    ("verbar", b'|'),
    ("lowbar", b'_'),
    ("hat", b'^'),
];

/// The longest name, and the most leading zeros and digits that a number may have.
const LONGEST: usize = 24;

/// Decodes the reference that `rest` begins with; the bytes that it took.
pub fn decode(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    if byte(rest, 1) == b'#' { number(rest, out) } else { named(rest, out) }
}

/// A number needs no semicolon; browsers read it all the same.
fn number(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let (start, radix) = if matches!(byte(rest, 2), b'x' | b'X') { (3, 16) } else { (2, 10) };
    let mut code = 0u32;
    let mut len = 0;
    while let Some(digit) = char::from(byte(rest, start + len)).to_digit(radix).filter(|_| len < LONGEST) {
        code = code.saturating_mul(radix).saturating_add(digit);
        len += 1;
    }
    if len == 0 || code > 0x0010_ffff {
        return None;
    }
    push(out, code);
    Some(start + len + usize::from(byte(rest, start + len) == b';'))
}

fn named(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let near = window(rest, 1, LONGEST);
    let len = near.iter().position(|byte| !byte.is_ascii_alphanumeric()).filter(|len| *len > 0)?;
    let name = near.get(..len)?;
    let (known, character) = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()))?;
    let closed = byte(tail(near, len), 0) == b';';
    if !closed && !matches!(*known, "lt" | "gt" | "quot" | "amp") {
        return None;
    }
    if !closed && byte(near, len) == b'=' {
        return None;
    }
    out.push(*character);
    Some(1 + len + usize::from(closed))
}
