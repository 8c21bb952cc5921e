//! What the claims of a verified token must say (RFC 7519 section 4.1, RFC 8725 section 3, RFC 9068 section 4).

use std::rc::Rc;

use serde_json::{Map, Value};

use super::identity::Identity;
use super::mapping::Mapping;
use super::refusal::Refusal;

/// The latest time that is believed, in seconds since the epoch: the end of the year 9999.
const LATEST_S: f64 = 253_402_300_799.0;

/// What a policy asks of a token, and how it reads what the token grants. `iss`, `sub` and `exp` are always asked for, unless
/// [`Rules::introspected`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// `iss` must be one of these, exactly; where there are none, an introspected token may have any.
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
    /// Where the token says what its bearer may do.
    pub mapping: Mapping,
    /// Whether the claims are what an issuer answered about a token (RFC 7662 section 2.2): `iss`, `sub` and `exp` may be absent, and
    /// a token without `sub` speaks for its client.
    pub introspected: bool,
}

/// A token that holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// Who it speaks for.
    pub identity: Identity,
    /// Until when it holds, leeway included, in milliseconds since the epoch.
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

    /// Holds the claims against the rules at `now_ms`; `kind` is that of the identity.
    ///
    /// # Errors
    /// The first claim that is missing or not right.
    pub fn check(&self, kind: &'static str, claims: Map<String, Value>, now_ms: u64) -> Result<Proof, Refusal> {
        let always: &[&str] = match (self.introspected, self.issuers.is_empty()) {
            (false, _) => &["iss", "sub", "exp"],
            (true, false) => &["iss"],
            (true, true) => &[],
        };
        for name in self.required.iter().map(String::as_str).chain(always.iter().copied()) {
            if claims.get(name).is_none_or(Value::is_null) {
                return Err(Refusal::ClaimMissing(name.to_owned()));
            }
        }
        let issuer = text(&claims, "iss")?;
        let anybodys = self.introspected && self.issuers.is_empty();
        if !anybodys && !self.issuers.iter().any(|known| Some(known.as_str()) == issuer) {
            return Err(Refusal::WrongIssuer);
        }
        self.check_audience(&claims)?;
        let subject = match text(&claims, "sub")? {
            Some(subject) => Some(subject),
            None => text(&claims, "client_id")?,
        };
        let subject = subject.ok_or_else(|| Refusal::ClaimMissing("sub".to_owned()))?;
        if subject.is_empty() {
            return Err(Refusal::ClaimNotRight("sub"));
        }
        let until_ms = self.check_times(&claims, now_ms)?;
        let identity = Identity {
            kind,
            subject: subject.to_owned(),
            issuer: issuer.map(str::to_owned),
            consumer: None,
            scopes: self.mapping.scopes(&claims).into(),
            roles: self.mapping.roles(&claims).into(),
            groups: self.mapping.groups(&claims).into(),
            claims: Rc::new(claims),
        };
        Ok(Proof { identity, until_ms })
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
        let mut until_ms = match time_ms(claims, "exp")? {
            Some(exp_ms) => exp_ms.saturating_add(leeway_ms),
            None => u64::MAX,
        };
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

fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::ClaimNotRight(name)),
    }
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
///
/// # Errors
/// Where it is no number, or beyond the year 9999.
pub fn time_ms(claims: &Map<String, Value>, name: &'static str) -> Result<Option<u64>, Refusal> {
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
        let got = rules.check("jwt", claims, NOW_S * 1000).map(|accepted| accepted.until_ms / 1000 - NOW_S).map_err(|r| r.name());
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
    fn an_answer_about_a_token_may_leave_out_what_a_token_may_not() {
        let named = Rules { introspected: true, ..rules() };
        let any = Rules { issuers: Vec::new(), audiences: Vec::new(), ..named.clone() };
        for (rules, claims, expect) in [
            (&any, json!({ "sub": "u" }), Ok(("u", None, u64::MAX))),
            (&any, json!({ "client_id": "c" }), Ok(("c", None, u64::MAX))),
            (&any, json!({ "sub": "u", "client_id": "c", "iss": "i", "exp": NOW_S }), Ok(("u", Some("i"), (NOW_S + 30) * 1000))),
            (&any, json!({}), Err("claim-missing")),
            (&any, json!({ "username": "u" }), Err("claim-missing")),
            (&any, json!({ "sub": "", "client_id": "c" }), Err("claim-malformed")),
            (&any, json!({ "sub": null, "client_id": "c" }), Err("claim-malformed")),
            (&any, json!({ "sub": "u", "exp": NOW_S - 30 }), Err("expired")),
            (&any, json!({ "sub": "u", "exp": null }), Err("claim-malformed")),
            (&any, json!({ "sub": "u", "iss": 1 }), Err("claim-malformed")),
            (&any, json!({ "sub": "u", "nbf": NOW_S + 31 }), Err("not-yet-valid")),
            (
                &named,
                json!({ "sub": "u", "aud": "api", "iss": "https://issuer.example/" }),
                Ok(("u", Some("https://issuer.example/"), u64::MAX)),
            ),
            (&named, json!({ "sub": "u", "aud": "api" }), Err("claim-missing")),
            (&named, json!({ "sub": "u", "aud": "api", "iss": "https://issuer.example" }), Err("wrong-issuer")),
            (&named, json!({ "sub": "u", "iss": "https://issuer.example/" }), Err("wrong-audience")),
        ] {
            let got = rules.check("introspect", claims.as_object().unwrap().clone(), NOW_S * 1000);
            let got = got.as_ref().map(|proof| (proof.identity.subject.as_str(), proof.identity.issuer.as_deref(), proof.until_ms));
            assert_eq!(got.map_err(Refusal::name), expect, "{claims}");
        }
    }
}
