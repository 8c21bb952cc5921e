use std::rc::Rc;

use super::*;
use crate::error::Challenge;
use crate::memory::Scene;
use futures::executor::block_on;

/// A proof by one header field, whose value is the consumer; `-` belongs to none, `bad` does not hold.
struct Double(&'static str);

#[async_trait(?Send)]
impl Policy for Double {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let value = request.header(self.0).map(str::to_owned);
        request.headers.remove(self.0);
        let refused = |error| {
            let challenges = vec![Challenge { scheme: self.0, error, ..Challenge::default() }];
            Err(GatewayError::Unauthenticated { challenges, log: self.0.to_owned() })
        };
        let consumer = match value.as_deref() {
            None => return refused(None),
            Some("bad") => return refused(Some("invalid_token")),
            Some("-") => None,
            Some(name) => Some(name.into()),
        };
        cx.identity = Some(Identity { kind: self.0, consumer, scopes: Rc::new([self.0.to_owned()]), ..Identity::default() });
        Ok(Flow::Next)
    }
}

fn check(same_consumer: bool, fields: &[(&str, &str)], expect: Result<(&str, Option<&str>), (&str, &str)>) {
    let scene = Scene::of("GET", "https://api.example/", fields);
    let nested = |name: &'static str| Nested { id: name.into(), facts: FACTS, anyone: false, policy: Rc::new(Double(name)) };
    let policy = AllOf { id: "a.b".to_owned(), proofs: vec![nested("one"), nested("two")], same_consumer };
    let (mut cx, mut request) = (scene.exchange(), scene.request());
    let got = match block_on(policy.on_request(&mut cx, &mut request)) {
        Ok(_) => {
            let identity = cx.identity.clone().unwrap();
            assert_eq!(*identity.scopes, [identity.kind.to_owned()], "{fields:?}: the rights are those of the first proof alone");
            assert!(request.headers.is_empty(), "{fields:?}: each proof takes out what it takes out");
            Ok((identity.kind.to_owned(), identity.consumer.as_deref().map(str::to_owned)))
        }
        Err(error) => {
            let schemes = error.clone().into_challenges().iter().map(|challenge| challenge.scheme).collect::<Vec<_>>().join(" ");
            assert!(cx.identity.is_none(), "{fields:?}: nobody is known by half of the proofs");
            Err((error.verdict().code.to_owned(), schemes))
        }
    };
    let expect = expect.map(|(kind, consumer)| (kind.to_owned(), consumer.map(str::to_owned)));
    assert_eq!(got, expect.map_err(|(code, schemes)| (code.to_owned(), schemes.to_owned())), "{fields:?} {same_consumer}");
}

#[test]
fn every_proof_must_hold() {
    for same in [false, true] {
        check(same, &[], Err(("unauthenticated", "one two")));
        check(same, &[("one", "acme")], Err(("unauthenticated", "two")));
        check(same, &[("two", "acme")], Err(("unauthenticated", "one")));
        check(same, &[("one", "bad"), ("two", "acme")], Err(("unauthenticated", "one")));
        check(same, &[("one", "acme"), ("two", "bad")], Err(("unauthenticated", "two")));
        check(same, &[("two", "bad")], Err(("unauthenticated", "two")));
        check(same, &[("one", "acme"), ("two", "acme")], Ok(("one", Some("acme"))));
    }
}

#[test]
fn the_consumers_are_the_same_where_that_is_asked_for() {
    check(false, &[("one", "acme"), ("two", "other")], Ok(("one", Some("acme"))));
    check(false, &[("one", "-"), ("two", "acme")], Ok(("one", Some("acme"))));
    check(false, &[("one", "-"), ("two", "-")], Ok(("one", None)));
    check(true, &[("one", "acme"), ("two", "other")], Err(("forbidden", "")));
    check(true, &[("one", "-"), ("two", "acme")], Err(("forbidden", "")));
    check(true, &[("one", "acme"), ("two", "-")], Err(("forbidden", "")));
    check(true, &[("one", "-"), ("two", "-")], Err(("forbidden", "")));
}
