//! Parameters as they are written in a path, a query, a header field or a cookie, and the values that they stand for (OpenAPI 3.1
//! section 4.8.12.4, "Style Values").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::tree::kind;

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

/// How arrays and objects are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Style {
    /// `;id=1,2` (RFC 6570 section 3.2.7).
    Matrix,
    /// `.1.2` (section 3.2.5).
    Label,
    /// `1,2` (section 3.2.2).
    Simple,
    /// `id=1,2`, or `id=1&id=2` exploded (section 3.2.8).
    Form,
    /// `id=1%202`.
    SpaceDelimited,
    /// `id=1|2`.
    PipeDelimited,
    /// `id[a]=1&id[b]=2`.
    DeepObject,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header field.
    Header,
    /// In a cookie.
    Cookie,
}

impl Part {
    /// Its name in a violation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Where it stands.
    #[serde(rename = "in")]
    pub part: Part,
    /// Its name; in lower case for a header field.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// How it is written.
    pub style: Style,
    /// Whether each item or member is written by itself.
    pub explode: bool,
    /// Whether its value is written as JSON.
    pub json: bool,
    /// Whether an empty value stands for none.
    pub allow_empty: bool,
    /// What its texts stand for.
    pub shape: Shape,
    /// Its schema.
    pub node: usize,
}

/// Names and values, decoded, in order.
pub type Pairs = [(String, String)];

impl Shape {
    /// The value that one text stands for: a number where a number may stand and it is one, and so on; a text otherwise.
    pub fn scalar(&self, text: &str) -> Value {
        let may = |bits: u8| self.types & bits != 0;
        if may(kind::BOOLEAN) && matches!(text, "true" | "false") {
            return Value::Bool(text == "true");
        }
        if may(kind::NUMBER | kind::INTEGER)
            && let Some(number) = number(text)
        {
            return Value::Number(number);
        }
        if may(kind::NULL) && (text == "null" || (text.is_empty() && !may(kind::STRING))) {
            return Value::Null;
        }
        Value::String(text.to_owned())
    }

    /// Whether it may have one of these types.
    pub fn is(&self, bit: u8) -> bool {
        self.types & bit != 0
    }

    fn item(&self, text: &str) -> Value {
        self.items.as_ref().map_or_else(|| Value::String(text.to_owned()), |items| items.scalar(text))
    }

    fn member(&self, name: &str, text: &str) -> Value {
        let shape = self.members.get(name).or(self.others.as_deref());
        shape.map_or_else(|| Value::String(text.to_owned()), |shape| shape.scalar(text))
    }

    /// The object of all pairs: a form's body, or a query under one schema. A name that comes several times is an array where its
    /// shape is one; otherwise its name is given back as wrong.
    pub fn object(&self, pairs: &Pairs) -> (Value, Vec<String>) {
        let mut members = Map::new();
        let mut repeated = Vec::new();
        for (name, text) in pairs {
            let shape = self.members.get(name).or(self.others.as_deref());
            let is_array = shape.is_some_and(|shape| shape.is(kind::ARRAY));
            match (members.get_mut(name), is_array) {
                (Some(Value::Array(items)), true) => items.push(shape.map_or(Value::Null, |shape| shape.item(text))),
                (Some(_), _) => repeated.push(name.clone()),
                (None, true) => drop(members.insert(name.clone(), Value::Array(vec![shape.map_or(Value::Null, |shape| shape.item(text))]))),
                (None, false) => drop(members.insert(name.clone(), self.member(name, text))),
            }
        }
        (Value::Object(members), repeated)
    }
}

/// A number as JSON writes it.
fn number(text: &str) -> Option<Number> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'));
    if plain && text.len() <= 64 { serde_json::from_str(text).ok() } else { None }
}

/// Why a parameter has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is not there.
    Absent,
    /// It is there more than once.
    Repeated,
    /// It is not written in its style, or is no JSON.
    Malformed,
}

impl Parameter {
    /// Its value, of all pairs of its part. In a path, a header field or a cookie there is one text under its name.
    ///
    /// # Errors
    /// Where it has none.
    pub fn read(&self, pairs: &Pairs) -> Result<Value, Unread> {
        let (array, object) = (self.shape.is(kind::ARRAY), self.shape.is(kind::OBJECT));
        if self.style == Style::DeepObject {
            return self.deep(pairs);
        }
        if self.style == Style::Form && self.explode && object && !array && self.part == Part::Query && !self.json {
            return self.exploded_members(pairs);
        }
        let mut texts = pairs.iter().filter(|(name, _)| *name == self.name).map(|(_, text)| text.as_str());
        let first = texts.next().ok_or(Unread::Absent)?;
        let rest: Vec<&str> = texts.collect();
        if self.json {
            return if rest.is_empty() { serde_json::from_str(first).map_err(|_| Unread::Malformed) } else { Err(Unread::Repeated) };
        }
        if array && self.explode && matches!(self.part, Part::Query | Part::Cookie) {
            return Ok(std::iter::once(first).chain(rest).map(|text| self.shape.item(text)).collect());
        }
        if !rest.is_empty() {
            return Err(Unread::Repeated);
        }
        if array && self.explode && self.style == Style::Matrix {
            let items = first.strip_prefix(';').ok_or(Unread::Malformed)?.split(';');
            let item = |text: &str| text.split_once('=').filter(|(name, _)| *name == self.name).map(|(_, text)| self.shape.item(text));
            return items.map(item).collect::<Option<Value>>().ok_or(Unread::Malformed);
        }
        let (text, separator) = self.undressed(first)?;
        if array && !(object && self.explode && text.contains('=')) {
            let items = if text.is_empty() { Vec::new() } else { text.split(separator).map(|item| self.shape.item(item)).collect() };
            return Ok(Value::Array(items));
        }
        if object {
            return self.object(text, separator);
        }
        Ok(self.shape.scalar(text))
    }

    /// The text without what its style puts before it, and what stands between items.
    fn undressed<'t>(&self, text: &'t str) -> Result<(&'t str, char), Unread> {
        Ok(match self.style {
            Style::Label => (text.strip_prefix('.').ok_or(Unread::Malformed)?, if self.explode { '.' } else { ',' }),
            Style::Matrix => {
                let text = text.strip_prefix(';').ok_or(Unread::Malformed)?;
                if self.explode && self.shape.is(kind::OBJECT) {
                    return Ok((text, ';'));
                }
                let text = text.strip_prefix(self.name.as_str()).ok_or(Unread::Malformed)?;
                let text = text.strip_prefix('=').unwrap_or(text);
                (text, if self.explode { ';' } else { ',' })
            }
            Style::SpaceDelimited => (text, ' '),
            Style::PipeDelimited => (text, '|'),
            Style::Simple | Style::Form | Style::DeepObject => (text, ','),
        })
    }

    fn object(&self, text: &str, separator: char) -> Result<Value, Unread> {
        let mut members = Map::new();
        let mut add = |name: &str, text: &str| {
            let fresh = members.insert(name.to_owned(), self.shape.member(name, text)).is_none();
            if fresh { Ok(()) } else { Err(Unread::Repeated) }
        };
        let mut parts = text.split(separator).filter(|part| !part.is_empty());
        while let Some(part) = parts.next() {
            if self.explode {
                let (name, value) = part.split_once('=').ok_or(Unread::Malformed)?;
                add(name, value)?;
            } else {
                add(part, parts.next().ok_or(Unread::Malformed)?)?;
            }
        }
        Ok(Value::Object(members))
    }

    /// `id[a]=1&id[b]=2`
    fn deep(&self, pairs: &Pairs) -> Result<Value, Unread> {
        let mut members = Map::new();
        for (name, text) in pairs {
            let Some(rest) = name.strip_prefix(self.name.as_str()).and_then(|rest| rest.strip_prefix('[')) else { continue };
            let key = rest.strip_suffix(']').filter(|key| !key.contains(['[', ']'])).ok_or(Unread::Malformed)?;
            let shape = self.shape.members.get(key).or(self.shape.others.as_deref());
            match (members.get_mut(key), shape.filter(|shape| shape.is(kind::ARRAY))) {
                (Some(Value::Array(items)), Some(shape)) => items.push(shape.item(text)),
                (Some(_), _) => return Err(Unread::Repeated),
                (None, Some(shape)) => drop(members.insert(key.to_owned(), Value::Array(vec![shape.item(text)]))),
                (None, None) => drop(members.insert(key.to_owned(), self.shape.member(key, text))),
            }
        }
        if members.is_empty() { Err(Unread::Absent) } else { Ok(Value::Object(members)) }
    }

    /// The members that the schema knows, each a parameter of its own name.
    fn exploded_members(&self, pairs: &Pairs) -> Result<Value, Unread> {
        let known: Vec<(String, String)> = pairs.iter().filter(|(name, _)| self.shape.members.contains_key(name)).cloned().collect();
        let (value, repeated) = self.shape.object(&known);
        match (repeated.is_empty(), known.is_empty()) {
            (false, _) => Err(Unread::Repeated),
            (true, true) => Err(Unread::Absent),
            (true, false) => Ok(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(types: u8) -> Shape {
        Shape { types, ..Shape::default() }
    }

    fn list() -> Shape {
        Shape { types: kind::ARRAY, items: Some(Box::new(plain(kind::INTEGER))), ..Shape::default() }
    }

    fn object() -> Shape {
        let members = [("r", kind::INTEGER), ("g", kind::STRING)].map(|(name, types)| (name.to_owned(), plain(types)));
        Shape { types: kind::OBJECT, members: members.into(), ..Shape::default() }
    }

    fn read(part: Part, style: Style, explode: bool, shape: Shape, pairs: &[(&str, &str)]) -> Result<Value, Unread> {
        let name = "c".to_owned();
        let parameter = Parameter { part, name, required: true, style, explode, json: false, allow_empty: false, shape, node: 0 };
        let pairs: Vec<_> = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        parameter.read(&pairs)
    }

    #[test]
    fn every_style_is_read() {
        use Part::{Cookie, Header, Path, Query};
        use Style::{DeepObject, Form, Label, Matrix, PipeDelimited, Simple, SpaceDelimited};
        let both = || json!({ "r": 100, "g": "x" });
        for (part, style, explode, shape, pairs, expect) in [
            (Path, Simple, false, plain(kind::INTEGER), &[("c", "5")][..], Ok(json!(5))),
            (Path, Simple, false, list(), &[("c", "3,4")], Ok(json!([3, 4]))),
            (Path, Simple, false, object(), &[("c", "r,100,g,x")], Ok(both())),
            (Path, Simple, true, object(), &[("c", "r=100,g=x")], Ok(both())),
            (Path, Simple, false, object(), &[("c", "r,100,g")], Err(Unread::Malformed)),
            (Path, Label, false, plain(kind::STRING), &[("c", ".blue")], Ok(json!("blue"))),
            (Path, Label, false, plain(kind::STRING), &[("c", "blue")], Err(Unread::Malformed)),
            (Path, Label, true, list(), &[("c", ".3.4")], Ok(json!([3, 4]))),
            (Path, Label, false, list(), &[("c", ".3,4")], Ok(json!([3, 4]))),
            (Path, Label, true, object(), &[("c", ".r=100.g=x")], Ok(both())),
            (Path, Matrix, false, plain(kind::INTEGER), &[("c", ";c=5")], Ok(json!(5))),
            (Path, Matrix, false, plain(kind::INTEGER), &[("c", ";d=5")], Err(Unread::Malformed)),
            (Path, Matrix, false, list(), &[("c", ";c=3,4")], Ok(json!([3, 4]))),
            (Path, Matrix, true, list(), &[("c", ";c=3;c=4")], Ok(json!([3, 4]))),
            (Path, Matrix, true, list(), &[("c", ";c=3;d=4")], Err(Unread::Malformed)),
            (Path, Matrix, false, object(), &[("c", ";c=r,100,g,x")], Ok(both())),
            (Path, Matrix, true, object(), &[("c", ";r=100;g=x")], Ok(both())),
            (Query, Form, true, plain(kind::BOOLEAN), &[("c", "true")], Ok(json!(true))),
            (Query, Form, true, plain(kind::INTEGER), &[("d", "1")], Err(Unread::Absent)),
            (Query, Form, true, plain(kind::INTEGER), &[("c", "1"), ("c", "2")], Err(Unread::Repeated)),
            (Query, Form, true, list(), &[("c", "3"), ("x", "0"), ("c", "4")], Ok(json!([3, 4]))),
            (Query, Form, false, list(), &[("c", "3,4")], Ok(json!([3, 4]))),
            (Query, Form, false, list(), &[("c", "")], Ok(json!([]))),
            (Query, Form, true, object(), &[("r", "100"), ("g", "x"), ("z", "1")], Ok(both())),
            (Query, Form, false, object(), &[("c", "r,100,g,x")], Ok(both())),
            (Query, SpaceDelimited, false, list(), &[("c", "3 4")], Ok(json!([3, 4]))),
            (Query, PipeDelimited, false, list(), &[("c", "3|4")], Ok(json!([3, 4]))),
            (Query, DeepObject, true, object(), &[("c[r]", "100"), ("c[g]", "x"), ("d[r]", "1")], Ok(both())),
            (Query, DeepObject, true, object(), &[("c[r]", "1"), ("c[r]", "2")], Err(Unread::Repeated)),
            (Query, DeepObject, true, object(), &[("c[r][s]", "1")], Err(Unread::Malformed)),
            (Header, Simple, false, list(), &[("c", "3,4")], Ok(json!([3, 4]))),
            (Cookie, Form, false, plain(kind::NUMBER), &[("c", "1.5")], Ok(json!(1.5))),
        ] {
            assert_eq!(read(part, style, explode, shape, pairs), expect, "{part:?} {style:?} {explode} {pairs:?}");
        }
    }

    #[test]
    fn a_text_is_only_taken_for_what_it_may_be() {
        for (types, text, expect) in [
            (kind::INTEGER, "5", json!(5)),
            (kind::INTEGER, "05", json!("05")),
            (kind::INTEGER, "5x", json!("5x")),
            (kind::INTEGER, " 5", json!(" 5")),
            (kind::INTEGER, "NaN", json!("NaN")),
            (kind::NUMBER, "-1e3", json!(-1000.0)),
            (kind::STRING, "5", json!("5")),
            (kind::STRING | kind::INTEGER, "5", json!(5)),
            (kind::BOOLEAN, "TRUE", json!("TRUE")),
            (kind::NULL | kind::INTEGER, "", json!(null)),
            (0, "5", json!("5")),
        ] {
            assert_eq!(plain(types).scalar(text), expect, "{types} {text}");
        }
    }

    #[test]
    fn a_form_is_an_object() {
        let mut shape = object();
        shape.members.insert("l".to_owned(), list());
        let pairs = [("r", "1"), ("l", "3"), ("l", "4"), ("z", "y"), ("z", "y")].map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(shape.object(&pairs), (json!({ "r": 1, "l": [3, 4], "z": "y" }), vec!["z".to_owned()]));
    }
}
