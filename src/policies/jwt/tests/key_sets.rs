use super::*;
use crate::memory::Reply;

const JWKS: &str = "https://issuer.example/jwks.json";

fn with_jwks(more: Value) -> Value {
    written(json!({ "issuer": "https://issuer.example/", "audience": "api", "jwks": JWKS, "leeway": "0s" }), more)
}

fn publish(outside: &Outside, status: u16, body: &str) {
    outside.fetch.origins.borrow_mut().clear();
    outside.fetch.answer("issuer.example", Reply { status, body: body.to_owned(), ..Reply::default() });
}

/// A call that must be answered so after so many further fetches.
fn check(outside: &Outside, policy: &Jwt, token: &str, expect: &str, fetches: usize) {
    let seen = bearer(outside, policy, token);
    block_on(outside.background.run());
    let got = outside.fetch.take_calls().len();
    assert!(seen.verdict().contains(expect), "{} instead of {expect}", seen.verdict());
    assert_eq!(got, fetches, "fetches, {expect}");
}

fn renewing() -> (Outside, Jwt) {
    let outside = outside();
    let (policy, _) = compiled(&outside, &with_jwks(json!({ "refresh": "10m", "cooldown": "30s" }))).unwrap();
    (outside, policy)
}

#[test]
fn a_rotated_key_is_fetched_for_once_in_a_cooldown() {
    let (outside, policy) = renewing();
    publish(&outside, 200, &key_set(&[("a", P256_PUBLIC)]));
    check(&outside, &policy, &by_key(P256, "a"), "ok", 1);
    check(&outside, &policy, &by_key(P256, "a"), "ok", 0);
    publish(&outside, 200, &key_set(&[("a", P256_PUBLIC), ("b", P256_OTHER_PUBLIC)]));
    check(&outside, &policy, &by_key(P256, "b"), "bad-signature", 1);
    check(&outside, &policy, &by_key(P256_OTHER, "b"), "ok", 0);
    check(&outside, &policy, &by_key(P256, "c"), "unknown-key", 0);
    outside.clock.advance(30_000);
    check(&outside, &policy, &by_key(P256, "c"), "unknown-key", 1);
    check(&outside, &policy, &by_key(P256, "d"), "unknown-key", 0);
    check(&outside, &policy, &by_key(P256_OTHER, "a"), "bad-signature", 0);
}

#[test]
fn a_first_fetch_is_not_made_twice_for_one_request() {
    let (outside, policy) = renewing();
    publish(&outside, 200, &key_set(&[("a", P256_PUBLIC)]));
    check(&outside, &policy, &by_key(P256, "other"), "unknown-key", 1);
}

#[test]
fn a_key_that_is_gone_verifies_no_remembered_token() {
    let (outside, policy) = renewing();
    publish(&outside, 200, &key_set(&[("a", P256_PUBLIC)]));
    check(&outside, &policy, &by_key(P256, "a"), "ok", 1);
    publish(&outside, 200, &key_set(&[("b", P256_OTHER_PUBLIC)]));
    outside.clock.advance(600_000);
    check(&outside, &policy, &by_key(P256, "a"), "ok", 1);
    check(&outside, &policy, &by_key(P256, "a"), "unknown-key", 1);
}

#[test]
fn the_last_good_keys_serve_while_the_issuer_is_down() {
    let (outside, policy) = renewing();
    publish(&outside, 200, &key_set(&[("a", P256_PUBLIC)]));
    check(&outside, &policy, &by_key(P256, "a"), "ok", 1);
    publish(&outside, 500, "down");
    outside.clock.advance(600_000);
    check(&outside, &policy, &by_key(P256, "a"), "ok", 1);
    let seen = bearer(&outside, &policy, &by_key(P256, "a"));
    assert_eq!(seen.verdict(), "ok");
    assert!(seen.notes[0].contains("the last good ones are used: https://issuer.example/jwks.json answered with status 500"));
    assert_eq!(outside.fetch.take_calls().len(), 0);
}

#[test]
fn without_any_keys_the_policy_is_unavailable() {
    let two_megabytes = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(2_000_000));
    for (status, body, expect) in [
        (500, "", "answered with status 500"),
        (302, "", "answered with status 302"),
        (200, "<html>", "the key set is not JSON"),
        (200, r#"{"keys":[]}"#, "no key that can be used"),
        (200, two_megabytes.as_str(), "cannot be read"),
    ] {
        let (outside, policy) = renewing();
        publish(&outside, status, body);
        check(&outside, &policy, &by_key(P256, "a"), expect, 1);
        check(&outside, &policy, &by_key(P256, "a"), "503", 0);
        check(&outside, &policy, "not-a-token", "401", 0);
        outside.clock.advance(5_000);
        publish(&outside, 200, &key_set(&[("a", P256_PUBLIC)]));
        check(&outside, &policy, &by_key(P256, "a"), "ok", 1);
    }
    let (outside, policy) = renewing();
    check(&outside, &policy, &by_key(P256, "a"), "503 shop.signed_in: https://issuer.example/jwks.json is not reachable", 1);
    let (outside, policy) = renewing();
    outside.fetch.answer("issuer.example", Reply { after_ms: 6_000, ..Reply::default() });
    check(&outside, &policy, &by_key(P256, "a"), "did not answer in 5000 ms", 1);
}

#[test]
fn other_isolates_take_the_keys_from_the_data_centre() {
    let (outside, first) = renewing();
    let second = compiled(&outside, &with_jwks(json!({}))).unwrap().0;
    let third = compiled(&outside, &with_jwks(json!({}))).unwrap().0;
    publish(&outside, 200, &key_set(&[("a", P256_PUBLIC)]));
    check(&outside, &first, &by_key(P256, "a"), "ok", 1);
    check(&outside, &second, &by_key(P256, "a"), "ok", 0);
    publish(&outside, 200, &key_set(&[("b", P256_OTHER_PUBLIC)]));
    outside.clock.advance(1_000);
    check(&outside, &first, &by_key(P256_OTHER, "b"), "ok", 1);
    outside.clock.advance(1_000);
    check(&outside, &second, &by_key(P256_OTHER, "b"), "ok", 0);
    outside.clock.advance(700_000);
    check(&outside, &third, &by_key(P256_OTHER, "b"), "ok", 1);
}

#[test]
fn keys_are_narrowed_to_the_algorithms_of_the_policy() {
    let outside = outside();
    publish(&outside, 200, &key_set(&[("a", P256_PUBLIC)]));
    let policy = compiled(&outside, &with_jwks(json!({ "algorithms": ["RS256"] }))).unwrap().0;
    check(&outside, &policy, &by_key(P256, "a"), "no key for the algorithms", 1);
}
