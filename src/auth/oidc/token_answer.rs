//! Answers of a token endpoint (RFC 6749 section 5, OpenID Connect Core sections 3.1.3.3 and 12.2).

use serde_json::{Map, Value};

use crate::auth::json;
use crate::auth::session::Access;

const DEPTH: usize = 8;
/// The share of an access token's time after which it is renewed, in percent; but at most [`MOST_AHEAD_MS`] before its end.
const RENEW_PERCENT: u64 = 80;
/// The longest before its end that an access token is renewed, in milliseconds.
const MOST_AHEAD_MS: u64 = 60_000;
/// The longest that an access token is believed to hold, in seconds: a year.
const LONGEST_S: u64 = 31_536_000;

/// Tokens that were given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The access token and its times.
    pub access: Access,
    /// `id_token`.
    pub id_token: Option<String>,
    /// `scope`, where it is said.
    pub scopes: Option<Vec<String>>,
}

/// Reads what came at `now_ms`.
///
/// # Errors
/// What is wrong with it, for the log.
pub fn parse(body: &[u8], now_ms: u64) -> Result<Tokens, &'static str> {
    let answer = json::object(body, DEPTH).map_err(|_| "the provider's tokens are not a JSON object")?;
    let token =
        text(&answer, "access_token").filter(|token| is_token(token)).ok_or("the provider gave no access token that can be used")?;
    if !text(&answer, "token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err("the provider's access token is not of the type Bearer");
    }
    let lifetime_ms = match answer.get("expires_in") {
        None | Some(Value::Null) => None,
        // Some providers write the number in quotes.
        Some(value) => {
            let seconds = value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|seconds| *seconds >= 0.0);
            Some((seconds.ok_or("the provider's `expires_in` is not a number")?.min(LONGEST_S as f64) * 1000.0) as u64)
        }
    };
    let refresh_token = text(&answer, "refresh_token").filter(|token| !token.is_empty()).map(str::to_owned);
    let access = Access {
        token: token.to_owned(),
        until_ms: lifetime_ms.map(|lifetime_ms| now_ms.saturating_add(lifetime_ms)),
        renew_ms: lifetime_ms.map(|lifetime_ms| {
            let early_ms = (lifetime_ms / 100 * RENEW_PERCENT).max(lifetime_ms.saturating_sub(MOST_AHEAD_MS));
            now_ms.saturating_add(early_ms)
        }),
        refresh_token,
    };
    let scopes = text(&answer, "scope").map(|scope| scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect());
    Ok(Tokens { access, id_token: text(&answer, "id_token").map(str::to_owned), scopes })
}

/// The `error` of a refusal, as far as it is one of RFC 6749 section 5.2; for the log, without anything else that was said.
pub fn error(body: &[u8]) -> String {
    let answer = json::object(body, DEPTH).unwrap_or_default();
    code(text(&answer, "error").unwrap_or_default())
}

/// An error code from elsewhere as it may stand in the log.
pub fn code(text: &str) -> String {
    match text {
        "" => "no reason".to_owned(),
        text if text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) => format!("`{text}`"),
        _ => "an unreadable reason".to_owned(),
    }
}

fn text<'a>(answer: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    answer.get(name).and_then(Value::as_str)
}

/// RFC 6750 section 2.1, and room for what else is visible.
fn is_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW_MS: u64 = 1_000_000;

    fn check(change: Value, expect: Result<(Option<u64>, Option<u64>), &str>) {
        let mut answer = json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 100, "id_token": "i" });
        answer.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let got = parse(answer.to_string().as_bytes(), NOW_MS);
        match expect {
            Ok((until_s, renew_s)) => {
                let access = got.unwrap().access;
                let after = |ms: Option<u64>| ms.map(|ms| (ms - NOW_MS) / 1000);
                assert_eq!((after(access.until_ms), after(access.renew_ms)), (until_s, renew_s), "{change}");
            }
            Err(part) => assert!(got.is_err_and(|error| error.contains(part)), "{change}"),
        }
    }

    #[test]
    fn tokens_are_read_with_their_times() {
        check(json!({}), Ok((Some(100), Some(80))));
        check(json!({ "expires_in": "100" }), Ok((Some(100), Some(80))));
        check(json!({ "expires_in": 3600 }), Ok((Some(3600), Some(3540))));
        check(json!({ "expires_in": 0 }), Ok((Some(0), Some(0))));
        check(json!({ "expires_in": 1e300 }), Ok((Some(LONGEST_S), Some(LONGEST_S - 60))));
        check(json!({ "expires_in": null, "token_type": "bearer" }), Ok((None, None)));
        check(json!({ "expires_in": -1 }), Err("expires_in"));
        check(json!({ "expires_in": [1] }), Err("expires_in"));
        check(json!({ "token_type": "DPoP" }), Err("Bearer"));
        check(json!({ "token_type": null }), Err("Bearer"));
        check(json!({ "access_token": "" }), Err("access token"));
        check(json!({ "access_token": "a\r\nb" }), Err("access token"));
        check(json!({ "access_token": 1 }), Err("access token"));
        assert!(parse(b"<html>", 0).is_err());
        let tokens = parse(br#"{"access_token":"a","token_type":"Bearer","scope":"openid  b","refresh_token":""}"#, 0).unwrap();
        assert_eq!((tokens.scopes, tokens.access.refresh_token), (Some(vec!["openid".to_owned(), "b".to_owned()]), None));
    }

    #[test]
    fn a_refusal_is_told_without_what_else_was_said() {
        for (body, expect) in [
            (&br#"{"error":"invalid_grant","error_description":"token xyz"}"#[..], "`invalid_grant`"),
            (br#"{"error":"<b>"}"#, "an unreadable reason"),
            (br#"{"error":1}"#, "no reason"),
            (b"<html>", "no reason"),
        ] {
            assert_eq!(error(body), expect);
        }
    }
}
