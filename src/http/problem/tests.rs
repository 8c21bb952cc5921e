use super::*;
use crate::error::Blame;
use crate::limits::headers::{Standing, WindowStanding};
use crate::memory::Scene;
use serde_json::json;

/// A problem's response, and the record's half of it.
fn answered(error: &GatewayError, accept: Option<&str>) -> (Response, String, crate::observe::record::Record) {
    let scene = Scene::of("GET", "https://api.example/", &[]);
    let mut cx = scene.exchange();
    cx.request_id = "id-1".to_owned();
    let accept = accept.map(|accept| accept.parse().unwrap());
    let response = response(&mut cx, error, accept.as_ref());
    let Body::Full(body) = &response.body else { panic!("a problem has a body") };
    let body = String::from_utf8(body.to_vec()).unwrap();
    (response, body, cx.record)
}

#[test]
fn a_problem_is_json_and_says_the_same_to_the_client_every_time() {
    let (response, body, record) = answered(&GatewayError::OriginUnreachable { log: "10.0.0.1 refused".to_owned() }, Some("*/*"));
    assert_eq!(response.status, StatusCode::BAD_GATEWAY);
    assert_eq!(response.header("content-type"), Some("application/problem+json"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    let expect = json!({
        "type": "urn:archway:problem:origin-unreachable",
        "title": "The service is not reachable",
        "status": 502,
        "detail": "The service behind this path could not be reached.",
        "instance": "urn:archway:request:id-1",
        "code": "origin-unreachable",
    });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap(), expect);
    assert_eq!((record.code, record.blame), (Some("origin-unreachable"), Some(Blame::Origin)));
    assert_eq!(record.error.as_deref(), Some("10.0.0.1 refused"));
}

#[test]
fn a_used_up_limit_names_its_policies() {
    let window = WindowStanding {
        name: "fair-use".to_owned(),
        quota: 10,
        window_s: 60,
        remaining: 0,
        reset_s: 60,
        exceeded: true,
        retry_after_s: 6,
    };
    let (response, body, _) =
        answered(&GatewayError::RateLimited { standing: Box::new(Standing { windows: vec![window], announced: true }) }, None);
    let document: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(document["type"], QUOTA_TYPE);
    assert_eq!(document["violated-policies"], json!(["fair-use"]));
    assert_eq!(response.header("retry-after"), Some("6"));
}

#[test]
fn html_is_for_those_who_prefer_it() {
    let rows = [
        ("", false),
        ("*/*", false),
        ("text/html", true),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
        ("text/html, application/json", false),
        ("text/html;q=0.5, application/json;q=0.4", true),
        ("TEXT/HTML;level=1;Q=0.3", true),
        ("text/html;q=0, */*", false),
        ("text/*, application/*;q=0.1", true),
        ("text/html;q=abc", false),
        ("application/json;q=0, */*;q=0.1", true),
    ];
    for (accept, expect) in rows {
        assert_eq!(prefers_html(accept), expect, "{accept}");
    }
}

#[test]
fn a_page_escapes_what_is_not_ours() {
    let (response, body, _) = answered(&GatewayError::bad_request("<script>alert('1')</script> & \"more\""), Some("text/html"));
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(response.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    assert!(body.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;more&quot;"), "{body}");
    assert!(!body.contains("<script"));
    assert!(body.contains("id-1"));
}
