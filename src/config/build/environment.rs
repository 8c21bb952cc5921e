//! The variables and secrets of a deployment, as far as the native command knows them.

use std::collections::BTreeMap;

use crate::config::compiler::{Compiler, ConfigError, Needs};
use crate::ports::Environment;

/// Variables and secrets by name, from a file such as `.dev.vars`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployment(pub BTreeMap<String, String>);

impl Deployment {
    /// Reads lines of `NAME=value`. Values may stand in quotes; `#` begins a comment line; `export` before a name is allowed.
    ///
    /// # Errors
    /// The first line that is none of these, by its number.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        for (number, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line.split_once('=').ok_or_else(|| format!("line {}: expected NAME=value, found `{line}`", number + 1))?;
            let name = name.trim().trim_start_matches("export ").trim();
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return Err(format!("line {}: `{name}` is not the name of a variable", number + 1));
            }
            values.insert(name.to_owned(), unquote(value.trim()));
        }
        Ok(Self(values))
    }
}

fn unquote(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        return inner.replace("\\n", "\n").replace("\\\"", "\"");
    }
    value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')).unwrap_or(value).to_owned()
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

/// Compiles without knowing any value: a field that does not work with one stand-in is tried with the next. `named` gives the
/// variables and secrets that a field names, and whether it begins with something else. What nobody can know yet cannot be judged
/// and passes; what is wrong before any value was asked for, or begins in its own words and works with no stand-in, is wrong.
///
/// # Errors
/// Whatever is wrong that is not about unknown values.
pub fn sketch(
    id: &str,
    named: impl Fn(&str) -> (Vec<String>, bool),
    run: impl Fn(&mut Compiler<'_>) -> Result<(), ConfigError>,
) -> (Needs, Result<(), ConfigError>) {
    let mut stand_ins = StandIns::default();
    let mut needs = Needs::default();
    let mut first: Option<ConfigError> = None;
    loop {
        let mut compiler = Compiler::new(&stand_ins, id, id);
        let result = run(&mut compiler);
        let found = compiler.needs;
        needs.variables.extend(found.variables.iter().cloned());
        needs.secrets.extend(found.secrets.iter().cloned());
        let Err(error) = result else { return (Needs { variables: needs.variables, secrets: needs.secrets, ..found }, Ok(())) };
        let (names, begins) = named(&error.field);
        let asked_for_none = found.variables.is_empty() && found.secrets.is_empty();
        if names.is_empty() || asked_for_none {
            return (needs, Err(error));
        }
        let first = match &first {
            Some(first) if first.field == error.field => first.clone(),
            _ => first.insert(error).clone(),
        };
        for name in names {
            let next = stand_ins.0.entry(name).or_insert(0);
            *next += 1;
            if *next >= STAND_INS.len() {
                let [stand_in, ..] = STAND_INS else { return (needs, Ok(())) };
                let message = first.message.replace(stand_in, "${...}");
                needs = Needs { variables: needs.variables, secrets: needs.secrets, ..found };
                return (needs, if begins { Err(ConfigError { message, ..first }) } else { Ok(()) });
            }
        }
    }
}

#[cfg(test)]
mod tests;
