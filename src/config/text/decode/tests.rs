use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::config::text::document;
use crate::config::text::source::Source;
use crate::config::values::{ByteSize, Duration};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: String,
    #[serde(default)]
    count: u8,
    signed: Option<i32>,
    share: Option<f64>,
    #[serde(default)]
    sizes: Vec<ByteSize>,
    wait: Option<Duration>,
    kind: Option<Kind>,
    inner: Option<Box<Sample>>,
    #[serde(default)]
    words: BTreeMap<String, String>,
    either: Option<Either>,
    json: Option<serde_json::Value>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Plain,
    Sized(ByteSize),
    Shaped { edge: u8 },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Either {
    One(String),
    Several(Vec<String>),
}

/// Decodes a document and lists its errors as `word: message`.
fn errors(text: &str) -> Vec<String> {
    let source = Source::new("a.toml", text);
    let mut diagnostics = Diagnostics::default();
    let root = document::parse(0, &source, &mut diagnostics);
    let decoded: Option<Sample> = decode(0, &root, &mut Skipped::new(), &mut diagnostics);
    assert_eq!(decoded.is_none(), !diagnostics.is_empty(), "{text}");
    let shown = |diagnostic: crate::config::text::diagnostics::Diagnostic| {
        let place = diagnostic.place.unwrap();
        format!("{}: {}", source.slice(place.start, place.end), diagnostic.message)
    };
    diagnostics.into_sorted().into_iter().map(shown).collect()
}

#[test]
fn every_error_is_found_and_points_at_its_word() {
    for (text, expect) in [
        ("name = 'x'", &[] as &[&str]),
        ("name = 'x'\ncount = 300", &["300: expected a whole number from 0 to 255, found the number 300"]),
        ("name = 'x'\ncount = -1", &["-1: expected a whole number from 0 to 255, found the number -1"]),
        ("name = 'x'\nsigned = -1\nshare = 1", &[]),
        ("name = 5\ncuont = 1", &["5: expected text in quotes, found the number 5", "cuont: unknown key `cuont`"]),
        (
            "name = 'x'\nsizes = ['1B', '2', 3]",
            &[
                "'2': `2` is not a size; write a whole number with B, KB, MB, GB, KiB, MiB or GiB, such as \"64KB\"",
                "3: expected a size in quotes, such as \"64KB\", found the number 3",
            ],
        ),
        ("name = 'x'\nkind = 'plian'", &["'plian': `plian` is not one of the values allowed here"]),
        (
            "name = 'x'\nkind = { sized = 'x' }",
            &["'x': `x` is not a size; write a whole number with B, KB, MB, GB, KiB, MiB or GiB, such as \"64KB\""],
        ),
        ("name = 'x'\nkind = { shaped = { edge = 1, egde = 2 } }", &["egde: unknown key `egde`"]),
        (
            "name = 'x'\nkind = { plain = 1, sized = '1B' }",
            &["{ plain = 1, sized = '1B' }: this table must have exactly one key: `plain`, `sized` or `shaped`"],
        ),
        ("name = 'x'\nkind = { plain = 1 }", &["1: `plain` takes no value; write it as text in quotes"]),
        (
            "name = 'x'\n[inner]\nnmae = 'y'\ncount = true",
            &["nmae: unknown key `nmae`", "true: expected a whole number from 0 to 255, found `true`"],
        ),
        ("name = 'x'\ninner = { name = 'y', inner = { count = 1 } }", &["{ count = 1 }: the key `name` is missing"]),
        (
            "name = 'x'\nwords = { a = 'b', c = 1, d = [] }",
            &["1: expected text in quotes, found the number 1", "[]: expected text in quotes, found an array"],
        ),
        ("name = 'x'\neither = 5", &["5: this value has none of the forms that are allowed here"]),
        ("name = 'x'\neither = ['a', 'b']", &[]),
        ("name = 'x'\njson = { a = [1, 2.5, true, 'x'] }", &[]),
        (
            "name = 'x'\njson = [2026-01-01]",
            &["2026-01-01: expected any valid JSON value, found a date or time (write it as text in quotes)"],
        ),
    ] {
        assert_eq!(errors(text), expect, "{text}");
    }
}

#[test]
fn values_are_what_was_written() {
    let source =
        Source::new("a.toml", "name = 'x'\ncount = 0x10\nsigned = -5\nkind = { shaped = { edge = 2 } }\neither = ['a']\nshare = 1.5\n");
    let mut diagnostics = Diagnostics::default();
    let root = document::parse(0, &source, &mut diagnostics);
    let sample: Sample = decode(0, &root, &mut Skipped::new(), &mut diagnostics).unwrap();
    assert_eq!((sample.count, sample.signed, sample.share), (16, Some(-5), Some(1.5)));
    assert_eq!((sample.kind, sample.either), (Some(Kind::Shaped { edge: 2 }), Some(Either::Several(vec!["a".to_owned()]))));
}
