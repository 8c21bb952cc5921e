//! The policies that tokens are sent to.

use std::collections::BTreeMap;

use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::Jwk;
use serde_json::{Value, json};

use super::*;
use crate::cases::Cases;

/// The public half of a private key as a JSON Web Key without `alg`, with more members.
pub fn jwk(pem: &str, algorithm: Algorithm, more: Value) -> Value {
    let jwk = Jwk::from_encoding_key(&private(pem, algorithm), algorithm).unwrap();
    let mut jwk = serde_json::to_value(jwk).unwrap();
    let members = jwk.as_object_mut().unwrap();
    members.remove("alg");
    members.extend(more.as_object().unwrap().clone());
    jwk
}

pub fn cases() -> Cases {
    let rsa = |more: Value| jwk(RSA, Algorithm::RS256, more);
    let p256 = |more: Value| jwk(P256, Algorithm::ES256, more);
    let ed25519 = |more: Value| jwk(ED25519, Algorithm::EdDSA, more);
    let p384 = jwk(P384, Algorithm::ES384, json!({ "kid": "p384" }));
    let inline = |keys: Vec<Value>| json!({ "jwks_inline": { "keys": keys } });
    let weak = jwk(RSA_WEAK, Algorithm::RS256, json!({ "kid": "weak" }));
    let mut private_jwk = p256(json!({ "kid": "private" }));
    private_jwk["d"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let other = |more: Value| jwk(RSA_OTHER, Algorithm::RS256, more);
    let published = json!({ "keys": [
        rsa(json!({ "kid": "good", "use": "sig", "key_ops": ["verify"], "x5c": ["AA"] })),
        other(json!({ "kid": "enc", "use": "enc" })),
        other(json!({ "kid": "ops", "key_ops": ["encrypt"] })),
        other(json!({ "kid": "oaep", "alg": "RSA-OAEP" })),
        other(json!({ "kid": "hmac", "alg": "HS256" })),
        weak,
        private_jwk,
        jwk(P256_OTHER, Algorithm::ES256, json!({ "kid": "other-alg", "alg": "ES384" })),
        { "kty": "oct", "kid": "oct", "k": base64url::encode(SECRET) },
        { "kty": "EC", "crv": "P-521", "kid": "p521", "x": "AA", "y": "AA" },
        { "kty": "AKP", "alg": "ML-DSA-44", "kid": "post-quantum", "pub": "AA" },
        "not a key",
    ] });
    let unnamed: Vec<Value> = (0..5).map(|_| ed25519(json!({}))).collect();
    let policies = [
        ("rsa", inline(vec![rsa(json!({ "kid": "rsa" }))])),
        ("rs256", inline(vec![rsa(json!({ "kid": "rsa", "alg": "RS256" }))])),
        ("ps256", inline(vec![rsa(json!({ "kid": "rsa", "alg": "PS256" }))])),
        ("rsa-narrowed", json!({ "jwks_inline": { "keys": [rsa(json!({}))] }, "algorithms": ["RS512"] })),
        ("es256", inline(vec![p256(json!({ "kid": "p256" }))])),
        ("es384", inline(vec![p384.clone()])),
        ("eddsa", inline(vec![ed25519(json!({ "kid": "ed25519" }))])),
        ("mixed", inline(vec![rsa(json!({ "kid": "rsa" })), p256(json!({ "kid": "p256" })), ed25519(json!({ "kid": "ed25519" })), p384])),
        ("same-kid", inline(vec![jwk(P256_OTHER, Algorithm::ES256, json!({ "kid": "p256" })), p256(json!({ "kid": "p256" }))])),
        ("no-kid", inline(vec![rsa(json!({})), p256(json!({}))])),
        ("too-many", inline(unnamed)),
        ("pem-rsa", json!({ "pem": RSA_PUBLIC })),
        ("pem-pkcs1", json!({ "pem": RSA_PKCS1 })),
        ("pem-mixed", json!({ "pem": format!("{P256_PUBLIC}{P384_PUBLIC}{ED25519_PUBLIC}") })),
        ("secret", json!({ "secret": { "secret": "TOKEN_SECRET" }, "algorithms": ["HS256", "HS384", "HS512"] })),
        ("published", json!({ "jwks": "https://issuer.example/jwks.json" })),
        ("no-leeway", json!({ "secret": { "secret": "TOKEN_SECRET" }, "algorithms": ["HS256"], "leeway": "0s" })),
        (
            "many-names",
            json!({
                "secret": { "secret": "TOKEN_SECRET" }, "algorithms": ["HS256"],
                "issuer": ["https://issuer.example/", "https://second.example"], "audience": ["api", "https://api.example/"],
            }),
        ),
        ("any-audience", json!({ "secret": { "secret": "TOKEN_SECRET" }, "algorithms": ["HS256"], "audience": null })),
        ("typed", json!({ "secret": { "secret": "TOKEN_SECRET" }, "algorithms": ["HS256"], "typ": ["at+jwt"] })),
        ("fresh", json!({ "secret": { "secret": "TOKEN_SECRET" }, "algorithms": ["HS256"], "max_age": "1h" })),
        (
            "issuers",
            json!({ "issuer": null, "issuers": [
                { "issuer": ["https://a.example/", "https://a.example/old"], "jwks_inline": { "keys": [rsa(json!({ "kid": "one" }))] } },
                {
                    "issuer": "https://b.example/", "audience": "b", "typ": "at+jwt",
                    "jwks_inline": { "keys": [other(json!({ "kid": "one" }))] },
                },
                { "issuer": "https://c.example", "secret": { "secret": "TOKEN_SECRET" }, "algorithms": ["HS256"] },
            ] }),
        ),
        ("required", json!({ "secret": { "secret": "TOKEN_SECRET" }, "algorithms": ["HS256"], "required": ["tenant"] })),
    ];
    let mut all = BTreeMap::new();
    for (name, written) in policies {
        let mut policy = json!({ "issuer": "https://issuer.example/", "audience": "api" });
        for (field, value) in written.as_object().unwrap() {
            policy[field] = value.clone();
        }
        policy.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        all.insert(name.to_owned(), policy);
    }
    Cases {
        secrets: BTreeMap::from([("TOKEN_SECRET".to_owned(), SECRET.to_owned())]),
        published: BTreeMap::from([("https://issuer.example/jwks.json".to_owned(), published)]),
        policies: all,
        rows: Vec::new(),
    }
}
