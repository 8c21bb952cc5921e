//! Keys that are trusted, each bound to the algorithms that it may verify: a token never chooses its algorithm (RFC 8725
//! section 3.1).

use jsonwebtoken::DecodingKey;

use super::algorithm::{self, Algorithm};
use super::base64url;
use super::refusal::Refusal;
use super::roca;
use super::token::Token;

/// The most keys that one token is tried with.
pub const MAX_TRIES: usize = 4;
/// The most keys that a set may have.
pub const MAX_KEYS: usize = 256;
/// The least length of an RSA modulus, in bits (RFC 7518 section 3.3).
pub const LEAST_RSA_BITS: usize = 2048;
/// The greatest length of an RSA modulus, in bits: what longer ones cost is not for a request to ask.
pub const GREATEST_RSA_BITS: usize = 4096;

/// One trusted key.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its name within the set; `None` fits whatever a token names.
    pub kid: Option<String>,
    /// What it may verify; never empty, and of one family.
    pub algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl Key {
    /// An RSA key from its modulus and exponent, big-endian; verifies RS256 to PS512.
    ///
    /// # Errors
    /// Why it must not be used.
    pub fn rsa(n: &[u8], e: &[u8]) -> Result<Self, &'static str> {
        let (n, e) = (without_zeros(n), without_zeros(e));
        let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
        if bits < LEAST_RSA_BITS {
            return Err("its RSA modulus is shorter than 2048 bits");
        }
        if bits > GREATEST_RSA_BITS {
            return Err("its RSA modulus is longer than 4096 bits");
        }
        let odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
        if e.len() > 4 || e == [1] || !odd(e) || !odd(n) {
            return Err("its RSA modulus or exponent cannot be right");
        }
        if roca::is_marked(n) {
            return Err("its RSA modulus is of a generator whose keys can be broken (CVE-2017-15361)");
        }
        Ok(Self { kid: None, algorithms: algorithm::RSA.to_vec(), key: DecodingKey::from_rsa_raw_components(n, e) })
    }

    /// A key of the curve P-256 from its coordinates of 32 bytes (ES256), or of P-384 of 48 bytes (ES384).
    ///
    /// # Errors
    /// Where the coordinates have another length; natively, also where they are those of no point of the curve.
    pub fn ec(x: &[u8], y: &[u8]) -> Result<Self, &'static str> {
        let algorithm = match (x.len(), y.len()) {
            (32, 32) => Algorithm::ES256,
            (48, 48) => Algorithm::ES384,
            _ => return Err("its coordinates do not have the length of its curve"),
        };
        let point = [&[4], x, y].concat();
        let key = Self { kid: None, algorithms: vec![algorithm], key: DecodingKey::from_ec_der(&point) };
        key.on_its_curve("its coordinates are those of no point of its curve")
    }

    /// A key of the curve Ed25519.
    ///
    /// # Errors
    /// Where it does not have 32 bytes (RFC 8032 section 5.1.5); natively, also where these are no point of the curve.
    pub fn ed25519(x: &[u8]) -> Result<Self, &'static str> {
        if x.len() != 32 {
            return Err("an Ed25519 key has 32 bytes");
        }
        let key = Self { kid: None, algorithms: vec![Algorithm::EdDSA], key: DecodingKey::from_ed_der(x) };
        key.on_its_curve("its bytes are no point of its curve")
    }

    /// Natively, where routes files are checked, a key that could verify nothing is refused; a worker finds that out where it is used,
    /// and has no time to lose before.
    fn on_its_curve(self, else_wrong: &'static str) -> Result<Self, &'static str> {
        let usable = |algorithm: &Algorithm| jsonwebtoken::crypto::verify("", &[], &self.key, (*algorithm).into()).is_ok();
        if cfg!(target_arch = "wasm32") || self.algorithms.iter().all(usable) { Ok(self) } else { Err(else_wrong) }
    }

    /// A shared secret for these algorithms.
    ///
    /// # Errors
    /// Where an algorithm is not an HMAC, or asks for a longer secret (RFC 7518 section 3.2).
    pub fn secret(secret: &[u8], algorithms: &[Algorithm]) -> Result<Self, &'static str> {
        if algorithms.is_empty() || algorithms.iter().any(|algorithm| !algorithm::HMAC.contains(algorithm)) {
            return Err("a shared secret verifies HS256, HS384 or HS512 only");
        }
        if algorithms.iter().any(|algorithm| secret.len() < algorithm.least_secret()) {
            return Err("the secret is too short: HS256 asks for 32 bytes, HS384 for 48, HS512 for 64");
        }
        Ok(Self { kid: None, algorithms: algorithms.to_vec(), key: DecodingKey::from_secret(secret) })
    }

    /// Whether `signature` is this key's under `message`. False for an algorithm that the key is not for.
    pub fn verifies_bytes(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let signature = base64url::encode(signature);
        self.algorithms.contains(&algorithm)
            && jsonwebtoken::crypto::verify(&signature, message, &self.key, algorithm.into()).unwrap_or(false)
    }

    fn verifies(&self, token: &Token<'_>) -> bool {
        jsonwebtoken::crypto::verify(token.signature(), token.signed(), &self.key, token.algorithm.into()).unwrap_or(false)
    }
}

/// The keys that a policy trusts.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    /// In the order of their source.
    pub keys: Vec<Key>,
    /// Why keys of the source were left out, for the log.
    pub skipped: Vec<String>,
}

impl KeySet {
    /// Narrows every key to `algorithms`; a key that is left with none is dropped.
    #[must_use]
    pub fn narrowed(mut self, algorithms: &[Algorithm]) -> Self {
        for key in &mut self.keys {
            key.algorithms.retain(|algorithm| algorithms.contains(algorithm));
        }
        self.keys.retain(|key| !key.algorithms.is_empty());
        self
    }

    /// Verifies a token's signature with the key that its `kid` names, or with any key that fits where either has no name.
    ///
    /// # Errors
    /// Where no key may be used, or none verifies it; see [`Refusal::newer_keys_may_help`].
    pub fn verify(&self, token: &Token<'_>) -> Result<(), Refusal> {
        let exactly = |key: &&Key| token.kid.is_some() && key.kid == token.kid;
        let by_name = self.keys.iter().any(|key| exactly(&key));
        let named: Vec<&Key> = if by_name {
            self.keys.iter().filter(exactly).collect()
        } else {
            self.keys.iter().filter(|key| token.kid.is_none() || key.kid.is_none()).collect()
        };
        if named.is_empty() {
            return Err(Refusal::UnknownKey);
        }
        let fitting: Vec<&Key> = named.into_iter().filter(|key| key.algorithms.contains(&token.algorithm)).collect();
        match fitting.len() {
            0 => Err(Refusal::NoKeyFits),
            1..=MAX_TRIES if fitting.iter().any(|key| key.verifies(token)) => Ok(()),
            1..=MAX_TRIES if by_name => Err(Refusal::BadSignature),
            1..=MAX_TRIES => Err(Refusal::NoKeyVerifies),
            _ => Err(Refusal::TooManyKeysFit),
        }
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_weak_or_misshapen_are_refused() {
        let odd = |bytes: usize| vec![0xffu8; bytes];
        let even = [&odd(255)[..], &[0xfe]].concat();
        for (n, e, expect) in [
            (odd(256), vec![1, 0, 1], Ok(())),
            ([&[0], &odd(256)[..]].concat(), vec![0, 3], Ok(())),
            (odd(128), vec![1, 0, 1], Err("shorter")),
            ([&[0x7f], &odd(255)[..]].concat(), vec![1, 0, 1], Err("shorter")),
            (odd(513), vec![1, 0, 1], Err("longer")),
            (odd(256), vec![1], Err("cannot be right")),
            (odd(256), vec![], Err("cannot be right")),
            (odd(256), vec![2], Err("cannot be right")),
            (odd(256), vec![1, 0, 0, 0, 1], Err("cannot be right")),
            (even, vec![1, 0, 1], Err("cannot be right")),
            (vec![], vec![1, 0, 1], Err("shorter")),
        ] {
            match (Key::rsa(&n, &e), expect) {
                (Ok(_), Ok(())) => {}
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{reason}"),
                (got, _) => panic!("{} bits, e {e:?}: {got:?}, expected {expect:?}", n.len() * 8),
            }
        }
        assert!(Key::ec(&[1; 32], &[1; 48]).is_err());
        assert!(Key::ec(&[1; 32], &[1; 32]).is_err_and(|reason| reason.contains("no point")));
        assert!(Key::ec(&[1; 48], &[1; 48]).is_err_and(|reason| reason.contains("no point")));
        assert!(Key::ed25519(&[2; 32]).is_err_and(|reason| reason.contains("no point")));
        assert!(Key::ec(&[1; 66], &[1; 66]).is_err());
        assert!(Key::ed25519(&[1; 31]).is_err());
        assert!(Key::ed25519(&[1; 33]).is_err());
        assert!(Key::secret(&[1; 31], &[Algorithm::HS256]).is_err());
        assert!(Key::secret(&[1; 47], &[Algorithm::HS256, Algorithm::HS384]).is_err());
        assert!(Key::secret(&[1; 256], &[Algorithm::RS256]).is_err());
        assert!(Key::secret(&[1; 256], &[]).is_err());
        assert!(Key::secret(&[1; 32], &[Algorithm::HS256]).is_ok());
    }

    #[test]
    fn narrowing_drops_keys_that_are_left_with_nothing() {
        let set = KeySet { keys: vec![Key::rsa(&[0xff; 256], &[3]).unwrap(), Key::ed25519(&[1; 32]).unwrap()], ..KeySet::default() };
        let set = set.narrowed(&[Algorithm::PS256, Algorithm::ES256]);
        assert_eq!(set.keys.iter().map(|key| key.algorithms.clone()).collect::<Vec<_>>(), [[Algorithm::PS256]]);
    }
}
