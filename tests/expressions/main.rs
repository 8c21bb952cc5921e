//! Expressions held against the interpreter of the `cel` crate: generated ones, and those in which the two are known to differ.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod compare;
mod generate;
mod world;
