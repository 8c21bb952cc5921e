//! What the claims of a verified token must say (RFC 7519 section 4.1, RFC 8725 section 3, RFC 9068 section 4).

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The latest time that is believed, in seconds since the epoch: the end of the year 9999.
const LATEST_S: f64 = 253_402_300_799.0;

/// What a policy asks of a token. `iss`, `sub` and `exp` are always asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// `iss` must be one of these, exactly.
    pub issuers: Vec<String>,
    /// `aud` must name one of these, exactly; empty where the policy does not ask.
    pub audiences: Vec<String>,
    /// `typ` must be one of these media types; `None` lets `JWT`, `at+jwt` and no `typ` at all pass.
    pub types: Option<Vec<String>>,
    /// Claims that must be there and not null, besides `iss`, `sub` and `exp`.
    pub required: Vec<String>,
    /// How far clocks may differ, in milliseconds.
    pub leeway_ms: u64,
    /// How long ago a token may have been issued, in milliseconds; asks for `iat`.
    pub max_age_ms: Option<u64>,
}

/// What claims that hold amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// `sub`.
    pub subject: String,
    /// `iss`.
    pub issuer: String,
    /// Until when the token holds, leeway included, in milliseconds since the epoch.
    pub until_ms: u64,
}

impl Rules {
    /// Holds `typ` against what is accepted, as media types (RFC 7515 section 4.1.9, RFC 8725 section 3.11).
    ///
    /// # Errors
    /// [`Refusal::WrongType`].
    pub fn check_type(&self, typ: Option<&str>) -> Result<(), Refusal> {
        let accepted = match (typ, &self.types) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some(typ), None) => same_type(typ, "JWT") || same_type(typ, "at+jwt"),
            (Some(typ), Some(types)) => types.iter().any(|known| same_type(typ, known)),
        };
        if accepted { Ok(()) } else { Err(Refusal::WrongType) }
    }

    /// Holds the claims against the rules at `now_ms`.
    ///
    /// # Errors
    /// The first claim that is missing or not right.
    pub fn check(&self, claims: &Map<String, Value>, now_ms: u64) -> Result<Accepted, Refusal> {
        for name in self.required.iter().map(String::as_str).chain(["iss", "sub", "exp"]) {
            if claims.get(name).is_none_or(Value::is_null) {
                return Err(Refusal::ClaimMissing(name.to_owned()));
            }
        }
        let issuer = text(claims, "iss")?;
        if !self.issuers.iter().any(|known| known == issuer) {
            return Err(Refusal::WrongIssuer);
        }
        self.check_audience(claims)?;
        let subject = text(claims, "sub")?;
        if subject.is_empty() {
            return Err(Refusal::ClaimNotRight("sub"));
        }
        let until_ms = self.check_times(claims, now_ms)?;
        Ok(Accepted { subject: subject.to_owned(), issuer: issuer.to_owned(), until_ms })
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), Refusal> {
        let names = match claims.get("aud") {
            None => Vec::new(),
            Some(aud) => strings(aud).ok_or(Refusal::ClaimNotRight("aud"))?,
        };
        if self.audiences.is_empty() || names.iter().any(|name| self.audiences.iter().any(|known| known == name)) {
            return Ok(());
        }
        Err(Refusal::WrongAudience)
    }

    fn check_times(&self, claims: &Map<String, Value>, now_ms: u64) -> Result<u64, Refusal> {
        let leeway_ms = self.leeway_ms;
        let mut until_ms = time_ms(claims, "exp")?.ok_or(Refusal::ClaimNotRight("exp"))?.saturating_add(leeway_ms);
        if now_ms >= until_ms {
            return Err(Refusal::Expired);
        }
        if time_ms(claims, "nbf")?.is_some_and(|nbf_ms| now_ms.saturating_add(leeway_ms) < nbf_ms) {
            return Err(Refusal::NotYetValid);
        }
        let iat_ms = time_ms(claims, "iat")?;
        if iat_ms.is_some_and(|iat_ms| now_ms.saturating_add(leeway_ms) < iat_ms) {
            return Err(Refusal::IssuedInFuture);
        }
        if let Some(max_age_ms) = self.max_age_ms {
            let iat_ms = iat_ms.ok_or_else(|| Refusal::ClaimMissing("iat".to_owned()))?;
            let oldest_ms = iat_ms.saturating_add(max_age_ms).saturating_add(leeway_ms);
            if now_ms >= oldest_ms {
                return Err(Refusal::TooOld);
            }
            until_ms = until_ms.min(oldest_ms);
        }
        Ok(until_ms)
    }
}

/// The scopes that a token grants: `scope` (RFC 8693 section 4.2), or `scp` where there is no `scope`; space-separated text or
/// a list of strings. Anything else grants none.
pub fn scopes(claims: &Map<String, Value>) -> Vec<String> {
    match claims.get("scope").or_else(|| claims.get("scp")) {
        Some(Value::String(text)) => text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        Some(list @ Value::Array(_)) => strings(list).unwrap_or_default().into_iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Media types without their `application/`, in any case.
fn same_type(a: &str, b: &str) -> bool {
    fn short(name: &str) -> &str {
        const PREFIX: &str = "application/";
        match name.split_at_checked(PREFIX.len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
            _ => name,
        }
    }
    short(a).eq_ignore_ascii_case(short(b))
}

fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, Refusal> {
    claims.get(name).and_then(Value::as_str).ok_or(Refusal::ClaimNotRight(name))
}

/// A string, or a list of strings only.
fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// A NumericDate (RFC 7519 section 2) in milliseconds; `None` where the claim is absent.
fn time_ms(claims: &Map<String, Value>, name: &'static str) -> Result<Option<u64>, Refusal> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    match value.as_f64() {
        Some(seconds) if (0.0..=LATEST_S).contains(&seconds) => Ok(Some((seconds * 1000.0) as u64)),
        _ => Err(Refusal::ClaimNotRight(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW_S: u64 = 1_800_000_000;

    fn rules() -> Rules {
        Rules { issuers: vec!["https://issuer.example/".into()], audiences: vec!["api".into()], leeway_ms: 30_000, ..Rules::default() }
    }

    /// Lays `change` over claims that hold; null removes.
    fn check(rules: &Rules, change: Value, expect: Result<u64, &str>) {
        let mut claims = Map::new();
        let base = json!({ "iss": "https://issuer.example/", "sub": "u", "aud": "api", "exp": NOW_S + 60 });
        for (name, value) in base.as_object().unwrap().iter().chain(change.as_object().unwrap()) {
            claims.insert(name.clone(), value.clone());
        }
        let got = rules.check(&claims, NOW_S * 1000).map(|accepted| accepted.until_ms / 1000 - NOW_S).map_err(|r| r.name());
        assert_eq!(got, expect, "{change}");
    }

    #[test]
    fn claims_are_held_against_the_rules() {
        let rules = rules();
        check(&rules, json!({}), Ok(90));
        check(&rules, json!({ "iss": "https://issuer.example" }), Err("wrong-issuer"));
        check(&rules, json!({ "iss": "HTTPS://issuer.example/" }), Err("wrong-issuer"));
        check(&rules, json!({ "iss": ["https://issuer.example/"] }), Err("claim-malformed"));
        check(&rules, json!({ "iss": null }), Err("claim-missing"));
        check(&rules, json!({ "sub": "" }), Err("claim-malformed"));
        check(&rules, json!({ "sub": 1 }), Err("claim-malformed"));
        check(&rules, json!({ "sub": null }), Err("claim-missing"));
        check(&rules, json!({ "aud": ["other", "api"] }), Ok(90));
        check(&rules, json!({ "aud": ["other"] }), Err("wrong-audience"));
        check(&rules, json!({ "aud": "API" }), Err("wrong-audience"));
        check(&rules, json!({ "aud": "api2" }), Err("wrong-audience"));
        check(&rules, json!({ "aud": [] }), Err("wrong-audience"));
        check(&rules, json!({ "aud": null }), Err("claim-malformed"));
        check(&rules, json!({ "aud": ["api", 1] }), Err("claim-malformed"));
        check(&rules, json!({ "aud": { "api": true } }), Err("claim-malformed"));
        check(&Rules { audiences: Vec::new(), ..rules.clone() }, json!({ "aud": "anything" }), Ok(90));
        check(&Rules { required: vec!["tenant".into()], ..rules.clone() }, json!({}), Err("claim-missing"));
        check(&Rules { required: vec!["tenant".into()], ..rules.clone() }, json!({ "tenant": null }), Err("claim-missing"));
        check(&Rules { required: vec!["tenant".into()], ..rules }, json!({ "tenant": 0 }), Ok(90));
    }

    #[test]
    fn times_are_numbers_in_a_sane_range() {
        let rules = rules();
        check(&rules, json!({ "exp": NOW_S - 29 }), Ok(1));
        check(&rules, json!({ "exp": NOW_S - 30 }), Err("expired"));
        check(&rules, json!({ "exp": NOW_S as f64 + 0.5 }), Ok(30));
        check(&rules, json!({ "exp": 0 }), Err("expired"));
        check(&rules, json!({ "exp": -1 }), Err("claim-malformed"));
        check(&rules, json!({ "exp": "4102444800" }), Err("claim-malformed"));
        check(&rules, json!({ "exp": 1e300 }), Err("claim-malformed"));
        check(&rules, json!({ "exp": u64::MAX }), Err("claim-malformed"));
        check(&rules, json!({ "exp": true }), Err("claim-malformed"));
        check(&rules, json!({ "exp": null }), Err("claim-missing"));
        check(&rules, json!({ "nbf": NOW_S + 30 }), Ok(90));
        check(&rules, json!({ "nbf": NOW_S + 31 }), Err("not-yet-valid"));
        check(&rules, json!({ "nbf": null }), Err("claim-malformed"));
        check(&rules, json!({ "nbf": "0" }), Err("claim-malformed"));
        check(&rules, json!({ "iat": NOW_S + 30 }), Ok(90));
        check(&rules, json!({ "iat": NOW_S + 31 }), Err("issued-in-future"));
        let fresh = Rules { max_age_ms: Some(60_000), ..rules };
        check(&fresh, json!({}), Err("claim-missing"));
        check(&fresh, json!({ "iat": NOW_S - 89 }), Ok(1));
        check(&fresh, json!({ "iat": NOW_S - 90 }), Err("too-old"));
    }

    #[test]
    fn types_are_compared_as_media_types() {
        let at_only = Rules { types: Some(vec!["at+jwt".into()]), ..Rules::default() };
        for (rules, typ, expect) in [
            (&Rules::default(), None, true),
            (&Rules::default(), Some("JWT"), true),
            (&Rules::default(), Some("jwt"), true),
            (&Rules::default(), Some("application/at+jwt"), true),
            (&Rules::default(), Some("logout+jwt"), false),
            (&Rules::default(), Some("dpop+jwt"), false),
            (&Rules::default(), Some(""), false),
            (&at_only, Some("at+JWT"), true),
            (&at_only, Some("APPLICATION/AT+JWT"), true),
            (&at_only, Some("application/application/at+jwt"), false),
            (&at_only, Some("at+jwt; charset=utf-8"), false),
            (&at_only, Some("JWT"), false),
            (&at_only, None, false),
        ] {
            assert_eq!(rules.check_type(typ).is_ok(), expect, "{typ:?}");
        }
    }

    #[test]
    fn scopes_are_text_or_a_list() {
        for (claims, expect) in [
            (json!({ "scope": "a  b" }), vec!["a", "b"]),
            (json!({ "scp": ["a", "b"] }), vec!["a", "b"]),
            (json!({ "scp": "a b" }), vec!["a", "b"]),
            (json!({ "scope": "a", "scp": "b" }), vec!["a"]),
            (json!({ "scope": ["a", 1] }), vec![]),
            (json!({ "scope": { "a": 1 } }), vec![]),
            (json!({}), vec![]),
        ] {
            assert_eq!(scopes(claims.as_object().unwrap()), expect, "{claims}");
        }
    }
}
