//! Proofs that were right a moment ago: the same proof again is no guess, and need not be made anew where it is dear.
//!
//! What is kept is a digest that only this isolate can make: a memory of it says nothing of the secrets.

use std::collections::{HashMap, VecDeque};

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The most proofs that one policy remembers.
pub const MOST: usize = 2_000;

/// How long a proof is remembered, in milliseconds.
pub const LONGEST_MS: u64 = 300_000;

/// A digest of a proof under a key of the isolate's own.
pub type Mark = [u8; 32];

/// Proofs that were right.
#[derive(Debug, Default)]
pub struct Proven {
    key: Option<[u8; 32]>,
    until_ms: HashMap<Mark, u64>,
    order: VecDeque<Mark>,
}

impl Proven {
    /// The mark of a proof, made of everything that has to stay the same. `fresh` gives the key when it is needed first.
    pub fn mark(&mut self, parts: &[&[u8]], fresh: impl FnOnce() -> [u8; 32]) -> Mark {
        let key = self.key.get_or_insert_with(fresh);
        // HMAC takes keys of every length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Mark::default() };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Whether this proof was right a moment ago.
    pub fn knows(&self, mark: &Mark, now_ms: u64) -> bool {
        self.until_ms.get(mark).is_some_and(|until_ms| now_ms < *until_ms && *until_ms <= now_ms.saturating_add(LONGEST_MS))
    }

    /// Remembers a proof that was just right; the oldest makes room.
    pub fn remember(&mut self, mark: Mark, now_ms: u64) {
        if self.until_ms.insert(mark, now_ms.saturating_add(LONGEST_MS)).is_some() {
            return;
        }
        self.order.push_back(mark);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.until_ms.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_known_for_its_time_and_only_in_whole() {
        let mut proven = Proven::default();
        let mut mark = |parts: &[&[u8]]| (proven.mark(parts, || [7; 32]), parts.len());
        let (one, other) = (mark(&[b"ann", b"secret"]).0, mark(&[b"anns", b"ecret"]).0);
        assert_ne!(one, other);
        assert!(!proven.knows(&one, 1_000));
        proven.remember(one, 1_000);
        for (now_ms, expect) in [(1_000, true), (1_000 + LONGEST_MS - 1, true), (1_000 + LONGEST_MS, false), (999, false)] {
            assert_eq!(proven.knows(&one, now_ms), expect, "{now_ms}");
        }
        assert!(!proven.knows(&other, 1_000));
    }

    #[test]
    fn another_isolate_makes_another_mark() {
        assert_ne!(Proven::default().mark(&[b"a"], || [1; 32]), Proven::default().mark(&[b"a"], || [2; 32]));
        let mut proven = Proven::default();
        let first = proven.mark(&[b"a"], || [1; 32]);
        assert_eq!(first, proven.mark(&[b"a"], || [2; 32]), "the key is made once");
    }

    #[test]
    fn the_oldest_make_room() {
        let mut proven = Proven::default();
        let marks: Vec<Mark> = (0..MOST + 1).map(|number| proven.mark(&[&number.to_be_bytes()], || [1; 32])).collect();
        for mark in &marks {
            proven.remember(*mark, 0);
            proven.remember(*mark, 0);
        }
        assert_eq!((proven.until_ms.len(), proven.order.len()), (MOST, MOST));
        assert!(!proven.knows(&marks[0], 1) && proven.knows(&marks[1], 1) && proven.knows(&marks[MOST], 1));
    }
}
