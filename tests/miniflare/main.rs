//! The built worker in Miniflare, asked over real sockets. Run by `scripts/test`, which builds the worker first.
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
