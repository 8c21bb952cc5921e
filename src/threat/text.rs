//! One value as the detectors see it: its bytes, the same in lower case, what marks it has, and its words.

pub use super::marks::{Marks, ends_word, is_word};
use super::words::{self, Kind};

/// What a value is to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Short, or without the traits of a text: what a parameter usually is.
    Short,
    /// Several lines, or many words: prose, a program, a document. Signs that are natural in such count for less.
    Long,
}

/// A word that [`words`] knows, and where it stands in [`Text::low`].
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// The first byte.
    pub start: usize,
    /// One behind the last byte.
    pub end: usize,
    /// What it may be.
    pub kind: Kind,
}

/// One value, in one layer of decoding.
pub struct Text<'a> {
    /// The bytes as they are.
    pub raw: &'a [u8],
    /// The same in lower case, tabs as spaces, without null bytes.
    pub low: &'a [u8],
    /// What marks it has.
    pub marks: Marks,
    /// What it is to a reader.
    pub shape: Shape,
    /// The known words in it, in order.
    pub hits: &'a [Hit],
    /// What any of them may be.
    pub kinds: Kind,
}

impl Text<'_> {
    /// Whether it has any of these marks.
    pub fn has(&self, marks: Marks) -> bool {
        self.marks.any(marks)
    }

    /// Whether it is a long text.
    pub fn is_long(&self) -> bool {
        self.shape == Shape::Long
    }

    /// The known words that may be of this kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = Hit> + '_ {
        let hits = if self.kinds.any(kind) { self.hits } else { &[] };
        hits.iter().copied().filter(move |hit| hit.kind.any(kind))
    }

    /// The bytes of a known word.
    pub fn word(&self, hit: Hit) -> &[u8] {
        self.low.get(hit.start..hit.end).unwrap_or_default()
    }

    /// What follows `at`.
    pub fn from(&self, at: usize) -> &[u8] {
        tail(self.low, at)
    }

    /// The first byte at or behind `at` that is no space, and where it stands; looks at no more than [`NEAR`] bytes.
    pub fn next(&self, at: usize) -> (u8, usize) {
        skip(self.low, at)
    }

    /// The last byte before `at` that is no space; 0 where there is none within [`NEAR`] bytes.
    pub fn before(&self, at: usize) -> u8 {
        let near = self.low.get(at.saturating_sub(NEAR)..at).unwrap_or_default();
        near.iter().rev().copied().find(|byte| *byte != b' ').unwrap_or(0)
    }

    /// The byte directly before `at`; 0 at the beginning.
    pub fn prior(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(0, |at| byte(self.low, at))
    }
}

/// How far a detector looks around a sign: what bounds its work.
pub const NEAR: usize = 16;

/// How far a detector looks into what a sign opens: an expression, a tag, a host.
pub const FAR: usize = 96;

/// The byte at `at`; 0 behind the end.
pub fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// What follows `at`; empty behind the end.
pub fn tail(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or_default()
}

/// At most `len` bytes from `at`.
pub fn window(bytes: &[u8], at: usize, len: usize) -> &[u8] {
    let rest = tail(bytes, at);
    let near = rest.get(..len).unwrap_or(rest);
    effort(near.len());
    near
}

/// The first byte at or behind `at` that is no space, and where it stands; looks at no more than [`NEAR`] bytes.
pub fn skip(bytes: &[u8], at: usize) -> (u8, usize) {
    let near = window(bytes, at, NEAR);
    match near.iter().position(|byte| *byte != b' ') {
        Some(spaces) => (byte(near, spaces), at + spaces),
        None => (0, at + near.len()),
    }
}

#[cfg(test)]
thread_local! {
    /// Bytes that detectors have been given to look at: what the tests hold against the size of the input.
    pub static EFFORT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts bytes that are about to be looked at, in tests.
#[inline]
fn effort(_bytes: usize) {
    #[cfg(test)]
    EFFORT.with(|effort| effort.set(effort.get() + _bytes));
}

/// Whether `bytes` begins with any of `starts`.
pub fn begins(bytes: &[u8], starts: &[&str]) -> bool {
    starts.iter().any(|start| bytes.starts_with(start.as_bytes()))
}

/// Where `needle` stands in `bytes` first, at or behind `from`.
pub fn find(bytes: &[u8], needle: &str, from: usize) -> Option<usize> {
    let found = seek(bytes, needle, from);
    effort(found.unwrap_or(bytes.len()).saturating_sub(from) + 1);
    found
}

fn seek(bytes: &[u8], needle: &str, from: usize) -> Option<usize> {
    let (first, others) = needle.as_bytes().split_first()?;
    let second = others.first();
    let mut rest = tail(bytes, from);
    while let Some((byte, behind)) = rest.split_first() {
        if byte == first && (second.is_none() || behind.first() == second && behind.starts_with(others)) {
            return Some(bytes.len() - rest.len());
        }
        rest = behind;
    }
    None
}

/// Whether `bytes` has `needle`.
pub fn has(bytes: &[u8], needle: &str) -> bool {
    find(bytes, needle, 0).is_some()
}

/// Whether `bytes` has any of `needles`, in one pass.
pub fn has_any(bytes: &[u8], needles: &[&str]) -> bool {
    let (mut firsts, mut seconds) = (Bytes::default(), Bytes::default());
    for needle in needles {
        match needle.as_bytes() {
            [first, second, ..] => {
                firsts.put(*first);
                seconds.put(*second);
            }
            _ => return needles.iter().any(|needle| has(bytes, needle)),
        }
    }
    effort(bytes.len());
    let mut rest = bytes;
    while let [first, others @ ..] = rest {
        if firsts.has(*first) && others.first().is_some_and(|second| seconds.has(*second)) && begins(rest, needles) {
            return true;
        }
        rest = others;
    }
    false
}

/// A set of bytes.
#[derive(Default)]
struct Bytes([u32; 8]);

impl Bytes {
    fn put(&mut self, byte: u8) {
        if let Some(bits) = self.0.get_mut(usize::from(byte >> 5)) {
            *bits |= 1 << (byte & 31);
        }
    }

    fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 5)).is_some_and(|bits| bits & 1 << (byte & 31) != 0)
    }
}

/// Fills `low` with the bytes in lower case, white space as spaces, without null bytes.
pub fn lower(raw: &[u8], low: &mut Vec<u8>) {
    low.clear();
    let mut nulls = false;
    low.extend(raw.iter().map(|byte| {
        nulls |= *byte == 0;
        LOWER.get(usize::from(*byte)).copied().unwrap_or_default()
    }));
    if nulls {
        low.retain(|byte| *byte != 0);
    }
}

static LOWER: [u8; 256] = lowered();

const fn lowered() -> [u8; 256] {
    let mut all = [0u8; 256];
    let mut rest: &mut [u8] = &mut all;
    let mut byte = 0u8;
    while let Some((low, others)) = rest.split_first_mut() {
        *low = match byte {
            b'\t' | 0x0b | 0x0c => b' ',
            byte => byte.to_ascii_lowercase(),
        };
        byte = byte.wrapping_add(1);
        rest = others;
    }
    all
}

/// Fills `hits` with the known words of `low`; tells its shape, and what any of the words may be.
pub fn read(low: &[u8], hits: &mut Vec<Hit>) -> (Shape, Kind) {
    hits.clear();
    let (mut words, mut lines, mut kinds) = (0usize, 0usize, Kind::NONE);
    let mut bytes = low.iter().copied().enumerate();
    while let Some((start, first)) = bytes.next() {
        if !is_word(first) {
            lines += usize::from(first == b'\n');
            continue;
        }
        let mut hash = words::mix(words::SEED, first);
        let end = loop {
            match bytes.next() {
                Some((_, byte)) if is_word(byte) => hash = words::mix(hash, byte),
                Some((at, byte)) => {
                    lines += usize::from(byte == b'\n');
                    break at;
                }
                None => break low.len(),
            }
        };
        words += 1;
        if let Some(kind) = low.get(start..end).and_then(|word| words::kind(word, hash)) {
            kinds = kinds.or(kind);
            hits.push(Hit { start, end, kind });
        }
    }
    let long = (lines >= 3 && words >= 12) || words >= 40 || (words >= 12 && is_prose(low));
    (if long { Shape::Long } else { Shape::Short }, kinds)
}

/// Whether most of it is letters and spaces, as in prose.
fn is_prose(low: &[u8]) -> bool {
    let plain = low.iter().filter(|byte| byte.is_ascii_lowercase() || **byte == b' ' || **byte >= 0x80).count();
    plain * 100 >= low.len() * 88
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_with_their_places() {
        let mut hits = Vec::new();
        let (shape, kinds) = read(b"1 union select zz", &mut hits);
        assert_eq!(shape, Shape::Short);
        assert!(kinds.any(Kind::SQL) && !kinds.any(Kind::JS));
        assert_eq!(hits.iter().map(|hit| (hit.start, hit.end)).collect::<Vec<_>>(), [(2, 7), (8, 14)]);
    }

    #[test]
    fn a_needle_is_found_wherever_it_stands() {
        for (text, expect) in [("xml", None), ("<!--", Some(0)), ("<<!--", Some(1)), ("<!<!-<!--", Some(5))] {
            assert_eq!(find(text.as_bytes(), "<!--", 0), expect, "{text}");
        }
    }
}
