//! Forms as bodies, and the objects that they stand for (OpenAPI 3.1 sections 4.8.15 and 4.8.16, "Encoding").

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{self, Value};
use super::parameters::{Parameter, Style, Unread};
use super::shape::{Pairs, Shape, object};
use super::tree::kind;
use crate::http::multipart::{self, Piece};
use crate::http::violation::{Violation, descend};

/// What a form's fields are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fields {
    /// What the whole is.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub shape: Shape,
    /// Fields that are written in a way of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub styled: Vec<Parameter>,
    /// The types that parts of a multipart form may have, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub media: BTreeMap<String, Vec<String>>,
}

fn is_nothing(shape: &Shape) -> bool {
    *shape == Shape::default()
}

fn wrong(name: &str, keyword: &str, message: &str) -> Violation {
    let mut at = String::new();
    descend(&mut at, name);
    Violation::new("body", at, keyword, message)
}

impl Fields {
    /// The object of a form as browsers send it without files, and what is wrong with how it is written.
    pub fn of_form(&self, text: &str) -> (Value<'static>, Vec<Violation>) {
        let mut pairs = Pairs::of_form(text);
        let (mut members, mut found) = (Vec::new(), Vec::new());
        for field in &self.styled {
            match field.read(&pairs) {
                Ok(value) => members.push((Cow::Owned(field.name.clone()), value)),
                Err(Unread::Absent) => {}
                Err(unread) => found.push(wrong(&field.name, unread.told().0, unread.told().1)),
            }
        }
        pairs.list.retain(|(name, _)| !self.styled.iter().any(|field| is_of(field, name)));
        let (others, repeated) = self.shape.object(&pairs);
        found.extend(repeated.iter().map(|name| wrong(name, Unread::Repeated.told().0, Unread::Repeated.told().1)));
        if let Value::Object(others) = others {
            members.extend(others.into_list());
        }
        (object(members), found)
    }

    /// The object of a multipart form (RFC 7578), and what is wrong with how it is written.
    ///
    /// # Errors
    /// Why it is none.
    pub fn of_multipart(&self, boundary: &str, body: &[u8], depth: usize) -> Result<(Value<'static>, Vec<Violation>), &'static str> {
        let mut found = Vec::new();
        let mut fields: BTreeMap<String, Vec<Value<'static>>> = BTreeMap::new();
        for piece in multipart::pieces(boundary, body)? {
            let media = piece.media.as_ref();
            if let Some(ranges) = self.media.get(&piece.name)
                && media.is_some_and(|media| !ranges.iter().any(|range| media.is_in(range)))
            {
                found.push(wrong(&piece.name, "contentType", "must be of a type that the API takes"));
            }
            match self.piece(&piece, depth) {
                Ok(value) => fields.entry(piece.name).or_default().push(value),
                Err(reason) => found.push(wrong(&piece.name, "format", reason)),
            }
        }
        let mut members = Vec::new();
        for (name, mut values) in fields {
            let value = match self.shape.of_member(&name).filter(|shape| shape.is(kind::ARRAY)) {
                // An array that was sent as one JSON text is there already.
                Some(_) if matches!(values.as_slice(), [Value::Array(_)]) => values.pop().unwrap_or(Value::Null),
                Some(_) => Value::Array(values),
                None => {
                    if values.len() > 1 {
                        found.push(wrong(&name, Unread::Repeated.told().0, Unread::Repeated.told().1));
                    }
                    values.pop().unwrap_or(Value::Null)
                }
            };
            members.push((Cow::Owned(name), value));
        }
        Ok((object(members), found))
    }

    /// What one part stands for: JSON where it says so, or where it says nothing and is an object; a text; or bytes, each as a character.
    fn piece(&self, piece: &Piece<'_>, depth: usize) -> Result<Value<'static>, &'static str> {
        let nothing = Shape::default();
        let shape = self.shape.of_member(&piece.name).unwrap_or(&nothing);
        let is_json = piece.media.as_ref().map_or_else(|| shape.is_structured() && !piece.is_file, |media| media.is_json());
        if is_json {
            let told = |reason| match reason {
                "is not UTF-8" => "must be UTF-8",
                "has a member name twice" => "must not have a member name twice",
                "is nested too deeply" => "must not be nested so deeply",
                _ => "must be JSON",
            };
            return document::read(piece.bytes, depth).map(Value::owned).map_err(told);
        }
        let is_text = piece.media.as_ref().map_or(!piece.is_file, |media| media.essence.starts_with("text/"));
        match std::str::from_utf8(piece.bytes) {
            Ok(text) if !piece.is_file && shape.is(kind::ARRAY) => Ok(shape.item(text.to_owned())),
            Ok(text) if !piece.is_file => Ok(shape.scalar(text.to_owned())),
            Err(_) if is_text => Err("must be UTF-8"),
            _ => Ok(Value::Text(piece.bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into())),
        }
    }
}

/// Whether a pair is a part of a field.
fn is_of(field: &Parameter, name: &str) -> bool {
    let behind = name.strip_prefix(field.name.as_str());
    let deep = field.style == Style::DeepObject && !field.json;
    behind.is_some_and(|rest| rest.is_empty() || (deep && rest.starts_with('[')))
        || (field.is_spread() && field.shape.members.contains_key(name))
}
