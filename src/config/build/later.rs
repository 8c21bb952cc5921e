//! What the written form will have in a later version: refused by name, so that nobody takes it for a misspelling.

use std::ops::Range;

use crate::config::text::decode::Skipped;
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::document::Node;
use crate::config::text::source::Place;

/// Kinds of policies to come.
pub const POLICIES: &[&str] = &["transform", "quota", "breaker", "retry"];

/// Keys of the cache policy to come.
pub const CACHE_KEYS: &[&str] = &["stale_while_revalidate", "stale_if_error"];

/// Keys of an origin to come.
pub const ORIGIN_KEYS: &[&str] = &["retry", "breaker", "health"];

/// Ways of balancing to come.
pub const BALANCE: &[&str] = &["least_latency", "hash", "least_pending"];

/// Keys of a route to come.
pub const ROUTE_KEYS: &[&str] = &["aggregate", "queue", "ai"];

/// The error for one of these.
pub fn error(file: usize, span: &Range<usize>, name: &str) -> Diagnostic {
    let message = format!("`{name}` comes with a later version");
    Diagnostic::new(Code::Later, Place::new(file, span), message).label("not there yet")
}

/// Refuses the keys of `node` that are in `later`, and has decoding pass over them. Whether there were any.
pub fn refuse(file: usize, node: &Node, later: &[&str], skipped: &mut Skipped, diagnostics: &mut Diagnostics) -> bool {
    let mut any = false;
    for entry in node.entries().iter().filter(|entry| later.contains(&entry.key.as_str())) {
        diagnostics.push(error(file, &entry.key_span, &entry.key));
        skipped.insert(entry.node.identity());
        any = true;
    }
    any
}
