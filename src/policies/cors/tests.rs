use super::*;
use crate::memory::Scene;
use futures::executor::block_on;

/// What a client is answered: the status and all fields about CORS, in the order of their names. An origin that speaks of CORS
/// itself stands behind the policy.
fn answered(toml: &str, method: &str, fields: &[(&str, &str)]) -> (u16, Vec<String>) {
    let scene = Scene::of(method, "https://api.example/", fields);
    let policy = scene.compile(toml, Cors::compile).unwrap();
    let (mut cx, mut request) = (scene.exchange(), scene.request());
    let mut response = match block_on(policy.on_request(&mut cx, &mut request)) {
        Ok(Flow::Respond(response)) => response,
        Ok(Flow::Next) => {
            cx.record.origin = Some("a.b".into());
            let mut response = Response::empty(StatusCode::OK);
            response.headers.insert("access-control-allow-origin", HeaderValue::from_static("https://origin.example"));
            response.headers.insert("access-control-allow-methods", HeaderValue::from_static("TRACE"));
            response.headers.insert("vary", HeaderValue::from_static("accept"));
            response
        }
        Err(error) => Response::empty(error.verdict().status),
    };
    block_on(policy.on_response(&mut cx, &mut response)).unwrap();
    cx.sign(&mut response);
    let about = |name: &str| name.starts_with("access-control-") || name == "vary";
    let lines = response.headers.iter().filter(|(name, _)| about(name.as_str()));
    let mut lines: Vec<String> = lines.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    (response.status.as_u16(), lines)
}

const APP: &str = "origins = ['https://app.example']\nheaders = ['x-a', 'x-b']\nexpose = ['x-c']\nmax_age = '10m'";
const ORIGIN: (&str, &str) = ("origin", "https://app.example");
const WANTED: (&str, &str) = ("access-control-request-method", "PUT");
const PREFLIGHT_VARY: &str = "vary: Access-Control-Request-Method, Access-Control-Request-Headers";

#[test]
fn a_preflight_is_answered() {
    let expect = [
        "access-control-allow-headers: x-a, x-b",
        "access-control-allow-methods: PUT",
        "access-control-allow-origin: https://app.example",
        "access-control-max-age: 600",
        PREFLIGHT_VARY,
        "vary: Origin",
    ];
    assert_eq!(answered(APP, "OPTIONS", &[ORIGIN, WANTED]), (204, expect.map(str::to_owned).to_vec()));
    let stranger = ("origin", "https://evil.example");
    assert_eq!(answered(APP, "OPTIONS", &[stranger, WANTED]), (403, vec!["vary: Origin".to_owned()]));
}

#[test]
fn a_preflight_says_what_is_allowed_even_where_that_is_not_enough() {
    let (status, lines) = answered("origins = ['*']\nmethods = ['GET', 'POST']", "OPTIONS", &[ORIGIN, WANTED]);
    let expect = ["access-control-allow-methods: GET, POST", "access-control-allow-origin: *", PREFLIGHT_VARY];
    assert_eq!((status, lines), (204, expect.map(str::to_owned).to_vec()));
}

#[test]
fn all_fields_means_those_that_are_asked_for() {
    let asked = ("access-control-request-headers", "authorization,x-z");
    let toml = "origins = ['https://app.example']\nheaders = ['*']\ncredentials = true";
    let (_, lines) = answered(toml, "OPTIONS", &[ORIGIN, WANTED, asked]);
    assert!(lines.contains(&"access-control-allow-headers: authorization,x-z".to_owned()), "{lines:?}");
    assert!(lines.contains(&"access-control-allow-credentials: true".to_owned()), "{lines:?}");
}

#[test]
fn other_requests_say_who_may_read_the_answer() {
    let rows: &[(&str, &str, &[&str])] = &[
        (
            APP,
            "https://app.example",
            &["access-control-allow-origin: https://app.example", "access-control-expose-headers: x-c", "vary: Origin", "vary: accept"],
        ),
        (APP, "https://evil.example", &["vary: Origin", "vary: accept"]),
        (APP, "null", &["vary: Origin", "vary: accept"]),
        (APP, "", &["vary: Origin", "vary: accept"]),
        ("origins = ['*']", "https://app.example", &["access-control-allow-origin: *", "vary: accept"]),
        ("origins = ['*']", "", &["vary: accept"]),
        ("origins = ['null']", "null", &["access-control-allow-origin: null", "vary: Origin", "vary: accept"]),
    ];
    for (toml, origin, expect) in rows {
        let fields = [("origin", *origin)];
        let (status, lines) = answered(toml, "GET", if origin.is_empty() { &[] } else { &fields });
        assert_eq!((status, lines.iter().map(String::as_str).collect::<Vec<_>>()), (200, expect.to_vec()), "{toml} {origin}");
    }
}

#[test]
fn options_that_are_no_preflight_go_on() {
    assert_eq!(answered(APP, "OPTIONS", &[ORIGIN]).0, 200);
    assert_eq!(answered(APP, "OPTIONS", &[WANTED]).0, 200);
}

#[test]
fn what_browsers_would_not_honour_is_refused() {
    let rows = [
        ("origins = []", "nobody is let in"),
        ("origins = ['*']\ncredentials = true", "name the origins"),
        ("origins = ['app.example']", "origins.0: `app.example` is not an origin"),
        ("origins = ['*']\nmethods = ['get']", "upper case"),
        ("origins = ['*']\nmethods = ['*']", "not a method"),
        ("origins = ['*']\nheaders = ['*', 'x-a']", "all the others"),
        ("origins = ['*']\nheaders = ['x a']", "headers.0"),
        ("origins = ['https://a.example']\ncredentials = true\nexpose = ['*']", "no wildcard"),
    ];
    Scene::refuses(&rows, Cors::compile);
}
