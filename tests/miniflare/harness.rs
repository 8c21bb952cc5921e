//! Starting the worker, sending requests, and looking at what the origins and the log saw.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/tests/miniflare/harness.mjs")]
extern "C" {
    #[wasm_bindgen(catch, js_name = call)]
    async fn call_by_name(name: &str, argument: &str) -> Result<JsValue, JsValue>;
}

/// Calls the JavaScript side; `Err` has what it throws.
pub async fn attempt<T: DeserializeOwned>(name: &str, argument: &impl Serialize) -> Result<T, String> {
    let argument = serde_json::to_string(argument).unwrap();
    let reply = call_by_name(name, &argument).await.map_err(|error| format!("{name}: {}", error.as_string().unwrap_or_default()))?;
    serde_json::from_str(&reply.as_string().unwrap_or_default()).map_err(|error| format!("{name}: {error} in {reply:?}"))
}

/// Calls the JavaScript side; what it throws fails the test.
pub async fn call<T: DeserializeOwned>(name: &str, argument: &impl Serialize) -> T {
    attempt(name, argument).await.unwrap_or_else(|error| panic!("{error}"))
}

/// One request. Bodies and values are texts of bytes (Latin-1).
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ask {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub chunked: bool,
}

impl Ask {
    pub fn new(method: &str, url: &str) -> Self {
        Self { method: method.to_owned(), url: url.to_owned(), ..Self::default() }
    }

    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: &str) -> Self {
        self.body = body.to_owned();
        self
    }

    pub async fn send(&self) -> Reply {
        call("send", self).await
    }

    /// Sends it so many times at once.
    pub async fn send_many(&self, count: usize) -> Vec<Reply> {
        call("sendMany", &json!({ "request": self, "count": count })).await
    }
}

/// An answer of the worker; names in lower case.
#[derive(Debug, Clone, Deserialize)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// What an origin has seen.
#[derive(Debug, Clone, Deserialize)]
pub struct Seen {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// The first value of a field.
pub fn field<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.headers, name)
    }
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.headers, name)
    }
}

/// The compiled form of routes files by name, or why they are refused.
pub async fn compile(files: &BTreeMap<String, String>) -> Result<String, String> {
    attempt("compile", &json!({ "files": files })).await
}

/// Serves routes written as one API's file, with a fresh isolate and empty state.
pub async fn serve(routes: &str) {
    serve_with(routes, &[]).await;
}

/// Like [`serve`], with variables and secrets.
pub async fn serve_with(routes: &str, variables: &[(&str, &str)]) {
    let files = BTreeMap::from([("api.toml".to_owned(), routes.to_owned())]);
    let compiled = compile(&files).await.unwrap_or_else(|error| panic!("{error}"));
    start(&compiled, &variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()).await;
}

/// Serves compiled routes.
pub async fn start(compiled: &str, variables: &BTreeMap<String, String>) {
    call::<()>("start", &json!({ "routes": compiled, "variables": variables })).await;
    script(json!([])).await;
}

/// Writes the origins' script: `[{ authority, path?, acts: [{ status?, headers?, body?, after_ms?, refuse? }] }]`.
pub async fn script(origins: Value) {
    call::<()>("script", &json!({ "origins": origins })).await;
}

/// Every call that the origins have seen since this was asked last.
pub async fn seen() -> Vec<Seen> {
    call("seen", &()).await
}

/// Moves the worker's clock on.
pub async fn advance(ms: u64) {
    call::<()>("advance", &json!({ "ms": ms })).await;
}

/// Stops the worker's clock at this time; it can still be moved.
pub async fn stop_clock(ms: u64) {
    call::<()>("stopClock", &json!({ "ms": ms })).await;
}

/// Waits until what goes on after the replies has ended.
pub async fn settled() {
    advance(0).await;
}

/// The lines of the access records since this was asked last, once there are so many.
pub async fn records(count: usize) -> Vec<String> {
    call("records", &json!({ "count": count })).await
}
