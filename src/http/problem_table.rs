//! Every problem a client can meet, from one list: the README's table is written from it.

use std::fmt::Write as _;

use super::problem::type_uri;
use super::{Method, Violation};
use crate::error::{Blame, Challenge, GatewayError};
use crate::limits::headers::{Standing, WindowStanding};

/// One kind of problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemKind {
    /// The response's status.
    pub status: u16,
    /// The stable code.
    pub code: &'static str,
    /// The `type` member.
    pub type_uri: String,
    /// The `title` member.
    pub title: &'static str,
    /// Whose fault it is.
    pub blame: Blame,
    /// What it means, and what to do about it.
    pub meaning: &'static str,
}

/// Every kind of problem, by status and code.
pub fn kinds() -> Vec<ProblemKind> {
    let mut kinds: Vec<ProblemKind> = samples()
        .iter()
        .map(|error| {
            let verdict = error.verdict();
            let (code, title, blame) = (verdict.code, verdict.title, verdict.blame);
            ProblemKind { status: verdict.status.as_u16(), code, type_uri: type_uri(code), title, blame, meaning: meaning(error) }
        })
        .collect();
    kinds.sort_by_key(|kind| (kind.status, kind.code));
    kinds
}

/// The table of the README, in Markdown.
pub fn markdown() -> String {
    let mut table = String::from("| status | code | type | blame | meaning |\n|---|---|---|---|---|\n");
    for ProblemKind { status, code, type_uri, blame, meaning, .. } in kinds() {
        let blame = match blame {
            Blame::Client => "client",
            Blame::Origin => "origin",
            Blame::Gateway => "gateway",
        };
        let _ = writeln!(table, "| {status} | `{code}` | `{type_uri}` | {blame} | {meaning} |");
    }
    table
}

/// One error of every variant.
fn samples() -> Vec<GatewayError> {
    let log = String::new;
    let violation = || Box::new(Violation::new("body", "", "", ""));
    let window = WindowStanding { name: String::new(), quota: 1, window_s: 1, remaining: 0, reset_s: 1, exceeded: true, retry_after_s: 1 };
    vec![
        GatewayError::bad_request(""),
        GatewayError::RouteNotFound,
        GatewayError::MethodNotAllowed { allow: vec![Method::GET] },
        GatewayError::Misdirected,
        GatewayError::Unauthenticated { challenges: vec![Challenge::default()], log: log() },
        GatewayError::CredentialUnknown { challenges: vec![], log: log() },
        GatewayError::CredentialExpired { challenges: vec![], log: log() },
        GatewayError::CredentialDisabled { challenges: vec![], log: log() },
        GatewayError::CredentialNotAllowed { detail: "", log: log() },
        GatewayError::CredentialsUnclear { challenge: Box::default(), log: log() },
        GatewayError::Forbidden { challenge: None, detail: "", log: log() },
        GatewayError::AddressDenied { log: log() },
        GatewayError::BotDenied { log: log() },
        GatewayError::LoginFailed { detail: "", log: log() },
        GatewayError::CrossSite { log: log() },
        GatewayError::Attack { log: log() },
        GatewayError::RateLimited { standing: Box::new(Standing { windows: vec![window], announced: true }) },
        GatewayError::TooManyFailures { retry_after_ms: 0, log: log() },
        GatewayError::BodyTooLarge { max: 0 },
        GatewayError::BodyMalformed { violation: violation() },
        GatewayError::BodyOverLimit { violation: violation() },
        GatewayError::UnsupportedCoding { accept: "" },
        GatewayError::UnsupportedMedia { accept: Vec::new(), detail: "" },
        GatewayError::RequestInvalid { violations: Vec::new() },
        GatewayError::BodyInvalid { violations: Vec::new() },
        GatewayError::ResponseInvalid { log: log() },
        GatewayError::ResponseWithheld { log: log() },
        GatewayError::BodyTooSlow,
        GatewayError::HeadersTooLarge { detail: String::new() },
        GatewayError::TargetTooLong { max: 0 },
        GatewayError::OriginUnreachable { log: log() },
        GatewayError::OriginTimeout { log: log() },
        GatewayError::Loop,
        GatewayError::NotCached,
        GatewayError::PolicyUnavailable { policy: String::new(), log: log() },
        GatewayError::Misconfigured { log: log() },
        GatewayError::ConditionFailed { log: log() },
        GatewayError::Internal { log: log() },
    ]
}

fn meaning(error: &GatewayError) -> &'static str {
    match error {
        GatewayError::BadRequest { .. } => "The URL or a header field cannot be right; `detail` says which.",
        GatewayError::RouteNotFound => "No route has this path. Check its spelling.",
        GatewayError::MethodNotAllowed { .. } => "The path is right, the method is not; `Allow` lists those that are.",
        GatewayError::Misdirected => "No route is for this host.",
        GatewayError::Unauthenticated { .. } => "There is no token, or it does not hold; `WWW-Authenticate` says more (RFC 6750).",
        GatewayError::CredentialUnknown { .. } => "The key, or the certificate, is nobody's here, or was mistyped.",
        GatewayError::CredentialExpired { .. } => "The key, the user or the certificate is right, and its time is over or has not come.",
        GatewayError::CredentialDisabled { .. } => "The key, the user or the certificate is right, and it or its consumer was disabled.",
        GatewayError::CredentialNotAllowed { .. } => "The key, the user or the certificate is right, and not for this path.",
        GatewayError::CredentialsUnclear { .. } => "The request has more than one token; send exactly one (RFC 6750 section 3.1).",
        GatewayError::Forbidden { .. } => "The caller is known and lacks a right; `WWW-Authenticate` names the scope, where one would do.",
        GatewayError::AddressDenied { .. } => "The client's address, or the place or network that it is in, is not let in.",
        GatewayError::BotDenied { .. } => "The request is a crawler's, a scanner's or another program's that is kept out here.",
        GatewayError::LoginFailed { .. } => "A login came back in a way that cannot be trusted, or the provider refused it. Begin again.",
        GatewayError::CrossSite { .. } => "The request may have been forged by a page of another site; browsers say where one comes from.",
        GatewayError::Attack { .. } => "The request looks like an attack. Give its id to whoever runs the API where it is none.",
        GatewayError::RateLimited { .. } => "A limit is used up: `violated-policies` names it, `Retry-After` says when to come again.",
        GatewayError::TooManyFailures { .. } => {
            "Too many proofs of identity have failed, from this address or for this account; `Retry-After` says when to come again."
        }
        GatewayError::BodyTooLarge { .. } => "The body is larger than the route allows.",
        GatewayError::BodyMalformed { .. } => {
            "The body is not what its type says: broken JSON or XML, a member name twice, not UTF-8; `violations` has the place."
        }
        GatewayError::BodyOverLimit { .. } => "The body is too deep, long or wide: `violations` has the limit's name and the place.",
        GatewayError::UnsupportedCoding { .. } => "The body's `Content-Encoding` is not taken; `Accept-Encoding` lists those that are.",
        GatewayError::UnsupportedMedia { .. } => "The body's type is not taken; `Accept` lists the types that are.",
        GatewayError::RequestInvalid { .. } => {
            "Parameters break rules of the API: `violations` has each place, the rule and what would be right."
        }
        GatewayError::BodyInvalid { .. } => {
            "The body breaks rules of the API: `violations` has each place (JSON Pointer), the rule and what would be right."
        }
        GatewayError::ResponseInvalid { .. } => "The origin's answer breaks rules of the API; the record names them.",
        GatewayError::ResponseWithheld { .. } => "The origin's answer has what may not leave, or cannot be looked into.",
        GatewayError::BodyTooSlow => "The body came too slowly and was broken off. The origin may have seen its beginning.",
        GatewayError::HeadersTooLarge { .. } => "The header fields are larger or more than the gateway allows; `detail` says which.",
        GatewayError::TargetTooLong { .. } => "Path and query are longer than the gateway allows.",
        GatewayError::OriginUnreachable { .. } => "The origin refused the connection, broke it, or did not speak HTTP. Try again later.",
        GatewayError::OriginTimeout { .. } => "The origin did not answer in time. Whether it acted is not known.",
        GatewayError::Loop => "An origin leads back to this gateway.",
        GatewayError::NotCached => "The request asked for a stored response or none (`only-if-cached`), and none is fresh enough.",
        GatewayError::PolicyUnavailable { .. } => "A check depends on something that is down; without it the request is not let through.",
        GatewayError::ConditionFailed { .. } => {
            "A condition reads something that this request lacks; the record says what. `has(...)` would ask first."
        }
        GatewayError::Misconfigured { .. } => "A variable or a secret is missing in the deployment; the record names it.",
        GatewayError::Internal { .. } => "A fault of the gateway; the record says more.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_variant_has_a_sample_and_a_code_of_its_own() {
        let source = include_str!("../error.rs");
        let body = source.split("pub enum GatewayError {").nth(1).unwrap().split("\n}").next().unwrap();
        let variants = body.lines().filter(|line| line.starts_with("    ") && line.trim_start().starts_with(char::is_uppercase)).count();
        assert_eq!(samples().len(), variants);
        let codes: BTreeSet<_> = kinds().iter().map(|kind| kind.code).collect();
        assert_eq!(codes.len(), variants);
    }

    #[test]
    fn the_table_has_a_row_for_every_kind() {
        let table = markdown();
        assert_eq!(table.lines().count(), kinds().len() + 2);
        assert!(table.contains("| 404 | `route-not-found` | `urn:archway:problem:route-not-found` | client |"), "{table}");
    }
}
