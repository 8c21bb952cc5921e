use clap::Parser;
use jsonwebtoken::{DecodingKey, Validation, decode};

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

fn arguments(line: &str) -> Arguments {
    Line::try_parse_from(std::iter::once("token").chain(line.split(' ').filter(|word| !word.is_empty()))).unwrap().arguments
}

#[test]
fn claims_are_what_was_asked_for() {
    for (line, expect) in [
        ("", json!({ "sub": "developer", "iat": 1000, "exp": 4600 })),
        (
            "--sub a --iss i --aud x --expires 1m --scope r",
            json!({ "sub": "a", "iss": "i", "aud": "x", "scope": "r", "iat": 1000, "exp": 1060 }),
        ),
        ("--aud x --aud y", json!({ "sub": "developer", "aud": ["x", "y"], "iat": 1000, "exp": 4600 })),
        (
            "--claim admin=true --claim org.tenant=acme --claim n=\"1\" --claim sub=z",
            json!({ "sub": "z", "iat": 1000, "exp": 4600, "admin": true, "org": { "tenant": "acme" }, "n": "1" }),
        ),
    ] {
        assert_eq!(Value::Object(claims(&arguments(line), 1000).unwrap()), expect, "{line}");
    }
    assert!(matches!(claims(&arguments("--claim x"), 0), Err(Failure::Usage(message)) if message.contains("NAME=VALUE")));
}

#[test]
fn tokens_verify_with_their_keys() {
    let pem = new_key(&[7; 32]);
    let key = SigningKey::from_pem(&pem, None).unwrap();
    let options = arguments("--iss me");
    let claims = claims(&options, 4_000_000_000).unwrap();
    let token = key.sign(&claims, &options).unwrap();
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(key.key_set(None).unwrap()).unwrap();
    let header = jsonwebtoken::decode_header(&token).unwrap();
    let jwk = set.find(header.kid.as_deref().unwrap()).unwrap();
    let read = decode::<Map<String, Value>>(&token, &DecodingKey::from_jwk(jwk).unwrap(), &Validation::new(Algorithm::EdDSA)).unwrap();
    assert_eq!(read.claims, claims);

    let key = SigningKey::from_secret("a secret", Some(Alg::Hs384)).unwrap();
    let token = key.sign(&claims, &options).unwrap();
    let read = decode::<Map<String, Value>>(&token, &DecodingKey::from_secret(b"a secret"), &Validation::new(Algorithm::HS384)).unwrap();
    assert_eq!((read.claims, read.header.kid), (claims, None));
}

#[test]
fn keys_and_algorithms_must_fit() {
    let pem = new_key(&[7; 32]);
    for (result, part) in [
        (SigningKey::from_pem(&pem, Some(Alg::Rs256)), "RS256 needs RSA, and this key is Ed25519"),
        (SigningKey::from_pem(&pem, Some(Alg::Hs256)), "HS256 needs a shared secret"),
        (SigningKey::from_pem("no key", None), "not a PEM file"),
        (SigningKey::from_secret("x", Some(Alg::EdDsa)), "EdDSA needs `--key FILE`"),
    ] {
        assert!(matches!(result, Err(Failure::Usage(message)) if message.contains(part)), "{part}");
    }
}
