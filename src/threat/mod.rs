//! What of a request looks like an attack. Pure: [`inspect`] takes the parts of a request and says which rule saw what where;
//! [`json`] and [`xml`] hold a body against what it may be.
//!
//! Every name and value is looked at by itself, by [`value`]: one pass lets most of them go; the others are read word by word, as they
//! are and through bounded layers of [`decode`]ing, by the [`detect`]ors. What a value's signs count for one class is added up; the
//! highest sum decides. Work is linear in the size of the input, whatever it is, and nothing of an input is kept.

pub mod agents;
pub mod body;
pub mod decode;
pub mod detect;
mod fields;
pub mod json;
mod marks;
pub mod report;
pub mod rules;
pub mod settings;
pub mod text;
mod value;
mod words;
pub mod xml;

use crate::http::HeaderMap;
use report::Report;
use settings::Settings;
use value::Inspector;

/// The parts of a request.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The host that it was sent to.
    pub host: &'a str,
    /// The route's name.
    pub route: &'a str,
    /// The path, escaped as in the URL.
    pub path: &'a str,
    /// The query without its `?`, escaped.
    pub query: Option<&'a str>,
    /// All header fields, cookies among them.
    pub headers: &'a HeaderMap,
    /// The body, or as much of it as is to be looked at.
    pub body: &'a [u8],
}

/// Looks at everything of a request. Never fails: what cannot be read as what it says it is, is read as bytes.
pub fn inspect(parts: &Parts<'_>, settings: &Settings) -> Report {
    let mut inspector = Inspector::new(parts, settings);
    fields::path(&mut inspector, parts.path);
    if let Some(query) = parts.query {
        fields::form(&mut inspector, report::Part::Query, query.as_bytes());
    }
    fields::headers(&mut inspector, parts.headers);
    if !parts.body.is_empty() {
        body::look(&mut inspector, parts.headers, parts.body);
    }
    inspector.report
}

#[cfg(test)]
mod tests;
