use std::rc::Rc;

use futures::executor::block_on;

use super::*;
use crate::auth::identity::Identity;
use crate::config::runtime::Settings;
use crate::exchange::Connection;
use crate::gateway::Incoming;
use crate::http::{Body, Target};
use crate::memory::{Fault, Outside};
use crate::policies::{Mode, OnError, guard::Guarded};

const START_MS: u64 = 1_800_000_000_000;

/// One caller: address, identity, header fields.
#[derive(Clone, Copy, Default)]
struct Caller {
    address: Option<&'static str>,
    identity: Option<(&'static str, &'static str)>,
    headers: &'static [(&'static str, &'static str)],
}

fn from(address: &'static str) -> Caller {
    Caller { address: Some(address), ..Caller::default() }
}

fn signed_in(issuer: &'static str, subject: &'static str) -> Caller {
    Caller { identity: Some((issuer, subject)), ..Caller::default() }
}

fn with(headers: &'static [(&'static str, &'static str)]) -> Caller {
    Caller { headers, ..Caller::default() }
}

fn compile(config: &str, id: &str) -> Result<RateLimit, ConfigError> {
    let config: Config = serde_json::from_str(config).unwrap();
    let outside = Outside::at(START_MS);
    RateLimit::compile(config, &mut Compiler::new(&*outside.environment, id, ""))
}

fn guarded(config: &str, on_error: OnError) -> Guarded {
    let policy = compile(config, "shop.fair_use").unwrap();
    Guarded {
        id: "shop.fair_use".into(),
        kind: "rate_limit",
        mode: Mode::Enforce,
        on_error,
        when: None,
        guessing: None,
        policy: Ok(Rc::new(policy)),
    }
}

/// What one call gave: its verdict, the record's word, and the response header fields of the policy.
struct Seen {
    outcome: Result<Flow, GatewayError>,
    limit: Option<&'static str>,
    notes: Vec<String>,
    headers: Vec<String>,
}

fn call(outside: &Outside, policy: &Guarded, caller: Caller) -> Seen {
    let (ports, settings) = (outside.ports(), Settings::default());
    let mut headers = HeaderMap::new();
    for (name, value) in caller.headers {
        headers.append(*name, HeaderValue::from_static(value));
    }
    let client = Connection { address: caller.address.map(|address| address.parse().unwrap()), protocol: None };
    let incoming =
        Incoming { method: Method::GET, url: String::new(), headers: headers.clone(), body: Body::Empty, client, edge: Default::default() };
    let mut cx = Exchange::begin(&ports, &settings, &incoming);
    cx.identity = caller.identity.map(|(issuer, subject)| Identity {
        kind: "jwt",
        subject: subject.to_owned(),
        issuer: Some(issuer.to_owned()),
        ..Identity::default()
    });
    let target = Target { scheme: "https", authority: "shop.example".to_owned(), path: "/".to_owned(), query: None };
    let mut request = Request { method: Method::GET, target, headers, body: Body::Empty };
    let outcome = block_on(policy.on_request(&mut cx, &mut request));
    let headers = cx.reply_headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    Seen { outcome, limit: cx.record.limit, notes: cx.record.notes, headers }
}

/// All callers at one instant; `+` passes, `-` is refused.
fn check(key: &str, callers: &[Caller], expect: &str) {
    let outside = Outside::at(START_MS);
    let policy = guarded(&format!(r#"{{"key":{key},"limits":["1/min"]}}"#), OnError::Deny);
    let got: String = callers.iter().map(|caller| if call(&outside, &policy, *caller).outcome.is_ok() { '+' } else { '-' }).collect();
    assert_eq!(got, expect, "{key}");
    for subject in outside.limiter.subjects() {
        assert!(subject.len() == 64 && subject.bytes().all(|b| b.is_ascii_hexdigit()), "{subject}");
    }
}

#[test]
fn subjects_are_told_apart_by_the_key() {
    check(r#""ip""#, &[from("192.0.2.1"), from("192.0.2.2"), from("::ffff:192.0.2.1"), Caller::default(), Caller::default()], "++-+-");
    check(r#""ip""#, &[from("2001:db8::1"), from("2001:db8::2"), from("2001:db8:0:1::2")], "+-+");
    check(r#""identity""#, &[signed_in("a", "1"), signed_in("a", "2"), signed_in("b", "1"), signed_in("a", "1")], "+++-");
    check(r#""identity""#, &[signed_in("a|b", "c"), signed_in("a", "b|c")], "++");
    check(r#""identity""#, &[from("192.0.2.1"), from("192.0.2.1"), from("192.0.2.2")], "+-+");
    let (a, b, both) = (with(&[("x-tenant", "a")]), with(&[("x-tenant", "b")]), with(&[("x-tenant", "a"), ("x-tenant", "b")]));
    check(r#"{"header":"x-tenant"}"#, &[a, b, both, a, Caller::default(), Caller::default()], "+++-+-");
    check(r#"{"literal":"all"}"#, &[from("192.0.2.1"), signed_in("a", "1")], "+-");
    check(r#"["ip",{"header":"x-tenant"}]"#, &[a, b, Caller { address: Some("192.0.2.1"), ..a }, a], "+++-");
}

#[test]
fn two_policies_do_not_share_a_subject() {
    let outside = Outside::at(START_MS);
    for id in ["shop.fair_use", "shop.other"] {
        let policy = compile(r#"{"key":{"literal":"all"},"limits":["1/min"]}"#, id).unwrap();
        let policy = Guarded { policy: Ok(Rc::new(policy)), ..guarded(r#"{"key":"ip","limits":["1/s"]}"#, OnError::Deny) };
        assert!(call(&outside, &policy, Caller::default()).outcome.is_ok());
    }
    assert_eq!(outside.limiter.subjects().len(), 2);
}

#[test]
fn a_refusal_is_told_and_remembered_until_it_ends() {
    let outside = Outside::at(START_MS);
    let policy = guarded(r#"{"key":"ip","limits":["1/10s","100/h"]}"#, OnError::Deny);
    let first = call(&outside, &policy, Caller::default());
    assert_eq!(first.limit, Some("allowed"));
    assert_eq!(
        first.headers,
        [
            r#"ratelimit-policy: "fair_use-1/10s";q=1;w=10, "fair_use-100/h";q=100;w=3600"#,
            r#"ratelimit: "fair_use-1/10s";r=0;t=10, "fair_use-100/h";r=99;t=36"#,
        ]
    );
    outside.clock.advance(2_500);
    assert_eq!(call(&outside, &policy, Caller::default()).limit, Some("refused"));
    outside.clock.advance(4_000);
    let third = call(&outside, &policy, Caller::default());
    assert_eq!((third.limit, outside.limiter.calls.get()), (Some("refused-remembered"), 2));
    let verdict = third.outcome.unwrap_err().verdict();
    assert_eq!((verdict.status.as_u16(), verdict.violated_policies), (429, vec!["fair_use-1/10s".to_owned()]));
    assert!(verdict.headers.contains(&(crate::http::header::RETRY_AFTER, HeaderValue::from_static("4"))), "{:?}", verdict.headers);
    outside.clock.advance(3_500);
    let fourth = call(&outside, &policy, Caller::default());
    assert_eq!((fourth.limit, outside.limiter.calls.get()), (Some("allowed"), 3));
}

#[test]
fn a_limit_that_counts_refusals_hears_of_every_one() {
    let outside = Outside::at(START_MS);
    let policy = guarded(r#"{"key":"ip","limits":["1/s"],"count_rejected":true,"headers":false}"#, OnError::Deny);
    let verdicts: Vec<_> = (0..3)
        .map(|_| {
            let seen = call(&outside, &policy, Caller::default());
            outside.clock.advance(900);
            assert_eq!(seen.headers, [""; 0]);
            seen.limit
        })
        .collect();
    assert_eq!((verdicts, outside.limiter.calls.get()), (vec![Some("allowed"), Some("refused"), Some("refused")], 3));
}

/// What so many calls at one instant gave: passes, those of them that were leased, and hops.
fn many(outside: &Outside, policy: &Guarded, calls: usize) -> (usize, usize, usize) {
    let hops = outside.limiter.calls.get();
    let seen: Vec<_> = (0..calls).map(|_| call(outside, policy, Caller::default())).collect();
    let leased = seen.iter().filter(|seen| seen.limit == Some("allowed-leased")).count();
    (seen.iter().filter(|seen| seen.outcome.is_ok()).count(), leased, outside.limiter.calls.get() - hops)
}

#[test]
fn a_busy_subject_of_a_large_limit_is_served_ahead_and_never_beyond_it() {
    let outside = Outside::at(START_MS);
    let policy = guarded(r#"{"key":"ip","limits":["3000/min"]}"#, OnError::Deny);
    let (passed, leased, hops) = many(&outside, &policy, 3_500);
    assert_eq!((passed, leased + hops), (3_000, 3_001), "every pass was leased or a hop, and one hop was refused");
    assert!(hops < 1_300, "{hops} hops");
    let small = guarded(r#"{"key":"ip","limits":["3000/min","1000/h"]}"#, OnError::Deny);
    assert_eq!(many(&Outside::at(START_MS), &small, 1_500), (1_000, 0, 1_001));
}

#[test]
fn what_was_leased_and_not_spent_goes_back() {
    let outside = Outside::at(START_MS);
    let policy = guarded(r#"{"key":"ip","limits":["9000000/h"],"burst":1000}"#, OnError::Deny);
    assert_eq!(many(&outside, &policy, 200).0, 200);
    outside.limiter.fault.set(Fault::Before);
    let held = many(&outside, &policy, 30);
    assert!(held.1 > 0 && held.0 == held.1, "{held:?}: what is held serves while the store is down");
    outside.limiter.fault.set(Fault::None);
    outside.clock.advance(60_000);
    assert_eq!(many(&outside, &policy, 1_500).0, 1_000, "after a pause the whole burst is there");
}

#[test]
fn a_limiter_that_is_down_lets_pass_or_denies_as_told() {
    for (fault, on_error) in [(Fault::Before, OnError::Allow), (Fault::Before, OnError::Deny), (Fault::After, OnError::Allow)] {
        let outside = Outside::at(START_MS);
        let policy = guarded(r#"{"key":"ip","limits":["1/min"]}"#, on_error);
        outside.limiter.fault.set(fault);
        let seen = call(&outside, &policy, Caller::default());
        match on_error {
            OnError::Allow => assert!(seen.outcome.is_ok() && seen.notes.iter().any(|note| note.contains("let pass")), "{fault:?}"),
            OnError::Deny => assert_eq!(seen.outcome.unwrap_err().verdict().status, StatusCode::SERVICE_UNAVAILABLE, "{fault:?}"),
        }
        outside.limiter.fault.set(Fault::None);
        let counted = call(&outside, &policy, Caller::default()).outcome.is_err();
        assert_eq!(counted, fault == Fault::After, "{fault:?}: what was counted stays counted");
    }
}

#[test]
fn a_policy_that_cannot_work_is_not_built() {
    for (config, field, expect) in [
        (r#"{"key":"ip","limits":[]}"#, "limits", "there is no limit"),
        (r#"{"key":"ip","limits":["1/s","2/s"]}"#, "limits.1", "same window"),
        (r#"{"key":"ip","limits":["1/s"],"burst":0}"#, "burst", "allows nothing"),
        (r#"{"key":"ip","limits":["1/s"],"cost":0}"#, "cost", "never limited"),
        (r#"{"key":"ip","limits":["1/s"],"cost":2}"#, "cost", "could never pass `1/s`"),
        (r#"{"key":[],"limits":["1/s"]}"#, "key", "no key"),
    ] {
        let error = compile(config, "a.b").err().unwrap();
        assert!(error.field == field && error.message.contains(expect), "{config}: {error:?}");
    }
}

#[test]
fn names_are_short_and_a_burst_belongs_to_the_shortest_window() {
    let windows =
        |config: &str, id: &str| compile(config, id).unwrap().windows.into_iter().map(|(name, w)| (name, w.burst)).collect::<Vec<_>>();
    assert_eq!(windows(r#"{"key":"ip","limits":["9/h","2/s"],"burst":4}"#, "a.b"), [("b-9/h".to_owned(), 9), ("b-2/s".to_owned(), 4)]);
    assert_eq!(windows(r#"{"key":"ip","limits":["2/s"]}"#, "a: GET /v1.0/b#rate_limit"), [("rate_limit".to_owned(), 2)]);
}

#[test]
fn a_limit_by_identity_says_that_it_needs_one() {
    let outside = Outside::at(START_MS);
    for (key, expect) in [("\"identity\"", true), ("[\"ip\",\"identity\"]", true), ("\"ip\"", false)] {
        let config: Config = serde_json::from_str(&format!(r#"{{"key":{key},"limits":["1/s"]}}"#)).unwrap();
        let mut compiler = Compiler::new(&*outside.environment, "a.b", "");
        RateLimit::compile(config, &mut compiler).unwrap();
        assert_eq!(compiler.needs.identity, expect, "{key}");
    }
}

#[test]
fn several_limits_of_one_request_are_told_together() {
    let scene = crate::memory::Scene::of("GET", "https://shop.example/a", &[]);
    let mut cx = scene.exchange();
    let compiled = |id: &str, limit: &str| compile(&format!(r#"{{"key":"ip","limits":["{limit}"]}}"#), id).unwrap();
    for policy in [compiled("shop.all", "9/s"), compiled("shop.few", "1/s")] {
        assert!(block_on(policy.on_request(&mut cx, &mut scene.request())).is_ok());
    }
    let mut response = Response::empty(StatusCode::OK);
    response.headers.insert("ratelimit", HeaderValue::from_static("\"origin\";r=1;t=1"));
    cx.sign(&mut response);
    let told: Vec<_> = response.headers.get_all("ratelimit").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(told, [r#""all";r=8;t=1"#, r#""few";r=0;t=1"#]);
}
