//! Errors as people read them in a terminal, and as JSON for programs.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::diagnostics::Diagnostic;
use super::source::{Place, Source};

const RED: Style = AnsiColor::Red.on_default().bold();
const BLUE: Style = AnsiColor::Blue.on_default().bold();
const BOLD: Style = Style::new().bold();

/// The most columns of a source line that are shown; a longer line is cut around its word.
const WIDTH: usize = 120;

/// All errors as text, with styles; a stream that is no terminal strips them. What is concealed is so on every line.
pub fn text(diagnostics: &[Diagnostic], sources: &[Source]) -> String {
    let concealed = diagnostics.iter().filter(|diagnostic| diagnostic.concealed).filter_map(|diagnostic| diagnostic.place.as_ref());
    let files = Files { sources, concealed: concealed.collect() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        one(&mut out, diagnostic, &files);
        out.push('\n');
    }
    out
}

struct Files<'a> {
    sources: &'a [Source],
    concealed: Vec<&'a Place>,
}

impl Files<'_> {
    /// A piece of a file as it may be shown.
    fn shown(&self, file: usize, from: usize, piece: &str) -> String {
        let mut shown = piece.to_owned();
        let parts = self.concealed.iter().filter(|place| place.file == file);
        let parts = parts.map(|place| place.start.max(from)..place.end.min(from + piece.len())).filter(|part| !part.is_empty());
        let mut parts: Vec<_> = parts.collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.start));
        for part in parts {
            shown.replace_range(part.start - from..part.end - from, "\"****\"");
        }
        shown
    }
}

fn one(out: &mut String, diagnostic: &Diagnostic, files: &Files<'_>) {
    let _ = writeln!(out, "{RED}error[{}]{RED:#}{BOLD}: {}{BOLD:#}", diagnostic.code.name(), diagnostic.message);
    let line_of = |place: &Place| files.sources.get(place.file).map_or(0, |source| source.line_of(place.start) + 1);
    let places = diagnostic.place.iter().chain(diagnostic.related.iter().map(|(place, _)| place));
    let gutter = places.map(line_of).max().unwrap_or(0).to_string().len();
    let empty = format!("{BLUE}{:gutter$} |{BLUE:#}\n", "");
    if let Some(place) = &diagnostic.place {
        excerpt(out, (place, diagnostic.label.as_deref()), files, gutter, ("-->", '^', RED));
    }
    for (place, message) in &diagnostic.related {
        excerpt(out, (place, Some(message)), files, gutter, (":::", '-', BLUE));
    }
    if diagnostic.place.is_some() && !diagnostic.help.is_empty() {
        out.push_str(&empty);
    }
    for help in &diagnostic.help {
        let _ = writeln!(out, "{BLUE}{:gutter$} ={BLUE:#} {help}", "");
    }
}

fn excerpt(
    out: &mut String,
    (place, label): (&Place, Option<&str>),
    files: &Files<'_>,
    gutter: usize,
    (arrow, mark, style): (&str, char, Style),
) {
    let Some(source) = files.sources.get(place.file) else { return };
    let position = source.position(place.start);
    let line = source.line(position.line - 1);
    let from = (place.start - source.line_start(position.line - 1)).min(line.len());
    let to = (from + (place.end - place.start)).min(line.len());
    let start = source.line_start(position.line - 1);
    let piece = |from: usize, to: usize| files.shown(place.file, start + from, line.get(from..to).unwrap_or_default());
    let (shown, indent, width) = cut(&piece(0, from), &piece(from, to), &piece(to, line.len()));
    let run: String = std::iter::repeat_n(mark, width).collect();
    let _ = writeln!(out, "{BLUE}{:gutter$}{arrow}{BLUE:#} {}:{}:{}", "", source.name, position.line, position.column);
    let _ = writeln!(out, "{BLUE}{:gutter$} |{BLUE:#}", "");
    let _ = writeln!(out, "{BLUE}{:>gutter$} |{BLUE:#} {shown}", position.line);
    let label = label.map(|label| format!(" {label}")).unwrap_or_default();
    let _ = writeln!(out, "{BLUE}{:gutter$} |{BLUE:#} {:indent$}{style}{run}{label}{style:#}", "", "");
}

/// The line as it is shown, the columns before the word, and the word's own.
fn cut(before: &str, word: &str, after: &str) -> (String, usize, usize) {
    let (mut before, mut word, mut after) = (plain(before), plain(word), plain(after));
    if before.width() + word.width() + after.width() > WIDTH {
        if word.width() > WIDTH / 2 {
            word = head(&word, WIDTH / 2);
            after = "…".to_owned();
        }
        if before.width() > WIDTH / 4 {
            let kept: String = before.chars().rev().take(WIDTH / 4).collect();
            before = format!("…{}", kept.chars().rev().collect::<String>());
        }
        let room = WIDTH.saturating_sub(before.width() + word.width());
        if after.width() > room {
            after = format!("{}…", head(&after, room));
        }
    }
    let (indent, width) = (before.width(), word.width().max(1));
    (format!("{before}{word}{after}"), indent, width)
}

fn head(text: &str, columns: usize) -> String {
    let mut width = 0;
    text.chars()
        .take_while(|c| {
            width += c.width().unwrap_or(0);
            width <= columns
        })
        .collect()
}

/// Tabs as four spaces, other control characters as one sign each: so that columns can be counted.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => plain.push_str("    "),
            c if c.is_control() => plain.push('\u{fffd}'),
            c => plain.push(c),
        }
    }
    plain
}

/// The same for programs: an array of objects with `code`, `message`, `file`, `line`, `column`, `end_line`, `end_column`,
/// `label`, `suggestion`, `help` and `related`.
pub fn values(diagnostics: &[Diagnostic], sources: &[Source]) -> Vec<Value> {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let mut value = json!({ "code": diagnostic.code.name(), "message": diagnostic.message });
            if let (Some(place), Some(object)) = (&diagnostic.place, value.as_object_mut()) {
                object.extend(place_value(place, sources));
            }
            let related = diagnostic.related.iter().map(|(place, message)| {
                let mut object = place_value(place, sources);
                object.insert("message".to_owned(), message.clone().into());
                Value::Object(object)
            });
            if let Some(object) = value.as_object_mut() {
                object.insert("label".to_owned(), diagnostic.label.clone().into());
                object.insert("suggestion".to_owned(), diagnostic.suggestion.clone().into());
                object.insert("help".to_owned(), diagnostic.help.clone().into());
                object.insert("related".to_owned(), related.collect());
            }
            value
        })
        .collect()
}

fn place_value(place: &Place, sources: &[Source]) -> serde_json::Map<String, Value> {
    let mut object = serde_json::Map::new();
    if let Some(source) = sources.get(place.file) {
        let (start, end) = (source.position(place.start), source.position(place.end));
        object.insert("file".to_owned(), source.name.clone().into());
        object.insert("line".to_owned(), start.line.into());
        object.insert("column".to_owned(), start.column.into());
        object.insert("end_line".to_owned(), end.line.into());
        object.insert("end_column".to_owned(), end.column.into());
    }
    object
}

#[cfg(test)]
mod tests;
