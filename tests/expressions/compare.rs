//! The comparison.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::generate::expression;
use super::world::{ours, theirs};

/// Where the crate (0.15) departs from the specification or from cel-go, and the gateway does not: the expression, what the gateway
/// says, what the crate says (`Err` has a part of its error), and why.
const DEVIATIONS: &[(&str, &str, Result<&str, &str>, &str)] = &[
    (
        "dyn(0.0 / 0.0) < 1.0",
        "false",
        Err("no matching overload for '_<_'"),
        "NaN has no order, so every comparison with it is false (IEEE 754)",
    ),
    (
        "dyn(0.0 / 0.0) >= 1",
        "false",
        Err("no matching overload for '_>=_'"),
        "NaN has no order, so every comparison with it is false (IEEE 754)",
    ),
    ("string(1.0 / 0.0)", "\"+Inf\"", Ok("\"inf\""), "cel-go writes Go's spelling"),
    ("string(-1.0 / 0.0)", "\"-Inf\"", Ok("\"-inf\""), "cel-go writes Go's spelling"),
    ("dyn([1]) in {}", "false", Err("no matching overload for '@in'"), "what cannot be a key is not there; cel-go says false"),
    ("dyn(null) in {'a': 1}", "false", Err("no matching overload for '@in'"), "what cannot be a key is not there; cel-go says false"),
    ("timestamp('2024-02-29T12:00:00+01:30').getMinutes()", "int 30", Ok("int 0"), "without a time zone the parts are those of UTC"),
    ("duration('123.321s').getMilliseconds()", "int 321", Ok("int 123321"), "the specification's tests have the part of the second"),
];

/// The same, where the gateway has no value.
const REFUSED: &[(&str, &str, &str, &str)] = &[
    ("dyn([1]) + dyn({'a': 1})", "no meaning", "[int 1, \"a\"]", "`+` joins two lists, and a map is none"),
    (
        "timestamp(dyn('2026-12-31T23:59:60Z'))",
        "is no timestamp",
        "timestamp 2026-12-31T23:59:60Z",
        "a timestamp of protobuf has no leap seconds",
    ),
];

/// Whether the crate's outcome comes from one of the deviations that generated expressions meet.
fn is_known(ours: &Result<String, String>, theirs: &Result<String, String>) -> bool {
    let order = ["'_<_'", "'_<=_'", "'_>_'", "'_>=_'"];
    match (ours, theirs) {
        (_, Err(error)) if order.iter().any(|sign| error.contains(sign)) => error.contains("double"),
        (_, Err(error)) => error.contains("'@in' applied to") && error.contains(", map)"),
        (Err(error), _) => error.contains("`+` has no meaning for list, map") || error.contains("`+` has no meaning for map, list"),
        _ => false,
    }
}

#[test]
fn the_two_differ_where_it_is_known_and_nowhere_else_in_these() {
    for (text, gateway, interpreter, reason) in DEVIATIONS {
        assert_eq!(ours(text), Some(Ok((*gateway).to_owned())), "{text}: {reason}");
        match (theirs(text), interpreter) {
            (Ok(value), Ok(expect)) => assert_eq!(value, *expect, "{text}: {reason}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }
    for (text, gateway, interpreter, reason) in REFUSED {
        assert!(ours(text).is_some_and(|got| got.is_err_and(|error| error.contains(gateway))), "{text}: {reason}");
        assert_eq!(theirs(text), Ok((*interpreter).to_owned()), "{text}: {reason}");
    }
}

/// `PROPTEST_CASES` makes it as many; the same number gives the same expressions.
#[test]
fn generated_expressions_give_what_the_crate_gives() {
    let counts: [Cell<u32>; 4] = Default::default();
    let count = |index: usize| counts[index].set(counts[index].get() + 1);
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    let config = Config { cases, max_shrink_iters: 20_000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&proptest::collection::vec(any::<u8>(), 1..80), |bytes| {
        let text = expression(&bytes);
        let Some(ours) = ours(&text) else {
            count(3);
            return Ok(());
        };
        let theirs = theirs(&text);
        if ours.as_ref().ok() != theirs.as_ref().ok() && is_known(&ours, &theirs) {
            count(2);
            return Ok(());
        }
        count(if ours.is_ok() { 0 } else { 1 });
        prop_assert_eq!(ours.as_ref().ok(), theirs.as_ref().ok(), "{}\nours {:?}\ntheirs {:?}", text, ours, theirs);
        Ok(())
    });
    let [values, errors, known, refused] = counts.map(Cell::into_inner);
    println!("{values} same values, {errors} without a value in both, {known} known deviations, {refused} refused before they ran");
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(values > refused && errors > cases / 20 && known < cases / 50, "{values}, {errors}, {known}, {refused} are worth little");
}
