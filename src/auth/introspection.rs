//! What an issuer answers about a token (RFC 7662 section 2.2).

use serde_json::Value;

use super::claims::{Proof, Rules};
use super::json;
use super::refusal::Refusal;

/// How deep an answer may be nested.
const DEPTH: usize = 16;
/// The kind of an identity that is established so.
const KIND: &str = "introspect";

/// Whether a text may be sent to an issuer as a token at all: visible ASCII, and no longer than a token may be.
///
/// # Errors
/// Why not.
pub fn check_form(token: &str) -> Result<(), Refusal> {
    if token.len() > super::token::MAX_TOKEN {
        return Err(Refusal::TooLong);
    }
    if token.is_empty() || !token.bytes().all(|byte| matches!(byte, b'!'..=b'~')) {
        return Err(Refusal::NotAToken);
    }
    Ok(())
}

/// Reads an answer and holds it against the rules at `now_ms`: the token holds, or it does not.
///
/// # Errors
/// Where it is not such an answer: then nothing is known of the token. The text is for the log.
pub fn read(body: &[u8], rules: &Rules, now_ms: u64) -> Result<Result<Proof, Refusal>, &'static str> {
    let claims = json::object(body, DEPTH)?;
    match claims.get("active") {
        Some(Value::Bool(true)) => Ok(rules.check(KIND, claims, now_ms)),
        Some(Value::Bool(false)) => Ok(Err(Refusal::Inactive)),
        _ => Err("has no `active` that is true or false"),
    }
}

/// Where an issuer's metadata are: what is written where it names a document already, else its OpenID Connect Discovery document.
pub fn metadata_url(written: &str) -> String {
    match written.contains("/.well-known/") {
        true => written.to_owned(),
        false => format!("{}/.well-known/openid-configuration", written.trim_end_matches('/')),
    }
}

/// The introspection endpoint of an issuer's metadata (RFC 8414 section 2), which must be the metadata of `issuer` where one is given,
/// with or without a slash at its end.
///
/// # Errors
/// Where they have none that can be asked in confidence; the text is for the log.
pub fn endpoint_of(body: &[u8], issuer: Option<&str>) -> Result<String, String> {
    let metadata = json::object(body, DEPTH).map_err(|reason| format!("the issuer's metadata {reason}"))?;
    let text = |name: &str| metadata.get(name).and_then(Value::as_str);
    let bare = |text: &str| text.trim_end_matches('/').to_owned();
    if let Some(issuer) = issuer
        && text("issuer").map(bare) != Some(bare(issuer))
    {
        return Err("the issuer's metadata are of another issuer".to_owned());
    }
    let endpoint = text("introspection_endpoint").ok_or("the issuer's metadata name no `introspection_endpoint`")?;
    let local = issuer.is_none_or(|issuer| issuer.starts_with("http://")) && endpoint.starts_with("http://");
    match endpoint.starts_with("https://") || local {
        true => Ok(endpoint.to_owned()),
        false => Err("the issuer's `introspection_endpoint` is not an https URL".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_plain_yes_is_a_yes() {
        let rules = Rules { introspected: true, ..Rules::default() };
        for (body, expect) in [
            (r#"{"active":true,"sub":"u"}"#, Ok(Ok("u"))),
            (r#"{"active":true,"client_id":"c","scope":"a"}"#, Ok(Ok("c"))),
            (r#"{"active":true}"#, Ok(Err("claim-missing"))),
            (r#"{"active":true,"sub":"u","exp":1}"#, Ok(Err("expired"))),
            (r#"{"active":true,"sub":"u","nbf":9999999999}"#, Ok(Err("not-yet-valid"))),
            (r#"{"active":false}"#, Ok(Err("inactive"))),
            (r#"{"active":false,"sub":"u"}"#, Ok(Err("inactive"))),
            (r#"{"active":"true","sub":"u"}"#, Err("has no `active`")),
            (r#"{"active":1,"sub":"u"}"#, Err("has no `active`")),
            (r#"{"sub":"u"}"#, Err("has no `active`")),
            (r#"{"active":false,"active":true,"sub":"u"}"#, Err("twice")),
            ("[]", Err("not an object")),
            ("<html>", Err("not JSON")),
            ("", Err("not JSON")),
        ] {
            match (read(body.as_bytes(), &rules, 2_000_000), expect) {
                (Ok(Ok(proof)), Ok(Ok(subject))) => assert_eq!((proof.identity.kind, proof.identity.subject.as_str()), (KIND, subject)),
                (Ok(Err(refusal)), Ok(Err(name))) => assert_eq!(refusal.name(), name, "{body}"),
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{body}: {reason}"),
                (got, _) => panic!("{body}: {got:?}, expected {expect:?}"),
            }
        }
    }

    /// RFC 7662 section 2.2.
    #[test]
    fn the_examples_of_the_standard_hold() {
        let active = r#"{ "active": true, "client_id": "l238j323ds-23ij4", "username": "jdoe", "scope": "read write dolphin",
            "sub": "Z5O3upPC88QrAjx00dis", "aud": "https://protected.example.net/resource", "iss": "https://server.example.com/",
            "exp": 1419356238, "iat": 1419350238, "extension_field": "twenty-seven" }"#;
        let rules = Rules {
            introspected: true,
            issuers: vec!["https://server.example.com/".to_owned()],
            audiences: vec!["https://protected.example.net/resource".to_owned()],
            ..Rules::default()
        };
        let at = |body: &str, now_s: u64| read(body.as_bytes(), &rules, now_s * 1_000).unwrap();
        let proof = at(active, 1_419_350_238).unwrap();
        assert_eq!((proof.identity.subject.as_str(), proof.until_ms), ("Z5O3upPC88QrAjx00dis", 1_419_356_238_000));
        assert_eq!(*proof.identity.scopes, ["read", "write", "dolphin"].map(str::to_owned));
        assert_eq!(at(active, 1_419_356_238).unwrap_err().name(), "expired");
        assert_eq!(at(r#"{ "active": false }"#, 1_419_350_238), Err(Refusal::Inactive));
    }

    #[test]
    fn what_cannot_be_a_token_is_not_sent() {
        for (token, expect) in [
            ("opaque-~+/=", Ok(())),
            ("", Err("not-a-token")),
            ("a b", Err("not-a-token")),
            ("a\u{e9}", Err("not-a-token")),
            ("a\r\nb", Err("not-a-token")),
        ] {
            assert_eq!(check_form(token).map_err(|refusal| refusal.name()), expect, "{token:?}");
        }
        assert!(check_form(&"x".repeat(super::super::token::MAX_TOKEN + 1)).is_err());
    }

    #[test]
    fn an_endpoint_is_taken_from_the_issuers_own_metadata() {
        let issuer = Some("https://a.example/");
        for (issuer, body, expect) in [
            (issuer, r#"{"issuer":"https://a.example","introspection_endpoint":"https://a.example/i"}"#, Ok("https://a.example/i")),
            (None, r#"{"introspection_endpoint":"http://localhost/i"}"#, Ok("http://localhost/i")),
            (
                Some("http://localhost"),
                r#"{"issuer":"http://localhost","introspection_endpoint":"http://localhost/i"}"#,
                Ok("http://localhost/i"),
            ),
            (issuer, r#"{"issuer":"https://b.example","introspection_endpoint":"https://b.example/i"}"#, Err("of another issuer")),
            (issuer, r#"{"introspection_endpoint":"https://a.example/i"}"#, Err("of another issuer")),
            (issuer, r#"{"issuer":"https://a.example/"}"#, Err("name no `introspection_endpoint`")),
            (issuer, r#"{"issuer":"https://a.example/","introspection_endpoint":"http://a.example/i"}"#, Err("not an https URL")),
            (issuer, r#"{"issuer":"https://a.example/","introspection_endpoint":"file:///etc"}"#, Err("not an https URL")),
            (issuer, "<html>", Err("not JSON")),
        ] {
            match (endpoint_of(body.as_bytes(), issuer), expect) {
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{body}: {reason}"),
                (got, expect) => assert_eq!(got.as_deref().map_err(String::as_str), expect, "{body}"),
            }
        }
        for (written, expect) in [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/t/", "https://a.example/t/.well-known/openid-configuration"),
            ("https://a.example/.well-known/oauth-authorization-server/t", "https://a.example/.well-known/oauth-authorization-server/t"),
        ] {
            assert_eq!(metadata_url(written), expect);
        }
    }

    proptest! {
        #[test]
        fn no_answer_breaks_the_reader(body in r#"\{"active":(true|false|1)[{}\[\]",:a-z0-9]{0,40}"#) {
            let _ = read(body.as_bytes(), &Rules { introspected: true, ..Rules::default() }, 0);
        }
    }
}
