//! The functions of `bridge.js`, as wasm sees them.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "../src/platform/bridge.js")]
extern "C" {
    #[wasm_bindgen(js_name = responseHead)]
    pub fn response_head(response: &JsValue) -> String;

    #[wasm_bindgen(js_name = bodyOf)]
    pub fn body_of(message: &JsValue) -> JsValue;

    #[wasm_bindgen]
    pub fn capped(stream: &JsValue, max: f64, state: &JsValue) -> JsValue;

    #[wasm_bindgen(catch)]
    pub fn tee(stream: &JsValue) -> Result<Array, JsValue>;

    #[wasm_bindgen(catch, js_name = readerOf)]
    pub fn reader_of(stream: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = readChunk)]
    pub fn read_chunk(reader: &JsValue) -> Promise;

    #[wasm_bindgen(catch)]
    pub fn send(
        method: &str,
        url: &str,
        fields: &str,
        body: JsValue,
        first_byte_ms: f64,
        total_ms: f64,
        cap: JsValue,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch)]
    pub fn respond(status: u16, fields: &str, body: JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = respondWith)]
    pub fn respond_with(response: &JsValue, status: u16, fields: &str, body: JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = cacheMatch)]
    pub fn cache_match(key: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_name = cachePut)]
    pub fn cache_put(key: &str, status: u16, fields: &str, body: JsValue, cap: JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_name = cacheDelete)]
    pub fn cache_delete(key: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = waitUntil)]
    pub fn wait_until(promise: &Promise);

    #[wasm_bindgen(catch, js_name = takeFromLimiter)]
    pub fn take_from_limiter(name: &str, request: &str, deadline_ms: f64) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_name = publicKeyFromJwk)]
    pub fn public_key_from_jwk(jwk: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = publicKeyFromPkcs1)]
    pub fn public_key_from_pkcs1(der: &[u8]) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    pub fn verify(digest: Option<&str>, key: &JsValue, message: &[u8], signature: &[u8], salt_length: Option<u32>)
    -> Result<bool, JsValue>;
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
