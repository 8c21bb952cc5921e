use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::auth::signing::SigningKey;

const NOW_S: u64 = 1_800_000_000;
const TOKEN: &str = "an.access.token";

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../../../tests/tokens/keys/", $name, ".pem"))
    };
}

/// The public half of a P-256 key.
fn jwk_of(public_pem: &str) -> Value {
    let body: String = public_pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap();
    let (x, y) = der[der.len() - 64..].split_at(32);
    json!({ "kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y) })
}

fn good_header() -> Value {
    json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk_of(key!("p256.pub")) })
}

fn good_claims() -> Value {
    json!({
        "jti": "one", "htm": "GET", "htu": "https://api.example/orders", "iat": NOW_S,
        "ath": base64url::encode(Sha256::digest(TOKEN))
    })
}

/// Lays changes over an object; null removes.
fn with(mut base: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(base.as_object_mut().unwrap().remove(name)),
            value => base[name] = value.clone(),
        }
    }
    base
}

fn signed(header: &Value, claims: &Value, pem: &str) -> String {
    let key = SigningKey::from_pem(pem, None).unwrap();
    let message = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
    let signature = key.signature(message.as_bytes()).unwrap();
    format!("{message}.{signature}")
}

fn checked(proof: &str, url: &str, method: &str) -> Result<Proved, String> {
    let key = jwk::thumbprint(jwk_of(key!("p256.pub")).as_object().unwrap()).unwrap();
    let target = Target::parse(url, EncodedSlash::Refuse).unwrap();
    check(
        proof,
        &Asked {
            method,
            target: &target,
            encoded_slash: EncodedSlash::Refuse,
            token: TOKEN,
            key: &key,
            now_ms: NOW_S * 1000,
            window_ms: 60_000,
        },
    )
}

fn row(name: &str, header: Value, claims: Value, expect: Result<(), &str>) {
    let proof = signed(&with(good_header(), header), &with(good_claims(), claims), key!("p256"));
    held(name, &proof, expect);
}

fn held(name: &str, proof: &str, expect: Result<(), &str>) {
    match (checked(proof, "https://api.example/orders?a=1", "GET"), expect) {
        (Ok(_), Ok(())) => {}
        (Err(reason), Err(part)) => assert!(reason.contains(part), "{name}: {reason}"),
        (got, expect) => panic!("{name}: {got:?}, expected {expect:?}"),
    }
}

#[test]
fn a_proof_is_for_one_request_and_one_token() {
    row("as it should be", json!({}), json!({}), Ok(()));
    row("typ in another case", json!({ "typ": "DPoP+jwt" }), json!({}), Ok(()));
    row("an unknown claim", json!({}), json!({ "more": 1 }), Ok(()));
    row("no typ", json!({ "typ": null }), json!({}), Err("not dpop+jwt"));
    row("typ of a token", json!({ "typ": "JWT" }), json!({}), Err("not dpop+jwt"));
    row("another method", json!({}), json!({ "htm": "POST" }), Err("`htm`"));
    row("the method in lower case", json!({}), json!({ "htm": "get" }), Err("`htm`"));
    row("no method", json!({}), json!({ "htm": null }), Err("no `htm`"));
    row("another path", json!({}), json!({ "htu": "https://api.example/order" }), Err("another URL"));
    row("another host", json!({}), json!({ "htu": "https://evil.example/orders" }), Err("another URL"));
    row("another port", json!({}), json!({ "htu": "https://api.example:8443/orders" }), Err("another URL"));
    row("a host before an @", json!({}), json!({ "htu": "https://api.example@evil.example/orders" }), Err("URL"));
    row("plain http for https", json!({}), json!({ "htu": "http://api.example/orders" }), Err("another URL"));
    row("only a path", json!({}), json!({ "htu": "/orders" }), Err("not a URL"));
    row("no URL", json!({}), json!({ "htu": null }), Err("no `htu`"));
    row("URLs in a list", json!({}), json!({ "htu": ["https://api.example/orders"] }), Err("no `htu`"));
    row("another spelling", json!({}), json!({ "htu": "HTTPS://API.example:443/%6frders?b=2#c" }), Ok(()));
    row("another token", json!({}), json!({ "ath": base64url::encode(Sha256::digest("x")) }), Err("`ath`"));
    row("no token", json!({}), json!({ "ath": null }), Err("no `ath`"));
    row("the token itself", json!({}), json!({ "ath": TOKEN }), Err("`ath`"));
    row("at the end of the window", json!({}), json!({ "iat": NOW_S - 60 }), Ok(()));
    row("past the window", json!({}), json!({ "iat": NOW_S - 61 }), Err("`iat`"));
    row("a clock ahead", json!({}), json!({ "iat": NOW_S + 60 }), Ok(()));
    row("from the future", json!({}), json!({ "iat": NOW_S + 61 }), Err("`iat`"));
    row("no time", json!({}), json!({ "iat": null }), Err("`iat`"));
    row("the time as a text", json!({}), json!({ "iat": NOW_S.to_string() }), Err("iat"));
    row("no jti", json!({}), json!({ "jti": null }), Err("`jti`"));
    row("an empty jti", json!({}), json!({ "jti": "" }), Err("`jti`"));
    row("a jti as a number", json!({}), json!({ "jti": 1 }), Err("`jti`"));
    row("a jti of a book", json!({}), json!({ "jti": "x".repeat(257) }), Err("`jti`"));
    row("a nonce that is none", json!({}), json!({ "nonce": 1 }), Err("`nonce`"));
    row("a critical extension", json!({ "crit": ["x"], "x": 1 }), json!({}), Err("critical-extension"));
    assert!(checked(&signed(&good_header(), &good_claims(), key!("p256")), "http://api.example/orders", "GET").is_ok(), "TLS ends before");
}

#[test]
fn a_proof_is_made_with_the_key_of_the_token() {
    let own = jwk_of(key!("p256.pub"));
    let other = jwk_of(key!("p256-other.pub"));
    let secret = json!({ "kty": "oct", "k": base64url::encode([7; 32]) });
    row("another key", json!({ "jwk": other }), json!({}), Err("not the one that the token is bound to"));
    row("no key", json!({ "jwk": null }), json!({}), Err("no `jwk`"));
    row("a key as a text", json!({ "jwk": own.to_string() }), json!({}), Err("no `jwk`"));
    row("a private key", json!({ "jwk": with(own.clone(), json!({ "d": "AA" })) }), json!({}), Err("private key"));
    row("a shared secret", json!({ "jwk": secret }), json!({}), Err("shared secret"));
    row("a key for encryption", json!({ "jwk": with(own.clone(), json!({ "use": "enc" })) }), json!({}), Err("`use`"));
    row("a key with a name", json!({ "jwk": with(own.clone(), json!({ "kid": "one" })), "kid": "two" }), json!({}), Ok(()));
    row(
        "a key as browsers export it",
        json!({ "jwk": with(own.clone(), json!({ "ext": true, "key_ops": ["verify"] })) }),
        json!({}),
        Ok(()),
    );
    row(
        "a padded key",
        json!({ "jwk": with(own.clone(), json!({ "x": format!("{}=", own["x"].as_str().unwrap()) })) }),
        json!({}),
        Err("base64url"),
    );
    row("HMAC by the public key", json!({ "alg": "HS256" }), json!({}), Err("no-key-fits"));
    row("another algorithm", json!({ "alg": "ES384" }), json!({}), Err("no-key-fits"));
    row("no signature", json!({ "alg": "none" }), json!({}), Err("unsigned"));
    held("another's signature", &signed(&good_header(), &good_claims(), key!("p256-other")), Err("bad-signature"));
    let by_other = with(good_header(), json!({ "jwk": other }));
    held("another's proof", &signed(&by_other, &good_claims(), key!("p256-other")), Err("not the one"));
    let good = signed(&good_header(), &good_claims(), key!("p256"));
    held("cut short", good.rsplit_once('.').unwrap().0, Err("not-three-parts"));
    held("two proofs", &format!("{good}, {good}"), Err("not-three-parts"));
    held("nothing", "", Err("not-three-parts"));
}

/// RFC 9449 sections 6.1 and 7.1: the proof of figure 13 beside the token of figure 12, whose `jkt` is in figure 8.
#[test]
fn the_example_of_the_standard_holds() {
    let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
    let key: [u8; 32] = base64url::decode("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap().try_into().unwrap();
    let target = Target::parse("https://resource.example.org/protectedresource", EncodedSlash::Refuse).unwrap();
    let at = |now_s: u64, token: &str, method: &str| {
        let encoded_slash = EncodedSlash::Refuse;
        check(proof, &Asked { method, target: &target, encoded_slash, token, key: &key, now_ms: now_s * 1000, window_ms: 60_000 })
    };
    let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    assert!(at(1_562_262_618, token, "GET").unwrap().id.ends_with(" e1j3V_bKic8-LAEB"));
    assert!(
        at(1_562_262_679, token, "GET").is_err() && at(1_562_262_618, "other", "GET").is_err() && at(1_562_262_618, token, "POST").is_err()
    );
}

#[test]
fn what_must_not_be_used_again_is_of_its_key() {
    let proved = checked(&signed(&good_header(), &good_claims(), key!("p256")), "https://api.example/orders", "GET").unwrap();
    let thumbprint = base64url::encode(jwk::thumbprint(jwk_of(key!("p256.pub")).as_object().unwrap()).unwrap());
    assert_eq!(proved, Proved { id: format!("{thumbprint} one"), until_ms: (NOW_S + 60) * 1000, nonce: None });
}

#[test]
fn a_nonce_holds_for_five_minutes() {
    let secret = [1; 32];
    let now_ms = NOW_S * 1000;
    let given = nonce(&secret, now_ms);
    for (name, later_ms, expect) in [("at once", 0, true), ("after four minutes", 240_000, true), ("after five", 300_000, false)] {
        assert_eq!(nonce_holds(&secret, &given, now_ms + later_ms), expect, "{name}");
    }
    assert!(nonce_holds(&secret, &nonce(&secret, now_ms + 60_000), now_ms), "a clock that is a minute ahead");
    assert!(!nonce_holds(&secret, &nonce(&secret, now_ms + 120_000), now_ms), "from the future");
    assert!(!nonce_holds(&[2; 32], &given, now_ms), "another secret");
    for text in ["", "AAAA", "?", "AAAAAAAAAAA", &given[1..]] {
        assert!(!nonce_holds(&secret, text, now_ms), "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,120}") {
        prop_assert!(checked(&text, "https://api.example/orders", "GET").is_err());
        prop_assert!(!nonce_holds(&[1; 32], &text, NOW_S * 1000));
    }

    #[test]
    fn no_bit_of_a_proof_can_be_flipped(bit in any::<prop::sample::Index>()) {
        let mut bytes = signed(&good_header(), &good_claims(), key!("p256")).into_bytes();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(flipped) = String::from_utf8(bytes) {
            prop_assert!(checked(&flipped, "https://api.example/orders", "GET").is_err());
        }
    }
}
