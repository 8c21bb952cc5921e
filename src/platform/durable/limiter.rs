//! Counts for one subject.

use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;
use worker::State;

/// The object behind `worker.js`'s `Limiter`.
#[wasm_bindgen]
pub struct LimiterObject {
    state: State,
}

#[wasm_bindgen]
impl LimiterObject {
    /// The object of one subject.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState) -> Self {
        Self { state: State::from(state) }
    }

    /// Takes from the windows.
    pub fn take(&self, _request: &str) -> String {
        self.state.id().to_string()
    }
}
