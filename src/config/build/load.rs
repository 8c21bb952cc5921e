//! Reads the routes files of a directory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::text::diagnostics::{Code, Diagnostic};
use crate::config::text::source::{CONSUMERS, Source};

/// The file of what is shared.
pub const GATEWAY: &str = "gateway.toml";

/// Every `*.toml` at the top of a directory: gateway.toml first, then the APIs in the order of their names; then those of its folder
/// `consumers`. Behind them come the JSON and YAML files in it and
/// below it, which routes files may name.
///
/// # Errors
/// Each file that cannot be read, and a directory that is not there or has no routes file.
pub fn directory(path: &Path) -> Result<Vec<Source>, Vec<Diagnostic>> {
    let unreadable = |what: &Path, why: &dyn std::fmt::Display| {
        Diagnostic::without_place(Code::Unreadable, format!("`{}` cannot be read: {why}", what.display()))
    };
    let entries = fs::read_dir(path)
        .map_err(|error| vec![unreadable(path, &error).help("expected a directory that holds gateway.toml and one file per API")])?;
    let mut files = Vec::new();
    let mut errors = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) if is_toml(&entry.path()) => files.push(entry.path()),
            Ok(_) => {}
            Err(error) => errors.push(unreadable(path, &error)),
        }
    }
    files.sort_by_key(|file| (file.file_name().is_none_or(|name| name != GATEWAY), file.clone()));
    if files.is_empty() {
        let message = format!("`{}` has no routes file", path.display());
        errors.push(Diagnostic::without_place(Code::Unreadable, message).help("expected one file per API, such as `products.toml`"));
    }
    let consumers = path.join(CONSUMERS);
    match consumers.is_dir().then(|| fs::read_dir(&consumers)) {
        None => {}
        Some(Err(error)) => errors.push(unreadable(&consumers, &error)),
        Some(Ok(entries)) => {
            let mut found: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_toml(path)).collect();
            found.sort();
            files.extend(found);
        }
    }
    named(path, 0, &mut files, &mut errors);
    let mut sources = Vec::new();
    for file in files {
        let name = file.display().to_string();
        match fs::read(&file).map(String::from_utf8) {
            Ok(Ok(text)) => {
                let mut source = Source::new(name, &text);
                source.of_consumer = file.parent() == Some(&consumers);
                sources.push(source);
            }
            Ok(Err(error)) => {
                let at = error.utf8_error().valid_up_to();
                let line = error.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1;
                errors.push(unreadable(&file, &format!("line {line} is not UTF-8")));
            }
            Err(error) => errors.push(unreadable(&file, &error)),
        }
    }
    if errors.is_empty() { Ok(sources) } else { Err(errors) }
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

/// What `archway schema` writes for editors: about the routes files, and not named in one.
const EDITORS: &str = "schema.json";

fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["json", "yaml", "yml"].iter().any(|known| extension == *known))
}

/// How deep directories of schemas may stand within each other.
const DEEPEST: usize = 8;

/// Adds the JSON and YAML files in `path` and below it.
fn named(path: &Path, depth: usize, files: &mut Vec<PathBuf>, errors: &mut Vec<Diagnostic>) {
    let mut inside: Vec<PathBuf> = match fs::read_dir(path) {
        Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()).collect(),
        Err(error) => {
            let message = format!("`{}` cannot be read: {error}", path.display());
            return errors.push(Diagnostic::without_place(Code::Unreadable, message));
        }
    };
    inside.sort();
    for file in inside {
        if file.is_dir() && depth < DEEPEST {
            named(&file, depth + 1, files, errors);
        } else if is_document(&file) && (depth > 0 || file.file_name().is_none_or(|name| name != EDITORS)) {
            files.push(file);
        }
    }
}
