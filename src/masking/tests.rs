use bytes::Bytes;
use proptest::prelude::*;
use regex_lite::Regex;

use super::events::{Form, Stream};
use super::masker::Masker;
use super::paths::{Path, Paths};
use super::patterns::Patterns;
use super::recognise::Kind;
use super::*;
use crate::http::body::Transform;

fn stream(form: Form, lines: bool, action: Action, paths: &[&str], patterns: &[&str]) -> Stream {
    let json = form == Form::Json;
    let paths = paths.iter().map(|path| Path::parse(path).unwrap()).collect();
    let patterns = patterns.iter().map(|pattern| ((*pattern).to_owned(), Regex::new(pattern).unwrap())).collect();
    Stream::new(
        form,
        Paths::new(paths, action),
        Masker::new(Kind::ALL.to_vec(), action, json),
        Patterns::new(patterns, action, 64, lines, json),
    )
}

/// What passes of a text that comes in pieces of these lengths, over and over.
fn passed(mut stream: Stream, text: &str, lengths: &[usize]) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    for length in lengths.iter().copied().cycle() {
        let (piece, after) = rest.split_at(length.clamp(1, rest.len().max(1)).min(rest.len()));
        out.extend_from_slice(&stream.push(piece).unwrap());
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    out.extend_from_slice(&stream.end().unwrap());
    String::from_utf8_lossy(&out).into_owned()
}

fn check(form: Form, text: &str, expect: &str) {
    for lengths in [&[usize::MAX >> 1][..], &[1], &[2, 3], &[7, 1, 13]] {
        assert_eq!(passed(stream(form, false, Action::Mask, &[], &[]), text, lengths), expect, "{lengths:?}");
    }
}

#[test]
fn what_is_recognised_is_masked_wherever_pieces_end() {
    let github = format!("ghp_{}", "a1B2".repeat(9));
    let ours = "awk_live_4kqzv2m7c3ta_abcdefghijklmnopqrstuvwxyz234567abcdefg";
    for (text, expect) in [
        ("card 4111111111111111.", "card ************1111."),
        ("4111-1111-1111-1111", "****-****-****-1111"),
        ("378282246310005 and 5555 5555 5555 4444", "***********0005 and **** **** **** 4444"),
        ("4111 1111 1111 1111 12/30", "**** **** **** 1111 12/30"),
        ("iban GB82 WEST 1234 5698 7654 32, yes", "iban **** **** **** **** **54 32, yes"),
        ("DE89370400440532013000", "******************3000"),
        ("CH93 0076 2011 6238 5295 7", "**** **** **** **** *295 7"),
        ("write to ada.lovelace@mail.example.com.", "write to ***.********@****.******e.com."),
        ("<a@b.ch>", "<*@*.**>"),
        ("call +41 44 668 18 00 now", "call +** ** *** 18 00 now"),
        ("+1 (415) 555-2671", "+* (***) ***-2671"),
        ("ssn 123-45-6789", "ssn ***-**-6789"),
        ("key AKIAIOSFODNN7EXAMPLE,", "key ****,"),
        (&github, "****"),
        (ours, "****"),
        ("xoxb-123456789012-abcdefGHIJ end", "**** end"),
        ("sk_live_abcdefghijklmnop0123", "****"),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl-_x, next", "Bearer ****, next"),
        ("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nb", "a\n****\nb"),
    ] {
        check(Form::Text, text, expect);
    }
}

#[test]
fn what_only_looks_like_something_passes() {
    for text in [
        "4111111111111112",
        "order 1234567890123456 of 1732567890123",
        "x4111111111111111",
        "41111111111111111",
        "0.4111111111111111",
        "GB83 WEST 1234 5698 7654 32",
        "GB82WEST12345698765432X",
        "a@b",
        "@home user@localhost 5 @ 3.com",
        "+0123456789 and 1+1234567",
        "000-12-3456 666-12-3456 123-00-4567 123-45-0000 123-45-67890",
        "AKIAIOSFODNN7EXAMPL AKIAIOSFODNN7EXAMPLES",
        "eyJ.eyJ eyJhbGciOiJ9",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        "ghp_short sk_live_short",
        "Prose, of which there is much; version 1.2.3-4, 10.0.0.1, 2026-11-23T00:00:00Z.",
    ] {
        check(Form::Text, text, text);
    }
}

#[test]
fn json_stays_json() {
    for (text, expect) in [
        (r#"{"n":4111111111111111,"s":"4111111111111111"}"#, r#"{"n":"************1111","s":"************1111"}"#),
        (r#"{"s":"line\nAKIAIOSFODNN7EXAMPLE\""}"#, r#"{"s":"line\n****\""}"#),
        (r#"["-----BEGIN PRIVATE KEY-----\nMIIE","next"]"#, r#"["****","next"]"#),
        (r#"[4111111111111111,5555555555554444]"#, r#"["************1111","************4444"]"#),
    ] {
        check(Form::Json, text, expect);
        serde_json::from_str::<serde_json::Value>(expect).unwrap();
    }
}

#[test]
fn members_are_left_out_by_path() {
    for (path, text, expect) in [
        ("$.a", r#"{"a":"x","b":{"a":1}}"#, r#"{"a":"****","b":{"a":1}}"#),
        ("$..a", r#"{"a":"x\"","b":[{"a":{"c":[1,2]}},{"a":null}]}"#, r#"{"a":"****","b":[{"a":"****"},{"a":"****"}]}"#),
        ("$.b[*].c", r#"{"b":[{"c":1,"d":2},{"c":[]}]}"#, r#"{"b":[{"c":"****","d":2},{"c":"****"}]}"#),
        ("$.b[1]", r#"{"b":[1, 2 ,3]}"#, r#"{"b":[1, "****" ,3]}"#),
        ("$['a b'].c", r#"{"a b":{"c":true}}"#, r#"{"a b":{"c":"****"}}"#),
        ("$.*.c", r#"{"x":{"c":1},"c":2}"#, r#"{"x":{"c":"****"},"c":2}"#),
        ("$..a", r#"{"\u0061":1}"#, r#"{"\u0061":"****"}"#),
        ("$.x..y", r#"{"y":1,"x":{"y":2,"z":[{"y":3}]}}"#, r#"{"y":1,"x":{"y":"****","z":[{"y":"****"}]}}"#),
        ("$.a", "{\"a\":1}\n{\"a\":2}\n", "{\"a\":\"****\"}\n{\"a\":\"****\"}\n"),
        ("$[0]", "[5]", "[\"****\"]"),
    ] {
        for lengths in [&[usize::MAX >> 1][..], &[1], &[3, 2]] {
            assert_eq!(passed(stream(Form::Json, false, Action::Mask, &[path], &[]), text, lengths), expect, "{path}");
        }
    }
    for wrong in ["", "a", "$", "$.", "$..", "$.a[", "$.a[x]", "$a", "$.a..", "$.a..[*"] {
        assert!(Path::parse(wrong).is_err(), "{wrong}");
    }
    let deep = format!("{}{}", "[".repeat(600), "]".repeat(600));
    assert!(stream(Form::Json, false, Action::Mask, &["$.a"], &[]).push(deep.as_bytes()).is_err());
}

#[test]
fn events_are_texts_of_their_own_and_flow() {
    let mut events = stream(Form::Events, true, Action::Mask, &["$..token"], &["secret-[0-9]+"]);
    for (piece, expect) in [
        ("data: {\"token\":\"x\",\"n\":1}\n\n", "data: {\"token\":\"****\",\"n\":1}\n\n"),
        ("event: a\ndata: hello\n\n", "event: a\ndata: hello\n\n"),
        ("data: secret-12", ""),
        ("3\n\n", "data: *****t-123\n\n"),
        ("data: 4111111111111111\n\n", "data: ************1111\n\n"),
        ("data: [{\"token\"", ""),
        (":[1]}]\n", "data: [{\"token\":\"****\"}]\n"),
    ] {
        let got = events.push(piece.as_bytes()).unwrap();
        assert_eq!(String::from_utf8_lossy(&got), expect, "{piece:?}: nothing is held behind the end of a line");
    }
    assert_eq!(events.end().unwrap(), Bytes::new());
}

proptest! {
    /// Where pieces end makes no difference.
    #[test]
    fn pieces_make_no_difference(
        words in prop::collection::vec(prop_oneof![
            Just("4111111111111111"), Just("ada@example.com"), Just("GB82 WEST 1234 5698 7654 32"), Just("secret-123"), Just("{\"a\":\"x\"}"), Just("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln"), Just("\u{e9}\u{4e2d}"), Just("123-45-6789"), Just("plain"), Just("\n"), Just("\"")
        ], 0..12),
        between in prop_oneof![Just(" "), Just(","), Just("")],
        lengths in prop::collection::vec(1usize..9, 1..5),
    ) {
        let text = words.join(between);
        for form in [Form::Text, Form::Json] {
            let whole = passed(stream(form, false, Action::Mask, &["$..a"], &["secret-[0-9]{3}"]), &text, &[usize::MAX >> 1]);
            let pieces = passed(stream(form, false, Action::Mask, &["$..a"], &["secret-[0-9]{3}"]), &text, &lengths);
            prop_assert_eq!(whole, pieces, "{:?}", text);
        }
    }

    /// Bytes that are no text and no find pass as they are.
    #[test]
    fn what_is_no_find_passes_as_it_is(bytes in prop::collection::vec(any::<u8>(), 0..200), length in 1usize..9) {
        let mut stream = Stream::new(Form::Text, Paths::new(Vec::new(), Action::Mask), Masker::new(vec![Kind::PrivateKey], Action::Mask, false), Patterns::new(vec![("x".to_owned(), Regex::new("never-there").unwrap())], Action::Mask, 16, false, false));
        let mut out = Vec::new();
        for piece in bytes.chunks(length) {
            out.extend_from_slice(&stream.push(piece).unwrap());
        }
        out.extend_from_slice(&stream.end().unwrap());
        prop_assert_eq!(out, bytes);
    }
}
