//! Establishes who is calling from a signature over the request, or refuses (401; RFC 9421, RFC 9530).
//!
//! The target is the one that the client sent, in its normal form, whatever earlier policies made of it; the header fields are those
//! that go on; the body is read before the origin sees any of it, and what was read is what goes on.

use std::collections::BTreeMap;

use super::consumer;
use super::guessing::{self, Cost};
use super::prelude::*;
use super::reading::{broken, every_byte};
use crate::auth::content_digest;
use crate::auth::identity::Identity;
use crate::auth::message_signature::base::combined;
use crate::auth::message_signature::{Message, Proof, Refusal, Rules, TrustedKey, verify};
use crate::error::Challenge;

mod checked;
#[cfg(test)]
mod tests;
mod written;

pub use written::{Config, Encoding};

/// What the registry knows of it.
pub const FACTS: Facts = Facts { identity: true, subrequests: 1, ..Facts::of("signature") };

const NOT_VALID: &str = "The request's signature does not hold, does not cover enough, is too old, or was used before.";
const ACCEPT_SIGNATURE: HeaderName = HeaderName::from_static("accept-signature");

/// The compiled policy.
pub struct Signature {
    id: String,
    realm: String,
    rules: Rules,
    keys: BTreeMap<String, TrustedKey>,
    identities: BTreeMap<String, Identity>,
    replay: bool,
    unsigned_body: bool,
    max_body: u64,
    /// What clients are told that a signature must be like (RFC 9421 section 5.1).
    asks: Option<HeaderValue>,
}

impl Signature {
    /// # Errors
    /// Where the keys, the components or the periods cannot work; see the field's own text.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let rules = checked::rules(&config)?;
        let asks = asks(&rules, &config);
        let (keys, identities) = checked::keys(&config, compiler)?;
        Ok(Self {
            id: compiler.id.to_owned(),
            realm: compiler.realm.to_owned(),
            rules,
            keys,
            identities,
            replay: config.replay,
            unsigned_body: config.unsigned_body,
            max_body: config.max_body.bytes(),
            asks: HeaderValue::try_from(asks).ok(),
        })
    }

    fn refuse(&self, cx: &mut Exchange<'_>, reason: &str, absent: bool) -> GatewayError {
        if let Some(asks) = &self.asks {
            cx.reply_headers.push((ACCEPT_SIGNATURE, asks.clone()));
        }
        GatewayError::Unauthenticated { challenges: vec![self.challenge(absent)], log: format!("{}: {reason}", self.id) }
    }

    fn challenge(&self, absent: bool) -> Challenge {
        let (error, description) = if absent { (None, None) } else { (Some("invalid_signature"), Some(NOT_VALID)) };
        Challenge { scheme: "Signature", realm: self.realm.clone(), error, description, ..Challenge::default() }
    }

    /// Holds the body against the digest that was signed.
    async fn check_body(&self, cx: &Exchange<'_>, proof: &Proof, request: &mut Request) -> Result<Result<(), &'static str>, GatewayError> {
        if !proof.covers_digest {
            let bare = self.unsigned_body || request.content_length() == Some(0) || request.body.peek(0).await.map_err(broken)?.whole;
            return Ok(if bare { Ok(()) } else { Err("it does not cover content-digest, and the request has a body") });
        }
        let body = every_byte(cx, request, self.max_body).await?;
        match combined(&request.headers, "content-digest") {
            Some(Ok(field)) => Ok(content_digest::verify(&field, &body)),
            _ => Ok(Err("Content-Digest cannot be read")),
        }
    }
}

fn asks(rules: &Rules, config: &Config) -> String {
    let mut components: Vec<String> = rules.covered.iter().map(|coverage| format!("\"{coverage}\"")).collect();
    if !config.unsigned_body && !config.covered.iter().any(|name| name == "content-digest") {
        components.push("\"content-digest\"".to_owned());
    }
    let nonce = if rules.nonce { ";nonce" } else { "" };
    let tag = rules.tag.as_deref().map(|tag| format!(";tag={}", crate::http::structured::Bare::String(tag.to_owned()))).unwrap_or_default();
    format!("sig=({});created;keyid{nonce}{tag}", components.join(" "))
}

#[async_trait(?Send)]
impl Policy for Signature {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        if request.headers.contains_key("signature") {
            guessing::attempt(cx, &self.id, FACTS.name, None, Cost::Little).await?;
        }
        let target = cx.target.clone().unwrap_or_else(|| request.target.clone());
        let method = cx.method.clone();
        let message = Message { method: method.as_str(), target: &target, headers: &request.headers };
        let proof = match verify(&message, &self.keys, &self.rules, cx.ports.clock.now_ms()) {
            Ok(proof) => proof,
            Err(refusal) => {
                if !refusal.is_guess() {
                    cx.attempts.excuse();
                }
                return Err(self.refuse(cx, &refusal.to_string(), refusal == Refusal::Absent));
            }
        };
        cx.attempts.excuse();
        if let Err(reason) = self.check_body(cx, &proof, request).await? {
            return Err(self.refuse(cx, reason, false));
        }
        if !self.replay {
            match cx.ports.replay.first_time(&self.id, &proof.once, proof.until_ms).await {
                Ok(true) => {}
                Ok(false) => return Err(self.refuse(cx, "it was used before", false)),
                Err(error) => return Err(GatewayError::PolicyUnavailable { policy: self.id.clone(), log: error.to_string() }),
            }
        }
        let Some(identity) = self.identities.get(&proof.keyid) else { return Err(self.refuse(cx, "the key is nobody's", false)) };
        let which = format!("key {}", proof.keyid);
        cx.identity = Some(consumer::of_consumer(&self.id, cx, identity, which, vec![self.challenge(false)]).await?);
        Ok(Flow::Next)
    }

    fn asks(&self) -> Vec<Challenge> {
        vec![self.challenge(true)]
    }
}
