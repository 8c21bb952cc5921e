//! What the gateway leaves as it is, and what it takes away, seen from both ends.

use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::harness::{Ask, Reply, Seen, call, script, seen, serve};

const ROUTES: &str = r#"
[api]
name = "passage"
[origins.far]
targets = [{ url = "https://far.example" }]
[[routes]]
match = "/open/{*rest}"
public = true
origin = "far"
[[routes]]
match = "/capped/{*rest}"
public = true
origin = "far"
policies = [{ body_limit = "10B" }]
[[routes]]
match = "GET /gone"
public = true
redirect = { to = "https://new.example/gone", status = 308 }
"#;

const OPEN: &str = "https://api.example.com/open/a";

/// Serves the routes before an origin that always answers so.
async fn before(act: serde_json::Value) {
    serve(ROUTES).await;
    script(json!([{ "authority": "far.example", "acts": [act] }])).await;
}

async fn only_call() -> Seen {
    let mut calls = seen().await;
    assert_eq!(calls.len(), 1, "{calls:?}");
    calls.remove(0)
}

fn values<'a>(headers: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
}

#[wasm_bindgen_test]
async fn compressed_bodies_pass_unopened() {
    let text = "a text that compresses well ".repeat(200);
    for coding in ["gzip", "br"] {
        let body: String = call("compressed", &json!({ "coding": coding, "text": text })).await;
        before(
            json!({ "headers": [["content-encoding", coding], ["content-type", "text/plain"], ["vary", "accept-encoding"]], "body": body }),
        )
        .await;
        let reply = Ask::get(OPEN).header("accept-encoding", "gzip, br").send().await;
        assert_eq!((reply.status, reply.header("content-encoding")), (200, Some(coding)));
        assert!(reply.body == body, "{coding}: the bytes differ: {} came of {}", reply.body.len(), body.len());
        assert_eq!(only_call().await.header("accept-encoding"), Some("gzip, br"));
    }
}

#[wasm_bindgen_test]
async fn statuses_without_a_body_have_none() {
    for status in [204, 304] {
        before(json!({ "status": status, "headers": [["etag", "\"1\""]] })).await;
        let reply = Ask::get(OPEN).header("if-none-match", "\"1\"").send().await;
        assert_eq!((reply.status, reply.body.as_str(), reply.header("etag")), (status, "", Some("\"1\"")));
        assert_eq!(only_call().await.header("if-none-match"), Some("\"1\""));
    }
}

#[wasm_bindgen_test]
async fn head_tells_the_length_and_sends_no_body() {
    before(json!({ "headers": [["content-length", "1234"], ["content-type", "text/plain"]] })).await;
    let reply = Ask::new("HEAD", OPEN).send().await;
    assert_eq!((reply.status, reply.body.as_str(), reply.header("content-length")), (200, "", Some("1234")));
    assert_eq!(only_call().await.method, "HEAD");
}

#[wasm_bindgen_test]
async fn redirects_are_passed_on() {
    before(json!({ "status": 302, "headers": [["location", "https://far.example/elsewhere"]], "body": "moved" })).await;
    let reply = Ask::get(OPEN).send().await;
    assert_eq!((reply.status, reply.header("location")), (302, Some("https://far.example/elsewhere")));
    assert_eq!(only_call().await.url, "https://far.example/open/a");

    let reply = Ask::get("https://api.example.com/gone").send().await;
    assert_eq!((reply.status, reply.header("location")), (308, Some("https://new.example/gone")));
}

#[wasm_bindgen_test]
async fn every_method_and_query_passes() {
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        before(json!({ "body": "ok" })).await;
        let body = if method == "GET" || method == "OPTIONS" { "" } else { "a body: \u{e9}\u{ff}\u{0}" };
        let reply = Ask::new(method, "https://api.example.com/open/a%20b/%C3%A9?x=1&x=2&y=a%2Fb&empty").body(body).send().await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "ok"), "{method}");
        let call = only_call().await;
        assert_eq!(call.method, method);
        assert_eq!(call.url, "https://far.example/open/a%20b/%C3%A9?x=1&x=2&y=a%2Fb&empty");
        assert_eq!(call.body, body, "{method}");
    }
}

#[wasm_bindgen_test]
async fn a_delete_without_a_body_gets_none() {
    before(json!({ "body": "ok" })).await;
    let reply = Ask::new("DELETE", OPEN).send().await;
    let call = only_call().await;
    assert_eq!((reply.status, call.body.as_str(), call.header("transfer-encoding")), (200, "", None));
}

#[wasm_bindgen_test]
async fn fields_pass_byte_by_byte_and_repeat() {
    let (latin, utf8) = ("caf\u{e9}", "caf\u{c3}\u{a9}");
    let cookies = json!([
        ["set-cookie", "a=1; Path=/"],
        ["set-cookie", "b=2, c; HttpOnly"],
        ["x-latin", latin],
        ["x-utf8", utf8],
        ["x-two", "1"],
        ["x-two", "2"]
    ]);
    before(json!({ "headers": cookies, "body": "ok" })).await;
    let reply: Reply =
        Ask::get(OPEN).header("x-latin", latin).header("x-utf8", utf8).header("x-many", "1").header("x-many", "2").send().await;
    assert_eq!(values(&reply.headers, "set-cookie"), ["a=1; Path=/", "b=2, c; HttpOnly"]);
    assert_eq!(values(&reply.headers, "x-two").join(", "), "1, 2");
    assert_eq!((reply.header("x-latin"), reply.header("x-utf8")), (Some(latin), Some(utf8)));
    let call = only_call().await;
    assert_eq!((call.header("x-latin"), call.header("x-utf8")), (Some(latin), Some(utf8)));
    assert_eq!(values(&call.headers, "x-many").join(", "), "1, 2");
}

#[wasm_bindgen_test]
async fn a_client_says_nothing_of_itself() {
    before(json!({ "headers": [["connection", "x-private"], ["x-private", "1"], ["alt-svc", "h3=\":443\""]], "body": "ok" })).await;
    let reply = Ask::get(OPEN)
        .header("cf-connecting-ip", "192.0.2.7")
        .header("x-forwarded-for", "10.0.0.1")
        .header("x-forwarded-host", "evil.example")
        .header("x-real-ip", "10.0.0.1")
        .header("true-client-ip", "10.0.0.1")
        .header("forwarded", "for=10.0.0.1")
        .header("connection", "x-hop, close")
        .header("x-hop", "1")
        .header("proxy-authorization", "Basic eA==")
        .send()
        .await;
    assert_eq!(reply.status, 200);
    for name in ["x-private", "alt-svc"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
    let call = only_call().await;
    assert_eq!(call.header("x-forwarded-for"), Some("192.0.2.7"));
    assert_eq!((call.header("x-forwarded-host"), call.header("x-forwarded-proto")), (Some("api.example.com"), Some("https")));
    assert_eq!(call.header("forwarded"), Some("by=_archway;for=192.0.2.7;host=\"api.example.com\";proto=https"));
    assert_eq!(call.header("host"), None, "the host is the URL's");
    for name in ["x-real-ip", "true-client-ip", "x-hop", "proxy-authorization", "cf-connecting-ip"] {
        assert_eq!(call.header(name), None, "{name}");
    }
}

#[wasm_bindgen_test]
async fn a_body_that_is_too_long_is_refused_in_either_framing() {
    for (body, chunked, status) in
        [("0123456789", false, 200), ("0123456789", true, 200), ("0123456789+", false, 413), ("0123456789+", true, 413)]
    {
        before(json!({ "body": "ok" })).await;
        let mut ask = Ask::new("POST", "https://api.example.com/capped/a").body(body);
        ask.chunked = chunked;
        let reply = ask.send().await;
        assert_eq!(reply.status, status, "{} bytes, chunked: {chunked}: {}", body.len(), reply.body);
        let problem = reply.body.contains("\"code\":\"body-too-large\"");
        assert_eq!(problem, status == 413, "{}", reply.body);
    }
}

#[wasm_bindgen_test]
async fn an_origin_that_breaks_off_is_a_bad_gateway() {
    before(json!({ "refuse": "it is down" })).await;
    let reply = Ask::get(OPEN).send().await;
    assert_eq!(reply.status, 502);
    assert!(!reply.body.contains("connection"), "the platform's text is for the log: {}", reply.body);
}
