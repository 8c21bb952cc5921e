//! What a limiter object does around its bucket: when its state is worth writing, and when the object can be deleted.
//!
//! Counting happens in memory. What would be restored anyway within [`FLUSH_MS`] is never written; anything longer is written
//! at most once in that time, so that a crash forgets at most what was taken in the last [`FLUSH_MS`] milliseconds.

use super::gcra::{Bucket, TakeReply, TakeRequest};

/// How long taken units may stay unwritten, in milliseconds. Below the time after which the platform evicts an idle object.
pub const FLUSH_MS: u64 = 5_000;

/// What the object has to do when its alarm rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chore {
    /// Write this state and ring again at `next_ms`.
    Save {
        /// For [`Ledger::load`].
        state: String,
        /// Milliseconds since the epoch.
        next_ms: u64,
    },
    /// Nothing to write; ring again at this time, in milliseconds since the epoch.
    Wait(u64),
    /// Every window is whole: delete everything that was stored.
    Delete,
}

/// The bucket of one object and what is known of its stored copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    bucket: Bucket,
    unwritten: bool,
    stored: bool,
    alarm_ms: Option<u64>,
}

impl Ledger {
    /// Begins from the stored state, or from nothing. A state that cannot be read counts as none.
    pub fn load(state: Option<&str>) -> Self {
        let bucket = state.and_then(|state| serde_json::from_str(state).ok()).unwrap_or_default();
        Self { bucket, stored: state.is_some(), ..Self::default() }
    }

    /// One step of the bucket, and the time for which the object's alarm has to be set, where it has to be set anew.
    pub fn take(&mut self, now_ms: u64, request: &TakeRequest) -> (TakeReply, Option<u64>) {
        let reply = self.bucket.step(now_ms, request);
        self.unwritten |= reply.allowed() || request.count_rejected;
        (reply, self.alarm(now_ms))
    }

    fn alarm(&mut self, now_ms: u64) -> Option<u64> {
        let whole_at_ms = self.bucket.whole_at_ms();
        let flush_ms = now_ms.saturating_add(FLUSH_MS);
        let wanted = match (self.unwritten && whole_at_ms > flush_ms, self.stored) {
            (true, _) => flush_ms,
            (false, true) => whole_at_ms,
            (false, false) => return None,
        };
        // An alarm that is long overdue was lost.
        if self.alarm_ms.is_some_and(|set| set <= wanted && now_ms < set.saturating_add(FLUSH_MS)) {
            return None;
        }
        self.alarm_ms = Some(wanted);
        self.alarm_ms
    }

    /// What is to be done now that the alarm rang.
    pub fn ring(&mut self, now_ms: u64) -> Chore {
        let whole_at_ms = self.bucket.whole_at_ms();
        if whole_at_ms <= now_ms {
            *self = Self::default();
            return Chore::Delete;
        }
        self.alarm_ms = Some(whole_at_ms);
        if !self.unwritten || whole_at_ms <= now_ms.saturating_add(FLUSH_MS) {
            return Chore::Wait(whole_at_ms);
        }
        match serde_json::to_string(&self.bucket) {
            Ok(state) => {
                (self.unwritten, self.stored) = (false, true);
                Chore::Save { state, next_ms: whole_at_ms }
            }
            Err(_) => Chore::Wait(whole_at_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::gcra::Window;
    use super::*;

    const START_MS: u64 = 1_800_000_000_000;

    fn request(quota: u64, window_ms: u64) -> TakeRequest {
        TakeRequest { windows: vec![Window { quota, window_ms, burst: quota }], cost: 1, ..TakeRequest::default() }
    }

    #[test]
    fn a_short_window_never_touches_the_store() {
        let mut ledger = Ledger::load(None);
        for ms in 0..50 {
            assert_eq!(ledger.take(START_MS + ms, &request(20, 1_000)).1, None);
        }
    }

    #[test]
    fn a_long_window_is_written_once_per_flush_and_deleted_when_whole() {
        let mut ledger = Ledger::load(None);
        let hour = request(60, 3_600_000);
        assert_eq!(ledger.take(START_MS, &hour).1, Some(START_MS + FLUSH_MS));
        assert_eq!(ledger.take(START_MS + 1, &hour).1, None, "the alarm is set already");
        assert_eq!(ledger.clone().take(START_MS + 60_000, &hour).1, Some(START_MS + 60_000 + FLUSH_MS), "the alarm was lost");
        let whole_ms = START_MS + 120_000;
        let Chore::Save { state, next_ms } = ledger.ring(START_MS + FLUSH_MS) else { panic!("nothing was written") };
        assert_eq!(next_ms, whole_ms);

        let mut reborn = Ledger::load(Some(&state));
        assert_eq!(reborn.clone().take(START_MS + FLUSH_MS, &hour), ledger.clone().take(START_MS + FLUSH_MS, &hour));
        assert_eq!(reborn.ring(whole_ms - 1), Chore::Wait(whole_ms));
        assert_eq!(reborn.ring(whole_ms), Chore::Delete);
        assert_eq!(reborn, Ledger::default());
    }

    #[test]
    fn a_refusal_needs_no_writing() {
        let mut ledger = Ledger::load(None);
        let once = request(1, 3_600_000);
        ledger.take(START_MS, &once);
        ledger.ring(START_MS + FLUSH_MS);
        let (reply, alarm) = ledger.take(START_MS + FLUSH_MS + 1, &once);
        assert_eq!((reply.allowed(), alarm), (false, None));
        assert_eq!(ledger.ring(START_MS + FLUSH_MS + 2), Chore::Wait(START_MS + 3_600_000));
    }

    #[test]
    fn a_stored_state_that_cannot_be_read_counts_as_none_and_is_deleted() {
        let mut ledger = Ledger::load(Some("{nonsense"));
        let (reply, alarm) = ledger.take(START_MS, &request(5, 1_000));
        assert_eq!((reply.allowed(), alarm), (true, Some(START_MS + 200)));
        assert_eq!(ledger.ring(START_MS + 200), Chore::Delete);
    }
}
