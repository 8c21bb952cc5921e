//! Claims that the issuer signed and the policy does not accept, and those just at the edge.

use serde_json::{Value, json};

use super::*;
use crate::cases::Cases;

/// A moment for rows whose verdict depends on the time, in seconds.
const T: u64 = 1_800_000_000;

pub fn rows(cases: &mut Cases) {
    names(cases);
    times(cases);
    edges(cases);
    types(cases);
}

fn by_secret(changes: Value) -> String {
    hmac(SECRET.as_bytes(), json!({}), changes)
}

fn names(cases: &mut Cases) {
    for (name, policy, changes, expect) in [
        ("no iss", "secret", json!({ "iss": null }), "claim-missing"),
        ("iss of another issuer", "secret", json!({ "iss": "https://evil.example/" }), "wrong-issuer"),
        ("iss without its slash", "secret", json!({ "iss": "https://issuer.example" }), "wrong-issuer"),
        ("iss as a prefix", "secret", json!({ "iss": "https://issuer.example/evil" }), "wrong-issuer"),
        ("iss in upper case", "secret", json!({ "iss": "HTTPS://ISSUER.EXAMPLE/" }), "wrong-issuer"),
        ("iss with a space", "secret", json!({ "iss": "https://issuer.example/ " }), "wrong-issuer"),
        ("iss empty", "secret", json!({ "iss": "" }), "wrong-issuer"),
        ("iss as a list", "secret", json!({ "iss": ["https://issuer.example/"] }), "claim-malformed"),
        ("iss as an object", "secret", json!({ "iss": { "https://issuer.example/": 1 } }), "claim-malformed"),
        ("iss, the second of two", "many-names", json!({ "iss": "https://second.example" }), "ok"),
        ("iss, two joined", "many-names", json!({ "iss": "https://issuer.example/ https://second.example" }), "wrong-issuer"),
        ("no aud", "secret", json!({ "aud": null }), "wrong-audience"),
        ("aud of another API", "secret", json!({ "aud": "other" }), "wrong-audience"),
        ("aud in upper case", "secret", json!({ "aud": "API" }), "wrong-audience"),
        ("aud as a prefix", "secret", json!({ "aud": "api2" }), "wrong-audience"),
        ("aud that is a prefix of it", "secret", json!({ "aud": "ap" }), "wrong-audience"),
        ("aud with a space", "secret", json!({ "aud": "api other" }), "wrong-audience"),
        ("aud empty", "secret", json!({ "aud": "" }), "wrong-audience"),
        ("aud as an empty list", "secret", json!({ "aud": [] }), "wrong-audience"),
        ("aud as a list with it", "secret", json!({ "aud": ["other", "api"] }), "ok"),
        ("aud as a list without it", "secret", json!({ "aud": ["other", "another"] }), "wrong-audience"),
        ("aud as a list in a list", "secret", json!({ "aud": [["api"]] }), "claim-malformed"),
        ("aud as a list with a number", "secret", json!({ "aud": ["api", 1] }), "claim-malformed"),
        ("aud as an object", "secret", json!({ "aud": { "api": true } }), "claim-malformed"),
        ("aud true", "secret", json!({ "aud": true }), "claim-malformed"),
        ("aud, the second of two", "many-names", json!({ "aud": "https://api.example/" }), "ok"),
        ("aud where none is asked for", "any-audience", json!({ "aud": "whatever" }), "ok"),
        ("no aud where none is asked for", "any-audience", json!({ "aud": null }), "ok"),
        ("aud malformed where none is asked for", "any-audience", json!({ "aud": 1 }), "claim-malformed"),
        ("no sub", "secret", json!({ "sub": null }), "claim-missing"),
        ("sub empty", "secret", json!({ "sub": "" }), "claim-malformed"),
        ("sub as a number", "secret", json!({ "sub": 1 }), "claim-malformed"),
        ("sub as a list", "secret", json!({ "sub": ["user-1"] }), "claim-malformed"),
        ("no required claim", "required", json!({}), "claim-missing"),
        ("required claim under another name", "required", json!({ "Tenant": "t" }), "claim-missing"),
        ("required claim false", "required", json!({ "tenant": false }), "ok"),
    ] {
        cases.add(name, policy, by_secret(changes), expect);
    }
    let with_null = claims(json!({})).to_string().replacen('{', r#"{"tenant":null,"#, 1);
    let text = raw(r#"{"alg":"HS256"}"#, with_null, &secret(SECRET.as_bytes()), jsonwebtoken::Algorithm::HS256);
    cases.add("required claim null", "required", text, "claim-missing");
}

fn times(cases: &mut Cases) {
    let mut add = |name: &str, policy: &str, claim: &str, written: &str, expect: &str| {
        let mut payload = claims(json!({ claim: null })).to_string();
        payload.insert_str(payload.len() - 1, &format!(r#","{claim}":{written}"#));
        let text = raw(r#"{"alg":"HS256"}"#, payload, &secret(SECRET.as_bytes()), jsonwebtoken::Algorithm::HS256);
        cases.add(&format!("{claim} {name}"), policy, text, expect);
    };
    for claim in ["exp", "nbf", "iat"] {
        for (name, written) in [
            ("as a text", r#""1700000000""#),
            ("as an empty text", r#""""#),
            ("true", "true"),
            ("as a list", "[4102444800]"),
            ("as an object", "{}"),
            ("negative", "-1"),
            ("very negative", "-9223372036854775808"),
            ("beyond the year 9999", "253402300800"),
            ("in milliseconds", "4102444800000"),
            ("of 2^63", "9223372036854775808"),
            ("of 2^64", "18446744073709551616"),
            ("of a hundred digits", &"9".repeat(100)),
            ("of 1e308", "1e308"),
        ] {
            add(name, "secret", claim, written, "claim-malformed");
        }
        add("of 1e309", "secret", claim, "1e309", "claims-malformed");
    }
    add("null", "secret", "exp", "null", "claim-missing");
    add("null", "secret", "nbf", "null", "claim-malformed");
    add("0", "secret", "exp", "0", "expired");
    add("-0", "secret", "exp", "-0", "expired");
    add("in 2001", "secret", "exp", "1000000000", "expired");
    add("as a fraction", "secret", "exp", "4102444800.5", "ok");
    add("with an exponent", "secret", "exp", "4.1024448e9", "ok");
    add("0", "secret", "nbf", "0", "ok");
    add("in 2200", "secret", "nbf", "7258118400", "not-yet-valid");
    add("in 2200", "secret", "iat", "7258118400", "issued-in-future");
    add("in 2001", "secret", "iat", "1000000000", "ok");
    add("in 2001 where an age is asked for", "fresh", "iat", "1000000000", "too-old");
    cases.add("no exp", "secret", by_secret(json!({ "exp": null })), "claim-missing");
    cases.add("no iat where an age is asked for", "fresh", by_secret(json!({})), "claim-missing");
}

fn edges(cases: &mut Cases) {
    for (name, policy, changes, now, expect) in [
        ("a second before exp", "no-leeway", json!({ "exp": T }), T - 1, "ok"),
        ("at exp", "no-leeway", json!({ "exp": T }), T, "expired"),
        ("in the last second of the leeway", "secret", json!({ "exp": T }), T + 29, "ok"),
        ("at the end of the leeway", "secret", json!({ "exp": T }), T + 30, "expired"),
        ("half a second before exp", "no-leeway", json!({ "exp": T as f64 + 0.5 }), T, "ok"),
        ("half a second after exp", "no-leeway", json!({ "exp": T as f64 + 0.5 }), T + 1, "expired"),
        ("a second before nbf", "no-leeway", json!({ "nbf": T }), T - 1, "not-yet-valid"),
        ("at nbf", "no-leeway", json!({ "nbf": T }), T, "ok"),
        ("at the beginning of nbf's leeway", "secret", json!({ "nbf": T }), T - 30, "ok"),
        ("before nbf's leeway", "secret", json!({ "nbf": T }), T - 31, "not-yet-valid"),
        ("a second before iat", "no-leeway", json!({ "iat": T }), T - 1, "issued-in-future"),
        ("within iat's leeway", "secret", json!({ "iat": T }), T - 30, "ok"),
        ("in the last second of the age", "fresh", json!({ "iat": T }), T + 3629, "ok"),
        ("at the end of the age", "fresh", json!({ "iat": T }), T + 3630, "too-old"),
        ("young but expired", "fresh", json!({ "iat": T, "exp": T + 60 }), T + 90, "expired"),
    ] {
        cases.add_at(name, policy, by_secret(changes), now, expect);
    }
}

fn types(cases: &mut Cases) {
    for (policy, typ, expect) in [
        ("secret", json!("JWT"), "ok"),
        ("secret", json!("jwt"), "ok"),
        ("secret", json!("at+jwt"), "ok"),
        ("secret", json!("application/at+JWT"), "ok"),
        ("secret", json!("logout+jwt"), "wrong-type"),
        ("secret", json!("secevent+jwt"), "wrong-type"),
        ("secret", json!("dpop+jwt"), "wrong-type"),
        ("secret", json!("JOSE"), "wrong-type"),
        ("secret", json!(""), "wrong-type"),
        ("secret", json!(1), "header-malformed"),
        ("secret", json!(null), "header-malformed"),
        ("secret", json!(["JWT"]), "header-malformed"),
        ("typed", json!("at+jwt"), "ok"),
        ("typed", json!("application/at+jwt"), "ok"),
        ("typed", json!("AT+JWT"), "ok"),
        ("typed", json!("JWT"), "wrong-type"),
        ("typed", json!("at+jwt "), "wrong-type"),
        ("typed", json!("text/at+jwt"), "wrong-type"),
    ] {
        let name = format!("typ {typ} for {policy}");
        cases.add(&name, policy, hmac(SECRET.as_bytes(), json!({ "typ": typ }), json!({})), expect);
    }
    cases.add("no typ where one is asked for", "typed", by_secret(json!({})), "wrong-type");
}
