use std::rc::Rc;

use futures::executor::block_on;

use super::*;
use crate::auth::identity::Identity;
use crate::config::runtime::Settings;
use crate::error::GatewayError;
use crate::exchange::Connection;
use crate::gateway::Incoming;
use crate::http::Target;
use crate::memory::{ChunkedBody, Fault, Outside};
use crate::policies::{Mode, OnError, guard::Guarded};
use crate::ports::Ports;
use crate::routing::Route;

mod properties;
mod sequences;

/// Fri, 15 Jan 2027 08:00:00 GMT
const START_MS: u64 = 1_800_000_000_000;

/// A cache policy, its store, and one request after the other.
struct Edge {
    outside: Outside,
    ports: Ports,
    policy: Guarded,
}

/// What came of one request.
#[derive(Debug)]
struct Got {
    response: Response,
    /// What the origin saw of the request's header fields, if it was asked.
    origin_saw: Option<HeaderMap>,
    cache: Option<&'static str>,
    notes: Vec<String>,
}

fn fields(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in text.split(" | ").filter_map(|field| field.split_once(": ")) {
        headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    headers
}

fn compile(config: &str) -> Result<Cache, ConfigError> {
    let config: Config = serde_json::from_str(config).unwrap();
    Cache::compile(config, &mut Compiler::new(&*Outside::at(0).environment, "shop.stored", ""))
}

impl Edge {
    fn with(config: &str) -> Self {
        let policy = Rc::new(compile(config).unwrap());
        let policy = Guarded {
            id: "shop.stored".into(),
            kind: "cache",
            mode: Mode::Enforce,
            on_error: OnError::Allow,
            guessing: None,
            when: None,
            policy: Ok(policy),
        };
        let outside = Outside::at(START_MS);
        Self { ports: outside.ports(), outside, policy }
    }

    /// Sends `METHOD URL | name: value | ...`; `as: SUBJECT` is an identity, `if: TEXT` the route's conditions. The origin answers
    /// `STATUS BODY | name: value | ...`; `refuse` is a refusal of a policy after this one.
    fn send(&self, request: &str, origin: &str) -> Result<Got, GatewayError> {
        let settings = Settings::default();
        let (line, rest) = request.split_once(" | ").unwrap_or((request, ""));
        let (method, url) = line.split_once(' ').unwrap();
        let mut headers = fields(rest);
        let subject = headers.remove("as").map(|value| value.to_str().unwrap().to_owned());
        let conditions = headers.remove("if").map_or_else(String::new, |value| value.to_str().unwrap().to_owned());
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("https://shop.example{url}");
        let incoming = Incoming {
            method: method.clone(),
            url: url.clone(),
            headers: headers.clone(),
            body: Body::Empty,
            client: Connection::default(),
            edge: Default::default(),
        };
        let mut cx = Exchange::begin(&self.ports, &settings, &incoming);
        let target = Target::parse(&url, settings.encoded_slash).unwrap();
        cx.target = Some(target.clone());
        cx.identity = subject.map(|subject| Identity { kind: "jwt", subject, issuer: Some("issuer".to_owned()), ..Identity::default() });
        cx.route = Some(Rc::new(Route {
            id: "shop: /a".into(),
            api: "shop".into(),
            path: "/a".into(),
            conditions: conditions.as_str().into(),
            chain: Rc::new([]),
            origin_id: "shop.origin".into(),
            origin: Err(String::new()),
            rewrite: None,
        }));
        let mut request = Request { method, target, headers, body: Body::Empty };
        let mut origin_saw = None;
        let mut response = match block_on(self.policy.on_request(&mut cx, &mut request))? {
            Flow::Respond(response) => response,
            Flow::Next if origin == "refuse" => {
                let error = GatewayError::Forbidden { challenge: None, detail: "", log: String::new() };
                crate::http::problem::response(&mut cx, &error, None)
            }
            Flow::Next => {
                origin_saw = Some(request.headers);
                answer(origin)
            }
        };
        block_on(self.policy.on_response(&mut cx, &mut response))?;
        block_on(self.outside.background.run());
        // A body that breaks off breaks off at the client too.
        let _ = block_on(response.body.read(u64::MAX));
        Ok(Got { response, origin_saw, cache: cx.record.cache, notes: cx.record.notes })
    }

    /// Sends a request and compares `STATUS BODY [Cache-Status] Age`.
    fn check(&self, at_s: u64, request: &str, origin: &str, expect: &str) {
        self.outside.clock.0.set(START_MS + at_s * 1_000);
        let got = match self.send(request, origin) {
            Ok(got) => {
                assert!(got.origin_saw.is_none() || !origin.is_empty(), "{request} at {at_s} s went to the origin");
                described(&got)
            }
            Err(error) => error.verdict().code.to_owned(),
        };
        assert_eq!(got, expect, "{request} at {at_s} s");
    }
}

fn answer(origin: &str) -> Response {
    let (line, rest) = origin.split_once(" | ").unwrap_or((origin, ""));
    let (status, body) = line.split_once(' ').unwrap_or((line, ""));
    let mut stream = ChunkedBody::default();
    stream.chunks.push_back(bytes::Bytes::copy_from_slice(body.as_bytes()));
    stream.breaks = (body == "breaks").then(|| "reset".to_owned());
    let body = Body::Native(Box::new(stream));
    Response { status: StatusCode::from_bytes(status.as_bytes()).unwrap(), headers: fields(rest), body }
}

fn body(got: &Got) -> &str {
    match &got.response.body {
        Body::Full(bytes) => std::str::from_utf8(bytes).unwrap(),
        _ => "",
    }
}

fn header(got: &Got, name: &str) -> String {
    got.response.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(", ")
}

fn described(got: &Got) -> String {
    let status = header(got, "cache-status").replace("archway; ", "");
    format!("{} {} [{status}] {}", got.response.status.as_u16(), body(got), header(got, "age")).trim().to_owned()
}

#[test]
fn a_hit_is_the_stored_response_with_the_fields_the_origin_gave_it() {
    let edge = Edge::with("{}");
    let own = "content-type: text/plain | cache-control: public, max-age=60 | etag: \"1\" | vary: accept | expires: 0 | pragma: x";
    edge.send("GET /a | accept: a", &format!("200 one | {own}")).unwrap();
    edge.outside.clock.advance(10_500);
    let got = edge.send("GET /a | accept: a", "").unwrap();
    let mut expect = fields(own);
    expect.extend(fields("date: Fri, 15 Jan 2027 08:00:00 GMT | age: 10 | cache-status: archway; hit; ttl=50"));
    assert_eq!((got.response.headers, got.cache), (expect, Some("hit")));
}

#[test]
fn a_configured_ttl_is_told_to_clients() {
    for (config, request, expect) in [
        (r#"{"ttl":"5m"}"#, "GET /a", "max-age=300"),
        (r#"{"ttl":"5m"}"#, "GET /a | as: anna", "private, max-age=300"),
        (r#"{"ttl":"5m","identity":"shared"}"#, "GET /a | as: anna", "max-age=300"),
    ] {
        let edge = Edge::with(config);
        let miss = edge.send(request, "200 one | cache-control: max-age=7 | cdn-cache-control: max-age=9 | expires: 0 | age: 9").unwrap();
        let hit = edge.send(request, "").unwrap();
        for got in [&miss, &hit] {
            let told = ["cache-control", "cdn-cache-control", "expires"].map(|name| header(got, name));
            assert_eq!(told, [expect, "", ""], "{config} {request}");
        }
        assert_eq!((header(&miss, "age").as_str(), header(&hit, "age").as_str()), ("", "0"), "{config} {request}");
    }
    let untouched = Edge::with(r#"{"ttl":"5m"}"#).send("GET /a", "500 no | cache-control: max-age=7").unwrap();
    assert_eq!(header(&untouched, "cache-control"), "max-age=7");
}

#[test]
fn the_origin_is_asked_for_whole_responses_where_they_may_be_stored() {
    for (request, expect) in [
        ("GET /a | if-none-match: \"1\" | if-modified-since: x | accept: b", "accept: b"),
        ("HEAD /a | if-none-match: \"1\"", "if-none-match: \"1\""),
        ("GET /a | range: bytes=0-1 | if-none-match: \"1\"", "range: bytes=0-1 | if-none-match: \"1\""),
        ("GET /a | cache-control: no-store | if-none-match: \"1\"", "cache-control: no-store | if-none-match: \"1\""),
        ("POST /a | if-match: \"1\"", "if-match: \"1\""),
    ] {
        let got = Edge::with("{}").send(request, "200").unwrap();
        assert_eq!(got.origin_saw, Some(fields(expect)), "{request}");
    }
}

#[test]
fn a_304_comes_without_a_body_from_a_hit_and_from_a_miss() {
    let edge = Edge::with("{}");
    let origin = "200 one | cache-control: max-age=60 | etag: \"1\" | content-type: text/plain | content-length: 3";
    for origin in [origin, ""] {
        let got = edge.send("GET /a | if-none-match: W/\"1\"", origin).unwrap();
        assert_eq!((got.response.status.as_u16(), body(&got)), (304, ""));
        assert_eq!((header(&got, "etag").as_str(), header(&got, "content-length").as_str()), ("\"1\"", ""));
        assert_eq!(header(&got, "cache-control"), "max-age=60");
    }
    edge.check(0, "GET /a", "", "200 one [hit; ttl=60] 0");
}

#[test]
fn nobody_s_name_is_in_a_key_and_every_key_belongs_to_the_host() {
    let edge = Edge::with("{}");
    edge.send("GET /a?token=secret | as: anna", "200 one | cache-control: max-age=60 | vary: accept").unwrap();
    let keys = edge.outside.edge_cache.keys();
    assert_eq!(keys.len(), 2, "a marker and a variant");
    for key in keys {
        assert!(key.starts_with("https://shop.example/.archway-cache/") && !key.contains("anna") && !key.contains("secret"), "{key}");
    }
}

#[test]
fn a_store_that_fails_costs_nothing_but_the_hit() {
    let edge = Edge::with("{}");
    let origin = "200 one | cache-control: max-age=60";
    edge.outside.edge_cache.fault.set(Fault::Before);
    let got = edge.send("GET /a", origin).unwrap();
    assert_eq!((described(&got).as_str(), got.notes.len()), ("200 one []", 1));
    edge.outside.edge_cache.fault.set(Fault::None);
    edge.check(0, "GET /a", origin, "200 one [fwd=uri-miss; stored]");

    edge.outside.edge_cache.fault.set(Fault::Before);
    let got = edge.send("DELETE /a", "204").unwrap();
    assert!(got.response.status == 204 && got.notes.iter().any(|note| note.contains("could not forget")), "{got:?}");

    let denied = Guarded { on_error: OnError::Deny, ..edge.policy.clone() };
    let denied = Edge { policy: denied, ..edge };
    denied.check(0, "GET /a", origin, "policy-unavailable");
}

#[test]
fn a_failed_put_is_logged_and_nothing_else() {
    let edge = Edge::with("{}");
    edge.send("GET /a", "200 breaks | cache-control: max-age=60").unwrap();
    assert_eq!(edge.outside.edge_cache.keys(), [""; 0], "a body that broke off is not stored");
    let lines = edge.outside.log.0.borrow();
    assert!(lines.len() == 1 && lines.iter().all(|line| line.contains("shop.stored") && line.contains("was not stored")), "{lines:?}");
}

#[test]
fn a_policy_in_report_mode_changes_nothing() {
    let edge = Edge::with("{}");
    let edge = Edge { policy: Guarded { mode: Mode::Report, ..edge.policy.clone() }, ..edge };
    for _ in 0..2 {
        let got = edge.send("GET /a | if-none-match: \"1\"", "200 one | cache-control: max-age=60 | etag: \"1\"").unwrap();
        assert_eq!(described(&got), "200 one []");
        assert_eq!(got.origin_saw, Some(fields("if-none-match: \"1\"")));
    }
}

#[test]
fn a_policy_that_cannot_work_is_not_built() {
    for (config, field, expect) in [
        (r#"{"ttl":"0s"}"#, "ttl", "shortest ttl"),
        (r#"{"ttl":"1500ms"}"#, "ttl", "not whole seconds"),
        (r#"{"headers":["accept","x y"]}"#, "headers.1", "not the name"),
    ] {
        let error = compile(config).err().unwrap();
        assert!(error.field == field && error.message.contains(expect), "{config}: {error:?}");
    }
    for config in [r#"{"stale_while_revalidate":"1m"}"#, r#"{"identity":"mixed"}"#] {
        assert!(serde_json::from_str::<Config>(config).is_err(), "{config}");
    }
}
