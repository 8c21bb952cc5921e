//! Establishes who is calling from a JSON Web Token, or refuses (RFC 7519, RFC 6750, RFC 8725).
//!
//! The answers: no token, 401 with a bare challenge; a token that does not hold, 401 `invalid_token`; two tokens, 400
//! `invalid_request`; a scope that is missing, 403 `insufficient_scope`; no keys to be had, 503. Why a token does not hold
//! stands in the record, never in the answer; the token itself stands in neither.

use std::cell::RefCell;

use super::bearer::{Bearer, Found, Written};
use super::consumer::Claimed;
use super::guessing::{self, Cost};
use super::prelude::*;
use crate::auth::claims::Rules;
use crate::auth::identity::Identity;
use crate::auth::refusal::Refusal;
use crate::auth::token::Token;
use crate::auth::verified::{Digest, Verified};
use crate::auth::verify::{claimed_issuer, verify};
use crate::error::Challenge;

mod checked;
pub(crate) mod key_source;
pub(crate) mod revoked;
#[cfg(test)]
mod tests;
pub(crate) mod written;

use key_source::{KeySource, Known};
use revoked::Revoked;
pub use written::{Config, MapConfig};

/// What the registry knows of it.
pub const FACTS: Facts = Facts { identity: true, subrequests: 3, ..Facts::of("jwt") };

/// The compiled policy.
pub struct Jwt {
    bearer: Bearer,
    issuers: Vec<Issuer>,
    revoked: Option<Revoked>,
}

/// Whose tokens are taken, by which keys and under which rules, with this isolate's memory of those that hold.
struct Issuer {
    keys: KeySource,
    rules: Rules,
    consumer: Option<Claimed>,
    verified: RefCell<Verified>,
}

impl Jwt {
    /// # Errors
    /// Where the issuers, the keys, the places, the claims or the periods cannot work; see the field's own text.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let entries = checked::entries(&config)?;
        let written = Written {
            token: &config.token,
            scopes: &config.scopes,
            forward: &config.forward,
            strip: config.strip,
            bound: config.bound.as_ref(),
        };
        let revoked = config.revocations.as_ref().map(Revoked::compile).transpose()?;
        let bearer = Bearer::compile(written, compiler)?;
        Ok(Self { bearer, issuers: checked::issuers(entries, compiler)?, revoked })
    }

    /// Who the token belongs to, and whose it is: from memory, or by verifying it now.
    async fn prove(&self, cx: &mut Exchange<'_>, found: &Found) -> Result<(Identity, &Issuer), GatewayError> {
        let token = found.token.as_str();
        let digest = Digest::of(token);
        if !self.issuers.iter().any(|issuer| issuer.verified.borrow().has(&digest)) {
            guessing::attempt(cx, &self.bearer.id, FACTS.name, None, Cost::Little).await?;
        }
        let not_valid = |refusal: Refusal| {
            let foreign = matches!(refusal, Refusal::NotThreeParts | Refusal::WrongIssuer);
            self.bearer.not_valid(found, refusal, foreign)
        };
        let issuer = self.issuer_of(&digest, token).map_err(not_valid)?;
        let keys = match issuer.keys.current(cx.ports).await {
            Ok(keys) => keys,
            Err(log) => {
                Token::parse(token).map_err(not_valid)?;
                return Err(GatewayError::PolicyUnavailable { policy: self.bearer.id.clone(), log });
            }
        };
        if let Some(failure) = &keys.failure {
            cx.record.note(format!("{}: the keys could not be renewed, the last good ones are used: {failure}", self.bearer.id));
        }
        if let Some(identity) = issuer.verified.borrow().recall(&digest, keys.generation, cx.ports.clock.now_ms()) {
            return Ok((identity.clone(), issuer));
        }
        let proved = match issuer.try_keys(&keys, digest, token, cx.ports.clock.now_ms()) {
            Err(refusal) if refusal.newer_keys_may_help() => match issuer.keys.newer(&keys, cx.ports).await {
                Some(newer) => issuer.try_keys(&newer, digest, token, cx.ports.clock.now_ms()),
                None => Err(refusal),
            },
            other => other,
        };
        if proved.as_ref().is_err_and(Refusal::is_of_its_time) {
            cx.attempts.excuse();
        }
        proved.map(|identity| (identity, issuer)).map_err(not_valid)
    }

    /// Looked at for every request, so that no memory of a verified token outlives its withdrawal.
    async fn check_withdrawn(&self, cx: &mut Exchange<'_>, found: &Found, identity: &Identity) -> Result<(), GatewayError> {
        let Some(revoked) = &self.revoked else { return Ok(()) };
        match revoked.withdraws(cx, identity).await {
            Ok(false) => Ok(()),
            Ok(true) => {
                cx.attempts.excuse();
                Err(self.bearer.not_valid(found, Refusal::Withdrawn, false))
            }
            Err(log) => Err(GatewayError::PolicyUnavailable { policy: self.bearer.id.clone(), log }),
        }
    }

    /// Whose rules the token is held against: by its own word, which they will have to confirm.
    fn issuer_of(&self, digest: &Digest, token: &str) -> Result<&Issuer, Refusal> {
        if let [only] = self.issuers.as_slice() {
            return Ok(only);
        }
        if let Some(known) = self.issuers.iter().find(|issuer| issuer.verified.borrow().has(digest)) {
            return Ok(known);
        }
        let index = claimed_issuer(token, self.issuers.iter().map(|issuer| &issuer.rules))?;
        self.issuers.get(index).ok_or(Refusal::WrongIssuer)
    }
}

impl Issuer {
    fn try_keys(&self, keys: &Known, digest: Digest, token: &str, now_ms: u64) -> Result<Identity, Refusal> {
        let proof = verify(token, &keys.set, &self.rules, now_ms)?;
        let identity = proof.identity.clone();
        self.verified.borrow_mut().remember(digest, token.len(), proof.identity, proof.until_ms, keys.generation, now_ms);
        Ok(identity)
    }
}

#[async_trait(?Send)]
impl Policy for Jwt {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let found = self.bearer.find(request)?;
        let (identity, issuer) = self.prove(cx, &found).await?;
        self.check_withdrawn(cx, &found, &identity).await?;
        self.bearer.accept(cx, request, &found, identity, issuer.consumer.as_ref()).await
    }

    fn asks(&self) -> Vec<Challenge> {
        self.bearer.asks()
    }
}
