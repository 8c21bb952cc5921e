//! What one isolate has seen used, another one refuses: proofs are remembered in objects, not in an isolate.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use archway::config::build::build;
use archway::config::packed;
use archway::config::text::source::Source;
use archway::exchange::Connection;
use archway::gateway::{Gateway, Incoming};
use archway::http::edge::EdgeSource;
use archway::http::{Body, HeaderMap, HeaderName, HeaderValue, Method};
use archway::memory::{Outside, Reply};
use futures::executor::block_on;
use serde::Deserialize;

const NOW_MS: u64 = 1_795_392_000_000;
const BODY: &str = r#"{"a":1}"#;

/// The routes, variables and proofs of a scenario.
#[derive(Deserialize)]
struct Attacks {
    files: BTreeMap<String, String>,
    vars: BTreeMap<String, String>,
    texts: BTreeMap<String, String>,
}

impl Attacks {
    fn compiled(&self) -> String {
        let sources = self.files.iter().map(|(name, text)| {
            let mut source = Source::new(name.clone(), text);
            source.of_consumer = name.starts_with("consumers/");
            source
        });
        let outcome = build(sources.collect(), None);
        packed::pack(&outcome.form.unwrap()).unwrap()
    }
}

fn status(gateway: &Gateway, method: Method, path: &str, fields: &[(&str, &str)]) -> u16 {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    }
    let body = if method == Method::POST { Body::Full(BODY.into()) } else { Body::Empty };
    if method == Method::POST {
        headers.insert("content-length", HeaderValue::from(BODY.len()));
    }
    let client = Connection { address: Some([192, 0, 2, 1].into()), protocol: None };
    let incoming = Incoming { method, url: format!("https://api.test{path}"), headers, body, client, edge: EdgeSource::default() };
    block_on(gateway.handle(incoming)).status.as_u16()
}

#[test]
fn a_proof_that_one_isolate_has_seen_is_used_in_all_of_them() {
    let attacks: Attacks = toml::from_str(include_str!("scenarios/attacks.toml")).unwrap();
    let compiled = attacks.compiled();
    let text = |name: &str| attacks.texts[name].as_str();
    let (token, timestamp) = (format!("DPoP {}", text("bound")), (NOW_MS / 1_000).to_string());
    let rows = [
        ("a DPoP proof", Method::GET, "/dpop", vec![("authorization", token.as_str()), ("dpop", text("proof_once"))]),
        ("a signature", Method::GET, "/signed", vec![("signature-input", text("good_in")), ("signature", text("good"))]),
        ("a signature with a nonce", Method::GET, "/signed", vec![("signature-input", text("second_in")), ("signature", text("second"))]),
        (
            "a webhook with an id",
            Method::POST,
            "/hook",
            vec![("webhook-id", "msg_1"), ("webhook-timestamp", timestamp.as_str()), ("webhook-signature", text("hook"))],
        ),
        ("a webhook with a time", Method::POST, "/stripe", vec![("stripe-signature", text("stripe"))]),
    ];
    for (name, method, path, fields) in rows {
        let outside = Outside::at(NOW_MS);
        outside.environment.0.borrow_mut().extend(attacks.vars.clone());
        outside.fetch.answer("store.test", Reply { status: 200, ..Reply::default() });
        let isolate = || Gateway::load(&compiled, outside.ports()).unwrap();
        let (one, other) = (isolate(), isolate());
        assert_eq!(status(&one, method.clone(), path, &fields), 200, "{name}: first");
        assert_eq!(status(&one, method.clone(), path, &fields), 401, "{name}: again");
        assert_eq!(status(&other, method, path, &fields), 401, "{name}: elsewhere");
    }
}
