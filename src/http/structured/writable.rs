//! Whether a value that was not read but put together has a spelling at all (RFC 9651 section 4.1). Whatever was read has one.

use super::parser::{is_key_byte, is_token_byte};
use super::{Bare, Dictionary, InnerList, Item, List, Member, Parameters};

/// The greatest number in what it is counted in, integers in ones and decimals in thousandths (sections 3.3.1 and 3.3.2).
const GREATEST: i64 = 999_999_999_999_999;

impl Bare {
    /// Whether it has a spelling: its number is in range, its string or token is of the characters that one may have.
    pub fn is_writable(&self) -> bool {
        match self {
            Self::Integer(number) | Self::Decimal(number) | Self::Date(number) => (-GREATEST..=GREATEST).contains(number),
            Self::String(text) => text.bytes().all(|byte| matches!(byte, b' '..=b'~')),
            Self::Token(token) => token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '*') && token.bytes().all(is_token_byte),
            Self::Bytes(_) | Self::Boolean(_) | Self::Display(_) => true,
        }
    }
}

impl Parameters {
    /// Whether all of them have a spelling.
    pub fn is_writable(&self) -> bool {
        self.0.iter().all(|(name, value)| is_key(name) && value.is_writable())
    }
}

impl Item {
    /// Whether it and its parameters have a spelling.
    pub fn is_writable(&self) -> bool {
        self.value.is_writable() && self.parameters.is_writable()
    }
}

impl InnerList {
    /// Whether all that is in it has a spelling.
    pub fn is_writable(&self) -> bool {
        self.items.iter().all(Item::is_writable) && self.parameters.is_writable()
    }
}

impl Member {
    /// Whether all that is in it has a spelling.
    pub fn is_writable(&self) -> bool {
        match self {
            Self::Item(item) => item.is_writable(),
            Self::List(list) => list.is_writable(),
        }
    }
}

impl List {
    /// Whether all of its members have a spelling.
    pub fn is_writable(&self) -> bool {
        self.0.iter().all(Member::is_writable)
    }
}

impl Dictionary {
    /// Whether all of its members and their names have a spelling.
    pub fn is_writable(&self) -> bool {
        self.members.iter().all(|(name, member)| is_key(name) && member.is_writable())
    }
}

fn is_key(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase() || c == '*') && name.bytes().all(is_key_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_field_can_carry_has_no_spelling() {
        let text = |text: &str| Bare::String(text.to_owned());
        let token = |text: &str| Bare::Token(text.to_owned());
        for (value, expect) in [
            (Bare::Integer(GREATEST), true),
            (Bare::Integer(-GREATEST), true),
            (Bare::Integer(GREATEST + 1), false),
            (Bare::Integer(i64::MIN), false),
            (Bare::Decimal(-GREATEST), true),
            (Bare::Decimal(GREATEST + 1), false),
            (Bare::Date(-GREATEST - 1), false),
            (text(""), true),
            (text(" \"~\\"), true),
            (text("a\tb"), false),
            (text("a\u{7f}"), false),
            (text("é"), false),
            (token("*a/b:c"), true),
            (token("Z"), true),
            (token(""), false),
            (token("1a"), false),
            (token("a b"), false),
            (token("a\"b"), false),
            (token("aé"), false),
            (Bare::Display("é\n".to_owned()), true),
            (Bare::Bytes(vec![0, 255]), true),
            (Bare::Boolean(false), true),
        ] {
            assert_eq!(value.is_writable(), expect, "{value:?}");
            let parameters = Parameters(vec![("a".to_owned(), value.clone())]);
            let item = Item { value, parameters };
            assert_eq!(item.is_writable(), expect, "{item:?}");
            let list = List(vec![Member::Item(item.clone())]);
            assert_eq!(list.is_writable(), expect, "{list:?}");
            if expect {
                assert_eq!(super::super::list(&list.to_string()), Ok(list));
            }
            let inner = Member::List(InnerList { items: vec![item], parameters: Parameters::default() });
            let dictionary = Dictionary { members: vec![("a".to_owned(), inner)], repeated: false };
            assert_eq!(dictionary.is_writable(), expect, "{dictionary:?}");
        }
        for (name, expect) in
            [("a", true), ("*-_.9", true), ("", false), ("A", false), ("1", false), ("-a", false), ("aB", false), ("a=", false)]
        {
            let parameters = Parameters(vec![(name.to_owned(), Bare::Integer(1))]);
            assert_eq!(parameters.is_writable(), expect, "{name:?}");
        }
    }
}
