//! An isolate's short memory of tokens whose issuer has said that they are not active.

use std::collections::{HashMap, VecDeque};

use super::verified::Digest;

/// The most tokens remembered by one policy.
pub const MAX_ENTRIES: usize = 4096;

/// Tokens that were refused a moment ago; the oldest make room.
#[derive(Debug, Default)]
pub struct Inactive {
    until: HashMap<Digest, u64>,
    order: VecDeque<Digest>,
}

impl Inactive {
    /// Whether this token was refused a moment ago.
    pub fn recall(&self, digest: &Digest, now_ms: u64) -> bool {
        self.until.get(digest).is_some_and(|until_ms| now_ms < *until_ms)
    }

    /// Remembers a refused token until `until_ms`, in milliseconds since the epoch.
    pub fn remember(&mut self, digest: Digest, until_ms: u64) {
        if self.until.insert(digest, until_ms).is_some() {
            return;
        }
        self.order.push_back(digest);
        while self.order.len() > MAX_ENTRIES {
            if let Some(oldest) = self.order.pop_front() {
                self.until.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_remembered_for_its_time_and_room() {
        let mut inactive = Inactive::default();
        let digest = |number: usize| Digest::of(&number.to_string());
        for number in 0..=MAX_ENTRIES {
            inactive.remember(digest(number), 10);
        }
        assert!(!inactive.recall(&digest(0), 0), "the oldest made room");
        assert!(inactive.recall(&digest(1), 9));
        assert!(!inactive.recall(&digest(1), 10), "its time is over");
        for _ in 0..3 {
            inactive.remember(digest(1), 20);
        }
        assert!(inactive.recall(&digest(1), 19));
        assert_eq!((inactive.until.len(), inactive.order.len()), (MAX_ENTRIES, MAX_ENTRIES));
    }
}
