//! The functions of `bridge.js`, as wasm sees them.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "../src/platform/bridge.js")]
extern "C" {
    #[wasm_bindgen(js_name = nextNumber)]
    pub fn next_number() -> u32;

    #[wasm_bindgen(js_name = responseHead)]
    pub fn response_head(response: &JsValue) -> String;

    #[wasm_bindgen(js_name = bodyOf)]
    pub fn body_of(message: &JsValue) -> JsValue;

    #[wasm_bindgen]
    pub fn capped(stream: &JsValue, max: f64, state: &JsValue) -> JsValue;

    #[wasm_bindgen]
    pub fn resumed(first: &JsValue, reader: &JsValue, max: f64, state: &JsValue) -> JsValue;

    #[wasm_bindgen]
    pub fn transformed(stream: &JsValue, transform: JsValue) -> JsValue;

    #[wasm_bindgen(js_name = edgeFacts)]
    pub fn edge_facts(request: &JsValue) -> Option<String>;

    #[wasm_bindgen(catch)]
    pub fn tee(stream: &JsValue) -> Result<Array, JsValue>;

    #[wasm_bindgen(catch, js_name = readerOf)]
    pub fn reader_of(stream: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = readChunk)]
    pub fn read_chunk(call: u32, reader: &JsValue, due_ms: f64);

    #[wasm_bindgen(js_name = readAll)]
    pub fn read_all(call: u32, message: &JsValue, due_ms: f64);

    #[wasm_bindgen]
    pub fn send(call: u32, head: &str, message: &JsValue, body: &JsValue, first_byte_ms: f64, total_ms: f64, cap: &JsValue);

    #[wasm_bindgen(catch)]
    pub fn respond(message: &JsValue, status: u16, edits: &str, body: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = cacheMatch)]
    pub fn cache_match(call: u32, key: &str);

    #[wasm_bindgen(js_name = cachePut)]
    pub fn cache_put(call: u32, key: &str, message: &JsValue, status: u16, edits: &str, body: &JsValue, cap: &JsValue);

    #[wasm_bindgen(js_name = cacheDelete)]
    pub fn cache_delete(call: u32, key: &str);

    #[wasm_bindgen(js_name = callObject)]
    pub fn call_object(call: u32, binding: &str, name: &str, method: &str, request: &str, deadline_ms: f64);

    #[wasm_bindgen]
    pub fn rest(call: u32, ms: f64);

    #[wasm_bindgen]
    pub fn deferred() -> JsValue;

    #[wasm_bindgen(js_name = promiseOf)]
    pub fn promise_of(deferred: &JsValue) -> JsValue;

    #[wasm_bindgen(js_name = settlePromise)]
    pub fn settle_promise(deferred: &JsValue, ok: bool, value: JsValue);

    #[wasm_bindgen]
    pub fn soon(task: u32);

    #[wasm_bindgen(js_name = waitUntil)]
    pub fn wait_until(promise: &JsValue);

    #[wasm_bindgen(catch, js_name = publicKeyFromJwk)]
    pub fn public_key_from_jwk(jwk: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = publicKeyFromPkcs1)]
    pub fn public_key_from_pkcs1(der: &[u8]) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    pub fn scrypt(password: &[u8], salt: &[u8], length: u32, cost: u32, r: u32, p: u32) -> Result<Vec<u8>, JsValue>;

    #[wasm_bindgen(catch)]
    pub fn verify(digest: Option<&str>, key: &JsValue, message: &[u8], signature: &[u8], salt_length: Option<u32>)
    -> Result<bool, JsValue>;

    #[wasm_bindgen(catch, js_name = privateKey)]
    pub fn private_key(der: &[u8], form: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    pub fn sign(digest: Option<&str>, key: &JsValue, message: &[u8], salt_length: Option<u32>) -> Result<Vec<u8>, JsValue>;
}

/// An error of the runtime as a text for the log.
pub fn text(error: &JsValue) -> String {
    match error.as_string() {
        Some(text) => text,
        None => js_sys::Reflect::get(error, &JsValue::from_str("message"))
            .ok()
            .and_then(|m| m.as_string())
            .unwrap_or_else(|| "an error without a message".to_owned()),
    }
}

/// Bytes in memory of the runtime's own.
pub fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}
