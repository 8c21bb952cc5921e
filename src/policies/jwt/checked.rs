//! From what is written to what runs: every way in which the issuers of a `jwt` policy can be wrong, and what to write instead.

use std::cell::RefCell;
use std::rc::Rc;

use super::Issuer;
use super::key_source::{KeySource, Published};
use super::written::{Config, InlineKeys, IssuerConfig, Names};
use crate::auth::algorithm::{Algorithm, HMAC};
use crate::auth::claims::Rules;
use crate::auth::jwk;
use crate::auth::keys::{Key, KeySet};
use crate::auth::pem;
use crate::auth::refresh::Periods;
use crate::config::compiler::{Compiler, ConfigError};
use crate::config::server_url;
use crate::config::values::Duration;
use crate::policies::consumer::Claimed;

const LONGEST_LEEWAY: Duration = Duration::from_ms(300_000);

/// An issuer as it is written, with what it takes over from beside `issuers`.
pub struct Entry {
    /// What its fields begin with in the policy: empty, or `issuers.1.`.
    prefix: String,
    written: IssuerConfig,
    leeway: Duration,
    periods: Periods,
    consumer: Option<Claimed>,
}

/// The issuers of a policy, checked as far as that goes without the deployment's variables and secrets.
///
/// # Errors
/// The first thing that is wrong, with its field.
pub fn entries(config: &Config) -> Result<Vec<Entry>, ConfigError> {
    within("cooldown", config.cooldown, 1_000, 3_600_000)?;
    within("refresh", config.refresh, 10_000, 86_400_000)?;
    check_common(config)?;
    let anywhere = config.issuers.iter().find_map(|own| own.consumer_claim.as_ref());
    let anywhere = Claimed::compile(config.consumer_claim.as_ref().or(anywhere), config.consumer)?;
    let entry = |prefix: String, own: IssuerConfig| {
        let leeway = own.leeway.unwrap_or(config.leeway);
        let consumer = anywhere.as_ref().map(|claimed| claimed.of(own.consumer_claim.as_ref().or(config.consumer_claim.as_ref())));
        let written = IssuerConfig {
            audience: own.audience.or_else(|| config.audience.clone()),
            algorithms: own.algorithms.or_else(|| config.algorithms.clone()),
            max_age: own.max_age.or(config.max_age),
            typ: own.typ.or_else(|| config.typ.clone()),
            required: Some(own.required.unwrap_or_else(|| config.required.clone())),
            map: Some(own.map.unwrap_or_else(|| config.map.clone())),
            ..own
        };
        let periods = Periods { refresh_ms: config.refresh.ms(), cooldown_ms: config.cooldown.ms() };
        Entry { prefix, written, leeway, periods, consumer }
    };
    let entries: Vec<Entry> = match &config.issuer {
        Some(issuer) => {
            let own = IssuerConfig {
                issuer: issuer.clone(),
                audience: None,
                jwks: config.jwks.clone(),
                jwks_inline: config.jwks_inline.clone(),
                pem: config.pem.clone(),
                secret: config.secret.clone(),
                algorithms: None,
                leeway: None,
                max_age: None,
                typ: None,
                required: None,
                map: None,
                consumer_claim: None,
            };
            vec![entry(String::new(), own)]
        }
        None => config.issuers.iter().enumerate().map(|(index, own)| entry(format!("issuers.{index}."), own.clone())).collect(),
    };
    for entry in &entries {
        entry.check()?;
    }
    Ok(entries)
}

/// `issuer` and its keys, or `issuers` with theirs.
fn check_common(config: &Config) -> Result<(), ConfigError> {
    let beside = [
        ("issuer", config.issuer.is_some()),
        ("jwks", config.jwks.is_some()),
        ("jwks_inline", config.jwks_inline.is_some()),
        ("pem", config.pem.is_some()),
        ("secret", config.secret.is_some()),
    ];
    match (&config.issuer, config.issuers.is_empty()) {
        (None, true) => Err(ConfigError::at("", "whose tokens are taken? Write `issuer`, or several `issuers`")),
        (_, true) => Ok(()),
        (_, false) => match beside.into_iter().find(|(_, written)| *written) {
            Some((name, _)) => Err(ConfigError::at(name, format!("with `issuers`, each entry has its own `{name}`"))),
            None => Ok(()),
        },
    }
}

fn within(field: &str, value: Duration, least: u64, most: u64) -> Result<(), ConfigError> {
    if (least..=most).contains(&value.ms()) {
        return Ok(());
    }
    let (least, most) = (Duration::from_ms(least), Duration::from_ms(most));
    Err(ConfigError::at(field, format!("{value} is out of range; write from {least} to {most}")))
}

/// The issuers as they run. What only the deployment knows (variables, secrets) is asked for here, all of it.
///
/// # Errors
/// The first thing that is wrong, with its field.
pub fn issuers(entries: Vec<Entry>, compiler: &mut Compiler<'_>) -> Result<Vec<Issuer>, ConfigError> {
    let compiled: Vec<_> = entries.into_iter().map(|entry| (entry.prefix.clone(), entry.compile(compiler))).collect();
    let mut issuers: Vec<Issuer> = Vec::new();
    for (prefix, issuer) in compiled {
        let issuer = issuer?;
        let shared = |name: &&String| issuers.iter().any(|other| other.rules.issuers.contains(name));
        if let Some(name) = issuer.rules.issuers.iter().find(shared) {
            let message = format!("`{name}` stands in two entries, and a token of it can be held against one only");
            return Err(ConfigError::at(format!("{prefix}issuer"), message));
        }
        issuers.push(issuer);
    }
    Ok(issuers)
}

impl Entry {
    fn at(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The entry as a whole.
    fn whole(&self) -> &str {
        self.prefix.trim_end_matches('.')
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.check_key_fields()?;
        self.check_algorithms()?;
        if self.leeway > LONGEST_LEEWAY {
            let message = format!("clocks do not differ by {}; write at most {LONGEST_LEEWAY}", self.leeway);
            return Err(ConfigError::at(self.at("leeway"), message));
        }
        if self.written.max_age.is_some_and(|max_age| max_age.ms() == 0) {
            return Err(ConfigError::at(self.at("max_age"), "every token would be too old; write one such as \"1h\""));
        }
        match self.written.required.iter().flatten().position(String::is_empty) {
            Some(index) => {
                let message = "it names no claim; write one such as \"email\"";
                Err(ConfigError::at(self.at(&format!("required.{index}")), message))
            }
            None => Ok(()),
        }
    }

    fn check_key_fields(&self) -> Result<(), ConfigError> {
        let written: Vec<&str> = [
            ("jwks", self.written.jwks.is_some()),
            ("jwks_inline", self.written.jwks_inline.is_some()),
            ("pem", self.written.pem.is_some()),
            ("secret", self.written.secret.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, written)| written.then_some(name))
        .collect();
        match written.as_slice() {
            [_] => Ok(()),
            [] => {
                let message = "where do the keys come from? Write one of `jwks = \"https://...\"`, `jwks_inline`, `pem` and `secret`";
                Err(ConfigError::at(self.whole(), message))
            }
            [_, second, ..] => {
                let message = format!("the keys come from one place only: write one of {}", written.join(", "));
                Err(ConfigError::at(self.at(second), message))
            }
        }
    }

    fn check_algorithms(&self) -> Result<(), ConfigError> {
        let Some(algorithms) = &self.written.algorithms else { return Ok(()) };
        if algorithms.is_empty() {
            let message = "no algorithm means no token; leave it out, or write some, such as [\"RS256\"]";
            return Err(ConfigError::at(self.at("algorithms"), message));
        }
        for (index, algorithm) in algorithms.iter().enumerate() {
            if HMAC.contains(algorithm) != self.written.secret.is_some() {
                let name = algorithm.name();
                let message = match self.written.secret.is_some() {
                    true => format!("{name} asks for a public key; with `secret`, write HS256, HS384 or HS512"),
                    false => format!("{name} asks for `secret`; public keys never verify it"),
                };
                return Err(ConfigError::at(self.at(&format!("algorithms.{index}")), message));
            }
        }
        Ok(())
    }

    fn compile(self, compiler: &mut Compiler<'_>) -> Result<Issuer, ConfigError> {
        let texts = |field: &str, names: &Names, compiler: &mut Compiler<'_>| -> Result<Vec<String>, ConfigError> {
            names.0.iter().map(|text| compiler.text(field, text)).collect()
        };
        let names = texts(&self.at("issuer"), &self.written.issuer, compiler);
        let audiences = self.written.audience.as_ref();
        let audiences = audiences.map_or(Ok(Vec::new()), |audience| texts(&self.at("audience"), audience, compiler));
        let keys = self.keys(compiler);
        let rules = Rules {
            issuers: names?,
            audiences: audiences?,
            types: self.written.typ.map(|types| types.0),
            required: self.written.required.unwrap_or_default(),
            leeway_ms: self.leeway.ms(),
            max_age_ms: self.written.max_age.map(Duration::ms),
            mapping: self.written.map.unwrap_or_default().mapping(),
            introspected: false,
        };
        Ok(Issuer { keys: keys?, rules, consumer: self.consumer, verified: RefCell::default() })
    }

    fn keys(&self, compiler: &mut Compiler<'_>) -> Result<KeySource, ConfigError> {
        let written = &self.written;
        if let Some(jwks) = &written.jwks {
            let url = server_url::resolve(&self.at("jwks"), jwks, compiler)?;
            return Ok(KeySource::Published(Rc::new(Published::new(url, self.periods, written.algorithms.clone()))));
        }
        if let Some(inline) = &written.jwks_inline {
            return self.fixed("jwks_inline", self.inline_keys(inline)?);
        }
        if let Some(pem) = &written.pem {
            let text = compiler.text(&self.at("pem"), pem)?;
            let set = pem::parse(&text)
                .map_err(|message| ConfigError { missing: server_url::variable(pem), ..ConfigError::at(self.at("pem"), message) })?;
            return self.fixed("pem", set);
        }
        let Some(secret) = &written.secret else { return Err(ConfigError::at(self.whole(), "there are no keys")) };
        let value = compiler.secret(&self.at("secret"), secret)?;
        let algorithms = written.algorithms.as_deref().unwrap_or(&[Algorithm::HS256]);
        let key = Key::secret(value.as_bytes(), algorithms).map_err(|reason| ConfigError {
            field: self.at("secret"),
            message: format!("`{}` cannot be used: {reason}", secret.secret),
            missing: Some(secret.secret.clone()),
        })?;
        Ok(KeySource::Fixed(Rc::new(KeySet { keys: vec![key], skipped: Vec::new() })))
    }

    fn inline_keys(&self, inline: &InlineKeys) -> Result<KeySet, ConfigError> {
        let mut set = KeySet::default();
        for (index, written) in inline.keys.iter().enumerate() {
            let wrong =
                |reason| ConfigError::at(self.at(&format!("jwks_inline.keys.{index}")), format!("the key cannot be used: {reason}"));
            set.keys.push(jwk::parse_key(written).map_err(wrong)?);
        }
        if set.keys.is_empty() {
            return Err(ConfigError::at(self.at("jwks_inline.keys"), "there is no key in it"));
        }
        Ok(set)
    }

    fn fixed(&self, field: &str, set: KeySet) -> Result<KeySource, ConfigError> {
        let Some(algorithms) = &self.written.algorithms else { return Ok(KeySource::Fixed(Rc::new(set))) };
        let count = set.keys.len();
        let set = set.narrowed(algorithms);
        if set.keys.len() < count {
            let message = format!("a key of `{field}` can be used with none of these; write what it is for, or leave the list out");
            return Err(ConfigError::at(self.at("algorithms"), message));
        }
        Ok(KeySource::Fixed(Rc::new(set)))
    }
}
