use super::*;

/// A session whose access token holds for 100 s and is due after 80.
fn world(more: &str) -> (World, String) {
    let world = World::with(more);
    let session = world.signed_in(json!({ "refresh_token": "refresh-1" }));
    (world, session)
}

fn token(number: u8) -> String {
    json!({ "access_token": format!("access-{number}"), "token_type": "Bearer", "expires_in": 100, "refresh_token": format!("refresh-{number}") })
        .to_string()
}

fn renewals(world: &World) -> Vec<String> {
    world.calls("/token").into_iter().filter(|form| form.contains("grant_type=refresh_token")).collect()
}

fn forwarded(got: &Got) -> Option<&str> {
    got.request.header("authorization")
}

#[test]
fn the_token_goes_to_the_origin_on_demand_alone() {
    for (more, expect) in [("", None), ("forward_access_token = true", Some("Bearer access-1"))] {
        let (world, session) = world(more);
        let got = world.get("/", &[("cookie", &session)]);
        assert_eq!((got.verdict().as_str(), forwarded(&got)), ("next", expect));
    }
}

#[test]
fn a_token_that_is_due_is_renewed_behind_the_reply() {
    let (world, session) = world("forward_access_token = true");
    let get = || world.get("/", &[("cookie", &session)]);
    world.answers("/token", 200, &token(2));
    world.scene.outside.clock.advance(80_000);
    for _ in 0..20 {
        assert_eq!(forwarded(&get()), Some("Bearer access-1"));
    }
    assert!(renewals(&world).is_empty());
    world.settle();
    assert_eq!(renewals(&world).len(), 1);
    assert!(renewals(&world)[0].contains("refresh_token=refresh-1"));
    assert_eq!(forwarded(&get()), Some("Bearer access-2"));
    world.scene.outside.clock.advance(80_000);
    world.answers("/token", 200, &token(3));
    get();
    world.settle();
    assert!(renewals(&world)[1].contains("refresh_token=refresh-2"), "the rotated one");
}

#[test]
fn a_token_that_is_over_is_renewed_before_the_request_goes_on() {
    let (world, session) = world("forward_access_token = true");
    world.answers("/token", 200, &token(2));
    world.scene.outside.clock.advance(100_000);
    assert_eq!(forwarded(&world.get("/", &[("cookie", &session)])), Some("Bearer access-2"));
    assert_eq!(forwarded(&world.get("/", &[("cookie", &session)])), Some("Bearer access-2"));
    assert_eq!(renewals(&world).len(), 1);
}

#[test]
fn whoever_has_no_duty_waits_for_who_has() {
    let (world, session) = world("forward_access_token = true");
    world.scene.outside.clock.advance(100_000);
    let id = session.split_once('=').and_then(|(_, value)| SessionId::parse(value)).unwrap();
    let name = world.names().session(&id);
    let sessions = world.scene.outside.sessions.clone();
    let look = |ask: Ask| block_on(crate::ports::Sessions::session(&*sessions, &name, &ask)).unwrap();
    let Answer::Is(_, Some(duty)) = look(Ask::Look) else { panic!("another isolate gets the duty") };
    let now_ms = world.scene.outside.clock.0.get();
    let access =
        Access { token: "access-2".into(), until_ms: Some(now_ms + 100_000), renew_ms: Some(now_ms + 80_000), refresh_token: None };
    let renewal = crate::auth::session::Renewal { access, identity: None, scopes: None };
    let nothing = || -> crate::ports::LocalFuture { Box::pin(async {}) };
    let (other, object) = (sessions.clone(), name.clone());
    let done: crate::ports::LocalFuture = Box::pin(async move {
        let renewed = Ask::Renewed(duty.number, Box::new(renewal));
        crate::ports::Sessions::session(&*other, &object, &renewed).await.unwrap();
    });
    world.scene.outside.timer.meanwhile.borrow_mut().extend([nothing(), nothing(), done]);
    assert_eq!(forwarded(&world.get("/", &[("cookie", &session)])), Some("Bearer access-2"));
    assert_eq!((world.scene.outside.timer.waits.get(), renewals(&world).len()), (3, 0));

    world.scene.outside.clock.advance(100_000);
    let Answer::Is(_, Some(_)) = look(Ask::Look) else { panic!("another isolate gets the duty, and dies") };
    let got = world.get("/", &[("cookie", &session)]);
    assert_eq!(got.verdict(), "policy-unavailable", "it gives up before the request is too old");
    world.answers("/token", 200, &token(3));
    world.scene.outside.clock.advance(DUTY_MS);
    assert_eq!(forwarded(&world.get("/", &[("cookie", &session)])), Some("Bearer access-3"), "the duty is the next one's");
}

#[test]
fn a_refusal_of_the_provider_ends_the_session_and_an_outage_does_not() {
    for (status, body, first, later) in [
        (400, r#"{"error":"invalid_grant"}"#, "unauthenticated", "unauthenticated"),
        (401, r#"{"error":"invalid_client"}"#, "policy-unavailable", "next"),
        (500, "", "policy-unavailable", "next"),
        (200, "<html>", "policy-unavailable", "next"),
    ] {
        let (world, session) = world("");
        world.scene.outside.clock.advance(100_000);
        world.answers("/token", status, body);
        assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), first, "{status} {body}");
        assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), first, "{status} {body}");
        assert_eq!(renewals(&world).len(), 1, "nobody tries again at once");
        world.answers("/token", 200, &token(2));
        world.scene.outside.clock.advance(5_000);
        assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), later, "{status} {body}");
    }
}

#[test]
fn a_renewed_id_token_is_about_the_same_person() {
    for (subject, verdict) in [("ann", "next"), ("eve", "unauthenticated")] {
        let (world, session) = world("");
        world.scene.outside.clock.advance(100_000);
        let claims =
            json!({ "iss": "https://login.example", "aud": "app", "sub": subject, "iat": NOW_S, "exp": NOW_S + 600, "roles": ["new"] });
        let mut answer: Value = serde_json::from_str(&token(2)).unwrap();
        answer["id_token"] = signed(json!({ "alg": "ES256", "kid": "k" }), &claims).into();
        world.answers("/token", 200, &answer.to_string());
        let got = world.get("/", &[("cookie", &session)]);
        assert_eq!(got.verdict(), verdict, "{subject}");
        assert_eq!(got.identity.and_then(|identity| identity.claim_text("roles")).is_some(), verdict == "next");
    }
}

#[test]
fn without_a_refresh_token_the_session_lives_as_long_as_nobody_needs_the_token() {
    for (more, verdict) in [("", "next"), ("forward_access_token = true", "unauthenticated")] {
        let world = World::with(more);
        let session = world.signed_in(json!({}));
        world.scene.outside.clock.advance(99_000);
        assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), "next");
        world.scene.outside.clock.advance(6_000);
        assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), verdict, "{more}");
        assert!(renewals(&world).is_empty());
    }
}

#[test]
fn most_requests_are_served_from_a_copy_that_is_soon_forgotten() {
    let (world, session) = world("");
    let calls = || world.scene.outside.sessions.calls.get();
    let before = calls();
    for _ in 0..10 {
        assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), "next");
    }
    assert_eq!(calls() - before, 1);
    let id = session.split_once('=').and_then(|(_, value)| SessionId::parse(value)).unwrap();
    let name = world.names().session(&id);
    block_on(crate::ports::Sessions::session(&*world.scene.outside.sessions, &name, &Ask::End)).unwrap();
    world.scene.outside.clock.advance(4_999);
    assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), "next");
    world.scene.outside.clock.advance(1);
    assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), "unauthenticated");
}
