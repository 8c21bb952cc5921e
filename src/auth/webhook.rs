//! Whether a webhook is the sender's: a signature in the header over the body, and mostly over the time of sending, made with a
//! shared secret. The schemes are Standard Webhooks, those of GitHub, Stripe and Slack, and whatever else is put together the same way.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha512};

use super::algorithm::Algorithm;
use super::keys::Key;
use super::{base64url, hex};
use crate::http::{HeaderMap, HeaderName};

#[cfg(test)]
mod tests;

/// The most signatures that one request may have.
pub const MOST_SIGNATURES: usize = 8;
/// How far in the future a webhook may have been sent, in milliseconds: clocks differ.
pub const LEEWAY_MS: u64 = 60_000;
/// The longest id, in bytes.
pub const MOST_ID_BYTES: usize = 256;

/// How a text stands for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal.
    Hex,
    /// Base64 with its padding.
    Base64,
}

/// The hash that the HMAC is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How signatures stand in their header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Style {
    /// One, behind a prefix.
    Plain(String, Encoding),
    /// `v1,...` and `v1a,...`, separated by spaces (Standard Webhooks).
    Versions,
    /// `t=...,v1=...`, where signatures may repeat; also has the time.
    Pairs,
}

/// A part of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it is.
    Text(String),
    /// The webhook's id.
    Id,
    /// The time of sending, as it stands in the header.
    Timestamp,
    /// The body.
    Body,
}

/// A way of signing webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Where the signatures are.
    pub header: HeaderName,
    /// How they stand there.
    pub style: Style,
    /// Where the time of sending is, in seconds since the epoch.
    pub timestamp: Option<HeaderName>,
    /// Where the id is.
    pub id: Option<HeaderName>,
    /// What is signed.
    pub signed: Vec<Part>,
    /// The HMAC's hash.
    pub hash: Hash,
}

impl Scheme {
    /// Standard Webhooks.
    pub fn standard() -> Self {
        let dot = || Part::Text(".".to_owned());
        Self {
            header: HeaderName::from_static("webhook-signature"),
            style: Style::Versions,
            timestamp: Some(HeaderName::from_static("webhook-timestamp")),
            id: Some(HeaderName::from_static("webhook-id")),
            signed: vec![Part::Id, dot(), Part::Timestamp, dot(), Part::Body],
            hash: Hash::Sha256,
        }
    }

    /// GitHub's. There is no time in it: who has seen a webhook can send it again.
    pub fn github() -> Self {
        Self {
            header: HeaderName::from_static("x-hub-signature-256"),
            style: Style::Plain("sha256=".to_owned(), Encoding::Hex),
            timestamp: None,
            id: None,
            signed: vec![Part::Body],
            hash: Hash::Sha256,
        }
    }

    /// Stripe's.
    pub fn stripe() -> Self {
        Self {
            header: HeaderName::from_static("stripe-signature"),
            style: Style::Pairs,
            timestamp: None,
            id: None,
            signed: vec![Part::Timestamp, Part::Text(".".to_owned()), Part::Body],
            hash: Hash::Sha256,
        }
    }

    /// Slack's.
    pub fn slack() -> Self {
        Self {
            header: HeaderName::from_static("x-slack-signature"),
            style: Style::Plain("v0=".to_owned(), Encoding::Hex),
            timestamp: Some(HeaderName::from_static("x-slack-request-timestamp")),
            id: None,
            signed: vec![Part::Text("v0:".to_owned()), Part::Timestamp, Part::Text(":".to_owned()), Part::Body],
            hash: Hash::Sha256,
        }
    }

    /// Whether the time of sending is signed, so that a webhook is good for a while only.
    pub fn is_timed(&self) -> bool {
        self.signed.contains(&Part::Timestamp)
    }
}

/// Why a webhook is not taken for the sender's; for the record alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant's text stands in `fmt`")]
pub enum Refusal {
    Absent(HeaderName),
    Malformed(HeaderName),
    TooOld,
    FromTheFuture,
    BadSignature,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(name) => write!(f, "the request has no `{name}`"),
            Self::Malformed(name) => write!(f, "`{name}` cannot be read"),
            Self::TooOld => f.write_str("it was sent too long ago"),
            Self::FromTheFuture => f.write_str("it was sent in the future"),
            Self::BadSignature => f.write_str("no signature holds"),
        }
    }
}

/// What the header of a webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    id: String,
    timestamp: String,
    /// Made with a shared secret.
    macs: Vec<Vec<u8>>,
    /// Made with a private key.
    signatures: Vec<Vec<u8>>,
    /// Until when it would hold, in milliseconds since the epoch; `None` where the scheme has no time.
    pub until_ms: Option<u64>,
}

/// What webhooks are verified with.
#[derive(Default)]
pub struct Keys {
    /// Shared secrets.
    pub secrets: Vec<Vec<u8>>,
    /// Public Ed25519 keys (Standard Webhooks' `v1a`).
    pub public: Vec<Key>,
}

/// Reads and checks all but the body: what is too old need not be read further. `max_age_ms` is how long ago it may have been sent.
///
/// # Errors
/// Where a field is absent, there twice, or malformed, or the time is not right.
pub fn read(scheme: &Scheme, headers: &HeaderMap, max_age_ms: u64, now_ms: u64) -> Result<Head, Refusal> {
    let malformed = || Refusal::Malformed(scheme.header.clone());
    let text = one(headers, &scheme.header)?;
    let mut head = Head { id: String::new(), timestamp: String::new(), macs: Vec::new(), signatures: Vec::new(), until_ms: None };
    match &scheme.style {
        Style::Plain(prefix, encoding) => {
            let text = text.strip_prefix(prefix.as_str()).ok_or_else(malformed)?;
            head.macs.push(decode(text, *encoding).ok_or_else(malformed)?);
        }
        Style::Versions => {
            for entry in text.split(' ').filter(|entry| !entry.is_empty()) {
                match entry.split_once(',') {
                    Some(("v1", text)) => head.macs.push(decode(text, Encoding::Base64).ok_or_else(malformed)?),
                    Some(("v1a", text)) => head.signatures.push(decode(text, Encoding::Base64).ok_or_else(malformed)?),
                    Some(_) => {}
                    None => return Err(malformed()),
                }
            }
        }
        Style::Pairs => {
            for entry in text.split(',') {
                match entry.trim().split_once('=') {
                    Some(("t", text)) if head.timestamp.is_empty() => head.timestamp = text.to_owned(),
                    Some(("t", _)) | None => return Err(malformed()),
                    Some(("v1", text)) => head.macs.push(decode(text, Encoding::Hex).ok_or_else(malformed)?),
                    Some(_) => {}
                }
            }
        }
    }
    if head.macs.len() + head.signatures.len() > MOST_SIGNATURES {
        return Err(malformed());
    }
    if let Some(name) = &scheme.id {
        head.id = one(headers, name)?.to_owned();
        // A dot would let a part of the body, or of the id, be taken for the time.
        if head.id.is_empty() || head.id.len() > MOST_ID_BYTES || head.id.contains('.') {
            return Err(Refusal::Malformed(name.clone()));
        }
    }
    if let Some(name) = &scheme.timestamp {
        head.timestamp = one(headers, name)?.to_owned();
    }
    if scheme.is_timed() {
        let name = scheme.timestamp.as_ref().unwrap_or(&scheme.header);
        head.until_ms = Some(check_time(&head.timestamp, name, max_age_ms, now_ms)?);
    }
    Ok(head)
}

fn check_time(text: &str, name: &HeaderName, max_age_ms: u64, now_ms: u64) -> Result<u64, Refusal> {
    let digits = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let sent_s: u64 = text.parse().ok().filter(|_| digits).ok_or_else(|| Refusal::Malformed(name.clone()))?;
    let sent_ms = sent_s.saturating_mul(1_000);
    if sent_ms > now_ms.saturating_add(LEEWAY_MS) {
        return Err(Refusal::FromTheFuture);
    }
    let until_ms = sent_ms.saturating_add(max_age_ms);
    if until_ms <= now_ms { Err(Refusal::TooOld) } else { Ok(until_ms) }
}

/// The one value of a field.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map(str::trim).map_err(|_| Refusal::Malformed(name.clone())),
        (None, _) => Err(Refusal::Absent(name.clone())),
        (Some(_), Some(_)) => Err(Refusal::Malformed(name.clone())),
    }
}

fn decode(text: &str, encoding: Encoding) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => hex::decode(text),
        Encoding::Base64 => STANDARD.decode(text).ok(),
    }
}

/// Holds the body, and gives what must not come twice: a digest of all that was signed.
///
/// # Errors
/// Where no signature is by one of the keys.
pub fn hold(scheme: &Scheme, head: &Head, keys: &Keys, body: &[u8]) -> Result<String, Refusal> {
    let mut signed = Vec::with_capacity(body.len() + 128);
    for part in &scheme.signed {
        signed.extend_from_slice(match part {
            Part::Text(text) => text.as_bytes(),
            Part::Id => head.id.as_bytes(),
            Part::Timestamp => head.timestamp.as_bytes(),
            Part::Body => body,
        });
    }
    let by_secret = !head.macs.is_empty() && keys.secrets.iter().any(|secret| is_mac(scheme.hash, secret, &signed, &head.macs));
    let by_key = |key: &Key| head.signatures.iter().any(|signature| key.verifies_bytes(Algorithm::EdDSA, &signed, signature));
    if by_secret || keys.public.iter().any(by_key) { Ok(base64url::encode(Sha256::digest(&signed))) } else { Err(Refusal::BadSignature) }
}

/// Whether one of the texts is the HMAC; compared in constant time.
fn is_mac(hash: Hash, secret: &[u8], signed: &[u8], macs: &[Vec<u8>]) -> bool {
    macro_rules! check {
        ($hash:ty) => {{
            let Ok(mut made) = Hmac::<$hash>::new_from_slice(secret) else { return false };
            made.update(signed);
            macs.iter().any(|mac| made.clone().verify_slice(mac).is_ok())
        }};
    }
    match hash {
        Hash::Sha256 => check!(Sha256),
        Hash::Sha512 => check!(Sha512),
    }
}
