//! Structured field values (RFC 9651, which includes all of RFC 8941): read strictly, written in their one canonical spelling.
//!
//! Reading is linear in the text, but for the logarithm of its names, and bounded: by [`MOST_BYTES`], [`MOST_MEMBERS`] and
//! [`MOST_PARAMETERS`], each at least what the standard asks of a reader (sections 3.1 to 3.3). Base64 must be padded and canonical.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::{self, Write as _};

mod parser;
#[cfg(test)]
mod tests;
mod writable;

/// The longest text that is read, in bytes: 16 KiB in base64, which the standard asks for, and some more.
pub const MOST_BYTES: usize = 32 << 10;
/// The most members of a list, an inner list or a dictionary.
pub const MOST_MEMBERS: usize = 1024;
/// The most parameters of one item or inner list.
pub const MOST_PARAMETERS: usize = 256;

/// Where a text stops being a structured field value, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// In bytes from the beginning.
    pub at: usize,
    /// What was expected.
    pub expected: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.at)
    }
}

/// A bare item (section 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bare {
    /// At most fifteen digits.
    Integer(i64),
    /// In thousandths; at most twelve digits before the point.
    Decimal(i64),
    /// Visible ASCII and spaces.
    String(String),
    /// A token.
    Token(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// `?0` or `?1`.
    Boolean(bool),
    /// In seconds since the epoch.
    Date(i64),
    /// Any text.
    Display(String),
}

/// Parameters in order (section 3.1.2); of those with one name the last one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(pub Vec<(String, Bare)>);

/// An item (section 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The item itself.
    pub value: Bare,
    /// Its parameters.
    pub parameters: Parameters,
}

/// An inner list (section 3.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InnerList {
    /// Its items.
    pub items: Vec<Item>,
    /// Its own parameters.
    pub parameters: Parameters,
}

/// A member of a list or a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// One item.
    Item(Item),
    /// Several.
    List(InnerList),
}

/// A list (section 3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List(pub Vec<Member>);

/// A dictionary (section 3.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dictionary {
    /// Its members in order; of those with one name the last one counts.
    pub members: Vec<(String, Member)>,
    /// Whether a name stood in it more than once.
    pub repeated: bool,
}

impl Parameters {
    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&Bare> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

impl Dictionary {
    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, member)| member)
    }
}

/// Reads a list; several lines of a field are joined by commas before. An empty text is an empty list.
///
/// # Errors
/// Where the text is not one.
pub fn list(text: &str) -> Result<List, Malformed> {
    parser::Parser::begin(text)?.list()
}

/// Reads a dictionary, as [`list`].
///
/// # Errors
/// Where the text is not one.
pub fn dictionary(text: &str) -> Result<Dictionary, Malformed> {
    parser::Parser::begin(text)?.dictionary()
}

/// Reads one item.
///
/// # Errors
/// Where the text is not one.
pub fn item(text: &str) -> Result<Item, Malformed> {
    parser::Parser::begin(text)?.only_item()
}

impl fmt::Display for Bare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Decimal(thousandths) => {
                let (sign, size) = (if *thousandths < 0 { "-" } else { "" }, thousandths.unsigned_abs());
                let digits = format!("{:03}", size % 1000);
                let digits = digits.trim_end_matches('0');
                write!(f, "{sign}{}.{}", size / 1000, if digits.is_empty() { "0" } else { digits })
            }
            Self::String(text) => {
                f.write_char('"')?;
                for c in text.chars() {
                    if matches!(c, '"' | '\\') {
                        f.write_char('\\')?;
                    }
                    f.write_char(c)?;
                }
                f.write_char('"')
            }
            Self::Token(token) => f.write_str(token),
            Self::Bytes(bytes) => write!(f, ":{}:", STANDARD.encode(bytes)),
            Self::Boolean(yes) => f.write_str(if *yes { "?1" } else { "?0" }),
            Self::Date(seconds) => write!(f, "@{seconds}"),
            Self::Display(text) => {
                f.write_str("%\"")?;
                for byte in text.bytes() {
                    match byte {
                        b'%' | b'"' => write!(f, "%{byte:02x}")?,
                        b' '..=b'~' => f.write_char(char::from(byte))?,
                        _ => write!(f, "%{byte:02x}")?,
                    }
                }
                f.write_char('"')
            }
        }
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            match value {
                Bare::Boolean(true) => write!(f, ";{name}")?,
                value => write!(f, ";{name}={value}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.value, self.parameters)
    }
}

impl fmt::Display for InnerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('(')?;
        for (index, item) in self.items.iter().enumerate() {
            if index > 0 {
                f.write_char(' ')?;
            }
            write!(f, "{item}")?;
        }
        write!(f, "){}", self.parameters)
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(item) => item.fmt(f),
            Self::List(list) => list.fmt(f),
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, member) in self.0.iter().enumerate() {
            write!(f, "{}{member}", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, member)) in self.members.iter().enumerate() {
            write!(f, "{}{name}", if index > 0 { ", " } else { "" })?;
            match member {
                Member::Item(Item { value: Bare::Boolean(true), parameters }) => write!(f, "{parameters}")?,
                member => write!(f, "={member}")?,
            }
        }
        Ok(())
    }
}
