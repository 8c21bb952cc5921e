//! An isolate's memory of tokens that hold, so that the next request with one costs a digest.
//!
//! Bounded in entries and in bytes of token; an entry ends with its token, with the key set that verified it, and after
//! [`LONGEST_MS`] at the latest. A refusal is never remembered.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest as _, Sha256};

use super::identity::Identity;

/// The most tokens remembered by one policy.
pub const MAX_ENTRIES: usize = 1024;
/// The most bytes that the remembered tokens had together; their claims take a few times as much.
pub const MAX_BYTES: usize = 1 << 20;
/// The longest that a token is remembered, in milliseconds.
pub const LONGEST_MS: u64 = 300_000;

/// SHA-256 of a token; the token itself is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

#[derive(Debug)]
struct Entry {
    identity: Identity,
    until_ms: u64,
    generation: u64,
    size: usize,
}

/// Tokens that one policy has verified.
#[derive(Debug, Default)]
pub struct Verified {
    entries: HashMap<Digest, Entry>,
    order: VecDeque<Digest>,
    size: usize,
}

impl Verified {
    /// Who the token with this digest belongs to, where it is remembered and still holds at `now_ms` under this generation of
    /// the key set.
    pub fn recall(&self, digest: &Digest, generation: u64, now_ms: u64) -> Option<&Identity> {
        let entry = self.entries.get(digest)?;
        (entry.generation == generation && now_ms < entry.until_ms).then_some(&entry.identity)
    }

    /// Whether the token with this digest is remembered at all, be it under older keys.
    pub fn has(&self, digest: &Digest) -> bool {
        self.entries.contains_key(digest)
    }

    /// Remembers a token of `size` bytes that holds until `until_ms`; the oldest entries make room.
    pub fn remember(&mut self, digest: Digest, size: usize, identity: Identity, until_ms: u64, generation: u64, now_ms: u64) {
        let until_ms = until_ms.min(now_ms.saturating_add(LONGEST_MS));
        self.forget(&digest);
        while self.entries.len() >= MAX_ENTRIES || self.size + size > MAX_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            self.drop_entry(&oldest);
        }
        self.size += size;
        self.order.push_back(digest);
        self.entries.insert(digest, Entry { identity, until_ms, generation, size });
    }

    /// How many tokens are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn forget(&mut self, digest: &Digest) {
        if self.entries.contains_key(digest) {
            self.order.retain(|known| known != digest);
            self.drop_entry(digest);
        }
    }

    fn drop_entry(&mut self, digest: &Digest) {
        if let Some(entry) = self.entries.remove(digest) {
            self.size -= entry.size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(subject: &str) -> Identity {
        Identity { kind: "jwt", subject: subject.to_owned(), ..Identity::default() }
    }

    #[test]
    fn an_entry_ends_with_its_token_its_keys_and_its_time() {
        for (until_ms, generation, now_ms, expect) in [
            (10_000, 1, 1_000, true),
            (10_000, 1, 9_999, true),
            (10_000, 1, 10_000, false),
            (10_000, 2, 1_000, false),
            (10_000_000, 1, 1_000 + LONGEST_MS - 1, true),
            (10_000_000, 1, 1_000 + LONGEST_MS, false),
        ] {
            let mut verified = Verified::default();
            verified.remember(Digest::of("token"), 5, identity("u"), until_ms, 1, 1_000);
            let got = verified.recall(&Digest::of("token"), generation, now_ms).is_some();
            assert_eq!(got, expect, "until {until_ms}, generation {generation}, now {now_ms}");
            assert!(verified.recall(&Digest::of("other"), generation, now_ms).is_none());
        }
    }

    #[test]
    fn the_oldest_make_room_for_the_newest() {
        let mut verified = Verified::default();
        for number in 0..MAX_ENTRIES + 10 {
            verified.remember(Digest::of(&number.to_string()), 100, identity("u"), 10_000, 1, 0);
        }
        assert_eq!(verified.len(), MAX_ENTRIES);
        assert!(verified.recall(&Digest::of("9"), 1, 0).is_none());
        assert!(verified.recall(&Digest::of("10"), 1, 0).is_some());
        verified.remember(Digest::of("large"), MAX_BYTES, identity("u"), 10_000, 1, 0);
        assert_eq!(verified.len(), 1);
    }

    #[test]
    fn the_same_token_takes_one_place() {
        let mut verified = Verified::default();
        for generation in 0..5 {
            verified.remember(Digest::of("token"), 5, identity("u"), 10_000, generation, 0);
        }
        assert_eq!((verified.len(), verified.order.len(), verified.size), (1, 1, 5));
        assert!(verified.recall(&Digest::of("token"), 4, 0).is_some());
    }
}
