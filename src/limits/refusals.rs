//! What an isolate remembers of refusals, so that a refused client costs no further hop until its time has come.

use std::collections::HashMap;

use super::gcra::TakeReply;

#[derive(Debug, Clone)]
struct Refusal {
    since_ms: u64,
    until_ms: u64,
    reply: TakeReply,
}

/// Refusals by subject, at most so many. A subject is the digest that names its object.
#[derive(Debug, Clone)]
pub struct Refusals {
    capacity: usize,
    by_subject: HashMap<[u8; 32], Refusal>,
}

impl Refusals {
    /// Remembers at most `capacity` subjects.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, by_subject: HashMap::new() }
    }

    /// The reply that still refuses this subject, and how many milliseconds ago it was given.
    pub fn of(&mut self, subject: &[u8; 32], now_ms: u64) -> Option<(TakeReply, u64)> {
        let refusal = self.by_subject.get(subject)?;
        if (refusal.since_ms..refusal.until_ms).contains(&now_ms) {
            return Some((refusal.reply.clone(), now_ms - refusal.since_ms));
        }
        self.by_subject.remove(subject);
        None
    }

    /// Remembers a refusal for as long as it holds, should nobody give units back. When full, what has ended goes first, then everything.
    pub fn remember(&mut self, subject: &[u8; 32], now_ms: u64, reply: &TakeReply) {
        if self.by_subject.len() >= self.capacity {
            self.by_subject.retain(|_, refusal| refusal.until_ms > now_ms);
        }
        if self.by_subject.len() >= self.capacity {
            self.by_subject.clear();
        }
        let until_ms = now_ms.saturating_add(reply.refused_for_ms());
        if until_ms > now_ms {
            self.by_subject.insert(*subject, Refusal { since_ms: now_ms, until_ms, reply: reply.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::gcra::WindowReply;
    use super::*;

    fn of(subject: u8) -> [u8; 32] {
        [subject; 32]
    }

    fn refused(retry_after_ms: u64) -> TakeReply {
        TakeReply { windows: vec![WindowReply { allowed: false, remaining: 0, reset_ms: 5_000, retry_after_ms }], ..TakeReply::default() }
    }

    #[test]
    fn a_refusal_holds_until_its_time_and_not_before_it_was_given() {
        let mut refusals = Refusals::new(10);
        refusals.remember(&of(b'a'), 1_000, &refused(500));
        assert_eq!(refusals.of(&of(b'b'), 1_000), None);
        assert_eq!(refusals.of(&of(b'a'), 1_499), Some((refused(500), 499)));
        assert_eq!(refusals.of(&of(b'a'), 1_500), None);
        refusals.remember(&of(b'a'), 1_000, &refused(500));
        assert_eq!(refusals.of(&of(b'a'), 999), None, "the clock went backwards");
    }

    #[test]
    fn what_is_allowed_is_not_remembered() {
        let mut refusals = Refusals::new(10);
        let allowed = TakeReply {
            windows: vec![WindowReply { allowed: true, remaining: 0, reset_ms: 9, retry_after_ms: 9 }],
            ..TakeReply::default()
        };
        refusals.remember(&of(b'a'), 1_000, &allowed);
        assert_eq!(refusals.of(&of(b'a'), 1_001), None);
    }

    #[test]
    fn it_never_holds_more_than_its_capacity() {
        let mut refusals = Refusals::new(3);
        for subject in 0..100u8 {
            refusals.remember(&of(subject), 1_000 + u64::from(subject), &refused(if subject % 2 == 0 { 1 } else { 60_000 }));
            assert!(refusals.by_subject.len() <= 3);
        }
        assert!(refusals.of(&of(99), 1_100).is_some());
    }
}
