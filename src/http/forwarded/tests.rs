use super::*;
use crate::memory::Scene;

fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn listed(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines
}

#[test]
fn what_belongs_to_a_connection_or_is_merely_claimed_stays_out() {
    type Fields = &'static [(&'static str, &'static str)];
    let rows: &[(&str, Fields, bool, &[&str])] = &[
        ("plain fields stay", &[("accept", "a"), ("cookie", "b")], false, &["accept: a", "cookie: b"]),
        (
            "the usual ones go",
            &[("connection", "close"), ("keep-alive", "1"), ("proxy-connection", "x"), ("proxy-authorization", "y")],
            false,
            &[],
        ),
        ("so does what Connection names", &[("connection", "X-Secret, close"), ("x-secret", "1"), ("x-open", "2")], false, &["x-open: 2"]),
        ("in several lines too", &[("connection", "a"), ("connection", "b"), ("a", "1"), ("b", "1")], false, &[]),
        ("TE keeps trailers only", &[("te", "gzip, trailers")], false, &["te: trailers"]),
        ("and nothing else", &[("te", "gzip")], false, &[]),
        ("an expectation that is met", &[("expect", "100-Continue"), ("content-length", "5")], false, &["content-length: 5"]),
        ("and no other", &[("expect", "200-ok")], false, &["expect: 200-ok"]),
        ("no other upgrade", &[("connection", "upgrade, http2-settings"), ("upgrade", "h2c"), ("http2-settings", "x")], false, &[]),
        (
            "a websocket handshake",
            &[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket"), ("sec-websocket-key", "k")],
            false,
            &["connection: Upgrade", "sec-websocket-key: k", "upgrade: websocket"],
        ),
        ("an upgrade that Connection does not name", &[("upgrade", "websocket")], false, &[]),
        (
            "claims of a stranger",
            &[
                ("x-forwarded-for", "1.1.1.1"),
                ("forwarded", "for=1.1.1.1"),
                ("x-real-ip", "1"),
                ("x-forwarded-prefix", "/a"),
                ("x-original-url", "/b"),
            ],
            false,
            &[],
        ),
        (
            "claims of a trusted proxy",
            &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https")],
            true,
            &["x-forwarded-for: 1.1.1.1", "x-forwarded-proto: https"],
        ),
    ];
    for (case, fields, trusted, expect) in rows {
        let mut headers = map(fields);
        admit(&Method::GET, &mut headers, *trusted);
        assert_eq!(listed(&headers), *expect, "{case}");
    }
}

#[test]
fn a_response_loses_what_belongs_to_its_connection() {
    let fields = [("connection", "x-hop"), ("x-hop", "1"), ("transfer-encoding", "chunked"), ("alt-svc", "h3=\":443\""), ("etag", "\"1\"")];
    let mut headers = map(&fields);
    admit_response(StatusCode::OK, &mut headers);
    assert_eq!(listed(&headers), ["etag: \"1\""]);
    let mut upgrade = map(&[("connection", "Upgrade"), ("upgrade", "websocket")]);
    admit_response(StatusCode::SWITCHING_PROTOCOLS, &mut upgrade);
    assert_eq!(listed(&upgrade), ["connection: Upgrade", "upgrade: websocket"]);
}

fn announced(peer: Option<&str>, url: &str, fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut scene = Scene::of("GET", url, fields);
    scene.incoming.client.address = peer.map(|peer| peer.parse().unwrap());
    let mut cx = scene.exchange();
    cx.request_id = "id-1".to_owned();
    let mut request = scene.request();
    announce(&cx, &mut request);
    request.headers
}

#[test]
fn the_origin_is_told_of_the_client() {
    let headers = announced(Some("192.0.2.7"), "https://api.example.com/a", &[("tracestate", "a=1"), ("via", "1.1 edge")]);
    let text = |name: &str| joined(&headers, HeaderName::try_from(name).unwrap());
    assert_eq!(text("x-forwarded-for").as_deref(), Some("192.0.2.7"));
    assert_eq!(text("x-forwarded-host").as_deref(), Some("api.example.com"));
    assert_eq!(text("x-forwarded-proto").as_deref(), Some("https"));
    assert_eq!(text("x-forwarded-port").as_deref(), Some("443"));
    assert_eq!(text("forwarded").as_deref(), Some("by=_archway;for=192.0.2.7;host=\"api.example.com\";proto=https"));
    assert_eq!(text("via").as_deref(), Some("1.1 edge, 2 archway"));
    assert_eq!(text("x-request-id").as_deref(), Some("id-1"));
    assert!(text("traceparent").is_some_and(|value| value.len() == 55));
    assert_eq!(text("tracestate"), None, "a state without its trace is not passed on");
}

#[test]
fn what_a_trusted_proxy_said_is_continued() {
    let said = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-host", "shop.example"), ("forwarded", "for=198.51.100.1")];
    let headers = announced(Some("2001:db8::1"), "http://api.example.com:8080/a", &said);
    let text = |name: &str| joined(&headers, HeaderName::try_from(name).unwrap());
    assert_eq!(text("x-forwarded-for").as_deref(), Some("198.51.100.1, 2001:db8::1"));
    assert_eq!(text("x-forwarded-host").as_deref(), Some("shop.example"));
    assert_eq!(text("x-forwarded-port").as_deref(), Some("8080"));
    let expect = "for=198.51.100.1, by=_archway;for=\"[2001:db8::1]\";host=\"api.example.com:8080\";proto=http";
    assert_eq!(text("forwarded").as_deref(), Some(expect));
}

#[test]
fn what_is_no_list_of_elements_is_not_continued() {
    for (text, expect) in [
        ("for=\"_gazonk\"", true),
        ("For=\"[2001:db8:cafe::17]:4711\"", true),
        ("for=192.0.2.60;proto=http;by=203.0.113.43", true),
        ("for=192.0.2.43, for=198.51.100.17", true),
        ("for=_hidden , for=_SEVKISEK;", true),
        ("for=192.0.2.7:80, ,; for=b", true),
        ("for=\"a\\\"b, c\";host=\"d;e\"", true),
        ("for=\"", false),
        ("for=\"a\\\"", false),
        ("for=a, for=\"b", false),
        ("for=\"a\"b", false),
        ("for=a\"b", false),
        ("for=a b", false),
        ("for=", false),
        ("for", false),
        ("=a", false),
        ("f or=a", false),
        ("f\"or=a", false),
    ] {
        assert_eq!(is_list_of_elements(text), expect, "{text}");
        let headers = announced(Some("192.0.2.7"), "https://api.example/a", &[("forwarded", text)]);
        let own = "by=_archway;for=192.0.2.7;host=\"api.example\";proto=https";
        let told = if expect { format!("{text}, {own}") } else { own.to_owned() };
        assert_eq!(joined(&headers, header::FORWARDED), Some(told), "{text}");
    }
}

#[test]
fn a_request_that_comes_round_again_is_a_loop() {
    let rows = [("1.1 archway", 3, false), ("1.1 archway", 4, true), ("1.1 other", 9, false)];
    for (entry, times, expect) in rows {
        let headers = map(&[("via", &vec![entry; times].join(", "))]);
        assert_eq!(is_loop(&headers, "archway"), expect, "{entry} {times}");
    }
}
