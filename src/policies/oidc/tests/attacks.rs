use super::*;
use crate::auth::algorithm::Algorithm;
use crate::auth::signing::SigningKey;

/// ID tokens that somebody makes who knows everything but the provider's key, or has other tokens of the provider.
fn forged(nonce: &str) -> Vec<(&'static str, String)> {
    let claims = |changes: Value| {
        let base = json!({ "iss": "https://login.example", "aud": "app", "sub": "root", "iat": NOW_S, "exp": NOW_S + 600, "nonce": nonce });
        over(base, &changes)
    };
    let by_secret = |secret: &[u8]| {
        let key = SigningKey::secret(secret, Algorithm::HS256).unwrap();
        key.sign("JWT", Some("k"), claims(json!({})).as_object().unwrap()).unwrap()
    };
    let by_provider = |typ: &str, changes: Value| signed(json!({ "alg": "ES256", "kid": "k", "typ": typ }), &claims(changes));
    vec![
        ("HMAC by the client's secret", by_secret(b"hush hush hush hush hush hush hush")),
        ("HMAC by the published keys", by_secret(key_set().as_bytes())),
        ("an access token in its place", by_provider("at+jwt", json!({}))),
        ("a logout token in its place", by_provider("logout+jwt", json!({}))),
        ("another issuer's, by the right key", by_provider("JWT", json!({ "iss": "https://evil.example" }))),
        ("one for another client, which this one may see", by_provider("JWT", json!({ "aud": ["app", "evil"], "azp": "evil" }))),
        ("one without a nonce", by_provider("JWT", json!({ "nonce": null }))),
        ("one of yesterday", by_provider("JWT", json!({ "exp": NOW_S - 86_400 }))),
    ]
}

#[test]
fn nobody_finishes_a_login_with_tokens_of_their_own_making() {
    for row in 0..forged("").len() {
        let world = World::new();
        let (login, cookie) = world.begun("/");
        let (name, id_token) = forged(&login.nonce()).swap_remove(row);
        world.answers("/token", 200, &json!({ "access_token": "a", "token_type": "Bearer", "id_token": id_token }).to_string());
        let got = world.back(&login, &cookie, "");
        assert_eq!(got.verdict(), "login-failed", "{name}: {}", got.log());
        assert!(world.scene.outside.sessions.stored().is_empty(), "{name}");
    }
}

#[test]
fn a_login_leads_back_to_its_own_origin_whatever_was_asked_for() {
    for path in ["//evil.example/", "/.//evil.example", "/a/..//evil.example", "/a?next=//evil.example"] {
        let world = World::new();
        let (login, cookie) = world.begun(path);
        world.gives(&login, json!({}), json!({}));
        let got = world.back(&login, &cookie, "&next=https://evil.example&redirect_uri=https://evil.example");
        let location = got.location().to_owned();
        assert!(location.starts_with('/') && !location.starts_with("//") && !location.contains('\\'), "{path}: {location}");
    }
    let world = World::new();
    let fields = [PAGE[0], PAGE[1], ("x-forwarded-host", "evil.example"), ("host", "evil.example"), ("forwarded", "host=evil.example")];
    let got = world.get("/", &fields);
    assert!(got.location().contains("redirect_uri=https%3A%2F%2Fapp.example%2F.archway"), "{}", got.location());
}

#[test]
fn a_second_cookie_beside_the_session_is_never_taken_for_it() {
    let world = World::new();
    let (mine, strangers) = (world.signed_in(json!({})), world.signed_in(json!({})));
    let name = mine.split('=').next().unwrap();
    for (case, cookies, expect) in [
        ("mine", mine.clone(), "next"),
        ("a stranger's first", format!("{strangers}; {mine}"), "credentials-unclear"),
        ("a stranger's last", format!("{mine}; {strangers}"), "credentials-unclear"),
        ("with spaces", format!("{mine}; {name} ={}", strangers.split_once('=').unwrap().1), "credentials-unclear"),
        ("what is no session", format!("{mine}; {name}=x"), "credentials-unclear"),
        ("nothing", format!("{name}=; {mine}"), "credentials-unclear"),
        ("not ASCII", format!("{mine}; {name}=ë"), "credentials-unclear"),
        ("twice the same", format!("{mine}; {mine}"), "credentials-unclear"),
        ("within quotes", format!("a=\"; {strangers}; {mine}; b=\""), "credentials-unclear"),
        ("a name in another case", format!("{}; {mine}", strangers.replace("archway", "Archway")), "next"),
        ("a cookie without a name", format!("{name}; ={strangers}; {mine}"), "next"),
        ("another site's, not ASCII", format!("shop=Café; {mine}"), "next"),
    ] {
        for fields in [&[][..], PAGE] {
            let fields: Vec<_> = fields.iter().copied().chain([("cookie", cookies.as_str())]).collect();
            let got = world.get("/", &fields);
            assert_eq!(got.verdict(), expect, "{case}: {}", got.log());
        }
    }
    let got = world.get("/.archway/oidc/logout", &[("cookie", &format!("{mine}; {strangers}"))]);
    assert_eq!(got.verdict(), "200", "who sees no way out can still log out");
}

#[test]
fn an_answer_that_says_both_is_a_refusal() {
    let world = World::new();
    let (login, cookie) = world.begun("/");
    world.gives(&login, json!({}), json!({}));
    assert_eq!(world.back(&login, &cookie, "&error=access_denied").verdict(), "login-failed");
    assert!(world.calls("/token").is_empty());
}

#[test]
fn a_logout_goes_where_the_routes_say_and_ends_only_what_is_named() {
    let click = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate"), ("sec-fetch-user", "?1")];
    let world = World::with("after_logout = \"/bye\"");
    let session = world.signed_in(json!({}));
    let fields: Vec<_> = click.iter().copied().chain([("cookie", session.as_str())]).collect();
    let evil = "?post_logout_redirect_uri=https://evil.example&id_token_hint=x&client_id=evil";
    let got = world.get(&format!("/.archway/oidc/logout{evil}"), &fields);
    assert!(!got.location().contains("evil"), "{}", got.location());

    let world = World::new();
    let session = world.signed_in(json!({}));
    let token = signed(
        json!({ "alg": "ES256", "kid": "k", "typ": "logout+jwt" }),
        &json!({
            "iss": "https://login.example", "aud": "app", "sub": "ann", "iat": NOW_S, "exp": NOW_S + 60, "jti": "l1",
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} }
        }),
    );
    let url = "https://app.example/.archway/oidc/backchannel-logout";
    let none = [
        (format!("{url}?logout_token={token}"), String::new()),
        (url.to_owned(), format!("{{\"logout_token\":\"{token}\"}}")),
        (url.to_owned(), format!("logout_token={token}&logout_token={token}")),
        (url.to_owned(), format!("logout_token={}", token.replacen("eyJ", "eyK", 1))),
    ];
    for (url, body) in none {
        assert_eq!(world.send("POST", &url, &[], &body).verdict(), "login-failed", "{url} {body}");
    }
    world.scene.outside.clock.advance(6_000);
    assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), "next", "nothing has ended");
    assert_eq!(world.send("POST", url, &[], &format!("logout_token={token}")).verdict(), "200");
    world.scene.outside.clock.advance(6_000);
    assert_eq!(world.get("/", &[("cookie", &session)]).verdict(), "unauthenticated");
}

#[test]
fn a_session_is_its_own_policys_alone() {
    let (one, other) = (World::with("cookie = \"one\""), World::with("cookie = \"other\""));
    let session = one.signed_in(json!({}));
    let renamed = session.replace("one", "other");
    assert_eq!(one.get("/", &[("cookie", &session)]).verdict(), "next");
    for cookie in [&session, &renamed] {
        assert_eq!(other.get("/", &[("cookie", cookie)]).verdict(), "unauthenticated", "{cookie}");
    }
    let insecure = session.trim_start_matches("__Host-").to_owned();
    assert_eq!(one.get("/", &[("cookie", &insecure)]).verdict(), "unauthenticated", "a cookie that a neighbour may have set");
}
