//! Failed proofs of one subject, and the holds that follow them.
//!
//! So many failures are let pass in a window, counted as a token bucket counts them; the one that empties it begins a hold. The
//! first hold is as long as the window, each further one twice as long as the one before, up to [`LONGEST_MS`] or the window,
//! whichever is longer. During a hold nothing is counted, so nobody makes it longer by trying. What was held is forgotten when as
//! much time as the longest hold has passed after the last one.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::gcra::{Bucket, TakeRequest, Window};

/// The longest hold in milliseconds, unless the window itself is longer.
pub const LONGEST_MS: u64 = 3_600_000;

/// What is asked about a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuessRequest {
    /// So many failures in a time; the burst is the quota.
    #[serde(rename = "w")]
    pub window: Window,
    /// Whether a proof has failed; otherwise it is only asked whether the subject is held.
    #[serde(rename = "f")]
    pub failed: bool,
}

/// What is known of a subject afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuessReply {
    /// Milliseconds for which it is held still; 0 where it is not.
    #[serde(rename = "h")]
    pub held_ms: u64,
}

/// What one subject has failed so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    bucket: Bucket,
    holds: u32,
    until_ms: u64,
    forgotten_ms: u64,
}

impl Tally {
    /// Milliseconds for which the subject is held still; 0 where it is not.
    pub fn held_ms(&self, now_ms: u64) -> u64 {
        self.until_ms.saturating_sub(now_ms)
    }

    /// Counts a failure, unless the subject is held. Afterwards, how long it is held.
    pub fn fail(&mut self, now_ms: u64, window: Window) -> u64 {
        if self.held_ms(now_ms) > 0 {
            return self.held_ms(now_ms);
        }
        if now_ms >= self.forgotten_ms {
            self.holds = 0;
        }
        let take = TakeRequest { windows: vec![window], cost: 1, ..TakeRequest::default() };
        let reply = self.bucket.step(now_ms, &take);
        if reply.allowed() && reply.windows.iter().all(|window| window.remaining > 0) {
            self.forgotten_ms = self.forgotten_ms.max(self.bucket.whole_at_ms());
            return 0;
        }
        let longest_ms = LONGEST_MS.max(window.window_ms);
        let doubled = 1u64.checked_shl(self.holds).map_or(u64::MAX, |times| window.window_ms.saturating_mul(times));
        let hold_ms = doubled.min(longest_ms);
        self.bucket = Bucket::default();
        self.holds = self.holds.saturating_add(1);
        self.until_ms = now_ms.saturating_add(hold_ms);
        self.forgotten_ms = self.until_ms.saturating_add(longest_ms);
        hold_ms
    }

    /// Answers what a gateway asks.
    pub fn answer(&mut self, now_ms: u64, request: &GuessRequest) -> GuessReply {
        GuessReply { held_ms: if request.failed { self.fail(now_ms, request.window) } else { self.held_ms(now_ms) } }
    }

    /// When there is nothing left to remember, in milliseconds since the epoch.
    pub fn forgotten_ms(&self) -> u64 {
        self.forgotten_ms
    }
}

/// What an isolate remembers of subjects that have failed, so that a held one costs no hop, and a burst of guesses is counted
/// before the first answer is there. A subject is the digest that names its object.
#[derive(Debug, Default)]
pub struct Tallies {
    by_subject: HashMap<[u8; 32], Tally>,
}

/// The most subjects an isolate remembers.
const MOST: usize = 4_000;

impl Tallies {
    /// Milliseconds for which a subject is held, as far as this isolate knows.
    pub fn held_ms(&self, subject: &[u8; 32], now_ms: u64) -> u64 {
        self.by_subject.get(subject).map_or(0, |tally| tally.held_ms(now_ms))
    }

    /// Counts a failure here.
    pub fn fail(&mut self, subject: &[u8; 32], now_ms: u64, window: Window) {
        self.make_room(now_ms);
        self.by_subject.entry(*subject).or_default().fail(now_ms, window);
    }

    /// Takes over what the subject's object has answered: it knows of other isolates' failures too.
    pub fn learn(&mut self, subject: &[u8; 32], now_ms: u64, reply: &GuessReply) {
        self.make_room(now_ms);
        let tally = self.by_subject.entry(*subject).or_default();
        tally.until_ms = tally.until_ms.max(now_ms.saturating_add(reply.held_ms));
        tally.forgotten_ms = tally.forgotten_ms.max(tally.until_ms);
    }

    /// When full, what has ended goes first, then everything that is not held, then everything.
    fn make_room(&mut self, now_ms: u64) {
        let keeps: [fn(&Tally, u64) -> bool; 3] =
            [|tally, now_ms| tally.forgotten_ms > now_ms, |tally, now_ms| tally.held_ms(now_ms) > 0, |_, _| false];
        for keep in keeps {
            if self.by_subject.len() < MOST {
                return;
            }
            self.by_subject.retain(|_, tally| keep(tally, now_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START_MS: u64 = 1_800_000_000_000;
    const MINUTE: Window = Window { quota: 3, window_ms: 60_000, burst: 3 };

    /// Fails until the next hold begins: how many failures that took, and how long it is.
    fn until_held(tally: &mut Tally, now_ms: u64, window: Window) -> (u32, u64) {
        for count in 1.. {
            let held_ms = tally.fail(now_ms, window);
            if held_ms > 0 {
                return (count, held_ms);
            }
        }
        (0, 0)
    }

    #[test]
    fn holds_double_up_to_the_longest_and_are_forgotten_in_time() {
        let (mut tally, mut now_ms) = (Tally::default(), START_MS);
        for expect_min in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(until_held(&mut tally, now_ms, MINUTE), (3, expect_min * 60_000));
            assert_eq!(tally.held_ms(now_ms + 59_000), expect_min * 60_000 - 59_000);
            now_ms += expect_min * 60_000;
            assert_eq!(tally.held_ms(now_ms), 0, "a hold ends");
        }
        assert_eq!(tally.forgotten_ms(), now_ms + LONGEST_MS);
        assert_eq!(until_held(&mut tally.clone(), now_ms + LONGEST_MS - 1, MINUTE).1, LONGEST_MS);
        assert_eq!(until_held(&mut tally, now_ms + LONGEST_MS, MINUTE).1, 60_000, "what was held is forgotten");
    }

    #[test]
    fn what_is_held_is_not_counted() {
        let mut tally = Tally::default();
        until_held(&mut tally, START_MS, MINUTE);
        let held = tally.clone();
        for ms in 0..1_000 {
            assert_eq!(tally.fail(START_MS + ms, MINUTE), 60_000 - ms);
        }
        assert_eq!(tally, held);
    }

    #[test]
    fn who_fails_seldom_is_never_held() {
        let mut tally = Tally::default();
        for step in 0..1_000 {
            assert_eq!(tally.fail(START_MS + step * 30_000, MINUTE), 0, "two a minute, where three may fail");
        }
    }

    #[test]
    fn a_window_longer_than_the_longest_hold_is_the_hold() {
        let week = Window { quota: 1, window_ms: 7 * 86_400_000, burst: 1 };
        let mut tally = Tally::default();
        assert_eq!(tally.fail(START_MS, week), week.window_ms);
        assert_eq!(tally.fail(START_MS + week.window_ms, week), week.window_ms);
    }

    #[test]
    fn asking_counts_nothing_and_a_state_is_read_back() {
        let mut tally = Tally::default();
        let ask = GuessRequest { window: MINUTE, failed: false };
        for _ in 0..10 {
            assert_eq!(tally.answer(START_MS, &ask).held_ms, 0);
        }
        assert_eq!(tally, Tally::default());
        until_held(&mut tally, START_MS, MINUTE);
        assert_eq!(tally.answer(START_MS, &ask).held_ms, 60_000);
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
    }

    #[test]
    fn an_isolate_counts_by_itself_and_believes_the_object() {
        let (mut tallies, one, other) = (Tallies::default(), [1; 32], [2; 32]);
        for _ in 0..3 {
            assert_eq!(tallies.held_ms(&one, START_MS), 0);
            tallies.fail(&one, START_MS, MINUTE);
        }
        assert_eq!((tallies.held_ms(&one, START_MS), tallies.held_ms(&other, START_MS)), (60_000, 0));
        tallies.learn(&other, START_MS, &GuessReply { held_ms: 5 });
        assert_eq!((tallies.held_ms(&other, START_MS + 4), tallies.held_ms(&other, START_MS + 5)), (1, 0));
    }

    #[test]
    fn an_isolate_forgets_before_it_grows_and_what_is_held_last() {
        let mut tallies = Tallies::default();
        tallies.learn(&[255; 32], START_MS, &GuessReply { held_ms: 1_000 });
        for number in 0..3 * MOST {
            let mut subject = [0; 32];
            subject[..8].copy_from_slice(&number.to_be_bytes());
            tallies.fail(&subject, START_MS, MINUTE);
            assert!(tallies.by_subject.len() <= MOST);
        }
        assert!(tallies.held_ms(&[255; 32], START_MS) > 0);
    }

    proptest! {
        /// In one go nobody gets more wrong than the quota and one more for each part of the window that passes.
        #[test]
        fn no_more_fail_than_the_window_lets_through(steps in prop::collection::vec(0u64..40_000, 1..200), quota in 1u64..6) {
            let window = Window { quota, window_ms: 60_000, burst: quota };
            let (mut tally, mut now_ms, mut since_ms, mut counted) = (Tally::default(), START_MS, START_MS, 0);
            for step in steps {
                now_ms += step;
                if tally.held_ms(now_ms) > 0 {
                    continue;
                }
                counted += 1;
                let held_ms = tally.fail(now_ms, window);
                prop_assert!(counted <= quota + (now_ms - since_ms) * quota / 60_000 + 1);
                prop_assert!(held_ms <= LONGEST_MS);
                if held_ms > 0 {
                    prop_assert!(held_ms >= window.window_ms);
                    (counted, since_ms) = (0, now_ms + held_ms);
                }
            }
        }
    }
}
