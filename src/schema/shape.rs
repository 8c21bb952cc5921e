//! What texts stand for: the values of parameters and forms, as far as their schemas say types.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{Members, Number, Value, read};
use super::tree::kind;
use crate::http::query;

/// What the texts of a parameter stand for, as far as its schema says types.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Bits of [`kind`]; 0 where the schema says none.
    #[serde(default, rename = "t")]
    pub types: u8,
    /// What items are.
    #[serde(default, rename = "i", skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Shape>>,
    /// What members are, by name.
    #[serde(default, rename = "m", skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<String, Shape>,
    /// What all other members are.
    #[serde(default, rename = "o", skip_serializing_if = "Option::is_none")]
    pub others: Option<Box<Shape>>,
}

/// How texts are coded where they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As HTML forms write them: `%20` or `+` for a space.
    Form,
    /// With `%20` (RFC 3986 section 2.1).
    Percent,
    /// As they are.
    Plain,
}

impl Coding {
    /// A text decoded.
    pub fn decoded(self, text: &str) -> String {
        match self {
            Self::Form => query::decode(text).into_owned(),
            Self::Percent => query::decode(&text.replace('+', "%2B")).into_owned(),
            Self::Plain => text.to_owned(),
        }
    }
}

/// Names, decoded, and texts as they are written, in order.
#[derive(Debug, Clone)]
pub struct Pairs {
    /// How the texts are coded.
    pub coding: Coding,
    /// The names and texts.
    pub list: Vec<(String, String)>,
}

impl Pairs {
    /// Those of a query, or of the body of a form.
    pub fn of_form(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self { coding: Coding::Form, list: pairs.map(|(name, text)| (Coding::Form.decoded(name), text.to_owned())).collect() }
    }

    /// Whether all of it is UTF-8 once it is decoded.
    pub fn is_utf8(&self) -> bool {
        let broken = |text: &str| text.contains('\u{fffd}');
        !self.list.iter().any(|(name, text)| broken(name) || broken(&self.coding.decoded(text)))
    }

    /// The texts by their names, decoded, in the order in which the names first come.
    pub fn by_name(&self) -> Vec<(&str, Vec<String>)> {
        let (mut places, mut texts) = (BTreeMap::new(), Vec::<(&str, Vec<String>)>::new());
        for (name, text) in &self.list {
            let place = *places.entry(name.as_str()).or_insert(texts.len());
            if place == texts.len() {
                texts.push((name, Vec::new()));
            }
            if let Some((_, texts)) = texts.get_mut(place) {
                texts.push(self.coding.decoded(text));
            }
        }
        texts
    }
}

impl Shape {
    /// The value that one text stands for: a number where a number may stand and it is one, and so on; a text otherwise.
    pub fn scalar(&self, text: String) -> Value<'static> {
        let may = |bits: u8| self.types & bits != 0;
        if may(kind::BOOLEAN) && matches!(text.as_str(), "true" | "false") {
            return Value::Bool(text == "true");
        }
        if may(kind::NUMBER | kind::INTEGER)
            && let Some(number) = number(&text)
        {
            return Value::Number(number);
        }
        if may(kind::NULL) && (text == "null" || (text.is_empty() && !may(kind::STRING))) {
            return Value::Null;
        }
        Value::Text(text.into())
    }

    /// Whether it may have one of these types.
    pub fn is(&self, bit: u8) -> bool {
        self.types & bit != 0
    }

    /// Whether it is an object and nothing else, or an array of such ones.
    pub fn is_structured(&self) -> bool {
        match self.types {
            kind::OBJECT => true,
            kind::ARRAY => self.items.as_ref().is_some_and(|items| items.types == kind::OBJECT),
            _ => false,
        }
    }

    /// What stands in an array.
    pub fn item(&self, text: String) -> Value<'static> {
        match &self.items {
            Some(items) => items.scalar(text),
            None => Value::Text(text.into()),
        }
    }

    /// What a member is.
    pub fn of_member(&self, name: &str) -> Option<&Self> {
        self.members.get(name).or(self.others.as_deref())
    }

    /// What the text of a member stands for.
    pub fn member(&self, name: &str, text: String) -> Value<'static> {
        match self.of_member(name) {
            Some(shape) => shape.scalar(text),
            None => Value::Text(text.into()),
        }
    }

    /// The object of all pairs: a query under one schema. A name that comes several times is an array where its shape is one;
    /// otherwise its name is given back as wrong.
    pub fn object(&self, pairs: &Pairs) -> (Value<'static>, Vec<String>) {
        let (mut members, mut repeated) = (Vec::new(), Vec::new());
        for (name, mut texts) in pairs.by_name() {
            let value = match self.of_member(name).filter(|shape| shape.is(kind::ARRAY)) {
                Some(shape) => Value::Array(texts.into_iter().map(|text| shape.item(text)).collect()),
                None => {
                    if texts.len() > 1 {
                        repeated.push(name.to_owned());
                    }
                    self.member(name, std::mem::take(&mut texts).into_iter().next().unwrap_or_default())
                }
            };
            members.push((Cow::Owned(name.to_owned()), value));
        }
        (object(members), repeated)
    }
}

/// An object of members with names of their own.
pub fn object(members: Vec<(Cow<'static, str>, Value<'static>)>) -> Value<'static> {
    Value::Object(Members::new(members).unwrap_or_default())
}

/// A number as JSON writes it.
fn number(text: &str) -> Option<Number<'static>> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'));
    match read(text.as_bytes(), 0).ok()?.owned() {
        Value::Number(number) if plain && text.len() <= 64 => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_only_taken_for_what_it_may_be() {
        for (types, text, expect) in [
            (kind::INTEGER, "5", json!(5)),
            (kind::INTEGER, "05", json!("05")),
            (kind::INTEGER, "5x", json!("5x")),
            (kind::INTEGER, " 5", json!(" 5")),
            (kind::INTEGER, "NaN", json!("NaN")),
            (kind::NUMBER, "-1.5", json!(-1.5)),
            (kind::STRING, "5", json!("5")),
            (kind::STRING | kind::INTEGER, "5", json!(5)),
            (kind::BOOLEAN, "TRUE", json!("TRUE")),
            (kind::NULL | kind::INTEGER, "", json!(null)),
            (0, "5", json!("5")),
        ] {
            let shape = Shape { types, ..Shape::default() };
            assert_eq!(shape.scalar(text.to_owned()), Value::from(&expect), "{types} {text}");
        }
    }

    #[test]
    fn a_query_is_an_object() {
        let plain = |types| Shape { types, ..Shape::default() };
        let list = Shape { types: kind::ARRAY, items: Some(Box::new(plain(kind::INTEGER))), ..Shape::default() };
        let members = [("r".to_owned(), plain(kind::INTEGER)), ("l".to_owned(), list)];
        let shape = Shape { types: kind::OBJECT, members: members.into(), ..Shape::default() };
        let (value, repeated) = shape.object(&Pairs::of_form("r=1&l=3&l=4&z=y+%7A&z=y&&a%20b"));
        assert_eq!(value, Value::from(&json!({ "a b": "", "l": [3, 4], "r": 1, "z": "y z" })));
        assert_eq!(repeated, ["z"]);
        for (text, expect) in [("a=%C3%A9", true), ("a=%ff", false), ("%ff=a", false)] {
            assert_eq!(Pairs::of_form(text).is_utf8(), expect, "{text}");
        }
    }
}
