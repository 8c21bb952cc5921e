//! The whole check of an HTTP message signature on a request (RFC 9421 section 3.2), apart from the body and the replay window.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::algorithm::Algorithm as Jws;
use super::keys::Key;
use crate::http::structured::{self, Bare, Dictionary, InnerList, Item, Member};
use crate::http::{HeaderMap, Target};

pub mod base;
pub mod coverage;
#[cfg(test)]
mod tests;

pub use coverage::Coverage;

/// The most signatures of one request that are verified.
pub const MAX_TRIES: usize = 4;

/// A signature algorithm by its registered name (section 6.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[allow(missing_docs, reason = "the registered names say it")]
pub enum Algorithm {
    #[serde(rename = "rsa-pss-sha512")]
    RsaPssSha512,
    #[serde(rename = "rsa-v1_5-sha256")]
    RsaV15Sha256,
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    #[serde(rename = "ecdsa-p256-sha256")]
    EcdsaP256Sha256,
    #[serde(rename = "ecdsa-p384-sha384")]
    EcdsaP384Sha384,
    #[serde(rename = "ed25519")]
    Ed25519,
}

impl Algorithm {
    /// All of them, the better one first where a key fits several.
    pub const ALL: [Self; 6] =
        [Self::RsaPssSha512, Self::RsaV15Sha256, Self::HmacSha256, Self::EcdsaP256Sha256, Self::EcdsaP384Sha384, Self::Ed25519];

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaPssSha512 => "rsa-pss-sha512",
            Self::RsaV15Sha256 => "rsa-v1_5-sha256",
            Self::HmacSha256 => "hmac-sha256",
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::EcdsaP384Sha384 => "ecdsa-p384-sha384",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The same arithmetic under its name in JWS; for ECDSA both standards put the two numbers side by side.
    pub fn jws(self) -> Jws {
        match self {
            Self::RsaPssSha512 => Jws::PS512,
            Self::RsaV15Sha256 => Jws::RS256,
            Self::HmacSha256 => Jws::HS256,
            Self::EcdsaP256Sha256 => Jws::ES256,
            Self::EcdsaP384Sha384 => Jws::ES384,
            Self::Ed25519 => Jws::EdDSA,
        }
    }
}

/// A trusted key and the one algorithm that it is used with.
#[derive(Debug, Clone)]
pub struct TrustedKey {
    /// The key.
    pub key: Key,
    /// Its algorithm: a signature never chooses one.
    pub algorithm: Algorithm,
}

/// What a signature must be like.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What it must cover.
    pub covered: Vec<Coverage>,
    /// How long ago it may have been made, in milliseconds.
    pub max_age_ms: u64,
    /// How far the clocks may differ, in milliseconds.
    pub leeway_ms: u64,
    /// Its `tag`, where one is asked for; signatures with another one are not looked at.
    pub tag: Option<String>,
    /// Whether it must have a nonce.
    pub nonce: bool,
}

/// A request as far as signatures cover it.
pub struct Message<'a> {
    /// The method.
    pub method: &'a str,
    /// The target as the client sent it, normalised.
    pub target: &'a Target,
    /// The header fields.
    pub headers: &'a HeaderMap,
}

/// A signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Whose key it is.
    pub keyid: String,
    /// Whether it covers all of `content-digest`: then the body has to be held against it.
    pub covers_digest: bool,
    /// What must not come twice: its nonce, or all that was signed. The signature itself would not do: to some there is a second one,
    /// just as good, that anybody can make (ECDSA).
    pub once: String,
    /// Until when it would hold, in milliseconds since the epoch.
    pub until_ms: u64,
}

/// Why no signature holds; for the record alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant's text stands in `fmt`")]
pub enum Refusal {
    Absent,
    FieldMalformed(&'static str),
    NoKnownKey,
    TooMany,
    WrongAlgorithm,
    ParameterMalformed(&'static str),
    ParameterMissing(&'static str),
    FromTheFuture,
    TooOld,
    Expired,
    /// What should have been covered.
    NotCovered(String),
    /// The component, shortened, and what is wrong with it.
    Component(String, &'static str),
    BadSignature,
}

impl Refusal {
    /// Whether somebody may have tried a key that is not theirs; a clock that is wrong, or too little covered, is no guess.
    pub fn is_guess(&self) -> bool {
        matches!(self, Self::NoKnownKey | Self::WrongAlgorithm | Self::BadSignature | Self::TooMany)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("the request has no signature"),
            Self::FieldMalformed(field) => write!(f, "{field} cannot be read"),
            Self::NoKnownKey => f.write_str("no signature is by a key that is known here"),
            Self::TooMany => f.write_str("too many signatures are by known keys"),
            Self::WrongAlgorithm => f.write_str("its algorithm is not that of its key"),
            Self::ParameterMalformed(name) => write!(f, "its `{name}` is not of the right form"),
            Self::ParameterMissing(name) => write!(f, "it has no `{name}`"),
            Self::FromTheFuture => f.write_str("it was made in the future"),
            Self::TooOld => f.write_str("it was made too long ago"),
            Self::Expired => f.write_str("it has expired"),
            Self::NotCovered(what) => write!(f, "it does not cover {what}"),
            Self::Component(name, reason) => write!(f, "{name} {reason}"),
            Self::BadSignature => f.write_str("it does not hold"),
        }
    }
}

/// Verifies the signatures of a request, in their order, until one holds.
///
/// # Errors
/// Where none does: why the first one by a known key did not.
pub fn verify(message: &Message<'_>, keys: &BTreeMap<String, TrustedKey>, rules: &Rules, now_ms: u64) -> Result<Proof, Refusal> {
    let (inputs, signatures) = (field(message, "signature-input")?, field(message, "signature")?);
    let mut tried = 0;
    let mut first = None;
    for (label, input) in &inputs.members {
        let Member::List(input) = input else { return Err(Refusal::FieldMalformed("Signature-Input")) };
        let parameters = Parameters::of(input)?;
        let fits = rules.tag.is_none() || parameters.tag == rules.tag.as_deref();
        let Some((keyid, key)) = parameters.keyid.filter(|_| fits).and_then(|keyid| keys.get_key_value(keyid)) else { continue };
        tried += 1;
        if tried > MAX_TRIES {
            return Err(Refusal::TooMany);
        }
        let Some(Member::Item(Item { value: Bare::Bytes(signature), .. })) = signatures.get(label) else {
            return Err(Refusal::FieldMalformed("Signature"));
        };
        match parameters
            .check(key, rules, now_ms)
            .and_then(|until_ms| hold(message, input, signature, key, rules).map(|base| (until_ms, base)))
        {
            Ok((until_ms, base)) => {
                let once = parameters.nonce.map_or_else(|| format!("{keyid} {base}"), |nonce| format!("{keyid} nonce {nonce}"));
                let covers_digest = Coverage::Component("content-digest".to_owned()).is_in(input);
                return Ok(Proof { keyid: keyid.clone(), covers_digest, once, until_ms });
            }
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    Err(first.unwrap_or(Refusal::NoKnownKey))
}

fn field(message: &Message<'_>, name: &'static str) -> Result<Dictionary, Refusal> {
    let shown = if name == "signature" { "Signature" } else { "Signature-Input" };
    let text = base::combined(message.headers, name).ok_or(Refusal::Absent)?;
    let text = text.map_err(|_| Refusal::FieldMalformed(shown))?;
    match structured::dictionary(&text) {
        // Two signatures of one name: it is not clear which one counts.
        Ok(dictionary) if !dictionary.repeated => Ok(dictionary),
        _ => Err(Refusal::FieldMalformed(shown)),
    }
}

/// Whether a signature covers what it must and is right; gives what was signed.
fn hold(message: &Message<'_>, input: &InnerList, signature: &[u8], key: &TrustedKey, rules: &Rules) -> Result<String, Refusal> {
    if let Some(missing) = rules.covered.iter().find(|coverage| !coverage.is_in(input)) {
        return Err(Refusal::NotCovered(missing.to_string()));
    }
    let base = base::of(message, input)?;
    if key.key.verifies_bytes(key.algorithm.jws(), base.as_bytes(), signature) { Ok(base) } else { Err(Refusal::BadSignature) }
}

/// The parameters of one signature (section 2.3); those that are not known here are covered and pass.
#[derive(Default)]
struct Parameters<'a> {
    created: Option<i64>,
    expires: Option<i64>,
    nonce: Option<&'a str>,
    alg: Option<&'a str>,
    keyid: Option<&'a str>,
    tag: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    fn of(input: &'a InnerList) -> Result<Self, Refusal> {
        let number = |name| match input.parameters.get(name) {
            None => Ok(None),
            Some(Bare::Integer(seconds)) => Ok(Some(*seconds)),
            Some(_) => Err(Refusal::ParameterMalformed(name)),
        };
        let text = |name| match input.parameters.get(name) {
            None => Ok(None),
            Some(Bare::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Refusal::ParameterMalformed(name)),
        };
        Ok(Self {
            created: number("created")?,
            expires: number("expires")?,
            nonce: text("nonce")?,
            alg: text("alg")?,
            keyid: text("keyid")?,
            tag: text("tag")?,
        })
    }

    /// Until when the signature would hold, in milliseconds since the epoch.
    fn check(&self, key: &TrustedKey, rules: &Rules, now_ms: u64) -> Result<u64, Refusal> {
        if self.alg.is_some_and(|name| name != key.algorithm.name()) {
            return Err(Refusal::WrongAlgorithm);
        }
        if rules.nonce && self.nonce.is_none_or(str::is_empty) {
            return Err(Refusal::ParameterMissing("nonce"));
        }
        let ms = |seconds: i64| u64::try_from(seconds).unwrap_or_default().saturating_mul(1_000);
        let created_ms = ms(self.created.ok_or(Refusal::ParameterMissing("created"))?);
        if created_ms > now_ms.saturating_add(rules.leeway_ms) {
            return Err(Refusal::FromTheFuture);
        }
        let oldest_ms = created_ms.saturating_add(rules.max_age_ms).saturating_add(rules.leeway_ms);
        if oldest_ms <= now_ms {
            return Err(Refusal::TooOld);
        }
        let expires_ms = self.expires.map_or(u64::MAX, |seconds| ms(seconds).saturating_add(rules.leeway_ms));
        if expires_ms <= now_ms {
            return Err(Refusal::Expired);
        }
        Ok(oldest_ms.min(expires_ms))
    }
}
