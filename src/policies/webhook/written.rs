//! `webhook` as it is written.

use serde::{Deserialize, Serialize};

use crate::config::values::{ByteSize, Duration, Secret};

/// `{ webhook = { scheme = "github", secrets = [{ secret = "GITHUB_WEBHOOK" }] } }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How the sender signs.
    pub scheme: SchemeName,
    /// The names of the secrets shared with the sender; several while one replaces the other. Those of `standard` are base64, with or
    /// without `whsec_` before it; all others are taken as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// Public keys of a sender that signs with Ed25519 (`standard` alone): base64, with or without `whpk_` before it. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public_keys: Vec<String>,
    /// How a sender signs that has a way of its own; for `custom` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// Who sends; the consumer where absent, or else the scheme's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The consumer that the sender belongs to, by its name in the consumers files, with its scopes, roles, groups and metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// The longest ago that it may have been sent; at most 12h. Nothing for `github`, which does not say when.
    #[serde(default = "default_max_age")]
    pub max_age: Duration,
    /// The longest body; a longer one is refused (413).
    #[serde(default = "default_max_body")]
    pub max_body: ByteSize,
    /// Whether the same webhook may come again within `max_age`. A sender that tries again says another time, so that this is no
    /// obstacle to it. Where the sender does not say when, the same one may always come again.
    #[serde(default)]
    pub replay: bool,
}

fn default_max_age() -> Duration {
    Duration::from_ms(300_000)
}

fn default_max_body() -> ByteSize {
    ByteSize::from_bytes(1 << 20)
}

/// A way of signing webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SchemeName {
    /// Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    Standard,
    /// `X-Hub-Signature-256: sha256=...` over the body.
    Github,
    /// `Stripe-Signature: t=...,v1=...`.
    Stripe,
    /// `X-Slack-Signature: v0=...` and `X-Slack-Request-Timestamp`.
    Slack,
    /// As `custom` says.
    Custom,
}

/// A sender's own way: an HMAC in a header field.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(rename = "CustomWebhook"))]
#[serde(deny_unknown_fields)]
pub struct Custom {
    /// The field that has the signature.
    pub header: String,
    /// What stands before it there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// How it is written.
    #[serde(default)]
    pub encoding: MacEncoding,
    /// The HMAC's hash.
    #[serde(default)]
    pub hash: MacHash,
    /// What is signed: `{body}` once, and perhaps `{timestamp}` and `{id}`: `"{timestamp}.{body}"`.
    #[serde(default = "default_signed")]
    pub signed: String,
    /// The field that has the time of sending, in seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// The field that has the webhook's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

fn default_signed() -> String {
    "{body}".to_owned()
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MacEncoding {
    /// In hexadecimal.
    #[default]
    Hex,
    /// In base64, with its padding.
    Base64,
}

/// The hash of an HMAC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MacHash {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}
