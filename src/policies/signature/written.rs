//! `signature` as it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::auth::message_signature::Algorithm;
use crate::config::values::{ByteSize, Duration, Secret};

/// `{ signature = { keys = { "partner-2026" = { pem = "${PARTNER_KEY}", subject = "partner" } } } }`
///
/// A request's `Signature-Input` and `Signature` (RFC 9421) must be by one of these keys, cover what they must, and not have been
/// seen before. A body must be the one that a covered `Content-Digest` (RFC 9530, sha-256 or sha-512) names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The keys that are trusted, by the `keyid` that signatures name.
    pub keys: BTreeMap<String, KeyConfig>,
    /// What a signature must cover: `@method`, `@target-uri` (also as `@authority`, `@path` and `@query`), `@authority`, `@scheme`,
    /// `@request-target`, `@path`, `@query`, and header fields in lower case.
    #[serde(default = "default_covered")]
    pub covered: Vec<String>,
    /// The longest ago that it may have been made; at most 12h.
    #[serde(default = "default_max_age")]
    pub max_age: Duration,
    /// How far the clocks may differ; at most 5m.
    #[serde(default = "default_leeway")]
    pub leeway: Duration,
    /// The `tag` that it must have; signatures with another one are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Whether it must have a `nonce`.
    #[serde(default)]
    pub nonce: bool,
    /// Whether the same request may come again while its signature holds. Otherwise each `nonce` of a key passes once, and a
    /// request without one passes once as it is.
    #[serde(default)]
    pub replay: bool,
    /// Whether a body may come that no signature covers.
    #[serde(default)]
    pub unsigned_body: bool,
    /// The longest body that is held against its digest; a longer one is refused (413).
    #[serde(default = "default_max_body")]
    pub max_body: ByteSize,
}

fn default_covered() -> Vec<String> {
    ["@method", "@target-uri"].map(str::to_owned).to_vec()
}

fn default_max_age() -> Duration {
    Duration::from_ms(300_000)
}

fn default_leeway() -> Duration {
    Duration::from_ms(30_000)
}

fn default_max_body() -> ByteSize {
    ByteSize::from_bytes(1 << 20)
}

/// A key and whose it is. Exactly one of `pem`, `jwk` and `secret` has the key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), schemars(rename = "SignatureKey"))]
pub struct KeyConfig {
    /// One public key in PEM. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
    /// One public key as a JSON Web Key (RFC 7517).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwk: Option<Map<String, Value>>,
    /// The name of a shared secret, at least 32 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// How the secret is written.
    #[serde(default)]
    pub encoding: Encoding,
    /// The one algorithm that the key is used with; by default `rsa-pss-sha512` for RSA, else the only one that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// Who signs with it; the consumer where absent, or else the `keyid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The consumer that it belongs to, by its name in the consumers files, whose scopes, roles and groups are added to those here, and
    /// whose metadata are claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// The scopes that it brings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The roles that it brings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The groups that it brings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// How a secret is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Its bytes are those of the text.
    #[default]
    Text,
    /// In base64, with its padding.
    Base64,
    /// In hexadecimal.
    Hex,
}
