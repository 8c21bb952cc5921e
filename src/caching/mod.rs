//! Pure decisions of a shared cache (RFC 9111): what may be stored, how long it is fresh, what tells variants apart.
//!
//! Neither stale answers nor revalidation with the origin exist; [`stored`] keeps the times that both would need.

pub mod conditional;
pub mod directives;
pub mod freshness;
pub mod key;
pub mod status;
pub mod storable;
pub mod stored;
pub mod vary;

use crate::http::{HeaderMap, HeaderName, header};
use conditional::Validators;
use status::Forward;
use vary::Marker;

/// What a request left for the response phase of the cache.
#[derive(Debug)]
pub enum Pending {
    /// The origin was asked, and its response may be stored.
    Asked(Box<Asked>),
    /// The request went past the cache.
    Passed(Forward),
    /// If the request succeeds, the responses under these keys are no longer true (RFC 9111 section 4.4).
    Changing(Vec<String>),
}

/// A request to the origin whose response may be stored.
#[derive(Debug)]
pub struct Asked {
    /// The request's key.
    pub key: String,
    /// The request's header fields as the cache saw them.
    pub headers: HeaderMap,
    /// What the client holds already.
    pub validators: Validators,
    /// What is known of how responses vary.
    pub marker: Option<Marker>,
    /// Why the origin was asked.
    pub forward: Forward,
    /// Whether the method is GET: a response to HEAD is not stored.
    pub whole: bool,
    /// Whether the key is one identity's own.
    pub own: bool,
    /// Credentials of the request that the key does not tell apart (RFC 9111 section 3.5).
    pub unkeyed_credentials: Vec<HeaderName>,
    /// When the origin was asked, in milliseconds since the epoch.
    pub asked_ms: u64,
}

/// Header fields by which a request says who is asking.
pub const CREDENTIALS: [HeaderName; 2] = [header::AUTHORIZATION, header::COOKIE];
