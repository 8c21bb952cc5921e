//! The routes files: written form (native only), runtime form, and the values both share.

pub mod compiler;
pub mod runtime;
pub mod template;
pub mod values;
