//! Durable Objects: one file each, a thin shell around a pure step.

mod limiter;
