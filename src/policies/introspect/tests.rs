use futures::executor::block_on;
use serde_json::json;

use super::*;
use crate::auth::client_auth::ClientMethod;
use crate::http::query;
use crate::memory::{Act, Reply, Scene, ScriptedOrigin};

const START_S: u64 = 1_800_000_000;
const ENDPOINT: &str = "endpoint = 'https://issuer.example/introspect'\nclient = { id = 'gateway', secret = { secret = 'SECRET' } }\n";

fn scene(token: &str) -> Scene {
    let scene = Scene::of("GET", "https://api.example/a", &[("authorization", &format!("Bearer {token}"))]);
    scene.outside.clock.0.set(START_S * 1000);
    scene.outside.environment.0.borrow_mut().insert("SECRET".to_owned(), "secret".to_owned());
    scene
}

fn answer(scene: &Scene, status: u16, body: &str) {
    scene.outside.fetch.origins.borrow_mut().clear();
    scene.outside.fetch.answer("issuer.example", Reply { status, body: body.to_owned(), ..Reply::default() });
}

/// What one request comes to (`ok` or status and log), and how often the issuer was asked.
fn call(scene: &Scene, policy: &Introspect) -> (String, usize) {
    let (mut cx, mut request) = (scene.exchange(), scene.request());
    let outcome = block_on(policy.on_request(&mut cx, &mut request));
    let told = match outcome {
        Ok(_) => format!("ok {}", cx.identity.unwrap().subject),
        Err(error) => {
            let verdict = error.verdict();
            assert!(!format!("{verdict:?}").contains("opaque"), "the token is told nowhere");
            format!("{} {}", verdict.status.as_u16(), verdict.log)
        }
    };
    (told, scene.outside.fetch.take_calls().len())
}

fn check(scene: &Scene, policy: &Introspect, expect: &str, asked: usize) {
    let (told, calls) = call(scene, policy);
    assert!(told.contains(expect), "{told} instead of {expect}");
    assert_eq!(calls, asked, "questions, {expect}");
}

#[test]
fn an_answer_is_remembered_no_longer_than_the_token_lives() {
    let scene = scene("opaque");
    let policy = scene.compile(&format!("{ENDPOINT}remember = '1m'"), Introspect::compile).unwrap();
    answer(&scene, 200, &json!({ "active": true, "sub": "u", "exp": START_S + 90 }).to_string());
    check(&scene, &policy, "ok u", 1);
    check(&scene, &policy, "ok u", 0);
    scene.outside.clock.advance(60_000);
    check(&scene, &policy, "ok u", 1);
    scene.outside.clock.advance(29_999);
    check(&scene, &policy, "ok u", 0);
    scene.outside.clock.advance(1);
    answer(&scene, 200, r#"{"active":false}"#);
    check(&scene, &policy, "401 a.b: inactive", 1);
}

#[test]
fn a_refusal_is_remembered_briefly_and_an_outage_never() {
    let scene = scene("opaque");
    let policy = scene.compile(&format!("{ENDPOINT}remember_inactive = '5s'"), Introspect::compile).unwrap();
    for (status, body, expect) in [
        (500, "", "503 a.b: https://issuer.example/introspect answered with status 500"),
        (401, "{}", "answered with status 401"),
        (302, "", "answered with status 302"),
        (200, "<html>", "the answer of https://issuer.example/introspect is not JSON"),
        (200, r#"{"sub":"u"}"#, "has no `active`"),
    ] {
        answer(&scene, status, body);
        check(&scene, &policy, expect, 1);
    }
    answer(&scene, 200, r#"{"active":false}"#);
    check(&scene, &policy, "401 a.b: inactive", 1);
    answer(&scene, 200, r#"{"active":true,"sub":"u"}"#);
    check(&scene, &policy, "401 a.b: inactive", 0);
    scene.outside.clock.advance(5_000);
    check(&scene, &policy, "ok u", 1);
}

#[test]
fn what_the_issuer_says_is_held_against_the_rules() {
    let rules = "issuer = 'https://issuer.example/'\naudience = ['api', 'b']\nrequired = ['username']\n";
    let good = json!({ "active": true, "sub": "u", "username": "n", "aud": "api", "iss": "https://issuer.example/", "exp": START_S + 60 });
    for (change, expect) in [
        (json!({}), "ok u"),
        (json!({ "aud": ["x", "b"] }), "ok u"),
        (json!({ "sub": null }), "claim-malformed: "),
        (json!({ "aud": "other" }), "wrong-audience"),
        (json!({ "iss": "https://issuer.example" }), "wrong-issuer"),
        (json!({ "username": null }), "claim-missing"),
        (json!({ "exp": START_S - 31 }), "expired"),
        (json!({ "nbf": START_S + 31 }), "not-yet-valid"),
        (json!({ "cnf": { "jkt": "x" } }), "a digest that is none"),
        (json!({ "cnf": { "jkt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } }), "nobody asks for one here"),
    ] {
        let scene = scene("opaque");
        let policy = scene.compile(&format!("{ENDPOINT}{rules}"), Introspect::compile).unwrap();
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        answer(&scene, 200, &body.to_string());
        check(&scene, &policy, expect, 1);
    }
}

#[test]
fn the_identity_is_what_the_issuer_says() {
    let scene = scene("opaque");
    let policy = scene.compile(&format!("{ENDPOINT}map = {{ roles = 'realm.roles' }}\nscopes = ['a']"), Introspect::compile).unwrap();
    answer(&scene, 200, r#"{"active":true,"client_id":"c","scope":"a b","realm":{"roles":["r"]},"groups":"g,h"}"#);
    let (mut cx, mut request) = (scene.exchange(), scene.request());
    block_on(policy.on_request(&mut cx, &mut request)).unwrap();
    let identity = cx.identity.unwrap();
    assert_eq!((identity.kind, identity.subject.as_str(), identity.issuer), ("introspect", "c", None));
    assert_eq!((&*identity.scopes, &*identity.roles), (&["a".to_owned(), "b".to_owned()][..], &["r".to_owned()][..]));
    assert_eq!(*identity.groups, ["g".to_owned(), "h".to_owned()]);
}

#[test]
fn the_issuer_is_asked_as_it_wants_to_be() {
    let scene = scene("opaque");
    let policy = scene.compile(ENDPOINT, Introspect::compile).unwrap();
    answer(&scene, 200, r#"{"active":true,"sub":"u"}"#);
    let (mut cx, mut request) = (scene.exchange(), scene.request());
    block_on(policy.on_request(&mut cx, &mut request)).unwrap();
    let calls = scene.outside.fetch.take_calls();
    let body = std::str::from_utf8(&calls[0].body).unwrap();
    let form: Vec<_> = query::pairs(body).map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!((calls[0].method.as_str(), form), ("POST", vec!["token: opaque".to_owned(), "token_type_hint: access_token".to_owned()]));
    assert_eq!(calls[0].headers["authorization"], "Basic Z2F0ZXdheTpzZWNyZXQ=");
}

#[test]
fn the_endpoint_is_found_in_the_issuers_metadata() {
    let scene = scene("opaque");
    let config = "discover = 'https://issuer.example/'\nclient = { id = 'gateway' }";
    let policy = scene.compile(config, Introspect::compile).unwrap();
    let origin = |path: &str, body: &str| ScriptedOrigin {
        authority: "issuer.example".to_owned(),
        path: Some(path.to_owned()),
        acts: [Act::Answer(Reply { body: body.to_owned(), ..Reply::default() })].into(),
    };
    let metadata = r#"{"issuer":"https://issuer.example/","introspection_endpoint":"https://issuer.example/inspect"}"#;
    scene
        .outside
        .fetch
        .origins
        .borrow_mut()
        .extend([origin("/.well-known/openid-configuration", metadata), origin("/inspect", r#"{"active":true,"sub":"u"}"#)]);
    check(&scene, &policy, "ok u", 2);
    scene.outside.clock.advance(60_000);
    check(&scene, &policy, "ok u", 1);
}

#[test]
fn what_cannot_be_a_token_is_never_asked_about() {
    let scene = scene("a b");
    let policy = scene.compile(ENDPOINT, Introspect::compile).unwrap();
    check(&scene, &policy, "401 a.b: not-a-token", 0);
}

#[test]
fn what_cannot_work_is_refused() {
    let client = "client = { id = 'gateway' }\n";
    let with = |text: &str| format!("endpoint = 'https://issuer.example/i'\n{client}{text}");
    let rows = [
        (client.to_owned(), "who is asked?"),
        (with("discover = 'https://issuer.example/'"), "discover: the endpoint is written already"),
        ("endpoint = 'https://issuer.example/i'".to_owned(), "missing field `client`"),
        (format!("endpoint = 'http://issuer.example/i'\n{client}"), "endpoint: what comes over plain http"),
        (format!("discover = 'issuer.example'\n{client}"), "discover: it is not an absolute URL"),
        (with("remember = '6m'"), "remember: 6m is out of range; write from 0ms to 5m"),
        (with("remember_inactive = '2m'"), "remember_inactive: 2m is out of range"),
        (with("leeway = '6m'"), "leeway: 6m is out of range"),
        (with("timeout = '0s'"), "timeout: 0ms is out of range"),
        (with("required = ['']"), "required.0"),
        (with("scopes = ['a b']"), "scopes.0"),
        (with("bound = { by = [] }"), "bound.by: there is no way"),
        (with("bound = { by = ['dpop', 'dpop'] }"), "bound.by.1: it stands in the list twice"),
        (with("bound = { by = ['certificate'], nonce = { secret = 'N' } }"), "bound.nonce: a nonce is for DPoP proofs"),
        (with("bound = { by = ['dpop'], window = '1s' }"), "bound.window: 1s is out of range"),
        (with("bound = { by = ['dpop'], nonce = { secret = 'N' } }"), "bound.nonce: the secret `N` is not set"),
        ("endpoint = 'https://issuer.example/i'\nclient = { id = '' }".to_owned(), "client.id: the client has no id"),
    ];
    for (toml, reason) in &rows {
        Scene::refuses(&[(toml.as_str(), reason)], Introspect::compile);
    }
    assert_eq!(serde_json::to_value(ClientMethod::PrivateKeyJwt).unwrap(), "private_key_jwt");
}
