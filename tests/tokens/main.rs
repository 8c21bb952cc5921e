//! Walks the token test set through the pure check and through the whole gateway.
#![cfg(not(target_arch = "wasm32"))]

mod cases;
mod form;
mod mint;
mod walk;
