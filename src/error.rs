//! Every way in which a request can end early; what each of them means in HTTP stands in one `match` ([`GatewayError::verdict`]).
//!
//! What a client may read ([`Verdict::detail`]) and what the log must say ([`Verdict::log`]) are two fields: nothing of an
//! origin's or the platform's error text reaches a client.

use std::borrow::Cow;

use ::http::Method;

use crate::http::Violation;
use crate::limits::headers::Standing;

mod challenge;
mod verdict;

pub use challenge::Challenge;
pub use verdict::{Blame, Verdict};

/// Every early end of a request. `log` fields are for the record alone.
#[allow(missing_docs, reason = "each variant's comment tells its fields")]
#[derive(Debug, Clone, PartialEq)]
pub enum GatewayError {
    /// The request line or a header cannot be right (400). The reason is for the client.
    BadRequest { reason: Cow<'static, str> },
    /// No route has this path (404).
    RouteNotFound,
    /// A route has this path, but not with this method (405).
    MethodNotAllowed { allow: Vec<Method> },
    /// No route is for this host (421).
    Misdirected,
    /// No identity, or a proof that does not hold (401): every way in which the caller could prove who it is, in the order of the
    /// route. `log` says why, for the record.
    Unauthenticated { challenges: Vec<Challenge>, log: String },
    /// A key, a user or a certificate that nobody here has (401); for whoever asked for one of its own.
    CredentialUnknown { challenges: Vec<Challenge>, log: String },
    /// A right proof whose time is over, or has not come (401).
    CredentialExpired { challenges: Vec<Challenge>, log: String },
    /// A right proof that was disabled, or whose consumer was (401).
    CredentialDisabled { challenges: Vec<Challenge>, log: String },
    /// A right proof of a consumer that may not use it here (403).
    CredentialNotAllowed { detail: &'static str, log: String },
    /// More than one proof of identity at once, so that it is not clear which one counts (400, RFC 6750 section 3.1).
    CredentialsUnclear { challenge: Box<Challenge>, log: String },
    /// An identity that lacks a right (403).
    Forbidden { challenge: Option<Box<Challenge>>, detail: &'static str, log: String },
    /// The client's address is not let in (403).
    AddressDenied { log: String },
    /// The request is a program's that is kept out (403).
    BotDenied { log: String },
    /// A login at an identity provider, or a logout from there, did not come to its end (400). `log` says why.
    LoginFailed { detail: &'static str, log: String },
    /// A page of another origin may have made a browser send the request (403).
    CrossSite { log: String },
    /// The request looks like an attack (403). `log` says which rule saw what where.
    Attack { log: String },
    /// A limit is used up (429).
    RateLimited { standing: Box<Standing> },
    /// Too many proofs from this address or for this account have failed (429); which of the two, only `log` says.
    TooManyFailures { retry_after_ms: u64, log: String },
    /// The body is larger than the route allows (413). `max` in bytes.
    BodyTooLarge { max: u64 },
    /// The body is not what its type says, or cannot be read (400).
    BodyMalformed { violation: Box<Violation> },
    /// The body is deeper, longer or wider than the route allows (400).
    BodyOverLimit { violation: Box<Violation> },
    /// The body has a content coding that the route does not take (415): `accept` lists those that it does.
    UnsupportedCoding { accept: &'static str },
    /// The body's type is not one that the route takes (415): `accept` has those that are.
    UnsupportedMedia { accept: Vec<String>, detail: &'static str },
    /// Parameters, or parameters and the body, break the API's rules (400).
    RequestInvalid { violations: Vec<Violation> },
    /// The body alone breaks the API's rules (422, RFC 9110 section 15.5.21).
    BodyInvalid { violations: Vec<Violation> },
    /// The origin's response breaks the API's rules (502).
    ResponseInvalid { log: String },
    /// The origin's response has what may not leave, or cannot be looked into (502).
    ResponseWithheld { log: String },
    /// The request's head is larger than the gateway allows (431).
    HeadersTooLarge { detail: String },
    /// The body had not come by the time that it was due (408).
    BodyTooSlow,
    /// The request's target is longer than the gateway allows (414). `max` in bytes.
    TargetTooLong { max: u64 },
    /// The origin refused the connection, broke it, or answered something that is not HTTP (502).
    OriginUnreachable { log: String },
    /// The origin did not answer in time (504).
    OriginTimeout { log: String },
    /// The request has passed this gateway too often already: an origin sends it back (508).
    Loop,
    /// The client wants a stored response or none, and none is stored (504, RFC 9111 section 5.2.1.7).
    NotCached,
    /// Something that a policy depends on is down (503).
    PolicyUnavailable { policy: String, log: String },
    /// A variable, a secret or a policy is missing or wrong at run time (500).
    Misconfigured { log: String },
    /// The condition of a policy is neither true nor false for this request (500).
    ConditionFailed { log: String },
    /// A fault of the gateway itself (500).
    Internal { log: String },
}

impl GatewayError {
    /// A [`GatewayError::BadRequest`].
    pub fn bad_request(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::BadRequest { reason: reason.into() }
    }

    /// Whether a store or a dependency failed, so that a policy's `on_error` decides.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::PolicyUnavailable { .. })
    }

    /// Whether nobody has been established (401): another proof may do where this one has not.
    pub fn is_unproven(&self) -> bool {
        self.challenges().is_some()
    }

    /// How the caller could prove who it is; `None` where that is not what the request lacks.
    pub fn challenges(&self) -> Option<&[Challenge]> {
        match self {
            Self::Unauthenticated { challenges, .. }
            | Self::CredentialUnknown { challenges, .. }
            | Self::CredentialExpired { challenges, .. }
            | Self::CredentialDisabled { challenges, .. } => Some(challenges),
            _ => None,
        }
    }

    /// Whether the proof was not even looked at, since too many have failed.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::TooManyFailures { .. })
    }

    /// Whether there was no proof of who is calling at all, so that another way may be tried.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Unauthenticated { challenges, .. } if challenges.iter().all(|challenge| challenge.error.is_none()))
    }

    /// Whether what stood in the proof's place was not of its form, so that it may be another proof; see [`Challenge::foreign`].
    pub fn is_foreign(&self) -> bool {
        self.challenges().is_some_and(|challenges| challenges.iter().any(|challenge| challenge.foreign))
    }

    /// The challenges of what nobody has proven; none of any other.
    pub fn into_challenges(self) -> Vec<Challenge> {
        self.challenges().unwrap_or_default().to_vec()
    }

    /// With the challenges of other ways behind its own, where it has any; each once.
    pub fn with_challenges(mut self, others: Vec<Challenge>) -> Self {
        if let Self::Unauthenticated { challenges, .. }
        | Self::CredentialUnknown { challenges, .. }
        | Self::CredentialExpired { challenges, .. }
        | Self::CredentialDisabled { challenges, .. } = &mut self
        {
            for other in others {
                if !challenges.contains(&other) {
                    challenges.push(other);
                }
            }
        }
        self
    }
}
