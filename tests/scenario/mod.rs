//! Scenarios: how they are written ([`format`]) and how their outcomes are held against them ([`expect`]).

pub mod expect;
pub mod format;
pub mod span;
