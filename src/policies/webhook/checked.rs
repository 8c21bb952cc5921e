//! From what is written to what runs.

use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::written::{Config, Custom, MacEncoding, MacHash, SchemeName};
use crate::auth::identity::Identity;
use crate::auth::keys::Key;
use crate::auth::webhook::{Encoding, Hash, Keys, Part, Scheme, Style};
use crate::config::compiler::{Compiler, ConfigError};
use crate::config::values::Duration;
use crate::http::HeaderName;

const LONGEST_AGE: Duration = Duration::from_ms(12 * 3_600_000);
/// The most keys that one webhook is tried with.
const MOST_KEYS: usize = 8;
/// The least length of a secret, in bytes.
const LEAST_SECRET: usize = 16;

/// The scheme of a policy.
///
/// # Errors
/// The first thing that is wrong, with its field.
pub fn scheme(config: &Config) -> Result<Scheme, ConfigError> {
    if config.max_age.ms() == 0 || config.max_age > LONGEST_AGE {
        return Err(ConfigError::at("max_age", format!("{} is out of range; write from 1s to {LONGEST_AGE}", config.max_age)));
    }
    if !config.public_keys.is_empty() && config.scheme != SchemeName::Standard {
        return Err(ConfigError::at("public_keys", "only Standard Webhooks are signed with key pairs"));
    }
    if config.secrets.is_empty() && config.public_keys.is_empty() {
        return Err(ConfigError::at("secrets", "there is no secret; write one such as [{ secret = \"WEBHOOK_SECRET\" }]"));
    }
    if config.secrets.len() + config.public_keys.len() > MOST_KEYS {
        return Err(ConfigError::at("secrets", format!("a webhook is tried with at most {MOST_KEYS} keys")));
    }
    match (config.scheme, &config.custom) {
        (SchemeName::Custom, Some(written)) => custom(written),
        (SchemeName::Custom, None) => {
            Err(ConfigError::at("custom", "how does the sender sign? Write `custom = { header = \"x-signature\" }`"))
        }
        (_, Some(_)) => Err(ConfigError::at("custom", "it is for `scheme = \"custom\"` alone")),
        (SchemeName::Standard, None) => Ok(Scheme::standard()),
        (SchemeName::Github, None) => Ok(Scheme::github()),
        (SchemeName::Stripe, None) => Ok(Scheme::stripe()),
        (SchemeName::Slack, None) => Ok(Scheme::slack()),
    }
}

fn custom(written: &Custom) -> Result<Scheme, ConfigError> {
    let name = |field: &str, name: &str| {
        HeaderName::try_from(name)
            .map_err(|_| ConfigError::at(format!("custom.{field}"), format!("`{name}` is not the name of a header field")))
    };
    let signed = parts(&written.signed).map_err(|message| ConfigError::at("custom.signed", message))?;
    for (field, part, there) in [("timestamp", Part::Timestamp, written.timestamp.is_some()), ("id", Part::Id, written.id.is_some())] {
        let message = match (signed.contains(&part), there) {
            (true, false) => format!("`signed` has {{{field}}}: write which header field has it"),
            (false, true) => format!("what is not signed proves nothing: put {{{field}}} into `signed`, or leave this out"),
            _ => continue,
        };
        return Err(ConfigError::at(format!("custom.{field}"), message));
    }
    let encoding = match written.encoding {
        MacEncoding::Hex => Encoding::Hex,
        MacEncoding::Base64 => Encoding::Base64,
    };
    let hash = match written.hash {
        MacHash::Sha256 => Hash::Sha256,
        MacHash::Sha512 => Hash::Sha512,
    };
    Ok(Scheme {
        header: name("header", &written.header)?,
        style: Style::Plain(written.prefix.clone(), encoding),
        timestamp: written.timestamp.as_deref().map(|text| name("timestamp", text)).transpose()?,
        id: written.id.as_deref().map(|text| name("id", text)).transpose()?,
        signed,
        hash,
    })
}

fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').ok_or("`{` is not closed by `}`")?;
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        let part = match name {
            "body" => Part::Body,
            "timestamp" => Part::Timestamp,
            "id" => Part::Id,
            _ => return Err(format!("there is no `{{{name}}}`; write {{body}}, {{timestamp}} or {{id}}")),
        };
        if parts.contains(&part) {
            return Err(format!("`{{{name}}}` stands in it twice"));
        }
        parts.push(part);
        rest = tail;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    let joins = |pair: &[Part]| !pair.iter().any(|part| matches!(part, Part::Text(_)));
    if parts.windows(2).any(joins) {
        return Err("two parts follow each other without anything between them: where one ends would not be clear".to_owned());
    }
    if parts.contains(&Part::Body) { Ok(parts) } else { Err("the body is not signed; put {body} into it".to_owned()) }
}

/// The keys of a policy; asked for last, since only the deployment knows them.
///
/// # Errors
/// Where one is missing, too short or not in the scheme's encoding.
pub fn keys(config: &Config, compiler: &mut Compiler<'_>) -> Result<Keys, ConfigError> {
    let mut keys = Keys::default();
    for (index, text) in config.public_keys.iter().enumerate() {
        let field = format!("public_keys.{index}");
        let text = compiler.text(&field, text)?;
        let wrong = |message: String| ConfigError::at(field.as_str(), message);
        let bytes = STANDARD.decode(text.strip_prefix("whpk_").unwrap_or(&text));
        let bytes = bytes.map_err(|_| wrong("it is not 32 bytes in base64, with or without `whpk_` before them".to_owned()))?;
        keys.public.push(Key::ed25519(&bytes).map_err(|reason| wrong(format!("the key cannot be used: {reason}")))?);
    }
    for (index, secret) in config.secrets.iter().enumerate() {
        let field = format!("secrets.{index}");
        let text = compiler.secret(&field, secret)?;
        let wrong = |message: &str| ConfigError { missing: Some(secret.secret.clone()), ..ConfigError::at(field.clone(), message) };
        let bytes = match config.scheme {
            SchemeName::Standard => {
                let encoded = text.trim();
                let bytes = STANDARD.decode(encoded.strip_prefix("whsec_").unwrap_or(encoded));
                bytes.map_err(|_| wrong("the secret is not base64, with or without `whsec_` before it"))?
            }
            _ => text.into_bytes(),
        };
        if bytes.len() < LEAST_SECRET {
            return Err(wrong("the secret is too short to be safe: at least 16 bytes"));
        }
        keys.secrets.push(bytes);
    }
    Ok(keys)
}

/// Who sends.
pub fn identity(config: &Config) -> Identity {
    let name = match config.scheme {
        SchemeName::Standard => "standard",
        SchemeName::Github => "github",
        SchemeName::Stripe => "stripe",
        SchemeName::Slack => "slack",
        SchemeName::Custom => "custom",
    };
    let subject = config.sender.as_deref().or(config.consumer.as_deref()).unwrap_or(name).to_owned();
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), Value::String(subject.clone()));
    Identity {
        kind: "webhook",
        subject,
        consumer: config.consumer.as_deref().map(Rc::from),
        claims: Rc::new(claims),
        ..Identity::default()
    }
}
