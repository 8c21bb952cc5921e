//! What an ID token must say (OpenID Connect Core sections 3.1.3.7, 3.1.3.8 and 12.2), besides what every token must.

use std::fmt;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::auth::algorithm::Algorithm;
use crate::auth::base64url;
use crate::auth::claims::Rules;
use crate::auth::keys::KeySet;
use crate::auth::refusal::Refusal;
use crate::auth::token::Token;

/// Why an ID token or a logout token does not hold; for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// As any token.
    Token(Refusal),
    /// As what it is to be.
    Meaning(&'static str),
}

impl Wrong {
    /// As [`Refusal::newer_keys_may_help`].
    pub fn newer_keys_may_help(&self) -> bool {
        matches!(self, Self::Token(refusal) if refusal.newer_keys_may_help())
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(refusal) => refusal.fmt(f),
            Self::Meaning(reason) => f.write_str(reason),
        }
    }
}

/// What is known before an ID token comes.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// The client.
    pub client_id: &'a str,
    /// The login's nonce; `None` where the token comes with a renewal.
    pub nonce: Option<&'a str>,
    /// Whose session is renewed.
    pub subject: Option<&'a str>,
    /// The access token that came with it.
    pub access_token: &'a str,
    /// How long ago the person may have logged in, in milliseconds, where that was asked for.
    pub max_age_ms: Option<u64>,
    /// How far clocks may differ, in milliseconds.
    pub leeway_ms: u64,
}

/// Holds an ID token against what is expected at `now_ms`, and gives its claims.
///
/// # Errors
/// The first thing that does not hold.
pub fn check(text: &str, keys: &KeySet, expected: &Expected<'_>, now_ms: u64) -> Result<Map<String, Value>, Wrong> {
    let token = Token::parse(text).map_err(Wrong::Token)?;
    let rules = Rules {
        issuers: vec![expected.issuer.to_owned()],
        audiences: vec![expected.client_id.to_owned()],
        required: vec!["iat".to_owned()],
        leeway_ms: expected.leeway_ms,
        ..Rules::default()
    };
    if token.typ.as_deref().is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        return Err(Wrong::Meaning("its `typ` is not that of an ID token"));
    }
    keys.verify(&token).map_err(Wrong::Token)?;
    let claims = token.claims().map_err(Wrong::Token)?;
    rules.check("oidc", claims.clone(), now_ms).map_err(Wrong::Token)?;
    let said = |name: &str| claims.get(name).and_then(Value::as_str);
    let wrong = |reason: &'static str| Err(Wrong::Meaning(reason));
    if expected.nonce.is_some_and(|nonce| said("nonce") != Some(nonce)) {
        return wrong("its `nonce` is not that of this login");
    }
    if expected.subject.is_some_and(|subject| said("sub") != Some(subject)) {
        return wrong("its `sub` is not that of this session");
    }
    let several = claims.get("aud").and_then(Value::as_array).is_some_and(|audiences| audiences.len() > 1);
    match claims.get("azp") {
        None if several => return wrong("it is for several parties and has no `azp`"),
        Some(azp) if azp.as_str() != Some(expected.client_id) => return wrong("its `azp` is not this client"),
        _ => {}
    }
    match claims.get("at_hash").map(Value::as_str) {
        None => {}
        Some(hash) if hash == Some(&half_digest(token.algorithm, expected.access_token)) => {}
        Some(_) => return wrong("its `at_hash` is not that of the access token that came with it"),
    }
    if let Some(max_age_ms) = expected.max_age_ms {
        let authenticated_ms = claims.get("auth_time").and_then(Value::as_f64).filter(|seconds| *seconds >= 0.0);
        match authenticated_ms.map(|seconds| (seconds * 1000.0) as u64) {
            None => return wrong("it does not say when the person logged in (`auth_time`)"),
            Some(at_ms) if now_ms > at_ms.saturating_add(max_age_ms).saturating_add(expected.leeway_ms) => {
                return wrong("the person logged in too long ago (`auth_time`)");
            }
            Some(_) => {}
        }
    }
    Ok(claims)
}

/// The left half of a digest, by the algorithm that the token is signed with (section 3.1.3.6).
fn half_digest(algorithm: Algorithm, text: &str) -> String {
    use Algorithm::{ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512};
    let digest = match algorithm {
        RS256 | PS256 | ES256 | HS256 => Sha256::digest(text).to_vec(),
        RS384 | PS384 | ES384 | HS384 => Sha384::digest(text).to_vec(),
        RS512 | PS512 | HS512 | EdDSA => Sha512::digest(text).to_vec(),
    };
    base64url::encode(digest.get(..digest.len() / 2).unwrap_or_default())
}

#[cfg(test)]
#[allow(missing_docs, reason = "for the tests of what is built on this")]
pub mod tests {
    use super::*;
    use crate::auth::jwk;
    use jsonwebtoken::EncodingKey;
    use serde_json::json;

    pub const NOW_S: u64 = 1_800_000_000;
    const PEM: &str = include_str!("../../../tests/tokens/keys/p256.pem");
    const OTHER_PEM: &str = include_str!("../../../tests/tokens/keys/p256-other.pem");

    /// The public half of the test key, in a set.
    pub fn key_set() -> String {
        let body: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
        let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap();
        let (x, y) = der[der.len() - 64..].split_at(32);
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "k", "x": base64url::encode(x), "y": base64url::encode(y) }] }).to_string()
    }

    pub fn keys() -> KeySet {
        jwk::parse_set(key_set().as_bytes()).unwrap()
    }

    fn signed_by(pem: &str, header: Value, claims: &Value) -> String {
        let signed = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, jsonwebtoken::Algorithm::ES256).unwrap();
        format!("{signed}.{signature}")
    }

    /// Signs claims with the test key.
    pub fn signed(header: Value, claims: &Value) -> String {
        signed_by(PEM, header, claims)
    }

    /// Lays `change` over `base`; null removes.
    pub fn over(base: Value, change: &Value) -> Value {
        let mut all = base.as_object().unwrap().clone();
        for (name, value) in change.as_object().unwrap() {
            all.remove(name);
            if !value.is_null() {
                all.insert(name.clone(), value.clone());
            }
        }
        Value::Object(all)
    }

    fn claims(change: &Value) -> Value {
        let base = json!({ "iss": "https://login.example", "aud": "app", "sub": "ann", "iat": NOW_S, "exp": NOW_S + 600, "nonce": "n" });
        over(base, change)
    }

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://login.example",
            client_id: "app",
            nonce: Some("n"),
            subject: None,
            access_token: "access",
            max_age_ms: None,
            leeway_ms: 30_000,
        }
    }

    fn verdict(text: &str, expected: &Expected<'_>, change: &Value, expect: Result<(), &str>) {
        let got = super::check(text, &keys(), expected, NOW_S * 1000);
        match expect {
            Ok(()) => assert!(got.is_ok(), "{change}: {got:?}"),
            Err(part) => assert!(got.as_ref().is_err_and(|wrong| wrong.to_string().contains(part)), "{change}: {got:?}"),
        }
    }

    fn check(change: Value, expect: Result<(), &str>) {
        verdict(&signed(json!({ "alg": "ES256", "kid": "k" }), &claims(&change)), &expected(), &change, expect);
    }

    #[test]
    fn an_id_token_is_for_this_client_and_this_login() {
        check(json!({}), Ok(()));
        check(json!({ "nonce": "other" }), Err("nonce"));
        check(json!({ "nonce": null }), Err("nonce"));
        check(json!({ "nonce": ["n"] }), Err("nonce"));
        check(json!({ "iss": "https://login.example/" }), Err("wrong-issuer"));
        check(json!({ "aud": "other" }), Err("wrong-audience"));
        check(json!({ "aud": null }), Err("wrong-audience"));
        check(json!({ "aud": ["app"] }), Ok(()));
        check(json!({ "aud": ["app", "other"] }), Err("no `azp`"));
        check(json!({ "aud": ["app", "other"], "azp": "app" }), Ok(()));
        check(json!({ "aud": ["app", "other"], "azp": "other" }), Err("`azp` is not this client"));
        check(json!({ "azp": 1 }), Err("`azp` is not this client"));
        check(json!({ "exp": NOW_S - 31 }), Err("expired"));
        check(json!({ "iat": null }), Err("claim-missing"));
        check(json!({ "iat": NOW_S + 100 }), Err("issued-in-future"));
        check(json!({ "sub": null }), Err("claim-missing"));
        check(json!({ "at_hash": half_digest(Algorithm::ES256, "access") }), Ok(()));
        check(json!({ "at_hash": half_digest(Algorithm::ES256, "other") }), Err("at_hash"));
        check(json!({ "at_hash": half_digest(Algorithm::ES384, "access") }), Err("at_hash"));
        check(json!({ "at_hash": 1 }), Err("at_hash"));
    }

    #[test]
    fn a_token_of_another_kind_or_another_key_is_none() {
        let change = json!({});
        for (typ, expect) in [("JWT", Ok(())), ("jwt", Ok(())), ("at+jwt", Err("typ")), ("logout+jwt", Err("typ"))] {
            verdict(&signed(json!({ "alg": "ES256", "kid": "k", "typ": typ }), &claims(&change)), &expected(), &change, expect);
        }
        let forged = signed_by(OTHER_PEM, json!({ "alg": "ES256", "kid": "k" }), &claims(&change));
        verdict(&forged, &expected(), &change, Err("signature"));
        let unsigned = format!("{}.{}.", base64url::encode(r#"{"alg":"none"}"#), base64url::encode(claims(&change).to_string()));
        verdict(&unsigned, &expected(), &change, Err("unsigned"));
    }

    #[test]
    fn the_time_of_the_login_is_asked_for_where_it_matters() {
        let asked = Expected { max_age_ms: Some(60_000), ..expected() };
        for (change, expect) in [
            (json!({ "auth_time": NOW_S - 90 }), Ok(())),
            (json!({ "auth_time": NOW_S - 91 }), Err("too long ago")),
            (json!({ "auth_time": "now" }), Err("does not say")),
            (json!({}), Err("does not say")),
        ] {
            verdict(&signed(json!({ "alg": "ES256", "kid": "k" }), &claims(&change)), &asked, &change, expect);
        }
    }

    #[test]
    fn a_renewal_is_for_the_same_person() {
        let renewal = Expected { nonce: None, subject: Some("ann"), ..expected() };
        for (change, expect) in [(json!({ "nonce": null }), Ok(())), (json!({ "sub": "eve" }), Err("`sub` is not"))] {
            verdict(&signed(json!({ "alg": "ES256", "kid": "k" }), &claims(&change)), &renewal, &change, expect);
        }
    }

    #[test]
    fn hashes_are_as_in_the_standard() {
        // OpenID Connect Core, appendix A.3.
        assert_eq!(half_digest(Algorithm::RS256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
