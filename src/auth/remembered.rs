//! An isolate's memory of answers that hold for a while, by the digest of what was asked.
//!
//! Bounded: the oldest answers make room for the newest.

use std::collections::{HashMap, VecDeque};

/// The most answers that one memory has.
pub const MAX_ENTRIES: usize = 1024;

/// Answers by the SHA-256 of what was asked, each until a time of its own.
#[derive(Debug)]
pub struct Remembered<T> {
    entries: HashMap<[u8; 32], (T, u64)>,
    order: VecDeque<[u8; 32]>,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Remembered<T> {
    /// The answer, where there is one and it still holds at `now_ms`.
    pub fn recall(&self, asked: &[u8; 32], now_ms: u64) -> Option<&T> {
        self.entries.get(asked).filter(|(_, until_ms)| now_ms < *until_ms).map(|(answer, _)| answer)
    }

    /// Remembers an answer that holds until `until_ms`.
    pub fn remember(&mut self, asked: [u8; 32], answer: T, until_ms: u64) {
        if self.entries.insert(asked, (answer, until_ms)).is_some() {
            self.order.retain(|known| *known != asked);
        }
        self.order.push_back(asked);
        while self.entries.len() > MAX_ENTRIES {
            let Some(oldest) = self.order.pop_front() else { break };
            self.entries.remove(&oldest);
        }
    }

    /// How many answers there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(number: usize) -> [u8; 32] {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        digest
    }

    #[test]
    fn an_answer_ends_with_its_time_and_a_newer_one_takes_its_place() {
        let mut memory = Remembered::default();
        memory.remember(asked(1), "one", 100);
        for (number, now_ms, expect) in [(1, 0, Some("one")), (1, 99, Some("one")), (1, 100, None), (2, 0, None)] {
            assert_eq!(memory.recall(&asked(number), now_ms).copied(), expect, "{number} at {now_ms}");
        }
        memory.remember(asked(1), "two", 200);
        assert_eq!((memory.recall(&asked(1), 150).copied(), memory.len(), memory.order.len()), (Some("two"), 1, 1));
    }

    #[test]
    fn the_oldest_make_room() {
        let mut memory = Remembered::default();
        for number in 0..MAX_ENTRIES + 10 {
            memory.remember(asked(number), number, 100);
        }
        assert_eq!((memory.len(), memory.order.len()), (MAX_ENTRIES, MAX_ENTRIES));
        assert_eq!(memory.recall(&asked(9), 0), None);
        assert_eq!(memory.recall(&asked(10), 0), Some(&10));
    }
}
