//! Keys that the gateway signs with, and tokens that it signs (RFC 7515 section 3.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::EncodingKey;
use serde_json::{Map, Value};

use super::algorithm::{Algorithm, HMAC, RSA};
use super::base64url;
use super::der::{self, PrivateKey};

/// A private key or a secret, bound to one algorithm. It has been seen to sign.
#[derive(Debug, Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    key: EncodingKey,
}

impl SigningKey {
    /// A private key in PEM (RFC 7468, `PRIVATE KEY`), for `algorithm` or, where there is none, RS256, ES256, ES384 or EdDSA, as the
    /// key is. A line feed may also be written as the two characters `\n`.
    ///
    /// # Errors
    /// Why it cannot sign; nothing of the key is quoted.
    pub fn from_pem(text: &str, algorithm: Option<Algorithm>) -> Result<Self, &'static str> {
        const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
        const FORM: &str =
            "it is not a private key in PEM, `-----BEGIN PRIVATE KEY-----`, which `openssl pkcs8 -topk8 -nocrypt` makes of others";
        let text = text.replace("\\n", "\n");
        let (_, body) = text.split_once(BEGIN).ok_or(FORM)?;
        let (body, _) = body.split_once("-----END PRIVATE KEY-----").ok_or(FORM)?;
        let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(body).map_err(|_| "its contents are not base64")?;
        let (key, fitting): (_, &[Algorithm]) = match der::private_key_info(&der)? {
            PrivateKey::Rsa(key) => (EncodingKey::from_rsa_der(key), RSA),
            PrivateKey::P256(key) => (EncodingKey::from_ec_der(key), &[Algorithm::ES256]),
            PrivateKey::P384(key) => (EncodingKey::from_ec_der(key), &[Algorithm::ES384]),
            PrivateKey::Ed25519(key) => (EncodingKey::from_ed_der(key), &[Algorithm::EdDSA]),
        };
        let algorithm = algorithm.or(fitting.first().copied()).filter(|algorithm| fitting.contains(algorithm));
        Self { algorithm: algorithm.ok_or("it is not a key for this algorithm")?, key }.tried()
    }

    /// A shared secret for an HMAC.
    ///
    /// # Errors
    /// Where the algorithm is none, or asks for a longer secret (RFC 7518 section 3.2).
    pub fn secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, &'static str> {
        if !HMAC.contains(&algorithm) {
            return Err("a shared secret signs HS256, HS384 or HS512 only");
        }
        if secret.len() < algorithm.least_secret() {
            return Err("the secret is too short: HS256 asks for 32 bytes, HS384 for 48, HS512 for 64");
        }
        Self { algorithm, key: EncodingKey::from_secret(secret) }.tried()
    }

    fn tried(self) -> Result<Self, &'static str> {
        self.signature(b"").map(|_| self)
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs claims, under a header with `alg`, `typ` and, where given, `kid`.
    ///
    /// # Errors
    /// Where the key cannot sign after all.
    pub fn sign(&self, typ: &str, kid: Option<&str>, claims: &Map<String, Value>) -> Result<String, &'static str> {
        let mut header = Map::new();
        header.insert("alg".to_owned(), self.algorithm.name().into());
        header.insert("typ".to_owned(), typ.into());
        if let Some(kid) = kid {
            header.insert("kid".to_owned(), kid.into());
        }
        let part = |object: &Map<String, Value>| serde_json::to_string(object).map(base64url::encode).map_err(|_| "it is not JSON");
        let signed = format!("{}.{}", part(&header)?, part(claims)?);
        let signature = self.signature(signed.as_bytes())?;
        Ok(format!("{signed}.{signature}"))
    }

    /// The signature of any message, in base64url.
    ///
    /// # Errors
    /// Where the key cannot sign after all.
    pub fn signature(&self, message: &[u8]) -> Result<String, &'static str> {
        jsonwebtoken::crypto::sign(message, &self.key, self.algorithm.into()).map_err(|_| "it is a key that cannot sign")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::keys::KeySet;
    use crate::auth::pem;
    use crate::auth::token::Token;
    use serde_json::json;

    macro_rules! key {
        ($name:literal) => {
            include_str!(concat!("../../tests/tokens/keys/", $name, ".pem"))
        };
    }

    fn check(private: &str, public: &str, algorithm: Option<Algorithm>, expect: Result<Algorithm, &str>) {
        let key = match (SigningKey::from_pem(private, algorithm), expect) {
            (Ok(key), Ok(expect)) => {
                assert_eq!(key.algorithm(), expect, "{algorithm:?}");
                key
            }
            (Err(reason), Err(part)) => return assert!(reason.contains(part), "{algorithm:?}: {reason}"),
            (got, _) => panic!("{algorithm:?}: {:?}, expected {expect:?}", got.map(|key| key.algorithm())),
        };
        let claims = json!({ "sub": "gateway" });
        let text = key.sign("JWT", Some("one"), claims.as_object().unwrap()).unwrap();
        let token = Token::parse(&text).unwrap();
        let set: KeySet = pem::parse(public).unwrap();
        assert_eq!(set.verify(&token), Ok(()), "{text}");
        assert_eq!((token.kid.as_deref(), token.typ.as_deref()), (Some("one"), Some("JWT")));
        assert_eq!(token.claims().unwrap(), *claims.as_object().unwrap());
    }

    #[test]
    fn a_key_signs_with_what_it_is_for() {
        check(key!("p256"), key!("p256.pub"), None, Ok(Algorithm::ES256));
        check(key!("p384"), key!("p384.pub"), None, Ok(Algorithm::ES384));
        check(key!("ed25519"), key!("ed25519.pub"), Some(Algorithm::EdDSA), Ok(Algorithm::EdDSA));
        check(key!("rsa"), key!("rsa.pub"), None, Ok(Algorithm::RS256));
        check(key!("rsa"), key!("rsa.pub"), Some(Algorithm::PS384), Ok(Algorithm::PS384));
        check(&key!("p256").replace('\n', "\\n"), key!("p256.pub"), None, Ok(Algorithm::ES256));
    }

    #[test]
    fn what_cannot_sign_is_refused_at_once() {
        let pem = |der: &[u8]| format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", STANDARD.encode(der));
        let empty_p256 = pem(&[
            0x30, 0x1a, 2, 1, 0, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 4, 0,
        ]);
        for (text, algorithm, part) in [
            (key!("p256").to_owned(), Some(Algorithm::ES384), "not a key for this algorithm"),
            (key!("rsa").to_owned(), Some(Algorithm::HS256), "not a key for this algorithm"),
            (key!("p256.pub").to_owned(), None, "openssl pkcs8"),
            (key!("p256").replace("PRIVATE", "EC PRIVATE"), None, "openssl pkcs8"),
            ("-----BEGIN PRIVATE KEY-----\n?".to_owned(), None, "not a private key in PEM"),
            (pem(b"none"), None, "not the DER form"),
            (empty_p256, None, "cannot sign"),
        ] {
            check(&text, "", algorithm, Err(part));
        }
        assert!(SigningKey::secret(&[1; 31], Algorithm::HS256).is_err());
        assert!(SigningKey::secret(&[1; 64], Algorithm::ES256).is_err());
        assert!(SigningKey::secret(&[1; 64], Algorithm::HS512).is_ok());
    }
}
