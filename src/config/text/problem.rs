//! What decoding can find wrong, kept apart until it is shown.

use std::fmt;
use std::ops::Range;

use serde::de::{self, Expected, Unexpected};

use super::diagnostics::{Code, Diagnostic};
use super::names::{list, suggestion};
use super::source::Place;
use crate::expr::misread::Misread;

/// What is wrong with a key or a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A key that means nothing here, and the keys that do.
    UnknownKey(String, Vec<String>),
    /// A word that is none of the allowed ones.
    UnknownWord(String, Vec<String>),
    /// A key that must be there.
    MissingKey(String),
    /// What was found, and what was expected.
    WrongType(String, String),
    /// A secret itself, where its name should stand.
    Secret,
    /// Something within an expression.
    Misread(Box<Misread>),
    /// Anything else, in the words of the type itself.
    Other(String),
}

/// A problem, where it is, and which node has to go for decoding to get past it.
#[derive(Debug, Clone)]
pub struct Error {
    /// What is wrong.
    pub problem: Problem,
    /// Where; `None` until the decoder that knows has seen it.
    pub span: Option<Range<usize>>,
    /// Identity of the node in the way.
    pub node: usize,
    /// Whether it only follows from a node that was taken away.
    pub follows: bool,
    /// The keys of the table that was expected.
    pub keys: &'static [&'static str],
}

impl Error {
    fn of(problem: Problem) -> Self {
        Self { problem, span: None, node: 0, follows: false, keys: &[] }
    }

    /// A secret itself where its name should stand.
    pub fn secret() -> Self {
        Self::of(Problem::Secret)
    }

    /// Says what the table has that was expected, where nothing in it was found wrong.
    pub fn with_keys(mut self, keys: &'static [&'static str]) -> Self {
        if self.span.is_none() {
            self.keys = keys;
        }
        self
    }

    /// The error as it is shown.
    pub fn diagnostic(&self, file: usize) -> Diagnostic {
        let place = Place::new(file, &self.span.clone().unwrap_or(0..0));
        match &self.problem {
            Problem::UnknownKey(key, known) => {
                let diagnostic = Diagnostic::new(Code::UnknownKey, place, format!("unknown key `{key}`"));
                let diagnostic = diagnostic.suggest(suggestion(key, known.iter().map(String::as_str)));
                diagnostic.help(format!("expected {}", list(known)))
            }
            Problem::UnknownWord(word, known) => {
                let diagnostic = Diagnostic::new(Code::WrongValue, place, format!("`{word}` is not one of the values allowed here"));
                let diagnostic = diagnostic.suggest(suggestion(word, known.iter().map(String::as_str)));
                diagnostic.help(format!("expected {}", list(known)))
            }
            Problem::MissingKey(key) => {
                Diagnostic::new(Code::MissingKey, place, format!("the key `{key}` is missing")).label(format!("needs `{key}`"))
            }
            Problem::WrongType(found, expected) => {
                let diagnostic = Diagnostic::new(Code::WrongValue, place, format!("expected {expected}, found {found}"));
                match (found.as_str(), expected.as_str(), self.keys) {
                    ("text", "an array", _) => diagnostic.help("write `[` and `]` around it"),
                    (_, "a table", [_, ..]) => diagnostic.help(format!("its keys are {}", list(self.keys).replace(" or ", " and "))),
                    _ => diagnostic,
                }
            }
            Problem::Secret => {
                let message = "a secret's value never stands here, but its name: `{ secret = \"NAME\" }`";
                let diagnostic = Diagnostic::new(Code::WrongValue, place, message).help("a name has letters, digits and `_`");
                Diagnostic { concealed: true, ..diagnostic.help("its value is given to the deployment, or with `--vars FILE`") }
            }
            Problem::Misread(misread) => {
                let diagnostic = Diagnostic::new(Code::WrongValue, place, misread.message.clone());
                let diagnostic = Diagnostic { within: Some(misread.span.clone()), ..diagnostic }.suggest(misread.suggestion.as_deref());
                misread.help.iter().fold(diagnostic, |diagnostic, help| diagnostic.help(help))
            }
            Problem::Other(message) => Diagnostic::new(Code::WrongValue, place, message.clone()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic(0).message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        if let Some(misread) = Misread::read(&message) {
            return Self::of(Problem::Misread(Box::new(misread)));
        }
        Self::of(Problem::Other(match message.starts_with("data did not match any variant") {
            true => "this value has none of the forms that are allowed here".to_owned(),
            false => message,
        }))
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of(Problem::WrongType(found(unexpected), plain(&expected.to_string())))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::of(Problem::WrongType(format!("{length} elements"), plain(&expected.to_string())))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::of(Problem::UnknownKey(field.to_owned(), expected.iter().map(|name| (*name).to_owned()).collect()))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::of(Problem::UnknownWord(variant.to_owned(), expected.iter().map(|name| (*name).to_owned()).collect()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of(Problem::MissingKey(field.to_owned()))
    }
}

fn found(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(yes) => format!("`{yes}`"),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Str(_) | Unexpected::Char(_) => "text".to_owned(),
        Unexpected::Seq => "an array".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

/// What serde expects, in the words of TOML.
fn plain(expected: &str) -> String {
    match expected {
        "a string" | "a borrowed string" | "string or table" => "text in quotes".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a map" => "a table".to_owned(),
        "a sequence" => "an array".to_owned(),
        "enum" => "a table with one key".to_owned(),
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" | "u64" | "usize" => "a whole number, not negative".to_owned(),
        "i32" | "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        _ if expected.starts_with("struct ") => "a table".to_owned(),
        _ if expected.starts_with("tuple ") => "an array".to_owned(),
        _ if expected.starts_with("enum ") => "one of the allowed values".to_owned(),
        other => other.to_owned(),
    }
}
