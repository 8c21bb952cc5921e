//! Mints the test set. Not part of an ordinary run: the committed tokens stay as they are.

use archway::auth::base64url;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::cases::{Cases, Row};

mod claims;
mod issuers;
mod keys;
mod policies;
mod shape;
mod signatures;

pub const SECRET: &str = "a-test-secret-of-sixty-four-bytes-so-that-HS512-may-use-it-too!!";
pub const RSA: &str = include_str!("keys/rsa.pem");
pub const RSA_OTHER: &str = include_str!("keys/rsa-other.pem");
pub const RSA_WEAK: &str = include_str!("keys/rsa-weak.pem");
pub const RSA_PUBLIC: &str = include_str!("keys/rsa.pub.pem");
pub const RSA_PKCS1: &str = include_str!("keys/rsa.pkcs1.pub.pem");
pub const P256: &str = include_str!("keys/p256.pem");
pub const P256_OTHER: &str = include_str!("keys/p256-other.pem");
pub const P256_PUBLIC: &str = include_str!("keys/p256.pub.pem");
pub const P384: &str = include_str!("keys/p384.pem");
pub const P384_PUBLIC: &str = include_str!("keys/p384.pub.pem");
pub const ED25519: &str = include_str!("keys/ed25519.pem");
pub const ED25519_PUBLIC: &str = include_str!("keys/ed25519.pub.pem");

#[test]
#[ignore = "writes cases.json anew"]
fn mint() {
    let mut cases = policies::cases();
    signatures::rows(&mut cases);
    keys::rows(&mut cases);
    shape::rows(&mut cases);
    claims::rows(&mut cases);
    issuers::rows(&mut cases);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tokens/cases.json");
    std::fs::write(path, serde_json::to_string_pretty(&cases).unwrap() + "\n").unwrap();
}

impl Cases {
    /// Adds a row whose verdict does not depend on the time.
    pub fn add(&mut self, name: &str, policy: &str, token: impl Into<String>, expect: &str) {
        self.rows.push(Row { name: name.to_owned(), policy: policy.to_owned(), token: token.into(), now: None, expect: expect.to_owned() });
    }

    /// Adds a row for one moment, in seconds.
    pub fn add_at(&mut self, name: &str, policy: &str, token: String, now: u64, expect: &str) {
        self.add(name, policy, token, expect);
        self.rows.last_mut().unwrap().now = Some(now);
    }
}

/// A private key in PEM for this algorithm.
pub fn private(pem: &str, algorithm: Algorithm) -> EncodingKey {
    let pem = pem.as_bytes();
    match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem(pem).unwrap(),
        Algorithm::EdDSA => EncodingKey::from_ed_pem(pem).unwrap(),
        _ => EncodingKey::from_rsa_pem(pem).unwrap(),
    }
}

pub fn secret(bytes: &[u8]) -> EncodingKey {
    EncodingKey::from_secret(bytes)
}

/// Claims that hold until 2100, with changes; null removes.
pub fn claims(changes: Value) -> Value {
    let mut claims = json!({ "iss": "https://issuer.example/", "aud": "api", "sub": "user-1", "exp": 4_102_444_800u64 });
    let object = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    claims
}

/// Header and payload as texts, in base64url.
pub fn unsigned(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    format!("{}.{}", base64url::encode(header), base64url::encode(payload))
}

/// A token of a header and a payload as texts, whatever they say.
pub fn raw(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>, key: &EncodingKey, algorithm: Algorithm) -> String {
    sign(&unsigned(header, payload), key, algorithm)
}

/// Appends the signature.
pub fn sign(signed: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    format!("{signed}.{}", jsonwebtoken::crypto::sign(signed.as_bytes(), key, algorithm).unwrap())
}

/// An ordinary token by a private key, with more members in its header.
pub fn token(pem: &str, algorithm: Algorithm, header: Value, changes: Value) -> String {
    let mut members = json!({ "alg": format!("{algorithm:?}") });
    members.as_object_mut().unwrap().extend(header.as_object().unwrap().clone());
    raw(members.to_string(), claims(changes).to_string(), &private(pem, algorithm), algorithm)
}

/// An ordinary token by a shared secret.
pub fn hmac(bytes: &[u8], header: Value, changes: Value) -> String {
    let mut members = json!({ "alg": "HS256" });
    members.as_object_mut().unwrap().extend(header.as_object().unwrap().clone());
    raw(members.to_string(), claims(changes).to_string(), &secret(bytes), Algorithm::HS256)
}

/// The decoded signature, and all before it.
pub fn split(token: &str) -> (String, Vec<u8>) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    (signed.to_owned(), base64url::decode(signature).unwrap())
}

/// The token with other bytes for its signature.
pub fn with_signature(token: &str, signature: &[u8]) -> String {
    format!("{}.{}", split(token).0, base64url::encode(signature))
}

/// The contents of a PEM block.
pub fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap()
}
