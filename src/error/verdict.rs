//! The one translation of an early end to HTTP: its status, what a client may read, what the log must say, and whose fault it was.

use std::borrow::Cow;

use ::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use super::GatewayError;
use crate::http::Violation;

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
            Self::UnsupportedCoding { accept } => {
                // RFC 9110 section 12.5.3: so a client learns that it was the coding.
                add(header::ACCEPT_ENCODING, (*accept).to_owned());
                let detail = "The body has a Content-Encoding that is not taken here; `Accept-Encoding` lists those that are.";
                let title = "The body's encoding is not taken here";
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-content-encoding", title, detail.into(), Client, String::new())
            }
            Self::UnsupportedMedia { accept, detail } => {
                if !accept.is_empty() {
                    add(header::ACCEPT, accept.join(", "));
                }
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
