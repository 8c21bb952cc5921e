//! What a provider says when it ends sessions by itself (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6).

use serde_json::{Map, Value};

use super::id_token::Wrong;
use crate::auth::claims::Rules;
use crate::auth::keys::KeySet;
use crate::auth::token::Token;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How long ago a logout token may have been issued, in milliseconds.
const LONGEST_MS: u64 = 600_000;

/// A logout token that holds: which sessions are to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutToken {
    /// `jti`: the token is good for one use.
    pub id: String,
    /// Until when the token holds, in milliseconds since the epoch.
    pub until_ms: u64,
    /// The session at the provider; where there is none, all of the person's are meant.
    pub sid: Option<String>,
    /// The person.
    pub subject: Option<String>,
}

impl LogoutToken {
    /// Holds a logout token of `issuer` for the client against the rules at `now_ms`.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check(text: &str, keys: &KeySet, (issuer, client_id): (&str, &str), leeway_ms: u64, now_ms: u64) -> Result<Self, Wrong> {
        let token = Token::parse(text).map_err(Wrong::Token)?;
        if token.typ.as_deref().is_some_and(|typ| !["JWT", "logout+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known))) {
            return Err(Wrong::Meaning("its `typ` is not that of a logout token"));
        }
        keys.verify(&token).map_err(Wrong::Token)?;
        let claims = token.claims().map_err(Wrong::Token)?;
        let (sid, subject) = (text_of(&claims, "sid")?, text_of(&claims, "sub")?);
        // A token that names a session only need not name the person: the rules for all tokens are told so.
        let mut named = claims.clone();
        if let (None, Some(sid)) = (&subject, &sid) {
            named.insert("sub".to_owned(), Value::from(sid.as_str()));
        }
        let rules = Rules {
            issuers: vec![issuer.to_owned()],
            audiences: vec![client_id.to_owned()],
            required: vec!["iat".to_owned(), "jti".to_owned(), "aud".to_owned()],
            leeway_ms,
            max_age_ms: Some(LONGEST_MS),
            ..Rules::default()
        };
        let until_ms = rules.check("oidc", named, now_ms).map_err(Wrong::Token)?.until_ms;
        if !claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object) {
            return Err(Wrong::Meaning("its `events` do not have the logout"));
        }
        if claims.contains_key("nonce") {
            return Err(Wrong::Meaning("it has a `nonce`, so it is an ID token"));
        }
        let id = text_of(&claims, "jti")?.ok_or(Wrong::Meaning("its `jti` is not a text"))?;
        Ok(Self { id, until_ms, sid, subject })
    }
}

fn text_of(claims: &Map<String, Value>, name: &'static str) -> Result<Option<String>, Wrong> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(Wrong::Meaning("its `sid`, `sub` or `jti` is not a text")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::id_token::tests::{NOW_S, keys, over, signed};
    use super::*;
    use serde_json::json;

    fn check(change: Value, expect: Result<(), &str>) {
        let base = json!({
            "iss": "https://login.example", "aud": "app", "sub": "ann", "sid": "s", "iat": NOW_S, "exp": NOW_S + 120, "jti": "j",
            "events": { EVENT: {} }
        });
        let text = signed(json!({ "alg": "ES256", "kid": "k", "typ": "logout+jwt" }), &over(base, &change));
        let got = LogoutToken::check(&text, &keys(), ("https://login.example", "app"), 30_000, NOW_S * 1000);
        match expect {
            Ok(()) => assert!(got.is_ok(), "{change}: {got:?}"),
            Err(part) => assert!(got.as_ref().is_err_and(|wrong| wrong.to_string().contains(part)), "{change}: {got:?}"),
        }
    }

    #[test]
    fn a_logout_token_is_one_and_no_other_token_is() {
        check(json!({}), Ok(()));
        check(json!({ "sub": null }), Ok(()));
        check(json!({ "sid": null }), Ok(()));
        check(json!({ "sub": null, "sid": null }), Err("claim-missing"));
        check(json!({ "sid": 1 }), Err("is not a text"));
        check(json!({ "sid": "" }), Err("is not a text"));
        check(json!({ "nonce": "n" }), Err("nonce"));
        check(json!({ "events": null }), Err("events"));
        check(json!({ "events": { EVENT: true } }), Err("events"));
        check(json!({ "events": [EVENT] }), Err("events"));
        check(json!({ "events": { "http://schemas.openid.net/event/other": {} } }), Err("events"));
        check(json!({ "jti": null }), Err("claim-missing"));
        check(json!({ "iat": null }), Err("claim-missing"));
        check(json!({ "exp": null }), Err("claim-missing"));
        check(json!({ "exp": NOW_S - 31 }), Err("expired"));
        check(json!({ "iat": NOW_S - 700 }), Err("too-old"));
        check(json!({ "aud": "other" }), Err("wrong-audience"));
        check(json!({ "aud": null }), Err("claim-missing"));
        check(json!({ "iss": "https://evil.example" }), Err("wrong-issuer"));
    }

    #[test]
    fn its_type_says_so_where_it_says_anything() {
        let claims = json!({ "iss": "i", "aud": "a", "sub": "u", "iat": NOW_S, "exp": NOW_S + 9, "jti": "j", "events": { EVENT: {} } });
        for (header, holds) in [
            (json!({ "alg": "ES256" }), true),
            (json!({ "alg": "ES256", "typ": "JWT" }), true),
            (json!({ "alg": "ES256", "typ": "at+jwt" }), false),
        ] {
            let got = LogoutToken::check(&signed(header.clone(), &claims), &keys(), ("i", "a"), 0, NOW_S * 1000);
            assert_eq!(got.is_ok(), holds, "{header}");
        }
    }
}
