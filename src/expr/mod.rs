//! Conditions: expressions of CEL, the Common Expression Language (<https://cel.dev>), over a request and who makes it.
//!
//! The native command parses a condition, checks its names and types, and ships a small tree; the worker evaluates the tree. What
//! it reads is read when it is asked for, and its work is bounded ([`error::Budget`]).
//!
//! An evaluation may fail: a key or a fact is absent, a number is too large, a text of the request is no number. A failed condition
//! is neither true nor false, and whoever asked refuses the request. `has(request.header.x)`, `'x' in request.header` and `||`
//! keep absent things from failing.

pub mod call;
#[cfg(not(target_arch = "wasm32"))]
pub mod check;
pub mod condition;
pub mod convert;
pub mod error;
pub mod evaluate;
pub mod facts;
pub mod fields;
pub mod function;
#[cfg(not(target_arch = "wasm32"))]
pub mod misread;
pub mod node;
pub mod operators;
pub mod text;
pub mod time;
pub mod value;

#[cfg(test)]
mod tests;

pub use condition::{Condition, Expression};
pub use error::EvalError;
