//! Walks the token test set through the pure check and through the whole gateway.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod mint;
mod walk;
mod written;
