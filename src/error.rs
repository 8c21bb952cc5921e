//! Every way in which a request can end early, and its one translation to HTTP.
//!
//! What a client may read ([`Verdict::detail`]) and what the log must say ([`Verdict::log`]) are two fields: nothing of an
//! origin's or the platform's error text reaches a client.

use std::borrow::Cow;

use ::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use crate::http::Violation;
use crate::limits::headers::Standing;

mod challenge;

pub use challenge::Challenge;

/// Whose fault an early end was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// The request was wrong, or not allowed.
    Client,
    /// The origin did not answer, or answered badly.
    Origin,
    /// The gateway, its configuration or its platform failed.
    Gateway,
}

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
    /// The body's type or coding is not one that the route takes (415): `accept` has those that are.
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

/// What a [`GatewayError`] means in HTTP and in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The response's status.
    pub status: StatusCode,
    /// Stable, for programs and metrics: lower case with hyphens.
    pub code: &'static str,
    /// The problem type's title: the same for every occurrence (RFC 9457 section 3.1.3).
    pub title: &'static str,
    /// What this occurrence was about, for the client.
    pub detail: Cow<'static, str>,
    /// Whose fault it was.
    pub blame: Blame,
    /// For the record alone.
    pub log: String,
    /// Header fields that the status asks for (`Allow`, `WWW-Authenticate`, `Retry-After`, ...).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Names of the limits that were exceeded (the `violated-policies` member of the quota problem type).
    pub violated_policies: Vec<String>,
    /// What is wrong with the request, place by place.
    pub violations: Vec<Violation>,
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

    /// With the challenges of other ways behind its own, where it has any.
    pub fn with_challenges(mut self, others: Vec<Challenge>) -> Self {
        if let Self::Unauthenticated { challenges, .. }
        | Self::CredentialUnknown { challenges, .. }
        | Self::CredentialExpired { challenges, .. }
        | Self::CredentialDisabled { challenges, .. } = &mut self
        {
            challenges.extend(others);
        }
        self
    }

    /// The one translation of an early end to HTTP.
    pub fn verdict(&self) -> Verdict {
        use Blame::{Client, Gateway, Origin};
        let mut headers = Vec::new();
        let mut violated_policies = Vec::new();
        let mut violated: &[Violation] = &[];
        let mut add = |name: HeaderName, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.push((name, value));
            }
        };
        for challenge in self.challenges().unwrap_or_default() {
            add(header::WWW_AUTHENTICATE, challenge.header_value());
        }
        let (status, code, title, detail, blame, log): (_, _, _, Cow<'static, str>, _, String) = match self {
            Self::BadRequest { reason } => {
                (StatusCode::BAD_REQUEST, "bad-request", "The request cannot be understood", reason.clone(), Client, reason.to_string())
            }
            Self::RouteNotFound => (
                StatusCode::NOT_FOUND,
                "route-not-found",
                "There is nothing at this path",
                "No route has this path.".into(),
                Client,
                String::new(),
            ),
            Self::MethodNotAllowed { allow } => {
                let allow = allow.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
                add(header::ALLOW, allow.clone());
                let detail = format!("This path takes {allow}.");
                (
                    StatusCode::METHOD_NOT_ALLOWED,
                    "method-not-allowed",
                    "The method is not allowed here",
                    detail.into(),
                    Client,
                    String::new(),
                )
            }
            Self::Misdirected => {
                let title = "This host is not served here";
                (StatusCode::MISDIRECTED_REQUEST, "misdirected-request", title, "No route is for this host.".into(), Client, String::new())
            }
            Self::Unauthenticated { challenges, log } => {
                let described = challenges.iter().find_map(|challenge| challenge.description);
                let detail = described.unwrap_or("This path needs a proof of who is calling, and the request has none.");
                (StatusCode::UNAUTHORIZED, "unauthenticated", "Who is calling could not be established", detail.into(), Client, log.clone())
            }
            Self::CredentialUnknown { log, .. } => {
                let detail = "What the request proves itself by is not known here, or was mistyped.";
                (StatusCode::UNAUTHORIZED, "credential-unknown", "The credential is not known", detail.into(), Client, log.clone())
            }
            Self::CredentialExpired { log, .. } => {
                let detail = "What the request proves itself by has expired, or does not hold yet.";
                (StatusCode::UNAUTHORIZED, "credential-expired", "The credential's time is over", detail.into(), Client, log.clone())
            }
            Self::CredentialDisabled { log, .. } => {
                let detail = "What the request proves itself by has been disabled.";
                (StatusCode::UNAUTHORIZED, "credential-disabled", "The credential is disabled", detail.into(), Client, log.clone())
            }
            Self::CredentialNotAllowed { detail, log } => {
                let title = "The credential is not for this";
                (StatusCode::FORBIDDEN, "credential-not-allowed", title, (*detail).into(), Client, log.clone())
            }
            Self::CredentialsUnclear { challenge, log } => {
                add(header::WWW_AUTHENTICATE, challenge.header_value());
                let detail = challenge.description.unwrap_or("The request has more than one token.");
                (StatusCode::BAD_REQUEST, "credentials-unclear", "It is not clear who is calling", detail.into(), Client, log.clone())
            }
            Self::Forbidden { challenge, detail, log } => {
                if let Some(challenge) = challenge {
                    add(header::WWW_AUTHENTICATE, challenge.header_value());
                }
                (StatusCode::FORBIDDEN, "forbidden", "The caller may not do this", (*detail).into(), Client, log.clone())
            }
            Self::AddressDenied { log } => {
                let detail = "Requests from this address are not accepted here.";
                (StatusCode::FORBIDDEN, "address-denied", "The address may not call this", detail.into(), Client, log.clone())
            }
            Self::LoginFailed { detail, log } => {
                (StatusCode::BAD_REQUEST, "login-failed", "The login did not succeed", (*detail).into(), Client, log.clone())
            }
            Self::CrossSite { log } => {
                let detail = "The request seems to come from a page of another site, or does not say where it comes from.";
                (StatusCode::FORBIDDEN, "cross-site-request", "The request may be forged", detail.into(), Client, log.clone())
            }
            Self::BotDenied { log } => {
                let detail = "Requests of this kind of program are not accepted here.";
                (StatusCode::FORBIDDEN, "bot-denied", "This program may not call this", detail.into(), Client, log.clone())
            }
            Self::Attack { log } => {
                let detail = "The request is not accepted.";
                (StatusCode::FORBIDDEN, "request-blocked", "The request was blocked", detail.into(), Client, log.clone())
            }
            Self::RateLimited { standing } => {
                for (name, value) in standing.response_headers() {
                    add(name, value);
                }
                violated_policies = standing.violated();
                let detail = format!("The limit is used up; try again in {} s.", standing.retry_after_s());
                let log = format!("limit {}", violated_policies.join(", "));
                (StatusCode::TOO_MANY_REQUESTS, "quota-exceeded", "Too many requests", detail.into(), Client, log)
            }
            Self::TooManyFailures { retry_after_ms, log } => {
                let seconds = retry_after_ms.div_ceil(1_000).max(1);
                add(header::RETRY_AFTER, seconds.to_string());
                let detail = format!("Too many proofs of identity have failed; try again in {seconds} s.");
                (StatusCode::TOO_MANY_REQUESTS, "too-many-failures", "Too many failed proofs", detail.into(), Client, log.clone())
            }
            Self::BodyTooLarge { max } => {
                let detail = format!("The body may have at most {max} bytes.");
                (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large", detail.into(), Client, String::new())
            }
            Self::BodyMalformed { violation } => {
                violated = std::slice::from_ref(violation);
                let detail = "The body cannot be read; `violations` says why.";
                (StatusCode::BAD_REQUEST, "body-malformed", "The body cannot be read", detail.into(), Client, violation.line())
            }
            Self::BodyOverLimit { violation } => {
                violated = std::slice::from_ref(violation);
                let detail = "The body passes a limit; `violations` names it.";
                (StatusCode::BAD_REQUEST, "body-over-limit", "The body passes a limit", detail.into(), Client, violation.line())
            }
            Self::UnsupportedMedia { accept, detail } => {
                add(header::ACCEPT, accept.join(", "));
                let title = "The body's type is not taken here";
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", title, (*detail).into(), Client, String::new())
            }
            Self::RequestInvalid { violations } => {
                violated = violations;
                let detail = "The request breaks rules of the API; `violations` names them.";
                (StatusCode::BAD_REQUEST, "request-invalid", "The request is not valid", detail.into(), Client, lines(violations))
            }
            Self::BodyInvalid { violations } => {
                violated = violations;
                let detail = "The body breaks rules of the API; `violations` names them.";
                (StatusCode::UNPROCESSABLE_ENTITY, "body-invalid", "The body is not valid", detail.into(), Client, lines(violations))
            }
            Self::ResponseInvalid { log } => {
                let detail = "The service behind this path answered what it should not.";
                (StatusCode::BAD_GATEWAY, "response-invalid", "The service's answer is not valid", detail.into(), Origin, log.clone())
            }
            Self::ResponseWithheld { log } => {
                let detail = "The answer of the service behind this path may not be shown.";
                (StatusCode::BAD_GATEWAY, "response-withheld", "The service's answer is withheld", detail.into(), Origin, log.clone())
            }
            Self::BodyTooSlow => {
                let detail = "The body did not come in the time that is allowed for it.";
                (StatusCode::REQUEST_TIMEOUT, "body-too-slow", "The body took too long", detail.into(), Client, String::new())
            }
            Self::HeadersTooLarge { detail } => {
                let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                (status, "headers-too-large", "The header fields are too large", detail.clone().into(), Client, String::new())
            }
            Self::TargetTooLong { max } => {
                let detail = format!("The path and query may have at most {max} bytes.");
                (StatusCode::URI_TOO_LONG, "target-too-long", "The path and query are too long", detail.into(), Client, String::new())
            }
            Self::OriginUnreachable { log } => {
                let detail = "The service behind this path could not be reached.";
                (StatusCode::BAD_GATEWAY, "origin-unreachable", "The service is not reachable", detail.into(), Origin, log.clone())
            }
            Self::OriginTimeout { log } => {
                let detail = "The service behind this path did not answer in time.";
                (StatusCode::GATEWAY_TIMEOUT, "origin-timeout", "The service took too long", detail.into(), Origin, log.clone())
            }
            Self::Loop => {
                let detail = "The request goes in a circle between servers.";
                let log = "`Via` names this gateway too often: an origin leads back to it".to_owned();
                (StatusCode::LOOP_DETECTED, "loop-detected", "The request goes in a circle", detail.into(), Gateway, log)
            }
            Self::NotCached => {
                let detail = "Nothing is stored that the request's Cache-Control accepts.";
                (StatusCode::GATEWAY_TIMEOUT, "not-cached", "No stored response", detail.into(), Client, String::new())
            }
            Self::PolicyUnavailable { policy, log } => {
                let detail = "A check that this path needs cannot be made at the moment.";
                let log = format!("{policy}: {log}");
                (StatusCode::SERVICE_UNAVAILABLE, "policy-unavailable", "A check is unavailable", detail.into(), Gateway, log)
            }
            Self::Misconfigured { log } => {
                let detail = "The gateway is not set up rightly for this path.";
                (StatusCode::INTERNAL_SERVER_ERROR, "misconfigured", "The gateway is misconfigured", detail.into(), Gateway, log.clone())
            }
            Self::ConditionFailed { log } => {
                let detail = "A condition of this path cannot be decided for this request.";
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "condition-failed",
                    "A condition cannot be decided",
                    detail.into(),
                    Gateway,
                    log.clone(),
                )
            }
            Self::Internal { log } => {
                let detail = "The gateway met a fault of its own.";
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The gateway failed", detail.into(), Gateway, log.clone())
            }
        };
        Verdict { status, code, title, detail, blame, log, headers, violated_policies, violations: violated.to_vec() }
    }
}

/// Violations as the record says them.
fn lines(violations: &[Violation]) -> String {
    violations.iter().map(Violation::line).collect::<Vec<_>>().join("; ")
}
