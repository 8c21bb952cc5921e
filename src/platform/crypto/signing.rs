//! Signatures that the gateway makes: by `node:crypto` with private keys, in Rust with shared secrets.

use hmac::{Hmac, Mac};
use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey};
use sha2::{Sha256, Sha384, Sha512};
use signature::Signer;
use wasm_bindgen::JsValue;

use super::super::bridge;

/// What signs with this key.
///
/// # Errors
/// Where the algorithm is of another family than the key, or the runtime cannot read the key.
pub fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    let form = match algorithm.family() {
        AlgorithmFamily::Hmac => return Ok(Box::new(HmacSigner { algorithm: *algorithm, secret: key.as_bytes().to_vec() })),
        AlgorithmFamily::Rsa => "pkcs1",
        _ => "pkcs8",
    };
    let key = bridge::private_key(key.as_bytes(), form).map_err(|_| Error::from(ErrorKind::InvalidKeyFormat))?;
    Ok(Box::new(NodeSigner { algorithm: *algorithm, key }))
}

struct NodeSigner {
    algorithm: Algorithm,
    key: JsValue,
}

impl Signer<Vec<u8>> for NodeSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        let sign = |digest, salt_length| bridge::sign(digest, &self.key, message, salt_length).map_err(|_| signature::Error::new());
        match self.algorithm {
            RS256 => sign(Some("sha256"), None),
            RS384 => sign(Some("sha384"), None),
            RS512 => sign(Some("sha512"), None),
            PS256 => sign(Some("sha256"), Some(32)),
            PS384 => sign(Some("sha384"), Some(48)),
            PS512 => sign(Some("sha512"), Some(64)),
            ES256 => side_by_side(&sign(Some("sha256"), None)?, 32).ok_or_else(signature::Error::new),
            ES384 => side_by_side(&sign(Some("sha384"), None)?, 48).ok_or_else(signature::Error::new),
            EdDSA => sign(None, None),
            _ => Err(signature::Error::new()),
        }
    }
}

impl JwtSigner for NodeSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// An ECDSA signature in the runtime's DER as two numbers of `half` bytes side by side (RFC 7518 section 3.4).
fn side_by_side(der: &[u8], half: usize) -> Option<Vec<u8>> {
    let (tag, rest) = der.split_first()?;
    let (length, numbers) = rest.split_first()?;
    if *tag != 0x30 || usize::from(*length) != numbers.len() {
        return None;
    }
    let mut numbers = numbers;
    let mut signature = Vec::with_capacity(2 * half);
    for _ in 0..2 {
        let [2, length, rest @ ..] = numbers else { return None };
        let (number, after) = rest.split_at_checked(usize::from(*length))?;
        let digits = number.strip_prefix(&[0]).unwrap_or(number);
        signature.resize(signature.len() + half.checked_sub(digits.len())?, 0);
        signature.extend_from_slice(digits);
        numbers = after;
    }
    numbers.is_empty().then_some(signature)
}

struct HmacSigner {
    algorithm: Algorithm,
    secret: Vec<u8>,
}

impl Signer<Vec<u8>> for HmacSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        macro_rules! sign {
            ($hash:ty) => {{
                let mut mac = Hmac::<$hash>::new_from_slice(&self.secret).map_err(|_| signature::Error::new())?;
                mac.update(message);
                Ok(mac.finalize().into_bytes().to_vec())
            }};
        }
        match self.algorithm {
            Algorithm::HS256 => sign!(Sha256),
            Algorithm::HS384 => sign!(Sha384),
            Algorithm::HS512 => sign!(Sha512),
            _ => Err(signature::Error::new()),
        }
    }
}

impl JwtSigner for HmacSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
