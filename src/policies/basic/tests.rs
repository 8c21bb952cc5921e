use std::sync::LazyLock;

use futures::executor::block_on;
use serde_json::json;

use super::*;
use crate::auth::consumer::Consumer;
use crate::auth::password::{Parameters, scrypt};
use crate::memory::{Fault, Scene};
use crate::policies::Mode;
use crate::policies::guard::Guarded;
use crate::policies::guessing::{Guessing, SharedTallies};

/// The hash of `sesame`, made once, since making it takes its time.
static SESAME: LazyLock<String> = LazyLock::new(|| {
    let parameters = Parameters { ln: 13, r: 8, p: 10 };
    let hash = scrypt(b"sesame", &[7; 16], parameters).unwrap();
    PasswordHash::of(parameters, vec![7; 16], hash).to_string()
});

fn consumers() -> Vec<Consumer> {
    let user = |name: &str, term: serde_json::Value| json!({ "name": name, "password": *SESAME, "term": term });
    let acme = json!({
        "name": "acme", "groups": ["partners"], "claims": { "sub": "acme" },
        "users": [
            user("ann", json!({})),
            user("zoé", json!({})),
            user("off", json!({ "disabled": true })),
            user("old", json!({ "expires": "1970-01-01" })),
            json!({ "name": "broken", "password": "nonsense" }),
        ],
    });
    serde_json::from_value(json!([acme])).unwrap()
}

fn field(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}")))
}

struct World {
    scene: Scene,
    policy: Basic,
}

impl World {
    fn of(config: &str) -> Self {
        let scene = Scene::of("GET", "https://api.example/", &[]);
        scene.outside.consumers.set(consumers());
        let policy = scene.compile(config, Basic::compile).unwrap();
        Self { scene, policy }
    }

    /// The code of the answer, and what the origin would see of Authorization.
    fn code(&self, fields: &[&str]) -> (&'static str, Option<String>) {
        let (mut cx, mut request) = (self.scene.exchange(), self.scene.request());
        for field in fields {
            request.headers.append(header::AUTHORIZATION, HeaderValue::from_str(field).unwrap());
        }
        let flow = block_on(self.policy.on_request(&mut cx, &mut request));
        let seen = request.header("authorization").map(str::to_owned);
        assert_eq!(flow.is_ok(), cx.identity.is_some());
        (flow.err().map_or("passes", |error| error.verdict().code), seen)
    }

    fn hashed(&self) -> usize {
        self.scene.outside.passwords.calls.get()
    }
}

#[test]
fn each_pair_has_its_answer() {
    let world = World::of("");
    for (user, password, expect) in [
        ("ann", "sesame", "passes"),
        ("zoé", "sesame", "passes"),
        ("ann", "Sesame", "credential-unknown"),
        ("ann", "", "credential-unknown"),
        ("ann", "sesame ", "credential-unknown"),
        ("Ann", "sesame", "credential-unknown"),
        ("", "", "credential-unknown"),
        ("ann:sesame", "", "credential-unknown"),
        ("nobody", "sesame", "credential-unknown"),
        ("broken", "nonsense", "credential-unknown"),
        ("off", "sesame", "credential-disabled"),
        ("off", "wrong", "credential-unknown"),
        ("old", "sesame", "credential-expired"),
    ] {
        assert_eq!(world.code(&[&field(user, password)]).0, expect, "{user}:{password}");
    }
    assert_eq!(world.code(&[&field("ann", "sesame")]), ("passes", None), "the origin sees no password");
}

#[test]
fn what_is_no_pair_is_refused_without_hashing() {
    let world = World::of("");
    for (fields, expect) in [
        (vec![], "unauthenticated"),
        (vec!["Bearer eyJ"], "unauthenticated"),
        (vec!["Basicz YTpi"], "unauthenticated"),
        (vec!["Basic"], "credential-unknown"),
        (vec!["Basic !"], "credential-unknown"),
        (vec!["Basic YW5u"], "credential-unknown"),
        (vec!["Basic /zph"], "credential-unknown"),
        (vec!["Basic YQA6Yg=="], "credential-unknown"),
        (vec!["Basic YTpi", "Basic YTpi"], "credentials-unclear"),
        (vec!["Basic YTpi", "Bearer eyJ"], "credentials-unclear"),
    ] {
        assert_eq!(world.code(&fields).0, expect, "{fields:?}");
    }
    assert_eq!(world.hashed(), 0);
}

#[test]
fn the_field_is_read_as_clients_write_it() {
    for (field, expect) in [
        ("Basic YTpi", ("a", "b")),
        ("bAsIc   YTpi", ("a", "b")),
        ("Basic YW5uOg", ("ann", "")),
        ("Basic YW5uOg==", ("ann", "")),
        ("Basic YTpiOmM=", ("a", "b:c")),
        ("Basic dGVzdDoxMjPCow==", ("test", "123£")),
    ] {
        let mut request = Scene::of("GET", "https://api.example/", &[("authorization", field)]).request();
        let expect = Carried::Pair { user: expect.0.to_owned(), password: expect.1.to_owned() };
        assert_eq!(carried(&request), expect, "{field}");
        request.headers.clear();
        assert_eq!(carried(&request), Carried::Nothing);
    }
}

#[test]
fn nobody_costs_as_much_as_a_wrong_password_and_a_right_one_costs_once() {
    let world = World::of("");
    let cost = |user: &str, password: &str| {
        let before = world.hashed();
        world.code(&[&field(user, password)]);
        world.hashed() - before
    };
    assert_eq!((cost("ann", "wrong"), cost("nobody", "wrong"), cost("broken", "wrong")), (1, 1, 1));
    assert_eq!((cost("ann", "sesame"), cost("ann", "sesame")), (1, 0));
    assert_eq!(cost("ann", "wrong"), 1, "only the right one is remembered");
    world.scene.outside.clock.advance(crate::auth::proven::LONGEST_MS);
    assert_eq!(cost("ann", "sesame"), 1, "and not for ever");
    world.scene.outside.consumers.set(Vec::new());
    assert_eq!(world.code(&[&field("ann", "sesame")]).0, "credential-unknown", "nor when the user is gone");
}

#[test]
fn a_held_caller_costs_no_hashing() {
    let world = World::of("");
    let World { scene, policy } = world;
    let guarded = Guarded {
        when: None,
        id: "a.basic".into(),
        kind: "basic",
        mode: Mode::Enforce,
        on_error: OnError::Deny,
        guessing: Some(Guessing::new("2/min".parse().unwrap(), &SharedTallies::default())),
        policy: Ok(std::rc::Rc::new(policy)),
    };
    let run = |address: &str, user: &str, password: &str| {
        let (mut cx, mut request) = (scene.exchange(), scene.request());
        cx.client.address = Some(address.parse().unwrap());
        request.headers.insert(header::AUTHORIZATION, field(user, password).parse().unwrap());
        block_on(guarded.on_request(&mut cx, &mut request)).map_or_else(|error| error.verdict().status.as_u16(), |_| 200)
    };
    assert_eq!(run("192.0.2.9", "ann", "sesame"), 200);
    let calls = || scene.outside.passwords.calls.get();
    for (address, user) in [("192.0.2.1", "ann"), ("192.0.2.2", "ann")] {
        assert_eq!(run(address, user, "wrong"), 401);
    }
    let before = calls();
    assert_eq!(run("192.0.2.3", "ann", "sesame"), 429, "the account is held, from everywhere");
    assert_eq!(run("192.0.2.9", "ann", "sesame"), 200, "but not for whom has just proven the same");
    assert_eq!(run("192.0.2.9", "ann", "wrong"), 429);
    assert_eq!(calls(), before);
    for user in ["x", "y"] {
        assert_eq!(run("192.0.2.4", user, "wrong"), 401);
    }
    assert_eq!(run("192.0.2.4", "zoé", "sesame"), 429, "the address is held, whatever the account");
    for user in ["x", "y"] {
        run("192.0.2.9", user, "wrong");
    }
    assert_eq!(run("192.0.2.9", "ann", "sesame"), 429, "what is remembered is no way to try passwords out");
    scene.outside.guesses.fault.set(Fault::Before);
    let before = calls();
    assert_eq!(run("192.0.2.5", "zoé", "wrong"), 503, "who cannot be counted is not proven");
    assert_eq!(calls(), before);
}

#[test]
fn a_right_pair_may_be_for_something_else_and_outages_are_told() {
    assert_eq!(World::of(r#"groups = ["partners"]"#).code(&[&field("ann", "sesame")]).0, "passes");
    assert_eq!(World::of(r#"groups = ["staff"]"#).code(&[&field("ann", "sesame")]).0, "credential-not-allowed");
    let world = World::of("");
    world.scene.outside.passwords.fault.set(Fault::After);
    assert_eq!(world.code(&[&field("ann", "sesame")]).0, "policy-unavailable");
    world.scene.outside.passwords.fault.set(Fault::None);
    world.scene.outside.consumers.fault.set(Fault::Before);
    assert_eq!(world.code(&[&field("ann", "sesame")]).0, "policy-unavailable");
}

#[test]
fn the_challenge_is_that_of_the_scheme_and_the_log_has_no_secret() {
    let world = World::of("");
    for user in ["ann", "nobody"] {
        let (mut cx, mut request) = (world.scene.exchange(), world.scene.request());
        request.headers.insert(header::AUTHORIZATION, field(user, "hunter2").parse().unwrap());
        let verdict = block_on(world.policy.on_request(&mut cx, &mut request)).unwrap_err().verdict();
        assert!(!verdict.log.contains("hunter2"), "{}", verdict.log);
        let (name, value) = &verdict.headers[0];
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("www-authenticate", r#"Basic realm="A", charset="UTF-8""#));
    }
}
