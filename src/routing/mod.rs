//! From host, path, method, header fields and query to one route.

use std::rc::Rc;

use crate::config::template::Template;
use crate::origins::Origin;
use crate::policies::guard::Chain;

mod build;
pub mod condition;
#[cfg(not(target_arch = "wasm32"))]
pub mod conflict;
#[cfg(not(target_arch = "wasm32"))]
pub mod explain;
pub mod host;
pub mod pattern;
pub mod precedence;
mod routes;
#[cfg(test)]
pub mod sample;
pub mod table;

/// A route as it runs.
pub struct Route {
    /// Its name: unique in the gateway.
    pub id: Rc<str>,
    /// The API's name.
    pub api: Rc<str>,
    /// The path template as written (OpenTelemetry's `http.route`).
    pub path: Rc<str>,
    /// What it asks of header fields and query, as one text; empty where nothing. Routes of one path differ in it, or in the
    /// method alone.
    pub conditions: Rc<str>,
    /// The policies, in order.
    pub chain: Chain,
    /// The origin's name.
    pub origin_id: Rc<str>,
    /// What answers in the end, or why it could not be built.
    pub origin: Result<Rc<dyn Origin>, String>,
    /// Template of the path that the origin sees.
    pub rewrite: Option<Template>,
}
