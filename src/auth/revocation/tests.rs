use proptest::prelude::*;
use serde_json::{Value, json};

use super::snapshot::{Action, Age, Event, Mark, Periods, Snapshot};
use super::*;

const NOW_S: u64 = 1_800_000_000;
const NOW_MS: u64 = NOW_S * 1000;

fn entry(written: Value) -> Result<Entry, &'static str> {
    serde_json::from_value::<Entry>(written).unwrap().complete(NOW_MS, 3600)
}

#[test]
fn an_entry_says_one_thing() {
    for (written, expect) in [
        (json!({ "jti": "a" }), Ok((None, NOW_S + 3600))),
        (json!({ "jti": "a", "issuer": "i", "until": NOW_S + 1 }), Ok((None, NOW_S + 1))),
        (json!({ "subject": "u" }), Ok((Some(NOW_S + 1), NOW_S + 3600))),
        (json!({ "subject": "u", "before": NOW_S - 60 }), Ok((Some(NOW_S - 60), NOW_S + 3600))),
        (json!({ "before": NOW_S }), Ok((Some(NOW_S), NOW_S + 3600))),
        (json!({}), Err("Write one of")),
        (json!({ "issuer": "i" }), Err("Write one of")),
        (json!({ "jti": "a", "subject": "u" }), Err("either `jti` or `subject`")),
        (json!({ "jti": "a", "before": 1 }), Err("leave `before` out")),
        (json!({ "before": NOW_S + 2 }), Err("lies in the future")),
        (json!({ "jti": "" }), Err("A text is empty")),
        (json!({ "subject": "u".repeat(513) }), Err("more than 512 bytes")),
        (json!({ "jti": "a", "until": NOW_S }), Err("`until`")),
        (json!({ "jti": "a", "until": NOW_S + LONGEST_S + 1 }), Err("`until`")),
    ] {
        let got = entry(written.clone()).map(|entry| (entry.before, entry.until));
        match expect {
            Ok(expect) => assert_eq!(got, Ok(expect), "{written}"),
            Err(part) => assert!(got.is_err_and(|reason| reason.contains(part)), "{written}: {got:?}"),
        }
    }
}

fn added(list: &mut List, now_ms: u64, written: Value) -> u64 {
    let entry = serde_json::from_value::<Entry>(written).unwrap().complete(now_ms, 3600).unwrap();
    match list.step(now_ms, &Ask::Add(entry)) {
        (Told::Added(entry), changes) => {
            assert!(changes.contains(&Change::Put(entry.clone())), "it is written down");
            entry.number
        }
        (told, _) => panic!("{told:?}"),
    }
}

/// Brings a copy up to date.
fn renew(list: &mut List, copy: &mut Snapshot, now_ms: u64) -> usize {
    let (told, _) = list.step(now_ms, &Ask::Since(copy.version()));
    copy.learn(&told, now_ms);
    match told {
        Told::Changes { entries, .. } => entries.len(),
        told => panic!("{told:?}"),
    }
}

fn withdrawn(copy: &Snapshot, issuer: &str, claims: Value, now_ms: u64) -> bool {
    let claims = claims.as_object().unwrap();
    copy.withdraws(&Mark::of(Some(issuer), claims["sub"].as_str().unwrap(), claims), now_ms)
}

#[test]
fn a_token_is_withdrawn_by_its_id_its_subject_or_its_time() {
    let (mut list, mut copy) = (List::default(), Snapshot::default());
    for written in [
        json!({ "jti": "one" }),
        json!({ "jti": "two", "issuer": "a" }),
        json!({ "subject": "bob", "before": NOW_S - 100 }),
        json!({ "subject": "cyd", "issuer": "a" }),
        json!({ "before": NOW_S - 1000, "issuer": "b" }),
    ] {
        added(&mut list, NOW_MS, written);
    }
    assert_eq!(renew(&mut list, &mut copy, NOW_MS), 5);
    let new = NOW_S + 1;
    for (issuer, claims, expect, name) in [
        ("a", json!({ "sub": "u", "jti": "one" }), true, "by its id, of any issuer"),
        ("a", json!({ "sub": "u", "jti": "One" }), false, "another id"),
        ("a", json!({ "sub": "one" }), false, "an id is no subject"),
        ("a", json!({ "sub": "u", "jti": 1 }), false, "an id that is a number"),
        ("a", json!({ "sub": "u", "jti": "two" }), true, "by its id and issuer"),
        ("b", json!({ "sub": "u", "jti": "two", "iat": NOW_S }), false, "another issuer's of this id"),
        ("a", json!({ "sub": "bob", "iat": NOW_S - 101 }), true, "a subject's older ones"),
        ("a", json!({ "sub": "bob", "iat": NOW_S - 100 }), false, "issued at the very time"),
        ("a", json!({ "sub": "bob", "iat": NOW_S - 100 + 1 }), false, "a subject's newer ones"),
        ("a", json!({ "sub": "bob" }), true, "a subject's that does not say when"),
        ("a", json!({ "sub": "bob", "iat": "x" }), true, "nor when it says nonsense"),
        ("a", json!({ "sub": "cyd", "iat": NOW_S }), true, "issued in the second of the withdrawal"),
        ("a", json!({ "sub": "cyd", "iat": new }), false, "issued after it"),
        ("b", json!({ "sub": "cyd", "iat": NOW_S }), false, "another issuer's subject of this name"),
        ("b", json!({ "sub": "u", "iat": NOW_S - 1001 }), true, "all older ones of an issuer"),
        ("b", json!({ "sub": "u", "iat": NOW_S - 1000 }), false, "newer ones of it"),
        ("a", json!({ "sub": "u", "iat": 1 }), false, "older ones of another"),
    ] {
        assert_eq!(withdrawn(&copy, issuer, claims, NOW_MS), expect, "{name}");
    }
    let later_ms = NOW_MS + 3_600_000;
    assert!(!withdrawn(&copy, "a", json!({ "sub": "u", "jti": "one" }), later_ms), "its time is over");
    assert!(!withdrawn(&copy, "a", json!({ "sub": "bob" }), later_ms), "its time is over");
}

#[test]
fn a_copy_is_told_what_is_new_and_starts_over_when_something_was_taken_out() {
    let (mut list, mut copy) = (List::default(), Snapshot::default());
    assert_eq!(renew(&mut list, &mut copy, NOW_MS), 0, "an empty list");
    let first = added(&mut list, NOW_MS, json!({ "jti": "one" }));
    assert_eq!(renew(&mut list, &mut copy, NOW_MS), 1);
    assert_eq!(renew(&mut list, &mut copy, NOW_MS), 0, "nothing new");
    added(&mut list, NOW_MS, json!({ "jti": "two" }));
    assert_eq!(renew(&mut list, &mut copy, NOW_MS), 1, "only what is new");
    assert_eq!(list.step(NOW_MS, &Ask::Remove(first)).0, Told::Removed(true));
    assert_eq!(list.step(NOW_MS, &Ask::Remove(first)), (Told::Removed(false), Vec::new()));
    assert!(withdrawn(&copy, "a", json!({ "sub": "u", "jti": "one" }), NOW_MS), "until the copy is renewed");
    assert_eq!(renew(&mut list, &mut copy, NOW_MS), 1, "the whole rest");
    assert!(!withdrawn(&copy, "a", json!({ "sub": "u", "jti": "one" }), NOW_MS));
    assert!(withdrawn(&copy, "a", json!({ "sub": "u", "jti": "two" }), NOW_MS));
    let third = added(&mut list, NOW_MS, json!({ "jti": "three" }));
    assert!(third > first + 1, "a number is never given again");

    // The object is deleted when its last entry is over, and begins anew.
    let mut anew = List::default();
    added(&mut anew, NOW_MS + 7_200_000, json!({ "jti": "four" }));
    assert_eq!(renew(&mut anew, &mut copy, NOW_MS + 7_200_000), 1);
    assert!(withdrawn(&copy, "a", json!({ "sub": "u", "jti": "four" }), NOW_MS + 7_200_000));
}

#[test]
fn a_list_forgets_what_is_over_and_has_an_end() {
    let mut list = List::default();
    added(&mut list, NOW_MS, json!({ "jti": "short", "until": NOW_S + 10 }));
    added(&mut list, NOW_MS, json!({ "jti": "long", "until": NOW_S + 20 }));
    assert_eq!(list.next_ms(), Some((NOW_S + 10) * 1000));
    assert_eq!(list.forget(NOW_MS + 9_999), Vec::new());
    assert_eq!(list.forget(NOW_MS + 10_000), [Change::Drop(1)]);
    let (told, _) = list.step(NOW_MS + 20_000, &Ask::Entries { after: 0, most: 10 });
    assert_eq!(told, Told::Entries { entries: Vec::new(), more: false }, "what is over is not shown");
    assert_eq!((list.forget(NOW_MS + 20_000).len(), list.next_ms()), (1, None));
    for number in 0..MOST_ENTRIES {
        added(&mut list, NOW_MS, json!({ "jti": number.to_string(), "until": NOW_S + 10 }));
    }
    let full = entry(json!({ "jti": "x" })).unwrap();
    assert_eq!(list.step(NOW_MS, &Ask::Add(full.clone())), (Told::Full, Vec::new()));
    assert!(matches!(list.step(NOW_MS + 10_000, &Ask::Add(full)).0, Told::Added(_)), "what is over makes room");
}

#[test]
fn entries_are_shown_page_by_page() {
    let mut list = List::default();
    for jti in ["a", "b", "c"] {
        added(&mut list, NOW_MS, json!({ "jti": jti }));
    }
    for (after, most, expect, more) in
        [(0, 2, vec![1, 2], true), (2, 2, vec![3], false), (0, 3, vec![1, 2, 3], false), (u64::MAX, 1, vec![], false)]
    {
        match list.step(NOW_MS, &Ask::Entries { after, most }).0 {
            Told::Entries { entries, more: got } => {
                assert_eq!((entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), got), (expect, more), "after {after}");
            }
            told => panic!("{told:?}"),
        }
    }
}

#[test]
fn a_copy_is_renewed_in_the_background_and_not_used_when_it_is_too_old() {
    let periods = Periods { refresh_ms: 5_000, stale_ms: 30_000 };
    let mut age = Age::default();
    for (number, (ms, event, expect)) in [
        (100_000, Event::Needed, Action::Ask),
        (100_000, Event::Needed, Action::Ask),
        (100_100, Event::Failed, Action::Unavailable),
        (100_200, Event::Needed, Action::Unavailable),
        (101_100, Event::Needed, Action::Ask),
        (101_200, Event::Came(101_100), Action::Use),
        (106_099, Event::Needed, Action::Use),
        (106_100, Event::Needed, Action::UseAndRenew),
        (106_101, Event::Needed, Action::Use),
        (106_200, Event::Failed, Action::Use),
        (107_199, Event::Needed, Action::Use),
        (107_200, Event::Needed, Action::UseAndRenew),
        (117_199, Event::Needed, Action::Use),
        (117_200, Event::Needed, Action::UseAndRenew),
        (131_099, Event::Needed, Action::UseAndRenew),
        (131_100, Event::Needed, Action::Ask),
        (131_200, Event::Failed, Action::Unavailable),
        (131_300, Event::Needed, Action::Unavailable),
        (132_200, Event::Needed, Action::Ask),
        (133_000, Event::Came(90_000), Action::Unavailable),
        (133_000, Event::Came(132_200), Action::Use),
    ]
    .into_iter()
    .enumerate()
    {
        let (next, action) = age.step(&periods, ms, event);
        assert_eq!(action, expect, "step {number}: {event:?} at {ms} of {age:?}");
        age = next;
    }
}

proptest! {
    #[test]
    fn a_copy_knows_what_its_list_knows(steps in prop::collection::vec((0u8..4, 0u64..6, 0u64..400), 1..60)) {
        let (mut list, mut copy, mut fresh, mut now_ms) = (List::default(), Snapshot::default(), Snapshot::default(), NOW_MS);
        for (what, id, after_s) in steps {
            now_ms += after_s * 1000;
            match what {
                0 => drop(added(&mut list, now_ms, json!({ "jti": id.to_string(), "until": now_ms / 1000 + 500 }))),
                1 => drop(added(&mut list, now_ms, json!({ "subject": id.to_string(), "until": now_ms / 1000 + 500 }))),
                2 => drop(list.step(now_ms, &Ask::Remove(id))),
                _ => drop(list.forget(now_ms)),
            }
            if list.next_ms().is_none() {
                list = List::default();
            }
            renew(&mut list, &mut copy, now_ms);
            fresh = Snapshot::default();
            renew(&mut list, &mut fresh, now_ms);
            for id in 0..6u64 {
                let claims = json!({ "sub": id.to_string(), "jti": id.to_string(), "iat": now_ms / 1000 });
                prop_assert_eq!(withdrawn(&copy, "a", claims.clone(), now_ms), withdrawn(&fresh, "a", claims, now_ms));
            }
        }
        prop_assert_eq!(copy.version(), fresh.version());
    }
}
