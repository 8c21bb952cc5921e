//! The one room that names the runtime: the entry, and every port over workerd. On wasm32 alone.

mod body;
mod bridge;
mod crypto;
mod durable;
mod entry;
mod ports;
mod wire;
