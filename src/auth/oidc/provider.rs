//! What a provider says of itself (OpenID Connect Discovery 1.0 section 3, RFC 8414).

use serde_json::{Map, Value};

use crate::auth::json;
use crate::http::web_origin::WebOrigin;

const DEPTH: usize = 12;

/// A provider, as far as it is needed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Where browsers are sent to log in.
    pub authorization_endpoint: String,
    /// Where codes and refresh tokens become tokens.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where more is told of who logged in.
    pub userinfo_endpoint: Option<String>,
    /// Where browsers are sent to log out (RP-Initiated Logout 1.0 section 2.1).
    pub end_session_endpoint: Option<String>,
    /// Whether it always says who it is when it sends a browser back (RFC 9207 section 3).
    pub says_iss: bool,
}

/// Where the provider called `issuer` tells of itself.
pub fn address(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

impl Provider {
    /// Reads what the provider at `issuer` says.
    ///
    /// # Errors
    /// Where it is somebody else, says too little, or wants to be asked over plain http; the text is for the log.
    pub fn parse(body: &[u8], issuer: &str) -> Result<Self, String> {
        let document = json::object(body, DEPTH).map_err(|reason| format!("the discovery document {reason}"))?;
        match document.get("issuer").and_then(Value::as_str) {
            Some(named) if named == issuer => {}
            _ => return Err(format!("the discovery document does not say that its issuer is `{issuer}`, letter by letter")),
        }
        Ok(Self {
            authorization_endpoint: needed(&document, "authorization_endpoint")?,
            token_endpoint: needed(&document, "token_endpoint")?,
            jwks_uri: needed(&document, "jwks_uri")?,
            userinfo_endpoint: url(&document, "userinfo_endpoint")?,
            end_session_endpoint: url(&document, "end_session_endpoint")?,
            says_iss: document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
        })
    }
}

fn needed(document: &Map<String, Value>, name: &str) -> Result<String, String> {
    url(document, name)?.ok_or_else(|| format!("the discovery document has no `{name}`"))
}

fn url(document: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    let Some(value) = document.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let url = value.as_str().filter(|url| url.bytes().all(|byte| byte.is_ascii_graphic()) && !url.contains('#'));
    match url.filter(|url| WebOrigin::of_url(url).is_some_and(|origin| origin.is_private())) {
        Some(url) => Ok(Some(url.to_owned())),
        None => Err(format!("`{name}` of the discovery document is not an https URL")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(change: Value, expect: Result<(), &str>) {
        let mut document = json!({
            "issuer": "https://login.example", "authorization_endpoint": "https://login.example/auth",
            "token_endpoint": "https://login.example/token", "jwks_uri": "https://keys.example/jwks", "more": [1, { "a": [] }]
        });
        document.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let got = Provider::parse(document.to_string().as_bytes(), "https://login.example");
        match expect {
            Ok(()) => assert!(got.is_ok(), "{change}: {got:?}"),
            Err(part) => assert!(got.as_ref().is_err_and(|error| error.contains(part)), "{change}: {got:?}"),
        }
    }

    #[test]
    fn a_provider_is_who_it_says_and_is_asked_in_private() {
        check(json!({}), Ok(()));
        check(json!({ "end_session_endpoint": null, "userinfo_endpoint": "https://login.example/me?a=b" }), Ok(()));
        check(json!({ "token_endpoint": "http://127.0.0.1:9/token" }), Ok(()));
        check(json!({ "issuer": "https://login.example/" }), Err("letter by letter"));
        check(json!({ "issuer": "https://evil.example" }), Err("letter by letter"));
        check(json!({ "issuer": null }), Err("letter by letter"));
        check(json!({ "token_endpoint": "http://login.example/token" }), Err("`token_endpoint`"));
        check(json!({ "authorization_endpoint": "javascript:alert(1)" }), Err("`authorization_endpoint`"));
        check(json!({ "authorization_endpoint": "https://login.example/a#b" }), Err("`authorization_endpoint`"));
        check(json!({ "authorization_endpoint": "https://login.example/a\r\nx: y" }), Err("`authorization_endpoint`"));
        check(json!({ "end_session_endpoint": "/logout" }), Err("`end_session_endpoint`"));
        check(json!({ "jwks_uri": null }), Err("no `jwks_uri`"));
        assert!(Provider::parse(b"[]", "https://login.example").is_err_and(|error| error.contains("is not an object")));
        for (issuer, expect) in [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/t/1", "https://a.example/t/1/.well-known/openid-configuration"),
        ] {
            assert_eq!(address(issuer), expect);
        }
    }
}
