//! What the policies share that know consumers: whom a policy lets in, what becomes of a right proof, and how the proofs that others
//! have made are a consumer's.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bearer::forward::{self, Forward};
use super::jwt::written::Names;
use crate::auth::consumer::{Consumer, Term, Unfit};
use crate::auth::identity::Identity;
use crate::config::compiler::{Compiler, ConfigError};
use crate::error::{Challenge, GatewayError};
use crate::exchange::Exchange;
use crate::http::Request;
use crate::ports::PortError;

/// Whom a policy lets in; everyone where nothing is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    consumers: Vec<String>,
    groups: Vec<String>,
}

impl Allowed {
    /// Takes the lists `consumers` and `groups` of a policy.
    ///
    /// # Errors
    /// Where a name is empty.
    pub fn compile(consumers: Vec<String>, groups: Vec<String>, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        for (field, list) in [("consumers", &consumers), ("groups", &groups)] {
            if let Some(index) = list.iter().position(String::is_empty) {
                return Err(ConfigError::at(format!("{field}.{index}"), "a name may not be empty"));
            }
        }
        for (index, name) in consumers.iter().enumerate() {
            compiler.needs.consumers.insert((format!("consumers.{index}"), name.clone()));
        }
        Ok(Self { consumers, groups })
    }

    /// # Errors
    /// [`GatewayError::CredentialNotAllowed`] where the consumer is not among them.
    pub fn check(&self, consumer: &Consumer, policy: &str) -> Result<(), GatewayError> {
        if consumer.is_among(&self.consumers, &self.groups) {
            return Ok(());
        }
        let log = format!("{policy}: {} is not among those let in here", consumer.name);
        Err(GatewayError::CredentialNotAllowed { detail: "The caller is known, and not among those let in here.", log })
    }
}

/// Header fields that tell the origin about the consumer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forwards(Vec<Forward>);

impl Forwards {
    /// Reads `forward`.
    ///
    /// # Errors
    /// Where a name is no header field's, or is not free for this.
    pub fn compile<'a>(
        forwards: impl IntoIterator<Item = (&'a String, &'a String)>,
        compiler: &mut Compiler<'_>,
    ) -> Result<Self, ConfigError> {
        forwards.into_iter().map(|(name, claim)| Forward::compile(name, claim, compiler)).collect::<Result<_, _>>().map(Self)
    }

    /// Sets them from the identity; whatever was there before is removed.
    pub fn apply(&self, policy: &str, identity: &Identity, cx: &mut Exchange<'_>, request: &mut Request) {
        let omitted = forward::apply(&self.0, identity, request);
        if !omitted.is_empty() {
            cx.record.note(format!("{policy}: a header field cannot carry {}", omitted.join(", ")));
        }
    }
}

/// A right proof, and how it is told about.
pub struct Right<'a> {
    /// The policy.
    pub policy: &'a str,
    /// Whose it is.
    pub consumer: &'a Consumer,
    /// When it holds.
    pub term: &'a Term,
    /// Which one, for the record: `key 4kqz...`; never the secret.
    pub which: String,
    /// What is said where its time is over.
    pub challenges: Vec<Challenge>,
}

impl Right<'_> {
    /// Writes down whose proof it is, and holds it to its time. The attempt was no guess.
    ///
    /// # Errors
    /// [`GatewayError::CredentialDisabled`] and [`GatewayError::CredentialExpired`].
    pub fn settle(self, cx: &mut Exchange<'_>) -> Result<(), GatewayError> {
        let Self { policy, consumer, term, which, challenges } = self;
        cx.attempts.excuse();
        let checked = term.check(consumer, cx.ports.clock.now_ms());
        let log = |why: &str| format!("{policy}: the {which} of {} {why}", consumer.name);
        let error = match checked {
            Ok(()) => None,
            Err(Unfit::Disabled) => Some(GatewayError::CredentialDisabled { log: log("is disabled"), challenges }),
            Err(Unfit::Expired) => Some(GatewayError::CredentialExpired { log: log("has expired"), challenges }),
            Err(Unfit::Early) => Some(GatewayError::CredentialExpired { log: log("does not hold yet"), challenges }),
        };
        cx.record.consumer = Some(consumer.name.clone());
        cx.record.credential = Some(which);
        error.map_or(Ok(()), Err)
    }
}

/// Whether a right proof must be a consumer's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// It must.
    #[default]
    Required,
    /// It need not.
    Optional,
}

impl Demand {
    /// Whether it must.
    pub fn is_required(&self) -> bool {
        *self == Self::Required
    }
}

/// The consumer that tokens name in a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    claims: Vec<String>,
    demand: Demand,
}

impl Claimed {
    /// Takes `consumer_claim` and `consumer` of a policy; nothing where tokens name no consumer.
    ///
    /// # Errors
    /// Where there is no claim that `consumer` could speak of.
    pub fn compile(claims: Option<&Names>, demand: Demand) -> Result<Option<Self>, ConfigError> {
        match claims {
            Some(Names(claims)) => Ok(Some(Self { claims: claims.clone(), demand })),
            None if demand.is_required() => Ok(None),
            None => Err(ConfigError::at("consumer", "whose? Write `consumer_claim` with the claim that names the consumer")),
        }
    }

    /// The same for tokens that name their consumer in other claims; those that have no such claim are nobody's, and need not be.
    #[must_use]
    pub fn of(&self, claims: Option<&Names>) -> Self {
        match claims {
            Some(Names(claims)) => Self { claims: claims.clone(), demand: self.demand },
            None => Self { claims: Vec::new(), demand: Demand::Optional },
        }
    }

    /// The identity of a token that holds, with the consumer that it names. What was claimed of a consumer beside that is dropped.
    ///
    /// # Errors
    /// [`GatewayError::CredentialUnknown`] where it names none that is here, and must; those of [`Right::settle`];
    /// [`GatewayError::PolicyUnavailable`] where that cannot be told.
    pub async fn join(
        &self,
        policy: &str,
        cx: &mut Exchange<'_>,
        identity: Identity,
        challenges: impl FnOnce() -> Vec<Challenge>,
    ) -> Result<Identity, GatewayError> {
        let said = self.claims.iter().find_map(|path| identity.claim(path).map(|value| (path, value)));
        let id = said.and_then(|(_, value)| value.as_str());
        let found = match id {
            Some(id) => cx.ports.consumers.client(identity.issuer.as_deref(), id).await.map_err(|error| outage(policy, error))?,
            None => None,
        };
        let Some(found) = found else {
            if !self.demand.is_required() {
                return Ok(without_consumer(identity));
            }
            cx.attempts.excuse();
            let log = match (said, id) {
                (None, _) => format!("{policy}: the token has no `{}`", self.claims.join("` and no `")),
                (Some((path, _)), None) => format!("{policy}: `{path}` of the token is no text"),
                (Some((path, _)), Some(id)) => format!("{policy}: `{path}` of the token is {}, which is no consumer", Value::from(id)),
            };
            return Err(GatewayError::CredentialUnknown { challenges: challenges(), log });
        };
        let (consumer, term) = (&found.consumer, &found.proof.term);
        let which = format!("client {}", found.proof.id);
        Right { policy, consumer, term, which, challenges: challenges() }.settle(cx)?;
        let claims = consumer.told(&identity.claims);
        Ok(consumer.joined(Identity { claims, ..identity }))
    }
}

/// The identity of a proof that the routes files give to a consumer by its name: with the consumer's scopes, roles and groups beside
/// its own, and the consumer's metadata as claims below its own.
///
/// # Errors
/// [`GatewayError::CredentialUnknown`] where the consumer is no longer there; [`GatewayError::CredentialDisabled`] where it is
/// disabled; [`GatewayError::PolicyUnavailable`] where that cannot be told.
pub async fn of_consumer(
    policy: &str,
    cx: &mut Exchange<'_>,
    own: &Identity,
    which: String,
    challenges: Vec<Challenge>,
) -> Result<Identity, GatewayError> {
    let Some(name) = &own.consumer else { return Ok(own.clone()) };
    let found = cx.ports.consumers.named(name).await.map_err(|error| outage(policy, error))?;
    let Some(consumer) = found else {
        let log = format!("{policy}: the {which} is of {name}, which is no consumer");
        return Err(GatewayError::CredentialUnknown { challenges, log });
    };
    Right { policy, consumer: &consumer, term: &Term::default(), which, challenges }.settle(cx)?;
    let mut claims = (*consumer.claims).clone();
    claims.extend((*own.claims).clone());
    let new = consumer.scopes.iter().filter(|scope| !own.scopes.contains(scope));
    let scopes = own.scopes.iter().chain(new).cloned().collect();
    Ok(consumer.joined(Identity { scopes, claims: claims.into(), ..own.clone() }))
}

/// What a token says of a consumer on its own account is nothing that the consumers files say.
fn without_consumer(identity: Identity) -> Identity {
    if !identity.claims.contains_key("consumer") {
        return identity;
    }
    let mut claims = (*identity.claims).clone();
    claims.shift_remove("consumer");
    Identity { claims: claims.into(), ..identity }
}

fn outage(policy: &str, error: PortError) -> GatewayError {
    GatewayError::PolicyUnavailable { policy: policy.to_owned(), log: error.to_string() }
}
