//! The built worker in Miniflare, asked over real sockets. `scripts/test` builds what they need and runs them.
//!
//! [`harness`] is the Rust half; `harness.mjs` leads from wasm to `js/`, where Miniflare, the client and the scripted origins
//! are. The worker is the one that is deployed (`build/`); its routes are compiled by the native command, its clock can be
//! stopped, and all its calls go to one server that plays every origin. [`contracts`] asks a second build, `target/contracts`.
//! The tests must not link the crate itself: what it imports exists in the worker alone.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, reason = "tests")]

mod cache;
mod contracts;
mod harness;
mod limits;
mod passage;
#[path = "../scenario/mod.rs"]
mod scenario;
mod scenarios;
mod smoke;
mod streams;
mod tokens;
