//! The variables and secrets of a deployment, as far as the native command knows them.

use std::collections::BTreeMap;

use crate::config::compiler::{Compiler, ConfigError};
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

/// Gives every variable and secret the same value.
struct Everything(&'static str);

impl Environment for Everything {
    fn get(&self, _: &str) -> Option<String> {
        Some(self.0.to_owned())
    }
}

/// Values that stand for unknown ones: a name that is long enough for a secret, a URL, a number, an address, a duration.
const STAND_INS: &[&str] = &["placeholder0placeholder0placeholder0placeholder0", "https://placeholder.example", "1", "192.0.2.1", "1s"];

/// Compiles with a deployment's values; without a deployment, with the first stand-ins that work. What depends on values that
/// nobody knows yet cannot be judged and passes.
///
/// # Errors
/// Whatever is wrong that is not about unknown values.
pub fn compile<T>(
    deployment: Option<&Deployment>,
    id: &str,
    run: impl Fn(&mut Compiler<'_>) -> Result<T, ConfigError>,
) -> (crate::config::compiler::Needs, Result<(), ConfigError>) {
    if let Some(deployment) = deployment {
        let mut compiler = Compiler::new(deployment, id, id);
        let result = run(&mut compiler).map(|_| ());
        return (compiler.needs, result);
    }
    let mut first = None;
    for stand_in in STAND_INS {
        let environment = Everything(stand_in);
        let mut compiler = Compiler::new(&environment, id, id);
        let result = run(&mut compiler).map(|_| ());
        let unknown = !compiler.needs.variables.is_empty() || !compiler.needs.secrets.is_empty();
        if result.is_ok() || !unknown {
            return (compiler.needs, result);
        }
        first.get_or_insert((compiler.needs, result));
    }
    let (needs, result) = first.unwrap_or_else(|| (Default::default(), Ok(())));
    (needs, result.or_else(|error| if error.missing.is_some() { Ok(()) } else { Err(error) }))
}
