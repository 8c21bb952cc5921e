//! Secrets and personal data in what leaves: found by recognisers, patterns and paths, in streams too.
//!
//! All of it is pure and takes bytes as they come; what is held back is never more than what may still become a find.

pub mod events;
pub mod masker;
pub mod paths;
pub mod patterns;
pub mod recognise;

/// What is done about a find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Asterisks in place of letters and digits; of personal data the last four stay.
    Mask,
    /// `[redacted]` in its place.
    Redact,
    /// Nothing more leaves.
    Refuse,
}

/// Something was found that may not leave at all: its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub String);

/// What stands in place of what is redacted.
pub const REDACTED: &str = "[redacted]";

/// A text with asterisks for all its letters and digits but the last `keep`.
pub fn masked(text: &str, keep: usize) -> String {
    let total = text.chars().filter(|c| c.is_alphanumeric()).count();
    let hide = if total > keep { total - keep } else { total };
    let mut seen = 0;
    let mask = |c: char| {
        if !c.is_alphanumeric() {
            return c;
        }
        seen += 1;
        if seen <= hide { '*' } else { c }
    };
    text.chars().map(mask).collect()
}

/// Whether bytes of JSON stand in a text, as they pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quotes {
    inside: bool,
    escaped: bool,
}

impl Quotes {
    /// One more byte has passed.
    pub fn pass(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.inside => self.escaped = true,
            b'"' => self.inside = !self.inside,
            _ => {}
        }
    }

    /// Whether what comes next stands in a text.
    pub fn inside(self) -> bool {
        self.inside
    }
}

#[cfg(test)]
mod tests;
