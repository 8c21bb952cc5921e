use std::rc::Rc;

use super::*;
use crate::auth::identity::Identity;
use crate::error::Challenge;
use crate::http::{HeaderName, HeaderValue};
use crate::memory::Scene;
use futures::executor::block_on;

/// A proof by one header field: its value says what becomes of it. Whatever it does, it leaves traces everywhere.
struct Double(&'static str);

#[async_trait(?Send)]
impl Policy for Double {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let value = request.header(self.0).map(str::to_owned);
        request.headers.remove(self.0);
        request.headers.insert("x-trace", HeaderValue::from_static(self.0));
        request.target.query = Some(self.0.to_owned());
        cx.body_max = Some(1);
        cx.reply_headers.push((HeaderName::from_static("x-trace"), HeaderValue::from_static(self.0)));
        cx.identity = Some(Identity { kind: self.0, ..Identity::default() });
        let refused = |error, foreign| {
            let challenges = vec![Challenge { scheme: self.0, error, foreign, ..Challenge::default() }];
            Err(GatewayError::Unauthenticated { challenges, log: format!("{} is {value:?}", self.0) })
        };
        match value.as_deref() {
            None => refused(None, false),
            Some("good") => Ok(Flow::Next),
            Some("login") => Ok(Flow::Respond(Response::empty(StatusCode::FOUND))),
            Some("page") if cx.login == Login::Now => Ok(Flow::Respond(Response::empty(StatusCode::FOUND))),
            Some("page") => {
                cx.login = Login::Wanted;
                refused(None, false)
            }
            Some("foreign") => refused(Some("invalid_token"), true),
            Some("denied") => Err(GatewayError::Forbidden { challenge: None, detail: "", log: String::new() }),
            Some("down") => Err(GatewayError::PolicyUnavailable { policy: self.0.to_owned(), log: String::new() }),
            Some(_) => refused(Some("invalid_token"), false),
        }
    }

    async fn on_response(&self, _: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
        response.headers.append("x-entered", HeaderValue::from_static(self.0));
        Ok(())
    }

    fn asks(&self) -> Vec<Challenge> {
        vec![Challenge { scheme: self.0, ..Challenge::default() }]
    }
}

fn nested(name: &'static str) -> Nested {
    match name {
        "anonymous" => Nested {
            id: name.into(),
            facts: super::super::anonymous::FACTS,
            anyone: true,
            policy: Rc::new(super::super::anonymous::Anonymous),
        },
        _ => Nested { id: name.into(), facts: FACTS, anyone: false, policy: Rc::new(Double(name)) },
    }
}

/// Sends `one: good` and such to `one`, `two` and perhaps `anonymous`; gives the kind of the identity or the code of the problem,
/// and the schemes of the challenges.
fn check(anyone: bool, fields: &[(&str, &str)], expect: Result<&str, (&str, &str)>) {
    let scene = Scene::of("GET", "https://api.example/a?b=c", fields);
    let names = ["one", "two", "anonymous"];
    let alternatives = names.into_iter().filter(|name| anyone || *name != "anonymous").map(nested).collect();
    let policy = AnyOf { id: "a.b".to_owned(), alternatives };
    let (mut cx, mut request) = (scene.exchange(), scene.request());
    let flow = block_on(policy.on_request(&mut cx, &mut request));
    let mut response = Response::empty(StatusCode::OK);
    block_on(policy.on_response(&mut cx, &mut response)).unwrap();
    let got = match &flow {
        Ok(Flow::Next) => Ok(cx.identity.as_ref().unwrap().kind.to_owned()),
        Ok(Flow::Respond(_)) => Ok("answered".to_owned()),
        Err(error) => {
            let schemes = error.clone().into_challenges().iter().map(|challenge| challenge.scheme).collect::<Vec<_>>();
            Err((error.verdict().code, schemes.join(" ")))
        }
    };
    assert_eq!(got, expect.map(str::to_owned).map_err(|(code, schemes)| (code, schemes.to_owned())), "{fields:?}");
    let entered: Vec<&str> = response.headers.get_all("x-entered").iter().map(|value| value.to_str().unwrap()).collect();
    match got.as_deref() {
        Ok(kind @ ("one" | "two")) => {
            assert_eq!(cx.reply_headers.len(), 1, "{fields:?}: one trace, that of the proof that counts");
            assert_eq!((request.header("x-trace"), request.target.query.as_deref()), (Some(kind), Some(kind)), "{fields:?}");
            assert!(request.header(kind).is_none(), "{fields:?}: what the proof takes out is out");
            assert_eq!(entered, [kind], "{fields:?}: only what was used sees the response");
        }
        Ok("anonymous") => {
            assert_eq!(
                (request.header("x-trace"), request.target.query.as_deref()),
                (None, Some("b=c")),
                "{fields:?}: nothing is left over"
            );
            assert_eq!((cx.reply_headers.len(), cx.body_max), (0, None), "{fields:?}: nothing is left over");
            assert_eq!(cx.challenges.iter().map(|challenge| challenge.scheme).collect::<Vec<_>>(), ["one", "two"], "{fields:?}");
        }
        Ok(_) => {}
        Err(_) => {
            assert!(entered.is_empty(), "{fields:?}");
            assert!(cx.reply_headers.iter().all(|(name, _)| name == "x-trace"), "{fields:?}: a refusal says what each would have said");
        }
    }
}

#[test]
fn the_first_proof_that_is_there_decides() {
    for anyone in [false, true] {
        check(anyone, &[("one", "good")], Ok("one"));
        check(anyone, &[("two", "good")], Ok("two"));
        check(anyone, &[("one", "good"), ("two", "good")], Ok("one"));
        check(anyone, &[("one", "good"), ("two", "bad")], Ok("one"));
        check(anyone, &[("one", "bad")], Err(("unauthenticated", "one two")));
        check(anyone, &[("one", "bad"), ("two", "good")], Err(("unauthenticated", "one two")));
        check(anyone, &[("two", "bad")], Err(("unauthenticated", "two one")));
        check(anyone, &[("one", "denied"), ("two", "good")], Err(("forbidden", "")));
        check(anyone, &[("one", "down"), ("two", "good")], Err(("policy-unavailable", "")));
        check(anyone, &[("one", "foreign"), ("two", "good")], Ok("two"));
        check(anyone, &[("one", "foreign"), ("two", "bad")], Err(("unauthenticated", "two one")));
        check(anyone, &[("one", "foreign")], Err(("unauthenticated", "one two")));
        check(anyone, &[("two", "foreign")], Err(("unauthenticated", "one two")));
        check(anyone, &[("one", "login"), ("two", "good")], Ok("answered"));
        check(anyone, &[("one", "page"), ("two", "good")], Ok("two"));
        check(anyone, &[("one", "page"), ("two", "bad")], Err(("unauthenticated", "two one")));
        check(anyone, &[("one", "page"), ("two", "denied")], Err(("forbidden", "")));
    }
    check(false, &[("one", "page")], Ok("answered"));
    check(false, &[("two", "page")], Ok("answered"));
    check(false, &[("one", "page"), ("two", "foreign")], Ok("answered"));
    check(true, &[("one", "page")], Ok("anonymous"));
    check(false, &[], Err(("unauthenticated", "one two")));
    check(true, &[], Ok("anonymous"));
}

#[test]
fn each_alternative_has_an_id_of_its_own_and_errors_know_their_place() {
    let scene = Scene::of("GET", "https://api.example/", &[]);
    let jwt = |issuer: &str| format!("{{ jwt = {{ issuer = '{issuer}', secret = {{ secret = 'S' }} }} }}");
    let toml = |last: &str| {
        format!("policies = [{{ policy = {} }}, {{ id = 'a.named', policy = {} }}, {{ policy = {last} }}]", jwt("a"), jwt("b"))
    };
    scene.outside.environment.0.borrow_mut().insert("S".to_owned(), "a-secret-of-at-least-thirty-two-bytes".to_owned());
    let policy = scene.compile(&toml(&jwt("c")), AnyOf::compile).unwrap();
    let ids: Vec<&str> = policy.alternatives.iter().map(|alternative| &*alternative.id).collect();
    assert_eq!(ids, ["a.b/jwt", "a.named", "a.b/jwt (2)"]);
    let error = scene.compile(&toml("{ jwt = { issuer = 'c', pem = 'no key' } }"), AnyOf::compile).err().unwrap();
    assert!(error.starts_with("policies.2.jwt.pem: "), "{error}");
}

#[test]
fn a_login_begins_once_all_have_looked_however_deep_it_is() {
    let any = |names: Vec<Nested>| Nested {
        id: "inner".into(),
        facts: FACTS,
        anyone: false,
        policy: Rc::new(AnyOf { id: "inner".to_owned(), alternatives: names }),
    };
    for (fields, expect) in [
        (&[("one", "page")][..], "302"),
        (&[("two", "page")], "302"),
        (&[("three", "page")], "302"),
        (&[("one", "page"), ("three", "good")], "next"),
        (&[("two", "page"), ("three", "bad")], "unauthenticated"),
        (&[("three", "page"), ("two", "good")], "next"),
    ] {
        let scene = Scene::of("GET", "https://api.example/", fields);
        let policy = AnyOf { id: "a.b".to_owned(), alternatives: vec![any(vec![nested("one"), nested("two")]), nested("three")] };
        let (mut cx, mut request) = (scene.exchange(), scene.request());
        let got = match block_on(policy.on_request(&mut cx, &mut request)) {
            Ok(Flow::Next) => "next".to_owned(),
            Ok(Flow::Respond(response)) => response.status.as_u16().to_string(),
            Err(error) => error.verdict().code.to_owned(),
        };
        assert_eq!((got.as_str(), cx.login), (expect, Login::Now), "{fields:?}");
    }
}

#[test]
fn what_was_wrong_before_a_login_is_counted() {
    for (fields, expect) in [(&[("one", "foreign"), ("two", "page")][..], true), (&[("two", "page")], false)] {
        let scene = Scene::of("GET", "https://api.example/", fields);
        let policy = AnyOf { id: "a.b".to_owned(), alternatives: vec![nested("one"), nested("two")] };
        let (mut cx, mut request) = (scene.exchange(), scene.request());
        assert!(matches!(block_on(policy.on_request(&mut cx, &mut request)), Ok(Flow::Respond(_))));
        assert_eq!(cx.attempts.is_wrong(), expect, "{fields:?}");
    }
}
