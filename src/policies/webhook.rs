//! Establishes that a webhook is its sender's, or refuses (401).
//!
//! What is too old is refused before its body is read; the body that was verified is the one that goes on.

use super::consumer;
use super::guessing::{self, Cost};
use super::prelude::*;
use super::reading::every_byte;
use crate::auth::identity::Identity;
use crate::auth::webhook::{Keys, Refusal, Scheme, hold, read};
use crate::error::Challenge;

mod checked;
#[cfg(test)]
mod tests;
mod written;

pub use written::Config;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { identity: true, subrequests: 1, ..Facts::of("webhook") };

const NOT_VALID: &str = "The webhook's signature does not hold, is too old, or was used before.";

/// The compiled policy.
pub struct Webhook {
    id: String,
    realm: String,
    scheme: Scheme,
    keys: Keys,
    identity: Identity,
    max_age_ms: u64,
    max_body: u64,
    replay: bool,
}

impl Webhook {
    /// # Errors
    /// Where the scheme or its keys cannot work; see the field's own text.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let scheme = checked::scheme(&config)?;
        compiler.needs.consumers.extend(config.consumer.iter().map(|name| ("consumer".to_owned(), name.clone())));
        let keys = checked::keys(&config, compiler)?;
        Ok(Self {
            id: compiler.id.to_owned(),
            realm: compiler.realm.to_owned(),
            identity: checked::identity(&config),
            scheme,
            keys,
            max_age_ms: config.max_age.ms(),
            max_body: config.max_body.bytes(),
            replay: config.replay,
        })
    }

    fn refuse(&self, reason: &str, absent: bool) -> GatewayError {
        GatewayError::Unauthenticated { challenges: vec![self.challenge(absent)], log: format!("{}: {reason}", self.id) }
    }

    fn challenge(&self, absent: bool) -> Challenge {
        let (error, description) = if absent { (None, None) } else { (Some("invalid_signature"), Some(NOT_VALID)) };
        Challenge { scheme: "Signature", realm: self.realm.clone(), error, description, ..Challenge::default() }
    }

    fn refusal(&self, refusal: &Refusal) -> GatewayError {
        self.refuse(&refusal.to_string(), matches!(refusal, Refusal::Absent(_)))
    }
}

#[async_trait(?Send)]
impl Policy for Webhook {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let head =
            read(&self.scheme, &request.headers, self.max_age_ms, cx.ports.clock.now_ms()).map_err(|refusal| self.refusal(&refusal))?;
        guessing::attempt(cx, &self.id, FACTS.name, None, Cost::Little).await?;
        let body = every_byte(cx, request, self.max_body).await?;
        let once = hold(&self.scheme, &head, &self.keys, &body).map_err(|refusal| self.refusal(&refusal))?;
        cx.attempts.excuse();
        if let Some(until_ms) = head.until_ms.filter(|_| !self.replay) {
            match cx.ports.replay.first_time(&self.id, &once, until_ms).await {
                Ok(true) => {}
                Ok(false) => return Err(self.refuse("it was used before", false)),
                Err(error) => return Err(GatewayError::PolicyUnavailable { policy: self.id.clone(), log: error.to_string() }),
            }
        }
        let which = format!("webhook of {}", self.identity.subject);
        cx.identity = Some(consumer::of_consumer(&self.id, cx, &self.identity, which, vec![self.challenge(false)]).await?);
        Ok(Flow::Next)
    }

    fn asks(&self) -> Vec<Challenge> {
        vec![self.challenge(true)]
    }
}
