//! Limits under the runtime's own concurrency.

use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::harness::{Ask, advance, script, seen, serve};

const ROUTES: &str = r#"
[api]
name = "limits"
[origins.far]
targets = [{ url = "https://far.example" }]
[[routes]]
match = "GET /hundred"
public = true
origin = "far"
policies = [{ rate_limit = { key = { literal = "all" }, limits = ["100/h"] } }]
[[routes]]
match = "GET /by-address"
public = true
origin = "far"
policies = [{ rate_limit = { key = "ip", limits = ["1/min"] } }]
"#;

async fn begin() {
    serve(ROUTES).await;
    script(json!([{ "authority": "far.example", "acts": [{ "body": "ok" }] }])).await;
}

#[wasm_bindgen_test]
async fn of_a_thousand_at_once_exactly_the_limit_passes() {
    begin().await;
    let replies = Ask::get("https://api.example.com/hundred").send_many(1_000).await;
    let with = |status| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!((with(200), with(429)), (100, 900));
    assert_eq!(seen().await.len(), 100);
    for refused in replies.iter().filter(|reply| reply.status == 429) {
        assert!(refused.header("retry-after").is_some() && refused.header("ratelimit").is_some(), "{refused:?}");
    }
}

#[wasm_bindgen_test]
async fn time_gives_room_again() {
    begin().await;
    let ask = |address: &str| Ask::get("https://api.example.com/by-address").header("cf-connecting-ip", address);
    assert_eq!(ask("192.0.2.1").send().await.status, 200);
    assert_eq!(ask("192.0.2.1").send().await.status, 429);
    assert_eq!(ask("192.0.2.2").send().await.status, 200, "another address has its own room");
    advance(60_000).await;
    assert_eq!(ask("192.0.2.1").send().await.status, 200);
}
