//! Changes of the consumers files that leave everything else in them as it was written.

use std::fs;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::config::build::consumers::{ConsumerFile, is_name};
use crate::config::text::decode::{self, Skipped};
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::document::{self, Node};
use crate::config::text::source::{CONSUMERS, Source};

/// A consumer's file as it stands on disk.
pub struct File {
    /// Where it stands.
    pub path: PathBuf,
    /// What stands in it.
    pub text: String,
    /// The same as a tree.
    pub root: Node,
}

impl File {
    /// Every consumers file of a directory of routes files, in the order of the names.
    ///
    /// # Errors
    /// Where one cannot be read or is no TOML.
    pub fn all(routes: &Path) -> Result<Vec<Self>, Failure> {
        let directory = routes.join(CONSUMERS);
        if !directory.is_dir() {
            return Ok(Vec::new());
        }
        let unreadable = |path: &Path, error: std::io::Error| Failure::Usage(format!("`{}` cannot be read: {error}", path.display()));
        let entries = fs::read_dir(&directory).map_err(|error| unreadable(&directory, error))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        let read = |path: PathBuf| {
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            Self::of(path, text)
        };
        paths.into_iter().map(read).collect()
    }

    /// The file of a consumer; a new one, not yet written, where it has none.
    ///
    /// # Errors
    /// As [`File::all`], and where the name cannot be a file's.
    pub fn of_consumer(routes: &Path, name: &str) -> Result<Self, Failure> {
        if let Some(file) = Self::all(routes)?.into_iter().find(|file| file.name() == name) {
            return Ok(file);
        }
        if !is_name(name) {
            return Err(Failure::Usage(format!("`{name}` is not a name for a consumer; it has letters, digits, `-`, `_`, `.` and `@`")));
        }
        let path = routes.join(CONSUMERS).join(format!("{name}.toml"));
        if path.exists() {
            return Err(Failure::Usage(format!("`{}` is there, and is another consumer's", path.display())));
        }
        Self::of(path, format!("[consumer]\nname = \"{name}\"\n"))
    }

    fn of(path: PathBuf, text: String) -> Result<Self, Failure> {
        let mut diagnostics = Diagnostics::default();
        let source = Source::new(path.display().to_string(), &text);
        let root = document::parse(0, &source, &mut diagnostics);
        if !diagnostics.is_empty() {
            return Err(Failure::Usage(format!("`{}` is not TOML; `archway check` says where", path.display())));
        }
        Ok(Self { path, text: source.text, root })
    }

    /// The consumer's name; empty where the file does not say it.
    pub fn name(&self) -> &str {
        self.root.descend("consumer.name").text().unwrap_or_default()
    }

    /// The tables of a list, `keys` or `users`.
    pub fn list(&self, name: &str) -> &[Node] {
        self.root.entry(name).map_or(&[], |entry| entry.node.elements())
    }

    /// The file with one more table at its end.
    ///
    /// # Errors
    /// Where the list is written in another way, so that no table can follow.
    pub fn with_table(&self, name: &str, lines: &[String]) -> Result<Self, Failure> {
        let gap = if self.text.is_empty() || self.text.ends_with("\n\n") { "" } else { "\n" };
        let end = if self.text.ends_with('\n') || self.text.is_empty() { "" } else { "\n" };
        let text = format!("{}{end}{gap}[[{name}]]\n{}\n", self.text, lines.join("\n"));
        let path = self.path.display();
        let wrong = || Failure::Usage(format!("`{path}` has `{name}` in another form; write each as a table `[[{name}]]`"));
        Self::of(self.path.clone(), text).map_err(|_| wrong())
    }

    /// The file with another value for a key of one of its tables, which must have the key `beside` in any case.
    ///
    /// # Errors
    /// Where the result would not be TOML.
    pub fn with_value(&self, table: &Node, beside: &str, key: &str, value: &str) -> Result<Self, Failure> {
        let (span, new) = match (table.entry(key), table.entry(beside)) {
            (Some(entry), _) => (entry.node.span.clone(), value.to_owned()),
            (None, Some(entry)) if self.text.get(table.span.clone()).is_some_and(|text| text.starts_with('{')) => {
                (entry.node.span.end..entry.node.span.end, format!(", {key} = {value}"))
            }
            (None, Some(entry)) => {
                let rest = self.text.get(entry.node.span.end..).unwrap_or_default();
                let at = entry.node.span.end + rest.find('\n').unwrap_or(rest.len());
                (at..at, format!("\n{key} = {value}"))
            }
            (None, None) => return Err(Failure::Usage(format!("`{}` has no `{beside}` there", self.path.display()))),
        };
        let mut text = self.text.clone();
        text.replace_range(span, &new);
        Self::of(self.path.clone(), text)
    }

    /// Writes the file in one step: a reader sees the old one or the new one.
    ///
    /// # Errors
    /// Where it would not be a consumer's file, or cannot be written.
    pub fn write(&self) -> Result<(), Failure> {
        self.check()?;
        let unwritable = |error: std::io::Error| Failure::Usage(format!("`{}` cannot be written: {error}", self.path.display()));
        let directory = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory).map_err(unwritable)?;
        let next = self.path.with_extension("toml.next");
        fs::write(&next, &self.text).and_then(|()| fs::rename(&next, &self.path)).map_err(unwritable)
    }

    fn check(&self) -> Result<(), Failure> {
        let mut diagnostics = Diagnostics::default();
        if decode::decode::<ConsumerFile>(0, &self.root, &mut Skipped::new(), &mut diagnostics).is_some() {
            return Ok(());
        }
        let first = diagnostics.into_sorted().into_iter().next().map(|diagnostic| diagnostic.message).unwrap_or_default();
        Err(Failure::Usage(format!("`{}` is not a consumer's file: {first}", self.path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str =
        "# Acme, since 2024\n[consumer]\nname = \"acme\" # the old name\n\n[[keys]]\nid = \"aaaaaaaaaaaa\" # theirs\nhash = \"00\"\n";

    fn file(text: &str) -> File {
        File::of(PathBuf::from("acme.toml"), text.to_owned()).unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn a_table_is_put_at_the_end_and_nothing_else_changes() {
        for (text, expect) in [
            (WRITTEN.to_owned(), format!("{WRITTEN}\n[[keys]]\nid = \"b\"\n")),
            (format!("{WRITTEN}\n"), format!("{WRITTEN}\n[[keys]]\nid = \"b\"\n")),
            (WRITTEN.trim_end().to_owned(), format!("{WRITTEN}\n[[keys]]\nid = \"b\"\n")),
        ] {
            let next = file(&text).with_table("keys", &["id = \"b\"".to_owned()]).ok().unwrap();
            assert_eq!((next.text.as_str(), next.list("keys").len(), next.name()), (expect.as_str(), 2, "acme"));
        }
        let inline = "keys = []\n[consumer]\nname = \"acme\"\n";
        assert!(matches!(file(inline).with_table("keys", &[]), Err(Failure::Usage(text)) if text.contains("[[keys]]")));
    }

    #[test]
    fn a_value_is_put_in_beside_another_or_in_place_of_the_old_one() {
        for (text, expect) in [
            (WRITTEN.to_owned(), WRITTEN.replace("# theirs\n", "# theirs\ndisabled = true\n")),
            (format!("{WRITTEN}disabled = false # still\n"), format!("{WRITTEN}disabled = true # still\n")),
            ("keys = [{ id = \"a\", hash = \"00\" }]\n".to_owned(), "keys = [{ id = \"a\", disabled = true, hash = \"00\" }]\n".to_owned()),
        ] {
            let file = file(&text);
            let next = file.with_value(&file.list("keys")[0], "id", "disabled", "true").ok().unwrap();
            assert_eq!(next.text, expect);
        }
    }
}
