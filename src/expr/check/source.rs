//! The text of an expression, its parse, and where everything in it stands.

use std::ops::Range;

use cel::Env;
use cel::common::ast::{EntryExpr, Expr, IdedExpr, SourceInfo};
use cel::parser::ParseError;

use crate::expr::misread::Misread;

/// An expression's text with the places of its nodes.
pub struct Source<'t> {
    text: &'t str,
    info: SourceInfo,
}

/// Room for the parser's calls, in bytes.
const STACK: usize = 32 << 20;

/// Parses an expression. Macros stay the calls that they are written as.
///
/// # Errors
/// Where it is not CEL; the first error of several.
pub fn parse(text: &str) -> Result<(IdedExpr, Source<'_>), Misread> {
    let parse = || Env::default().with_optional_support(false).parser().max_recursion_depth(64).parse_with_source_info(text);
    // The parser goes many calls deep for each pair of brackets: more than a thread of a test has room for.
    let parsed = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, parse);
        thread.ok().and_then(|thread| thread.join().ok())
    });
    let Some(parsed) = parsed else { return Err(Misread::at(0..text.len(), "this is not CEL")) };
    match parsed {
        Ok((tree, info)) => Ok((tree, Source { text, info })),
        Err(errors) => {
            Err(errors.errors.first().map_or_else(|| Misread::at(0..text.len(), "this is not CEL"), |error| misread(text, error)))
        }
    }
}

/// The parser's error, in plain words where they are known.
fn misread(text: &str, error: &ParseError) -> Misread {
    if text.trim().is_empty() {
        return Misread::at(0..text.len(), "an expression cannot be empty");
    }
    let (line, column) = (usize::try_from(error.pos.0).unwrap_or(1), usize::try_from(error.pos.1).unwrap_or(1));
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let start = before + rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>();
    let end = start + word_length(text.get(start..).unwrap_or_default());
    let word = text.get(start..end).unwrap_or_default();
    let message = error.msg.strip_prefix("Syntax error: ").unwrap_or(&error.msg);
    let message = message.split(" expecting ").next().unwrap_or(message);
    if start >= text.trim_end().len() {
        return Misread::at(start..start, "the expression ends too early");
    }
    let plain = match message.strip_prefix("token recognition error at: ") {
        Some(_) => Misread::at(start..end, "this is not CEL: it cannot be read from here on"),
        None => Misread::at(start..end, format!("this is not CEL: {message}")),
    };
    match word {
        "'" | "\"" if message.contains('\\') => plain.help("a backslash is written twice, or the text as r'...'"),
        "=" => plain.help("equality is `==`"),
        "&" | "|" => plain.help("write `&&` or `||`"),
        "and" | "AND" => plain.help("write `&&`"),
        "or" | "OR" => plain.help("write `||`"),
        "not" | "NOT" => plain.help("write `!`"),
        _ => plain,
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The length of the word at the beginning of a text, or of its first character.
fn word_length(text: &str) -> usize {
    match text.find(|c| !is_word(c)) {
        Some(0) => text.chars().next().map_or(0, char::len_utf8),
        Some(end) => end,
        None => text.len(),
    }
}

impl Source<'_> {
    /// The bytes of the token that a node was made from.
    pub fn token(&self, id: u64) -> Range<usize> {
        let Some((start, last)) = self.info.offset_for(id) else { return 0..self.text.len() };
        let (start, last) = (start as usize, last as usize);
        let length = self.text.get(last..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        start..(last + length).max(start)
    }

    /// The name that stands before a token: of a function before its parenthesis.
    pub fn name_before(&self, id: u64) -> Range<usize> {
        let end = self.text.get(..self.token(id).start).unwrap_or_default().trim_end().len();
        let before = self.text.get(..end).unwrap_or_default();
        let start = before.rfind(|c| !is_word(c)).map_or(0, |at| at + 1);
        start..end
    }

    /// The name that stands after a token: of a field after its dot.
    pub fn name_after(&self, id: u64) -> Range<usize> {
        let end = self.token(id).end;
        let rest = self.text.get(end..).unwrap_or_default();
        let start = end + rest.len() - rest.trim_start().len();
        start..start + word_length(self.text.get(start..).unwrap_or_default())
    }

    /// The bytes of a whole expression.
    pub fn whole(&self, expr: &IdedExpr) -> Range<usize> {
        let own = self.token(expr.id);
        match &expr.expr {
            Expr::Select(select) => self.whole(&select.operand).start.min(own.start)..self.name_after(expr.id).end,
            Expr::Call(call) => {
                let parts = call.target.as_deref().into_iter().chain(&call.args);
                let span = self.around(own.clone(), parts.map(|part| self.whole(part)));
                match self.text.get(own) {
                    Some("(") => span.start.min(self.name_before(expr.id).start)..self.closed(span.end, ')'),
                    Some("[") => span.start..self.closed(span.end, ']'),
                    _ => span,
                }
            }
            Expr::List(items) => {
                let span = self.around(own, items.elements.iter().map(|item| self.whole(item)));
                span.start..self.closed(span.end, ']')
            }
            Expr::Map(map) => {
                let values = map.entries.iter().filter_map(|entry| match &entry.expr {
                    EntryExpr::MapEntry(entry) => Some(self.whole(&entry.value)),
                    EntryExpr::StructField(_) => None,
                });
                let span = self.around(own, values);
                span.start..self.closed(span.end, '}')
            }
            _ => own,
        }
    }

    fn around(&self, own: Range<usize>, parts: impl Iterator<Item = Range<usize>>) -> Range<usize> {
        parts.fold(own, |span, part| span.start.min(part.start)..span.end.max(part.end))
    }

    /// The end behind the bracket that closes what ends at `end`.
    fn closed(&self, end: usize, bracket: char) -> usize {
        let rest = self.text.get(end..).unwrap_or_default();
        let skipped = rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',').len();
        match rest.get(skipped..).is_some_and(|rest| rest.starts_with(bracket)) {
            true => end + skipped + 1,
            false => end,
        }
    }
}
