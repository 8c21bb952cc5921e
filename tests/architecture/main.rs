//! The design's invariants, as far as the files themselves show them. Each test says what to do where it fails.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod examples;
mod manifest;
mod readme;
mod sources;
mod tree;
