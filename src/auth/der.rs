//! As much of DER (X.690) as keys need: SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), PKCS#1 (RFC 8017 appendix A.1.1), and of
//! private keys the envelope (RFC 5958 section 2).

use super::keys::Key;

pub(super) const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const MALFORMED: &str = "it is not the DER form of a public key";

/// Reads a SubjectPublicKeyInfo, PEM's `PUBLIC KEY`.
///
/// # Errors
/// Why it must not be used.
pub fn public_key_info(der: &[u8]) -> Result<Key, &'static str> {
    let (info, rest) = take(der, SEQUENCE).ok_or(MALFORMED)?;
    let (algorithm, info) = take(info, SEQUENCE).ok_or(MALFORMED)?;
    let (bits, after) = take(info, BIT_STRING).ok_or(MALFORMED)?;
    let (name, parameters) = take(algorithm, OBJECT_IDENTIFIER).ok_or(MALFORMED)?;
    let Some((0, key)) = bits.split_first() else { return Err(MALFORMED) };
    if !rest.is_empty() || !after.is_empty() {
        return Err(MALFORMED);
    }
    match name {
        RSA_ENCRYPTION => rsa_public_key(key),
        EC_PUBLIC_KEY => {
            let length = match take(parameters, OBJECT_IDENTIFIER) {
                Some((P256, _)) => 32,
                Some((P384, _)) => 48,
                _ => return Err("its curve is neither P-256 nor P-384"),
            };
            match key.split_first() {
                Some((4, point)) if point.len() == 2 * length => {
                    let (x, y) = point.split_at(length);
                    Key::ec(x, y)
                }
                _ => Err("its point is not in the uncompressed form"),
            }
        }
        ED25519 => Key::ed25519(key),
        _ => Err("its algorithm is not RSA, EC or Ed25519"),
    }
}

/// Reads an RSAPublicKey, PEM's `RSA PUBLIC KEY`.
///
/// # Errors
/// Why it must not be used.
pub fn rsa_public_key(der: &[u8]) -> Result<Key, &'static str> {
    let (numbers, rest) = take(der, SEQUENCE).ok_or(MALFORMED)?;
    let (n, numbers) = take(numbers, INTEGER).ok_or(MALFORMED)?;
    let (e, after) = take(numbers, INTEGER).ok_or(MALFORMED)?;
    if !rest.is_empty() || !after.is_empty() {
        return Err(MALFORMED);
    }
    Key::rsa(n, e)
}

/// A private key by its kind. What is inside is read by what signs with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateKey<'a> {
    /// The PKCS#1 form (RFC 8017 appendix A.1.2).
    Rsa(&'a [u8]),
    /// The whole envelope of a key of the curve P-256.
    P256(&'a [u8]),
    /// The whole envelope of a key of the curve P-384.
    P384(&'a [u8]),
    /// The whole envelope of an Ed25519 key.
    Ed25519(&'a [u8]),
}

/// Reads a OneAsymmetricKey, PEM's `PRIVATE KEY`.
///
/// # Errors
/// Why it must not be used.
pub fn private_key_info(der: &[u8]) -> Result<PrivateKey<'_>, &'static str> {
    const MALFORMED: &str = "it is not the DER form of a private key";
    let (info, rest) = take(der, SEQUENCE).ok_or(MALFORMED)?;
    let (_, info) = take(info, INTEGER).ok_or(MALFORMED)?;
    let (algorithm, info) = take(info, SEQUENCE).ok_or(MALFORMED)?;
    let (key, _) = take(info, OCTET_STRING).ok_or(MALFORMED)?;
    let (name, parameters) = take(algorithm, OBJECT_IDENTIFIER).ok_or(MALFORMED)?;
    if !rest.is_empty() {
        return Err(MALFORMED);
    }
    match name {
        RSA_ENCRYPTION => Ok(PrivateKey::Rsa(key)),
        EC_PUBLIC_KEY => match take(parameters, OBJECT_IDENTIFIER) {
            Some((P256, _)) => Ok(PrivateKey::P256(der)),
            Some((P384, _)) => Ok(PrivateKey::P384(der)),
            _ => Err("its curve is neither P-256 nor P-384"),
        },
        ED25519 => Ok(PrivateKey::Ed25519(der)),
        _ => Err("its algorithm is not RSA, EC or Ed25519"),
    }
}

/// The contents of the element with this tag at the beginning, and what follows it.
pub(super) fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    any(der).filter(|(first, ..)| *first == tag).map(|(_, contents, rest)| (contents, rest))
}

/// The tag and the contents of the element at the beginning, and what follows it.
pub(super) fn any(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length).map(|(contents, rest)| (*tag, contents, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_are_taken_by_tag_and_length() {
        for (der, expect) in [
            (&[0x30, 0x02, 1, 2, 3][..], Some((&[1u8, 2][..], &[3u8][..]))),
            (&[0x30, 0x81, 0x01, 7], Some((&[7], &[]))),
            (&[0x30, 0x00], Some((&[], &[]))),
            (&[0x31, 0x00], None),
            (&[0x30, 0x02, 1], None),
            (&[0x30, 0x80, 0, 0], None),
            (&[0x30, 0x84, 0, 0, 0, 0], None),
            (&[0x30], None),
            (&[], None),
        ] {
            assert_eq!(take(der, SEQUENCE), expect, "{der:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(prop::sample::select(vec![0u8, 1, 2, 3, 4, 6, 0x30, 0x81, 0x82, 0xff]), 0..64)) {
            let _ = (public_key_info(&bytes), rsa_public_key(&bytes), private_key_info(&bytes));
        }
    }
}
