//! The registry of policies: one file and one line each.
//!
//! A policy's file has its `Config` (what is written), `compile` (what runs) and the two hooks. The registry yields the
//! externally tagged [`PolicyConfig`], which the routes files, their JSON Schema, the reference page and the name suggestions
//! all follow.

use std::rc::Rc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::config::compiler::{Compiler, ConfigError};
use crate::config::values::Rate;
use crate::error::{Challenge, GatewayError};
use crate::exchange::Exchange;
use crate::http::{Request, Response};

pub mod all_of;
pub mod anonymous;
pub mod any_of;
pub mod api_key;
pub mod ask;
pub mod basic;
pub mod bearer;
pub mod body_limit;
pub mod bots;
pub mod cache;
pub mod consumer;
pub mod cors;
pub mod credential;
pub mod csrf;
pub mod geo;
pub mod guard;
pub mod guessing;
pub mod headers;
pub mod identity_headers;
pub mod introspect;
pub mod ip_filter;
pub mod json_limits;
pub mod jwt;
pub mod mask;
pub mod mtls;
pub mod nested;
pub mod oidc;
pub mod rate_limit;
mod reading;
pub mod request_id;
pub mod require;
pub mod rewrite;
pub mod security_headers;
pub mod signature;
pub mod validate;
pub mod waf;
pub mod webhook;
pub mod xml_limits;

/// What a policy's file begins with.
pub mod prelude {
    pub use super::{Facts, Flow, OnError, Policy, Shields};
    pub use crate::config::compiler::{Compiler, ConfigError};
    pub use crate::error::GatewayError;
    pub use crate::exchange::Exchange;
    pub use crate::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
    pub use async_trait::async_trait;
    pub use serde::{Deserialize, Serialize};
}

/// What a policy decided in the request phase.
#[derive(Debug)]
pub enum Flow {
    /// Go on with the next policy, or the origin.
    Next,
    /// Answer with this, without the origin.
    Respond(Response),
}

/// A compiled policy. Both hooks default to doing nothing; identity policies also say how a caller could prove who it is.
#[async_trait(?Send)]
pub trait Policy {
    /// Runs in the order of the chain. A refusal is an error; [`Flow::Respond`] answers in the origin's place.
    async fn on_request(&self, _cx: &mut Exchange<'_>, _request: &mut Request) -> Result<Flow, GatewayError> {
        Ok(Flow::Next)
    }

    /// Runs in reverse order, for every policy whose `on_request` was entered, refusals included.
    async fn on_response(&self, _cx: &mut Exchange<'_>, _response: &mut Response) -> Result<(), GatewayError> {
        Ok(())
    }

    /// How a caller could prove who it is here, as a request without any proof is told; nothing of policies that ask for none.
    fn asks(&self) -> Vec<Challenge> {
        Vec::new()
    }

    /// Whether it answers at this path by itself, whoever calls: what combines it then leaves the word to it alone.
    fn owns(&self, _path: &str) -> bool {
        false
    }
}

/// What happens when something that a policy depends on is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// Refuse the request with 503.
    Deny,
    /// Let it pass and write so to the record.
    Allow,
}

/// Whether a policy acts or only says what it would have done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It acts.
    #[default]
    Enforce,
    /// It is evaluated, its verdict goes to the record, and the request passes unchanged.
    Report,
}

/// What the registry knows of a policy besides its code; stands in the policy's own file as `FACTS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The name in the routes files.
    pub name: &'static str,
    /// Whether it establishes who is calling.
    pub identity: bool,
    /// What `on_error` is where the routes file does not say.
    pub on_error: OnError,
    /// How often it may leave the worker for one request: for keys, to an object, to the cache and back.
    pub subrequests: usize,
    /// Whether a chain has it once at most: a second one would silently replace or contradict the first.
    pub once: bool,
    /// Whether equal instances stay apart, since each counts or stores for itself.
    pub apart: bool,
    /// What `failures` is where the routes file does not say; of identity policies alone.
    pub failures: Option<Rate>,
    /// What it refuses that it does not like; `None` of a policy that refuses nothing, and of identity policies.
    pub shields: Option<Shields>,
    /// Whether it also guards the paths at which policies answer by themselves, where gateway.toml has it: it looks at the client or
    /// at the reply, and at nothing that only an origin's routes have.
    pub everywhere: bool,
}

/// What a policy refuses that it does not like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shields {
    /// Callers that lack a right.
    Callers,
    /// Requests, whoever calls.
    Requests,
    /// What the origin answers.
    Responses,
}

impl Facts {
    /// What holds of most policies: no identity, `on_error = "deny"`, nothing outside, as often as one likes, equal ones kept once.
    pub const fn of(name: &'static str) -> Self {
        let (identity, once, apart, everywhere) = (false, false, false, false);
        Self { name, identity, on_error: OnError::Deny, subrequests: 0, once, apart, failures: None, shields: None, everywhere }
    }
}

macro_rules! registry {
    ($($(#[doc = $about:literal])+ $module:ident: $variant:ident)+) => {
        /// A policy as it is written: `{ name = { ... } }`.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        #[allow(clippy::large_enum_variant, reason = "a gateway has few, and makes each once")]
        pub enum PolicyConfig { $($(#[doc = $about])+ $variant($module::Config),)+ }

        /// Every policy, in the order of the reference.
        pub const FACTS: &[Facts] = &[$($module::FACTS,)+];

        impl PolicyConfig {
            /// What the registry knows of this policy.
            pub fn facts(&self) -> Facts {
                match self { $(Self::$variant(_) => $module::FACTS,)+ }
            }

            /// Builds what runs.
            ///
            /// # Errors
            /// Where a value cannot work, with the field it stands in.
            pub fn compile(&self, compiler: &mut Compiler<'_>) -> Result<Rc<dyn Policy>, ConfigError> {
                match self { $(Self::$variant(config) => Ok(Rc::new($module::$variant::compile(config.clone(), compiler)?)),)+ }
            }
        }
    };
}

registry! {
    /// Refuses a request whose body is larger than the route allows (413).
    body_limit: BodyLimit
    /// Sets, adds and removes header fields of the request and the response.
    headers: Headers
    /// Gives every request an id, in the reply, to the origin and in the record.
    request_id: RequestId
    /// Lets pages of other origins call the API (Fetch standard).
    cors: Cors
    /// Lets in or keeps out by the client's address (403).
    ip_filter: IpFilter
    /// Lets in or keeps out by country, continent and network, as the edge knows them (403).
    geo: Geo
    /// Keeps programs out: scanners, crawlers, who lacks what browsers send, and whom the edge takes for one (403).
    bots: Bots
    /// Tells browsers to protect those who use them, and takes off what servers tell of themselves.
    security_headers: SecurityHeaders
    /// Refuses requests that a page of another origin made a browser send (403).
    csrf: Csrf
    /// Rewrites the path and the query that later policies and the origin see.
    rewrite: Rewrite
    /// Refuses JSON that is deeper, longer or wider than the API needs, or has a member name twice (400).
    json_limits: JsonLimits
    /// Refuses XML that is deeper, longer or wider than the API needs, and every document type and entity (400).
    xml_limits: XmlLimits
    /// Holds requests, and responses on demand, to JSON Schemas or to the API's OpenAPI document (400, 415, 422).
    validate: Validate
    /// Refuses requests that look like an attack (403): injections of every kind, path traversal, scanners and more.
    waf: Waf
    /// Establishes who is calling from a JSON Web Token, or refuses (401).
    jwt: Jwt
    /// Establishes who is calling from an API key of the consumers files, or refuses (401).
    api_key: ApiKey
    /// Establishes who is calling by asking a token's issuer (RFC 7662), or refuses (401).
    introspect: Introspect
    /// Establishes who is calling from a user name and a password (RFC 7617), or refuses (401).
    basic: Basic
    /// Establishes who is calling from a client certificate (mutual TLS), or refuses (401).
    mtls: Mtls
    /// Establishes who is calling by a session that begins with a login at an OpenID Connect provider.
    oidc: Oidc
    /// Establishes who is calling by the first of several proofs that the request has, or refuses (401).
    any_of: AnyOf
    /// Establishes who is calling by several proofs at once, or refuses (401).
    all_of: AllOf
    /// Lets anyone in as a caller that nobody knows: the last choice of `any_of`.
    anonymous: Anonymous
    /// Asks for rights of the caller: scopes, roles, groups, consumers (403).
    require: Require
    /// Asks another server whether the caller may do this: AuthZEN, Open Policy Agent, or forward-auth (403).
    ask: Ask
    /// Tells the origin who is calling, in header fields that no client can send.
    identity_headers: IdentityHeaders
    /// Establishes who is calling from a signature over the request, or refuses (401; RFC 9421).
    signature: Signature
    /// Establishes that a webhook is its sender's, or refuses (401).
    webhook: Webhook
    /// Lets each subject make so many requests in a time and refuses the others (429).
    rate_limit: RateLimit
    /// Masks secrets and personal data in responses, in streams too, or refuses to let them leave (502).
    mask: Mask
    /// Answers from the edge's cache what may be answered from it, and stores what may be stored (RFC 9111). No lifetime is guessed,
    /// nothing stale is used, nothing is revalidated; what sets cookies and parts of responses are not stored; a request that changes
    /// something makes it forget its own URI, and none that its response names.
    cache: Cache
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_stand_under_the_name_of_the_file() {
        let config: PolicyConfig = toml::from_str(r#"body_limit = "1KB""#).unwrap();
        assert_eq!(config.facts(), body_limit::FACTS);
        let mut names: Vec<&str> = FACTS.iter().map(|facts| facts.name).collect();
        names.dedup();
        assert_eq!(names.len(), FACTS.len());
        for facts in FACTS.iter().filter(|facts| facts.identity) {
            assert_eq!(facts.on_error, OnError::Deny, "{}: who cannot be asked is not known", facts.name);
        }
        for facts in FACTS.iter().filter(|facts| facts.failures.is_some()) {
            assert!(facts.identity, "{}: only proofs can fail", facts.name);
        }
        for facts in FACTS.iter().filter(|facts| facts.shields.is_some()) {
            assert!(!facts.identity, "{}: what it refuses is a proof", facts.name);
        }
    }
}
