use super::*;
use crate::http::Body;
use crate::memory::{ChunkedBody, Scene};
use futures::executor::block_on;
use std::io::Write;

const ATTACK: &str = "https://api.example/a?id=1'%20union%20select%20pin%20from%20cards--";

struct Row<'a> {
    toml: &'a str,
    url: &'a str,
    body: Body,
}

/// What becomes of a request, and what the record says.
fn run(row: Row<'_>) -> (Option<&'static str>, Vec<String>, String) {
    let scene = Scene::of("POST", row.url, &[("content-type", "application/json")]);
    let policy = scene.compile(row.toml, Waf::compile).unwrap();
    let (mut cx, mut request) = (scene.exchange(), Request { body: row.body, ..scene.request() });
    let flow = block_on(policy.on_request(&mut cx, &mut request));
    let left = block_on(request.body.read(10_000)).unwrap();
    (flow.err().map(|error| error.verdict().code), cx.record.threats, String::from_utf8(left.to_vec()).unwrap())
}

fn check(toml: &str, url: &str, body: Body, expect: Option<&str>) {
    let (code, threats, _) = run(Row { toml, url, body });
    assert_eq!(code, expect, "{toml} {url} {threats:?}");
}

#[test]
fn attacks_are_refused_and_honest_requests_are_not() {
    check("", ATTACK, Body::Empty, Some("request-blocked"));
    check("", "https://api.example/a?q=select%20a%20plan%20from%20the%20union", Body::Empty, None);
    let json = |text: &'static str| Body::Full(text.as_bytes().into());
    check("", "https://api.example/a", json(r#"{"note":"<script>alert(1)</script>"}"#), Some("request-blocked"));
    check("", "https://api.example/a", json(r#"{"note":"\u003cscript\u003ealert(1)\u003c/script\u003e"}"#), Some("request-blocked"));
    check("", "https://api.example/a", json(r#"{"note":"I can't; it's O'Brien's <b>turn</b>"}"#), None);
}

#[test]
fn what_is_looked_for_is_a_choice() {
    check("block = ['xss']", ATTACK, Body::Empty, None);
    check("block = ['xss', 'sqli']", ATTACK, Body::Empty, Some("request-blocked"));
    check("threshold = 99", ATTACK, Body::Empty, None);
    check("level = 2", "https://api.example/?to=https://elsewhere.example/", Body::Empty, None);
    check("level = 3", "https://api.example/?to=https://elsewhere.example/", Body::Empty, Some("request-blocked"));
    check("level = 3", "https://api.example/?to=https://api.example/b", Body::Empty, None);
    for (except, expect) in [
        ("{ rule = 'sqli' }", None),
        ("{ rule = 'sqli-*', field = 'query:id' }", None),
        ("{ field = 'query:*' }", None),
        ("{ rule = 'sqli', field = 'query:name' }", Some("request-blocked")),
        ("{ rule = 'xss' }", Some("request-blocked")),
        ("{ rule = 'sqli', route = 'shop: *' }", Some("request-blocked")),
    ] {
        check(&format!("except = [{except}]"), ATTACK, Body::Empty, expect);
    }
}

#[test]
fn a_long_body_is_refused_or_passes_by_choice_and_stays_whole() {
    let attack = r#"{"a":"<script>alert(1)</script>"}"#;
    let rows = [
        ("", "", None),
        ("max_body = '64B'", "", None),
        ("max_body = '64B'\nover = 'inspect_beginning'", "", None),
        ("max_body = '8B'", "", Some("body-too-large")),
        ("max_body = '8B'\nover = 'pass'", "", None),
        ("max_body = '64B'", "!", Some("body-too-large")),
        ("max_body = '64B'\nover = 'pass'", "!", None),
        ("max_body = '64B'\nover = 'inspect_beginning'", "!", Some("request-blocked")),
    ];
    for (toml, kind, expect) in rows {
        let text = if kind.is_empty() { r#"{"a":"some words"}"#.to_owned() } else { format!("{attack}{}", " ".repeat(60)) };
        let (first, second) = text.split_at(10);
        for body in [Body::Full(text.clone().into()), ChunkedBody::body(&[first, second])] {
            let (code, _, left) = run(Row { toml, url: "https://api.example/a", body });
            assert_eq!(code, expect, "{toml}");
            assert_eq!(left, text, "whoever comes next sees the whole body");
        }
    }
}

#[test]
fn what_a_coding_hides_is_looked_at() {
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        bytes::Bytes::from(encoder.finish().unwrap())
    };
    let (attack, honest) = (gzip(r#"{"a":"<script>alert(1)</script>"}"#), gzip(r#"{"a":"some words"}"#));
    let long = gzip(&format!(r#"{{"a":"{}"}}"#, "words ".repeat(100)));
    for (toml, coding, body, expect) in [
        ("", "gzip", &attack, Some("request-blocked")),
        ("", "gzip", &honest, None),
        ("", "br", &honest, Some("unsupported-content-encoding")),
        ("encoded = 'pass'", "br", &honest, None),
        ("encoded = 'pass'", "gzip", &attack, Some("request-blocked")),
        ("", "deflate", &attack, Some("bad-request")),
        ("max_body = '200B'", "gzip", &long, Some("body-too-large")),
        ("max_body = '200B'\nover = 'pass'", "gzip", &long, None),
        ("max_body = '200B'\nover = 'inspect_beginning'", "gzip", &long, None),
    ] {
        let scene = Scene::of("POST", "https://api.example/a", &[("content-type", "application/json"), ("content-encoding", coding)]);
        let policy = scene.compile(toml, Waf::compile).unwrap();
        let (mut cx, mut request) = (scene.exchange(), Request { body: Body::Full(body.clone()), ..scene.request() });
        let code = block_on(policy.on_request(&mut cx, &mut request)).err().map(|error| error.verdict().code);
        assert_eq!(code, expect, "{toml} {coding}");
        assert_eq!(block_on(request.body.read(10_000)).unwrap(), body, "whoever comes next sees it as it came");
    }
}

#[test]
fn a_charset_that_hides_what_is_said_is_refused() {
    for (toml, media, expect) in [
        ("", "application/x-www-form-urlencoded; charset=ibm037", Some("unsupported-media-type")),
        ("", "text/plain; charset=utf-8; charset=UTF-7", Some("unsupported-media-type")),
        ("encoded = 'pass'", "application/x-www-form-urlencoded; charset=ibm037", None),
        ("", "application/x-www-form-urlencoded; charset=windows-1252", None),
    ] {
        let scene = Scene::of("POST", "https://api.example/a", &[("content-type", media)]);
        let policy = scene.compile(toml, Waf::compile).unwrap();
        for (body, expect) in [("\u{98}~", expect), ("", None)] {
            let (mut cx, mut request) = (scene.exchange(), Request { body: Body::Full(body.into()), ..scene.request() });
            let code = block_on(policy.on_request(&mut cx, &mut request)).err().map(|error| error.verdict().code);
            assert_eq!(code, expect, "{toml} {media} {body}");
        }
    }
}

#[test]
fn the_record_says_which_rule_saw_what_where_and_not_the_text() {
    let (_, threats, _) = run(Row { toml: "", url: ATTACK, body: Body::Empty });
    assert!(threats.contains(&"sqli-union query:id 5".to_owned()), "{threats:?}");
    assert!(!threats.iter().any(|threat| threat.contains("cards")), "{threats:?}");
    let (_, threats, _) = run(Row { toml: "", url: "https://api.example/?q=PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg", body: Body::Empty });
    assert!(threats.contains(&"xss-script query:q 5 through base64".to_owned()), "{threats:?}");
}

#[test]
fn what_cannot_work_is_refused() {
    let rows = [
        ("block = []", "no class"),
        ("block = ['spam']", "unknown variant"),
        ("level = 0", "no level"),
        ("threshold = 0", "every request"),
        ("max_body = '0B'", "nothing of a body"),
        ("over = 'cut'", "unknown variant"),
        ("except = [{ rule = 'sqli-unions' }]", "no rule and no class"),
        ("except = [{ field = 'q' }]", "is no place"),
        ("except = [{ route = 'a: *' }]", "needs a `rule` or a `field`"),
        ("blocks = []", "unknown field"),
    ];
    Scene::refuses(&rows, Waf::compile);
}
