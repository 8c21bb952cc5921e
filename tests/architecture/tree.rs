//! The repository's files, as the tests read them.

use std::fs;
use std::path::{Path, PathBuf};

/// A file: its path from the top of the repository, and its text.
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    /// Whether it holds nothing but tests.
    pub fn is_tests(&self) -> bool {
        self.path.starts_with("tests/") || self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// The lines that are not comments, each with its number.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// The top of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of one file.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below `directory` with one of the extensions, in the order of the paths.
pub fn files(directory: &str, extensions: &[&str]) -> Vec<File> {
    let mut files = Vec::new();
    gather(&root().join(directory), extensions, &mut files);
    assert!(!files.is_empty(), "{directory} has no files ending in {extensions:?}: the test looks in the wrong place");
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn gather(directory: &Path, extensions: &[&str], files: &mut Vec<File>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, extensions, files);
        } else if path.extension().is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted)) {
            let text = fs::read_to_string(&path).unwrap();
            files.push(File { path: path.strip_prefix(root()).unwrap().display().to_string(), text });
        }
    }
}

/// Fails with every place that breaks a rule, and with what to do about it.
pub fn none(found: &[String], what_to_do: &str) {
    assert!(found.is_empty(), "{what_to_do}\n  {}", found.join("\n  "));
}
