use super::*;
use crate::auth::identity::Identity;
use crate::http::StatusCode;
use crate::memory::Scene;
use futures::executor::block_on;
use serde_json::json;

const SENT: &[(&str, &str)] = &[("x-old", "1"), ("x-old", "2"), ("x-keep", "k")];

/// The changed fields as lines, of the request and of a response that began with the same ones.
fn changed(toml: &str) -> (Vec<String>, Vec<String>) {
    let scene = Scene::of("GET", "https://api.example/v1/7?q=1", SENT);
    let policy = scene.compile(toml, Headers::compile).unwrap();
    let (mut cx, mut request) = (scene.exchange(), scene.request());
    cx.request_id = "id-1".to_owned();
    cx.params = vec![("id".to_owned(), "7".to_owned())];
    let claims = json!({ "sub": "ann", "odd": "a\nb", "org": { "tenant": "t1" }, "groups": ["a", "b"] });
    cx.identity = Some(Identity {
        kind: "jwt",
        subject: "ann".to_owned(),
        claims: claims.as_object().unwrap().clone().into(),
        ..Identity::default()
    });
    let mut response = Response { headers: request.headers.clone(), ..Response::empty(StatusCode::OK) };
    block_on(policy.on_request(&mut cx, &mut request)).unwrap();
    block_on(policy.on_response(&mut cx, &mut response)).unwrap();
    let lines = |headers: &HeaderMap| headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    (lines(&request.headers), lines(&response.headers))
}

#[test]
fn fields_are_removed_set_and_added() {
    let rows: &[(&str, &[&str])] = &[
        ("remove = ['X-Old']", &["x-keep: k"]),
        ("set = { x-old = 'new' }", &["x-old: new", "x-keep: k"]),
        ("add = { x-keep = 'more' }\nremove = ['x-old']", &["x-keep: k", "x-keep: more"]),
        ("set = { x-old = '{claim.absent}' }", &["x-keep: k"]),
        ("set = { x-old = '{claim.odd}' }", &["x-keep: k"]),
        ("add = { x-keep = '{claim.absent}' }\nremove = ['x-old']", &["x-keep: k"]),
        ("set = { x-old = '{id}-{claim.org.tenant}-{claim.groups}' }", &["x-old: 7-t1-a,b", "x-keep: k"]),
        (
            "set = { x-old = '{request_id} {client_ip} {method} {host} {path} {query}' }",
            &["x-old: id-1 192.0.2.7 GET api.example /v1/7 q=1", "x-keep: k"],
        ),
        ("set = { x-old = '{{plain}}' }", &["x-old: {plain}", "x-keep: k"]),
    ];
    let unchanged = ["x-old: 1", "x-old: 2", "x-keep: k"];
    for (toml, expect) in rows {
        let (request, response) = changed(&format!("[request]\n{toml}"));
        assert_eq!((request.as_slice(), response.as_slice()), (&expect.map_owned()[..], &unchanged.map(str::to_owned)[..]), "{toml}");
        let (request, response) = changed(&format!("[response]\n{toml}"));
        assert_eq!((request.as_slice(), response.as_slice()), (&unchanged.map(str::to_owned)[..], &expect.map_owned()[..]), "{toml}");
    }
}

trait MapOwned {
    fn map_owned(&self) -> Vec<String>;
}

impl MapOwned for &[&str] {
    fn map_owned(&self) -> Vec<String> {
        self.iter().map(|line| (*line).to_owned()).collect()
    }
}

#[test]
fn names_and_values_are_checked() {
    let rows = [
        ("", "changes anything"),
        ("[request]", "changes anything"),
        ("request.set = { 'a b' = '1' }", "request.set.a b: `a b` is not"),
        ("request.set = { Connection = 'close' }", "belongs to the connection"),
        ("response.add = { content-length = '1' }", "follows from the body"),
        ("request.set = { host = 'x' }", "X-Forwarded-Host"),
        ("request.set = { x-request-id = 'x' }", "`request_id` policy"),
        ("response.remove = ['a', 'b c']", "response.remove.1"),
        ("request.set = { x = \"a\\nb\" }", "control characters"),
        ("request.set = { x = \"{id}\\r\" }", "control characters"),
        ("request.set = { x = '{nothing' }", "not closed"),
        ("request.set = { x = '${NOBODY}' }", "`NOBODY` is not set"),
        ("request.sets = {}", "unknown field"),
    ];
    Scene::refuses(&rows, Headers::compile);
}

#[test]
fn what_templates_read_is_told_to_the_compiler() {
    let scene = Scene::of("GET", "https://api.example/", &[]);
    let config: Config = toml::from_str("request.set = { a = '{id}{claim.sub}' }").unwrap();
    let mut compiler = Compiler::new(&*scene.outside.environment, "a.b", "A");
    Headers::compile(config, &mut compiler).unwrap();
    assert!(compiler.needs.identity && compiler.needs.params.contains("id"));
}
