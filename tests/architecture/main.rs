//! The design's invariants, as far as the files themselves show them. Each test says what to do where it fails.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod examples;
mod manifest;
mod readme;
mod sources;
mod tree;
