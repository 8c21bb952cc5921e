//! The cache over the runtime's own Cache API.

use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::harness::{Ask, Reply, advance, call, script, seen, serve, settled};

const ROUTES: &str = r#"
[api]
name = "cached"
[origins.far]
targets = [{ url = "https://far.example" }]
[[routes]]
match = "/{*rest}"
public = true
origin = "far"
policies = [{ cache = { ttl = "60s" } }]
"#;

const URL: &str = "https://api.example.com/products";

async fn begin(acts: Value) {
    serve(ROUTES).await;
    script(json!([{ "authority": "far.example", "acts": acts }])).await;
}

/// Sends a request and waits until its answer is stored.
async fn ask(request: Ask) -> Reply {
    let reply = request.send().await;
    settled().await;
    reply
}

/// Whether an answer came out of the cache, and what it is.
fn told(reply: &Reply) -> (bool, &str) {
    let status = reply.header("cache-status").unwrap_or_default();
    (status.contains("hit"), &reply.body)
}

#[wasm_bindgen_test]
async fn what_was_fetched_is_kept_for_its_time() {
    begin(json!([{ "headers": [["x-a", "1"]], "body": "first" }, { "body": "second" }])).await;
    assert_eq!(told(&ask(Ask::get(URL)).await), (false, "first"));
    let hit = ask(Ask::get(URL)).await;
    assert_eq!((told(&hit), hit.header("x-a"), hit.header("age").is_some()), ((true, "first"), Some("1"), true));
    let head = ask(Ask::new("HEAD", URL)).await;
    assert_eq!(told(&head), (true, ""));
    assert_eq!(seen().await.len(), 1);
    advance(61_000).await;
    assert_eq!(told(&ask(Ask::get(URL)).await), (false, "second"));
}

#[wasm_bindgen_test]
async fn variants_are_told_apart() {
    let variant = |body: &str| json!({ "headers": [["vary", "accept-language"]], "body": body });
    begin(json!([variant("hello"), variant("hallo"), variant("late")])).await;
    let language = |language: &str| ask(Ask::get(URL).header("accept-language", language));
    assert_eq!(told(&language("en").await), (false, "hello"));
    assert_eq!(told(&language("de").await), (false, "hallo"));
    assert_eq!(told(&language("en").await), (true, "hello"));
    assert_eq!(told(&language("de").await), (true, "hallo"));
}

#[wasm_bindgen_test]
async fn cookies_are_not_kept() {
    begin(json!([{ "headers": [["set-cookie", "a=1"]], "body": "first" }, { "body": "second" }])).await;
    let first = ask(Ask::get(URL)).await;
    assert_eq!((told(&first), first.header("set-cookie")), ((false, "first"), Some("a=1")));
    assert_eq!(told(&ask(Ask::get(URL)).await), (false, "second"));
}

#[wasm_bindgen_test]
async fn a_change_makes_it_forget() {
    begin(json!([{ "body": "first" }, { "status": 204 }, { "body": "second" }])).await;
    assert_eq!(told(&ask(Ask::get(URL)).await), (false, "first"));
    assert_eq!(ask(Ask::new("DELETE", URL)).await.status, 204);
    assert_eq!(told(&ask(Ask::get(URL)).await), (false, "second"));
}

#[wasm_bindgen_test]
async fn a_body_that_breaks_off_is_neither_whole_nor_kept() {
    for length in [Some(100), None] {
        begin(json!([{ "body": "whole" }])).await;
        let broken: Value = call("brokenOff", &json!({ "url": URL, "length": length })).await;
        assert_eq!(broken, json!({ "complete": false }), "{length:?}");
        settled().await;
        assert_eq!(told(&ask(Ask::get(URL)).await), (false, "whole"), "{length:?}");
    }
}

#[wasm_bindgen_test]
async fn a_compressed_body_that_is_also_stored_is_the_same_text() {
    let text = "a text that compresses well ".repeat(200);
    for coding in ["gzip", "br"] {
        let body: String = call("compressed", &json!({ "coding": coding, "text": text })).await;
        begin(json!([{ "headers": [["content-encoding", coding], ["vary", "accept-encoding"]], "body": body }])).await;
        // What comes back from the store is not looked at: Miniflare's own store encodes such a body twice.
        let reply = ask(Ask::get(URL).header("accept-encoding", coding)).await;
        assert_eq!((told(&reply).0, reply.header("content-encoding")), (false, Some(coding)));
        let open: String = call("decompressed", &json!({ "coding": coding, "body": reply.body })).await;
        assert!(open == text, "{coding}");
    }
}
