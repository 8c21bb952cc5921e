//! How the gateway proves that it is a client known to an issuer, at the issuer's token and introspection endpoints (RFC 6749
//! section 2.3, RFC 7523 section 2.2).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::algorithm::{Algorithm, HMAC};
use super::base64url;
use super::signing::SigningKey;
use crate::config::compiler::{Compiler, ConfigError};
use crate::config::values::Secret;
use crate::http::{Body, HeaderMap, HeaderValue, Method, OriginRequest, header, query};

/// How long what `private_key_jwt` signs holds, in seconds.
const ASSERTION_S: u64 = 60;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// `{ id = "gateway", secret = { secret = "GATEWAY_SECRET" } }`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// The gateway's client id at the issuer. May hold `${NAME}`.
    pub id: String,
    /// How it proves to be that client; by default `client_secret_basic` with `secret`, `private_key_jwt` with `key`, and `none`
    /// with neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<ClientMethod>,
    /// The name of the secret that it shares with the issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// The name of the secret that has its private key: PEM, `PRIVATE KEY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// The name of the key at the issuer, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// What the key signs with; by default RS256, ES256, ES384 or EdDSA, as the key is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// Whom the signed assertion is for; by default the endpoint's own URL. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

/// A way for a client to prove itself, by its registered name (OpenID Connect Core section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClientMethod {
    /// The secret in `Authorization: Basic`.
    ClientSecretBasic,
    /// The secret in the form.
    ClientSecretPost,
    /// An assertion signed with the private key.
    PrivateKeyJwt,
    /// None: only the client's id is told.
    None,
}

/// A client that can prove itself.
pub struct ClientAuth {
    id: String,
    proof: Proof,
}

enum Proof {
    Basic(HeaderValue),
    Post(String),
    Assertion { key: SigningKey, kid: Option<String>, audience: Option<String> },
    None,
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAuth").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a proof that is good for once needs: the time in milliseconds since the epoch, and fresh random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since the epoch.
    pub now_ms: u64,
    /// Never the same again.
    pub random: [u8; 16],
}

impl ClientAuth {
    /// Compiles what is written in the field `field`.
    ///
    /// # Errors
    /// Where secret, key and method do not fit each other, or the deployment lacks one.
    pub fn compile(field: &str, config: &ClientConfig, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let method = method(field, config)?;
        let at = |name: &str| format!("{field}.{name}");
        let id = compiler.text(&at("id"), &config.id)?;
        let audience = config.audience.as_ref().map(|audience| compiler.text(&at("audience"), audience)).transpose()?;
        let proof = match (method, &config.secret, &config.key) {
            (ClientMethod::ClientSecretBasic, Some(secret), _) => {
                let value = compiler.secret(&at("secret"), secret)?;
                Proof::Basic(basic(&id, &value).ok_or_else(|| ConfigError::at(at("secret"), "it does not fit a header field"))?)
            }
            (ClientMethod::ClientSecretPost, Some(secret), _) => Proof::Post(compiler.secret(&at("secret"), secret)?),
            (ClientMethod::PrivateKeyJwt, _, Some(key)) => {
                let pem = compiler.secret(&at("key"), key)?;
                let signing = SigningKey::from_pem(&pem, config.algorithm).map_err(|reason| ConfigError {
                    field: at("key"),
                    message: format!("`{}` cannot be used: {reason}", key.secret),
                    missing: Some(key.secret.clone()),
                })?;
                Proof::Assertion { key: signing, kid: config.kid.clone(), audience }
            }
            _ => Proof::None,
        };
        Ok(Self { id, proof })
    }

    /// The client's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A form for `endpoint` with these parameters and the client's proof; the whole exchange may take `total_ms`.
    ///
    /// # Errors
    /// Where the assertion cannot be signed; the text is for the log.
    pub fn form(&self, endpoint: &str, parameters: &[(&str, &str)], moment: Moment, total_ms: u64) -> Result<OriginRequest, String> {
        let mut form = String::new();
        for (name, value) in parameters {
            query::push(&mut form, name, value);
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        match &self.proof {
            Proof::Basic(value) => drop(headers.insert(header::AUTHORIZATION, value.clone())),
            Proof::Post(secret) => {
                query::push(&mut form, "client_id", &self.id);
                query::push(&mut form, "client_secret", secret);
            }
            Proof::Assertion { key, kid, audience } => {
                let claims = self.assertion(audience.as_deref().unwrap_or(endpoint), moment);
                let assertion = key.sign("JWT", kid.as_deref(), &claims).map_err(|reason| format!("the client's key: {reason}"))?;
                query::push(&mut form, "client_id", &self.id);
                query::push(&mut form, "client_assertion_type", ASSERTION_TYPE);
                query::push(&mut form, "client_assertion", &assertion);
            }
            Proof::None => query::push(&mut form, "client_id", &self.id),
        }
        Ok(OriginRequest {
            method: Method::POST,
            url: endpoint.to_owned(),
            headers,
            body: Body::Full(form.into()),
            first_byte_ms: total_ms,
            total_ms,
        })
    }

    /// RFC 7523 section 3.
    fn assertion(&self, audience: &str, moment: Moment) -> Map<String, Value> {
        let now_s = moment.now_ms / 1000;
        let text = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        Map::from_iter([
            text("iss", &self.id),
            text("sub", &self.id),
            text("aud", audience),
            text("jti", &base64url::encode(moment.random)),
            ("iat".to_owned(), now_s.into()),
            ("exp".to_owned(), (now_s + ASSERTION_S).into()),
        ])
    }
}

fn method(field: &str, config: &ClientConfig) -> Result<ClientMethod, ConfigError> {
    let wrong = |name: &str, message: &str| Err(ConfigError::at(format!("{field}.{name}"), message));
    if config.id.is_empty() {
        return wrong("id", "the client has no id; write what the issuer knows it by");
    }
    if config.secret.is_some() && config.key.is_some() {
        return wrong("key", "the client proves itself by one thing: write `secret` or `key`");
    }
    let method = config.auth.unwrap_or(match (&config.secret, &config.key) {
        (Some(_), _) => ClientMethod::ClientSecretBasic,
        (_, Some(_)) => ClientMethod::PrivateKeyJwt,
        _ => ClientMethod::None,
    });
    match method {
        ClientMethod::ClientSecretBasic | ClientMethod::ClientSecretPost if config.secret.is_none() => {
            return wrong("auth", "this way asks for `secret`");
        }
        ClientMethod::PrivateKeyJwt if config.key.is_none() => return wrong("auth", "this way asks for `key`"),
        ClientMethod::None if config.secret.is_some() || config.key.is_some() => {
            return wrong("auth", "`none` proves nothing; take the secret or key away, or `auth`");
        }
        _ => {}
    }
    if config.algorithm.is_some_and(|algorithm| HMAC.contains(&algorithm)) {
        return wrong("algorithm", "a private key signs RS256 to PS512, ES256, ES384 or EdDSA");
    }
    let of_a_key = [("kid", config.kid.is_some()), ("algorithm", config.algorithm.is_some()), ("audience", config.audience.is_some())];
    match of_a_key.into_iter().find(|(_, written)| *written && method != ClientMethod::PrivateKeyJwt) {
        Some((name, _)) => wrong(name, "this says something about `key`, and there is none"),
        None => Ok(method),
    }
}

/// RFC 6749 section 2.3.1: both parts are form-encoded first.
fn basic(id: &str, secret: &str) -> Option<HeaderValue> {
    let mut pair = String::new();
    query::encode(&mut pair, id);
    pair.push(':');
    query::encode(&mut pair, secret);
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests;
