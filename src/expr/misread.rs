//! What is wrong with the text of an expression, and where in it.
//!
//! serde carries errors as texts, so this one can be read back from its own text: the routes files' diagnostics put the caret
//! under the word.

use std::fmt;
use std::ops::Range;

/// An error within an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    /// The bytes of the expression that it is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// The nearest right name.
    pub suggestion: Option<String>,
    /// What would be right.
    pub help: Option<String>,
}

const HEAD: &str = "expression, bytes ";
const SUGGESTION: &str = "\ndid you mean ";
const HELP: &str = "\nhelp: ";

impl Misread {
    /// An error at a place.
    pub fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), suggestion: None, help: None }
    }

    /// Offers the nearest right name, if there is one.
    pub fn suggest(self, name: Option<&str>) -> Self {
        Self { suggestion: name.map(str::to_owned), ..self }
    }

    /// Says what would be right.
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Reads the text of one back; `None` where it is of something else.
    pub fn read(text: &str) -> Option<Self> {
        let (place, rest) = text.strip_prefix(HEAD)?.split_once(": ")?;
        let (start, end) = place.split_once("..")?;
        let (rest, help) = rest.split_once(HELP).map_or((rest, None), |(rest, help)| (rest, Some(help.to_owned())));
        let (message, suggestion) = rest.split_once(SUGGESTION).map_or((rest, None), |(rest, name)| (rest, Some(name.to_owned())));
        Some(Self { span: start.parse().ok()?..end.parse().ok()?, message: message.to_owned(), suggestion, help })
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEAD}{}..{}: {}", self.span.start, self.span.end, self.message)?;
        if let Some(name) = &self.suggestion {
            write!(f, "{SUGGESTION}{name}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "{HELP}{help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Misread {}
