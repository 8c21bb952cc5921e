//! A file's text and the lines in it.

use std::ops::Range;

/// The folder of the consumers files, within that of the routes files.
pub const CONSUMERS: &str = "consumers";

/// A file as it was read: a routes file, or one that routes files name.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as people see it.
    pub name: String,
    /// The text, without a byte order mark.
    pub text: String,
    /// Whether it is a consumer's file: one in a folder `consumers`.
    pub of_consumer: bool,
    line_starts: Vec<usize>,
}

/// Bytes in one of the sources.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Index of the source.
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Place {
    /// These bytes of that file.
    pub fn new(file: usize, span: &Range<usize>) -> Self {
        Self { file, start: span.start, end: span.end }
    }
}

/// A position that people count: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl Source {
    /// Takes a text; a byte order mark at its beginning is dropped.
    pub fn new(name: impl Into<String>, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        let line_starts = std::iter::once(0).chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1)).collect();
        let name = name.into();
        let of_consumer = name.rsplit(['/', '\\']).nth(1) == Some(CONSUMERS);
        Self { name, text, of_consumer, line_starts }
    }

    /// Whether it is a routes file; what is none may be named in one: a schema, say.
    pub fn is_routes(&self) -> bool {
        self.name.ends_with(".toml")
    }

    /// The number of the line that holds byte `at`, from 0.
    pub fn line_of(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// The line's text, counted from 0, without its end.
    pub fn line(&self, line: usize) -> &str {
        let start = self.line_start(line);
        let end = self.line_starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let text = self.text.get(start..end).unwrap_or_default();
        text.strip_suffix('\r').unwrap_or(text)
    }

    /// The first byte of a line, counted from 0.
    pub fn line_start(&self, line: usize) -> usize {
        self.line_starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// Line and column of byte `at`.
    pub fn position(&self, at: usize) -> Position {
        let line = self.line_of(at);
        let before = self.text.get(self.line_start(line)..at.min(self.text.len())).unwrap_or_default();
        Position { line: line + 1, column: before.chars().count() + 1 }
    }

    /// The bytes of a span, empty where they are not there.
    pub fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }
}
