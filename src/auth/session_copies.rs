//! An isolate's short-lived copies of sessions, so that most requests need not ask the session's object.
//!
//! A copy is never older than [`LONGEST_MS`]: so long may a session that ended elsewhere go on here.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::identity::Identity;

/// The most sessions of which one policy keeps copies.
pub const MOST: usize = 1024;
/// The longest that a copy is used, in milliseconds.
pub const LONGEST_MS: u64 = 5_000;

/// A session that may be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Who it belongs to.
    pub identity: Identity,
    /// The access token and when it runs out, in milliseconds since the epoch.
    pub access: (String, Option<u64>),
}

/// Copies by the name of the session's object.
#[derive(Debug, Default)]
pub struct Copies {
    entries: HashMap<String, (Rc<Seen>, u64)>,
    order: VecDeque<String>,
}

impl Copies {
    /// The copy of a session that may still be used at `now_ms`.
    pub fn recall(&self, name: &str, now_ms: u64) -> Option<Rc<Seen>> {
        let (copy, until_ms) = self.entries.get(name)?;
        (now_ms < *until_ms).then(|| copy.clone())
    }

    /// Keeps a copy until `until_ms`, or as long as copies are kept; the oldest make room.
    pub fn remember(&mut self, name: &str, copy: Rc<Seen>, until_ms: u64, now_ms: u64) {
        let until_ms = until_ms.min(now_ms.saturating_add(LONGEST_MS));
        self.forget(name);
        if until_ms <= now_ms {
            return;
        }
        while self.entries.len() >= MOST {
            let Some(oldest) = self.order.pop_front() else { break };
            self.entries.remove(&oldest);
        }
        self.order.push_back(name.to_owned());
        self.entries.insert(name.to_owned(), (copy, until_ms));
    }

    /// Drops the copy of a session.
    pub fn forget(&mut self, name: &str) {
        if self.entries.remove(name).is_some() {
            self.order.retain(|known| known != name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy() -> Rc<Seen> {
        Rc::new(Seen { identity: Identity::default(), access: (String::new(), None) })
    }

    #[test]
    fn a_copy_is_short_lived() {
        for (until_ms, now_ms, expect) in [
            (10_000, 1_000, true),
            (1_500, 1_499, true),
            (1_500, 1_500, false),
            (100_000, 1_000 + LONGEST_MS - 1, true),
            (100_000, 1_000 + LONGEST_MS, false),
            (1_000, 1_000, false),
        ] {
            let mut copies = Copies::default();
            copies.remember("a", copy(), until_ms, 1_000);
            assert_eq!(copies.recall("a", now_ms).is_some(), expect, "until {until_ms}, now {now_ms}");
            assert!(copies.recall("b", now_ms).is_none());
            copies.forget("a");
            assert!(copies.recall("a", 1_000).is_none());
        }
    }

    #[test]
    fn copies_are_bounded_and_a_session_has_one() {
        let mut copies = Copies::default();
        for number in 0..MOST + 10 {
            copies.remember(&number.to_string(), copy(), 10_000, 0);
            copies.remember(&number.to_string(), copy(), 10_000, 0);
        }
        assert_eq!((copies.entries.len(), copies.order.len()), (MOST, MOST));
        assert!(copies.recall("9", 0).is_none() && copies.recall("10", 0).is_some());
    }
}
