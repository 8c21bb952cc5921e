//! The one room that names the runtime: the entry, and every port over workerd. On wasm32 alone.

mod body;
mod bridge;
#[cfg(feature = "contracts")]
mod contract;
mod crypto;
mod durable;
mod entry;
mod ports;
mod task;
mod wire;
