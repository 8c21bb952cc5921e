use super::*;
use crate::http::Body;
use crate::memory::{ChunkedBody, Scene};
use futures::executor::block_on;

/// What a client gets of a response: its body, or the refusal's code.
fn told(config: &str, fields: &[(&str, &str)], body: Body) -> (String, HeaderMap) {
    let scene = Scene::of("GET", "https://api.example/", &[]);
    let policy = scene.compile(config, Mask::compile).unwrap();
    let mut cx = scene.exchange();
    let headers = fields.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())).collect();
    let mut response = Response { status: StatusCode::OK, headers, body };
    let outcome = block_on(policy.on_response(&mut cx, &mut response));
    let text = match outcome {
        Err(error) => error.verdict().code.to_owned(),
        Ok(()) => block_on(response.body.read(1 << 24))
            .map_or_else(|error| format!("{error:?}"), |bytes| String::from_utf8(bytes.to_vec()).unwrap()),
    };
    (text, response.headers)
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

#[test]
fn finds_are_masked_redacted_or_refused() {
    let body = || Body::Full(r#"{"card":"4111 1111 1111 1111","n":4111111111111111,"key":"AKIAIOSFODNN7EXAMPLE"}"#.into());
    for (config, expect) in [
        ("", r#"{"card":"**** **** **** 1111","n":"************1111","key":"****"}"#),
        ("action = \"redact\"", r#"{"card":"[redacted]","n":"[redacted]","key":"[redacted]"}"#),
        ("find = [\"api_key\"]", r#"{"card":"4111 1111 1111 1111","n":4111111111111111,"key":"****"}"#),
        ("find = []\npaths = [\"$.n\", \"$..key\"]", r#"{"card":"4111 1111 1111 1111","n":"****","key":"****"}"#),
        (
            "find = []\npatterns = { a = \"[A-Z]{4}IOS[A-Z0-9]+\" }",
            r#"{"card":"4111 1111 1111 1111","n":4111111111111111,"key":"****************MPLE"}"#,
        ),
        ("action = \"refuse\"", "response-withheld"),
        ("action = \"refuse\"\nfind = [\"jwt\"]", r#"{"card":"4111 1111 1111 1111","n":4111111111111111,"key":"AKIAIOSFODNN7EXAMPLE"}"#),
    ] {
        assert_eq!(told(config, JSON, body()).0, expect, "{config}");
    }
    let streamed = ChunkedBody::body(&["{\"a\":\"41111", "11111111", "111\"}"]);
    assert_eq!(told("", JSON, streamed).0, "{\"a\":\"************1111\"}");
}

#[test]
fn what_cannot_be_looked_into_is_refused_and_what_is_no_text_passes() {
    let card = || Body::Full("4111111111111111".into());
    for (config, fields, expect) in [
        ("", &[("content-type", "text/plain")][..], "************1111"),
        ("", &[("content-type", "application/octet-stream")], "4111111111111111"),
        ("", &[], "4111111111111111"),
        ("", &[("content-type", "text/plain"), ("content-encoding", "gzip")], "response-withheld"),
        ("", &[("content-type", "text/plain; charset=UTF-16LE")], "response-withheld"),
        ("unreadable = \"pass\"", &[("content-type", "text/plain"), ("content-encoding", "br")], "4111111111111111"),
        ("", &[("content-type", "image/png"), ("content-encoding", "gzip")], "4111111111111111"),
    ] {
        assert_eq!(told(config, fields, card()).0, expect, "{config} {fields:?}");
    }
}

#[test]
fn the_head_no_longer_says_what_was_true_of_the_origins_body() {
    let fields = [("content-type", "text/plain"), ("content-length", "16"), ("etag", "\"a\""), ("content-digest", "x"), ("x-a", "1")];
    let headers = told("", &fields, Body::Full("4111111111111111".into())).1;
    assert!(["content-length", "content-digest"].iter().all(|name| !headers.contains_key(*name)), "{headers:?}");
    assert!(headers.get("etag").unwrap() == "W/\"a\"" && headers.get("x-a").unwrap() == "1");
}

#[test]
fn a_long_answer_breaks_off_where_something_is_found() {
    let long = "x".repeat(300 << 10);
    let body = ChunkedBody::body(&[&long, " 4111111111111111 ", "end"]);
    assert!(told("action = \"refuse\"", &[("content-type", "text/plain")], body).0.starts_with("Broken"));
    let events = ChunkedBody::body(&["data: 1\n\n", "data: 4111111111111111\n\n"]);
    assert!(told("action = \"refuse\"", &[("content-type", "text/event-stream")], events).0.starts_with("Broken"));
}

#[test]
fn what_cannot_work_is_refused() {
    let rows = [
        ("find = []", "nothing is looked for"),
        ("find = [\"cards\"]", "unknown variant"),
        ("patterns = { a = \"(\" }", "patterns.a: `(` is not a regular expression"),
        ("patterns = { a = \"x*\" }", "finds nothing at all"),
        ("paths = [\"user.ssn\"]", "paths.0: `user.ssn` is not a path"),
        ("window = \"1B\"", "between 16 B and 64 KiB"),
    ];
    Scene::refuses(&rows, Mask::compile);
}
