//! `jwt` as it is written.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::auth::algorithm::Algorithm;
use crate::auth::mapping::Mapping;
use crate::config::values::{Duration, Secret};
use crate::policies::bearer::bound::BoundConfig;
use crate::policies::consumer::Demand;
use crate::policies::credential::Source;
use crate::policies::jwt::revoked::RevocationsConfig;

/// `{ jwt = { issuer = "https://issuer.example/", audience = "products", jwks = "https://issuer.example/jwks.json" } }`
///
/// Exactly one of `jwks`, `jwks_inline`, `pem` and `secret` says where the keys come from. A token must have `iss`, `sub` and
/// `exp` in any case. Where tokens of several issuers are taken, each stands in `issuers`; what is written beside it then holds for
/// each of them that does not say otherwise.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `iss` must be this, or one of these, exactly. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Names>,
    /// Several issuers, each with its own keys and rules. A token is held against those of the one that its `iss` names, alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<IssuerConfig>,
    /// `aud` must name this, or one of these, exactly. Where it is not written, tokens for any audience pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Names>,
    /// Where the issuer publishes its key set (RFC 7517): an https URL, or http on loopback. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// A key set in the routes file itself; public keys only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_inline: Option<InlineKeys>,
    /// One or several public keys in PEM. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
    /// The name of a secret shared with the issuer, at least 32 bytes; only for HS256, HS384 and HS512.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// The only algorithms that keys may be used with; by default whatever each key is for, and HS256 for a secret. `EdDSA` is Ed25519,
    /// by which name tokens and keys may call it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithms: Option<Vec<Algorithm>>,
    /// How far the issuer's clock and this one may differ; at most 5m.
    #[serde(default = "default_leeway")]
    pub leeway: Duration,
    /// The longest ago that a token may have been issued; asks for `iat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
    /// The only `typ` that pass, as media types without `application/`; by default `JWT`, `at+jwt` and none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typ: Option<Names>,
    /// Claims that a token must have besides `iss`, `sub` and `exp`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// Where the claims say what the caller may do.
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
    /// Header fields that tell the origin about claims: `{ "x-user" = "sub", "x-tenant" = "org.tenant" }`. Clients cannot send
    /// them, on any route.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forward: BTreeMap<String, String>,
    /// Whether the token is removed before the origin sees the request; by default it is from a cookie or the query, and is not
    /// from a header field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strip: Option<bool>,
    /// What a token may be bound to, so that only the holder of a key can use it. Where it is not written, a bound token is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<BoundConfig>,
    /// A list of withdrawn tokens that this policy looks into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocations: Option<RevocationsConfig>,
    /// The least time between two fetches of the key set that tokens with unknown keys ask for; 1s to 1h.
    #[serde(default = "default_cooldown")]
    pub cooldown: Duration,
    /// The age from which the key set is renewed in the background; 10s to 1d.
    #[serde(default = "default_refresh")]
    pub refresh: Duration,
}

/// One issuer of several. Exactly one of `jwks`, `jwks_inline`, `pem` and `secret` says where its keys come from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// `iss` must be this, or one of these, exactly; no other entry may have the same. May hold `${NAME}`.
    pub issuer: Names,
    /// `aud` must name this, or one of these, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Names>,
    /// Where the issuer publishes its key set. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// A key set in the routes file itself; public keys only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_inline: Option<InlineKeys>,
    /// One or several public keys in PEM. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
    /// The name of a secret shared with the issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// The only algorithms that keys may be used with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithms: Option<Vec<Algorithm>>,
    /// How far the issuer's clock and this one may differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leeway: Option<Duration>,
    /// The longest ago that a token may have been issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
    /// The only `typ` that pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typ: Option<Names>,
    /// Claims that a token must have besides `iss`, `sub` and `exp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<Vec<String>>,
    /// Where the claims say what the caller may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<MapConfig>,
    /// The claim that names the consumer a token belongs to, or several, of which the first that is there counts. Where it is written
    /// neither here nor beside `issuers`, this issuer's tokens are no consumer's, whatever `consumer` asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer_claim: Option<Names>,
}

/// `{ roles = ["realm_access.roles", "https://issuer.example/roles"], groups = "groups" }`
///
/// Each is one place or several: a claim's name, or a path of names joined by dots, which may have dots themselves. A list of texts
/// is taken as it is; a text is split at its commas, or at its spaces where it has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MapConfig {
    /// Where scopes stand; by default in `scope`, or in `scp` where there is no `scope`, split at spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Names>,
    /// Where roles stand; by default in `roles`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Names>,
    /// Where groups stand; by default in `groups`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Names>,
}

impl MapConfig {
    /// Whether nothing is written.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What it comes to, with the places that are not written.
    pub fn mapping(&self) -> Mapping {
        let names = |names: &Option<Names>| names.as_ref().map(|names| names.0.clone());
        let Mapping { roles, groups, .. } = Mapping::default();
        Mapping { scopes: names(&self.scopes), roles: names(&self.roles).unwrap_or(roles), groups: names(&self.groups).unwrap_or(groups) }
    }
}

fn default_leeway() -> Duration {
    Duration::from_ms(30_000)
}

fn default_token() -> Vec<Source> {
    vec![Source::Bearer]
}

fn default_cooldown() -> Duration {
    Duration::from_ms(30_000)
}

fn default_refresh() -> Duration {
    Duration::from_ms(600_000)
}

/// A key set in the routes file (RFC 7517 section 5).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InlineKeys {
    /// Public keys as JSON Web Keys (RFC 7517 section 4).
    pub keys: Vec<Map<String, Value>>,
}

/// One text or a list of texts; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Names(pub Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Names, E> {
                if text.is_empty() {
                    return Err(E::custom("it may not be empty"));
                }
                Ok(Names(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = items.next_element::<String>()? {
                    if name.is_empty() {
                        return Err(A::Error::custom("a text in it may not be empty"));
                    }
                    names.push(name);
                }
                if names.is_empty() {
                    return Err(A::Error::custom("the list may not be empty"));
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Names {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A text or a list of texts.",
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1 }
            ]
        })
    }
}
