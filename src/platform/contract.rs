//! The worker's own ports, held to their contracts where they run, and a fault at will; in builds with the feature `contracts`
//! alone.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use worker::Env;

use super::body::Stream;
use super::{bridge, crypto, ports};
use crate::config::shelf;
use crate::http::HeaderMap;
use crate::ports::committed::Committed;
use crate::ports::contract::{World, consumer, run};
use crate::ports::{LocalFuture, Ports};

/// Every port's name and what it did not hold to, as JSON: `[["clock", null], ["fetch", "..."]]`.
#[wasm_bindgen]
pub async fn contracts(env: Env) -> String {
    crypto::install();
    let settle = || -> LocalFuture { Box::pin(std::future::ready(())) };
    let stream = |text: &str| {
        let message = bridge::respond(&JsValue::UNDEFINED, 200, "", &JsValue::from_str(text)).unwrap_or(JsValue::NULL);
        Stream::of_message(message, HeaderMap::new(), false)
    };
    let consumers = Rc::new(Committed::written(&shelf::pack(&[consumer()]).unwrap_or_default()));
    let world = World { ports: Ports { consumers, ..ports::real(env) }, settle: Rc::new(settle), stream };
    let found: Vec<_> = run(&world).await.into_iter().map(|(port, outcome)| (port, outcome.err())).collect();
    serde_json::json!(found).to_string()
}

/// Faults as a bug in the wasm would.
#[wasm_bindgen]
pub fn fault() {
    std::process::abort()
}
