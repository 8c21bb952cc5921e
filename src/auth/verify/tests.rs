use serde_json::{Value, json};

use super::*;
use crate::auth::algorithm::Algorithm;
use crate::auth::base64url;
use crate::auth::jwk;
use crate::auth::keys::Key;

/// Texts that the standards sign: {"iss":"joe",...} with line breaks of RFC 7515 appendix A, and a sentence of RFC 7520 section 4.
const JOE: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const ROAD: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";

fn set(jwk: Value) -> KeySet {
    let key = match jwk["k"].as_str() {
        Some(secret) => Key::secret(&base64url::decode(secret).unwrap(), &[Algorithm::HS256]).unwrap(),
        None => jwk::parse_key(jwk.as_object().unwrap()).unwrap(),
    };
    KeySet { keys: vec![key], skipped: Vec::new() }
}

/// One octet of the signature, or of what is signed, changed.
fn with_other(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn signatures_of_the_standards_are_verified_and_no_others() {
    let rsa = json!({ "kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ" });
    let bilbo = json!({ "kty": "RSA", "kid": "bilbo.baggins@hobbiton.example", "use": "sig", "e": "AQAB", "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw" });
    let rows = [
        (
            "RFC 7515 A.1, HS256",
            json!({ "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow" }),
            format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ),
        (
            "RFC 7515 A.2, RS256",
            rsa,
            format!("eyJhbGciOiJSUzI1NiJ9.{JOE}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"),
        ),
        (
            "RFC 7515 A.3, ES256",
            json!({ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }),
            format!("eyJhbGciOiJFUzI1NiJ9.{JOE}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
        ),
        (
            "RFC 7520 4.1, RS256",
            bilbo.clone(),
            format!("eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.{ROAD}.MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg"),
        ),
        (
            "RFC 7520 4.2, PS384",
            bilbo,
            format!("eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.{ROAD}.cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw"),
        ),
        (
            "RFC 7520 4.4, HS256",
            json!({ "k": "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg" }),
            format!("eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9.{ROAD}.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0"),
        ),
        (
            "RFC 8037 A.4, EdDSA",
            json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg".to_owned(),
        ),
    ];
    for (name, jwk, text) in rows {
        let keys = set(jwk);
        assert_eq!(Token::parse(&text).and_then(|token| keys.verify(&token)), Ok(()), "{name}");
        let dots: Vec<usize> = text.match_indices('.').map(|(at, _)| at).collect();
        for at in [dots[0] + 1, dots[1] - 2, dots[1] + 1, text.len() - 2] {
            let other = with_other(&text, at);
            let got = Token::parse(&other).and_then(|token| keys.verify(&token));
            assert!(got.is_err(), "{name}: {at}");
        }
        // What they say is no access token: no subject, over long ago, or not JSON at all.
        let rules = Rules { issuers: vec!["joe".to_owned()], ..Rules::default() };
        assert!(verify(&text, &keys, &rules, 1_800_000_000_000).is_err(), "{name}");
    }
}

#[test]
fn what_the_standards_have_besides_is_refused_for_what_it_is() {
    let keys = set(json!({ "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow" }));
    let header = |header: Value| base64url::encode(header.to_string());
    for (name, text, expect) in [
        ("RFC 7515 A.5, unsecured", format!("eyJhbGciOiJub25lIn0.{JOE}."), "unsigned"),
        (
            "RFC 7520 4.3, ES512",
            format!("eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.{ROAD}.AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0"),
            "unknown-algorithm",
        ),
        ("RFC 7520 4.5, detached", "eyJhbGciOiJIUzI1NiJ9..s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0".to_owned(), "bad-signature"),
        (
            "RFC 7515 A.6, JSON",
            format!(r#"{{"payload":"{JOE}","signatures":[{{"protected":"eyJhbGciOiJFUzI1NiJ9","signature":"AA"}}]}}"#),
            "not-three-parts",
        ),
        (
            "JSON around a compact token",
            format!(r#"{{"protected":"eyJhbGciOiJIUzI1NiJ9","payload":"{JOE}","signature":"AA","eyJhbGciOiJIUzI1NiJ9.{JOE}.AA":1}}"#),
            "not-base64url",
        ),
        ("RFC 7797, unencoded", format!("{}.$.02.AA", header(json!({ "alg": "HS256", "b64": false, "crit": ["b64"] }))), "not-three-parts"),
        (
            "RFC 7797, encoded",
            format!("{}.{JOE}.AA", header(json!({ "alg": "HS256", "b64": false, "crit": ["b64"] }))),
            "critical-extension",
        ),
        (
            "RFC 7516, five parts",
            format!("{}.AA.AA.AA.AA", header(json!({ "alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": u32::MAX, "p2s": "AA" }))),
            "not-three-parts",
        ),
        (
            "a password's algorithm, in three",
            format!("{}.{JOE}.AA", header(json!({ "alg": "PBES2-HS512+A256KW", "p2c": u32::MAX }))),
            "unknown-algorithm",
        ),
        ("RFC 9864, Ed448", format!("{}.{JOE}.AA", header(json!({ "alg": "Ed448" }))), "unknown-algorithm"),
        (
            "alg of another kind beside it",
            format!("{}.{JOE}.AA", header(json!({ "alg": "HS256", "Alg": "none", "ALG": "none" }))),
            "bad-signature",
        ),
    ] {
        let got = verify(&text, &keys, &Rules::default(), 0).map_err(|refusal| refusal.name());
        assert_eq!(got.err(), Some(expect), "{name}");
    }
}

#[test]
fn ed25519_is_one_algorithm_under_both_of_its_names() {
    use crate::auth::signing::SigningKey;
    let key = SigningKey::from_pem(include_str!("../../../tests/tokens/keys/ed25519.pem"), None).unwrap();
    let claims = json!({ "iss": "joe", "sub": "u", "exp": 4_102_444_800_u64 });
    let old = key.sign("JWT", None, claims.as_object().unwrap()).unwrap();
    let public = crate::auth::pem::parse(include_str!("../../../tests/tokens/keys/ed25519.pub.pem")).unwrap();
    let rules = Rules { issuers: vec!["joe".to_owned()], ..Rules::default() };
    assert!(verify(&old, &public, &rules, 0).is_ok());
    let header = base64url::encode(r#"{"alg":"Ed25519","typ":"JWT"}"#);
    let payload = old.split('.').nth(1).unwrap();
    let signed = format!("{header}.{payload}");
    let new = format!("{signed}.{}", key.signature(signed.as_bytes()).unwrap());
    assert!(verify(&new, &public, &rules, 0).is_ok());
    let ec = crate::auth::pem::parse(include_str!("../../../tests/tokens/keys/p256.pub.pem")).unwrap();
    assert_eq!(verify(&new, &ec, &rules, 0).map_err(|refusal| refusal.name()).err(), Some("no-key-fits"));
}
