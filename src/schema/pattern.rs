//! Regular expressions as they run: tables of an automaton where one is small enough, `regex-lite` otherwise. Both take time that
//! grows with the text alone.

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

/// The state of a text that will not match, whatever follows.
pub const DEAD: u16 = 0;
/// The state of a text that matches, whatever follows.
pub const MATCH: u16 = 1;

/// A pattern as it is shipped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Pattern {
    /// A deterministic automaton over bytes.
    Table {
        /// Where classes of bytes that the automaton does not tell apart begin: the first one at 0.
        classes: Vec<u8>,
        /// The state after each class, for one state after the other, from [`MATCH`] + 1 on; the first one is where it begins.
        next: Vec<u16>,
        /// The states that match where the text ends.
        ends: Vec<u16>,
    },
    /// In the dialect of `regex-lite`.
    Text(String),
}

/// A pattern that is ready to be asked.
pub enum Matcher {
    /// By a table.
    Table {
        /// The class of each byte.
        class: Box<[u8; 256]>,
        /// How many classes there are.
        width: usize,
        /// As in [`Pattern::Table`].
        next: Vec<u16>,
        /// Whether a state matches where the text ends.
        ends: Vec<bool>,
    },
    /// By an engine.
    Engine(Regex),
}

impl Matcher {
    /// Makes a pattern ready.
    ///
    /// # Errors
    /// Where a text is no regular expression, which building it rules out.
    pub fn new(pattern: &Pattern) -> Result<Self, String> {
        let (classes, next, matching) = match pattern {
            Pattern::Text(text) => return Regex::new(text).map(Self::Engine).map_err(|error| error.to_string()),
            Pattern::Table { classes, next, ends } => (classes, next, ends),
        };
        let mut class = Box::new([0u8; 256]);
        for (byte, class) in (0..=u8::MAX).zip(class.iter_mut()) {
            *class = u8::try_from(classes.partition_point(|first| *first <= byte).saturating_sub(1)).unwrap_or_default();
        }
        let mut ends = vec![false; usize::from(MATCH) + 1 + next.len() / classes.len().max(1)];
        for state in matching {
            if let Some(end) = ends.get_mut(usize::from(*state)) {
                *end = true;
            }
        }
        Ok(Self::Table { class, width: classes.len(), next: next.clone(), ends })
    }

    /// Whether the pattern matches somewhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        let (class, width, next, ends) = match self {
            Self::Engine(regex) => return regex.is_match(text),
            Self::Table { class, width, next, ends } => (class, *width, next, ends),
        };
        let mut state = MATCH + 1;
        for byte in text.bytes() {
            let column = class.get(usize::from(byte)).copied().unwrap_or_default();
            let row = usize::from(state - MATCH - 1) * width;
            state = next.get(row + usize::from(column)).copied().unwrap_or(DEAD);
            if state <= MATCH {
                return state == MATCH;
            }
        }
        ends.get(usize::from(state)).copied().unwrap_or_default()
    }
}
