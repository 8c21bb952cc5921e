//! The worker's own ports, held inside workerd to the contracts that the ports in memory pass natively (`src/ports/contract.rs`).

use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::harness::{call, script};

#[wasm_bindgen_test]
async fn the_ports_of_the_worker_hold() {
    call::<()>("startContracts", &json!({ "variables": { "CONTRACT_PLAIN": "plain" } })).await;
    let origin = |path: Option<&str>, act: serde_json::Value| json!({ "authority": "origin.contract", "path": path, "acts": [act] });
    script(json!([
        origin(Some("/plain"), json!({ "status": 203, "headers": [["x-a", "1"]], "body": "hello" })),
        origin(Some("/moved"), json!({ "status": 302, "headers": [["location", "/plain"]] })),
        origin(Some("/slow"), json!({ "after_ms": 5_000 })),
        origin(Some("/nothing"), json!({ "status": 204 })),
        origin(None, json!({ "body": "read" })),
    ]))
    .await;
    let outcomes: Vec<(String, Option<String>)> = call("contracts", &()).await;
    assert_eq!(outcomes.len(), 8);
    let broken: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome.is_some()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}
