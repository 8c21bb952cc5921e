use super::*;
use crate::config::template::Template;
use crate::http::{Body, StatusCode};
use crate::memory::{Act, ChunkedBody, Outside, Reply, Scene, ScriptedOrigin, SeenCall};
use crate::routing::Route;
use futures::executor::block_on;

#[test]
fn urls_are_checked() {
    let rows = [
        ("https://a.example", Ok("https://a.example")),
        ("https://A.Example:8443/Base/", Ok("https://a.example:8443/Base")),
        ("http://[::1]:8080", Ok("http://[::1]:8080")),
        ("${BASE}/v1", Ok("https://b.example/v1")),
        ("ftp://a.example", Err("begins with")),
        ("a.example", Err("begins with")),
        ("https://", Err("names no host")),
        ("https:///x", Err("names no host")),
        ("https://user:pw@a.example", Err("user name")),
        ("https://a.example?x=1", Err("no query")),
        ("https://a.example/#x", Err("no query")),
        ("https://a.example:0", Err("port")),
        ("https://a.example:http", Err("port")),
        ("https://a.example/a/../b", Err("segments")),
        ("https://a.example\\\\x", Err("cannot stand")),
        ("${NOBODY}", Err("`NOBODY` is not set")),
    ];
    let scene = Scene::of("GET", "https://api.example/", &[]);
    scene.outside.environment.0.borrow_mut().insert("BASE".to_owned(), "https://b.example".to_owned());
    for (url, expect) in rows {
        let got = scene.compile(&format!("targets = [{{ url = \"{url}\" }}]"), HttpOrigin::compile);
        let got = got.map(|origin| origin.servers[0].base.clone());
        match expect {
            Ok(base) => assert_eq!(got.as_deref(), Ok(base), "{url}"),
            Err(part) => assert!(got.as_ref().is_err_and(|error| error.contains(part)), "{url}: {got:?}"),
        }
    }
    let rows = [
        ("targets = [{ url = 'https://a.example', weight = 0 }]", "weight above 0"),
        ("targets = [{ url = 'https://a.example' }]\npreserve_host = true", "preserve_host: the edge's runtime"),
    ];
    Scene::refuses(&rows, HttpOrigin::compile);
}

/// One call of an origin: what is asked, and how.
struct Call<'a> {
    toml: &'a str,
    rewrite: Option<&'static str>,
    url: &'static str,
    method: &'static str,
    body: Body,
    body_max: Option<u64>,
}

impl Default for Call<'_> {
    fn default() -> Self {
        let toml = "targets = [{ url = \"https://a.example/base\" }]";
        Self { toml, rewrite: None, url: "https://api.example/x/1?q=2", method: "GET", body: Body::Empty, body_max: None }
    }
}

impl Call<'_> {
    fn made(self, outside: Outside) -> (Result<Response, GatewayError>, Vec<SeenCall>) {
        let mut scene = Scene::of(self.method, self.url, &[("host", "api.example")]);
        scene.ports = outside.ports();
        let mut cx = scene.exchange();
        cx.body_max = self.body_max;
        cx.params = vec![("id".to_owned(), "1".to_owned())];
        cx.route = Some(Rc::new(Route {
            id: "a: GET /x/{id}".into(),
            api: "a".into(),
            path: "/x/{id}".into(),
            conditions: "".into(),
            chain: Rc::new([]),
            origin_id: "a.b".into(),
            origin: Err(String::new()),
            rewrite: self.rewrite.map(|text| Template::parse(text).unwrap()),
        }));
        let request = Request { body: self.body, ..scene.request() };
        let origin = scene.compile(self.toml, HttpOrigin::compile).unwrap();
        (block_on(origin.call(&mut cx, request)), outside.fetch.take_calls())
    }
}

fn answering(reply: Reply) -> Outside {
    let outside = Outside::at(0);
    outside.fetch.answer("a.example", reply);
    outside
}

#[test]
fn the_url_is_joined_of_base_path_and_query() {
    let rows = [
        (None, "https://api.example/x/1?q=2", "https://a.example/base/x/1?q=2"),
        (None, "https://api.example/x/1", "https://a.example/base/x/1"),
        (Some("/internal{path}"), "https://api.example/x/1?q=2", "https://a.example/base/internal/x/1?q=2"),
        (Some("/y/{id}.json"), "https://api.example/x/1", "https://a.example/base/y/1.json"),
    ];
    for (rewrite, url, expect) in rows {
        let (_, calls) = Call { rewrite, url, ..Call::default() }.made(answering(Reply::default()));
        assert_eq!(calls[0].url, expect);
    }
}

#[test]
fn host_is_the_targets() {
    let (_, calls) = Call::default().made(answering(Reply::default()));
    assert!(!calls[0].headers.contains_key(header::HOST));
    assert_eq!(calls[0].headers.get("x-forwarded-host").and_then(|host| host.to_str().ok()), Some("api.example"));
}

#[test]
fn a_response_is_passed_on_as_it_is() {
    let headers =
        [("location", "https://a.example/y"), ("connection", "x-hop"), ("x-hop", "1"), ("set-cookie", "a=1"), ("set-cookie", "b=2")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let outside = answering(Reply { status: 302, headers, body: "moved".to_owned(), after_ms: 0 });
    let response = Call::default().made(outside).0.unwrap();
    assert_eq!(response.status, StatusCode::FOUND);
    assert_eq!(response.header("location"), Some("https://a.example/y"));
    assert_eq!(response.header("via"), Some("1.1 archway"));
    assert_eq!(response.headers.get_all("set-cookie").iter().count(), 2);
    assert!(!response.headers.contains_key("x-hop"));
}

#[test]
fn what_goes_wrong_is_the_origins_fault_and_stays_in_the_log() {
    let slow = Act::Answer(Reply { after_ms: 30_001, ..Reply::default() });
    let refuses = Act::Refuse("ECONNREFUSED 10.1.2.3".to_owned());
    let rows = [
        (slow, GatewayError::OriginTimeout { log: "a.example: no answer within 30000 ms".to_owned() }),
        (refuses, GatewayError::OriginUnreachable { log: "a.example: ECONNREFUSED 10.1.2.3".to_owned() }),
    ];
    for (act, expect) in rows {
        let outside = Outside::at(0);
        let acts = [act].into();
        outside.fetch.origins.borrow_mut().push(ScriptedOrigin { authority: "a.example".to_owned(), path: None, acts });
        assert_eq!(Call::default().made(outside).0.unwrap_err(), expect);
    }
}

#[test]
fn a_body_that_runs_past_its_cap_is_refused() {
    let rows = [(Some(4), true), (Some(6), false), (None, false)];
    for (body_max, refused) in rows {
        let call = Call { body_max, method: "POST", body: ChunkedBody::body(&["abc", "def"]), ..Call::default() };
        let (got, calls) = call.made(answering(Reply::default()));
        match got {
            Err(error) => assert_eq!((error, refused), (GatewayError::BodyTooLarge { max: 4 }, true)),
            Ok(_) => assert!(!refused && calls[0].body.as_ref() == b"abcdef"),
        }
    }
}
