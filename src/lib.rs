//! Archway: an API gateway for the edge.
//!
//! A committed routes file is compiled by the native command (`archway compile`) into one canonical JSON document; the
//! worker loads it and serves every request through [`gateway::Gateway::handle`]. The crate has two faces: the core, which
//! builds everywhere and names no runtime, and `platform`, which exists on wasm32 alone and joins the core to workerd.
//!
//! # Map
//! * [`gateway`] tells a request's whole life on one page; [`exchange`] is what one request carries along that way.
//! * [`error`] has every early end of a request and its one translation to HTTP.
//! * [`ports`] is what the core needs from outside; [`memory`] has every port in memory.
//! * [`expr`] is the language of conditions (CEL).
//! * [`http`], [`routing`], [`policies`], [`origins`] are the stages; [`auth`], [`limits`], [`caching`], [`schema`], [`threat`], [`masking`] decide, purely.
//! * [`config`] is the written form, the checked form and the runtime form of the routes files.
//! * [`observe`] is the access record and the trace context.
//! * `audit` tells who can reach each route and what is weak about it; `cli` is the native command.
//!
//! # Invariants
//! 1. Only `platform` names `worker`, `js_sys` or `wasm_bindgen`.
//! 2. Decisions are pure; time is an argument.
//! 3. Every early end of a request is one [`error::GatewayError`] and becomes HTTP in one exhaustive `match`.
//! 4. Nothing on a request's path panics.
//! 5. Fail closed: what cannot be built refuses, what is not said to be public needs an identity.
//! 6. A body that no policy reads never enters wasm.
//! 7. No secret is in a routes file, a log line, an error or a metric.
//! 8. No future, promise or stream is shared between two requests.
//! 9. No `RefCell` borrow is held over an `await`.

#[cfg(not(target_arch = "wasm32"))]
pub mod audit;
pub mod auth;
pub mod caching;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod config;
pub mod error;
pub mod exchange;
pub mod expr;
pub mod gateway;
pub mod http;
pub mod limits;
pub mod masking;
#[cfg(not(target_arch = "wasm32"))]
pub mod memory;
pub mod observe;
pub mod origins;
pub mod policies;
pub mod ports;
pub mod routing;
pub mod schema;
pub mod threat;

#[cfg(target_arch = "wasm32")]
mod platform;
