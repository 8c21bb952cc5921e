//! What the policies for access tokens share: where a token stands in a request, what becomes of it there, which scopes it must
//! have, what the origin learns of it, and how a request without a good one is answered (RFC 6750).

use std::collections::BTreeMap;
use std::fmt;

use super::credential::{self, Credential, Source};
use super::prelude::*;
use crate::auth::identity::Identity;
use crate::error::Challenge;

pub mod forward;

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
        })
    }

    /// The request's one token, and where it stands.
    ///
    /// # Errors
    /// 401 with a bare challenge where there is none, 400 `invalid_request` where there are two.
    pub fn find(&self, request: &Request) -> Result<(Source, String), GatewayError> {
        match credential::find(request, &self.sources) {
            Credential::One(source, token) => Ok((source, token)),
            Credential::None => {
                let log = format!("{}: the request has no token", self.id);
                Err(GatewayError::Unauthenticated { challenges: vec![self.challenge(None, None)], log })
            }
            Credential::Unclear(reason) => {
                let challenge = self.challenge(Some("invalid_request"), Some(MORE_THAN_ONE));
                Err(GatewayError::CredentialsUnclear { challenge: Box::new(challenge), log: format!("{}: {reason}", self.id) })
            }
        }
    }

    /// Goes on with the identity of a token that holds: the origin is told, the token stripped, the scopes asked for.
    ///
    /// # Errors
    /// 403 `insufficient_scope`.
    pub fn accept(&self, cx: &mut Exchange<'_>, request: &mut Request, source: &Source, identity: Identity) -> Result<Flow, GatewayError> {
        let allowed = self.check_scopes(&identity);
        let omitted = forward::apply(&self.forwards, &identity, request);
        if !omitted.is_empty() {
            cx.record.note(format!("{}: a header field cannot carry {}", self.id, omitted.join(", ")));
        }
        if self.strip.unwrap_or(matches!(source, Source::Cookie(_) | Source::Query(_))) {
            credential::strip(request, source);
        }
        cx.identity = Some(identity);
        allowed.map(|()| Flow::Next)
    }

    /// 401 `invalid_token`; why stands in the record alone. See [`Challenge::foreign`].
    pub fn not_valid(&self, reason: impl fmt::Display, foreign: bool) -> GatewayError {
        let challenge = Challenge { foreign, ..self.challenge(Some("invalid_token"), Some(NOT_VALID)) };
        GatewayError::Unauthenticated { challenges: vec![challenge], log: format!("{}: {reason}", self.id) }
    }

    fn check_scopes(&self, identity: &Identity) -> Result<(), GatewayError> {
        let Some(missing) = self.scopes.iter().find(|scope| !identity.scopes.contains(scope)) else { return Ok(()) };
        let challenge = Challenge { scope: Some(self.scopes.join(" ")), ..self.challenge(Some("insufficient_scope"), Some(SCOPE_MISSING)) };
        let log = format!("{}: the token lacks the scope {missing}", self.id);
        Err(GatewayError::Forbidden { challenge: Some(Box::new(challenge)), detail: SCOPE_MISSING, log })
    }

    fn challenge(&self, error: Option<&'static str>, description: Option<&'static str>) -> Challenge {
        Challenge { realm: self.realm.clone(), error, description, ..Challenge::default() }
    }
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
