//! From what is written to what runs.

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::written::{Config, Encoding, KeyConfig};
use crate::auth::algorithm::Algorithm as Jws;
use crate::auth::identity::Identity;
use crate::auth::keys::Key;
use crate::auth::message_signature::{Algorithm, Coverage, Rules, TrustedKey};
use crate::auth::{hex, jwk, pem};
use crate::config::compiler::{Compiler, ConfigError};
use crate::config::values::Duration;
use crate::http::structured::Bare;

const LONGEST_AGE: Duration = Duration::from_ms(12 * 3_600_000);
const LONGEST_LEEWAY: Duration = Duration::from_ms(300_000);

/// The rules of a policy.
///
/// # Errors
/// The first thing that is wrong, with its field.
pub fn rules(config: &Config) -> Result<Rules, ConfigError> {
    if config.max_age.ms() == 0 || config.max_age > LONGEST_AGE {
        return Err(ConfigError::at("max_age", format!("{} is out of range; write from 1s to {LONGEST_AGE}", config.max_age)));
    }
    if config.leeway > LONGEST_LEEWAY {
        return Err(ConfigError::at("leeway", format!("clocks do not differ by {}; write at most {LONGEST_LEEWAY}", config.leeway)));
    }
    if config.covered.is_empty() {
        return Err(ConfigError::at("covered", "a signature over nothing proves nothing; leave it out, or write what must be covered"));
    }
    let mut covered = Vec::new();
    for (index, name) in config.covered.iter().enumerate() {
        let coverage = Coverage::parse(name).map_err(|message| ConfigError::at(format!("covered.{index}"), message))?;
        if covered.contains(&coverage) {
            return Err(ConfigError::at(format!("covered.{index}"), "it stands in the list twice"));
        }
        covered.push(coverage);
    }
    if config.tag.as_ref().is_some_and(|tag| !Bare::String(tag.clone()).is_writable()) {
        return Err(ConfigError::at("tag", "a tag is of visible ASCII characters and spaces; no signature can have this one"));
    }
    let (max_age_ms, leeway_ms) = (config.max_age.ms(), config.leeway.ms());
    Ok(Rules { covered, max_age_ms, leeway_ms, tag: config.tag.clone(), nonce: config.nonce })
}

/// The keys of a policy and who signs with them, by `keyid`.
pub type Keys = (BTreeMap<String, TrustedKey>, BTreeMap<String, Identity>);

/// Reads the keys; what only the deployment knows is asked for last.
///
/// # Errors
/// The first thing that is wrong, with its field.
pub fn keys(config: &Config, compiler: &mut Compiler<'_>) -> Result<Keys, ConfigError> {
    if config.keys.is_empty() {
        return Err(ConfigError::at("keys", "there is no key; write one such as { \"partner\" = { pem = \"${PARTNER_KEY}\" } }"));
    }
    let (mut keys, mut identities) = (BTreeMap::new(), BTreeMap::new());
    for (keyid, written) in &config.keys {
        if keyid.is_empty() || !keyid.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(ConfigError::at("keys", format!("`{keyid}` is no `keyid`: it is visible ASCII")));
        }
        check_places(keyid, written)?;
        compiler.needs.consumers.extend(written.consumer.iter().map(|name| (format!("keys.{keyid}.consumer"), name.clone())));
        identities.insert(keyid.clone(), identity(keyid, written));
    }
    for (keyid, written) in &config.keys {
        keys.insert(keyid.clone(), trusted(keyid, written, compiler)?);
    }
    Ok((keys, identities))
}

fn check_places(keyid: &str, written: &KeyConfig) -> Result<(), ConfigError> {
    let at = |field: &str| if field.is_empty() { format!("keys.{keyid}") } else { format!("keys.{keyid}.{field}") };
    let places = [("pem", written.pem.is_some()), ("jwk", written.jwk.is_some()), ("secret", written.secret.is_some())];
    let places: Vec<&str> = places.into_iter().filter_map(|(name, there)| there.then_some(name)).collect();
    let [place] = places.as_slice() else {
        let message = "a key comes from exactly one of `pem`, `jwk` and `secret`";
        return Err(ConfigError::at(at(places.get(1).unwrap_or(&"")), message));
    };
    if *place != "secret" && written.encoding != Encoding::Text {
        return Err(ConfigError::at(at("encoding"), "only a `secret` has an encoding"));
    }
    match written.algorithm {
        Some(algorithm) if (algorithm == Algorithm::HmacSha256) != (*place == "secret") => {
            let message = match algorithm {
                Algorithm::HmacSha256 => "hmac-sha256 asks for `secret`; public keys never verify it".to_owned(),
                _ => format!("{} asks for a public key; with `secret`, write hmac-sha256 or nothing", algorithm.name()),
            };
            Err(ConfigError::at(at("algorithm"), message))
        }
        _ => Ok(()),
    }
}

fn trusted(keyid: &str, written: &KeyConfig, compiler: &mut Compiler<'_>) -> Result<TrustedKey, ConfigError> {
    let at = |field: &str| format!("keys.{keyid}.{field}");
    let key = if let Some(text) = &written.pem {
        let mut set = pem::parse(&compiler.text(&at("pem"), text)?).map_err(|reason| ConfigError::at(at("pem"), reason))?;
        match (set.keys.pop(), set.keys.is_empty()) {
            (Some(key), true) => key,
            _ => return Err(ConfigError::at(at("pem"), "there are several keys in it; give each a `keyid` of its own")),
        }
    } else if let Some(text) = &written.jwk {
        jwk::parse_key(text).map_err(|reason| ConfigError::at(at("jwk"), format!("the key cannot be used: {reason}")))?
    } else if let Some(secret) = &written.secret {
        let text = compiler.secret(&at("secret"), secret)?;
        let wrong = |message: &str| ConfigError { missing: Some(secret.secret.clone()), ..ConfigError::at(at("secret"), message) };
        let bytes = match written.encoding {
            Encoding::Text => Some(text.into_bytes()),
            Encoding::Base64 => STANDARD.decode(text.trim()).ok(),
            Encoding::Hex => hex::decode(text.trim()),
        };
        let bytes = bytes.ok_or_else(|| wrong("the secret is not written in its `encoding`"))?;
        Key::secret(&bytes, &[Jws::HS256]).map_err(wrong)?
    } else {
        return Err(ConfigError::at(format!("keys.{keyid}"), "a key comes from exactly one of `pem`, `jwk` and `secret`"));
    };
    let fitting = |algorithm: &Algorithm| key.algorithms.contains(&algorithm.jws());
    let algorithm = match written.algorithm {
        Some(algorithm) => Some(algorithm).filter(fitting),
        None => Algorithm::ALL.into_iter().find(fitting),
    };
    match algorithm {
        Some(algorithm) => Ok(TrustedKey { key, algorithm }),
        None if written.algorithm.is_some() => Err(ConfigError::at(at("algorithm"), "such a key cannot be used with it")),
        None => Err(ConfigError::at(format!("keys.{keyid}"), "the key is for an algorithm that RFC 9421 does not have")),
    }
}

fn identity(keyid: &str, written: &KeyConfig) -> Identity {
    let subject = written.subject.as_deref().or(written.consumer.as_deref()).unwrap_or(keyid).to_owned();
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), Value::String(subject.clone()));
    claims.insert("keyid".to_owned(), Value::String(keyid.to_owned()));
    Identity {
        kind: "signature",
        subject,
        issuer: None,
        consumer: written.consumer.as_deref().map(Rc::from),
        scopes: written.scopes.clone().into(),
        roles: written.roles.clone().into(),
        groups: written.groups.clone().into(),
        claims: Rc::new(claims),
    }
}
