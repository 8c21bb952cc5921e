//! Parameters as they are written in a path, a query, a header field or a cookie, and the values that they stand for (OpenAPI 3.1
//! section 4.8.12.4, "Style Values").

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::deep;
use super::document::{self, Value};
use super::shape::{Pairs, Shape, object};
use super::tree::kind;

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
    /// In the query, or in the body of a form.
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

impl Unread {
    /// The keyword and the message of a violation.
    pub fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Absent => ("required", "must be there"),
            Self::Repeated => ("repeated", "must be there once"),
            Self::Malformed => ("style", "must be written as the API says"),
        }
    }
}

/// Arrays and objects within each other in a parameter that is JSON.
const DEPTH: usize = 32;

impl Parameter {
    /// Its value, of all pairs of its part. In a path, a header field or a cookie there is one text under its name.
    ///
    /// # Errors
    /// Where it has none.
    pub fn read(&self, pairs: &Pairs) -> Result<Value<'static>, Unread> {
        let (array, object) = (self.shape.is(kind::ARRAY), self.shape.is(kind::OBJECT));
        if self.style == Style::DeepObject && !self.json {
            return deep::read(&self.name, &self.shape, pairs);
        }
        if self.is_spread() {
            return self.members(pairs);
        }
        let mut texts = pairs.list.iter().filter(|(name, _)| *name == self.name).map(|(_, text)| text.as_str());
        let first = texts.next().ok_or(Unread::Absent)?;
        let rest: Vec<&str> = texts.collect();
        if self.json {
            let text = pairs.coding.decoded(first);
            let value = document::read(text.as_bytes(), DEPTH).map(Value::owned).map_err(|_| Unread::Malformed);
            return if rest.is_empty() { value } else { Err(Unread::Repeated) };
        }
        if array && self.explode && matches!(self.part, Part::Query | Part::Cookie) {
            return Ok(Value::Array(std::iter::once(first).chain(rest).map(|text| self.shape.item(pairs.coding.decoded(text))).collect()));
        }
        if !rest.is_empty() {
            return Err(Unread::Repeated);
        }
        if array && self.explode && self.style == Style::Matrix {
            let items = first.strip_prefix(';').ok_or(Unread::Malformed)?.split(';');
            let item = |text: &str| {
                text.split_once('=').filter(|(name, _)| *name == self.name).map(|(_, text)| self.shape.item(pairs.coding.decoded(text)))
            };
            return items.map(item).collect::<Option<_>>().map(Value::Array).ok_or(Unread::Malformed);
        }
        let (text, separator) = self.undressed(first)?;
        if array && !(object && self.explode && text.contains('=')) {
            let items = if text.is_empty() { Vec::new() } else { split(pairs, text, separator) };
            return Ok(Value::Array(items.into_iter().map(|item| self.shape.item(item)).collect()));
        }
        if object {
            return self.object(pairs, text, separator);
        }
        Ok(self.shape.scalar(pairs.coding.decoded(text)))
    }

    /// Whether its members are parameters of their own names.
    pub fn is_spread(&self) -> bool {
        let object = self.shape.is(kind::OBJECT) && !self.shape.is(kind::ARRAY);
        self.style == Style::Form && self.explode && object && self.part == Part::Query && !self.json
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

    fn object(&self, pairs: &Pairs, text: &str, separator: char) -> Result<Value<'static>, Unread> {
        let (mut members, mut names) = (Vec::new(), BTreeSet::new());
        let mut parts = split(pairs, text, separator).into_iter().filter(|part| !part.is_empty());
        while let Some(part) = parts.next() {
            let (name, text) = match self.explode {
                true => part.split_once('=').map(|(name, text)| (name.to_owned(), text.to_owned())).ok_or(Unread::Malformed)?,
                false => (part, parts.next().ok_or(Unread::Malformed)?),
            };
            if !names.insert(name.clone()) {
                return Err(Unread::Repeated);
            }
            let value = self.shape.member(&name, text);
            members.push((Cow::Owned(name), value));
        }
        Ok(object(members))
    }

    /// The members that the schema knows, each a parameter of its own name.
    fn members(&self, pairs: &Pairs) -> Result<Value<'static>, Unread> {
        let known = pairs.list.iter().filter(|(name, _)| self.shape.members.contains_key(name)).cloned().collect();
        let known = Pairs { coding: pairs.coding, list: known };
        let (value, repeated) = self.shape.object(&known);
        match (repeated.is_empty(), known.list.is_empty()) {
            (false, _) => Err(Unread::Repeated),
            (true, true) => Err(Unread::Absent),
            (true, false) => Ok(value),
        }
    }
}

/// The parts of a text, decoded. A separator that is itself coded is a part of an item; but many clients code every one of them, and
/// then it separates.
fn split(pairs: &Pairs, text: &str, separator: char) -> Vec<String> {
    if text.contains(separator) {
        return text.split(separator).map(|part| pairs.coding.decoded(part)).collect();
    }
    pairs.coding.decoded(text).split(separator).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::shape::Coding;
    use serde_json::json;

    fn plain(types: u8) -> Shape {
        Shape { types, ..Shape::default() }
    }

    fn list() -> Shape {
        Shape { types: kind::ARRAY, items: Some(Box::new(plain(kind::INTEGER))), ..Shape::default() }
    }

    fn words() -> Shape {
        Shape { types: kind::ARRAY, items: Some(Box::new(plain(kind::STRING))), ..Shape::default() }
    }

    fn object() -> Shape {
        let members = [("r", kind::INTEGER), ("g", kind::STRING)].map(|(name, types)| (name.to_owned(), plain(types)));
        Shape { types: kind::OBJECT, members: members.into(), ..Shape::default() }
    }

    fn read(part: Part, style: Style, explode: bool, json: bool, shape: Shape, pairs: &[(&str, &str)]) -> Result<Value<'static>, Unread> {
        let name = "c".to_owned();
        let parameter = Parameter { part, name, required: true, style, explode, json, allow_empty: false, shape, node: 0 };
        let list = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let coding = match part {
            Part::Query => Coding::Form,
            Part::Path | Part::Cookie => Coding::Percent,
            Part::Header => Coding::Plain,
        };
        parameter.read(&Pairs { coding, list })
    }

    #[test]
    fn every_style_is_read() {
        use Part::{Cookie, Header, Path, Query};
        use Style::{DeepObject, Form, Label, Matrix, PipeDelimited, Simple, SpaceDelimited};
        let both = || json!({ "r": 100, "g": "x" });
        for (part, style, explode, shape, pairs, expect) in [
            (Path, Simple, false, plain(kind::INTEGER), &[("c", "5")][..], Ok(json!(5))),
            (Path, Simple, false, plain(kind::STRING), &[("c", "a+b%20c")], Ok(json!("a+b c"))),
            (Path, Simple, false, list(), &[("c", "3,4")], Ok(json!([3, 4]))),
            (Path, Simple, false, words(), &[("c", "a%2Cb,c")], Ok(json!(["a,b", "c"]))),
            (Path, Simple, false, object(), &[("c", "r,100,g,x")], Ok(both())),
            (Path, Simple, true, object(), &[("c", "r=100,g=x")], Ok(both())),
            (Path, Simple, false, object(), &[("c", "r,100,g")], Err(Unread::Malformed)),
            (Path, Simple, false, object(), &[("c", "r,100,r,1")], Err(Unread::Repeated)),
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
            (Query, Form, true, plain(kind::STRING), &[("c", "/a?b:@+c")], Ok(json!("/a?b:@ c"))),
            (Query, Form, true, list(), &[("c", "3"), ("x", "0"), ("c", "4")], Ok(json!([3, 4]))),
            (Query, Form, false, list(), &[("c", "3,4")], Ok(json!([3, 4]))),
            (Query, Form, false, list(), &[("c", "3%2C4")], Ok(json!([3, 4]))),
            (Query, Form, false, words(), &[("c", "a%2Cb,c+d")], Ok(json!(["a,b", "c d"]))),
            (Query, Form, false, list(), &[("c", "")], Ok(json!([]))),
            (Query, Form, true, object(), &[("r", "100"), ("g", "x"), ("z", "1")], Ok(both())),
            (Query, Form, false, object(), &[("c", "r,100,g,x")], Ok(both())),
            (Query, SpaceDelimited, false, list(), &[("c", "3%204")], Ok(json!([3, 4]))),
            (Query, SpaceDelimited, false, list(), &[("c", "3+4")], Ok(json!([3, 4]))),
            (Query, SpaceDelimited, true, list(), &[("c", "3"), ("c", "4")], Ok(json!([3, 4]))),
            (Query, PipeDelimited, false, list(), &[("c", "3|4")], Ok(json!([3, 4]))),
            (Query, PipeDelimited, false, list(), &[("c", "3%7C4")], Ok(json!([3, 4]))),
            (Query, PipeDelimited, false, object(), &[("c", "r|100|g|x")], Ok(both())),
            (Query, DeepObject, true, object(), &[("c[r]", "100"), ("c[g]", "x"), ("d[r]", "1")], Ok(both())),
            (Query, DeepObject, true, object(), &[("c[r]", "1"), ("c[r]", "2")], Err(Unread::Repeated)),
            (Header, Simple, false, list(), &[("c", "3,4")], Ok(json!([3, 4]))),
            (Header, Simple, false, plain(kind::STRING), &[("c", "a%20b+c")], Ok(json!("a%20b+c"))),
            (Header, Simple, true, object(), &[("c", "r=100,g=x")], Ok(both())),
            (Cookie, Form, false, plain(kind::NUMBER), &[("c", "1.5")], Ok(json!(1.5))),
            (Cookie, Form, false, list(), &[("c", "3,4")], Ok(json!([3, 4]))),
        ] {
            let expect = expect.as_ref().map(Value::from).map_err(|unread| *unread);
            assert_eq!(read(part, style, explode, false, shape, pairs), expect, "{part:?} {style:?} {explode} {pairs:?}");
        }
        for (text, expect) in
            [("%7B%22a%22%3A1%7D", Ok(json!({ "a": 1 }))), ("{", Err(Unread::Malformed)), ("{\"a\":1,\"a\":2}", Err(Unread::Malformed))]
        {
            let expect = expect.as_ref().map(Value::from).map_err(|unread| *unread);
            assert_eq!(read(Query, Form, true, true, object(), &[("c", text)]), expect, "{text}");
        }
    }
}
