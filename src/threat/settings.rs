//! What is looked for, how strictly, and where not.

use serde::{Deserialize, Serialize};

/// A class of attacks; each has a score of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// SQL injection.
    Sqli,
    /// Scripts in pages.
    Xss,
    /// Path traversal and file inclusion.
    Traversal,
    /// Commands of a shell, and code that runs them.
    Command,
    /// Requests that the server is made to send.
    Ssrf,
    /// Templates and includes of the server.
    Template,
    /// Operators and expressions of document databases.
    Nosql,
    /// Filters of directories.
    Ldap,
    /// Queries of XML.
    Xpath,
    /// Headers and commands of mail.
    Mail,
    /// External entities of XML.
    Xxe,
    /// Objects that run when they are read, and prototypes.
    Objects,
    /// Lookups of log4j and its like.
    Lookup,
    /// Redirects to somewhere else.
    Redirect,
    /// Header fields smuggled in by line breaks.
    Crlf,
    /// Scanners.
    Scanner,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Sqli,
        Self::Xss,
        Self::Traversal,
        Self::Command,
        Self::Ssrf,
        Self::Template,
        Self::Nosql,
        Self::Ldap,
        Self::Xpath,
        Self::Mail,
        Self::Xxe,
        Self::Objects,
        Self::Lookup,
        Self::Redirect,
        Self::Crlf,
        Self::Scanner,
    ];

    /// The name in routes files and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqli => "sqli",
            Self::Xss => "xss",
            Self::Traversal => "traversal",
            Self::Command => "command",
            Self::Ssrf => "ssrf",
            Self::Template => "template",
            Self::Nosql => "nosql",
            Self::Ldap => "ldap",
            Self::Xpath => "xpath",
            Self::Mail => "mail",
            Self::Xxe => "xxe",
            Self::Objects => "objects",
            Self::Lookup => "lookup",
            Self::Redirect => "redirect",
            Self::Crlf => "crlf",
            Self::Scanner => "scanner",
        }
    }
}

/// How strict: 1 has the surest rules alone, 2 those that honest traffic hardly ever meets, 3 those that it may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(u8);

impl Level {
    /// The nearest of 1, 2 and 3.
    pub const fn of(number: u8) -> Self {
        Self(match number {
            0 | 1 => 1,
            2 => 2,
            _ => 3,
        })
    }

    /// 1, 2 or 3.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Where something does not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Except {
    /// A rule's or a class' name; every rule where absent.
    pub rule: Option<String>,
    /// A place as the record writes it, `query:q` or `body:items.*.text`: `*` stands for anything; every place where absent.
    pub field: Option<String>,
    /// A route's name, `*` for anything in it; every route where absent.
    pub route: Option<String>,
}

impl Except {
    /// Whether it covers a rule of a class, at a place as the record writes it. Routes are for the caller.
    pub fn covers(&self, rule: &str, class: &str, place: &str) -> bool {
        let named = self.rule.as_deref().is_none_or(|name| name == class || matches(name, rule));
        named && self.field.as_deref().is_none_or(|field| matches(field, place))
    }
}

/// What [`super::inspect`] goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The classes that count.
    pub classes: Vec<Class>,
    /// How strict.
    pub level: Level,
    /// The score of one class, within one value, from which a request is an attack.
    pub threshold: u32,
    /// What does not count.
    pub except: Vec<Except>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { classes: Class::ALL.to_vec(), level: Level::of(2), threshold: 5, except: Vec::new() }
    }
}

/// Whether `text` is as `pattern` says, in which `*` stands for any bytes. Work is bounded by the product of their lengths, and
/// patterns are the routes file's own.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = pattern.contains('*').then(|| parts.next_back()).flatten() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        let rows = [
            ("query:q", "query:q", true),
            ("query:q", "query:qq", false),
            ("body:*", "body:a.b", true),
            ("body:items.*.text", "body:items.0.text", true),
            ("body:items.*.text", "body:items.0.title", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
        ];
        for (pattern, text, expect) in rows {
            assert_eq!(matches(pattern, text), expect, "{pattern} {text}");
        }
    }
}
