//! The maps of a request: path parameters, query, header fields and cookies. They are looked through when somebody asks.

use super::error::{Budget, EvalError};
use super::value::{Text, Value};
use crate::http::{HeaderMap, cookie, query};

/// One of a request's maps, not built.
#[derive(Debug, Clone, Copy)]
pub enum Fields<'a> {
    /// Path parameters, as they stand in the path.
    Params(&'a [(String, String)]),
    /// Query parameters, decoded. Reading one that is there twice is an error: nobody knows which one the origin takes.
    Query(&'a str),
    /// Query parameters, decoded: all values of each.
    Queries(&'a str),
    /// Header fields; names without regard to case, several of one name joined by `, ` (RFC 9110 section 5.3).
    Header(&'a HeaderMap),
    /// Cookies, as sent (RFC 6265 section 4.2). Reading one that is there twice is an error.
    Cookies(&'a HeaderMap),
}

fn joined<'a>(headers: &'a HeaderMap, name: &str, budget: &mut Budget) -> Result<Option<Value<'a>>, EvalError> {
    let mut values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let Some(first) = values.next() else { return Ok(None) };
    let Some(second) = values.next() else { return Ok(Some(Value::Text(first.into()))) };
    let mut all = format!("{first}, {second}");
    for value in values {
        all.push_str(", ");
        all.push_str(&value);
    }
    budget.make(all.len())?;
    Ok(Some(Value::made(all)))
}

fn only<'a>(what: &str, name: &str, mut values: impl Iterator<Item = Text<'a>>) -> Result<Option<Value<'a>>, EvalError> {
    let first = values.next();
    if values.next().is_some() {
        return Err(EvalError::new(format!("the {what} `{name}` is there more than once")));
    }
    Ok(first.map(Value::Text))
}

impl<'a> Fields<'a> {
    /// The value of `name`; `None` where there is none.
    ///
    /// # Errors
    /// Where the work runs out, or a query parameter or cookie is there more than once.
    pub fn value(self, name: &str, budget: &mut Budget) -> Result<Option<Value<'a>>, EvalError> {
        match self {
            Self::Params(params) => Ok(params.iter().find(|(known, _)| known == name).map(|(_, value)| Value::text(value))),
            Self::Header(headers) => joined(headers, name, budget),
            Self::Query(text) => {
                budget.read(text.len())?;
                let values = query::pairs(text).filter(|(known, _)| known == name).map(|(_, value)| Text::from(value));
                only("query parameter", name, values)
            }
            Self::Queries(text) => {
                budget.read(text.len())?;
                let values = query::pairs(text).filter(|(known, _)| known == name).map(|(_, value)| Value::Text(value.into()));
                let values: Vec<_> = values.collect();
                budget.list(values.len())?;
                Ok((!values.is_empty()).then(|| Value::list(values)))
            }
            Self::Cookies(headers) => {
                budget.spend(headers.len())?;
                let values = cookie::pairs(headers).filter(|(known, _)| *known == name).map(|(_, value)| Text::Borrowed(value));
                only("cookie", name, values)
            }
        }
    }

    /// Whether `name` is there, once or more often.
    ///
    /// # Errors
    /// Where the work runs out.
    pub fn has(self, name: &str, budget: &mut Budget) -> Result<bool, EvalError> {
        match self {
            Self::Params(params) => Ok(params.iter().any(|(known, _)| known == name)),
            Self::Header(headers) => Ok(headers.contains_key(name)),
            Self::Query(text) | Self::Queries(text) => {
                budget.read(text.len())?;
                Ok(query::pairs(text).any(|(known, _)| known == name))
            }
            Self::Cookies(headers) => {
                budget.spend(headers.len())?;
                Ok(cookie::pairs(headers).any(|(known, _)| known == name))
            }
        }
    }

    /// Every name, once; header fields in lower case.
    pub fn names(self) -> Vec<Text<'a>> {
        let mut names: Vec<Text<'a>> = match self {
            Self::Params(params) => params.iter().map(|(name, _)| Text::Borrowed(name)).collect(),
            Self::Query(text) | Self::Queries(text) => query::pairs(text).map(|(name, _)| Text::from(name)).collect(),
            Self::Header(headers) => headers.keys().map(|name| Text::Borrowed(name.as_str())).collect(),
            Self::Cookies(headers) => cookie::pairs(headers).map(|(name, _)| Text::Borrowed(name)).collect(),
        };
        names.sort();
        names.dedup();
        names
    }
}
