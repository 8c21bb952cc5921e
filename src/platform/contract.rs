//! The worker's own ports, held to their contracts where they run; in builds with the feature `contracts` alone.

use std::rc::Rc;
use std::time::Duration;

use wasm_bindgen::prelude::*;
use worker::{Delay, Env};

use super::body::Stream;
use super::{bridge, ports};
use crate::ports::LocalFuture;
use crate::ports::contract::{World, run};

/// Every port's name and what it did not hold to, as JSON: `[["clock", null], ["fetch", "..."]]`.
#[wasm_bindgen]
pub async fn contracts(env: Env) -> String {
    let settle = || -> LocalFuture { Box::pin(async { Delay::from(Duration::from_millis(100)).await }) };
    let stream = |text: &str| Stream::of_message(bridge::respond(200, "", JsValue::from_str(text)).unwrap_or(JsValue::NULL));
    let world = World { ports: ports::real(env), settle: Rc::new(settle), stream };
    let found: Vec<_> = run(&world).await.into_iter().map(|(port, outcome)| (port, outcome.err())).collect();
    serde_json::json!(found).to_string()
}
