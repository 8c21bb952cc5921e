//! What the policies for access tokens share: where a token stands in a request, what becomes of it there, which scopes it must
//! have, what the origin learns of it, and how a request without a good one is answered (RFC 6750).

use std::collections::BTreeMap;
use std::fmt;

use super::consumer::Claimed;
use super::credential::{self, Credential, Source};
use super::prelude::*;
use crate::auth::identity::Identity;
use crate::error::Challenge;
use crate::http::header;

pub mod bound;
pub mod forward;

use bound::{Bound, BoundConfig, Unbound};
use forward::Forward;

const NOT_VALID: &str = "The access token is malformed, has expired, or is not meant for this API.";
const MORE_THAN_ONE: &str = "The request must have exactly one access token, in one place.";
const SCOPE_MISSING: &str = "The access token does not have a scope that this needs.";

/// What is written of all this in a policy's table, under the same names.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// Where the token may stand.
    pub token: &'a [Source],
    /// Scopes that it must have.
    pub scopes: &'a [String],
    /// Claims by the header field that tells the origin of them.
    pub forward: &'a BTreeMap<String, String>,
    /// Whether the token is taken out of the request.
    pub strip: Option<bool>,
    /// What it may be bound to.
    pub bound: Option<&'a BoundConfig>,
}

/// A token as a request carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The token itself.
    pub token: String,
    source: Source,
    /// Whether it came as `Authorization: DPoP ...`.
    dpop: bool,
}

/// The compiled part of a policy that deals with the request.
pub struct Bearer {
    /// The policy's id, for the record.
    pub id: String,
    realm: String,
    sources: Vec<Source>,
    strip: Option<bool>,
    scopes: Vec<String>,
    forwards: Vec<Forward>,
    bound: Option<Bound>,
}

impl Bearer {
    /// # Errors
    /// Where the places, the scopes or the header fields cannot work; see the field's own text.
    pub fn compile(written: Written<'_>, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        credential::check(written.token, "token")?;
        check_scopes(written.scopes)?;
        credential::redact(written.token, compiler);
        let read_by_name =
            |name: &str| written.token.iter().any(|source| matches!(source, Source::Header(h) if h.eq_ignore_ascii_case(name)));
        let mut forwards = Vec::new();
        for (name, claim) in written.forward {
            if read_by_name(name) {
                let message = "the token is read from this field; take another one for the claim";
                return Err(ConfigError::at(format!("forward.{name}"), message));
            }
            forwards.push(Forward::compile(name, claim, compiler)?);
        }
        Ok(Self {
            id: compiler.id.to_owned(),
            realm: compiler.realm.to_owned(),
            sources: written.token.to_vec(),
            strip: written.strip,
            scopes: written.scopes.to_vec(),
            forwards,
            bound: written.bound.map(|bound| Bound::compile(bound, compiler)).transpose()?,
        })
    }

    /// The request's one token.
    ///
    /// # Errors
    /// 401 with bare challenges where there is none, 400 `invalid_request` where there are two.
    pub fn find(&self, request: &Request) -> Result<Found, GatewayError> {
        let by_dpop = if self.bound.as_ref().is_some_and(|bound| bound.dpop) { dpop_token(request) } else { None };
        match (credential::find(request, &self.sources), by_dpop) {
            (Credential::One(source, token), None) => Ok(Found { token, source, dpop: false }),
            (Credential::None, Some(Ok(token))) => Ok(Found { token, source: Source::Bearer, dpop: true }),
            (Credential::None, None) => {
                let log = format!("{}: the request has no token", self.id);
                Err(GatewayError::Unauthenticated { challenges: self.asks(), log })
            }
            (Credential::Unclear(reason), _) | (Credential::None, Some(Err(reason))) => Err(self.unclear(reason)),
            (Credential::One(..), Some(_)) => Err(self.unclear("it has more than one token")),
        }
    }

    /// Goes on with the identity of a token that holds: what it is bound to is held against what the client has proved, the consumer
    /// that it names looked up, the origin told, the token stripped, the scopes asked for.
    ///
    /// # Errors
    /// 401 where the client has not proved what the token is bound to, or the token is not that of a consumer and must be; 403
    /// `insufficient_scope`; 503 where it cannot be told whether a proof was used before, or whose token it is.
    pub async fn accept(
        &self,
        cx: &mut Exchange<'_>,
        request: &mut Request,
        found: &Found,
        identity: Identity,
        consumer: Option<&Claimed>,
    ) -> Result<Flow, GatewayError> {
        match bound::check(self.bound.as_ref(), cx, request, &identity, &found.token, found.dpop, &self.id).await {
            Ok(()) => {}
            Err(Unbound::Token(reason)) => return Err(self.not_valid(found, reason, false)),
            Err(Unbound::Proof(error, description, log)) => {
                if error == "use_dpop_nonce" {
                    cx.attempts.excuse();
                }
                return Err(self.refused(found, error, description, log, false));
            }
            Err(Unbound::Outage(error)) => return Err(error),
        }
        let identity = match consumer {
            Some(claimed) => claimed.join(&self.id, cx, identity, || self.challenges(found, "invalid_token", NOT_VALID, false)).await?,
            None => identity,
        };
        let allowed = self.check_scopes(found, &identity);
        let omitted = forward::apply(&self.forwards, &identity, request);
        if !omitted.is_empty() {
            cx.record.note(format!("{}: a header field cannot carry {}", self.id, omitted.join(", ")));
        }
        if self.strip.unwrap_or(matches!(found.source, Source::Cookie(_) | Source::Query(_))) {
            credential::strip(request, &found.source);
            if found.dpop {
                request.headers.remove("dpop");
            }
        }
        cx.identity = Some(identity);
        allowed.map(|()| Flow::Next)
    }

    /// 401 `invalid_token`; why stands in the record alone. See [`Challenge::foreign`].
    pub fn not_valid(&self, found: &Found, reason: impl fmt::Display, foreign: bool) -> GatewayError {
        self.refused(found, "invalid_token", NOT_VALID, reason, foreign)
    }

    fn refused(
        &self,
        found: &Found,
        error: &'static str,
        description: &'static str,
        reason: impl fmt::Display,
        foreign: bool,
    ) -> GatewayError {
        let challenges = self.challenges(found, error, description, foreign);
        GatewayError::Unauthenticated { challenges, log: format!("{}: {reason}", self.id) }
    }

    /// How a token could be sent, the way it came first, with what was wrong with it.
    fn challenges(&self, found: &Found, error: &'static str, description: &'static str, foreign: bool) -> Vec<Challenge> {
        let mut challenges = self.asks();
        let scheme = if found.dpop { "DPoP" } else { "Bearer" };
        let own = challenges.iter().position(|challenge| challenge.scheme == scheme);
        let own = match own {
            Some(index) => challenges.remove(index),
            None => Challenge { realm: self.realm.clone(), ..Challenge::default() },
        };
        challenges.insert(0, Challenge { error: Some(error), description: Some(description), foreign, ..own });
        challenges
    }

    fn unclear(&self, reason: &str) -> GatewayError {
        let (error, description) = (Some("invalid_request"), Some(MORE_THAN_ONE));
        let challenge = Challenge { realm: self.realm.clone(), error, description, ..Challenge::default() };
        GatewayError::CredentialsUnclear { challenge: Box::new(challenge), log: format!("{}: {reason}", self.id) }
    }

    fn check_scopes(&self, found: &Found, identity: &Identity) -> Result<(), GatewayError> {
        let Some(missing) = self.scopes.iter().find(|scope| !identity.scopes.contains(scope)) else { return Ok(()) };
        let challenge = Challenge {
            scheme: if found.dpop { "DPoP" } else { "Bearer" },
            realm: self.realm.clone(),
            error: Some("insufficient_scope"),
            description: Some(SCOPE_MISSING),
            scope: Some(self.scopes.join(" ")),
            ..Challenge::default()
        };
        let log = format!("{}: the token lacks the scope {missing}", self.id);
        Err(GatewayError::Forbidden { challenge: Some(Box::new(challenge)), detail: SCOPE_MISSING, log })
    }

    /// Each way in which a token may come: as a plain one where that can be enough, and by DPoP.
    pub fn asks(&self) -> Vec<Challenge> {
        let by_dpop = self.bound.as_ref().and_then(|bound| bound.challenge(&self.realm));
        let plain = self.bound.as_ref().is_none_or(Bound::takes_plain);
        let plain = plain.then(|| Challenge { realm: self.realm.clone(), ..Challenge::default() });
        plain.into_iter().chain(by_dpop).collect()
    }
}

/// The token of `Authorization: DPoP TOKEN` (RFC 9449 section 7.1).
fn dpop_token(request: &Request) -> Option<Result<String, &'static str>> {
    let mut fields = request.headers.get_all(header::AUTHORIZATION).iter();
    let (first, more) = (fields.next()?, fields.next().is_some());
    let (scheme, token) = first.to_str().ok()?.split_once(' ')?;
    let token = scheme.eq_ignore_ascii_case("dpop").then(|| token.trim_matches(' ').to_owned())?;
    Some(if more { Err("it has more than one Authorization field") } else { Ok(token) })
}

/// RFC 6749 section 3.3.
fn check_scopes(scopes: &[String]) -> Result<(), ConfigError> {
    let fits = |scope: &String| !scope.is_empty() && scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    match scopes.iter().position(|scope| !fits(scope)) {
        Some(index) => {
            let message = "a scope is visible ASCII without spaces, quotes and backslashes; write several as several items";
            Err(ConfigError::at(format!("scopes.{index}"), message))
        }
        None => Ok(()),
    }
}
