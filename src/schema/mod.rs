//! JSON Schema (2020-12, 2019-09, draft-07) as it runs: a small tree that the native command makes of schemas and OpenAPI
//! documents, with every reference resolved, and the check of a value against it.
//!
//! The tree is what stays of a schema once words, identifiers, references and drafts are gone; what it says is held natively against
//! `boon`, a whole implementation, which also judges each schema when it is built.

#[cfg(not(target_arch = "wasm32"))]
pub mod build;
pub mod check;
pub mod deep;
pub mod document;
pub mod format;
pub mod forms;
pub mod parameters;
pub mod pattern;
pub mod plan;
pub mod shape;
pub mod tree;
