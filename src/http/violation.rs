//! What is wrong with a part of a message: the members of a problem document's `violations`.

use serde::Serialize;

/// The most violations that one problem tells.
pub const MOST: usize = 25;

/// The longest pointer, in bytes; where a place lies deeper, the last one above it that fits is told.
const LONGEST: usize = 512;

/// One thing that is wrong. It names places and rules, never a value: that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// `body`, `query`, `path`, `header` or `cookie`.
    #[serde(rename = "in")]
    pub part: &'static str,
    /// Where in it, as a JSON Pointer (RFC 6901); in XML the path of the element.
    pub pointer: String,
    /// What would be right, for the client's developer.
    pub message: String,
    /// The rule: a keyword of JSON Schema, or the name of a limit.
    pub keyword: String,
}

impl Violation {
    /// A violation of `keyword`.
    pub fn new(part: &'static str, pointer: impl Into<String>, keyword: &str, message: impl Into<String>) -> Self {
        Self { part, pointer: pointer.into(), message: message.into(), keyword: keyword.to_owned() }
    }

    /// As the record says it: `body /a/b: maxLength`.
    pub fn line(&self) -> String {
        format!("{} {}: {}", self.part, self.pointer, self.keyword)
    }
}

/// Puts a step behind a pointer, escaped (RFC 6901 section 3). Gives `false`, and leaves the pointer as it was, where it would
/// become too long.
pub fn descend(pointer: &mut String, step: &str) -> bool {
    if pointer.len() + step.len() >= LONGEST {
        return false;
    }
    pointer.push('/');
    for c in step.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_escaped_and_pointers_bounded() {
        let mut pointer = String::new();
        assert!(descend(&mut pointer, "a/b") && descend(&mut pointer, "~") && descend(&mut pointer, "0"));
        assert_eq!(pointer, "/a~1b/~0/0");
        assert!(!descend(&mut pointer, &"x".repeat(LONGEST)));
        assert_eq!(pointer, "/a~1b/~0/0");
    }
}
