//! Tokens that only the holder of a key may use: what their `cnf` says (RFC 7800 section 3.1), and a client certificate held against
//! it (RFC 8705 section 3.1).

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::base64url;
use super::hex;
use crate::http::edge::ClientCertificate;

/// The keys that a token is bound to; each that it names must be proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// SHA-256 of the client's certificate (`x5t#S256`).
    pub certificate: Option<[u8; 32]>,
    /// SHA-256 thumbprint of the client's key (`jkt`, RFC 9449 section 6.1).
    pub key: Option<[u8; 32]>,
}

impl Binding {
    /// What the claims say; `None` where the token is anybody's.
    ///
    /// # Errors
    /// Where it is bound to something that cannot be read, or that nobody here can check: then it must not pass.
    pub fn of(claims: &Map<String, Value>) -> Result<Option<Self>, &'static str> {
        let Some(confirmation) = claims.get("cnf") else { return Ok(None) };
        let members = confirmation.as_object().filter(|members| !members.is_empty()).ok_or("its `cnf` cannot be read")?;
        let mut binding = Self { certificate: None, key: None };
        for (name, value) in members {
            let digest = || {
                let bytes = value.as_str().and_then(base64url::decode).and_then(|bytes| bytes.try_into().ok());
                bytes.ok_or("its `cnf` has a digest that is none")
            };
            match name.as_str() {
                "x5t#S256" => binding.certificate = Some(digest()?),
                "jkt" => binding.key = Some(digest()?),
                _ => return Err("its `cnf` binds it to something that is not known here"),
            }
        }
        Ok(Some(binding))
    }
}

/// Whether the client has shown, in the TLS handshake, the certificate with this SHA-256. Who signed the certificate does not matter,
/// since the token's issuer names this very one; a revoked one is nobody's any more.
pub fn holds_certificate(shown: Option<&ClientCertificate>, digest: &[u8; 32]) -> bool {
    let Some(shown) = shown.filter(|shown| shown.cert_presented == "1" && shown.cert_revoked != "1") else { return false };
    let told = shown.fingerprint.trim();
    if !told.is_empty() {
        return hex::decode(told).is_some_and(|told| told == digest);
    }
    let der = shown.der.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')).filter(|der| !der.is_empty());
    let der = der.and_then(|der| base64::Engine::decode(&base64::engine::general_purpose::STANDARD, der).ok());
    der.is_some_and(|der| <[u8; 32]>::from(Sha256::digest(der)) == *digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_cannot_be_checked_binds_all_the_same() {
        let digest = base64url::encode([7; 32]);
        let both = Binding { certificate: Some([7; 32]), key: Some([7; 32]) };
        for (claims, expect) in [
            (json!({}), Ok(None)),
            (json!({ "cnf": { "x5t#S256": digest } }), Ok(Some(Binding { key: None, ..both }))),
            (json!({ "cnf": { "jkt": digest } }), Ok(Some(Binding { certificate: None, ..both }))),
            (json!({ "cnf": { "jkt": digest, "x5t#S256": digest } }), Ok(Some(both))),
            (json!({ "cnf": null }), Err("cannot be read")),
            (json!({ "cnf": {} }), Err("cannot be read")),
            (json!({ "cnf": [] }), Err("cannot be read")),
            (json!({ "cnf": digest }), Err("cannot be read")),
            (json!({ "cnf": { "kid": "one" } }), Err("not known here")),
            (json!({ "cnf": { "jkt": digest, "jwk": {} } }), Err("not known here")),
            (json!({ "cnf": { "x5t": digest } }), Err("not known here")),
            (json!({ "cnf": { "x5t#s256": digest } }), Err("not known here")),
            (json!({ "cnf": { "jkt": base64url::encode([7; 31]) } }), Err("a digest that is none")),
            (json!({ "cnf": { "jkt": "" } }), Err("a digest that is none")),
            (json!({ "cnf": { "jkt": null } }), Err("a digest that is none")),
            (json!({ "cnf": { "x5t#S256": format!("{digest}=") } }), Err("a digest that is none")),
        ] {
            match (Binding::of(claims.as_object().unwrap()), expect) {
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{claims}: {reason}"),
                (got, expect) => assert_eq!(got, expect, "{claims}"),
            }
        }
    }

    #[test]
    fn only_the_certificate_that_was_shown_counts() {
        let digest: [u8; 32] = Sha256::digest(b"certificate").into();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let der = ":Y2VydGlmaWNhdGU=:";
        let shown = |presented: &str, revoked: &str, fingerprint: &str, der: &str| ClientCertificate {
            cert_presented: presented.to_owned(),
            cert_verified: "FAILED:self signed certificate".to_owned(),
            cert_revoked: revoked.to_owned(),
            fingerprint: fingerprint.to_owned(),
            der: der.to_owned(),
            ..ClientCertificate::default()
        };
        for (certificate, expect, name) in [
            (shown("1", "0", &hex, ""), true, "its fingerprint"),
            (shown("1", "0", &hex.to_uppercase(), ""), true, "in upper case"),
            (shown("1", "", "", der), true, "the certificate itself"),
            (shown("1", "1", &hex, der), false, "revoked"),
            (shown("0", "0", &hex, der), false, "not presented"),
            (shown("", "", &hex, der), false, "nothing said"),
            (shown("1", "0", "", ""), false, "neither told"),
            (shown("1", "0", "", "::"), false, "an empty one"),
            (shown("1", "0", &hex[2..], der), false, "a part of the fingerprint"),
            (shown("1", "0", &"00".repeat(32), der), false, "another fingerprint"),
            (shown("1", "0", "", ":Y2VydGlmaWNhdGUh:"), false, "another certificate"),
        ] {
            assert_eq!(holds_certificate(Some(&certificate), &digest), expect, "{name}");
        }
        assert!(!holds_certificate(None, &digest), "no certificate");
    }

    /// RFC 8705 appendix A: the token of figure 5 is bound to the certificate of figure 6, which is of version 1.
    #[test]
    fn the_example_of_the_standard_holds() {
        let cert = "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=";
        let claims = json!({ "cnf": { "x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0" } });
        let digest = Binding::of(claims.as_object().unwrap()).unwrap().unwrap().certificate.unwrap();
        let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, cert).unwrap();
        let read = crate::auth::x509::read(&der).unwrap();
        assert_eq!((&*read.subject, &*read.serial), ("CN=mtls", "02"));
        for (fingerprint, der) in [(read.fingerprint, String::new()), (String::new(), format!(":{cert}:"))] {
            let shown = ClientCertificate { cert_presented: "1".to_owned(), fingerprint, der, ..ClientCertificate::default() };
            assert!(holds_certificate(Some(&shown), &digest));
            assert!(!holds_certificate(Some(&shown), &[7; 32]));
        }
    }
}
