//! `oidc` as it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::auth::client_auth::ClientConfig;
use crate::config::values::Duration;
use crate::policies::consumer::Demand;
use crate::policies::jwt::MapConfig;
use crate::policies::jwt::written::Names;

/// `{ oidc = { issuer = "https://login.example/", client = { id = "shop", secret = { secret = "CLIENT_SECRET" } } } }`
///
/// At the provider, register `https://HOST/.archway/oidc/callback` as the redirect URI of every host. `/.archway/oidc/logout` ends a
/// session here and at the provider, and takes a POST of the same origin, or a click there; `/.archway/oidc/backchannel-logout` is where
/// the provider may end sessions. The build makes the routes of these paths.
///
/// Only browsers that load a page are sent to the provider. Scripts, other methods than GET and API clients get 401.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The provider: its `issuer`, letter by letter. An https URL, or http on loopback. May hold `${NAME}`.
    pub issuer: String,
    /// The gateway as a client of the provider.
    pub client: ClientConfig,
    /// What is asked for. With `offline_access`, or where the provider gives a refresh token anyway, access tokens are renewed.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// More parameters for the provider's login page, such as `{ prompt = "login", audience = "shop" }`. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// How long ago the person may have logged in at the provider when a session begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
    /// Whether the provider's userinfo endpoint is asked for more claims, once at login.
    #[serde(default)]
    pub userinfo: bool,
    /// Where the claims say what the person may do; scopes by default are those that the provider granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<MapConfig>,
    /// The claim that names the consumer a person belongs to, such as `"org_id"`; as for `jwt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer_claim: Option<Names>,
    /// Whether a person must be a consumer's: one that is nobody's is refused (401). With `"optional"`, anyone may log in.
    #[serde(default, skip_serializing_if = "Demand::is_required")]
    pub consumer: Demand,
    /// How long a session may go unused; 1m to 30d.
    #[serde(default = "default_idle")]
    pub idle: Duration,
    /// How long a session lasts at most; 1m to 90d.
    #[serde(default = "default_lifetime")]
    pub lifetime: Duration,
    /// Whether the origin gets the access token, in `Authorization: Bearer`. Browsers never do.
    #[serde(default)]
    pub forward_access_token: bool,
    /// Where browsers come back to after a logout at the provider: a path such as `"/bye"`, which must be registered there with its
    /// host. Without it they stay at the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_logout: Option<String>,
    /// The path below which the policy answers by itself. Two providers on one host need two.
    #[serde(default = "default_path")]
    pub path: String,
    /// The origin that browsers see, such as `"https://shop.example"`; by default that of each request. For a gateway behind a proxy
    /// that is not in `trusted_proxies`. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// The cookie's name behind `__Host-`; by default `archway-` and a digest of provider and client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<String>,
    /// How far the provider's clock and this one may differ; at most 5m.
    #[serde(default = "default_leeway")]
    pub leeway: Duration,
}

fn default_scopes() -> Vec<String> {
    vec!["openid".to_owned()]
}

fn default_idle() -> Duration {
    Duration::from_ms(3_600_000)
}

fn default_lifetime() -> Duration {
    Duration::from_ms(12 * 3_600_000)
}

fn default_path() -> String {
    "/.archway/oidc".to_owned()
}

fn default_leeway() -> Duration {
    Duration::from_ms(30_000)
}
