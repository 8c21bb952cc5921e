use futures::executor::block_on;
use serde_json::json;

use super::*;
use crate::auth::consumer::Consumer;
use crate::memory::{Fault, Scene};

const NOW: &str = "2026-11-25T00:00:00Z";

fn key(environment: &str, seed: u8) -> String {
    api_key::make(environment, &[seed; api_key::RANDOM])
}

/// Acme with one key of each kind, and somebody who is disabled.
fn consumers() -> Vec<Consumer> {
    let of = |seed: u8, environment: &str, term: serde_json::Value| {
        let key = key(environment, seed);
        json!({ "id": api_key::read(&key).unwrap().id, "hash": api_key::digest(&key), "term": term })
    };
    let acme = json!({
        "name": "acme", "groups": ["partners"], "roles": ["reader"], "scopes": ["orders:read"],
        "claims": { "sub": "acme", "plan": "gold", "odd": "é" },
        "keys": [
            of(1, "live", json!({})),
            of(2, "live", json!({ "expires": "2026-11-25" })),
            of(3, "live", json!({ "not_before": "2026-11-26" })),
            of(4, "live", json!({ "disabled": true })),
            of(5, "test", json!({ "expires": "2027-01-01" })),
        ],
    });
    let gone = json!({ "name": "gone", "disabled": true, "claims": { "sub": "gone" }, "keys": [of(6, "live", json!({}))] });
    serde_json::from_value(json!([acme, gone])).unwrap()
}

struct World {
    scene: Scene,
    policy: ApiKey,
}

impl World {
    fn of(config: &str, url: &str, fields: &[(&str, &str)]) -> Self {
        let scene = Scene::of("GET", url, fields);
        scene.outside.clock.advance(NOW.parse::<crate::config::timestamp::Timestamp>().unwrap().ms());
        scene.outside.consumers.set(consumers());
        let policy = scene.compile(config, ApiKey::compile).unwrap();
        Self { scene, policy }
    }

    fn run(&self) -> (Result<(), GatewayError>, Exchange<'_>, Request) {
        let (mut cx, mut request) = (self.scene.exchange(), self.scene.request());
        let flow = block_on(self.policy.on_request(&mut cx, &mut request));
        (flow.map(|_| ()), cx, request)
    }

    fn code(&self) -> &'static str {
        self.run().0.err().map_or("passes", |error| error.verdict().code)
    }
}

fn check(config: &str, query: &str, fields: &[(&str, &str)], expect: &str) {
    let world = World::of(config, &format!("https://api.example/a{query}"), fields);
    assert_eq!(world.code(), expect, "{config} {query} {fields:?}");
}

#[test]
fn each_key_has_its_answer() {
    let mistyped = {
        let mut text = key("live", 1);
        text.replace_range(30..31, if &text[30..31] == "a" { "b" } else { "a" });
        text
    };
    // A right checksum under a known id, and another secret.
    let forged = {
        let mut random = [1; api_key::RANDOM];
        random[20] = 9;
        api_key::make("live", &random)
    };
    for (text, expect) in [
        (key("live", 1), "passes"),
        (key("test", 5), "passes"),
        (key("live", 2), "credential-expired"),
        (key("live", 3), "credential-expired"),
        (key("live", 4), "credential-disabled"),
        (key("live", 6), "credential-disabled"),
        (key("live", 7), "credential-unknown"),
        (key("test", 1), "credential-unknown"),
        (forged, "credential-unknown"),
        (mistyped, "credential-unknown"),
        ("ghp_0123456789".to_owned(), "credential-unknown"),
        (api_key::digest(&key("live", 1)), "credential-unknown"),
        (format!("{},{}", key("live", 1), key("live", 1)), "credential-unknown"),
        (String::new(), "credential-unknown"),
    ] {
        check("", "", &[("x-api-key", &text)], expect);
        check("", "", &[("authorization", &format!("Bearer {text}"))], expect);
    }
    check("", "", &[], "unauthenticated");
    check("", "", &[("authorization", "Basic YTpi")], "unauthenticated");
}

#[test]
fn a_text_that_is_no_key_is_refused_without_a_look_up() {
    for (text, calls) in [("awk_live_a_b", 0), ("eyJhbGciOiJub25lIn0.e30.", 0), (&*key("live", 7), 1)] {
        let world = World::of("", "https://api.example/", &[("x-api-key", text)]);
        assert_eq!((world.code(), world.scene.outside.consumers.calls.get()), ("credential-unknown", calls), "{text}");
    }
}

#[test]
fn a_key_stands_where_it_may_and_in_one_piece() {
    let (one, other) = (&*key("live", 1), &*key("test", 5));
    let bearer = |key: &str| format!("Bearer {key}");
    let everywhere = r#"key = ["bearer", { header = "x-api-key" }, { query = "api_key" }, { cookie = "key" }]"#;
    let query = format!("?api_key={one}");
    for (config, query, fields, expect) in [
        ("", "", vec![("x-api-key", one), ("x-api-key", one)], "passes"),
        ("", "", vec![("x-api-key", one), ("authorization", &bearer(one))], "passes"),
        ("", "", vec![("x-api-key", one), ("x-api-key", other)], "credentials-unclear"),
        ("", "", vec![("x-api-key", one), ("authorization", &bearer(other))], "credentials-unclear"),
        ("", "", vec![("x-api-key", "nonsense"), ("authorization", &bearer(one))], "credentials-unclear"),
        ("", "", vec![("authorization", "Bearer eyJ.eyJ.sig"), ("x-api-key", one)], "passes"),
        ("", "", vec![("authorization", &bearer(one)), ("authorization", &bearer(one))], "credentials-unclear"),
        ("", "", vec![("x-api-key", "é")], "credentials-unclear"),
        ("", &query, vec![], "unauthenticated"),
        (everywhere, &query, vec![], "passes"),
        (everywhere, &query, vec![("x-api-key", other)], "credentials-unclear"),
        (everywhere, "", vec![("cookie", &format!("a=b; key={one}"))], "passes"),
        (r#"key = [{ header = "x-key" }]"#, "", vec![("x-api-key", one)], "unauthenticated"),
        (r#"key = [{ header = "x-key" }]"#, "", vec![("x-key", one)], "passes"),
    ] {
        check(config, query, &fields, expect);
    }
}

#[test]
fn the_origin_sees_no_key_and_what_it_is_told() {
    let one = &*key("live", 1);
    let config = r#"
        key = ["bearer", { header = "x-api-key" }, { query = "k" }]
        forward = { "x-user" = "sub", "x-plan" = "plan", "x-odd" = "odd", "x-none" = "none" }"#;
    let fields = [("x-api-key", one), ("authorization", &*format!("Bearer {one}")), ("x-user", "root"), ("x_plan", "free")];
    let world = World::of(config, &format!("https://api.example/a?k={one}&b=c"), &fields);
    let (flow, cx, request) = world.run();
    assert_eq!(flow, Ok(()));
    let told: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(told, [("x-plan", "gold"), ("x-user", "acme")]);
    assert_eq!(request.target.query.as_deref(), Some("b=c"));
    let identity = cx.identity.unwrap();
    assert_eq!((identity.kind, &*identity.subject, identity.consumer.as_deref()), ("api_key", "acme", Some("acme")));
    assert_eq!(
        (&*identity.scopes, &*identity.roles, &*identity.groups),
        (&["orders:read".to_owned()][..], &["reader".to_owned()][..], &["partners".to_owned()][..])
    );
    assert_eq!(cx.record.consumer.as_deref(), Some("acme"));
    let credential = cx.record.credential.unwrap();
    assert_eq!(credential, format!("key {}", api_key::read(one).unwrap().id));
    assert!(cx.record.notes.iter().all(|note| !note.contains(one)) && cx.record.notes[0].contains("odd"));
    // A token beside the key is another policy's, and stays.
    let world = World::of("", "https://api.example/", &[("x-api-key", one), ("authorization", "Bearer eyJ.eyJ.sig")]);
    assert_eq!(world.run().2.header("authorization"), Some("Bearer eyJ.eyJ.sig"));
}

#[test]
fn a_right_key_may_be_for_something_else() {
    for (config, seed, environment, expect) in [
        (r#"environments = ["live"]"#, 1, "live", "passes"),
        (r#"environments = ["live"]"#, 5, "test", "credential-not-allowed"),
        (r#"environments = ["live", "test"]"#, 5, "test", "passes"),
        (r#"consumers = ["acme"]"#, 1, "live", "passes"),
        (r#"consumers = ["other"]"#, 1, "live", "credential-not-allowed"),
        (r#"groups = ["partners", "staff"]"#, 1, "live", "passes"),
        (r#"groups = ["staff"]"#, 1, "live", "credential-not-allowed"),
        (r#"groups = ["staff"]"#, 2, "live", "credential-expired"),
        (r#"environments = ["live"]"#, 7, "test", "credential-unknown"),
    ] {
        check(config, "", &[("x-api-key", &key(environment, seed))], expect);
    }
}

#[test]
fn refusals_say_how_to_do_better_and_nothing_of_the_key() {
    let (unknown, one) = (key("live", 7), key("live", 1));
    for (config, fields, expect) in [
        ("", vec![], Some(r#"Bearer realm="A""#)),
        (
            "",
            vec![("x-api-key", &*unknown)],
            Some(r#"Bearer realm="A", error="invalid_token", error_description="The API key is malformed, unknown, expired or disabled.""#),
        ),
        (r#"key = [{ header = "x-api-key" }]"#, vec![], Some(r#"ApiKey realm="A""#)),
        (r#"groups = ["staff"]"#, vec![("x-api-key", &*one)], None),
    ] {
        let verdict = World::of(config, "https://api.example/", &fields).run().0.unwrap_err().verdict();
        let challenge = verdict.headers.iter().find(|(name, _)| name == "www-authenticate").map(|(_, value)| value.to_str().unwrap());
        assert_eq!(challenge, expect, "{config}");
        assert!(!verdict.log.contains(&*unknown) && !verdict.log.contains(&*one), "{}", verdict.log);
    }
}

#[test]
fn consumers_that_cannot_be_asked_are_an_outage() {
    for (fault, text, expect) in [
        (Fault::Before, key("live", 1), "policy-unavailable"),
        (Fault::After, key("live", 1), "policy-unavailable"),
        (Fault::Before, "nonsense".to_owned(), "credential-unknown"),
    ] {
        let world = World::of("", "https://api.example/", &[("x-api-key", &text)]);
        world.scene.outside.consumers.fault.set(fault);
        assert_eq!(world.code(), expect, "{fault:?}");
    }
}

#[test]
fn what_cannot_work_is_said() {
    Scene::refuses(
        &[
            ("key = []", "key: it may stand nowhere"),
            (r#"key = ["bearer", "bearer"]"#, "key.1"),
            (r#"key = [{ header = "authorization" }]"#, "write \"bearer\""),
            (r#"environments = ["live", "Test"]"#, "environments.1: `Test` is not an environment"),
            (r#"consumers = [""]"#, "consumers.0"),
            (r#"groups = ["a", ""]"#, "groups.1"),
            (r#"forward = { "x-api-key" = "sub" }"#, "the key is read from this field"),
            (r#"forward = { "cookie" = "sub" }"#, "has a use of its own"),
            (r#"keys = ["bearer"]"#, "unknown field"),
        ],
        ApiKey::compile,
    );
}
