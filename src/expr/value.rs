//! The values of an expression. What comes from the request or from claims is borrowed; nothing is copied to be compared.

use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;
use std::rc::Rc;

use serde_json::Value as Json;

use super::error::{Budget, EvalError};
use super::fields::Fields;
use super::time::{Span, Timestamp};
use crate::http::address::Cidr;

/// A text: borrowed from the request or the expression, or made by the expression.
#[derive(Clone)]
pub enum Text<'a> {
    /// Of the request, its claims or the expression.
    Borrowed(&'a str),
    /// Made.
    Shared(Rc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text<'_> {}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (**self).cmp(&**other)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<'a> From<std::borrow::Cow<'a, str>> for Text<'a> {
    fn from(text: std::borrow::Cow<'a, str>) -> Self {
        match text {
            std::borrow::Cow::Borrowed(text) => Self::Borrowed(text),
            std::borrow::Cow::Owned(text) => Self::Shared(text.into()),
        }
    }
}

/// A list.
#[derive(Debug, Clone)]
pub enum List<'a> {
    /// Made by the expression.
    Made(Rc<[Value<'a>]>),
    /// Of claims.
    Json(&'a [Json]),
    /// Of the identity.
    Texts(&'a [String]),
}

impl<'a> List<'a> {
    /// How many items it has.
    #[allow(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        match self {
            Self::Made(items) => items.len(),
            Self::Json(items) => items.len(),
            Self::Texts(items) => items.len(),
        }
    }

    /// An item, from 0.
    pub fn item(&self, index: usize) -> Option<Value<'a>> {
        match self {
            Self::Made(items) => items.get(index).cloned(),
            Self::Json(items) => items.get(index).map(Value::of_json),
            Self::Texts(items) => items.get(index).map(|text| Value::text(text)),
        }
    }

    /// All items, in order.
    pub fn items(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let list = self.clone();
        (0..self.len()).map_while(move |index| list.item(index))
    }
}

/// A map. Keys are bool, int, uint or string; numbers that are equal are one key.
#[derive(Debug, Clone)]
pub enum Map<'a> {
    /// Made by the expression.
    Made(Rc<[(Value<'a>, Value<'a>)]>),
    /// Of claims.
    Json(&'a serde_json::Map<String, Json>),
    /// Of the request.
    Fields(Fields<'a>),
}

impl<'a> Map<'a> {
    /// How many entries it has.
    #[allow(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        match self {
            Self::Made(entries) => entries.len(),
            Self::Json(entries) => entries.len(),
            Self::Fields(fields) => fields.names().len(),
        }
    }

    /// The value at `key`; `None` where there is none.
    ///
    /// # Errors
    /// Where the work runs out, or the key is there twice where it must not be.
    pub fn value(&self, key: &Value<'_>, budget: &mut Budget) -> Result<Option<Value<'a>>, EvalError> {
        match (self, key) {
            (Self::Json(entries), Value::Text(key)) => Ok(entries.get(&**key).map(Value::of_json)),
            (Self::Fields(fields), Value::Text(key)) => fields.value(key, budget),
            (Self::Made(entries), _) => {
                for (known, value) in entries.iter() {
                    if known.equals(key, budget)? {
                        return Ok(Some(value.clone()));
                    }
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Whether there is something at `key`.
    ///
    /// # Errors
    /// Where the work runs out.
    pub fn has(&self, key: &Value<'_>, budget: &mut Budget) -> Result<bool, EvalError> {
        match (self, key) {
            (Self::Fields(fields), Value::Text(key)) => fields.has(key, budget),
            _ => self.value(key, budget).map(|value| value.is_some()),
        }
    }

    /// All keys; in no order that may be relied on.
    pub fn keys(&self) -> Vec<Value<'a>> {
        match self {
            Self::Made(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
            Self::Json(entries) => entries.keys().map(|key| Value::text(key)).collect(),
            Self::Fields(fields) => fields.names().into_iter().map(Value::Text).collect(),
        }
    }
}

/// A value.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "each is the type of its name")]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Text<'a>),
    Bytes(Rc<[u8]>),
    Timestamp(Timestamp),
    Duration(Span),
    Ip(IpAddr),
    Cidr(Cidr),
    List(List<'a>),
    Map(Map<'a>),
    /// The type of a value, by name.
    Type(&'static str),
}

impl<'a> Value<'a> {
    /// A borrowed text.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Text::Borrowed(text))
    }

    /// A text that was made.
    pub fn made(text: impl Into<Rc<str>>) -> Self {
        Self::Text(Text::Shared(text.into()))
    }

    /// A list that was made.
    pub fn list(items: Vec<Value<'a>>) -> Self {
        Self::List(List::Made(items.into()))
    }

    /// A claim's value: whole numbers are int, or uint where only that holds them; all others are double.
    pub fn of_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => Self::Int(number),
                (None, Some(number)) => Self::Uint(number),
                (None, None) => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::text(text),
            Json::Array(items) => Self::List(List::Json(items)),
            Json::Object(entries) => Self::Map(Map::Json(entries)),
        }
    }

    /// The name of its type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "timestamp",
            Self::Duration(_) => "duration",
            Self::Ip(_) => "ip",
            Self::Cidr(_) => "cidr",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Type(_) => "type",
        }
    }

    /// Its truth.
    ///
    /// # Errors
    /// Where it is no bool.
    pub fn truth(&self) -> Result<bool, EvalError> {
        match self {
            Self::Bool(value) => Ok(*value),
            other => Err(EvalError::new(format!("expected bool, found {}", other.kind()))),
        }
    }

    /// Equality as CEL has it: numbers by their mathematical value whatever their types, everything else of its own type only;
    /// values of different types are not equal, and NaN equals nothing.
    ///
    /// # Errors
    /// Where the work runs out, or a field of the request that is compared is there twice.
    pub fn equals(&self, other: &Value<'_>, budget: &mut Budget) -> Result<bool, EvalError> {
        budget.spend(1)?;
        Ok(match (self, other) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Text(a), Value::Text(b)) => {
                budget.read(a.len().min(b.len()))?;
                **a == **b
            }
            (Self::Bytes(a), Value::Bytes(b)) => {
                budget.read(a.len().min(b.len()))?;
                a == b
            }
            (Self::Timestamp(a), Value::Timestamp(b)) => a == b,
            (Self::Duration(a), Value::Duration(b)) => a == b,
            (Self::Ip(a), Value::Ip(b)) => a == b,
            (Self::Cidr(a), Value::Cidr(b)) => a == b,
            (Self::Type(a), Value::Type(b)) => a == b,
            (Self::List(a), Value::List(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.items().zip(b.items()) {
                    if !a.equals(&b, budget)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Self::Map(a), Value::Map(b)) => return equal_maps(a, b, budget),
            (a, b) => super::operators::compare_numbers(a, b).is_some_and(|order| order == Some(std::cmp::Ordering::Equal)),
        })
    }
}

fn equal_maps(a: &Map<'_>, b: &Map<'_>, budget: &mut Budget) -> Result<bool, EvalError> {
    let (entries, others) = (a.len(), b.len());
    budget.spend(entries + others)?;
    if entries != others {
        return Ok(false);
    }
    for key in a.keys() {
        budget.spend(1)?;
        let equal = match (a.value(&key, budget)?, b.value(&key, budget)?) {
            (Some(a), Some(b)) => a.equals(&b, budget)?,
            _ => false,
        };
        if !equal {
            return Ok(false);
        }
    }
    Ok(true)
}
