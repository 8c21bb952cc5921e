use super::*;
use crate::config::runtime::Settings;
use crate::gateway::Incoming;
use crate::http::{Body, HeaderMap, HeaderValue, Response, header};
use crate::memory::Outside;
use futures::executor::block_on;
use serde_json::{Value, json};

/// The line of one exchange, after `change` has had its way with it; `None` where nothing was written.
fn written(sample: f64, status: u16, change: impl Fn(&mut Exchange<'_>)) -> Option<Value> {
    let outside = Outside::at(1_795_418_180_123);
    let (ports, mut settings) = (outside.ports(), Settings::default());
    settings.record.sample = crate::config::values::Percent::from_share(sample);
    let recorder = Rc::new(Recorder::of(&settings.record));
    let headers = [(header::USER_AGENT, HeaderValue::from_static("curl/8")), (header::CONTENT_LENGTH, HeaderValue::from_static("12"))];
    let incoming = Incoming {
        method: Method::POST,
        url: "https://api.example/a?token=s3cret&q=1".to_owned(),
        headers: HeaderMap::from_iter(headers),
        body: Body::Empty,
        client: Connection { address: Some("192.0.2.7".parse().unwrap()), protocol: Some("2".to_owned()) },
        edge: Default::default(),
    };
    let mut cx = Exchange::begin(&ports, &settings, &incoming);
    cx.target = Target::parse(&incoming.url, settings.encoded_slash).ok();
    change(&mut cx);
    outside.clock.advance(25);
    let seen = recorder.see(&incoming.headers);
    recorder.write(cx, seen, &Response::full(StatusCode::from_u16(status).unwrap(), "text/plain", "hello"));
    assert!(outside.log.0.borrow().is_empty(), "nothing is written before the reply");
    block_on(outside.background.run());
    let lines = outside.log.0.borrow();
    assert!(lines.iter().all(|line| !line.contains('\n')));
    lines.first().map(|line| serde_json::from_str(line).unwrap())
}

#[test]
fn a_plain_request_has_its_fields() {
    let mut line = written(1.0, 200, |cx| cx.request_id = "id-1".to_owned()).unwrap();
    let fields = line.as_object_mut().unwrap();
    for (name, len) in [("trace_id", 32), ("span_id", 16)] {
        assert_eq!(fields.remove(name).and_then(|id| id.as_str().map(str::len)), Some(len), "{name}");
    }
    let expect = json!({
        "time": "2026-11-23T07:16:20.123Z",
        "request.id": "id-1",
        "http.request.method": "POST",
        "url.scheme": "https",
        "server.address": "api.example",
        "url.path": "/a",
        "url.query": "token=REDACTED&q=1",
        "http.response.status_code": 200,
        "archway.duration_ms": 25,
        "client.address": "192.0.2.7",
        "network.protocol.version": "2",
        "user_agent.original": "curl/8",
        "http.request.body.size": 12,
        "http.response.body.size": 5,
    });
    assert_eq!(line, expect);
}

#[test]
fn each_stage_has_its_duration() {
    let rows = [(None, None, None), (Some(3), Some(20), Some(2)), (Some(25), None, Some(0)), (Some(30), Some(1), Some(0))];
    for (policies_ms, origin_ms, response_ms) in rows {
        let line = written(1.0, 200, |cx| (cx.record.policies_ms, cx.record.origin_ms) = (policies_ms, origin_ms)).unwrap();
        for (name, expect) in [("archway.policies_ms", policies_ms), ("archway.origin_ms", origin_ms), ("archway.response_ms", response_ms)]
        {
            assert_eq!(line.get(name).and_then(Value::as_u64), expect, "{name}");
        }
    }
}

#[test]
fn what_went_wrong_says_whose_fault_it_was() {
    let line = written(1.0, 503, |cx| cx.record.origin = Some("a.b".into())).unwrap();
    assert_eq!((&line["error.type"], &line["archway.blame"]), (&json!("503"), &json!("origin")));
    let line = written(1.0, 401, |cx| (cx.record.code, cx.record.blame) = (Some("unauthenticated"), Some(Blame::Client))).unwrap();
    assert_eq!((&line["error.type"], &line["archway.blame"]), (&json!("unauthenticated"), &json!("client")));
}

#[test]
fn what_goes_wrong_is_kept_whatever_the_sample() {
    let refuse = |cx: &mut Exchange<'_>| cx.record.code = Some("forbidden");
    assert!(written(0.0, 200, |_| ()).is_none());
    assert!(written(0.0, 404, |_| ()).is_none(), "an origin's 404 is no error of the way");
    assert!(written(0.0, 500, |_| ()).is_some());
    assert!(written(0.0, 403, refuse).is_some());
}

#[test]
fn a_url_that_could_not_be_read_is_recorded_without_its_secrets() {
    let line = written(1.0, 400, |cx| {
        cx.target = None;
        cx.record.unread_url = Some("https://ann:s3cret@api.example/%zz?token=s3cret".to_owned());
    });
    assert_eq!(line.unwrap()["url.full"], "https://api.example/%zz");
}

#[test]
fn identity_notes_and_would_be_verdicts_are_there() {
    let line = written(1.0, 200, |cx| {
        let issuer = Some("https://issuer.example/".to_owned());
        cx.identity = Some(Identity { kind: "jwt", subject: "ann".to_owned(), issuer, ..Identity::default() });
        cx.record.note("cache is down and let pass\n");
        cx.record.would("a.filter", StatusCode::FORBIDDEN, "address-denied");
    })
    .unwrap();
    assert_eq!(line["enduser.id"], "ann");
    assert_eq!(line["archway.issuer"], "https://issuer.example/");
    assert_eq!(line["archway.notes"], json!(["cache is down and let pass\n"]));
    assert_eq!(line["archway.would"], json!([{ "policy": "a.filter", "status": 403, "code": "address-denied" }]));
}

#[test]
fn texts_are_cut_between_characters() {
    let rows = [("a".repeat(LONGEST), LONGEST), ("a".repeat(LONGEST + 1), LONGEST + "…".len()), ("é".repeat(LONGEST), LONGEST + "…".len())];
    for (text, expect) in rows {
        assert_eq!(cut(&text).len(), expect);
    }
}

#[test]
fn what_a_terminal_obeys_is_escaped() {
    let rows = [
        "\u{7f}",
        "\u{9b}31m",
        "\u{85}",
        "\u{202e}txt.exe",
        "\u{2028}",
        "\u{2066}",
        "\u{200f}",
        "\u{61c}",
        "\u{feff}",
        "\u{1b}[2J",
        "a\r\nb",
    ];
    for text in rows {
        let json = visible(json!([text]).to_string());
        assert!(json.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{json}");
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), json!([text]), "{json}");
    }
    for text in ["Zo\u{eb} \u{1f600}", "\u{5e2}\u{5d1}", "plain"] {
        assert_eq!(visible(json!([text]).to_string()), format!("[\"{text}\"]"));
    }
}
