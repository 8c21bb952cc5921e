//! Establishes who is calling by several proofs at once.
//!
//! All of them must be there and hold. The identity is the first one's; where it has no consumer, it gets that of the first
//! proof that has one: a user's token first and an application's key behind it make the user, calling with that application.
//! Scopes, roles and groups are the first one's alone.

use super::nested::{self, Nested, NestedConfig};
use super::prelude::*;
use crate::auth::identity::Identity;
use crate::error::Challenge;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { identity: true, ..Facts::of("all_of") };

const NOT_ONE_CALLER: &str = "The proofs of who is calling do not belong to one consumer.";

/// `{ all_of = ["signed_in", "application"] }`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The proofs, in order.
    #[serde(default)]
    pub policies: Vec<NestedConfig>,
    /// Whether every proof must belong to one and the same consumer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub same_consumer: bool,
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Config {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        FACTS.name.into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let about = "`{ all_of = [\"signed_in\", \"application\"] }`\n\nA list, or a table with the list in `policies`. The identity is that of \
                     the first; where it has no consumer, it gets that of the first proof that has one.";
        let same = "Whether every proof must belong to a consumer, and all to the same one; else 403.";
        let more = serde_json::json!({ "same_consumer": { "description": same, "type": "boolean", "default": false } });
        nested::schema(about, more, generator)
    }
}

/// The proofs.
pub struct AllOf {
    id: String,
    proofs: Vec<Nested>,
    same_consumer: bool,
}

impl AllOf {
    /// # Errors
    /// Where a proof cannot be compiled.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let proofs = nested::compile(&config.policies, compiler)?;
        Ok(Self { id: compiler.id.to_owned(), proofs, same_consumer: config.same_consumer })
    }

    fn joined(&self, identities: Vec<Identity>) -> Result<Option<Identity>, GatewayError> {
        let consumer = identities.iter().find_map(|identity| identity.consumer.clone());
        if self.same_consumer && (consumer.is_none() || identities.iter().any(|identity| identity.consumer != consumer)) {
            let log = format!("{}: the proofs belong to {}", self.id, consumers(&identities));
            return Err(GatewayError::Forbidden { challenge: None, detail: NOT_ONE_CALLER, log });
        }
        Ok(identities.into_iter().next().map(|identity| Identity { consumer, ..identity }))
    }
}

fn consumers(identities: &[Identity]) -> String {
    let names = identities.iter().map(|identity| identity.consumer.as_deref().unwrap_or("no consumer"));
    names.collect::<Vec<_>>().join(" and ")
}

#[async_trait(?Send)]
impl Policy for AllOf {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        if let Some(proof) = nested::owner(&self.proofs, cx, request) {
            cx.proofs.push(proof.id.clone());
            return proof.policy.on_request(cx, request).await;
        }
        let mut identities = Vec::with_capacity(self.proofs.len());
        let mark = cx.attempts.mark();
        let mut missing = Vec::new();
        let mut foreign = Vec::new();
        for proof in &self.proofs {
            cx.attempts.begin();
            match proof.policy.on_request(cx, request).await {
                Ok(Flow::Next) => identities.extend(cx.identity.take()),
                Ok(answer) => {
                    cx.proofs.push(proof.id.clone());
                    return Ok(answer);
                }
                Err(error) if error.is_absent() && !cx.attempts.made() => missing.push(error),
                Err(error @ GatewayError::CredentialUnknown { .. }) if error.is_foreign() => foreign.push((proof, error)),
                Err(error) => return Err(error),
            }
            cx.proofs.push(proof.id.clone());
        }
        for (proof, error) in foreign {
            if identities.is_empty() {
                return Err(error);
            }
            // The Bearer token may be that of another proof, which holds: a key of which nothing is there was not guessed.
            missing.push(GatewayError::Unauthenticated { challenges: proof.policy.asks(), log: error.verdict().log });
        }
        if !missing.is_empty() {
            // What was there was right: another way may be tried, and nothing was guessed.
            cx.attempts.begin();
            cx.attempts.excuse_since(mark);
            let log = missing.iter().map(|error| error.verdict().log).collect::<Vec<_>>().join("; ");
            let challenges = missing.into_iter().flat_map(GatewayError::into_challenges).collect();
            return Err(GatewayError::Unauthenticated { challenges, log });
        }
        cx.identity = self.joined(identities)?;
        Ok(Flow::Next)
    }

    async fn on_response(&self, cx: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
        for proof in self.proofs.iter().rev() {
            if cx.proofs.contains(&proof.id) {
                proof.policy.on_response(cx, response).await?;
            }
        }
        Ok(())
    }

    fn asks(&self) -> Vec<Challenge> {
        nested::asks(self.proofs.iter())
    }

    fn owns(&self, path: &str) -> bool {
        self.proofs.iter().any(|proof| proof.policy.owns(path))
    }
}

#[cfg(test)]
mod tests;
