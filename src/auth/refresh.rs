//! When a key set that lives elsewhere is fetched: a step for each thing that happens, with the time as an argument.
//!
//! A set that is known serves until a newer one has come, however long the issuer is down. It is renewed in the background
//! once it is older than `refresh`; a set that is [`STALE`] times older than that is renewed before it is used again, since an
//! idle isolate may have slept through a revocation.

/// How many times `refresh` a set may be old before a request waits for a newer one.
pub const STALE: u64 = 6;
/// How long a failed fetch is not repeated, in milliseconds.
pub const BACK_OFF_MS: u64 = 5_000;
/// When a background fetch that never reported back is given up, in milliseconds.
pub const GIVEN_UP_MS: u64 = 30_000;

/// How many requests with keys that are not known ask at once, as long as no answer has come: each waits for its own.
pub const MOST_ASKING: u8 = 4;

/// The periods of one key set, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// The age from which a set is renewed.
    pub refresh_ms: u64,
    /// The least time between two fetches that unknown keys ask for.
    pub cooldown_ms: u64,
}

/// What is known of the fetches so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refresh {
    fetched_ms: Option<u64>,
    renewing_ms: Option<u64>,
    failed_ms: Option<u64>,
    asked_ms: Option<u64>,
    /// How many have asked since [`Refresh::asked_ms`] without an answer yet.
    asking: u8,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A request needs the keys.
    Needed,
    /// A token names a key that the set does not have.
    KeyUnknown,
    /// A set came that the issuer gave out at this time, which may lie before now where it comes from a cache.
    Came(u64),
    /// A fetch failed.
    Failed,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Use what is known; where an unknown key asked, that is an answer, too.
    Use,
    /// Use what is known and fetch in the background.
    UseAndRenew,
    /// Fetch before going on; where that fails, use what is known.
    Fetch,
    /// Nothing is known, and a fetch failed a moment ago.
    Unavailable,
}

impl Refresh {
    /// When the set in use was given out by the issuer, in milliseconds since the epoch.
    pub fn fetched_ms(&self) -> Option<u64> {
        self.fetched_ms
    }

    /// Whether the last fetch failed.
    pub fn failing(&self) -> bool {
        self.failed_ms.is_some()
    }

    /// One step.
    pub fn step(mut self, periods: &Periods, now_ms: u64, event: Event) -> (Self, Action) {
        let within = |since: Option<u64>, ms: u64| since.is_some_and(|since| now_ms < since.saturating_add(ms));
        let action = match event {
            Event::Needed => match self.fetched_ms {
                None if within(self.failed_ms, BACK_OFF_MS) => Action::Unavailable,
                None => Action::Fetch,
                Some(_) if within(self.fetched_ms, periods.refresh_ms) || within(self.failed_ms, BACK_OFF_MS) => Action::Use,
                Some(_) if !within(self.fetched_ms, periods.refresh_ms.saturating_mul(STALE)) => Action::Fetch,
                Some(_) if within(self.renewing_ms, GIVEN_UP_MS) => Action::Use,
                Some(_) => {
                    self.renewing_ms = Some(now_ms);
                    Action::UseAndRenew
                }
            },
            Event::KeyUnknown if within(self.asked_ms, periods.cooldown_ms) => {
                let joins = (1..MOST_ASKING).contains(&self.asking);
                self.asking += u8::from(joins);
                if joins { Action::Fetch } else { Action::Use }
            }
            Event::KeyUnknown => {
                (self.asked_ms, self.asking) = (Some(now_ms), 1);
                Action::Fetch
            }
            Event::Came(fetched_ms) => {
                self.fetched_ms = self.fetched_ms.max(Some(fetched_ms.min(now_ms)));
                (self.renewing_ms, self.failed_ms, self.asking) = (None, None, 0);
                Action::Use
            }
            Event::Failed => {
                (self.renewing_ms, self.failed_ms, self.asking) = (None, Some(now_ms), 0);
                if self.fetched_ms.is_some() { Action::Use } else { Action::Unavailable }
            }
        };
        (self, action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps through a story: the second of the day, what happens, what is done.
    fn check(story: &[(u64, Event, Action)]) {
        let periods = Periods { refresh_ms: 600_000, cooldown_ms: 30_000 };
        let mut refresh = Refresh::default();
        for (number, (second, event, expect)) in story.iter().enumerate() {
            let (next, action) = refresh.step(&periods, second * 1000, *event);
            assert_eq!(action, *expect, "step {number}: {event:?} at {second} s of {refresh:?}");
            refresh = next;
        }
    }

    #[test]
    fn a_set_is_fetched_once_and_renewed_in_the_background() {
        check(&[
            (100, Event::Needed, Action::Fetch),
            (100, Event::Needed, Action::Fetch),
            (101, Event::Came(101_000), Action::Use),
            (102, Event::Needed, Action::Use),
            (700, Event::Needed, Action::Use),
            (701, Event::Needed, Action::UseAndRenew),
            (702, Event::Needed, Action::Use),
            (703, Event::Came(703_000), Action::Use),
            (704, Event::Needed, Action::Use),
            (1303, Event::Needed, Action::UseAndRenew),
            (1332, Event::Needed, Action::Use),
            (1333, Event::Needed, Action::UseAndRenew),
        ]);
    }

    #[test]
    fn a_failure_is_remembered_and_the_last_good_set_kept() {
        check(&[
            (100, Event::Needed, Action::Fetch),
            (101, Event::Failed, Action::Unavailable),
            (102, Event::Needed, Action::Unavailable),
            (106, Event::Needed, Action::Fetch),
            (107, Event::Came(107_000), Action::Use),
            (707, Event::Needed, Action::UseAndRenew),
            (708, Event::Failed, Action::Use),
            (709, Event::Needed, Action::Use),
            (713, Event::Needed, Action::UseAndRenew),
            (714, Event::Failed, Action::Use),
            (3707, Event::Needed, Action::Fetch),
            (3708, Event::Failed, Action::Use),
            (3709, Event::Needed, Action::Use),
            (3713, Event::Needed, Action::Fetch),
        ]);
    }

    #[test]
    fn an_unknown_key_asks_once_in_a_cooldown() {
        check(&[
            (100, Event::Came(100_000), Action::Use),
            (101, Event::KeyUnknown, Action::Fetch),
            (103, Event::Failed, Action::Use),
            (103, Event::KeyUnknown, Action::Use),
            (130, Event::KeyUnknown, Action::Use),
            (131, Event::KeyUnknown, Action::Fetch),
            (132, Event::Came(132_000), Action::Use),
            (133, Event::KeyUnknown, Action::Use),
            (161, Event::KeyUnknown, Action::Fetch),
        ]);
    }

    #[test]
    fn a_few_ask_at_once_as_long_as_nobody_was_answered() {
        check(&[
            (100, Event::Came(100_000), Action::Use),
            (101, Event::KeyUnknown, Action::Fetch),
            (101, Event::KeyUnknown, Action::Fetch),
            (101, Event::KeyUnknown, Action::Fetch),
            (101, Event::KeyUnknown, Action::Fetch),
            (101, Event::KeyUnknown, Action::Use),
            (102, Event::Came(102_000), Action::Use),
            (102, Event::KeyUnknown, Action::Use),
            (131, Event::KeyUnknown, Action::Fetch),
            (131, Event::KeyUnknown, Action::Fetch),
        ]);
    }

    #[test]
    fn a_cached_set_keeps_its_age() {
        check(&[(1000, Event::Came(500_000), Action::Use), (1099, Event::Needed, Action::Use), (1100, Event::Needed, Action::UseAndRenew)]);
        check(&[(1000, Event::Came(u64::MAX), Action::Use), (1600, Event::Needed, Action::UseAndRenew)]);
    }
}
