//! Reading, as RFC 9651 section 4.2 has it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Bare, Dictionary, InnerList, Item, List, MOST_BYTES, MOST_MEMBERS, MOST_PARAMETERS, Malformed, Member, Parameters};
use crate::http::path::hex_value;

pub struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    /// Leading and trailing spaces are passed over.
    pub fn begin(text: &'a str) -> Result<Self, Malformed> {
        if text.len() > MOST_BYTES {
            return Err(Malformed { at: MOST_BYTES, expected: "the end of the field" });
        }
        let mut parser = Self { text: text.trim_end_matches(' ').as_bytes(), at: 0 };
        parser.skip(b" ");
        Ok(parser)
    }

    pub fn list(mut self) -> Result<List, Malformed> {
        let mut members = Vec::new();
        while self.peek().is_some() {
            if members.len() == MOST_MEMBERS {
                return self.wrong("no more members");
            }
            members.push(self.member()?);
            self.comma()?;
        }
        Ok(List(members))
    }

    pub fn dictionary(mut self) -> Result<Dictionary, Malformed> {
        let mut members = Entries::default();
        let mut repeated = false;
        while self.peek().is_some() {
            let name = self.key()?;
            let member = match self.take(b'=') {
                true => self.member()?,
                false => Member::Item(Item { value: Bare::Boolean(true), parameters: self.parameters()? }),
            };
            repeated |= members.put(name, member);
            if members.list.len() > MOST_MEMBERS {
                return self.wrong("no more members");
            }
            self.comma()?;
        }
        Ok(Dictionary { members: members.list, repeated })
    }

    pub fn only_item(mut self) -> Result<Item, Malformed> {
        let item = self.item()?;
        match self.peek() {
            None => Ok(item),
            Some(_) => self.wrong("the end of the field"),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn skip(&mut self, bytes: &[u8]) {
        while self.peek().is_some_and(|byte| bytes.contains(&byte)) {
            self.at += 1;
        }
    }

    fn wrong<T>(&self, expected: &'static str) -> Result<T, Malformed> {
        Err(Malformed { at: self.at, expected })
    }

    /// Takes bytes as long as they fit.
    fn run(&mut self, fits: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| !fits(*byte)).unwrap_or(rest.len());
        self.at += length;
        // What fits is always ASCII.
        std::str::from_utf8(rest.get(..length).unwrap_or_default()).unwrap_or_default()
    }

    /// The end of the text, or a comma and another member behind it.
    fn comma(&mut self) -> Result<(), Malformed> {
        self.skip(b" \t");
        if self.peek().is_none() {
            return Ok(());
        }
        if !self.take(b',') {
            return self.wrong("a comma");
        }
        self.skip(b" \t");
        if self.peek().is_none() { self.wrong("a member behind the comma") } else { Ok(()) }
    }

    fn member(&mut self) -> Result<Member, Malformed> {
        if self.peek() == Some(b'(') { self.inner_list().map(Member::List) } else { self.item().map(Member::Item) }
    }

    fn inner_list(&mut self) -> Result<InnerList, Malformed> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.skip(b" ");
            if self.take(b')') {
                return Ok(InnerList { items, parameters: self.parameters()? });
            }
            if items.len() == MOST_MEMBERS {
                return self.wrong("no more items");
            }
            items.push(self.item()?);
            if !matches!(self.peek(), Some(b' ' | b')')) {
                return self.wrong("a space or `)`");
            }
        }
    }

    fn item(&mut self) -> Result<Item, Malformed> {
        Ok(Item { value: self.bare()?, parameters: self.parameters()? })
    }

    fn parameters(&mut self) -> Result<Parameters, Malformed> {
        let mut parameters = Entries::default();
        while self.take(b';') {
            self.skip(b" ");
            let name = self.key()?;
            let value = if self.take(b'=') { self.bare()? } else { Bare::Boolean(true) };
            parameters.put(name, value);
            if parameters.list.len() > MOST_PARAMETERS {
                return self.wrong("no more parameters");
            }
        }
        Ok(Parameters(parameters.list))
    }

    fn key(&mut self) -> Result<&'a str, Malformed> {
        if !matches!(self.peek(), Some(b'a'..=b'z' | b'*')) {
            return self.wrong("a name in lower case");
        }
        Ok(self.run(is_key_byte))
    }

    fn bare(&mut self) -> Result<Bare, Malformed> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'"') => self.string(),
            Some(b':') => self.bytes(),
            Some(b'?') => self.boolean(),
            Some(b'@') => self.date(),
            Some(b'%') => self.display(),
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'*' => Ok(Bare::Token(self.run(is_token_byte).to_owned())),
            _ => self.wrong("an item"),
        }
    }

    fn number(&mut self) -> Result<Bare, Malformed> {
        let sign = if self.take(b'-') { -1 } else { 1 };
        let whole = self.run(|byte| byte.is_ascii_digit());
        if whole.is_empty() {
            return self.wrong("a digit");
        }
        let point = self.take(b'.');
        if whole.len() > if point { 12 } else { 15 } {
            return self.wrong("fewer digits");
        }
        let whole: i64 = whole.parse().unwrap_or_default();
        if !point {
            return Ok(Bare::Integer(sign * whole));
        }
        let fraction = self.run(|byte| byte.is_ascii_digit());
        if !(1..=3).contains(&fraction.len()) {
            return self.wrong("one to three digits");
        }
        let thousandths: i64 = format!("{fraction:0<3}").parse().unwrap_or_default();
        Ok(Bare::Decimal(sign * (whole * 1000 + thousandths)))
    }

    fn string(&mut self) -> Result<Bare, Malformed> {
        self.at += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.run(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'));
            if self.take(b'"') {
                return Ok(Bare::String(text));
            }
            if !self.take(b'\\') {
                return self.wrong("a closing quote");
            }
            match self.peek() {
                Some(byte @ (b'"' | b'\\')) => text.push(char::from(byte)),
                _ => return self.wrong("a quote or a backslash"),
            }
            self.at += 1;
        }
    }

    fn bytes(&mut self) -> Result<Bare, Malformed> {
        self.at += 1;
        let encoded = self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
        let Ok(bytes) = STANDARD.decode(encoded) else { return self.wrong("base64 with its padding") };
        if self.take(b':') { Ok(Bare::Bytes(bytes)) } else { self.wrong("a closing colon") }
    }

    fn boolean(&mut self) -> Result<Bare, Malformed> {
        self.at += 1;
        match (self.take(b'1'), self.peek()) {
            (true, _) => Ok(Bare::Boolean(true)),
            (false, Some(b'0')) => {
                self.at += 1;
                Ok(Bare::Boolean(false))
            }
            _ => self.wrong("0 or 1"),
        }
    }

    fn date(&mut self) -> Result<Bare, Malformed> {
        self.at += 1;
        match self.number()? {
            Bare::Integer(seconds) => Ok(Bare::Date(seconds)),
            _ => self.wrong("whole seconds"),
        }
    }

    fn display(&mut self) -> Result<Bare, Malformed> {
        self.at += 1;
        if !self.take(b'"') {
            return self.wrong("a quote");
        }
        let mut bytes = Vec::new();
        loop {
            bytes.extend_from_slice(self.run(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'%').as_bytes());
            if self.take(b'"') {
                return String::from_utf8(bytes).map(Bare::Display).or_else(|_| self.wrong("UTF-8"));
            }
            if !self.take(b'%') {
                return self.wrong("a closing quote");
            }
            let mut digit = || {
                let digit = self.peek().filter(|byte| !byte.is_ascii_uppercase()).and_then(hex_value);
                self.at += usize::from(digit.is_some());
                digit
            };
            match (digit(), digit()) {
                (Some(high), Some(low)) => bytes.push(high << 4 | low),
                _ => return self.wrong("two digits of hexadecimal in lower case"),
            }
        }
    }
}

/// Whether a name may have this byte (section 3.1.2); the first one is a letter or `*`.
pub fn is_key_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*')
}

/// Whether a token may have this byte (section 3.3.4); the first one is a letter or `*`.
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte)
}

/// Entries in order, each name once.
struct Entries<'a, T> {
    list: Vec<(String, T)>,
    /// Where each name stands, once there are more than are quickly gone through.
    places: BTreeMap<&'a str, usize>,
}

impl<T> Default for Entries<'_, T> {
    fn default() -> Self {
        Self { list: Vec::new(), places: BTreeMap::new() }
    }
}

impl<'a, T> Entries<'a, T> {
    const FEW: usize = 8;

    /// Adds an entry, or replaces the value of the one of this name; whether there was one.
    fn put(&mut self, name: &'a str, value: T) -> bool {
        let place = match self.places.get(name) {
            Some(place) => Some(*place),
            None => self.list.iter().take(Self::FEW).position(|(known, _)| known == name),
        };
        if let Some((_, known)) = place.and_then(|place| self.list.get_mut(place)) {
            *known = value;
            return true;
        }
        if self.list.len() >= Self::FEW {
            self.places.insert(name, self.list.len());
        }
        self.list.push((name.to_owned(), value));
        false
    }
}
