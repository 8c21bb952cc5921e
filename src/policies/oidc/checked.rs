//! From what is written to what runs: every way in which an `oidc` policy can be wrong, and what to write instead.

use super::client::Client;
use super::written::Config;
use crate::auth::client_auth::ClientAuth;
use crate::auth::mapping::Mapping;
use crate::auth::oidc::names::Names;
use crate::config::compiler::{Compiler, ConfigError};
use crate::config::runtime::EncodedSlash;
use crate::config::server_url;
use crate::config::values::Duration;
use crate::http::HeaderName;
use crate::http::web_origin::WebOrigin;
use crate::policies::consumer::Claimed;
use crate::routing::pattern::Pattern;

/// Parameters of the login page that are the gateway's own.
const OWN: &[&str] = &[
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "max_age",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];
const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;

/// What a policy runs with.
pub struct Checked {
    pub(super) client: Client,
    pub(super) names: Names,
    pub(super) path: String,
    pub(super) public: Option<WebOrigin>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) after_logout: Option<String>,
    pub(super) forward_access_token: bool,
    pub(super) mapping: Mapping,
    pub(super) consumer: Option<Claimed>,
}

/// Checks the whole of a policy. What only the deployment knows is asked for last, all of it.
///
/// # Errors
/// The first thing that is wrong, with its field.
pub fn check(config: Config, compiler: &mut Compiler<'_>) -> Result<Checked, ConfigError> {
    if !config.scopes.iter().any(|scope| scope == "openid") {
        return Err(ConfigError::at("scopes", "without \"openid\" the provider does not say who logged in; add it"));
    }
    if let Some(name) = config.parameters.keys().find(|name| OWN.contains(&name.as_str()) || name.is_empty()) {
        return Err(ConfigError::at(format!("parameters.{name}"), "this parameter is the gateway's own"));
    }
    if config.leeway.ms() > 5 * MINUTE_MS {
        return Err(ConfigError::at("leeway", format!("clocks do not differ by {}; write at most 5m", config.leeway)));
    }
    within("idle", config.idle, 30 * DAY_MS)?;
    within("lifetime", config.lifetime, 90 * DAY_MS)?;
    let plain = |path: &str| Pattern::parse(path, EncodedSlash::Refuse).is_ok_and(|pattern| pattern.names().next().is_none());
    if config.path.len() < 2 || config.path.ends_with('/') || !plain(&config.path) {
        let message = format!("`{}` is not a path such as \"/.archway/oidc\", without parameters and a slash at its end", config.path);
        return Err(ConfigError::at("path", message));
    }
    if config.after_logout.as_ref().is_some_and(|path| !plain(path)) {
        return Err(ConfigError::at("after_logout", "it is not a path such as \"/bye\""));
    }
    if config.cookie.as_ref().is_some_and(|name| HeaderName::try_from(name.as_str()).is_err() || name.starts_with("__")) {
        return Err(ConfigError::at("cookie", "it is not the name of a cookie; `__Host-` is put before it"));
    }
    let consumer = Claimed::compile(config.consumer_claim.as_ref(), config.consumer)?;
    compiler.needs.own_paths.insert(config.path.clone(), compiler.id.to_owned());
    compiler.needs.secret_query.extend(["code".to_owned(), "state".to_owned()]);

    let issuer = server_url::resolve("issuer", &config.issuer, compiler);
    let auth = ClientAuth::compile("client", &config.client, compiler);
    let public = config.public_url.as_ref().map(|written| public(written, compiler)).transpose();
    let mut parameters = Vec::new();
    let mut missing = None;
    for (name, value) in &config.parameters {
        match compiler.text(&format!("parameters.{name}"), value) {
            Ok(value) => parameters.push((name.clone(), value)),
            Err(error) => missing = missing.or(Some(error)),
        }
    }
    let (issuer, auth, public) = (issuer?, auth?, public?);
    if let Some(error) = missing {
        return Err(error);
    }
    let names = Names::of(&issuer, auth.id(), config.cookie.as_deref());
    let client = Client::new(compiler.id, issuer, auth, &config);
    let Config { path, after_logout, forward_access_token, map, .. } = config;
    let mapping = map.unwrap_or_default().mapping();
    Ok(Checked { client, names, path, public, parameters, after_logout, forward_access_token, mapping, consumer })
}

fn within(field: &str, value: Duration, most_ms: u64) -> Result<(), ConfigError> {
    if (MINUTE_MS..=most_ms).contains(&value.ms()) {
        return Ok(());
    }
    Err(ConfigError::at(field, format!("{value} is out of range; write from 1m to {}", Duration::from_ms(most_ms))))
}

fn public(written: &str, compiler: &mut Compiler<'_>) -> Result<WebOrigin, ConfigError> {
    let text = compiler.text("public_url", written)?;
    let origin = WebOrigin::parse(&text).filter(WebOrigin::is_private);
    origin.ok_or_else(|| ConfigError {
        missing: server_url::variable(written),
        ..ConfigError::at("public_url", format!("`{text}` is not an origin such as \"https://shop.example\", of https or on loopback"))
    })
}
