//! What a replay object remembers: ids that were used, until nobody would accept them any more.
//!
//! An id is remembered [`GRACE_MS`] longer than it was asked to be, so that a checker whose clock is behind the object's cannot be
//! made to accept it twice. Each of the [`SHARDS`] objects of a space remembers at most [`MOST_IDS`] ids and refuses to answer past
//! that: what it cannot remember must not pass.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::base64url;

/// How much longer than asked an id is remembered, in milliseconds.
pub const GRACE_MS: u64 = 60_000;
/// How far ahead the time of an id may lie, in milliseconds.
pub const LONGEST_MS: u64 = 24 * 3_600_000;
/// The most ids that one object remembers at once.
pub const MOST_IDS: u64 = 100_000;
/// How many objects share the ids of a space.
pub const SHARDS: u8 = 32;

/// Where an id is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name of the object.
    pub object: String,
    /// What stands for the id there: its SHA-256, so that no secret is kept and every id has the same length.
    pub id: String,
}

impl Place {
    /// The place of `id` in `space`.
    pub fn of(space: &str, id: &str) -> Self {
        let digest = Sha256::digest(id.as_bytes());
        let shard = digest.first().map_or(0, |byte| byte % SHARDS);
        Self { object: format!("{space}/{shard}"), id: base64url::encode(digest) }
    }
}

/// What the object of a [`Place`] is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseRequest {
    /// See [`Place::id`].
    pub id: String,
    /// Until when the id could be used again, in milliseconds since the epoch.
    pub until_ms: u64,
}

/// What it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseReply {
    /// Whether the id was not remembered.
    pub first: bool,
}

/// What is to be done about one use of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// It is the first: remember it until this time, in milliseconds since the epoch, before saying so.
    First(u64),
    /// It was used before.
    Again,
    /// It could not be remembered. The text is for the log.
    Unanswerable(&'static str),
}

/// Decides on one use. `known_ms` is the time until which the object remembers the id, where it does; `held` is how many ids it
/// remembers whose time has not come.
pub fn step(now_ms: u64, known_ms: Option<u64>, held: u64, until_ms: u64) -> Use {
    if known_ms.is_some_and(|known_ms| known_ms > now_ms) {
        return Use::Again;
    }
    if until_ms > now_ms.saturating_add(LONGEST_MS) {
        return Use::Unanswerable("an id would have to be remembered for more than a day");
    }
    if held >= MOST_IDS {
        return Use::Unanswerable("too many ids are remembered already");
    }
    Use::First(until_ms.max(now_ms).saturating_add(GRACE_MS))
}

/// When the object has to wake up next to forget: `set_ms` is when it would anyway, `wanted_ms` when its soonest id is due. `None`
/// where nothing has to be changed. What is due is forgotten once in [`GRACE_MS`] at most.
pub fn alarm(now_ms: u64, set_ms: Option<u64>, wanted_ms: u64) -> Option<u64> {
    // An alarm that is long overdue was lost.
    let stands = set_ms.is_some_and(|set_ms| now_ms < set_ms.saturating_add(GRACE_MS));
    (!stands).then(|| wanted_ms.max(now_ms.saturating_add(GRACE_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW_MS: u64 = 1_795_392_000_000;

    #[test]
    fn an_id_passes_once_until_its_time() {
        for (name, known_ms, held, until_ms, expect) in [
            ("first", None, 0, NOW_MS + 5_000, Use::First(NOW_MS + 5_000 + GRACE_MS)),
            ("again", Some(NOW_MS + 1), 1, NOW_MS + 5_000, Use::Again),
            ("again, although the object is full", Some(NOW_MS + 1), MOST_IDS, NOW_MS + 5_000, Use::Again),
            ("known, but its time has come", Some(NOW_MS), 1, NOW_MS + 5_000, Use::First(NOW_MS + 5_000 + GRACE_MS)),
            ("its own time is over by this clock", None, 0, NOW_MS - 5_000, Use::First(NOW_MS + GRACE_MS)),
            ("full", None, MOST_IDS, NOW_MS + 5_000, Use::Unanswerable("too many ids are remembered already")),
            ("too far ahead", None, 0, NOW_MS + LONGEST_MS + 1, Use::Unanswerable("an id would have to be remembered for more than a day")),
            ("at the end of time", None, 0, u64::MAX, Use::Unanswerable("an id would have to be remembered for more than a day")),
        ] {
            assert_eq!(step(NOW_MS, known_ms, held, until_ms), expect, "{name}");
        }
    }

    #[test]
    fn the_alarm_is_set_once_and_again_where_it_was_lost() {
        for (name, set_ms, wanted_ms, expect) in [
            ("none is set", None, NOW_MS + 90_000, Some(NOW_MS + 90_000)),
            ("due at once", None, NOW_MS, Some(NOW_MS + GRACE_MS)),
            ("one is set", Some(NOW_MS + 90_000), NOW_MS + 70_000, None),
            ("it rings at this moment", Some(NOW_MS), NOW_MS + 70_000, None),
            ("it was lost", Some(NOW_MS - GRACE_MS), NOW_MS + 70_000, Some(NOW_MS + 70_000)),
        ] {
            assert_eq!(alarm(NOW_MS, set_ms, wanted_ms), expect, "{name}");
        }
    }

    #[test]
    fn ids_are_spread_over_the_objects_of_their_space() {
        let objects: std::collections::BTreeSet<_> = (0..1_000).map(|id| Place::of("a.b", &id.to_string()).object).collect();
        assert_eq!(objects.len(), usize::from(SHARDS));
        assert_ne!(Place::of("a", "1").object, Place::of("b", "1").object);
        assert_eq!(Place::of("a", "1"), Place::of("a", "1"));
        assert_eq!(Place::of("a", &"long".repeat(10_000)).id.len(), 43);
    }

    proptest! {
        #[test]
        fn nothing_passes_twice_within_its_time(uses in proptest::collection::vec((0u64..4, 0u64..200_000, 0u64..100_000), 1..60)) {
            let (mut now_ms, mut known, mut accepted) = (NOW_MS, std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
            for (id, after_ms, lives_ms) in uses {
                now_ms += after_ms;
                let until_ms = now_ms + lives_ms;
                if let Use::First(keep_ms) = step(now_ms, known.get(&id).copied(), known.len() as u64, until_ms) {
                    prop_assert!(accepted.insert(id, until_ms).is_none_or(|before_ms| before_ms < now_ms));
                    known.insert(id, keep_ms);
                }
            }
        }
    }
}
