//! Establishes who is calling from a token that only its issuer can read, by asking the issuer (RFC 7662), or refuses.
//!
//! The answers to the client are those of `jwt`. What the issuer says is remembered in the isolate: a token that is active no longer
//! than it lives and than `remember`, one that is not for `remember_inactive`. Each request that has to wait asks for itself. Where the
//! issuer cannot be asked, or answers anything but an introspection answer in JSON, nothing is known of the token and `on_error`
//! decides; answers as JWT (RFC 9701) are not read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::bearer::bound::BoundConfig;
use super::bearer::{Bearer, Found, Written};
use super::consumer::{Claimed, Demand};
use super::credential::Source;
use super::guessing::{self, Cost};
use super::jwt::key_source::Published;
use super::jwt::written::{MapConfig, Names};
use super::prelude::*;
use crate::auth::claims::{Proof, Rules};
use crate::auth::client_auth::{ClientAuth, ClientConfig, Moment};
use crate::auth::identity::Identity;
use crate::auth::inactive::Inactive;
use crate::auth::introspection;
use crate::auth::refresh::Periods;
use crate::auth::refusal::Refusal;
use crate::auth::verified::{Digest, Verified};
use crate::config::server_url;
use crate::config::values::Duration;
use crate::error::Challenge;
use crate::ports::ask::ask_for;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { identity: true, subrequests: 3, ..Facts::of("introspect") };

/// The longest answer, in bytes.
const MAX_BODY: u64 = 256_000;
/// How old the issuer's metadata may be before they are renewed, and how long a failure to get them is not repeated.
const METADATA: Periods = Periods { refresh_ms: 3_600_000, cooldown_ms: 30_000 };

/// `{ introspect = { endpoint = "https://issuer.example/introspect", client = { id = "gateway", secret = { secret = "GATEWAY_SECRET" } } } }`
///
/// Exactly one of `endpoint` and `discover` says whom to ask.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The issuer's introspection endpoint: an https URL, or http on loopback. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The issuer, whose metadata name the endpoint: its own URL, or that of its metadata document. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discover: Option<String>,
    /// As which client the gateway asks.
    pub client: ClientConfig,
    /// What the issuer is told to look for first.
    #[serde(default = "default_hint")]
    pub hint: String,
    /// The answer's `iss` must be this, or one of these, exactly. May hold `${NAME}`. Where it is not written, any passes, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Names>,
    /// The answer's `aud` must name this, or one of these, exactly. May hold `${NAME}`. Where it is not written, any passes, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Names>,
    /// How far the issuer's clock and this one may differ; at most 5m.
    #[serde(default = "default_leeway")]
    pub leeway: Duration,
    /// Members that the answer must have besides `active` and one of `sub` and `client_id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// Where the answer says what the caller may do.
    #[serde(default, skip_serializing_if = "MapConfig::is_default")]
    pub map: MapConfig,
    /// The claim that names the consumer a token belongs to, such as `"azp"`, or several, of which the first that is there counts. The
    /// consumers files say in `[[clients]]` what tokens call a consumer; one without any is called by its name. Its groups and roles are
    /// added to the token's, and its metadata are the claim `consumer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer_claim: Option<Names>,
    /// Whether a token must be a consumer's: one that is nobody's is refused (401). With `"optional"`, it is taken as it is.
    #[serde(default, skip_serializing_if = "Demand::is_required")]
    pub consumer: Demand,
    /// Scopes that a token must have, all of them; else 403.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Where the token may stand. Two tokens in one request are refused (400).
    #[serde(default = "default_token")]
    pub token: Vec<Source>,
    /// Header fields that tell the origin about members of the answer: `{ "x-user" = "sub" }`. Clients cannot send them, on any route.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forward: BTreeMap<String, String>,
    /// Whether the token is removed before the origin sees the request; by default it is from a cookie or the query, and is not
    /// from a header field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strip: Option<bool>,
    /// What a token may be bound to, so that only the holder of a key can use it. Where it is not written, a bound token is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<BoundConfig>,
    /// The longest that an active token is not asked about again; at most 5m, and never longer than it lives. For as long, one that
    /// its issuer has withdrawn still passes.
    #[serde(default = "default_remember")]
    pub remember: Duration,
    /// How long a token that is not active is not asked about again; at most 1m.
    #[serde(default = "default_remember_inactive")]
    pub remember_inactive: Duration,
    /// How long the issuer may take.
    #[serde(default = "default_timeout")]
    pub timeout: Duration,
}

fn default_hint() -> String {
    "access_token".to_owned()
}

fn default_leeway() -> Duration {
    Duration::from_ms(30_000)
}

fn default_token() -> Vec<Source> {
    vec![Source::Bearer]
}

fn default_remember() -> Duration {
    Duration::from_ms(60_000)
}

fn default_remember_inactive() -> Duration {
    Duration::from_ms(5_000)
}

fn default_timeout() -> Duration {
    Duration::from_ms(3_000)
}

/// The compiled policy, with this isolate's memory of answers.
pub struct Introspect {
    bearer: Bearer,
    consumer: Option<Claimed>,
    endpoint: Endpoint,
    client: ClientAuth,
    hint: String,
    rules: Rules,
    remember_ms: u64,
    remember_inactive_ms: u64,
    timeout_ms: u64,
    active: RefCell<Verified>,
    inactive: RefCell<Inactive>,
}

enum Endpoint {
    Known(String),
    Discovered(Rc<Published<String>>),
}

impl Introspect {
    /// # Errors
    /// Where endpoint, client, places, periods or anything else cannot work; see the field's own text.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        check_whom(&config)?;
        within("leeway", config.leeway, 0, 300_000)?;
        within("remember", config.remember, 0, 300_000)?;
        within("remember_inactive", config.remember_inactive, 0, 60_000)?;
        within("timeout", config.timeout, 100, 30_000)?;
        if let Some(index) = config.required.iter().position(String::is_empty) {
            return Err(ConfigError::at(format!("required.{index}"), "it names nothing; write one such as \"username\""));
        }
        let written = Written {
            token: &config.token,
            scopes: &config.scopes,
            forward: &config.forward,
            strip: config.strip,
            bound: config.bound.as_ref(),
        };
        let bearer = Bearer::compile(written, compiler)?;
        let consumer = Claimed::compile(config.consumer_claim.as_ref(), config.consumer)?;
        let texts = |field: &str, names: &Option<Names>, compiler: &mut Compiler<'_>| -> Result<Vec<String>, ConfigError> {
            names.iter().flat_map(|names| &names.0).map(|text| compiler.text(field, text)).collect()
        };
        let issuers = texts("issuer", &config.issuer, compiler);
        let audiences = texts("audience", &config.audience, compiler);
        let endpoint = endpoint(&config, compiler);
        let client = ClientAuth::compile("client", &config.client, compiler);
        let rules = Rules {
            issuers: issuers?,
            audiences: audiences?,
            required: config.required,
            leeway_ms: config.leeway.ms(),
            mapping: config.map.mapping(),
            introspected: true,
            ..Rules::default()
        };
        Ok(Self {
            bearer,
            consumer,
            endpoint: endpoint?,
            client: client?,
            hint: config.hint,
            rules,
            remember_ms: config.remember.ms(),
            remember_inactive_ms: config.remember_inactive.ms(),
            timeout_ms: config.timeout.ms(),
            active: RefCell::default(),
            inactive: RefCell::default(),
        })
    }

    /// Who the token belongs to: from memory, or by asking the issuer now.
    async fn prove(&self, cx: &mut Exchange<'_>, found: &Found) -> Result<Identity, GatewayError> {
        let not_valid = |refusal: Refusal| {
            let foreign = matches!(refusal, Refusal::Inactive | Refusal::NotAToken);
            self.bearer.not_valid(found, refusal, foreign)
        };
        let digest = Digest::of(&found.token);
        let now_ms = cx.ports.clock.now_ms();
        if let Some(identity) = self.active.borrow().recall(&digest, 0, now_ms) {
            return Ok(identity.clone());
        }
        guessing::attempt(cx, &self.bearer.id, FACTS.name, None, Cost::Little).await?;
        introspection::check_form(&found.token).map_err(not_valid)?;
        if self.inactive.borrow().recall(&digest, now_ms) {
            return Err(not_valid(Refusal::Inactive));
        }
        let answer = self.ask(cx, &found.token).await;
        let answer = answer.map_err(|log| GatewayError::PolicyUnavailable { policy: self.bearer.id.clone(), log })?;
        let now_ms = cx.ports.clock.now_ms();
        match answer {
            Ok(proof) => {
                // Not a moment longer than `exp`, whatever the clocks may differ by.
                let until_ms = proof.until_ms.saturating_sub(self.rules.leeway_ms).min(now_ms.saturating_add(self.remember_ms));
                let identity = proof.identity.clone();
                self.active.borrow_mut().remember(digest, found.token.len(), proof.identity, until_ms, 0, now_ms);
                Ok(identity)
            }
            Err(refusal) => {
                if refusal == Refusal::Inactive {
                    self.inactive.borrow_mut().remember(digest, now_ms.saturating_add(self.remember_inactive_ms));
                }
                if refusal.is_of_its_time() {
                    cx.attempts.excuse();
                }
                Err(not_valid(refusal))
            }
        }
    }

    /// Asks the issuer about a token.
    async fn ask(&self, cx: &Exchange<'_>, token: &str) -> Result<Result<Proof, Refusal>, String> {
        let endpoint = match &self.endpoint {
            Endpoint::Known(url) => Rc::new(url.clone()),
            Endpoint::Discovered(metadata) => metadata.current(cx.ports).await?.set,
        };
        let mut moment = Moment { now_ms: cx.ports.clock.now_ms(), random: [0; 16] };
        cx.ports.entropy.fill(&mut moment.random);
        let parameters = [("token", token), ("token_type_hint", self.hint.as_str())];
        let parameters = if self.hint.is_empty() { parameters.get(..1) } else { parameters.get(..) };
        let request = self.client.form(&endpoint, parameters.unwrap_or_default(), moment, self.timeout_ms)?;
        let body = ask_for(&*cx.ports.fetch, request, MAX_BODY).await?;
        introspection::read(&body, &self.rules, cx.ports.clock.now_ms()).map_err(|reason| format!("the answer of {endpoint} {reason}"))
    }
}

fn check_whom(config: &Config) -> Result<(), ConfigError> {
    match (&config.endpoint, &config.discover) {
        (Some(_), None) | (None, Some(_)) => Ok(()),
        (None, None) => Err(ConfigError::at("", "who is asked? Write `endpoint = \"https://...\"`, or `discover` with the issuer's URL")),
        (Some(_), Some(_)) => Err(ConfigError::at("discover", "the endpoint is written already; write one of `endpoint` and `discover`")),
    }
}

fn within(field: &str, value: Duration, least: u64, most: u64) -> Result<(), ConfigError> {
    if (least..=most).contains(&value.ms()) {
        return Ok(());
    }
    let (least, most) = (Duration::from_ms(least), Duration::from_ms(most));
    Err(ConfigError::at(field, format!("{value} is out of range; write from {least} to {most}")))
}

fn endpoint(config: &Config, compiler: &mut Compiler<'_>) -> Result<Endpoint, ConfigError> {
    if let Some(written) = &config.endpoint {
        return server_url::resolve("endpoint", written, compiler).map(Endpoint::Known);
    }
    let Some(written) = &config.discover else { return Err(ConfigError::at("", "nobody is asked")) };
    let url = server_url::resolve("discover", written, compiler)?;
    let document = introspection::metadata_url(&url);
    let issuer = (document != url).then_some(url);
    let read = move |body: &[u8]| introspection::endpoint_of(body, issuer.as_deref());
    Ok(Endpoint::Discovered(Rc::new(Published::of(document, METADATA, read))))
}

#[async_trait(?Send)]
impl Policy for Introspect {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let found = self.bearer.find(request)?;
        let identity = self.prove(cx, &found).await?;
        self.bearer.accept(cx, request, &found, identity, self.consumer.as_ref()).await
    }

    fn asks(&self) -> Vec<Challenge> {
        self.bearer.asks()
    }
}

#[cfg(test)]
mod tests;
