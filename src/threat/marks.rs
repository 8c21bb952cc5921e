//! The marks of a value: which bytes and short sequences it has.

/// Which bytes and short sequences a value has: found in one pass, so that nothing else is done for a value without any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks(u32);

macro_rules! marks {
    ($($name:ident = $bit:literal, $about:literal;)+) => {
        impl Marks { $(#[doc = $about] pub const $name: Self = Self(1 << $bit);)+ }
    };
}

marks! {
    SPACE = 0, "A space or a tab.";
    LINE = 1, "A carriage return or a line feed.";
    QUOTE = 2, "`'`, `\"` or a backtick.";
    ANGLE = 3, "`<` or `>`.";
    EQUALS = 4, "`=`.";
    PAREN = 5, "`(` or `)`.";
    BRACE = 6, "`{`, `}`, `[` or `]`.";
    DOLLAR = 7, "`$`.";
    SLASH = 8, "`/`.";
    BACKSLASH = 9, "A backslash.";
    PERCENT = 10, "`%`.";
    AMPERSAND = 11, "`&`.";
    CHAIN = 12, "`;` or `|`.";
    COLON = 13, "`:`.";
    HASH = 14, "`#`.";
    OTHER = 15, "`*`, `!`, `@`, `^`, `~`, `?` or `,`.";
    PLUS = 16, "`+`.";
    NULL = 17, "A null byte.";
    HIGH = 18, "A byte of 0x80 and above, or a control character.";
    DOTS = 19, "Two dots in a row.";
    DASHES = 20, "Two dashes in a row.";
    BACKTICK = 21, "A backtick.";
    UNDERSCORES = 22, "Two underscores in a row.";
    STAR = 23, "`*`.";
    BANG = 24, "`!`.";
    SINGLE = 25, "`'`.";
    DOUBLE = 26, "`\"`.";
}

impl Marks {
    /// Of these bytes, in one pass.
    pub fn of(bytes: &[u8]) -> Self {
        let mut marks = 0;
        let mut before = 0u8;
        for &byte in bytes {
            marks |= CLASSES.get(usize::from(byte)).copied().unwrap_or_default();
            if byte == before {
                marks |= match byte {
                    b'.' => Self::DOTS.0,
                    b'-' => Self::DASHES.0,
                    b'_' => Self::UNDERSCORES.0,
                    _ => 0,
                };
            }
            before = byte;
        }
        Self(marks & !(WORD | ENDS))
    }

    /// Both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of `other` is among these.
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none at all.
    pub const fn none(self) -> bool {
        self.0 == 0
    }

    /// Whether there is none besides `other`.
    pub const fn only(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

/// The bit of [`CLASSES`] that stands for a byte of a word; it is no mark.
const WORD: u32 = 1 << 31;

/// The bit of [`CLASSES`] that stands for a byte that ends a word of SQL; it is no mark.
const ENDS: u32 = 1 << 30;

/// The marks of each byte, [`WORD`] and [`ENDS`].
static CLASSES: [u32; 256] = classes();

const fn classes() -> [u32; 256] {
    let mut classes = [0u32; 256];
    let mut rest: &mut [u32] = &mut classes;
    let mut byte = 0u8;
    while let Some((class, others)) = rest.split_first_mut() {
        *class = mark(byte).0 | kind(byte);
        byte = byte.wrapping_add(1);
        rest = others;
    }
    classes
}

const fn kind(byte: u8) -> u32 {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' => WORD,
        b' ' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' | b':' | b'\\' | b'?' | b'=' | b'@' | b'!' | b'#' | b'~' | b'+' | b'-' => ENDS,
        b'*' | b'/' | b'&' | b'|' | b'^' | b'%' | b'(' | b')' | b',' | b'\'' | b';' | b'"' | b'\t'..=b'\r' | 0xa0 | 0 => ENDS,
        _ => 0,
    }
}

const fn mark(byte: u8) -> Marks {
    match byte {
        0 => Marks::NULL,
        b' ' | b'\t' => Marks::SPACE,
        b'\r' | b'\n' => Marks::LINE,
        b'\'' => Marks::QUOTE.and(Marks::SINGLE),
        b'"' => Marks::QUOTE.and(Marks::DOUBLE),
        b'`' => Marks::QUOTE.and(Marks::BACKTICK),
        b'<' | b'>' => Marks::ANGLE,
        b'=' => Marks::EQUALS,
        b'(' | b')' => Marks::PAREN,
        b'{' | b'}' | b'[' | b']' => Marks::BRACE,
        b'$' => Marks::DOLLAR,
        b'/' => Marks::SLASH,
        b'\\' => Marks::BACKSLASH,
        b'%' => Marks::PERCENT,
        b'&' => Marks::AMPERSAND,
        b';' | b'|' => Marks::CHAIN,
        b':' => Marks::COLON,
        b'#' => Marks::HASH,
        b'*' => Marks::OTHER.and(Marks::STAR),
        b'!' => Marks::OTHER.and(Marks::BANG),
        b'@' | b'^' | b'~' | b'?' | b',' => Marks::OTHER,
        b'+' => Marks::PLUS,
        1..=0x1f | 0x7f..=0xff => Marks::HIGH,
        _ => Marks(0),
    }
}

/// Whether a byte is of a word.
pub fn is_word(byte: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|class| class & WORD != 0)
}

/// Whether a byte ends a word of SQL, as libinjection has it.
pub fn ends_word(byte: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|class| class & ENDS != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_in_one_pass() {
        for plain in ["", "abc", "A-1_b.c", "2024-05-01"] {
            assert!(Marks::of(plain.as_bytes()).none(), "{plain}");
        }
        let rows =
            [("a b", Marks::SPACE), ("a..b", Marks::DOTS), ("1--", Marks::DASHES), ("__a", Marks::UNDERSCORES), ("a\0", Marks::NULL)];
        for (text, mark) in rows {
            assert!(Marks::of(text.as_bytes()).any(mark) && Marks::of(text.as_bytes()).only(mark), "{text}");
        }
    }
}
