//! Demonstrating Proof of Possession (RFC 9449): a token that is bound to a key passes only beside a proof, made with that key for
//! this very request.

use hmac::{Hmac, Mac};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::algorithm::Algorithm;
use super::base64url;
use super::claims;
use super::jwk;
use super::keys::KeySet;
use super::token::Token;
use crate::config::runtime::EncodedSlash;
use crate::http::Target;

/// What a proof may be signed with: all that public keys verify.
pub const ALGORITHMS: &[Algorithm] = &[
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
];
/// The longest `jti`, in bytes.
const MAX_ID: usize = 256;
/// How long one nonce is given out, in milliseconds.
const NONCE_STEP_MS: u64 = 60_000;
/// How many of the newest nonces pass.
const NONCE_STEPS: u64 = 5;

/// The request that a proof must be for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The method as the client sent it.
    pub method: &'a str,
    /// The target as the client sent it, normalised.
    pub target: &'a Target,
    /// How the path was normalised.
    pub encoded_slash: EncodedSlash,
    /// The access token beside the proof.
    pub token: &'a str,
    /// The thumbprint of the key that the token is bound to.
    pub key: &'a [u8; 32],
    /// Milliseconds since the epoch.
    pub now_ms: u64,
    /// How far `iat` may lie from now, in milliseconds.
    pub window_ms: u64,
}

/// A proof that holds, unless it was used before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// What must not be used again: the key's thumbprint and the `jti`.
    pub id: String,
    /// Until when it could be, in milliseconds since the epoch.
    pub until_ms: u64,
    /// The `nonce` that the server gave out, where there is one.
    pub nonce: Option<String>,
}

/// Holds a proof against the request (RFC 9449 section 4.3). Replays and nonces are the caller's to look at.
///
/// # Errors
/// The first thing that does not hold, for the log.
pub fn check(proof: &str, asked: &Asked<'_>) -> Result<Proved, String> {
    let (token, header) = Token::with_header(proof).map_err(|refusal| refusal.to_string())?;
    if !token.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case("dpop+jwt")) {
        return Err("its `typ` is not dpop+jwt".to_owned());
    }
    let carried = header.get("jwk").and_then(Value::as_object).ok_or("its header has no `jwk`")?;
    let mut key = jwk::parse_key(carried).map_err(|reason| format!("its `jwk` cannot be used: {reason}"))?;
    if jwk::thumbprint(carried).as_ref() != Some(asked.key) {
        return Err("its key is not the one that the token is bound to".to_owned());
    }
    key.kid = None;
    KeySet { keys: vec![key], skipped: Vec::new() }.verify(&token).map_err(|refusal| refusal.to_string())?;
    let claims = token.claims().map_err(|refusal| refusal.to_string())?;
    if text(&claims, "htm")? != asked.method {
        return Err("its `htm` is another method".to_owned());
    }
    check_target(text(&claims, "htu")?, asked)?;
    let token_digest = base64url::encode(Sha256::digest(asked.token.as_bytes()));
    if text(&claims, "ath")? != token_digest {
        return Err("its `ath` is of another token".to_owned());
    }
    let issued_ms = claims::time_ms(&claims, "iat").map_err(|refusal| refusal.to_string())?.ok_or("it has no `iat`")?;
    if asked.now_ms.abs_diff(issued_ms) > asked.window_ms {
        return Err("its `iat` is too far from now".to_owned());
    }
    let id = text(&claims, "jti")?;
    if id.is_empty() || id.len() > MAX_ID {
        return Err("its `jti` is empty or too long".to_owned());
    }
    let nonce = match claims.get("nonce") {
        None => None,
        Some(Value::String(nonce)) => Some(nonce.clone()),
        Some(_) => return Err("its `nonce` is not a string".to_owned()),
    };
    let id = format!("{} {id}", base64url::encode(asked.key));
    Ok(Proved { id, until_ms: issued_ms.saturating_add(asked.window_ms), nonce })
}

/// `htu`: the request's URL without query and fragment, both in one spelling. A proof for https may come over http, where a proxy in
/// front ends TLS.
fn check_target(written: &str, asked: &Asked<'_>) -> Result<(), &'static str> {
    let meant = Target::parse(written, asked.encoded_slash).map_err(|_| "its `htu` is not a URL")?;
    let same_scheme = meant.scheme == asked.target.scheme || meant.scheme == "https";
    if same_scheme && meant.authority == asked.target.authority && meant.path == asked.target.path {
        return Ok(());
    }
    Err("its `htu` is another URL")
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    claims.get(name).and_then(Value::as_str).ok_or_else(|| format!("it has no `{name}` that is a string"))
}

/// The nonce to give out now (RFC 9449 section 8): known by the secret alone, so that every isolate knows those of all.
pub fn nonce(secret: &[u8], now_ms: u64) -> String {
    nonce_of(secret, now_ms / NONCE_STEP_MS)
}

/// Whether a nonce was given out in the last five minutes.
pub fn nonce_holds(secret: &[u8], nonce: &str, now_ms: u64) -> bool {
    let Some(bytes) = base64url::decode(nonce) else { return false };
    let Some(Ok(step)) = bytes.get(..8).map(<[u8; 8]>::try_from) else { return false };
    let step = u64::from_be_bytes(step);
    let newest = now_ms / NONCE_STEP_MS;
    let signed = Hmac::<Sha256>::new_from_slice(secret).is_ok_and(|mut mac| {
        mac.update(&step.to_be_bytes());
        mac.verify_slice(bytes.get(8..).unwrap_or_default()).is_ok()
    });
    // Another server's clock may be a little ahead of this one's.
    signed && step <= newest + 1 && newest - step.min(newest) < NONCE_STEPS
}

fn nonce_of(secret: &[u8], step: u64) -> String {
    let mut bytes = step.to_be_bytes().to_vec();
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) {
        mac.update(&step.to_be_bytes());
        bytes.extend_from_slice(&mac.finalize().into_bytes());
    }
    base64url::encode(bytes)
}

#[cfg(test)]
mod tests;
