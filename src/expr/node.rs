//! The compiled tree, and how it is written: scalars as they are, everything else as `["what", ...]`.

use std::cell::OnceCell;
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;

use regex_lite::{Regex, RegexBuilder};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::facts::Fact;
use super::function::Function;
use super::time::{Span, Timestamp};
use crate::auth::base64url;
use crate::http::address::Cidr;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "literals are what they are called")]
pub enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    Timestamp(Timestamp),
    Duration(Span),
    Ip(IpAddr),
    Cidr(Cidr),
    /// A type by its name.
    Type(&'static str),
    List(Vec<Node>),
    /// Keys and values.
    Map(Vec<(Node, Node)>),
    /// A fact about the request.
    Fact(Fact),
    /// Whether the fact is there.
    HasFact(Fact),
    /// The variable of an enclosing `all`, `map`, ...: 0 for the outermost.
    Local(usize),
    /// What stands under a name in a map.
    Field(Box<Node>, Rc<str>),
    /// Whether something stands under a name in a map.
    HasField(Box<Node>, Rc<str>),
    /// Whether all are true.
    And(Vec<Node>),
    /// Whether one is true.
    Or(Vec<Node>),
    /// Test, then, else.
    If(Box<[Node; 3]>),
    /// A text that is matched by a fixed pattern.
    Matches(Box<Node>, Pattern),
    /// A list or map gone through, with what is asked of each item.
    Each(Each, Box<Node>, Vec<Node>),
    /// Everything else.
    Call(Function, Vec<Node>),
}

/// What is asked of each item of a list, or key of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    /// `all`: one test.
    All,
    /// `exists`: one test.
    Exists,
    /// `exists_one`: one test.
    ExistsOne,
    /// `filter`: one test.
    Filter,
    /// `map`: what it becomes, perhaps after a test.
    Map,
}

impl Each {
    /// Every one.
    pub const ALL: &[Each] = &[Each::All, Each::Exists, Each::ExistsOne, Each::Filter, Each::Map];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Exists => "exists",
            Self::ExistsOne => "exists_one",
            Self::Filter => "filter",
            Self::Map => "map",
        }
    }
}

/// The most memory that a compiled pattern may take, in bytes: its size is what each character of a text costs.
const LARGEST_PATTERN: usize = 32 << 10;

/// Compiles a pattern.
///
/// # Errors
/// Where it is no regular expression, or too large a one.
pub fn regex(pattern: &str) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN).build()
}

/// A regular expression that stands in the routes file; compiled when it is first needed.
#[derive(Clone)]
pub struct Pattern {
    text: Rc<str>,
    compiled: OnceCell<Option<Regex>>,
}

impl Pattern {
    /// Takes a pattern; whether it is one shows when it is used.
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), compiled: OnceCell::new() }
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What matches; `None` where the text is no regular expression.
    pub fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| regex(&self.text).ok()).as_ref()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// Names of types that an expression may speak of.
pub const TYPES: &[&str] = &["null_type", "bool", "int", "uint", "double", "string", "bytes", "list", "map", "type"];

impl Node {
    /// The nodes right under this one.
    pub fn children(&self) -> Vec<&Node> {
        match self {
            Self::List(nodes) | Self::And(nodes) | Self::Or(nodes) | Self::Call(_, nodes) => nodes.iter().collect(),
            Self::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
            Self::Field(node, _) | Self::HasField(node, _) | Self::Matches(node, _) => vec![node],
            Self::If(nodes) => nodes.iter().collect(),
            Self::Each(_, range, bodies) => std::iter::once(&**range).chain(bodies).collect(),
            _ => Vec::new(),
        }
    }

    /// Calls `see` with this node and every one under it.
    pub fn walk<'n>(&'n self, see: &mut impl FnMut(&'n Node)) {
        see(self);
        for child in self.children() {
            child.walk(see);
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => return serializer.serialize_unit(),
            Self::Bool(value) => return serializer.serialize_bool(*value),
            Self::Int(value) => return serializer.serialize_i64(*value),
            Self::Text(text) => return serializer.serialize_str(text),
            _ => {}
        }
        let mut seq = serializer.serialize_seq(None)?;
        let mut put = |tag: &str| seq.serialize_element(tag);
        match self {
            Self::Uint(value) => put("uint!").and_then(|()| seq.serialize_element(value))?,
            // As text: serde_json reads a number to within its last bit only.
            Self::Double(value) => put("double!").and_then(|()| seq.serialize_element(&value.to_string()))?,
            Self::Bytes(bytes) => put("bytes!").and_then(|()| seq.serialize_element(&base64url::encode(bytes)))?,
            Self::Timestamp(value) => put("timestamp!").and_then(|()| seq.serialize_element(&value.to_string()))?,
            Self::Duration(value) => put("duration!").and_then(|()| seq.serialize_element(&value.0))?,
            Self::Ip(value) => put("ip!").and_then(|()| seq.serialize_element(value))?,
            Self::Cidr(value) => put("cidr!").and_then(|()| seq.serialize_element(value))?,
            Self::Type(name) => put("type!").and_then(|()| seq.serialize_element(name))?,
            Self::Fact(fact) => put("$").and_then(|()| seq.serialize_element(fact.name()))?,
            Self::HasFact(fact) => put("has$").and_then(|()| seq.serialize_element(fact.name()))?,
            Self::Local(index) => put("local").and_then(|()| seq.serialize_element(index))?,
            Self::Field(_, name) => put(".").and_then(|()| seq.serialize_element(&**name))?,
            Self::HasField(_, name) => put("has.").and_then(|()| seq.serialize_element(&**name))?,
            Self::Matches(_, pattern) => put("regex").and_then(|()| seq.serialize_element(pattern.text()))?,
            Self::List(_) => put("[]")?,
            Self::Map(_) => put("{}")?,
            Self::And(_) => put("&&")?,
            Self::Or(_) => put("||")?,
            Self::If(_) => put("?:")?,
            Self::Each(each, ..) => put(each.name())?,
            Self::Call(function, _) => put(function.name())?,
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) => {}
        }
        for child in self.children() {
            seq.serialize_element(child)?;
        }
        seq.end()
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a compiled expression")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        i64::try_from(value).map(Node::Int).map_err(E::custom)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let tag: String = next(&mut seq)?;
        let wrong = |what: &str| de::Error::custom(format!("`{what}` is not known to this version"));
        Ok(match tag.as_str() {
            "uint!" => Node::Uint(next(&mut seq)?),
            "double!" => Node::Double(next::<String, A>(&mut seq)?.parse().map_err(|_| wrong("double!"))?),
            "bytes!" => Node::Bytes(base64url::decode(&next::<String, A>(&mut seq)?).ok_or_else(|| wrong("bytes!"))?.into()),
            "timestamp!" => Node::Timestamp(Timestamp::parse(&next::<String, A>(&mut seq)?).ok_or_else(|| wrong("timestamp!"))?),
            "duration!" => Node::Duration(Span(next(&mut seq)?)),
            "ip!" => Node::Ip(next(&mut seq)?),
            "cidr!" => Node::Cidr(next(&mut seq)?),
            "type!" => {
                let name: String = next(&mut seq)?;
                Node::Type(TYPES.iter().copied().find(|known| *known == name).ok_or_else(|| wrong(&name))?)
            }
            "$" | "has$" => {
                let name: String = next(&mut seq)?;
                let fact = Fact::of_name(&name).ok_or_else(|| wrong(&name))?;
                if tag == "$" { Node::Fact(fact) } else { Node::HasFact(fact) }
            }
            "local" => Node::Local(next(&mut seq)?),
            "." | "has." => {
                let name: Rc<str> = next(&mut seq)?;
                let node = Box::new(next(&mut seq)?);
                if tag == "." { Node::Field(node, name) } else { Node::HasField(node, name) }
            }
            "regex" => {
                let pattern = Pattern::new(&next::<String, A>(&mut seq)?);
                Node::Matches(Box::new(next(&mut seq)?), pattern)
            }
            "[]" => Node::List(rest(seq)?),
            "&&" => Node::And(rest(seq)?),
            "||" => Node::Or(rest(seq)?),
            "{}" => {
                let mut entries = Vec::new();
                while let Some(key) = seq.next_element()? {
                    entries.push((key, next(&mut seq)?));
                }
                Node::Map(entries)
            }
            "?:" => Node::If(Box::new([next(&mut seq)?, next(&mut seq)?, next(&mut seq)?])),
            name => match (Each::ALL.iter().find(|each| each.name() == name), Function::of_name(name)) {
                (Some(each), _) => Node::Each(*each, Box::new(next(&mut seq)?), rest(seq)?),
                (None, Some(function)) => Node::Call(function, rest(seq)?),
                (None, None) => return Err(wrong(name)),
            },
        })
    }
}

fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(seq: &mut A) -> Result<T, A::Error> {
    seq.next_element()?.ok_or_else(|| de::Error::custom("a part of an expression is missing"))
}

fn rest<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<Node>, A::Error> {
    let mut nodes = Vec::new();
    while let Some(node) = seq.next_element()? {
        nodes.push(node);
    }
    Ok(nodes)
}
