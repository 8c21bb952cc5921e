use super::*;

#[test]
fn only_a_page_is_sent_to_the_provider() {
    let world = World::new();
    let got = world.get("/orders/7?tab=1", PAGE);
    assert_eq!(got.verdict(), "303");
    let (endpoint, query) = got.location().split_once("?tenant=1&").unwrap();
    assert_eq!(endpoint, "https://login.example/auth");
    let said: Vec<(String, String)> = query::pairs(query).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let value = |name: &str| said.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let cookie = &got.set_cookies()[0];
    let (name, rest) = cookie.split_once('=').unwrap();
    let login = Login::parse(rest.split(';').next().unwrap()).unwrap();
    assert_eq!(name, world.names().login_cookie(&login.state(), true));
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600"), "{cookie}");
    for (name, expect) in [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", "https://app.example/.archway/oidc/callback"),
        ("scope", "openid"),
        ("state", &login.state()),
        ("nonce", &login.nonce()),
        ("code_challenge", &login.challenge()),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(value(name), Some(expect), "{name}");
    }
    assert_eq!(login.deep_link, "/orders/7?tab=1");
    for (method, fields) in [("POST", PAGE), ("HEAD", PAGE), ("GET", &[]), ("GET", &[("sec-fetch-mode", "cors")])] {
        let got = world.send(method, "https://app.example/orders", fields, "");
        assert_eq!(got.verdict(), "unauthenticated", "{method} {fields:?}");
        assert!(got.outcome.is_err_and(|error| error.is_absent()));
    }
}

#[test]
fn more_is_asked_where_the_policy_says_so() {
    let more =
        "scopes = [\"openid\", \"email\"]\nmax_age = \"10m\"\nparameters = { prompt = \"login\" }\npublic_url = \"https://shop.example\"";
    let got = World::with(more).send("GET", "http://10.0.0.1:8080/", PAGE, "");
    for part in ["scope=openid+email", "max_age=600", "prompt=login", "redirect_uri=https%3A%2F%2Fshop.example%2F.archway"] {
        assert!(got.location().contains(part), "{part}: {}", got.location());
    }
}

#[test]
fn cookies_are_for_https_unless_this_machine_talks_to_itself() {
    let world = World::new();
    let cookie = |url: &str| world.send("GET", url, PAGE, "").set_cookies()[0].clone();
    assert!(cookie("https://app.example/").starts_with("__Host-archway-"));
    let local = cookie("http://localhost:8787/");
    assert!(local.starts_with("archway-") && !local.contains("Secure"), "{local}");
    let got = world.send("GET", "http://app.example/", PAGE, "");
    assert_eq!(got.verdict(), "misconfigured");
    assert!(got.log().contains("public_url"), "{}", got.log());
}

#[test]
fn a_login_becomes_a_session_and_the_session_an_identity() {
    let world = World::new();
    let (login, cookie) = world.begun("/orders?tab=1");
    world.gives(&login, json!({ "email": "ann@a.example", "roles": ["reader"] }), json!({ "scope": "openid email" }));
    let got = world.back(&login, &cookie, "");
    assert_eq!((got.verdict().as_str(), got.location()), ("303", "/orders?tab=1"), "{}", got.log());
    let sent = &world.calls("/token")[0];
    for part in ["grant_type=authorization_code", "code=c0de", &format!("code_verifier={}", login.verifier())] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
    assert!(!sent.contains("hush"), "the secret is in Authorization");
    let set = got.set_cookies();
    assert!(set[0].starts_with("__Host-archway-") && set[0].ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{}", set[0]);
    assert!(set[1].starts_with(&world.names().login_cookie(&login.state(), true)) && set[1].ends_with("Max-Age=0"), "{}", set[1]);

    let session = set[0].split(';').next().unwrap();
    world.scene.outside.sessions.evict();
    let fields = [("cookie", format!("theme=dark; {session}; {cookie}"))];
    let got = world.get("/orders", &[(fields[0].0, &fields[0].1)]);
    assert_eq!(got.verdict(), "next");
    let identity = got.identity.unwrap();
    assert_eq!((identity.kind, identity.subject.as_str(), identity.issuer.as_deref()), ("oidc", "ann", Some("https://login.example")));
    assert_eq!(
        (identity.claim_text("email").as_deref(), &*identity.scopes),
        (Some("ann@a.example"), &["openid".to_owned(), "email".to_owned()][..])
    );
    assert_eq!(*identity.roles, ["reader".to_owned()]);
    assert_eq!(got.request.header("cookie"), Some("theme=dark"));
    assert_eq!(got.request.header("authorization"), None);
}

#[test]
fn a_login_that_cannot_be_trusted_is_refused() {
    let world = World::new();
    let (login, cookie) = world.begun("/");
    world.gives(&login, json!({}), json!({}));
    let state = login.state();
    let other = Login::begin([8; 32], NOW_S * 1000, &Scene::of("GET", "https://app.example/", &[]).request().target);
    let swapped = format!("{}={}", world.names().login_cookie(&state, true), other.text());
    let insecure = cookie.trim_start_matches("__Host-").to_owned();
    let rows: [(&str, String, &str, &str); 11] = [
        ("another browser", "/callback?state=STATE&code=c".to_owned(), "", "no such login"),
        ("a cookie without its prefix", "/callback?state=STATE&code=c".to_owned(), &insecure, "no such login"),
        ("another login's cookie", "/callback?state=STATE&code=c".to_owned(), &swapped, "not that of the browser's login"),
        ("another state", format!("/callback?state={}&code=c", other.state()), &cookie, "no such login"),
        ("a cut state", format!("/callback?state={}&code=c", &state[..16]), &cookie, "not that of the browser's login"),
        ("no state", "/callback?code=c".to_owned(), &cookie, "no `state`"),
        ("two states", "/callback?state=STATE&state=STATE&code=c".to_owned(), &cookie, "came back twice"),
        ("no code", "/callback?state=STATE".to_owned(), &cookie, "no `code`"),
        ("two codes", "/callback?state=STATE&code=c&code=d".to_owned(), &cookie, "came back twice"),
        ("another provider", "/callback?state=STATE&code=c&iss=https://evil.example".to_owned(), &cookie, "another provider"),
        ("a refusal", "/callback?state=STATE&error=access_denied&error_description=%3Cb%3E".to_owned(), &cookie, "`access_denied`"),
    ];
    for (name, path, cookie, part) in rows {
        let got = world.get(&format!("/.archway/oidc{}", path.replace("STATE", &state)), &[("cookie", cookie)]);
        assert_eq!(got.verdict(), "login-failed", "{name}");
        assert!(got.log().contains(part), "{name}: {}", got.log());
    }
    assert!(world.calls("/token").is_empty(), "none of them came as far as the provider");
    assert_eq!(world.back(&login, &cookie, "&iss=https://login.example").verdict(), "303");
    let again = world.back(&login, &cookie, "");
    assert!(again.verdict() == "login-failed" && again.log().contains("came back before"), "{}", again.log());
    assert_eq!((world.calls("/token").len(), world.scene.outside.sessions.stored().len()), (1, 1));

    let world = World::new();
    let (login, cookie) = world.begun("/");
    world.scene.outside.clock.advance(600_000);
    assert!(world.back(&login, &cookie, "").log().contains("took too long"));
}

#[test]
fn tokens_that_do_not_hold_begin_no_session() {
    let other_nonce = json!({ "nonce": "other" });
    for (claims, more, verdict, part) in [
        (other_nonce, json!({}), "login-failed", "nonce"),
        (json!({ "aud": "other" }), json!({}), "login-failed", "wrong-audience"),
        (json!({ "at_hash": "AAAA" }), json!({}), "login-failed", "at_hash"),
        (json!({}), json!({ "id_token": null }), "login-failed", "no ID token"),
        (json!({}), json!({ "access_token": null }), "policy-unavailable", "no access token"),
    ] {
        let world = World::new();
        let (login, cookie) = world.begun("/");
        world.gives(&login, claims.clone(), more.clone());
        let got = world.back(&login, &cookie, "");
        assert_eq!(got.verdict(), verdict, "{claims} {more}");
        assert!(got.log().contains(part), "{claims} {more}: {}", got.log());
        assert!(world.scene.outside.sessions.stored().is_empty());
    }
    for (status, body, verdict) in [
        (400, r#"{"error":"invalid_grant"}"#, "login-failed"),
        (401, r#"{"error":"invalid_client"}"#, "policy-unavailable"),
        (503, "", "policy-unavailable"),
    ] {
        let world = World::new();
        let (login, cookie) = world.begun("/");
        world.answers("/token", status, body);
        assert_eq!(world.back(&login, &cookie, "").verdict(), verdict, "{status}");
    }
}

#[test]
fn the_userinfo_adds_claims_and_never_changes_who_it_is() {
    for (body, verdict) in [
        (r#"{"sub":"ann","name":"Ann","sid":"other"}"#, "303"),
        (r#"{"sub":"eve","name":"Eve"}"#, "login-failed"),
        (r#"{"name":"Nobody"}"#, "login-failed"),
        ("<html>", "policy-unavailable"),
    ] {
        let world = World::with("userinfo = true");
        let (login, cookie) = world.begun("/");
        world.gives(&login, json!({}), json!({}));
        world.answers("/me", 200, body);
        let got = world.back(&login, &cookie, "");
        assert_eq!(got.verdict(), verdict, "{body}");
        if verdict == "303" {
            let session = got.set_cookies()[0].split(';').next().unwrap().to_owned();
            let identity = world.get("/", &[("cookie", &session)]).identity.unwrap();
            assert_eq!((identity.claim_text("name").as_deref(), identity.claim_text("sid").as_deref()), (Some("Ann"), Some("s1")));
        }
    }
}

#[test]
fn a_new_login_has_a_new_id_and_the_session_before_is_over() {
    let world = World::new();
    let first = world.signed_in(json!({}));
    world.scene.outside.clock.advance(1_000);
    let (login, cookie) = world.begun("/");
    world.gives(&login, json!({ "sub": "bob" }), json!({}));
    let got = world.back(&login, &format!("{cookie}; {first}"), "");
    let second = got.set_cookies()[0].split(';').next().unwrap().to_owned();
    assert_ne!(first, second);
    world.settle();
    assert_eq!(world.get("/", &[("cookie", &first)]).verdict(), "unauthenticated");
    assert_eq!(world.get("/", &[("cookie", &second)]).identity.unwrap().subject, "bob");
    for made_up in ["AAAA", &"A".repeat(43), ""] {
        let planted = format!("{}={made_up}", world.names().session_cookie(true));
        assert_eq!(world.get("/", &[("cookie", &planted)]).verdict(), "unauthenticated", "{made_up}");
        assert_eq!(world.get("/", &[("cookie", &planted), PAGE[0], PAGE[1]]).verdict(), "303");
    }
    assert_eq!(world.get("/", &[("cookie", &format!("{second}; {second}"))]).verdict(), "credentials-unclear", "which one is meant?");
}

#[test]
fn a_browser_has_a_few_logins_under_way_and_no_more() {
    let world = World::new();
    let mut jar: Vec<String> = Vec::new();
    for number in 0..10 {
        world.scene.outside.clock.advance(1_000);
        let got = world.get(&format!("/{number}"), &[("cookie", &jar.join("; ")), PAGE[0], PAGE[1]]);
        for set in got.set_cookies() {
            let pair = set.split(';').next().unwrap().to_owned();
            let name = pair.split('=').next().unwrap().to_owned();
            jar.retain(|known| !known.starts_with(&name));
            if !set.ends_with("Max-Age=0") {
                jar.push(pair);
            }
        }
    }
    let links: Vec<String> = jar.iter().map(|pair| Login::parse(pair.split_once('=').unwrap().1).unwrap().deep_link).collect();
    assert_eq!(links, ["/5", "/6", "/7", "/8", "/9"]);
}

/// Method, header fields, what comes of it, and whether the session has ended.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, bool);

#[test]
fn logging_out_is_for_the_person_alone() {
    let click = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate"), ("sec-fetch-user", "?1")];
    let rows: [Row<'_>; 9] = [
        ("GET", &click, "303", true),
        ("GET", &[("sec-fetch-site", "cross-site"), click[1], click[2]], "200", false),
        ("GET", &[click[0], click[1]], "200", false),
        ("GET", &[click[0], click[1], click[2], ("sec-purpose", "prefetch")], "200", false),
        ("GET", &[], "200", false),
        ("POST", &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")], "303", true),
        ("POST", &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")], "204", true),
        ("POST", &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], "cross-site-request", false),
        ("POST", &[], "cross-site-request", false),
    ];
    for (method, fields, verdict, ended) in rows {
        let world = World::with("after_logout = \"/bye\"");
        let session = world.signed_in(json!({}));
        let fields: Vec<_> = fields.iter().copied().chain([("cookie", session.as_str())]).collect();
        let got = world.send(method, "https://app.example/.archway/oidc/logout", &fields, "");
        assert_eq!(got.verdict(), verdict, "{method} {fields:?}");
        let after = world.get("/", &[("cookie", &session)]).verdict();
        assert_eq!(after == "unauthenticated", ended, "{method} {fields:?}: {after}");
        if verdict == "303" {
            assert!(got.location().starts_with("https://login.example/bye?id_token_hint=ey"), "{}", got.location());
            assert!(got.location().ends_with("&client_id=app&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye"));
            assert!(got.set_cookies()[0].ends_with("Max-Age=0"));
        }
    }
    let world = World::new();
    let nobody = world.send("POST", "https://app.example/.archway/oidc/logout", &[("sec-fetch-site", "same-origin")], "");
    assert_eq!(nobody.verdict(), "200", "who has no session is signed out");
}

#[test]
fn the_provider_ends_sessions() {
    let event = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    let token = |change: Value| {
        let base = json!({ "iss": "https://login.example", "aud": "app", "iat": NOW_S, "exp": NOW_S + 120, "jti": "j1", "events": event });
        signed(json!({ "alg": "ES256", "kid": "k", "typ": "logout+jwt" }), &over(base, &change))
    };
    let tell = |world: &World, token: &str| {
        let url = "https://app.example/.archway/oidc/backchannel-logout";
        world.send("POST", url, &[], &format!("logout_token={token}"))
    };
    for (name, change, verdict, ended) in [
        ("its session", json!({ "sid": "s1", "sub": "ann" }), "200", true),
        ("the person", json!({ "sub": "ann" }), "200", true),
        ("another session", json!({ "sid": "s2", "sub": "ann" }), "200", false),
        ("another person", json!({ "sub": "bob" }), "200", false),
        ("another client", json!({ "sub": "ann", "aud": "other" }), "login-failed", false),
        ("an ID token", json!({ "sub": "ann", "events": null, "nonce": "n" }), "login-failed", false),
    ] {
        let world = World::new();
        let session = world.signed_in(json!({}));
        assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), "next");
        let got = tell(&world, &token(change));
        assert_eq!(got.verdict(), verdict, "{name}: {}", got.log());
        assert_eq!(world.get("/", &[("cookie", &session)]).verdict() == "unauthenticated", ended, "{name}");
    }
    let world = World::new();
    let good = token(json!({ "sub": "ann" }));
    assert_eq!(tell(&world, &good).verdict(), "200");
    let session = world.signed_in(json!({}));
    let again = tell(&world, &good);
    assert!(again.verdict() == "login-failed" && again.log().contains("used before"), "{}", again.log());
    assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), "next", "an old token ends no new session");
    for body in ["", "logout_token=", "logout_token=a&logout_token=b", "other=x"] {
        let got = world.send("POST", "https://app.example/.archway/oidc/backchannel-logout", &[], body);
        assert_eq!(got.verdict(), "login-failed", "{body:?}");
    }
}

#[test]
fn its_other_paths_are_nobodys() {
    let world = World::new();
    for (method, path, verdict) in [
        ("GET", "/.archway/oidc/other", "route-not-found"),
        ("GET", "/.archway/oidc/", "route-not-found"),
        ("POST", "/.archway/oidc/callback", "method-not-allowed"),
        ("GET", "/.archway/oidc/backchannel-logout", "method-not-allowed"),
        ("DELETE", "/.archway/oidc/logout", "method-not-allowed"),
        ("GET", "/.archway/oidcx/callback", "unauthenticated"),
    ] {
        assert_eq!(world.send(method, &format!("https://app.example{path}"), &[], "").verdict(), verdict, "{method} {path}");
    }
}

#[test]
fn what_is_down_lets_nobody_in() {
    let world = World::new();
    world.answers("/.well-known/openid-configuration", 503, "");
    assert_eq!(world.get("/", PAGE).verdict(), "policy-unavailable");
    assert_eq!(world.get("/", &[]).verdict(), "unauthenticated", "who is not sent there need not know");

    let world = World::new();
    let session = world.signed_in(json!({}));
    for fault in [Fault::Before, Fault::After] {
        world.scene.outside.sessions.fault.set(fault);
        assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), "policy-unavailable", "{fault:?}");
        let (login, cookie) = world.begun("/");
        world.gives(&login, json!({}), json!({}));
        assert_eq!(world.back(&login, &cookie, "").verdict(), "policy-unavailable", "{fault:?}");
    }
    world.scene.outside.sessions.fault.set(Fault::None);
    assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), "next");
}

#[test]
fn a_person_belongs_to_a_consumer_where_the_policy_says_so() {
    let consumers = || {
        [
            "{\"name\":\"acme\",\"claims\":{\"sub\":\"acme\",\"plan\":\"gold\"},\"groups\":[\"partners\"]}",
            "{\"name\":\"shut\",\"disabled\":true,\"claims\":{}}",
        ]
        .map(|text| serde_json::from_str(text).unwrap())
        .to_vec()
    };
    for (more, org, expect) in [
        ("consumer_claim = \"org\"", json!("acme"), "next"),
        ("consumer_claim = \"org\"", json!("shut"), "credential-disabled"),
        ("consumer_claim = \"org\"", json!("nobody"), "credential-unknown"),
        ("consumer_claim = \"org\"", json!(["acme"]), "credential-unknown"),
        ("consumer_claim = \"org\"\nconsumer = \"optional\"", json!("nobody"), "next"),
        ("consumer_claim = \"org\"\nconsumer = \"optional\"", json!("shut"), "credential-disabled"),
    ] {
        let world = World::with(more);
        world.scene.outside.consumers.set(consumers());
        let (login, cookie) = world.begun("/");
        world.gives(&login, json!({ "org": org, "consumer": { "plan": "forged" } }), json!({}));
        let back = world.back(&login, &cookie, "");
        let session = back.set_cookies()[0].split(';').next().unwrap().to_owned();
        let got = world.get("/orders", &[("cookie", &session), PAGE[0], PAGE[1]]);
        assert_eq!(got.verdict(), expect, "{more} {org}");
        let Some(identity) = got.identity else { continue };
        let (consumer, plan) = (identity.consumer.as_deref(), identity.claim_text("consumer.plan"));
        match org.as_str() {
            Some("acme") => {
                assert_eq!((identity.subject.as_str(), consumer, plan.as_deref()), ("ann", Some("acme"), Some("gold")));
                assert_eq!(*identity.groups, ["partners".to_owned()]);
            }
            _ => assert_eq!((consumer, plan), (None, None), "nobody says of itself what a consumers file would"),
        }
    }
}
