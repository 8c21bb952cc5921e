//! The harness itself: a worker that cannot read its routes says so.

use std::collections::BTreeMap;

use wasm_bindgen_test::wasm_bindgen_test;

use crate::harness::{Ask, start};

#[wasm_bindgen_test]
async fn unreadable_routes_refuse_every_request() {
    start("{}", &BTreeMap::new()).await;
    let reply = Ask::get("https://api.example.com/a").send().await;
    assert_eq!((reply.status, reply.header("content-type")), (500, Some("application/problem+json")));
    assert!(!reply.body.contains("version"), "the reason is for the log alone: {}", reply.body);
}
