use std::rc::Rc;

use serde_json::{Value, json};

use super::*;
use crate::auth::identity::Identity;
use crate::auth::rights::Roles;
use crate::error::Challenge;
use crate::memory::{Act, Reply, Scene, ScriptedOrigin};
use futures::executor::block_on;

const AUTHZEN: &str = "authzen = 'https://pdp.test/evaluation'";
const OPA: &str = "opa = 'https://pdp.test/v1/data/authz'";
const FORWARD: &str = "forward_auth = 'https://pdp.test/verify'";

fn ann() -> Identity {
    Identity {
        kind: "jwt",
        subject: "ann".to_owned(),
        issuer: Some("https://i.test/".to_owned()),
        scopes: Rc::new(["a:read".to_owned()]),
        roles: Rc::new(["admin".to_owned()]),
        claims: Rc::new(json!({ "org": { "tenant": "t1" }, "secret": "s" }).as_object().unwrap().clone()),
        ..Identity::default()
    }
}

fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply { status, headers, body: body.to_owned(), after_ms: 0 }
}

fn scene(act: Act) -> Scene {
    let fields = [("authorization", "Bearer t"), ("x-told", "forged"), ("x-a", "1"), ("x-a", "2")];
    let mut scene = Scene::of("GET", "https://api.example/a/b?c=d&c=e", &fields);
    scene.settings.roles = Roles::of(&[("admin".to_owned(), vec!["editor".to_owned()])].into()).unwrap();
    scene.outside.environment.0.borrow_mut().insert("PDP".to_owned(), "hush".to_owned());
    let origin = ScriptedOrigin { authority: "pdp.test".to_owned(), path: None, acts: [act].into() };
    scene.outside.fetch.origins.borrow_mut().push(origin);
    scene
}

/// What becomes of the request: `next` with what the origin is told, `reply STATUS`, or `STATUS CODE: LOG`.
fn outcome(scene: &Scene, policy: &Ask, identity: Option<Identity>) -> String {
    let (mut cx, mut request) = (scene.exchange(), scene.request());
    cx.identity = identity;
    cx.challenges = vec![Challenge { scheme: "Basic", ..Challenge::default() }];
    match block_on(policy.on_request(&mut cx, &mut request)) {
        Ok(Flow::Next) => format!("next {}", request.header("x-told").unwrap_or("-")),
        Ok(Flow::Respond(response)) => format!("reply {}", response.status.as_u16()),
        Err(error) => {
            let verdict = error.verdict();
            format!("{} {}: {}", verdict.status.as_u16(), verdict.code, verdict.log)
        }
    }
}

fn check(toml: &str, act: Act, expect: &str) {
    let scene = scene(act.clone());
    let policy = scene.compile(toml, Ask::compile).unwrap();
    let got = outcome(&scene, &policy, Some(ann()));
    assert!(got.starts_with(expect), "{toml} {act:?}: {got}");
}

fn answers(toml: &str, status: u16, body: &str, expect: &str) {
    check(toml, Act::Answer(reply(status, &[], body)), expect);
}

#[test]
fn only_a_clear_yes_lets_pass() {
    answers(AUTHZEN, 200, r#"{"decision":true}"#, "next");
    answers(AUTHZEN, 200, r#"{"decision":false,"context":{"reason":"secret"}}"#, "403 forbidden: a.b: the decision point says no");
    answers(AUTHZEN, 200, r#"{"decision":"true"}"#, "503 policy-unavailable: a.b: its answer has no decision");
    answers(AUTHZEN, 200, r#"{"decision":1}"#, "503");
    answers(AUTHZEN, 200, "{}", "503");
    answers(AUTHZEN, 200, "true", "503");
    answers(AUTHZEN, 200, "", "503 policy-unavailable: a.b: its answer is no JSON");
    answers(AUTHZEN, 201, r#"{"decision":true}"#, "503");
    answers(AUTHZEN, 500, r#"{"decision":true}"#, "503 policy-unavailable: a.b: it answered with status 500");
    answers(AUTHZEN, 302, r#"{"decision":true}"#, "503");
    answers(OPA, 200, r#"{"result":true}"#, "next");
    answers(OPA, 200, r#"{"result":false}"#, "403 forbidden: a.b: OPA says no");
    answers(OPA, 200, r#"{"result":{"allow":true}}"#, "next");
    answers(OPA, 200, r#"{"result":{"allow":false}}"#, "403");
    answers(OPA, 200, r#"{"result":{"allow":"true"}}"#, "403");
    answers(OPA, 200, r#"{"result":{}}"#, "403");
    answers(OPA, 200, "{}", "403 forbidden: a.b: OPA has no such document");
    answers(OPA, 200, r#"{"result":"yes"}"#, "503");
    answers(OPA, 200, "[]", "503");
    answers(OPA, 404, "", "503");
    answers(FORWARD, 200, "", "next");
    answers(FORWARD, 204, "", "next");
    for status in [301, 302, 303, 307, 308, 401, 403] {
        answers(FORWARD, status, "", &format!("reply {status}"));
    }
    for status in [304, 400, 404, 429, 500, 503] {
        answers(FORWARD, status, "", &format!("503 policy-unavailable: a.b: it answered with status {status}"));
    }
}

#[test]
fn who_does_not_answer_lets_nobody_in() {
    for toml in [AUTHZEN, OPA, FORWARD] {
        check(toml, Act::Refuse("down".to_owned()), "503 policy-unavailable: a.b: https://pdp.test/");
        let late = Reply { after_ms: 2_001, ..reply(200, &[], r#"{"decision":true,"result":true}"#) };
        check(toml, Act::Answer(late), "503 policy-unavailable: a.b: https://pdp.test/");
    }
    let long = format!(r#"{{"decision":true,"more":"{}"}}"#, "x".repeat(70_000));
    answers(AUTHZEN, 200, &long, "503 policy-unavailable: a.b: the body of");
}

#[test]
fn the_origin_is_told_what_was_chosen_and_nothing_that_a_client_made_up() {
    let opa = format!("{OPA}\norigin_headers = ['x-told']");
    answers(&opa, 200, r#"{"result":{"allow":true,"headers":{"X-Told":"t1","x-other":"no"}}}"#, "next t1");
    answers(&opa, 200, r#"{"result":{"allow":true,"headers":{"x-told":["t1"]}}}"#, "next -");
    answers(&opa, 200, r#"{"result":{"allow":true,"headers":{"x-told":"a\nb"}}}"#, "next -");
    answers(&opa, 200, r#"{"result":true}"#, "next -");
    let forward = format!("{FORWARD}\norigin_headers = ['x-told']");
    check(&forward, Act::Answer(reply(200, &[("x-told", "t2")], "")), "next t2");
    check(&forward, Act::Answer(reply(200, &[], "")), "next -");
}

fn asked(toml: &str) -> (String, Value, Vec<(String, String)>) {
    let scene = scene(Act::Answer(reply(200, &[], r#"{"decision":true,"result":true}"#)));
    let policy = scene.compile(toml, Ask::compile).unwrap();
    outcome(&scene, &policy, Some(ann()));
    let [call] = scene.outside.fetch.take_calls().try_into().unwrap();
    let mut headers: Vec<_> = call.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    headers.retain(|(name, _)| !["x-request-id", "traceparent"].contains(&name.as_str()));
    headers.sort();
    (format!("{} {}", call.method, call.url), serde_json::from_slice(&call.body).unwrap_or_default(), headers)
}

fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn an_evaluation_tells_subject_action_resource_and_context() {
    let toml = format!(
        "{AUTHZEN}\nclaims = ['org.tenant', 'none']\naction = 'can_{{method}}'\nresource_type = 'page'\nrequest_headers = ['x-a']\ntoken = {{ secret = 'PDP' }}"
    );
    let (line, body, headers) = asked(&toml);
    assert_eq!(line, "POST https://pdp.test/evaluation");
    assert_eq!(headers, fields(&[("authorization", "Bearer hush"), ("content-type", "application/json")]));
    let properties = json!({
        "kind": "jwt", "issuer": "https://i.test/", "consumer": null, "scopes": ["a:read"], "roles": ["admin", "editor"], "groups": [],
        "claims": { "org.tenant": "t1" },
    });
    let expect = json!({
        "subject": { "type": "user", "id": "ann", "properties": properties },
        "action": { "name": "can_GET", "properties": { "method": "GET" } },
        "resource": { "type": "page", "id": "/a/b", "properties": {
            "route": null, "api": null, "host": "api.example", "path": "/a/b", "query": "c=d&c=e", "params": {} } },
        "context": { "ip": "192.0.2.7", "headers": { "x-a": ["1", "2"] } },
    });
    assert_eq!(body, expect);
}

#[test]
fn opa_is_told_the_request_and_the_caller() {
    let (line, body, _) = asked(OPA);
    assert_eq!(line, "POST https://pdp.test/v1/data/authz");
    let input = &body["input"];
    assert_eq!(input["segments"], json!(["a", "b"]));
    assert_eq!(input["query"], json!({ "c": ["d", "e"] }));
    assert_eq!((&input["method"], &input["client"]["ip"]), (&json!("GET"), &json!("192.0.2.7")));
    assert_eq!((&input["identity"]["subject"], &input["identity"]["claims"]), (&json!("ann"), &json!({})));
    let (_, body, _) = asked(&format!("{OPA}\nidentity = false"));
    assert_eq!(body["input"]["identity"], Value::Null);
}

#[test]
fn a_forward_auth_endpoint_sees_the_chosen_fields_and_where_the_request_goes() {
    let forwarded = [
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-host", "api.example"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-uri", "/a/b?c=d&c=e"),
    ];
    let (line, body, headers) = asked(FORWARD);
    assert_eq!((line.as_str(), body), ("GET https://pdp.test/verify", Value::Null));
    assert_eq!(headers, fields(&[[("authorization", "Bearer t")].as_slice(), &forwarded].concat()));
    let (_, _, headers) = asked(&format!("{FORWARD}\nrequest_headers = ['x-a']"));
    assert_eq!(headers, fields(&[[("x-a", "1"), ("x-a", "2")].as_slice(), &forwarded].concat()));
}

#[test]
fn the_answer_that_a_client_gets_has_the_chosen_fields_alone() {
    let answer = reply(302, &[("location", "/login"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("server", "x")], "go");
    for (toml, names) in [
        (FORWARD.to_owned(), vec!["cache-control", "location", "set-cookie", "set-cookie"]),
        (format!("{FORWARD}\nclient_headers = ['server']"), vec!["cache-control", "server"]),
    ] {
        let scene = scene(Act::Answer(answer.clone()));
        let policy = scene.compile(&toml, Ask::compile).unwrap();
        let (mut cx, mut request) = (scene.exchange(), scene.request());
        let Ok(Flow::Respond(mut response)) = block_on(policy.on_request(&mut cx, &mut request)) else { panic!("{toml}: no answer") };
        let mut got: Vec<_> = response.headers.iter().map(|(name, _)| name.as_str()).collect();
        got.sort_unstable();
        assert_eq!(got, names, "{toml}");
        assert_eq!(&*block_on(response.body.read(100)).unwrap(), b"go");
    }
}

#[test]
fn nobody_in_particular_is_asked_who_it_is() {
    let scene = scene(Act::Answer(reply(200, &[], r#"{"decision":false}"#)));
    let policy = scene.compile(AUTHZEN, Ask::compile).unwrap();
    assert!(outcome(&scene, &policy, Some(Identity::anonymous())).starts_with("401 unauthenticated"));
}

#[test]
fn verdicts_are_remembered_for_the_same_question_and_as_long_as_was_said() {
    let check = |toml: &str, steps: &[(u64, &str, &str, usize)]| {
        let scene = scene(Act::Answer(reply(200, &[], r#"{"decision":false,"result":true}"#)));
        let policy = scene.compile(toml, Ask::compile).unwrap();
        for (at_ms, subject, path, calls) in steps {
            scene.outside.clock.0.set(*at_ms);
            let (mut cx, mut request) = (scene.exchange(), scene.request());
            cx.identity = Some(Identity { subject: (*subject).to_owned(), ..ann() });
            request.target.path = (*path).to_owned();
            let _ = block_on(policy.on_request(&mut cx, &mut request));
            assert_eq!(scene.outside.fetch.take_calls().len(), *calls, "{toml}: {subject} asks for {path} at {at_ms}");
        }
    };
    check(AUTHZEN, &[(0, "ann", "/a", 1), (0, "ann", "/a", 1)]);
    for toml in [format!("{AUTHZEN}\nremember = '10s'"), format!("{OPA}\nremember = '10s'")] {
        check(
            &toml,
            &[(0, "ann", "/a", 1), (9_999, "ann", "/a", 0), (9_999, "bob", "/a", 1), (9_999, "ann", "/b", 1), (10_000, "ann", "/a", 1)],
        );
    }
    let by = format!("{AUTHZEN}\nremember = '10s'\nremember_by = ['identity', 'method']");
    check(&by, &[(0, "ann", "/a", 1), (0, "ann", "/b", 0), (0, "bob", "/b", 1)]);
    let by = format!("{AUTHZEN}\nremember = '10s'\nremember_by = ['path']");
    check(&by, &[(0, "ann", "/a", 1), (0, "bob", "/a", 0), (0, "bob", "/b", 1)]);
    check(&format!("{FORWARD}\nremember = '10s'"), &[(0, "ann", "/a", 1), (0, "bob", "/a", 0), (0, "ann", "/b", 1)]);
}

#[test]
fn an_outage_and_an_answer_for_the_client_are_never_remembered() {
    for act in [Act::Refuse("down".to_owned()), Act::Answer(reply(401, &[], "")), Act::Answer(reply(500, &[], ""))] {
        let scene = scene(act);
        let policy = scene.compile(&format!("{FORWARD}\nremember = '1h'"), Ask::compile).unwrap();
        for _ in 0..2 {
            outcome(&scene, &policy, None);
            assert_eq!(scene.outside.fetch.take_calls().len(), 1);
        }
    }
}

#[test]
fn what_cannot_work_is_refused() {
    let rows = [
        ("", "nobody is asked"),
        ("authzen = 'https://a'\nopa = 'https://b'", "`authzen` and `opa` exclude each other"),
        ("opa = 'http://pdp.example/'", "plain http"),
        ("opa = 'pdp'", "opa: it is not an absolute URL"),
        ("authzen = 'https://a'\nclient_headers = []", "belongs to `forward_auth`, not to `authzen`"),
        ("authzen = 'https://a'\norigin_headers = ['x-a']", "belongs to `opa` or `forward_auth`"),
        ("opa = 'https://a'\naction = 'x'", "belongs to `authzen`"),
        ("forward_auth = 'https://a'\ntoken = { secret = 'A' }", "belongs to `authzen` or `opa`"),
        ("forward_auth = 'https://a'\norigin_headers = ['cookie']", "a use of its own"),
        ("opa = 'https://a'\nidentity = false\nclaims = ['a']", "leaves it out"),
        ("opa = 'https://a'\nrequest_headers = ['a b']", "request_headers.0"),
        ("opa = 'https://a'\ntimeout = '1ms'", "from 50ms to 30s"),
        ("opa = 'https://a'\nremember = '1d'", "from 1s to 1h"),
        ("opa = 'https://a'\nremember_by = ['ip']", "without `remember`"),
        ("opa = 'https://a'\nremember = '1s'\nremember_by = [{ header = 'a b' }]", "remember_by.0"),
        ("authzen = 'https://a'\nresource = '{'", "resource: "),
    ];
    Scene::refuses(&rows, Ask::compile);
}
