//! The worker's own ports, held inside workerd to the contracts that the ports in memory pass natively (`src/ports/contract.rs`).

use std::collections::BTreeMap;

use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::harness::{Ask, call, compile, script};

const ROUTES: &str = r#"
[api]
name = "faulty"
[[routes]]
match = "GET /counted"
public = true
static = { body = "counted" }
policies = [{ rate_limit = { key = { literal = "all" }, limits = ["100/h"], on_error = "deny" } }]
[[routes]]
match = "GET /held"
public = true
origin = "slow"
[origins.slow]
targets = [{ url = "http://slow.contract" }]
"#;

async fn start(routes: &str) {
    call::<()>("startContracts", &json!({ "routes": routes, "variables": { "CONTRACT_PLAIN": "plain" } })).await;
}

async fn behind(door: &str) -> String {
    call("behind", &json!({ "door": door })).await
}

#[wasm_bindgen_test]
async fn the_ports_of_the_worker_hold() {
    start("{}").await;
    let origin = |path: Option<&str>, act: serde_json::Value| json!({ "authority": "origin.contract", "path": path, "acts": [act] });
    script(json!([
        origin(Some("/plain"), json!({ "status": 203, "headers": [["x-a", "1"]], "body": "hello" })),
        origin(Some("/moved"), json!({ "status": 302, "headers": [["location", "/plain"]] })),
        origin(Some("/slow"), json!({ "after_ms": 5_000 })),
        origin(Some("/nothing"), json!({ "status": 204 })),
        origin(None, json!({ "body": "read" })),
    ]))
    .await;
    let outcomes: Vec<(String, Option<String>)> = serde_json::from_str(&behind("Contracts").await).unwrap();
    assert!(outcomes.len() >= 10, "{outcomes:?}");
    let broken: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome.is_some()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[wasm_bindgen_test]
async fn a_fault_in_the_background_is_survived() {
    let files = BTreeMap::from([("api.toml".to_owned(), ROUTES.to_owned())]);
    start(&compile(&files).await.unwrap()).await;
    let ask = Ask::get("https://api.example.com/counted");
    for _ in 0..3 {
        let reply = ask.send().await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "counted"));
        behind("Fault").await;
    }
}

#[wasm_bindgen_test]
async fn a_fault_hands_nobody_anothers_answer() {
    let files = BTreeMap::from([("api.toml".to_owned(), ROUTES.to_owned())]);
    start(&compile(&files).await.unwrap()).await;
    let urls = json!({ "url": "http://api.example.com/held", "third": "http://api.example.com/counted" });
    let bodies: Vec<String> = call("acrossAFault", &urls).await;
    assert_eq!(bodies, ["the second's", "counted"]);
}
