//! From what is written to what runs: every way in which a `jwt` policy can be wrong, and what to write instead.

use std::rc::Rc;

use super::forward::Forward;
use super::key_source::{KeySource, Published};
use super::written::{Config, InlineKeys, Names};
use crate::auth::algorithm::{Algorithm, HMAC};
use crate::auth::claims::Rules;
use crate::auth::jwk;
use crate::auth::keys::{Key, KeySet};
use crate::auth::pem;
use crate::auth::refresh::Periods;
use crate::config::compiler::{Compiler, ConfigError};
use crate::config::server_url;
use crate::config::values::Duration;
use crate::policies::credential::{self, Source};

const LONGEST_LEEWAY: Duration = Duration::from_ms(300_000);

/// What a policy runs with.
pub struct Checked {
    pub(super) keys: KeySource,
    pub(super) rules: Rules,
    pub(super) sources: Vec<Source>,
    pub(super) scopes: Vec<String>,
    pub(super) forwards: Vec<Forward>,
    pub(super) strip: Option<bool>,
}

/// Checks the whole of a policy. What only the deployment knows (variables, secrets) is asked for last, all of it, so that
/// everything else is found without it.
///
/// # Errors
/// The first thing that is wrong, with its field.
pub fn check(config: Config, compiler: &mut Compiler<'_>) -> Result<Checked, ConfigError> {
    check_key_fields(&config)?;
    check_periods(&config)?;
    credential::check(&config.token, "token")?;
    check_scopes(&config.scopes)?;
    if let Some(index) = config.required.iter().position(String::is_empty) {
        return Err(ConfigError::at(format!("required.{index}"), "it names no claim; write one such as \"email\""));
    }
    credential::redact(&config.token, compiler);
    let read_by_name = |name: &str| config.token.iter().any(|source| matches!(source, Source::Header(h) if h.eq_ignore_ascii_case(name)));
    let mut forwards = Vec::new();
    for (name, claim) in &config.forward {
        if read_by_name(name) {
            return Err(ConfigError::at(format!("forward.{name}"), "the token is read from this field; take another one for the claim"));
        }
        forwards.push(Forward::compile(name, claim, compiler)?);
    }

    let issuers = texts("issuer", &config.issuer, compiler);
    let audiences = config.audience.as_ref().map_or(Ok(Vec::new()), |audience| texts("audience", audience, compiler));
    let keys = keys(&config, compiler);
    let rules = Rules {
        issuers: issuers?,
        audiences: audiences?,
        types: config.typ.map(|types| types.0),
        required: config.required,
        leeway_ms: config.leeway.ms(),
        max_age_ms: config.max_age.map(Duration::ms),
    };
    Ok(Checked { keys: keys?, rules, sources: config.token, scopes: config.scopes, forwards, strip: config.strip })
}

fn check_key_fields(config: &Config) -> Result<(), ConfigError> {
    let written: Vec<&str> = [
        ("jwks", config.jwks.is_some()),
        ("jwks_inline", config.jwks_inline.is_some()),
        ("pem", config.pem.is_some()),
        ("secret", config.secret.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, written)| written.then_some(name))
    .collect();
    match written.as_slice() {
        [_] => {}
        [] => {
            let message = "where do the keys come from? Write one of `jwks = \"https://...\"`, `jwks_inline`, `pem` and `secret`";
            return Err(ConfigError::at("", message));
        }
        [_, second, ..] => {
            let message = format!("the keys come from one place only: write one of {}", written.join(", "));
            return Err(ConfigError::at(*second, message));
        }
    }
    let Some(algorithms) = &config.algorithms else { return Ok(()) };
    if algorithms.is_empty() {
        return Err(ConfigError::at("algorithms", "no algorithm means no token; leave it out, or write some, such as [\"RS256\"]"));
    }
    for (index, algorithm) in algorithms.iter().enumerate() {
        if HMAC.contains(algorithm) != config.secret.is_some() {
            let name = algorithm.name();
            let message = match config.secret.is_some() {
                true => format!("{name} asks for a public key; with `secret`, write HS256, HS384 or HS512"),
                false => format!("{name} asks for `secret`; public keys never verify it"),
            };
            return Err(ConfigError::at(format!("algorithms.{index}"), message));
        }
    }
    Ok(())
}

fn check_periods(config: &Config) -> Result<(), ConfigError> {
    let within = |field: &str, value: Duration, least: u64, most: u64| {
        if (least..=most).contains(&value.ms()) {
            return Ok(());
        }
        let (least, most) = (Duration::from_ms(least), Duration::from_ms(most));
        Err(ConfigError::at(field, format!("{value} is out of range; write from {least} to {most}")))
    };
    if config.leeway > LONGEST_LEEWAY {
        return Err(ConfigError::at("leeway", format!("clocks do not differ by {}; write at most {LONGEST_LEEWAY}", config.leeway)));
    }
    within("cooldown", config.cooldown, 1_000, 3_600_000)?;
    within("refresh", config.refresh, 10_000, 86_400_000)?;
    match config.max_age {
        Some(max_age) if max_age.ms() == 0 => Err(ConfigError::at("max_age", "every token would be too old; write one such as \"1h\"")),
        _ => Ok(()),
    }
}

/// RFC 6749 section 3.3.
fn check_scopes(scopes: &[String]) -> Result<(), ConfigError> {
    let fits = |scope: &String| !scope.is_empty() && scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    match scopes.iter().position(|scope| !fits(scope)) {
        Some(index) => {
            let message = "a scope is visible ASCII without spaces, quotes and backslashes; write several as several items";
            Err(ConfigError::at(format!("scopes.{index}"), message))
        }
        None => Ok(()),
    }
}

fn texts(field: &str, names: &Names, compiler: &mut Compiler<'_>) -> Result<Vec<String>, ConfigError> {
    names.0.iter().map(|text| compiler.text(field, text)).collect()
}

fn keys(config: &Config, compiler: &mut Compiler<'_>) -> Result<KeySource, ConfigError> {
    if let Some(written) = &config.jwks {
        let periods = Periods { refresh_ms: config.refresh.ms(), cooldown_ms: config.cooldown.ms() };
        let url = server_url::resolve("jwks", written, compiler)?;
        return Ok(KeySource::Published(Rc::new(Published::new(url, periods, config.algorithms.clone()))));
    }
    if let Some(inline) = &config.jwks_inline {
        return fixed("jwks_inline", inline_keys(inline)?, config.algorithms.as_deref());
    }
    if let Some(written) = &config.pem {
        let text = compiler.text("pem", written)?;
        let set = pem::parse(&text)
            .map_err(|message| ConfigError { missing: server_url::variable(written), ..ConfigError::at("pem", message) })?;
        return fixed("pem", set, config.algorithms.as_deref());
    }
    let Some(secret) = &config.secret else { return Err(ConfigError::at("", "there are no keys")) };
    let value = compiler.secret("secret", secret)?;
    let algorithms = config.algorithms.as_deref().unwrap_or(&[Algorithm::HS256]);
    let key = Key::secret(value.as_bytes(), algorithms).map_err(|reason| ConfigError {
        field: "secret".to_owned(),
        message: format!("`{}` cannot be used: {reason}", secret.secret),
        missing: Some(secret.secret.clone()),
    })?;
    Ok(KeySource::Fixed(Rc::new(KeySet { keys: vec![key], skipped: Vec::new() })))
}

fn inline_keys(inline: &InlineKeys) -> Result<KeySet, ConfigError> {
    let mut set = KeySet::default();
    for (index, written) in inline.keys.iter().enumerate() {
        let key = jwk::parse_key(written);
        set.keys
            .push(key.map_err(|reason| ConfigError::at(format!("jwks_inline.keys.{index}"), format!("the key cannot be used: {reason}")))?);
    }
    if set.keys.is_empty() {
        return Err(ConfigError::at("jwks_inline.keys", "there is no key in it"));
    }
    Ok(set)
}

fn fixed(field: &str, set: KeySet, algorithms: Option<&[Algorithm]>) -> Result<KeySource, ConfigError> {
    let Some(algorithms) = algorithms else { return Ok(KeySource::Fixed(Rc::new(set))) };
    let count = set.keys.len();
    let set = set.narrowed(algorithms);
    if set.keys.len() < count {
        let message = format!("a key of `{field}` can be used with none of these; write what it is for, or leave the list out");
        return Err(ConfigError::at("algorithms", message));
    }
    Ok(KeySource::Fixed(Rc::new(set)))
}
