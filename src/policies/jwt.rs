//! Establishes who is calling from a JSON Web Token, or refuses (RFC 7519, RFC 6750, RFC 8725).
//!
//! The answers: no token, 401 with a bare challenge; a token that does not hold, 401 `invalid_token`; two tokens, 400
//! `invalid_request`; a scope that is missing, 403 `insufficient_scope`; no keys to be had, 503. Why a token does not hold
//! stands in the record, never in the answer; the token itself stands in neither.

use std::cell::RefCell;

use super::credential::{self, Credential, Source};
use super::guessing::{self, Cost};
use super::prelude::*;
use crate::auth::identity::Identity;
use crate::auth::refusal::Refusal;
use crate::auth::token::Token;
use crate::auth::verified::{Digest, Verified};
use crate::auth::verify::verify;
use crate::error::Challenge;

mod checked;
mod forward;
pub(crate) mod key_source;
#[cfg(test)]
mod tests;
mod written;

use checked::Checked;
use key_source::Known;
pub use written::Config;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { identity: true, subrequests: 1, ..Facts::of("jwt") };

const NOT_VALID: &str = "The access token is malformed, has expired, or is not meant for this API.";
const MORE_THAN_ONE: &str = "The request must have exactly one access token, in one place.";
const SCOPE_MISSING: &str = "The access token does not have a scope that this needs.";

/// The compiled policy, with this isolate's memory of tokens that hold.
pub struct Jwt {
    id: String,
    realm: String,
    checked: Checked,
    verified: RefCell<Verified>,
}

impl Jwt {
    /// # Errors
    /// Where the keys, the places, the claims or the periods cannot work; see the field's own text.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let checked = checked::check(config, compiler)?;
        Ok(Self { id: compiler.id.to_owned(), realm: compiler.realm.to_owned(), checked, verified: RefCell::default() })
    }

    /// Who the token belongs to: from memory, or by verifying it now.
    async fn prove(&self, cx: &mut Exchange<'_>, token: &str) -> Result<Identity, GatewayError> {
        let keys = match self.checked.keys.current(cx.ports).await {
            Ok(keys) => keys,
            Err(log) => {
                Token::parse(token).map_err(|refusal| self.not_valid(&refusal))?;
                return Err(GatewayError::PolicyUnavailable { policy: self.id.clone(), log });
            }
        };
        if let Some(failure) = &keys.failure {
            cx.record.note(format!("{}: the keys could not be renewed, the last good ones are used: {failure}", self.id));
        }
        let digest = Digest::of(token);
        if let Some(identity) = self.verified.borrow().recall(&digest, keys.generation, cx.ports.clock.now_ms()) {
            return Ok(identity.clone());
        }
        guessing::attempt(cx, &self.id, FACTS.name, None, Cost::Little).await?;
        match self.try_keys(&keys, digest, token, cx.ports.clock.now_ms()) {
            Err(refusal) if refusal.newer_keys_may_help() => {
                let Some(newer) = self.checked.keys.newer(&keys, cx.ports).await else { return Err(self.not_valid(&refusal)) };
                self.try_keys(&newer, digest, token, cx.ports.clock.now_ms()).map_err(|refusal| self.not_valid(&refusal))
            }
            other => other.map_err(|refusal| self.not_valid(&refusal)),
        }
    }

    fn try_keys(&self, keys: &Known, digest: Digest, token: &str, now_ms: u64) -> Result<Identity, Refusal> {
        let proof = verify(token, &keys.set, &self.checked.rules, now_ms)?;
        let identity = proof.identity.clone();
        self.verified.borrow_mut().remember(digest, token.len(), proof.identity, proof.until_ms, keys.generation, now_ms);
        Ok(identity)
    }

    fn check_scopes(&self, identity: &Identity) -> Result<(), GatewayError> {
        let Some(missing) = self.checked.scopes.iter().find(|scope| !identity.scopes.contains(scope)) else { return Ok(()) };
        let challenge = Challenge {
            realm: self.realm.clone(),
            error: Some("insufficient_scope"),
            description: Some(SCOPE_MISSING),
            scope: Some(self.checked.scopes.join(" ")),
            ..Challenge::default()
        };
        let log = format!("{}: the token lacks the scope {missing}", self.id);
        Err(GatewayError::Forbidden { challenge: Some(Box::new(challenge)), detail: SCOPE_MISSING, log })
    }

    fn challenge(&self, error: Option<&'static str>, description: Option<&'static str>) -> Challenge {
        Challenge { realm: self.realm.clone(), error, description, ..Challenge::default() }
    }

    fn not_valid(&self, refusal: &Refusal) -> GatewayError {
        let foreign = *refusal == Refusal::NotThreeParts;
        let challenge = Challenge { foreign, ..self.challenge(Some("invalid_token"), Some(NOT_VALID)) };
        GatewayError::Unauthenticated { challenges: vec![challenge], log: format!("{}: {refusal}", self.id) }
    }

    fn strips(&self, source: &Source) -> bool {
        self.checked.strip.unwrap_or(matches!(source, Source::Cookie(_) | Source::Query(_)))
    }
}

#[async_trait(?Send)]
impl Policy for Jwt {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let (source, token) = match credential::find(request, &self.checked.sources) {
            Credential::One(source, token) => (source, token),
            Credential::None => {
                let log = format!("{}: the request has no token", self.id);
                return Err(GatewayError::Unauthenticated { challenges: vec![self.challenge(None, None)], log });
            }
            Credential::Unclear(reason) => {
                let challenge = self.challenge(Some("invalid_request"), Some(MORE_THAN_ONE));
                return Err(GatewayError::CredentialsUnclear { challenge: Box::new(challenge), log: format!("{}: {reason}", self.id) });
            }
        };
        let identity = self.prove(cx, &token).await?;
        let allowed = self.check_scopes(&identity);
        let omitted = forward::apply(&self.checked.forwards, &identity, request);
        if !omitted.is_empty() {
            cx.record.note(format!("{}: a header field cannot carry {}", self.id, omitted.join(", ")));
        }
        if self.strips(&source) {
            credential::strip(request, &source);
        }
        cx.identity = Some(identity);
        allowed.map(|()| Flow::Next)
    }
}
