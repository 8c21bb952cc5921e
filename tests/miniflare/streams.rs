//! What streams: bodies both ways, events, WebSockets. Each exchange ends only where bytes pass as they come.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::harness::{Ask, call, compile, script, serve, start};

const ROUTES: &str = r#"
[api]
name = "streams"
[origins.far]
targets = [{ url = "https://far.example/base" }]
[[routes]]
match = "/open/{*rest}"
public = true
origin = "far"
policies = [{ body_limit = "32MiB" }]
[[routes]]
match = "/read/{*rest}"
public = true
origin = "far"
policies = [{ json_limits = {} }]
[origins.hurried]
targets = [{ url = "https://far.example" }]
timeout = "100ms"
[origins.limited]
targets = [{ url = "https://far.example" }]
total_timeout = "300ms"
[[routes]]
match = "/hurried"
public = true
origin = "hurried"
[[routes]]
match = "/limited"
public = true
origin = "limited"
[[routes]]
match = "/capped/{*rest}"
public = true
origin = "far"
policies = [{ body_limit = "1MiB" }]
[[routes]]
match = "/masked/{*rest}"
public = true
origin = "far"
policies = [{ mask = { patterns = { badge = "BADGE-[0-9]+" } } }]
"#;

async fn echo(url: &str, size: u64) -> Value {
    call("echo", &json!({ "url": url, "size": size, "headers": [] })).await
}

#[wasm_bindgen_test]
async fn twenty_megabytes_pass_both_ways_as_they_come() {
    serve(ROUTES).await;
    let size = 20 * 1024 * 1024;
    assert_eq!(echo("https://api.example.com/open/a", size).await, json!({ "status": 200, "length": size, "same": true }));
}

#[wasm_bindgen_test]
async fn a_counted_body_still_streams() {
    serve(ROUTES).await;
    let size = 1024 * 1024;
    assert_eq!(echo("https://api.example.com/capped/a", size).await, json!({ "status": 200, "length": size, "same": true }));
}

#[wasm_bindgen_test]
async fn events_pass_one_by_one() {
    for path in ["open", "masked"] {
        serve(ROUTES).await;
        let seen: Value = call("events", &json!({ "url": format!("https://api.example.com/{path}/events"), "count": 3 })).await;
        assert_eq!(seen["steps"], json!(["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]), "{path}: {seen}");
        assert!(seen["headers"].as_array().unwrap().contains(&json!(["content-type", "text/event-stream"])), "{path}: {seen}");
    }
}

#[wasm_bindgen_test]
async fn a_web_socket_passes() {
    serve(ROUTES).await;
    let wanted = json!({ "url": "https://api.example.com/open/socket", "headers": [["x-one", "1"]], "say": ["hello", "again"] });
    let seen: Value = call("webSocket", &wanted).await;
    assert_eq!((&seen["status"], &seen["accepted"], &seen["heard"]), (&json!(101), &json!(true), &json!(["HELLO", "AGAIN"])), "{seen}");
    assert!(seen["seen"].as_array().unwrap().contains(&json!(["x-one", "1"])), "{seen}");
}

#[wasm_bindgen_test]
async fn a_body_that_breaks_off_is_not_passed_for_a_whole_one() {
    for (path, length) in [("open", Some(100)), ("open", None), ("masked", Some(100)), ("masked", None)] {
        serve(ROUTES).await;
        let seen: Value = call("brokenOff", &json!({ "url": format!("https://api.example.com/{path}/broken"), "length": length })).await;
        assert_eq!(seen, json!({ "complete": false }), "{path} {length:?}");
    }
}

#[wasm_bindgen_test]
async fn a_client_that_leaves_has_not_sent_a_whole_body() {
    for (path, length) in
        [("open", ["transfer-encoding", "chunked"]), ("open", ["content-length", "100000"]), ("capped", ["transfer-encoding", "chunked"])]
    {
        serve(ROUTES).await;
        let wanted = json!({ "url": format!("https://api.example.com/{path}/a"), "headers": [length] });
        assert_eq!(call::<Value>("leaving", &wanted).await, json!({ "taken_for_whole": false }), "{path} {length:?}");
    }
}

#[wasm_bindgen_test]
async fn a_body_that_comes_too_slowly_is_broken_off() {
    let gateway = "[gateway.limits]\nbody_time = '300ms'\nbody_rate = '0B'".to_owned();
    let files = BTreeMap::from([("gateway.toml".to_owned(), gateway), ("api.toml".to_owned(), ROUTES.to_owned())]);
    start(&compile(&files).await.unwrap(), &BTreeMap::new()).await;
    for (path, headers) in [
        ("open", json!([["content-length", "10"]])),
        ("open", json!([["content-length", "100000"]])),
        ("open", json!([["transfer-encoding", "chunked"]])),
        ("capped", json!([["transfer-encoding", "chunked"]])),
        ("read", json!([["content-length", "10"], ["content-type", "application/json"]])),
    ] {
        let url = format!("https://api.example.com/{path}/a");
        let seen: Value = call("stalling", &json!({ "url": url, "headers": headers })).await;
        assert_eq!(seen, json!({ "status": 408, "code": "body-too-slow" }), "{path} {headers}");
    }
}

#[wasm_bindgen_test]
async fn an_origin_that_never_answers_is_given_up() {
    serve(ROUTES).await;
    for path in ["hurried", "limited"] {
        let seen: Value = call("hanging", &json!({ "url": format!("https://api.example.com/{path}"), "head": false })).await;
        assert_eq!(seen, json!({ "status": 504, "complete": true }), "{path}");
    }
}

#[wasm_bindgen_test]
async fn a_watched_body_passes_like_any_other() {
    serve(ROUTES).await;
    let text = "a text that compresses well ".repeat(200);
    for coding in ["identity", "gzip", "br"] {
        let body: String = call("compressed", &json!({ "coding": coding, "text": text })).await;
        let act = json!({ "headers": [["content-encoding", coding]], "body": body });
        script(json!([{ "authority": "far.example", "acts": [act] }])).await;
        let reply = Ask::get("https://api.example.com/limited").header("accept-encoding", coding).send().await;
        assert_eq!((reply.status, reply.header("content-encoding")), (200, Some(coding)));
        let open: String = call("decompressed", &json!({ "coding": coding, "body": reply.body })).await;
        assert!(open == text, "{coding}");
    }
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        script(json!([{ "authority": "far.example", "acts": [{ "status": status }] }])).await;
        let reply = Ask::new(method, "https://api.example.com/limited").send().await;
        assert_eq!((reply.status, reply.body.as_str()), (status, ""));
    }
}

#[wasm_bindgen_test]
async fn a_body_that_never_ends_is_broken_off() {
    serve(ROUTES).await;
    let seen: Value = call("hanging", &json!({ "url": "https://api.example.com/limited", "head": true })).await;
    assert_eq!(seen, json!({ "status": 200, "complete": false }));
}
