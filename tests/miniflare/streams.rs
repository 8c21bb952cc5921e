//! What streams: bodies both ways, events, WebSockets. Each exchange ends only where bytes pass as they come.

use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::harness::{call, serve};

const ROUTES: &str = r#"
[api]
name = "streams"
[origins.far]
targets = [{ url = "https://far.example/base" }]
[[routes]]
match = "/open/{*rest}"
public = true
origin = "far"
[[routes]]
match = "/capped/{*rest}"
public = true
origin = "far"
policies = [{ body_limit = "1MiB" }]
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
    serve(ROUTES).await;
    let seen: Value = call("events", &json!({ "url": "https://api.example.com/open/events", "count": 3 })).await;
    assert_eq!(seen["steps"], json!(["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]), "{seen}");
    assert!(seen["headers"].as_array().unwrap().contains(&json!(["content-type", "text/event-stream"])), "{seen}");
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
    for length in [Some(100), None] {
        serve(ROUTES).await;
        let seen: Value = call("brokenOff", &json!({ "url": "https://api.example.com/open/broken", "length": length })).await;
        assert_eq!(seen, json!({ "complete": false }), "{length:?}");
    }
}

#[wasm_bindgen_test]
async fn a_client_that_leaves_has_not_sent_a_whole_body() {
    for path in ["open", "capped"] {
        serve(ROUTES).await;
        let seen: Value = call("leaving", &json!({ "url": format!("https://api.example.com/{path}/a") })).await;
        assert_eq!(seen, json!({ "taken_for_whole": false }), "{path}");
    }
}
