//! JSON Web Key Sets (RFC 7517), with the key types of RFC 7518 section 6 and RFC 8037.
//!
//! `use`, `key_ops` and `alg` are obeyed. A key that cannot be used is left out with a reason, and the rest of the set serves
//! (RFC 7517 section 5). Symmetric and private keys are never taken from a set: what is published is not secret.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::algorithm::Algorithm;
use super::base64url;
use super::json;
use super::keys::{Key, KeySet, MAX_KEYS};

const SET_DEPTH: usize = 8;

/// Reads a key set as an issuer publishes it.
///
/// # Errors
/// Where it is not a key set, or has no key at all that could be used; the text is for the log.
pub fn parse_set(bytes: &[u8]) -> Result<KeySet, String> {
    let document = json::object(bytes, SET_DEPTH).map_err(|reason| format!("the key set {reason}"))?;
    let Some(Value::Array(items)) = document.get("keys") else {
        return Err("the key set has no list `keys`".to_owned());
    };
    if items.len() > MAX_KEYS {
        return Err(format!("the key set has {} keys; at most {MAX_KEYS} are read", items.len()));
    }
    let mut set = KeySet::default();
    for (index, item) in items.iter().enumerate() {
        match item.as_object().ok_or("it is not an object").and_then(parse_key) {
            Ok(key) => set.keys.push(key),
            Err(reason) => set.skipped.push(format!("key {index}: {reason}")),
        }
    }
    if set.keys.is_empty() {
        return Err(format!("the key set has no key that can be used ({})", set.skipped.join("; ")));
    }
    Ok(set)
}

/// Reads one public key.
///
/// # Errors
/// Why it must not be used for verifying.
pub fn parse_key(jwk: &Map<String, Value>) -> Result<Key, &'static str> {
    check_purpose(jwk)?;
    if jwk.contains_key("d") {
        return Err("it is a private key");
    }
    let mut key = match text(jwk, "kty").ok_or("it has no `kty`")? {
        "RSA" => Key::rsa(&bytes(jwk, "n")?, &bytes(jwk, "e")?)?,
        "EC" => {
            let length = match text(jwk, "crv") {
                Some("P-256") => 32,
                Some("P-384") => 48,
                _ => return Err("its `crv` is neither P-256 nor P-384"),
            };
            let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
            if x.len() != length || y.len() != length {
                return Err("its coordinates do not have the length of its curve");
            }
            Key::ec(&x, &y)?
        }
        "OKP" if text(jwk, "crv") == Some("Ed25519") => Key::ed25519(&bytes(jwk, "x")?)?,
        "OKP" => return Err("its `crv` is not Ed25519"),
        "oct" => return Err("it is a shared secret; write `secret = { secret = \"NAME\" }` instead"),
        _ => return Err("its `kty` is not RSA, EC or OKP"),
    };
    match jwk.get("alg") {
        None => {}
        Some(Value::String(name)) => {
            let algorithm = Algorithm::from_name(name).filter(|algorithm| key.algorithms.contains(algorithm));
            key.algorithms = vec![algorithm.ok_or("its `alg` is not one that such a key verifies")?];
        }
        Some(_) => return Err("its `alg` is not a string"),
    }
    key.kid = match jwk.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.clone()),
        Some(_) => return Err("its `kid` is not a string"),
    };
    Ok(key)
}

/// The SHA-256 thumbprint of a public key (RFC 7638 section 3); `None` where it lacks a part that counts.
pub fn thumbprint(jwk: &Map<String, Value>) -> Option<[u8; 32]> {
    let names: &[&str] = match text(jwk, "kty")? {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    let members: Option<Map<String, Value>> = names.iter().map(|name| Some(((*name).to_owned(), Value::from(text(jwk, name)?)))).collect();
    let canonical = serde_json::to_vec(&members?).ok()?;
    Some(Sha256::digest(canonical).into())
}

/// `use` and `key_ops` (RFC 7517 sections 4.2 and 4.3).
fn check_purpose(jwk: &Map<String, Value>) -> Result<(), &'static str> {
    if jwk.get("use").is_some_and(|purpose| purpose != "sig") {
        return Err("its `use` is not `sig`");
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|operation| operation == "verify") => Ok(()),
        Some(_) => Err("its `key_ops` do not have `verify`"),
    }
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    jwk.get(name).and_then(Value::as_str)
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, &'static str> {
    text(jwk, name).and_then(base64url::decode).ok_or("a part of it is missing or not strict base64url")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(jwk: Value, expect: Result<&[Algorithm], &str>) {
        match (parse_key(jwk.as_object().unwrap()), expect) {
            (Ok(key), Ok(algorithms)) => assert_eq!(key.algorithms, algorithms, "{jwk}"),
            (Err(reason), Err(part)) => assert!(reason.contains(part), "{jwk}: {reason}"),
            (got, _) => panic!("{jwk}: {got:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn keys_are_bound_to_what_they_may_verify() {
        use super::super::algorithm::RSA;
        let n = base64url::encode([0xffu8; 256]);
        let (b32, b48) = (base64url::encode([1u8; 32]), base64url::encode([1u8; 48]));
        let rsa = |more: Value| {
            let mut jwk = json!({ "kty": "RSA", "n": n, "e": "AQAB" });
            jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            jwk
        };
        check(rsa(json!({})), Ok(RSA));
        check(rsa(json!({ "use": "sig", "key_ops": ["verify"], "alg": "RS256", "x5c": ["AA"] })), Ok(&[Algorithm::RS256]));
        check(rsa(json!({ "use": "enc" })), Err("`use`"));
        check(rsa(json!({ "use": null })), Err("`use`"));
        check(rsa(json!({ "key_ops": [] })), Err("`key_ops`"));
        check(rsa(json!({ "key_ops": ["encrypt", "wrapKey"] })), Err("`key_ops`"));
        check(rsa(json!({ "key_ops": "verify" })), Err("`key_ops`"));
        check(rsa(json!({ "alg": "RSA-OAEP" })), Err("`alg`"));
        check(rsa(json!({ "alg": "HS256" })), Err("`alg`"));
        check(rsa(json!({ "alg": "none" })), Err("`alg`"));
        check(rsa(json!({ "alg": 1 })), Err("`alg`"));
        check(rsa(json!({ "kid": 1 })), Err("`kid`"));
        check(rsa(json!({ "d": "AA" })), Err("private"));
        check(rsa(json!({ "e": "AQ" })), Err("exponent"));
        check(rsa(json!({ "n": format!("{n}=") })), Err("base64url"));
        let (x, y) = ("axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY", "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU");
        check(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }), Ok(&[Algorithm::ES256]));
        check(json!({ "kty": "EC", "crv": "P-256", "x": y, "y": x }), Err("no point"));
        check(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "alg": "ES384" }), Err("`alg`"));
        let x = "qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3";
        let y = "NhfeSpYmLG9dnpi_kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f";
        check(json!({ "kty": "EC", "crv": "P-384", "x": x, "y": y }), Ok(&[Algorithm::ES384]));
        check(json!({ "kty": "EC", "crv": "P-384", "x": y, "y": x }), Err("no point"));
        check(json!({ "kty": "EC", "crv": "P-256", "x": b48, "y": b48 }), Err("length of its curve"));
        check(json!({ "kty": "EC", "crv": "secp256k1", "x": b32, "y": b32 }), Err("`crv`"));
        check(json!({ "kty": "OKP", "crv": "Ed25519", "x": b32 }), Ok(&[Algorithm::EdDSA]));
        check(json!({ "kty": "OKP", "crv": "Ed25519", "x": b32, "alg": "Ed25519" }), Ok(&[Algorithm::EdDSA]));
        check(json!({ "kty": "OKP", "crv": "Ed25519", "x": b32, "alg": "Ed448" }), Err("`alg`"));
        check(json!({ "kty": "OKP", "crv": "X25519", "x": b32 }), Err("`crv`"));
        check(json!({ "kty": "oct", "k": b32 }), Err("shared secret"));
        check(json!({ "kty": "AKP" }), Err("`kty`"));
        check(json!({}), Err("`kty`"));
    }

    #[test]
    fn a_thumbprint_is_of_what_counts_alone() {
        // The key and the thumbprint of RFC 7638 section 3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
                 tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91\
                 CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" });
        let thumbprint = thumbprint(jwk.as_object().unwrap()).map(base64url::encode);
        assert_eq!(thumbprint.as_deref(), Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
        for jwk in [json!({}), json!({ "kty": "RSA", "n": "AA" }), json!({ "kty": "oct", "k": "AA" }), json!({ "kty": "EC", "crv": 1 })] {
            assert_eq!(super::thumbprint(jwk.as_object().unwrap()), None, "{jwk}");
        }
    }

    #[test]
    fn a_set_serves_with_the_keys_that_can_be_used() {
        let ed = r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}"#;
        for (text, expect) in [
            (format!(r#"{{"keys":[{ed}]}}"#), Ok((1, 0))),
            (format!(r#"{{"keys":[{{"kty":"AKP"}},{ed},7,{ed}],"other":1}}"#), Ok((2, 2))),
            (r#"{"keys":[]}"#.to_owned(), Err("no key that can be used")),
            (r#"{"keys":[{"kty":"AKP"}]}"#.to_owned(), Err("no key that can be used (key 0: its `kty`")),
            (r#"{"keys":{}}"#.to_owned(), Err("no list `keys`")),
            ("[]".to_owned(), Err("is not an object")),
            ("<html>".to_owned(), Err("is not JSON")),
            (format!(r#"{{"keys":[],"keys":[{ed}]}}"#), Err("twice")),
            (format!(r#"{{"keys":[{}]}}"#, vec![ed; 257].join(",")), Err("257 keys")),
        ] {
            let got = parse_set(text.as_bytes()).map(|set| (set.keys.len(), set.skipped.len()));
            match (&got, expect) {
                (Ok(counts), Ok(expect)) => assert_eq!(*counts, expect, "{text}"),
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{text}: {reason}"),
                _ => panic!("{text}: {got:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in r#"\{"keys":\[[{}\[\]",:a-zA-Z0-9]{0,80}\]\}"#) {
            let _ = parse_set(text.as_bytes());
        }
    }
}
