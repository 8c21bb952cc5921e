//! Tokens that mix up the issuers of a policy that has several.

use jsonwebtoken::Algorithm::RS256;
use serde_json::{Value, json};

use super::*;
use crate::cases::Cases;

const A: &str = "https://a.example/";
const B: &str = "https://b.example/";
const C: &str = "https://c.example";

pub fn rows(cases: &mut Cases) {
    let one = |more: Value| {
        let mut header = json!({ "kid": "one" });
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        header
    };
    let by_a = |header: Value, changes: Value| token(RSA, RS256, one(header), changes);
    let by_b = |header: Value, changes: Value| token(RSA_OTHER, RS256, one(header), changes);
    let by_c = |changes: Value| hmac(SECRET.as_bytes(), json!({}), changes);
    let typed = || json!({ "typ": "at+jwt" });
    let raw_by_a = |payload: &str| raw(r#"{"alg":"RS256","kid":"one"}"#, payload, &private(RSA, RS256), RS256);
    let rest = r#""aud":"api","sub":"user-1","exp":4102444800"#;
    for (name, text, expect) in [
        ("A's own", by_a(json!({}), json!({ "iss": A })), "ok"),
        ("A's own under its other name", by_a(json!({}), json!({ "iss": "https://a.example/old" })), "ok"),
        ("A's own, its iss escaped", raw_by_a(&format!(r#"{{"iss":"https:\/\/a.example\/",{rest}}}"#)), "ok"),
        ("B's own", by_b(typed(), json!({ "iss": B, "aud": "b" })), "ok"),
        ("C's own", by_c(json!({ "iss": C })), "ok"),
        ("A's by B's key of the same kid", by_b(json!({}), json!({ "iss": A })), "bad-signature"),
        ("B's by A's key of the same kid", by_a(typed(), json!({ "iss": B, "aud": "b" })), "bad-signature"),
        ("A's by C's secret", by_c(json!({ "iss": A })), "no-key-fits"),
        ("A's by C's secret with A's kid", hmac(SECRET.as_bytes(), one(json!({})), json!({ "iss": A })), "no-key-fits"),
        ("C's by A's key", by_a(json!({}), json!({ "iss": C })), "no-key-fits"),
        ("C's by A's public key as a secret", hmac(RSA_PUBLIC.as_bytes(), json!({}), json!({ "iss": C })), "bad-signature"),
        ("A's for B's audience", by_a(json!({}), json!({ "iss": A, "aud": "b" })), "wrong-audience"),
        ("B's for A's audience", by_b(typed(), json!({ "iss": B })), "wrong-audience"),
        ("B's of A's type", by_b(json!({ "typ": "JWT" }), json!({ "iss": B, "aud": "b" })), "wrong-type"),
        ("A's with A in the header and B in the claims", by_a(json!({ "iss": A }), json!({ "iss": B, "aud": "b" })), "wrong-type"),
        ("B's with A in the header", by_a(json!({ "iss": A, "typ": "at+jwt" }), json!({ "iss": B, "aud": "b" })), "bad-signature"),
        ("iss twice, A and B", raw_by_a(&format!(r#"{{"iss":"{A}","iss":"{B}",{rest}}}"#)), "claims-malformed"),
        ("iss twice, escaped", raw_by_a(&format!(r#"{{"iss":"{B}","\u0069ss":"{A}",{rest}}}"#)), "claims-malformed"),
        ("iss of A without its slash", by_a(json!({}), json!({ "iss": "https://a.example" })), "wrong-issuer"),
        ("iss of C with a slash", by_c(json!({ "iss": "https://c.example/" })), "wrong-issuer"),
        ("iss of A in upper case", by_a(json!({}), json!({ "iss": "https://A.example/" })), "wrong-issuer"),
        ("iss of A and more", by_a(json!({}), json!({ "iss": "https://a.example/older" })), "wrong-issuer"),
        ("iss of A before B", by_a(json!({}), json!({ "iss": format!("{A} {B}") })), "wrong-issuer"),
        ("iss of nobody", by_a(json!({}), json!({ "iss": "https://evil.example/" })), "wrong-issuer"),
        ("iss empty", by_a(json!({}), json!({ "iss": "" })), "wrong-issuer"),
        ("iss as a list of A and B", by_a(json!({}), json!({ "iss": [A, B] })), "claim-malformed"),
        ("iss as a number", by_a(json!({}), json!({ "iss": 1 })), "claim-malformed"),
        ("no iss", by_a(json!({}), json!({ "iss": null })), "claim-missing"),
        ("claims that are a list", raw_by_a("[]"), "claims-malformed"),
        ("claims that are no JSON", raw_by_a("iss"), "claims-malformed"),
        ("A's that nobody signed", format!("{}.", unsigned(r#"{"alg":"none"}"#, claims(json!({ "iss": A })).to_string())), "unsigned"),
        ("not a token", "not-a-token".to_owned(), "not-three-parts"),
    ] {
        cases.add(&format!("several issuers: {name}"), "issuers", text, expect);
    }
}
