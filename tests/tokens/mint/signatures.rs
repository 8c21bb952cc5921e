//! Tokens that hold, and signatures that do not.

use jsonwebtoken::Algorithm::{self, ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512};
use serde_json::json;

use super::*;
use crate::cases::Cases;

/// The order of P-256's group (FIPS 186-5).
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
    0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// The order of Ed25519's group (RFC 8032 section 5.1), least byte first.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0x10,
];

pub fn rows(cases: &mut Cases) {
    good(cases);
    altered(cases);
    wrong_scheme(cases);
    elliptic(cases);
}

fn good(cases: &mut Cases) {
    for (pem, algorithm, policy) in [
        (RSA, RS256, "rsa"),
        (RSA, RS384, "rsa"),
        (RSA, RS512, "rsa"),
        (RSA, PS256, "rsa"),
        (RSA, PS384, "rsa"),
        (RSA, PS512, "rsa"),
        (P256, ES256, "es256"),
        (P384, ES384, "es384"),
        (ED25519, EdDSA, "eddsa"),
        (RSA, RS256, "pem-rsa"),
        (RSA, PS512, "pem-pkcs1"),
        (P256, ES256, "pem-mixed"),
        (P384, ES384, "pem-mixed"),
        (ED25519, EdDSA, "pem-mixed"),
        (RSA, RS256, "no-kid"),
        (P256, ES256, "no-kid"),
        (RSA, RS512, "rsa-narrowed"),
        (P384, ES384, "mixed"),
    ] {
        cases.add(&format!("good {algorithm:?} for {policy}"), policy, token(pem, algorithm, json!({}), json!({})), "ok");
    }
    for algorithm in [HS256, HS384, HS512] {
        let header = json!({ "alg": format!("{algorithm:?}"), "typ": "JWT" }).to_string();
        let text = raw(header, claims(json!({})).to_string(), &secret(SECRET.as_bytes()), algorithm);
        cases.add(&format!("good {algorithm:?}"), "secret", text, "ok");
    }
}

fn altered(cases: &mut Cases) {
    let hs = hmac(SECRET.as_bytes(), json!({}), json!({}));
    for (policy, name, text) in [
        ("rsa", "RS256", token(RSA, RS256, json!({}), json!({}))),
        ("rsa", "PS256", token(RSA, PS256, json!({}), json!({}))),
        ("es256", "ES256", token(P256, ES256, json!({}), json!({}))),
        ("es384", "ES384", token(P384, ES384, json!({}), json!({}))),
        ("eddsa", "EdDSA", token(ED25519, EdDSA, json!({}), json!({}))),
        ("secret", "HS256", hs),
    ] {
        let (signed, signature) = split(&text);
        let mut add = |what: &str, signature: &[u8]| {
            cases.add(&format!("{name} with {what} signature"), policy, with_signature(&text, signature), "bad-signature");
        };
        add("a blank", &[]);
        add("a truncated", &signature[..signature.len() - 1]);
        add("a halved", &signature[..signature.len() / 2]);
        add("an extended", &[&signature[..], &[0]].concat());
        add("a shifted", &[&[0], &signature[..]].concat());
        add("a zero", &vec![0; signature.len()]);
        add("a full", &vec![0xff; signature.len()]);
        add("a one-byte", &[1]);
        let forged = claims(json!({ "sub": "admin" })).to_string();
        let (header, _) = signed.split_once('.').unwrap();
        let swapped = format!("{header}.{}.{}", base64url::encode(forged), base64url::encode(&signature));
        cases.add(&format!("{name} with another payload"), policy, swapped, "bad-signature");
    }
    for (name, policy, text) in [
        ("RS256 by another key", "rsa", token(RSA_OTHER, RS256, json!({}), json!({}))),
        ("RS256 by another key with the name of the right one", "rsa", token(RSA_OTHER, RS256, json!({ "kid": "rsa" }), json!({}))),
        ("ES256 by another key", "es256", token(P256_OTHER, ES256, json!({}), json!({}))),
        ("HS256 by another secret", "secret", hmac(b"another-test-secret-of-enough-bytes", json!({}), json!({}))),
        ("HS256 by an empty secret", "secret", hmac(b"", json!({}), json!({}))),
        ("HS256 by the secret in upper case", "secret", hmac(SECRET.to_uppercase().as_bytes(), json!({}), json!({}))),
        ("HS256 by the secret with a line feed", "secret", hmac(format!("{SECRET}\n").as_bytes(), json!({}), json!({}))),
    ] {
        cases.add(name, policy, text, "bad-signature");
    }
}

fn wrong_scheme(cases: &mut Cases) {
    let as_alg = |name: &str, algorithm: Algorithm| {
        raw(json!({ "alg": name }).to_string(), claims(json!({})).to_string(), &private(RSA, algorithm), algorithm)
    };
    for (name, policy, text, expect) in [
        ("PS256 signature under RS256", "rsa", as_alg("RS256", PS256), "bad-signature"),
        ("RS256 signature under PS256", "rsa", as_alg("PS256", RS256), "bad-signature"),
        ("RS512 signature under RS256", "rsa", as_alg("RS256", RS512), "bad-signature"),
        ("PS384 signature under PS512", "rsa", as_alg("PS512", PS384), "bad-signature"),
        ("PS256 for a key whose alg is RS256", "rs256", as_alg("PS256", PS256), "no-key-fits"),
        ("RS512 for a key whose alg is RS256", "rs256", as_alg("RS512", RS512), "no-key-fits"),
        ("RS256 for a key whose alg is RS256", "rs256", as_alg("RS256", RS256), "ok"),
        ("RS256 for a key whose alg is PS256", "ps256", as_alg("RS256", RS256), "no-key-fits"),
        ("PS256 for a key whose alg is PS256", "ps256", as_alg("PS256", PS256), "ok"),
        ("RS256 where the policy names RS512", "rsa-narrowed", as_alg("RS256", RS256), "no-key-fits"),
        ("ES256 for an RSA key", "rsa", token(P256, ES256, json!({}), json!({})), "no-key-fits"),
        ("ES384 for a P-256 key", "es256", token(P384, ES384, json!({}), json!({})), "no-key-fits"),
        ("ES256 for a P-384 key", "es384", token(P256, ES256, json!({}), json!({})), "no-key-fits"),
        ("EdDSA for a P-256 key", "es256", token(ED25519, EdDSA, json!({}), json!({})), "no-key-fits"),
        ("RS256 for an Ed25519 key", "eddsa", token(RSA, RS256, json!({}), json!({})), "no-key-fits"),
        ("RS256 for a secret", "secret", token(RSA, RS256, json!({}), json!({})), "no-key-fits"),
    ] {
        cases.add(name, policy, text, expect);
    }
}

fn elliptic(cases: &mut Cases) {
    let text = token(P256, ES256, json!({}), json!({}));
    let (_, signature) = split(&text);
    let (r, s) = signature.split_at(32);
    let integer = |number: &[u8]| {
        let sign = if number[0] & 0x80 != 0 { vec![0] } else { Vec::new() };
        [&[2, (number.len() + sign.len()) as u8], &sign[..], number].concat()
    };
    let body = [integer(r), integer(s)].concat();
    let der = [&[0x30, body.len() as u8], &body[..]].concat();
    let one = [&[0u8; 31][..], &[1]].concat();
    for (name, signature) in [
        ("in DER", der),
        ("with r = 0", [&[0; 32], s].concat()),
        ("with s = 0", [r, &[0; 32]].concat()),
        ("with r = 1 and s = 0", [&one[..], &[0; 32]].concat()),
        ("with r = s = 1", [&one[..], &one].concat()),
        ("with r = the order", [&P256_ORDER[..], s].concat()),
        ("with s = the order", [r, &P256_ORDER].concat()),
        ("with r = s = the order", [P256_ORDER, P256_ORDER].concat()),
        ("with r and s swapped", [s, r].concat()),
        ("of 96 bytes", [&signature[..], &[0; 32]].concat()),
        ("of the length of ES512", vec![1; 132]),
    ] {
        cases.add(&format!("ES256 signature {name}"), "es256", with_signature(&text, &signature), "bad-signature");
    }
    let text = token(ED25519, EdDSA, json!({}), json!({}));
    let (_, signature) = split(&text);
    let mut carry = 0;
    let unreduced: Vec<u8> = signature[32..]
        .iter()
        .zip(ED25519_ORDER)
        .map(|(a, b)| {
            let sum = u16::from(*a) + u16::from(b) + carry;
            carry = sum >> 8;
            sum as u8
        })
        .collect();
    let identity = [&[1u8][..], &[0; 63]].concat();
    for (name, signature) in [
        ("with S not reduced", [&signature[..32], &unreduced].concat()),
        ("of the neutral element", identity),
        ("of 32 bytes", signature[..32].to_vec()),
        ("of 114 bytes, as Ed448 has them", vec![0; 114]),
    ] {
        cases.add(&format!("EdDSA signature {name}"), "eddsa", with_signature(&text, &signature), "bad-signature");
    }
}
