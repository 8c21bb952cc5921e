//! Every row, twice: through the pure check, and through a gateway as a request.

use std::collections::BTreeSet;

use archway::auth::claims::Rules;
use archway::auth::keys::KeySet;
use archway::auth::refusal::Refusal;
use archway::auth::verify::{claimed_issuer, verify};
use archway::auth::{jwk, pem};
use archway::config::build;
use archway::config::packed;
use archway::config::text::source::Source;
use archway::exchange::Connection;
use archway::gateway::{Gateway, Incoming};
use archway::http::{Body, HeaderMap, HeaderValue, Method, header};
use archway::memory::{Outside, Reply};
use futures::executor::block_on;
use proptest::prelude::*;
use serde_json::json;

use crate::cases::{Cases, NOW_S, Row};
use crate::written::routes_file;

#[test]
fn every_row_has_its_verdict_in_a_gateway() {
    let cases = Cases::read();
    let built = build::build(vec![Source::new("routes/tokens.toml", &routes_file(&cases))], None);
    let form = built.form.unwrap_or_else(|| panic!("{:?}", built.diagnostics));
    let form = packed::pack(&form).unwrap();
    let mut sent = 0;
    for row in cases.rows.iter().filter(|row| row.fits_a_header()) {
        let outside = Outside::at(row.now.unwrap_or(NOW_S) * 1000);
        outside.environment.0.borrow_mut().extend(cases.secrets.clone());
        for (url, key_set) in &cases.published {
            let authority = url.split('/').nth(2).unwrap();
            outside.fetch.answer(authority, Reply { body: key_set.to_string(), ..Reply::default() });
        }
        let gateway = Gateway::load(&form, outside.ports()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::try_from(format!("Bearer {}", row.token)).unwrap());
        let response = block_on(gateway.handle(Incoming {
            method: Method::GET,
            url: format!("https://gateway.example/{}", row.policy),
            headers,
            body: Body::Empty,
            client: Connection::default(),
            edge: Default::default(),
        }));
        block_on(outside.background.run());
        let record = outside.log.0.take().join("\n");
        let expect = if row.expect == "ok" { 200 } else { 401 };
        assert_eq!(response.status.as_u16(), expect, "{}: {record}", row.name);
        assert!(expect == 200 || record.contains(&format!("{}: ", row.expect)), "{}: {record}", row.name);
        for part in row.token.split('.').filter(|part| part.len() > 20) {
            assert!(!record.contains(part), "{}: the record has a part of the token: {record}", row.name);
        }
        sent += 1;
    }
    assert!(sent > 120, "only {sent} rows were sent");
}

#[test]
fn every_row_has_its_verdict_by_the_pure_check() {
    let cases = Cases::read();
    let mut names = BTreeSet::new();
    for row in &cases.rows {
        let verdict = check(&policy(&cases, row), row, &row.token).map_or_else(|refusal| refusal.name(), |()| "ok");
        assert_eq!(verdict, row.expect, "{}", row.name);
        assert!(names.insert(&row.name), "{} stands in the set twice", row.name);
    }
    assert!(names.len() > 150, "only {} rows", names.len());
}

#[test]
fn no_bit_of_a_token_can_be_flipped() {
    let cases = Cases::read();
    let row = cases.rows.iter().find(|row| row.name == "good HS256").unwrap();
    let issuers = policy(&cases, row);
    for bit in 0..row.token.len() * 8 {
        check_flipped(row, bit, &issuers);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bit_of_any_good_token_can_be_flipped(pick in any::<prop::sample::Index>(), bit in any::<prop::sample::Index>()) {
        let cases = Cases::read();
        let good: Vec<&Row> = cases.rows.iter().filter(|row| row.expect == "ok").collect();
        let row = good[pick.index(good.len())];
        check_flipped(row, bit.index(row.token.len() * 8), &policy(&cases, row));
    }
}

/// The pure check of a token under a policy with these issuers.
fn check(issuers: &[(KeySet, Rules)], row: &Row, token: &str) -> Result<(), Refusal> {
    let index = if issuers.len() == 1 { 0 } else { claimed_issuer(token, issuers.iter().map(|(_, rules)| rules))? };
    let (keys, rules) = &issuers[index];
    verify(token, keys, rules, row.now.unwrap_or(NOW_S) * 1000).map(|_| ())
}

fn check_flipped(row: &Row, bit: usize, issuers: &[(KeySet, Rules)]) {
    let mut bytes = row.token.clone().into_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    let Ok(flipped) = String::from_utf8(bytes) else { return };
    assert!(check(issuers, row, &flipped).is_err(), "{}: bit {bit} flipped, and it still holds", row.name);
}

/// A row's policy as the pure check takes it; the gateway's own reading of it is what the other test goes through.
fn policy(cases: &Cases, row: &Row) -> Vec<(KeySet, Rules)> {
    let written = cases.policies.get(&row.policy).unwrap_or_else(|| panic!("{}: no policy {}", row.name, row.policy));
    let Some(issuers) = written["issuers"].as_array() else { return vec![issuer(cases, written)] };
    let merged = issuers.iter().map(|own| {
        let mut written = written.as_object().unwrap().clone();
        written.extend(own.as_object().unwrap().clone());
        issuer(cases, &written.into())
    });
    merged.collect()
}

fn issuer(cases: &Cases, written: &serde_json::Value) -> (KeySet, Rules) {
    let texts = |name: &str| -> Vec<String> {
        match &written[name] {
            serde_json::Value::Null => Vec::new(),
            serde_json::Value::String(text) => vec![text.clone()],
            list => serde_json::from_value(list.clone()).unwrap(),
        }
    };
    let ms = |name: &str| written[name].as_str().map(|text| text.parse::<archway::config::values::Duration>().unwrap().ms());
    let algorithms: Vec<archway::auth::algorithm::Algorithm> =
        serde_json::from_value(written.get("algorithms").cloned().unwrap_or(json!([]))).unwrap();
    let keys = if let Some(url) = written["jwks"].as_str() {
        jwk::parse_set(cases.published[url].to_string().as_bytes()).unwrap()
    } else if let Some(text) = written["pem"].as_str() {
        pem::parse(text).unwrap()
    } else if let Some(name) = written["secret"]["secret"].as_str() {
        let key = archway::auth::keys::Key::secret(cases.secrets[name].as_bytes(), &algorithms).unwrap();
        KeySet { keys: vec![key], skipped: Vec::new() }
    } else {
        jwk::parse_set(written["jwks_inline"].to_string().as_bytes()).unwrap()
    };
    let keys = if algorithms.is_empty() { keys } else { keys.narrowed(&algorithms) };
    let rules = Rules {
        issuers: texts("issuer"),
        audiences: texts("audience"),
        types: written.get("typ").map(|_| texts("typ")),
        required: texts("required"),
        leeway_ms: ms("leeway").unwrap_or(30_000),
        max_age_ms: ms("max_age"),
        ..Rules::default()
    };
    (keys, rules)
}
