//! Tokens that try to choose their own key or algorithm.

use jsonwebtoken::Algorithm::{self, ES256, EdDSA, HS256, HS384, HS512, PS256, RS256};
use serde_json::{Value, json};

use super::policies::jwk;
use super::*;
use crate::cases::Cases;

pub fn rows(cases: &mut Cases) {
    none(cases);
    confusion(cases);
    carried_keys(cases);
    kid(cases);
    published(cases);
}

fn none(cases: &mut Cases) {
    let payload = claims(json!({})).to_string();
    let (_, signature) = split(&token(RSA, RS256, json!({}), json!({})));
    for alg in ["none", "None", "NONE", "nOnE", "NoNe", "nonE", "", "\\u006eone", "n\\u006Fn\\u0065"] {
        let header = format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#);
        for policy in ["rsa", "secret"] {
            let text = unsigned(&header, &payload);
            cases.add(&format!("alg {alg:?} and no signature for {policy}"), policy, format!("{text}."), "unsigned");
        }
        let text = unsigned(&header, &payload);
        let text = format!("{text}.{}", base64url::encode(&signature));
        cases.add(&format!("alg {alg:?} and the signature of another token"), "rsa", text, "unsigned");
    }
    let text = unsigned(r#"{"alg":"none"}"#, &payload);
    cases.add("alg none in two parts", "rsa", text, "not-three-parts");
    for (name, header, expect) in [
        ("no alg", r#"{"typ":"JWT"}"#, "header-malformed"),
        ("alg null", r#"{"alg":null}"#, "header-malformed"),
        ("alg as a list", r#"{"alg":["RS256","none"]}"#, "header-malformed"),
        ("alg as a number", r#"{"alg":0}"#, "header-malformed"),
        ("alg as an object", r#"{"alg":{"RS256":1}}"#, "header-malformed"),
        ("alg false", r#"{"alg":false}"#, "header-malformed"),
        ("alg with a space", r#"{"alg":"none "}"#, "unknown-algorithm"),
        ("alg with a null character", r#"{"alg":"none\u0000"}"#, "unknown-algorithm"),
        ("alg in lower case", r#"{"alg":"rs256"}"#, "unknown-algorithm"),
        ("alg with a line feed", r#"{"alg":"RS256\n"}"#, "unknown-algorithm"),
        ("alg ES512", r#"{"alg":"ES512"}"#, "unknown-algorithm"),
        ("alg ES256K", r#"{"alg":"ES256K"}"#, "unknown-algorithm"),
        ("alg HS1", r#"{"alg":"HS1"}"#, "unknown-algorithm"),
        ("alg RS1", r#"{"alg":"RS1"}"#, "unknown-algorithm"),
        ("alg dir", r#"{"alg":"dir","enc":"A128GCM"}"#, "unknown-algorithm"),
        ("alg RSA-OAEP", r#"{"alg":"RSA-OAEP"}"#, "unknown-algorithm"),
        ("alg in full-width letters", r#"{"alg":"ＲＳ256"}"#, "unknown-algorithm"),
        ("member Alg instead of alg", r#"{"Alg":"RS256"}"#, "header-malformed"),
    ] {
        cases.add(name, "rsa", raw(header, &payload, &private(RSA, RS256), RS256), expect);
    }
}

/// A public key is no secret: signed with it by HMAC, in every form that a library might hold it in.
fn confusion(cases: &mut Cases) {
    let public = jwk(RSA, RS256, json!({}));
    let bytes = |name: &str| base64url::decode(public[name].as_str().unwrap()).unwrap();
    let header = |algorithm: Algorithm| json!({ "alg": format!("{algorithm:?}"), "typ": "JWT" }).to_string();
    for (form, key) in [
        ("PEM", RSA_PUBLIC.as_bytes().to_vec()),
        ("PEM without its last line feed", RSA_PUBLIC.trim_end().as_bytes().to_vec()),
        ("PEM with carriage returns", RSA_PUBLIC.replace('\n', "\r\n").into_bytes()),
        ("PEM of PKCS#1", RSA_PKCS1.as_bytes().to_vec()),
        ("DER", der(RSA_PUBLIC)),
        ("DER of PKCS#1", der(RSA_PKCS1)),
        ("JWK", public.to_string().into_bytes()),
        ("modulus", bytes("n")),
        ("modulus in base64url", public["n"].as_str().unwrap().as_bytes().to_vec()),
    ] {
        for policy in ["rsa", "pem-rsa"] {
            let text = raw(header(HS256), claims(json!({})).to_string(), &secret(&key), HS256);
            cases.add(&format!("HS256 with the RSA public key as {form} for {policy}"), policy, text, "no-key-fits");
        }
    }
    for algorithm in [HS384, HS512] {
        let text = raw(header(algorithm), claims(json!({})).to_string(), &secret(RSA_PUBLIC.as_bytes()), algorithm);
        cases.add(&format!("{algorithm:?} with the RSA public key as PEM"), "pem-rsa", text, "no-key-fits");
    }
    let point = der(P256_PUBLIC)[26..].to_vec();
    for (form, key) in [("PEM", P256_PUBLIC.as_bytes().to_vec()), ("DER", der(P256_PUBLIC)), ("point", point)] {
        for policy in ["es256", "pem-mixed", "mixed"] {
            let text = raw(header(HS256), claims(json!({})).to_string(), &secret(&key), HS256);
            cases.add(&format!("HS256 with the EC public key as {form} for {policy}"), policy, text, "no-key-fits");
        }
    }
    let x = der(ED25519_PUBLIC)[12..].to_vec();
    cases.add("HS256 with the Ed25519 public key", "eddsa", hmac(&x, json!({}), json!({})), "no-key-fits");
}

/// Keys, and places of keys, in the header: never used.
fn carried_keys(cases: &mut Cases) {
    let own = jwk(P256_OTHER, ES256, json!({}));
    let own_rsa = jwk(RSA_OTHER, RS256, json!({}));
    for (name, header) in [
        ("jwk", json!({ "jwk": own })),
        ("jwk and its kid", json!({ "jwk": own, "kid": "p256" })),
        ("jku", json!({ "jku": "https://evil.example/jwks.json" })),
        ("jku that looks like the issuer", json!({ "jku": "https://issuer.example@evil.example/jwks.json" })),
        ("jku on loopback", json!({ "jku": "http://127.0.0.1/jwks.json" })),
        ("x5u", json!({ "x5u": "https://evil.example/certificate.pem" })),
        ("x5c", json!({ "x5c": ["MIIBAA=="] })),
        ("x5t", json!({ "x5t": "AAAA", "x5t#S256": "AAAA" })),
    ] {
        let expect = "bad-signature";
        cases.add(&format!("own key carried in {name}"), "es256", token(P256_OTHER, ES256, header.clone(), json!({})), expect);
        cases.add(&format!("right key with {name} beside it"), "es256", token(P256, ES256, header, json!({})), "ok");
    }
    let text = token(RSA_OTHER, RS256, json!({ "jwk": own_rsa }), json!({}));
    cases.add("own RSA key carried in jwk", "rsa", text, "bad-signature");
    let oct = json!({ "kty": "oct", "k": base64url::encode(b"own secret of the one who attacks") });
    let text = hmac(b"own secret of the one who attacks", json!({ "jwk": oct }), json!({}));
    cases.add("own secret carried in jwk", "secret", text, "bad-signature");
}

fn kid(cases: &mut Cases) {
    let rsa = |kid: Value| token(RSA, RS256, json!({ "kid": kid }), json!({}));
    for (name, kid) in [
        ("unknown", "other"),
        ("empty", ""),
        ("in upper case", "RSA"),
        ("with a space", "rsa "),
        ("with a null character", "rsa\0"),
        ("as a path", "../../../../../../dev/null"),
        ("as an absolute path", "/proc/self/environ"),
        ("as SQL", "' UNION SELECT 'secret' -- "),
        ("as a shell command", "rsa; curl evil.example"),
        ("as a URL", "https://evil.example/key"),
        ("as a template", "{{7*7}}${7*7}"),
        ("as a prefix", "rs"),
        ("as a list in text", "[\"rsa\"]"),
        ("of 500 bytes", &"k".repeat(500)),
        ("of a prototype", "__proto__"),
    ] {
        cases.add(&format!("kid {name}"), "rsa", rsa(json!(kid)), "unknown-key");
    }
    for (name, kid) in [
        ("a number", json!(1)),
        ("null", json!(null)),
        ("a list", json!(["rsa"])),
        ("an object", json!({ "rsa": true })),
        ("too long", json!("k".repeat(513))),
    ] {
        cases.add(&format!("kid {name}"), "rsa", rsa(kid), "header-malformed");
    }
    let empty = |kid: &str| hmac(b"", json!({ "kid": kid }), json!({}));
    cases.add("HS256 by nothing, with a kid that is an empty file", "rsa", empty("../../../../../../dev/null"), "unknown-key");
    cases.add("HS256 by nothing, with a kid for a secret", "secret", empty("/dev/null"), "bad-signature");
    for (name, policy, text, expect) in [
        ("kid of the key", "mixed", token(RSA, RS256, json!({ "kid": "rsa" }), json!({})), "ok"),
        ("no kid among many keys", "mixed", token(P256, ES256, json!({}), json!({})), "ok"),
        ("kid of a key of another family", "mixed", token(RSA, RS256, json!({ "kid": "p256" }), json!({})), "no-key-fits"),
        ("kid of another curve", "mixed", token(P256, ES256, json!({ "kid": "p384" }), json!({})), "no-key-fits"),
        ("kid that two keys have", "same-kid", token(P256, ES256, json!({ "kid": "p256" }), json!({})), "ok"),
        ("kid where keys have no names", "pem-rsa", token(RSA, RS256, json!({ "kid": "whatever" }), json!({})), "ok"),
        ("kid for a secret", "secret", hmac(SECRET.as_bytes(), json!({ "kid": "whatever" }), json!({})), "ok"),
        ("no kid and too many keys", "too-many", token(ED25519, EdDSA, json!({}), json!({})), "too-many-keys-fit"),
    ] {
        cases.add(name, policy, text, expect);
    }
}

/// Keys that an issuer publishes for something else, or should not have published.
fn published(cases: &mut Cases) {
    let other = |kid: &str| token(RSA_OTHER, RS256, json!({ "kid": kid }), json!({}));
    for (name, text, expect) in [
        ("published key", token(RSA, RS256, json!({ "kid": "good" }), json!({})), "ok"),
        ("published key, PS256", token(RSA, PS256, json!({ "kid": "good" }), json!({})), "ok"),
        ("published key for encryption", other("enc"), "unknown-key"),
        ("published key whose key_ops lack verify", other("ops"), "unknown-key"),
        ("published key for key wrapping", other("oaep"), "unknown-key"),
        ("published RSA key that says HS256", other("hmac"), "unknown-key"),
        ("published weak RSA key", token(RSA_WEAK, RS256, json!({ "kid": "weak" }), json!({})), "unknown-key"),
        ("published private key", token(P256, ES256, json!({ "kid": "private" }), json!({})), "unknown-key"),
        ("published P-256 key that says ES384", token(P256_OTHER, ES256, json!({ "kid": "other-alg" }), json!({})), "unknown-key"),
        ("published secret", hmac(SECRET.as_bytes(), json!({ "kid": "oct" }), json!({})), "unknown-key"),
        ("published secret without kid", hmac(SECRET.as_bytes(), json!({}), json!({})), "no-key-fits"),
        ("published key for encryption, without kid", token(RSA_OTHER, RS256, json!({}), json!({})), "bad-signature"),
        ("weak key without kid", token(RSA_WEAK, RS256, json!({}), json!({})), "bad-signature"),
    ] {
        cases.add(name, "published", text, expect);
    }
}
