//! The variables and secrets of a deployment, as far as the native command knows them.

use std::collections::BTreeMap;

use crate::config::compiler::{Compiler, ConfigError, Needs};
use crate::ports::Environment;

/// Variables and secrets by name, from a file such as `.dev.vars`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployment(pub BTreeMap<String, String>);

impl Deployment {
    /// Reads lines of `NAME=value`. Values may stand in quotes and then span lines; `#` begins a comment line; `export` before a
    /// name is allowed. In double quotes, `\n` is a line end, and `\"` and `\\` are the second character alone.
    ///
    /// # Errors
    /// The first line that is none of these, by its number: what stands in it may be part of a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        let mut lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().zip(1..);
        while let Some((line, number)) = lines.next() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || format!("line {number}: expected NAME=value; a value of several lines stands in quotes");
            let (name, value) = line.split_once('=').ok_or_else(wrong)?;
            let name = name.trim();
            let name = name.strip_prefix("export ").unwrap_or(name).trim();
            if !is_name(name) {
                return Err(wrong());
            }
            let value = value.trim();
            let (whole, more) = spanning(value, lines.clone().map(|(line, _)| line)).unwrap_or((value.to_owned(), 0));
            lines.by_ref().take(more).for_each(drop);
            values.insert(name.to_owned(), unquote(&whole));
        }
        Ok(Self(values))
    }
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

/// A value in quotes that ends on a later line, and how many lines that is on: that line's only quote is its last character.
fn spanning<'a>(value: &str, later: impl Iterator<Item = &'a str>) -> Option<(String, usize)> {
    let quote = value.chars().next().filter(|c| ['"', '\''].contains(c))?;
    if value.len() > 1 && value.ends_with(quote) {
        return None;
    }
    let mut whole = value.to_owned();
    for (line, count) in later.zip(1..) {
        whole.push('\n');
        whole.push_str(line.trim_end());
        if let Some(before) = line.trim_end().split_once(quote) {
            return before.1.is_empty().then_some((whole, count));
        }
    }
    None
}

/// A value without the quotes around it.
fn unquote(value: &str) -> String {
    let within = |quote| value.strip_prefix(quote).and_then(|value: &str| value.strip_suffix(quote));
    let Some(inner) = within('"') else { return within('\'').unwrap_or(value).to_owned() };
    let mut plain = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        let next = if c == '\\' { rest.as_str().chars().next() } else { None };
        match next {
            Some('n') => plain.push('\n'),
            Some(escaped @ ('"' | '\\')) => plain.push(escaped),
            _ => {
                plain.push(c);
                continue;
            }
        }
        rest.next();
    }
    plain
}

impl Environment for Deployment {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

/// Values that stand for unknown ones: text that is long enough for a secret, a URL, a number, an address, a duration.
const STAND_INS: &[&str] = &["placeholder0placeholder0placeholder0placeholder0", "https://placeholder.example", "1", "192.0.2.1", "1s"];

/// Gives each variable and secret one of [`STAND_INS`], the first one where nothing else was said.
#[derive(Default)]
struct StandIns(BTreeMap<String, usize>);

impl Environment for StandIns {
    fn get(&self, name: &str) -> Option<String> {
        STAND_INS.get(self.0.get(name).copied().unwrap_or(0)).map(|value| (*value).to_owned())
    }
}

/// Compiles with a deployment's values.
///
/// # Errors
/// Whatever is wrong.
pub fn compile(deployment: &Deployment, id: &str, run: impl Fn(&mut Compiler<'_>) -> Result<(), ConfigError>) -> Result<(), ConfigError> {
    run(&mut Compiler::new(deployment, id, id))
}

/// What compiling without knowing any value came to.
#[derive(Debug)]
pub struct Sketch {
    /// What was asked for.
    pub needs: Needs,
    /// What is wrong whatever the values are.
    pub result: Result<(), ConfigError>,
    /// Whether a field works with no stand-in, so that what stands behind it was not looked at.
    pub gave_up: bool,
}

/// Compiles without knowing any value: a field that does not work with one stand-in is tried with the next. `named` gives the
/// variables and secrets that a field names, and whether it begins with something else. What nobody can know yet cannot be judged
/// and passes; what is wrong before any value was asked for, or begins in its own words and works with no stand-in, is wrong.
pub fn sketch(id: &str, named: impl Fn(&str) -> (Vec<String>, bool), run: impl Fn(&mut Compiler<'_>) -> Result<(), ConfigError>) -> Sketch {
    let mut stand_ins = StandIns::default();
    let mut needs = Needs::default();
    let mut first: Option<ConfigError> = None;
    loop {
        let mut compiler = Compiler::new(&stand_ins, id, id);
        let result = run(&mut compiler);
        let found = compiler.needs;
        needs.variables.extend(found.variables.iter().cloned());
        needs.secrets.extend(found.secrets.iter().cloned());
        let Err(error) = result else {
            let needs = Needs { variables: needs.variables, secrets: needs.secrets, ..found };
            return Sketch { needs, result: Ok(()), gave_up: false };
        };
        let (names, begins) = named(&error.field);
        let asked_for_none = found.variables.is_empty() && found.secrets.is_empty();
        if names.is_empty() || asked_for_none {
            return Sketch { needs, result: Err(error), gave_up: false };
        }
        let first = match &first {
            Some(first) if first.field == error.field => first.clone(),
            _ => first.insert(error).clone(),
        };
        for name in names {
            let next = stand_ins.0.entry(name).or_insert(0);
            *next += 1;
            if *next >= STAND_INS.len() {
                let message = STAND_INS.first().map_or_else(String::new, |stand_in| first.message.replace(stand_in, "${...}"));
                needs = Needs { variables: needs.variables, secrets: needs.secrets, ..found };
                let result = if begins { Err(ConfigError { message, ..first }) } else { Ok(()) };
                return Sketch { needs, result, gave_up: true };
            }
        }
    }
}

#[cfg(test)]
mod tests;
