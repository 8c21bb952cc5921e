//! Tokens that are withdrawn before they end: a list of them, one step for each thing that is asked of it, with the time as an
//! argument.
//!
//! An entry withdraws one token by its `jti`, or all tokens of a subject, or simply all, that were issued before a time; of one issuer,
//! where it names one. It is forgotten at its `until`, when every token that it could mean has expired. A list has at most
//! [`MOST_ENTRIES`] entries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub mod snapshot;

/// The most entries of one list.
pub const MOST_ENTRIES: usize = 10_000;
/// The longest text in an entry, in bytes.
pub const MOST_TEXT: usize = 512;
/// The longest that an entry may be remembered, in seconds: 400 days.
pub const LONGEST_S: u64 = 400 * 86_400;

/// What is withdrawn. Times are in seconds since the epoch, as in tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Entry {
    /// Its number in the list; given by the list, and never given again.
    pub number: u64,
    /// Only tokens of this issuer; of any where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The token with this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The tokens of this subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Only tokens that were issued before this time, or do not say when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// When it may be forgotten.
    pub until: u64,
}

impl Entry {
    /// Holds an entry against what can work, and completes it: a subject's tokens are those issued up to now, and without a time of its
    /// own the entry is forgotten `longest_s` seconds from now.
    ///
    /// # Errors
    /// What is wrong, for who wrote it.
    pub fn complete(mut self, now_ms: u64, longest_s: u64) -> Result<Self, &'static str> {
        let texts = [&self.issuer, &self.jti, &self.subject];
        if texts.into_iter().flatten().any(|text| text.is_empty() || text.len() > MOST_TEXT) {
            return Err("A text is empty or has more than 512 bytes.");
        }
        let now_s = now_ms / 1000;
        match (&self.jti, &self.subject, self.before) {
            (Some(_), Some(_), _) => return Err("Write either `jti` or `subject`."),
            (Some(_), None, Some(_)) => return Err("One token is withdrawn whenever it was issued: leave `before` out beside `jti`."),
            (None, None, None) => return Err("Write one of `jti`, `subject` and `before`."),
            (None, Some(_), None) => self.before = Some(now_s + 1),
            _ => {}
        }
        if self.before.is_some_and(|before| before > now_s + 1) {
            return Err("`before` lies in the future: tokens that are not issued yet cannot be withdrawn.");
        }
        if self.until == 0 {
            self.until = now_s.saturating_add(longest_s);
        }
        if self.until <= now_s || self.until > now_s + LONGEST_S {
            return Err("`until` must lie in the next 400 days, in seconds since the epoch.");
        }
        Ok(self)
    }
}

/// What is asked of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Add this entry, complete but for its number.
    Add(Entry),
    /// Take out the entry with this number.
    Remove(u64),
    /// At most `most` entries with numbers greater than `after`, in order.
    Entries {
        /// See above.
        after: u64,
        /// See above.
        most: usize,
    },
    /// What has changed since [`Told::Changes`] gave this version.
    Since(Version),
}

/// How far a copy of a list has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Another number when entries were taken out.
    pub epoch: u64,
    /// The greatest number that the copy has.
    pub number: u64,
}

/// What a list answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The entry with its number.
    Added(Entry),
    /// There is no room for another one.
    Full,
    /// Whether there was such an entry.
    Removed(bool),
    /// Entries, and whether there are more behind them.
    Entries {
        /// In order of their numbers.
        entries: Vec<Entry>,
        /// See above.
        more: bool,
    },
    /// Entries that are new to the copy, or all of them.
    Changes {
        /// How far the copy will have come.
        version: Version,
        /// Whether the copy has to forget what it has.
        whole: bool,
        /// In order of their numbers.
        entries: Vec<Entry>,
    },
}

/// What has to be written down before the answer may go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This entry is new.
    Put(Entry),
    /// The entry with this number is gone.
    Drop(u64),
    /// The list has come to this version.
    Version(Version),
}

/// A whole list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    version: Version,
    entries: BTreeMap<u64, Entry>,
}

impl List {
    /// A list as it was written down.
    pub fn load(version: Version, entries: Vec<Entry>) -> Self {
        Self { version, entries: entries.into_iter().map(|entry| (entry.number, entry)).collect() }
    }

    /// One step.
    pub fn step(&mut self, now_ms: u64, ask: &Ask) -> (Told, Vec<Change>) {
        match ask {
            Ask::Add(entry) => self.add(now_ms, entry.clone()),
            Ask::Remove(number) => match self.entries.remove(number) {
                Some(_) => {
                    self.version.epoch = now_ms.max(self.version.epoch + 1);
                    (Told::Removed(true), vec![Change::Drop(*number), Change::Version(self.version)])
                }
                None => (Told::Removed(false), Vec::new()),
            },
            Ask::Entries { after, most } => {
                let now_s = now_ms / 1000;
                let mut later = self.entries.range(after.saturating_add(1)..).map(|(_, entry)| entry).filter(|e| e.until > now_s).cloned();
                let entries = later.by_ref().take(*most).collect();
                (Told::Entries { entries, more: later.next().is_some() }, Vec::new())
            }
            Ask::Since(known) => {
                let whole = known.epoch != self.version.epoch;
                let first = if whole { 0 } else { known.number.saturating_add(1) };
                let entries = self.entries.range(first..).map(|(_, entry)| entry.clone()).collect();
                (Told::Changes { version: self.version, whole, entries }, Vec::new())
            }
        }
    }

    fn add(&mut self, now_ms: u64, entry: Entry) -> (Told, Vec<Change>) {
        let mut changes = self.forget(now_ms);
        if self.entries.len() >= MOST_ENTRIES {
            return (Told::Full, changes);
        }
        if self.version.epoch == 0 {
            // A list that was empty may have been another one before.
            self.version.epoch = now_ms;
        }
        self.version.number += 1;
        let entry = Entry { number: self.version.number, ..entry };
        self.entries.insert(entry.number, entry.clone());
        changes.extend([Change::Put(entry.clone()), Change::Version(self.version)]);
        (Told::Added(entry), changes)
    }

    /// Forgets the entries whose time is over; copies do so by themselves.
    pub fn forget(&mut self, now_ms: u64) -> Vec<Change> {
        let now_s = now_ms / 1000;
        let over: Vec<u64> = self.entries.values().filter(|entry| entry.until <= now_s).map(|entry| entry.number).collect();
        for number in &over {
            self.entries.remove(number);
        }
        over.into_iter().map(Change::Drop).collect()
    }

    /// When the next entry may be forgotten, in milliseconds since the epoch; `None` where there is none left, and nothing to keep.
    pub fn next_ms(&self) -> Option<u64> {
        self.entries.values().map(|entry| entry.until.saturating_mul(1000)).min()
    }
}

#[cfg(test)]
mod tests;
