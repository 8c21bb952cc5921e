//! The routes files: written form (native only), runtime form, and the values both share.

#[cfg(not(target_arch = "wasm32"))]
pub mod build;
pub mod compiler;
pub mod packed;
pub mod runtime;
pub mod server_url;
pub mod shelf;
pub mod template;
#[cfg(not(target_arch = "wasm32"))]
pub mod text;
pub mod timestamp;
pub mod values;
