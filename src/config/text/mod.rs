//! Reading the written form so that every error can point at its word: sources, the spanned tree, decoding, diagnostics.

pub mod decode;
pub mod diagnostics;
pub mod document;
pub mod names;
pub mod problem;
pub mod render;
pub mod source;
pub mod within;
