//! Establishes who is calling from an API key of the consumers files, or refuses (401).
//!
//! A text that is no key, or a mistyped one, is refused by its form and its checksum; nobody is asked. What is compared is the
//! hash of the whole key, in constant time. The origin never sees the key. The record names the consumer and the key's id.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::consumer::{Allowed, Forwards, Right};
use super::credential::{self, Source};
use super::guessing::{self, Cost};
use super::prelude::*;
use crate::auth::api_key::{self, Malformed, Written};
use crate::auth::consumer::{Found, Key};
use crate::auth::equal::equal;
use crate::auth::proven::Proven;
use crate::config::values::{Duration, Rate};
use crate::error::Challenge;

/// What the registry knows of it.
pub const FACTS: Facts =
    Facts { identity: true, failures: Some(Rate { quota: 10, per: Duration::from_ms(60_000) }), ..Facts::of("api_key") };

const NOT_VALID: &str = "The API key is malformed, unknown, expired or disabled.";
const MORE_THAN_ONE: &str = "The request must have exactly one API key.";

/// `{ api_key = { environments = ["live"], groups = ["partners"] } }`
///
/// Keys stand in the consumers files, which have only their hashes; `archway key new` makes them. The identity is the consumer:
/// its name is `sub`, its metadata are the other claims, and its scopes, roles and groups are those of its file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the key may stand, all places at once. Two different keys in one request are refused (400). What has another form
    /// than a key counts as one that is unknown; as a Bearer token beside a key it is another policy's and is left alone.
    #[serde(default = "usual_places")]
    key: Vec<Source>,
    /// The environments whose keys may be used here; all where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    environments: Vec<String>,
    /// The consumers that are let in, by name; with `groups`, those in either list. Everyone where both are empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    consumers: Vec<String>,
    /// The groups that are let in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// Header fields that tell the origin about the consumer: `{ "x-user" = "sub", "x-plan" = "plan" }`. Clients cannot send them,
    /// on any route.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    forward: BTreeMap<String, String>,
}

fn usual_places() -> Vec<Source> {
    vec![Source::Bearer, Source::Header("x-api-key".to_owned())]
}

/// Holds the places and whom it lets in, and this isolate's memory of keys that were right.
pub struct ApiKey {
    id: String,
    realm: String,
    places: Vec<Source>,
    environments: Vec<String>,
    allowed: Allowed,
    forwards: Forwards,
    proven: RefCell<Proven>,
}

/// What stands in a request.
enum Carried {
    Nothing,
    One(String),
    /// A Bearer token that is no key.
    Foreign,
    Unclear(&'static str),
}

impl ApiKey {
    /// # Errors
    /// Where a place, an environment, a name or a header field cannot be right.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        credential::check(&config.key, "key")?;
        credential::redact(&config.key, compiler);
        if let Some((index, name)) = config.environments.iter().enumerate().find(|(_, name)| !api_key::is_environment(name)) {
            let message = format!("`{name}` is not an environment; it has 1 to 16 of a to z and 0 to 9, such as \"live\"");
            return Err(ConfigError::at(format!("environments.{index}"), message));
        }
        for name in config.forward.keys() {
            if config.key.iter().any(|place| matches!(place, Source::Header(header) if header.eq_ignore_ascii_case(name))) {
                return Err(ConfigError::at(format!("forward.{name}"), "the key is read from this field; take another one"));
            }
        }
        Ok(Self {
            id: compiler.id.to_owned(),
            realm: compiler.realm.to_owned(),
            places: config.key,
            environments: config.environments,
            allowed: Allowed::compile(config.consumers, config.groups, compiler)?,
            forwards: Forwards::compile(&config.forward, compiler)?,
            proven: RefCell::default(),
        })
    }

    /// The key of a request, and the places that are emptied before the origin.
    fn carried(&self, request: &Request) -> (Carried, Vec<&Source>) {
        let (mut places, mut keys, mut foreign) = (Vec::new(), Vec::new(), false);
        for place in &self.places {
            let texts = match credential::at(request, place) {
                Ok(texts) => texts,
                Err(reason) => return (Carried::Unclear(reason), places),
            };
            for text in texts {
                if *place == Source::Bearer && !text.starts_with(api_key::PREFIX) {
                    foreign = true;
                    continue;
                }
                places.push(place);
                keys.push(text);
            }
        }
        keys.dedup();
        let carried = match keys.as_slice() {
            [] if foreign => Carried::Foreign,
            [] => Carried::Nothing,
            [key] => Carried::One(key.clone()),
            _ => Carried::Unclear("it has more than one API key"),
        };
        (carried, places)
    }

    /// Whose key it is.
    async fn prove(&self, cx: &mut Exchange<'_>, key: &str) -> Result<Found<Key>, GatewayError> {
        let Written { environment, id } = match api_key::read(key) {
            Ok(written) => written,
            Err(malformed) => {
                guessing::attempt(cx, &self.id, FACTS.name, None, Cost::Little).await?;
                return Err(self.unknown(match malformed {
                    Malformed::Foreign => "what stands in a key's place is no key".to_owned(),
                    Malformed::Mistyped => "the key's checksum is wrong".to_owned(),
                }));
            }
        };
        let digest = api_key::digest(key);
        let network = guessing::network(cx);
        let mark = self.proven.borrow_mut().mark(&[network.as_bytes(), digest.as_bytes()], || {
            let mut fresh = [0; 32];
            cx.ports.entropy.fill(&mut fresh);
            fresh
        });
        let known = self.proven.borrow().knows(&mark, cx.ports.clock.now_ms());
        guessing::attempt(cx, &self.id, FACTS.name, Some(id).filter(|_| !known), Cost::Little).await?;
        let found = cx.ports.consumers.key(id).await;
        let found = found.map_err(|error| GatewayError::PolicyUnavailable { policy: self.id.clone(), log: error.to_string() })?;
        let Some(found) = found.filter(|found| equal(found.proof.hash.as_bytes(), digest.as_bytes())) else {
            return Err(self.unknown(format!("there is no such key {id}")));
        };
        let right = Right {
            policy: &self.id,
            consumer: &found.consumer,
            term: &found.proof.term,
            which: format!("key {id}"),
            challenges: self.refused(),
        };
        right.settle(cx)?;
        self.proven.borrow_mut().remember(mark, cx.ports.clock.now_ms());
        if !self.environments.is_empty() && !self.environments.iter().any(|known| known == environment) {
            let log = format!("{}: keys of `{environment}` are not for this", self.id);
            return Err(GatewayError::CredentialNotAllowed { detail: "API keys of this environment are not for this path.", log });
        }
        self.allowed.check(&found.consumer, &self.id)?;
        Ok(found)
    }

    fn unknown(&self, why: String) -> GatewayError {
        GatewayError::CredentialUnknown { challenges: self.refused(), log: format!("{}: {why}", self.id) }
    }

    fn refused(&self) -> Vec<Challenge> {
        vec![self.challenge(Some("invalid_token"), Some(NOT_VALID))]
    }

    /// The Bearer scheme where a key may be a Bearer token; else one that is not registered, since HTTP asks for a challenge.
    fn challenge(&self, error: Option<&'static str>, description: Option<&'static str>) -> Challenge {
        let bearer = self.places.contains(&Source::Bearer);
        Challenge {
            scheme: if bearer { "Bearer" } else { "ApiKey" },
            realm: self.realm.clone(),
            error: error.filter(|_| bearer),
            description,
            ..Challenge::default()
        }
    }
}

#[async_trait(?Send)]
impl Policy for ApiKey {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let (carried, places) = self.carried(request);
        let key = match carried {
            Carried::One(key) => key,
            Carried::Nothing => {
                let log = format!("{}: the request has no API key", self.id);
                return Err(GatewayError::Unauthenticated { challenges: vec![self.challenge(None, None)], log });
            }
            Carried::Foreign => {
                guessing::attempt(cx, &self.id, FACTS.name, None, Cost::Little).await?;
                let challenge = Challenge { foreign: true, ..self.challenge(Some("invalid_token"), Some(NOT_VALID)) };
                let log = format!("{}: the Bearer token is no API key", self.id);
                return Err(GatewayError::CredentialUnknown { challenges: vec![challenge], log });
            }
            Carried::Unclear(reason) => {
                let challenge = self.challenge(Some("invalid_request"), Some(MORE_THAN_ONE));
                return Err(GatewayError::CredentialsUnclear { challenge: Box::new(challenge), log: format!("{}: {reason}", self.id) });
            }
        };
        let found = self.prove(cx, &key).await?;
        for place in places {
            credential::strip(request, place);
        }
        let identity = found.consumer.identity(FACTS.name);
        self.forwards.apply(&self.id, &identity, cx, request);
        cx.identity = Some(identity);
        Ok(Flow::Next)
    }

    fn asks(&self) -> Vec<Challenge> {
        vec![self.challenge(None, None)]
    }
}

#[cfg(test)]
mod tests;
