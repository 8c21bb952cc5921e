//! Establishes who is calling from a client certificate (mutual TLS), or refuses (401).
//!
//! The certificate was verified where TLS ends: at the edge, whose own words are believed (presented, verified and not revoked, all
//! three), or at a proxy that the policy names by its network. The header fields in which a proxy tells of a certificate are taken
//! out of every request that comes in ([`crate::http::forwarded::set_aside`]), and are looked at only where the connection itself
//! comes from such a proxy.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::consumer::{Allowed, Demand, Forwards, Right};
use super::prelude::*;
use crate::auth::certificate::Presented;
use crate::auth::identity::Identity;
use crate::error::Challenge;
use crate::http::address::Cidr;

mod read;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { identity: true, ..Facts::of("mtls") };

/// `{ mtls = { from = "edge", groups = ["partners"] } }`
///
/// Certificates stand in the consumers files, by fingerprint, subject or alternative name. The identity is the consumer, as for
/// `api_key`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who has verified the certificate: `"edge"`, where Cloudflare's client certificates are set up for the host, or
    /// `{ proxies = { networks = ["10.0.0.0/8"], header = "client-cert" } }`.
    #[serde(default)]
    from: Verifier,
    /// Whether the certificate must be a consumer's. With `"optional"`, any other verified certificate establishes its subject.
    #[serde(default)]
    consumer: Demand,
    /// The consumers that are let in, by name; with `groups`, those in either list. Everyone where both are empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    consumers: Vec<String>,
    /// The groups that are let in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// Header fields that tell the origin about the consumer, as for `api_key`; of a certificate that is nobody's, `sub`, `issuer`,
    /// `fingerprint`, `serial` and `sans`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    forward: BTreeMap<String, String>,
}

/// Who has verified the certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verifier {
    /// The edge.
    #[default]
    Edge,
    /// Proxies in front of the gateway.
    Proxies(Proxies),
}

/// Proxies that verify certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Proxies {
    /// Their networks: the connection itself must come from one.
    networks: Vec<Cidr>,
    /// How they tell of it: `"client-cert"` (RFC 9440, or PEM in percent escapes as nginx's `$ssl_client_escaped_cert` has it) or
    /// `"x-forwarded-client-cert"` (as Envoy writes it).
    header: Told,
}

/// The header field that tells of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// RFC 9440.
    ClientCert,
    /// As Envoy writes it.
    XForwardedClientCert,
}

/// Holds who is believed and whom it lets in.
pub struct Mtls {
    id: String,
    realm: String,
    from: Verifier,
    demand: Demand,
    allowed: Allowed,
    forwards: Forwards,
}

impl Mtls {
    /// # Errors
    /// Where nobody or everybody would be believed, or a name or a header field cannot be right.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        match &config.from {
            Verifier::Edge => compiler.needs.edge = true,
            Verifier::Proxies(proxies) if proxies.networks.is_empty() => {
                return Err(ConfigError::at("from.proxies.networks", "no proxy is believed; name a network, such as \"10.0.0.0/8\""));
            }
            Verifier::Proxies(proxies) => {
                if let Some(index) = proxies.networks.iter().position(Cidr::is_everywhere) {
                    let message = "everyone would be believed, whatever they claim; name the networks of the proxies";
                    return Err(ConfigError::at(format!("from.proxies.networks.{index}"), message));
                }
            }
        }
        if config.demand_contradicts() {
            let message = "`consumers` and `groups` let in consumers alone; leave `consumer` out";
            return Err(ConfigError::at("consumer", message));
        }
        Ok(Self {
            id: compiler.id.to_owned(),
            realm: compiler.realm.to_owned(),
            from: config.from,
            demand: config.consumer,
            allowed: Allowed::compile(config.consumers, config.groups, compiler)?,
            forwards: Forwards::compile(&config.forward, compiler)?,
        })
    }

    /// The certificate of the connection; `None` where there is none.
    fn presented(&self, cx: &Exchange<'_>) -> Result<Option<Presented>, GatewayError> {
        let read = match &self.from {
            Verifier::Edge => read::from_edge(cx.edge().tls_client_auth.as_ref()),
            Verifier::Proxies(proxies) => {
                let believed = cx.peer.is_some_and(|peer| proxies.networks.iter().any(|network| network.contains(peer)));
                match proxies.header {
                    _ if !believed => Ok(None),
                    Told::ClientCert => read::from_client_cert(&cx.certificates.client_cert),
                    Told::XForwardedClientCert => read::from_forwarded(&cx.certificates.forwarded),
                }
            }
        };
        read.map_err(|why| self.unknown(why))
    }

    async fn prove(&self, cx: &mut Exchange<'_>, presented: Presented) -> Result<Identity, GatewayError> {
        let which = format!("certificate {}", presented.fingerprint);
        let now_ms = cx.ports.clock.now_ms();
        let over = presented.not_after.is_some_and(|end| now_ms > end.ms());
        let early = presented.not_before.is_some_and(|begin| now_ms < begin.ms());
        if over || early {
            let log = format!("{}: the {which} {}", self.id, if over { "has expired" } else { "does not hold yet" });
            return Err(GatewayError::CredentialExpired { challenges: self.challenges(), log });
        }
        let found = cx.ports.consumers.certificate(&presented).await;
        let found = found.map_err(|error| GatewayError::PolicyUnavailable { policy: self.id.clone(), log: error.to_string() })?;
        match found.as_slice() {
            [] if self.demand == Demand::Optional => {
                cx.record.credential = Some(which);
                Ok(stranger(presented))
            }
            [] => Err(self.unknown(&format!("the {which} ({}) is nobody's", presented.subject))),
            [found] => {
                let (consumer, term) = (&found.consumer, &found.proof.term);
                Right { policy: &self.id, consumer, term, which, challenges: self.challenges() }.settle(cx)?;
                self.allowed.check(consumer, &self.id)?;
                Ok(consumer.identity(FACTS.name))
            }
            [one, other, ..] => {
                let (one, other) = (&one.consumer.name, &other.consumer.name);
                Err(self.unknown(&format!("the {which} may be {one}'s and {other}'s; it counts as nobody's")))
            }
        }
    }

    fn unknown(&self, why: &str) -> GatewayError {
        GatewayError::CredentialUnknown { challenges: self.challenges(), log: format!("{}: {why}", self.id) }
    }

    /// A scheme that is not registered: HTTP asks for a challenge, and has none for certificates.
    fn challenges(&self) -> Vec<Challenge> {
        vec![Challenge { scheme: "ClientCertificate", realm: self.realm.clone(), ..Challenge::default() }]
    }
}

impl Config {
    fn demand_contradicts(&self) -> bool {
        self.consumer == Demand::Optional && !(self.consumers.is_empty() && self.groups.is_empty())
    }
}

/// The identity of a verified certificate that is no consumer's: its subject, or else its first alternative name.
fn stranger(presented: Presented) -> Identity {
    let Presented { fingerprint, subject, issuer, serial, sans, .. } = presented;
    let subject = [Some(&subject), sans.first()].into_iter().flatten().find(|name| !name.is_empty()).unwrap_or(&fingerprint).clone();
    let mut claims = Map::new();
    for (name, value) in [("sub", &subject), ("issuer", &issuer), ("fingerprint", &fingerprint), ("serial", &serial)] {
        if !value.is_empty() {
            claims.insert(name.to_owned(), Value::String(value.clone()));
        }
    }
    claims.insert("sans".to_owned(), sans.into());
    Identity {
        kind: FACTS.name,
        subject,
        issuer: Some(issuer).filter(|issuer| !issuer.is_empty()),
        claims: claims.into(),
        ..Identity::default()
    }
}

#[async_trait(?Send)]
impl Policy for Mtls {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let Some(presented) = self.presented(cx)? else {
            let log = format!("{}: the connection has no client certificate", self.id);
            return Err(GatewayError::Unauthenticated { challenges: self.challenges(), log });
        };
        let identity = self.prove(cx, presented).await?;
        self.forwards.apply(&self.id, &identity, cx, request);
        cx.identity = Some(identity);
        Ok(Flow::Next)
    }

    fn asks(&self) -> Vec<Challenge> {
        self.challenges()
    }
}

#[cfg(test)]
mod tests;
