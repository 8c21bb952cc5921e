//! What holds of the whole gateway whatever a client sends: it answers, it writes one record, nobody reaches the origin outside its
//! base path, and nobody brings an identity along.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use archway::config::build::build;
use archway::config::packed;
use archway::config::text::source::Source;
use archway::exchange::Connection;
use archway::gateway::{Gateway, Incoming};
use archway::http::{Body, HeaderMap, HeaderName, HeaderValue, Method};
use archway::memory::{ChunkedBody, Fault, Outside, Reply};
use futures::executor::block_on;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

/// Every policy and every kind of origin, and a chain with all of them.
const ROUTES: &str = r#"
[api]
name = "api"
policies = [
  { request_id = {} },
  { cors = { origins = ["https://app.test"], credentials = true } },
]
[policies]
signed_in = { jwt = { issuer = "https://issuer.test/", audience = "orders", secret = { secret = "SHARED" }, algorithms = ["HS256"], forward = { "x-user" = "sub" }, token = ["bearer", { query = "access_token" }, { cookie = "t" }] } }
[origins.store]
targets = [{ url = "http://store.test/base" }]
[[routes]]
match = "/open/{id}/{*rest}"
public = true
origin = "store"
policies = [
  { ip_filter = { deny = ["198.51.100.0/24"] } },
  { rate_limit = { key = "ip", limits = ["3/s"] } },
  { body_limit = "8B" },
  { rewrite = { query = { set = { id = "{id}" }, remove = ["debug"] } } },
  { headers = { request = { set = { x-id = "{id}" } }, response = { set = { x-path = "{path}" } } } },
  { cache = { ttl = "1s" } },
]
rewrite = "/inner/{id}"
[[routes]]
match = "GET,POST /mine/{id}"
origin = "store"
policies = ["signed_in", { rate_limit = { key = "identity", limits = ["3/s"], on_error = "deny" } }, { cache = {} }]
[[routes]]
match = "GET /fixed"
public = true
static = { json = {} }
[[routes]]
match = "/away/{*rest}"
public = true
redirect = { to = "https://new.test{path}" }
"#;

/// A request as it is drawn.
#[derive(Debug, Clone)]
struct Drawn {
    method: &'static str,
    url: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    chunks: Vec<&'static str>,
    client: Option<[u8; 4]>,
    store_is_down: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    const METHODS: &str = "GET HEAD POST PUT OPTIONS DELETE TRACE CONNECT BREW";
    const PARTS: &str =
        "/ // open mine fixed away a . .. %2e %2E%2e %2f %5C \\ %00 % %zz é ? & = access_token=a.b.c debug # ; @evil.test : {id} * %20";
    const NAMES: &str = "authorization cookie x-user x_user X-User connection te upgrade forwarded x-forwarded-for via origin \
        access-control-request-method access-control-request-headers accept if-none-match if-modified-since cache-control range \
        traceparent tracestate x-request-id content-length transfer-encoding host x-id";
    const VALUES: &str = "x-user t=a.b.c upgrade websocket https://app.test PUT text/html * \"a\" no-cache only-if-cached bytes=0-1 \
        00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 -1 18446744073709551616 chunked for=evil ,,, max-age=1e9";
    let words = |text: &'static str| select(text.split_whitespace().collect::<Vec<_>>());
    let parts = prop::collection::vec(prop_oneof![3 => select(&["/", "a", "..", "b"][..]), 1 => words(PARTS)], 0..8);
    let begin = select(&["", "open/a/", "open/", "mine/a", "fixed", "away/"][..]);
    let url = (begin, parts).prop_map(|(begin, parts)| format!("https://api.test/{begin}{}", parts.concat()));
    let value = prop_oneof![4 => words(VALUES).prop_map(|text| text.as_bytes().to_vec()), 1 => Just(b"Bearer a.b.c".to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..12)];
    let headers = prop::collection::vec((words(NAMES), value), 0..6);
    let chunks = prop::collection::vec(select(&["", "1234", "123456789"][..]), 0..3);
    let client = prop_oneof![8 => Just(Some([192, 0, 2, 7])), 1 => Just(Some([198, 51, 100, 7])), 1 => Just(None)];
    (words(METHODS), url, headers, chunks, client, any::<bool>()).prop_map(|(method, url, headers, chunks, client, store_is_down)| Drawn {
        method,
        url,
        headers,
        chunks,
        client,
        store_is_down,
    })
}

fn incoming(drawn: &Drawn) -> Incoming {
    let fields =
        drawn.headers.iter().filter_map(|(name, value)| Some((HeaderName::try_from(*name).ok()?, HeaderValue::from_bytes(value).ok()?)));
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value);
    }
    Incoming {
        method: Method::from_bytes(drawn.method.as_bytes()).unwrap(),
        url: drawn.url.clone(),
        headers,
        body: if drawn.chunks.is_empty() { Body::Empty } else { ChunkedBody::body(&drawn.chunks) },
        client: Connection { address: drawn.client.map(Into::into), protocol: None },
        edge: Default::default(),
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_answered_recorded_and_kept_in(requests in prop::collection::vec(drawn(), 1..6)) {
        let outcome = build(vec![Source::new("api.toml", ROUTES)], None);
        let outside = Outside::at(1_795_392_000_000);
        outside.environment.0.borrow_mut().insert("SHARED".to_owned(), "a-secret-of-at-least-thirty-two-bytes".to_owned());
        outside.fetch.answer("store.test", Reply { body: "hello".to_owned(), ..Reply::default() });
        let gateway = Gateway::load(&packed::pack(outcome.form.as_ref().unwrap()).unwrap(), outside.ports()).unwrap();
        for drawn in requests {
            outside.clock.advance(100);
            let fault = if drawn.store_is_down { Fault::Before } else { Fault::None };
            outside.limiter.fault.set(fault);
            outside.edge_cache.fault.set(fault);
            outside.log.0.take();
            let response = block_on(async {
                let mut response = gateway.handle(incoming(&drawn)).await;
                let body = response.body.read(u64::MAX).await;
                outside.background.run().await;
                body.map(|_| response)
            }).unwrap();
            prop_assert!(response.headers.contains_key("x-request-id"));
            let records: Vec<Value> = outside.log.0.take().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            let records: Vec<&Value> = records.iter().filter(|line| line.get("level").is_none()).collect();
            prop_assert_eq!(records.len(), 1);
            prop_assert_eq!(&records[0]["http.response.status_code"], response.status.as_u16());
            prop_assert_eq!(&records[0]["error.type"] == "internal", false, "{}", records[0]);
            prop_assert!(records[0].get("enduser.id").is_none());
            for call in outside.fetch.take_calls() {
                prop_assert!(call.url.starts_with("http://store.test/base/inner/"), "{}", call.url);
                prop_assert!(call.url.split(['/', '?']).all(|segment| segment != "." && segment != ".."), "{}", call.url);
                prop_assert!(call.headers.keys().all(|name| name.as_str().replace('_', "-") != "x-user"));
                prop_assert!(call.body.len() <= 8);
            }
        }
    }
}
