//! A TOML 1.1 document as a tree in which everything knows where it stands.

use std::collections::HashSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostics::{Code, Diagnostic, Diagnostics};
use super::source::{Place, Source};

/// A value and its bytes. A table written with a header has the header's bytes.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it stands.
    pub span: Range<usize>,
    /// What it is.
    pub value: Value,
}

/// A TOML value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date, a time or both: no field of a routes file is one.
    Datetime,
    /// A whole number that does not fit 64 bits.
    Huge,
    /// Values in order.
    Array(Vec<Node>),
    /// Keys in the order of the file.
    Table(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Range<usize>,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The entries of a table; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of an array; none for anything else.
    pub fn elements(&self) -> &[Node] {
        match &self.value {
            Value::Array(elements) => elements,
            _ => &[],
        }
    }

    /// The entry with this key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether one of these nodes stands in this one.
    pub fn holds(&self, nodes: &HashSet<usize>) -> bool {
        let mut inner = self.entries().iter().map(|entry| &entry.node).chain(self.elements());
        inner.any(|node| nodes.contains(&node.identity()) || node.holds(nodes))
    }

    /// Tells this node from every other one of the tree, as long as the tree stands.
    pub fn identity(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// What a dotted path such as `allow.2` leads to. Keys may have dots themselves; where the path leaves the tree, the last
    /// node on it is meant.
    pub fn descend(&self, path: &str) -> &Node {
        self.descend_past(path, &HashSet::new())
    }

    /// As [`Node::descend`], where some nodes, by [`Node::identity`], count as not there.
    pub fn descend_past(&self, path: &str, skipped: &HashSet<usize>) -> &Node {
        if path.is_empty() {
            return self;
        }
        let rest_after = |key: &str| match path.strip_prefix(key)? {
            "" => Some(""),
            rest => rest.strip_prefix('.'),
        };
        if let Value::Array(elements) = &self.value {
            let (index, rest) = path.split_once('.').unwrap_or((path, ""));
            let mut there = elements.iter().filter(|node| !skipped.contains(&node.identity()));
            return index.parse().ok().and_then(|index: usize| there.nth(index)).map_or(self, |node| node.descend_past(rest, skipped));
        }
        let there = self.entries().iter().filter(|entry| !skipped.contains(&entry.node.identity()));
        let longest = there.filter(|entry| rest_after(&entry.key).is_some()).max_by_key(|entry| entry.key.len());
        longest.map_or(self, |entry| entry.node.descend_past(rest_after(&entry.key).unwrap_or_default(), skipped))
    }
}

/// Reads a document; every syntax error is reported, and what could be read is given back.
pub fn parse(file: usize, source: &Source, diagnostics: &mut Diagnostics) -> Node {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let root = Node { span: 0..0, value: Value::Table(entries(table.into_inner())) };
    let mut last_line = None;
    let mut table_twice = None;
    for error in errors {
        let span = error.span().unwrap_or(source.text.len()..source.text.len());
        let line = source.line_of(span.start);
        let header = (0..=line).rev().find(|line| source.line(*line).trim_start().starts_with('['));
        if error.message() == "duplicate key" {
            // All keys of a table that is there twice are there twice; one error says it.
            if header.is_none() || table_twice != header {
                diagnostics.push(duplicate(file, source, &root, span));
            }
            if header == Some(line) {
                table_twice = header;
            }
        } else if last_line != Some(line) {
            // One broken token makes the rest of its line unreadable too.
            diagnostics.push(syntax(file, source, &span, error.message()));
        }
        last_line = Some(line);
    }
    root
}

fn syntax(file: usize, source: &Source, span: &Range<usize>, message: &str) -> Diagnostic {
    let place = Place::new(file, span);
    match (message.starts_with("string values must be quoted"), source.slice(span.start, span.end)) {
        (true, "") => Diagnostic::new(Code::Syntax, place, "a value is missing"),
        (true, bare) => Diagnostic::new(Code::Syntax, place, "text must stand in quotes").label(format!("write \"{}\"", bare.trim())),
        (false, _) => Diagnostic::new(Code::Syntax, place, format!("this is not TOML: {message}")),
    }
}

fn entries(table: DeTable<'_>) -> Vec<Entry> {
    table.into_iter().map(|(key, value)| Entry { key_span: key.span(), key: key.into_inner().into_owned(), node: node(value) }).collect()
}

fn node(value: Spanned<DeValue<'_>>) -> Node {
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Huge, Value::Integer),
        DeValue::Float(number) => number.as_str().parse().map_or(Value::Huge, Value::Float),
        DeValue::Boolean(yes) => Value::Boolean(yes),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(elements) => Value::Array(elements.into_iter().map(node).collect()),
        DeValue::Table(table) => Value::Table(entries(table)),
    };
    Node { span, value }
}

fn duplicate(file: usize, source: &Source, root: &Node, span: Range<usize>) -> Diagnostic {
    let written = source.slice(span.start, span.end);
    let diagnostic = Diagnostic::new(Code::DuplicateKey, Place::new(file, &span), format!("`{written}` is defined twice"));
    let key = written.trim_matches(['"', '\'']);
    match first_key(source, root, key, span.start).or_else(|| first_header(source, span.start)) {
        Some(first) => diagnostic.related(Place::new(file, &first), "first defined here"),
        None => diagnostic,
    }
}

/// The key called `key` that stands last before `before`, in a table that is still open there.
fn first_key(source: &Source, node: &Node, key: &str, before: usize) -> Option<Range<usize>> {
    let inline = source.slice(node.span.start, node.span.start + 1) == "{";
    if inline && !node.span.contains(&before) {
        return None;
    }
    let own = node.entries().iter().filter(|e| e.key == key && e.key_span.start < before).map(|e| e.key_span.clone());
    let within = node.entries().iter().map(|e| &e.node).chain(node.elements()).filter_map(|child| first_key(source, child, key, before));
    own.chain(within).max_by_key(|span| span.start)
}

/// The first line with the same header of a table, or of a table in an array, as the line of `at`.
fn first_header(source: &Source, at: usize) -> Option<Range<usize>> {
    let line = source.line_of(at);
    let name = |line: usize| {
        let text = source.line(line).trim();
        text.starts_with('[').then(|| text.trim_matches(['[', ']']))
    };
    let header = name(line)?;
    let first = (0..line).find(|line| name(*line) == Some(header))?;
    let start = source.line_start(first);
    let text = source.line(first);
    Some(start + (text.len() - text.trim_start().len())..start + text.trim_end().len())
}

#[cfg(test)]
mod tests;
