use super::*;
use proptest::prelude::*;
use serde_json::json;

const START_MS: u64 = 1_800_000_000_000;
const HOUR_MS: u64 = 3_600_000;

fn access(token: &str, life_ms: u64, now_ms: u64, refresh: Option<&str>) -> Access {
    Access {
        token: token.to_owned(),
        until_ms: Some(now_ms + life_ms),
        renew_ms: Some(now_ms + life_ms * 4 / 5),
        refresh_token: refresh.map(str::to_owned),
    }
}

fn session(refresh: Option<&str>) -> Session {
    Session {
        issuer: "https://login.example".to_owned(),
        subject: "ann".to_owned(),
        claims: json!({ "sub": "ann", "email": "ann@a.example" }).as_object().unwrap().clone(),
        scopes: vec!["openid".to_owned()],
        id_token: "id-1".to_owned(),
        access: access("access-1", 100_000, START_MS, refresh),
        until_ms: START_MS + 10 * HOUR_MS,
        idle_ms: HOUR_MS,
    }
}

fn opened(refresh: Option<&str>) -> Vault {
    let mut vault = Vault::load(None);
    let (answer, chore) = vault.step(START_MS, Ask::Open(Box::new(session(refresh))));
    assert_eq!(answer, Answer::Opened);
    assert!(matches!(chore, Chore::Save { alarm_ms: Some(ms), .. } if ms == START_MS + HOUR_MS), "{chore:?}");
    vault
}

/// `access-1`, `access-1 +duty 1`, `wait`, `stuck`, `nothing`.
fn said(answer: &Answer) -> String {
    match answer {
        Answer::Is(view, None) => view.access_token.clone(),
        Answer::Is(view, Some(duty)) => format!("{} +duty {} {}", view.access_token, duty.number, duty.refresh_token),
        Answer::Wait(_) => "wait".to_owned(),
        Answer::Stuck => "stuck".to_owned(),
        Answer::Nothing => "nothing".to_owned(),
        Answer::Opened => "opened".to_owned(),
        Answer::Ended(id_token) => format!("ended {id_token}"),
    }
}

fn renewed(number: u64, token: &str, second: u64, refresh: Option<&str>) -> Ask {
    let access = access(token, 100_000, START_MS + second * 1000, refresh);
    Ask::Renewed(number, Box::new(Renewal { access, identity: None, scopes: None }))
}

/// Steps through a story: the second, what is asked, what is said.
fn check(story: &[(u64, Ask, &str)]) {
    let mut vault = opened(Some("refresh-1"));
    for (number, (second, ask, expect)) in story.iter().enumerate() {
        let (answer, chore) = vault.step(START_MS + second * 1000, ask.clone());
        assert_eq!(said(&answer), *expect, "step {number}: {ask:?} at {second} s");
        if let Chore::Save { state, .. } = chore {
            let reborn = Vault::load(Some(&state));
            assert_eq!(reborn.kept, vault.kept, "step {number}: what was written is what is known");
        }
    }
}

#[test]
fn one_renews_while_the_others_go_on() {
    check(&[
        (79, Ask::Look, "access-1"),
        (80, Ask::Look, "access-1 +duty 1 refresh-1"),
        (80, Ask::Look, "access-1"),
        (81, Ask::Look, "access-1"),
        (82, renewed(1, "access-2", 82, Some("refresh-2")), "access-2"),
        (83, Ask::Look, "access-2"),
        (162, Ask::Look, "access-2 +duty 2 refresh-2"),
        (163, renewed(2, "access-3", 163, None), "access-3"),
        (243, Ask::Look, "access-3 +duty 3 refresh-2"),
    ]);
}

#[test]
fn once_the_token_is_over_the_others_wait() {
    check(&[
        (100, Ask::Look, "access-1 +duty 1 refresh-1"),
        (100, Ask::Look, "wait"),
        (101, Ask::Look, "wait"),
        (102, renewed(1, "access-2", 102, Some("refresh-2")), "access-2"),
        (102, Ask::Look, "access-2"),
    ]);
}

#[test]
fn a_duty_that_nobody_did_goes_to_the_next() {
    check(&[
        (100, Ask::Look, "access-1 +duty 1 refresh-1"),
        (114, Ask::Look, "wait"),
        (115, Ask::Look, "access-1 +duty 2 refresh-1"),
        // The first was only slow: what it got is good, and the second's failure no longer means anything.
        (116, renewed(1, "access-2", 116, Some("refresh-2")), "access-2"),
        (117, Ask::NotRenewed { number: 2, refused: true }, "access-2"),
        (118, Ask::Look, "access-2"),
    ]);
}

#[test]
fn a_renewal_is_taken_once_and_never_an_older_one() {
    check(&[
        (80, renewed(1, "forged", 80, None), "access-1 +duty 1 refresh-1"),
        (81, renewed(2, "forged", 81, None), "access-1"),
        (82, renewed(1, "access-2", 82, None), "access-2"),
        (83, renewed(1, "again", 83, None), "access-2"),
        (84, renewed(0, "never", 84, None), "access-2"),
    ]);
}

#[test]
fn a_refusal_ends_the_session_and_an_outage_does_not() {
    check(&[
        (80, Ask::Look, "access-1 +duty 1 refresh-1"),
        (81, Ask::NotRenewed { number: 1, refused: false }, "access-1"),
        (85, Ask::Look, "access-1"),
        (86, Ask::Look, "access-1 +duty 2 refresh-1"),
        (99, Ask::NotRenewed { number: 2, refused: false }, "access-1"),
        (100, Ask::Look, "stuck"),
        (104, Ask::Look, "access-1 +duty 3 refresh-1"),
        (105, Ask::NotRenewed { number: 2, refused: true }, "wait"),
        (106, Ask::NotRenewed { number: 3, refused: true }, "nothing"),
        (107, Ask::Look, "nothing"),
        (107, renewed(3, "late", 107, None), "nothing"),
    ]);
}

#[test]
fn without_a_refresh_token_nobody_renews() {
    let mut vault = opened(None);
    for second in [80, 100, 3_000] {
        assert_eq!(said(&vault.step(START_MS + second * 1000, Ask::Look).0), "access-1", "{second}");
    }
}

#[test]
fn new_claims_lie_over_the_old_ones() {
    let mut vault = opened(Some("refresh-1"));
    vault.step(START_MS + 80_000, Ask::Look);
    let identity = Some(("id-2".to_owned(), json!({ "sub": "ann", "name": "Ann" }).as_object().unwrap().clone()));
    let renewal = Renewal { access: access("a", 1, START_MS, None), identity, scopes: Some(vec!["openid".into(), "more".into()]) };
    let (answer, _) = vault.step(START_MS + 81_000, Ask::Renewed(1, Box::new(renewal)));
    let Answer::Is(view, _) = answer else { panic!("{answer:?}") };
    assert_eq!(Value::Object(view.claims), json!({ "sub": "ann", "email": "ann@a.example", "name": "Ann" }));
    assert_eq!(view.scopes, ["openid", "more"]);
    assert_eq!(vault.step(START_MS + 82_000, Ask::End).0, Answer::Ended("id-2".to_owned()));
}

#[test]
fn a_session_ends_when_it_lies_idle_when_its_time_is_over_and_when_it_is_told_to() {
    let mut idle = opened(None);
    assert_eq!(said(&idle.clone().step(START_MS + HOUR_MS - 1, Ask::Look).0), "access-1");
    assert_eq!(idle.step(START_MS + HOUR_MS, Ask::Look), (Answer::Nothing, Chore::Delete));
    assert_eq!(idle.step(START_MS + HOUR_MS, Ask::Look), (Answer::Nothing, Chore::Nothing));

    let mut busy = opened(None);
    for minute in 1..600 {
        assert_eq!(said(&busy.step(START_MS + minute * 60_000, Ask::Look).0), "access-1", "minute {minute}");
    }
    assert_eq!(busy.ring(START_MS + 10 * HOUR_MS - 1), Chore::Wait(START_MS + 10 * HOUR_MS));
    assert_eq!(busy.clone().step(START_MS + 10 * HOUR_MS, Ask::Look), (Answer::Nothing, Chore::Delete));
    assert_eq!(busy.ring(START_MS + 10 * HOUR_MS), Chore::Delete);
    assert_eq!(busy, Vault::default());

    let mut ended = opened(None);
    assert_eq!(ended.step(START_MS + 1, Ask::End), (Answer::Ended("id-1".to_owned()), Chore::Delete));
    assert_eq!(ended.step(START_MS + 2, Ask::End), (Answer::Nothing, Chore::Nothing));
    assert_eq!(said(&ended.step(START_MS + 3, Ask::Look).0), "nothing");
}

#[test]
fn an_id_opens_one_session() {
    let mut vault = opened(None);
    let second = Session { subject: "eve".to_owned(), ..session(None) };
    assert_eq!(vault.step(START_MS + 1, Ask::Open(Box::new(second))), (Answer::Nothing, Chore::Nothing));
    let Answer::Is(view, None) = vault.step(START_MS + 2, Ask::Look).0 else { panic!("it is gone") };
    assert_eq!(view.subject, "ann");
}

#[test]
fn use_alone_is_written_now_and_then() {
    let mut vault = opened(None);
    let writes = (1..=300).filter(|second| vault.step(START_MS + second * 1000, Ask::Look).1 != Chore::Nothing).count();
    assert_eq!(writes, 5);
}

#[test]
fn a_state_that_cannot_be_read_is_none() {
    for state in ["", "{}", "null", "{\"kept\":1}"] {
        assert_eq!(Vault::load(Some(state)).step(START_MS, Ask::Look), (Answer::Nothing, Chore::Nothing), "{state}");
    }
}

proptest! {
    /// However requests, renewals and failures fall together: two duties never overlap, and no duty is given while a token is fresh.
    #[test]
    fn duties_never_overlap(steps in prop::collection::vec((0u64..20, 0u8..4), 1..80)) {
        let mut vault = opened(Some("refresh"));
        let (mut second, mut open_until, mut number) = (0, 0, 0);
        for (later, what) in steps {
            second += later;
            let now_ms = START_MS + second * 1000;
            let ask = match what {
                0 => renewed(number, "new", second, Some("next")),
                1 => Ask::NotRenewed { number, refused: false },
                _ => Ask::Look,
            };
            let closes = !matches!(ask, Ask::Look) && open_until > 0;
            let (answer, _) = vault.step(now_ms, ask);
            if closes {
                open_until = 0;
            }
            if let Answer::Is(_, Some(duty)) = answer {
                prop_assert!(now_ms >= open_until, "a second duty while one was open");
                prop_assert!(duty.number > number);
                (open_until, number) = (now_ms + DUTY_MS, duty.number);
            }
        }
    }
}
