use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::executor::block_on;
use serde_json::json;

use super::*;
use crate::auth::consumer::Consumer;
use crate::auth::x509::tests::{OLD, WEB};
use crate::config::timestamp::Timestamp;
use crate::http::forwarded;
use crate::memory::{Fault, Scene};

const PRINT: &str = "c7272bb355af9d1b486a11117737483a18f1e4d74e834ab9e9c33c940df7844c";
const PROXIES: &str = r#"from = { proxies = { networks = ["192.0.2.0/24"], header = "client-cert" } }"#;
const ENVOY: &str = r#"from = { proxies = { networks = ["192.0.2.0/24"], header = "x-forwarded-client-cert" } }"#;

fn consumer(by: serde_json::Value) -> Vec<Consumer> {
    let certificates: Vec<_> = by.as_array().unwrap().iter().map(|by| json!({ "by": by })).collect();
    serde_json::from_value(json!([{ "name": "acme", "groups": ["partners"], "claims": { "sub": "acme" }, "certificates": certificates }]))
        .unwrap()
}

struct World {
    scene: Scene,
    policy: Mtls,
}

impl World {
    fn of(config: &str, fields: &[(&str, &str)], consumers: Vec<Consumer>) -> Self {
        let scene = Scene::of("GET", "https://api.example/", fields);
        scene.outside.clock.advance("2026-11-25".parse::<Timestamp>().unwrap().ms());
        scene.outside.consumers.set(consumers);
        let policy = scene.compile(config, Mtls::compile).unwrap();
        Self { scene, policy }
    }

    fn run(&self) -> (Result<(), GatewayError>, Option<Identity>) {
        let (mut cx, mut request) = (self.scene.exchange(), self.scene.request());
        cx.certificates = forwarded::set_aside(&mut request.headers);
        assert!(request.headers.keys().all(|name| !name.as_str().contains("cert")), "{:?}", request.headers);
        let flow = block_on(self.policy.on_request(&mut cx, &mut request)).map(|_| ());
        (flow, cx.identity)
    }

    fn code(&self) -> &'static str {
        self.run().0.err().map_or("passes", |error| error.verdict().code)
    }
}

/// What the edge says, with some of it changed.
fn edge(changes: serde_json::Value) -> &'static str {
    let mut facts = json!({
        "certPresented": "1", "certVerified": "SUCCESS", "certRevoked": "0", "certSubjectDNRFC2253": "CN=web.acme.example,O=Acme",
        "certIssuerDNRFC2253": "CN=Acme CA", "certSerial": "1234ABCD", "certFingerprintSHA256": PRINT.to_uppercase(),
        "certNotBefore": "Jan  1 00:00:00 2026 GMT", "certNotAfter": "Jan  1 12:00:00 2060 GMT",
    });
    for (name, value) in changes.as_object().unwrap() {
        facts[name] = value.clone();
    }
    json!({ "tlsClientAuth": facts }).to_string().leak()
}

#[test]
fn everything_that_the_edge_says_is_looked_at() {
    let by_print = || consumer(json!([{ "fingerprint": PRINT }]));
    for (changes, expect) in [
        (json!({}), "passes"),
        (json!({ "certRFC9440": format!(":{WEB}:") }), "passes"),
        (json!({ "certPresented": "0" }), "unauthenticated"),
        (json!({ "certVerified": "NONE" }), "credential-unknown"),
        (json!({ "certVerified": "FAILED:self signed certificate" }), "credential-unknown"),
        (json!({ "certRevoked": "1" }), "credential-unknown"),
        (json!({ "certRevoked": "" }), "credential-unknown"),
        (json!({ "certNotAfter": "Nov 24 23:59:59 2026 GMT" }), "credential-expired"),
        (json!({ "certNotBefore": "Nov 25 00:00:01 2026 GMT" }), "credential-expired"),
        (json!({ "certNotAfter": "soon" }), "credential-unknown"),
        (json!({ "certFingerprintSHA256": "" }), "credential-unknown"),
        (json!({ "certFingerprintSHA256": "00".repeat(32) }), "credential-unknown"),
        (json!({ "certRFC9440": format!(":{OLD}:") }), "credential-unknown"),
        (json!({ "certRFC9440": ":AAAA:" }), "credential-unknown"),
    ] {
        let mut world = World::of("", &[], by_print());
        world.scene = world.scene.seen_by_the_edge(edge(changes.clone()));
        assert_eq!(world.code(), expect, "{changes}");
    }
    assert_eq!(World::of("", &[], by_print()).code(), "unauthenticated", "a connection without TLS");
}

#[test]
fn a_client_cannot_claim_a_certificate() {
    let cert = &*format!(":{WEB}:");
    let xfcc = &*format!("Hash={PRINT}");
    let everyone = || consumer(json!([{ "fingerprint": PRINT }]));
    let elsewhere = |config: &str| config.replace("192.0.2.0/24", "10.0.0.0/8");
    for (config, fields, expect) in [
        (PROXIES.to_owned(), vec![("client-cert", cert)], "passes"),
        (PROXIES.to_owned(), vec![], "unauthenticated"),
        (elsewhere(PROXIES), vec![("client-cert", cert)], "unauthenticated"),
        (elsewhere(PROXIES), vec![("client-cert", cert), ("x-forwarded-for", "10.0.0.1")], "unauthenticated"),
        (String::new(), vec![("client-cert", cert), ("x-forwarded-client-cert", xfcc)], "unauthenticated"),
        (PROXIES.to_owned(), vec![("client_cert", cert)], "unauthenticated"),
        (PROXIES.to_owned(), vec![("x-forwarded-client-cert", xfcc)], "unauthenticated"),
        (PROXIES.to_owned(), vec![("client-cert", cert), ("client-cert", cert)], "credential-unknown"),
        (PROXIES.to_owned(), vec![("client-cert", WEB)], "credential-unknown"),
        (PROXIES.to_owned(), vec![("client-cert", &*format!("{cert}, {cert}"))], "credential-unknown"),
        (PROXIES.to_owned(), vec![("client-cert", &*format!("{cert};a=1"))], "passes"),
        (PROXIES.to_owned(), vec![("client-cert", &*format!(":{OLD}:"))], "credential-expired"),
        (ENVOY.to_owned(), vec![("x-forwarded-client-cert", xfcc)], "passes"),
        (ENVOY.to_owned(), vec![("x-forwarded-client-cert", &*format!("By=spiffe://gateway;{xfcc};Subject=\"CN=a,O=B\";URI="))], "passes"),
        (ENVOY.to_owned(), vec![("x-forwarded-client-cert", &*format!("Hash={},{xfcc}", "00".repeat(32)))], "credential-unknown"),
        (ENVOY.to_owned(), vec![("x-forwarded-client-cert", xfcc), ("x-forwarded-client-cert", xfcc)], "credential-unknown"),
        (ENVOY.to_owned(), vec![("x-forwarded-client-cert", "Subject=\"CN=a\"")], "credential-unknown"),
        (elsewhere(ENVOY), vec![("x-forwarded-client-cert", xfcc)], "unauthenticated"),
        (
            ENVOY.to_owned(),
            vec![("x-forwarded-client-cert", &*format!("Hash={};URI=spiffe://a;{xfcc}", "00".repeat(32)))],
            "credential-unknown",
        ),
        (
            ENVOY.to_owned(),
            vec![("x-forwarded-client-cert", &*format!("{xfcc};Subject=\"CN=a\";URI=x;Subject=\"CN=b\""))],
            "credential-unknown",
        ),
    ] {
        assert_eq!(World::of(&config, &fields, everyone()).code(), expect, "{config} {fields:?}");
    }
}

#[test]
fn a_certificate_may_come_as_nginx_escapes_it() {
    let escaped = |body: &str, label: &str| {
        let body = body.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        format!("-----BEGIN%20{label}-----%0A{body}%0A-----END%20{label}-----%0A")
    };
    for (field, expect) in [
        (escaped(WEB, "CERTIFICATE"), "passes"),
        (escaped(OLD, "CERTIFICATE"), "credential-expired"),
        (escaped(WEB, "PUBLIC%20KEY"), "credential-unknown"),
        (escaped(WEB, "CERTIFICATE").repeat(2), "credential-unknown"),
        (escaped("", "CERTIFICATE"), "credential-unknown"),
        ("-----BEGIN%20CERTIFICATE-----".to_owned(), "credential-unknown"),
    ] {
        let known = consumer(json!([{ "fingerprint": PRINT }]));
        assert_eq!(World::of(PROXIES, &[("client-cert", &field)], known).code(), expect, "{field}");
    }
}

#[test]
fn envoys_copy_of_the_certificate_counts_and_must_be_the_same() {
    let pem = |der: &str| {
        format!("-----BEGIN%20CERTIFICATE-----%0A{}%0A-----END%20CERTIFICATE-----%0A", der.replace('+', "%2B").replace('=', "%3D"))
    };
    let san = || consumer(json!([{ "san": "web.acme.example" }]));
    for (field, expect) in [
        (format!("Hash={PRINT};Cert=\"{}\"", pem(WEB)), "passes"),
        (format!("Cert=\"{}\"", pem(WEB)), "passes"),
        (format!("Hash={PRINT};Cert=\"{}\"", pem(OLD)), "credential-unknown"),
        (format!("Cert=\"{}\"", pem(OLD)), "credential-expired"),
        (format!("Hash={PRINT};DNS=web.acme.example"), "passes"),
        (format!("Hash={PRINT};Cert=nonsense"), "credential-unknown"),
    ] {
        assert_eq!(World::of(ENVOY, &[("x-forwarded-client-cert", &field)], san()).code(), expect, "{field}");
    }
}

#[test]
fn a_certificate_is_a_consumers_by_each_mark_and_nobodys_where_two_describe_it() {
    let cert = format!(":{WEB}:");
    let two = || {
        [
            consumer(json!([{ "san": "web.acme.example" }])),
            serde_json::from_value(
                json!([{ "name": "other", "claims": {}, "certificates": [{ "by": { "san": "spiffe://acme.example/web" } }] }]),
            )
            .unwrap(),
        ]
        .concat()
    };
    for (consumers, expect) in [
        (consumer(json!([{ "fingerprint": PRINT }])), "passes"),
        (consumer(json!([{ "subject": "CN=web.acme.example,O=Acme\\, Inc.,C=CH" }])), "passes"),
        (consumer(json!([{ "subject": "CN=*,O=Acme\\, Inc.,C=CH" }])), "passes"),
        (consumer(json!([{ "subject": "CN=web.acme.example" }])), "credential-unknown"),
        (consumer(json!([{ "san": "*.acme.example" }])), "passes"),
        (consumer(json!([{ "san": "spiffe://acme.example/*" }])), "passes"),
        (consumer(json!([{ "san": "192.0.2.1" }])), "passes"),
        (consumer(json!([{ "san": "*.example" }])), "credential-unknown"),
        (two(), "credential-unknown"),
        (Vec::new(), "credential-unknown"),
    ] {
        assert_eq!(World::of(PROXIES, &[("client-cert", &cert)], consumers.clone()).code(), expect, "{consumers:?}");
    }
}

#[test]
fn without_a_consumer_the_certificate_itself_is_the_identity() {
    let cert = format!(":{WEB}:");
    let config = format!("{PROXIES}\nconsumer = \"optional\"");
    let (flow, identity) = World::of(&config, &[("client-cert", &cert)], Vec::new()).run();
    let identity = identity.unwrap();
    assert_eq!((flow, identity.kind, identity.consumer.as_deref()), (Ok(()), "mtls", None));
    assert_eq!((&*identity.subject, identity.issuer.as_deref()), ("CN=web.acme.example,O=Acme\\, Inc.,C=CH", Some("CN=Acme CA")));
    assert_eq!(identity.claim_text("serial").as_deref(), Some("1234abcd"));
    assert_eq!(World::of(&config, &[("client-cert", &format!(":{OLD}:"))], Vec::new()).code(), "credential-expired");
    let known = World::of(&config, &[("client-cert", &cert)], consumer(json!([{ "san": "*.acme.example" }]))).run().1.unwrap();
    assert_eq!((&*known.subject, known.consumer.as_deref()), ("acme", Some("acme")));
}

#[test]
fn lists_terms_and_outages_decide() {
    let cert = format!(":{WEB}:");
    let run = |more: &str, consumers: Vec<Consumer>| World::of(&format!("{PROXIES}\n{more}"), &[("client-cert", &cert)], consumers);
    let acme = || consumer(json!([{ "fingerprint": PRINT }]));
    assert_eq!(run("groups = [\"partners\"]", acme()).code(), "passes");
    assert_eq!(run("groups = [\"staff\"]", acme()).code(), "credential-not-allowed");
    let off = |term: serde_json::Value| {
        serde_json::from_value(json!([{ "name": "a", "claims": {}, "certificates": [{ "by": { "fingerprint": PRINT }, "term": term }] }]))
            .unwrap()
    };
    assert_eq!(run("", off(json!({ "disabled": true }))).code(), "credential-disabled");
    assert_eq!(run("", off(json!({ "expires": "2026-11-25" }))).code(), "credential-expired");
    let down = run("", acme());
    down.scene.outside.consumers.fault.set(Fault::Before);
    assert_eq!(down.code(), "policy-unavailable");
}

#[test]
fn what_cannot_work_is_said() {
    Scene::refuses(
        &[
            (r#"from = { proxies = { networks = [], header = "client-cert" } }"#, "no proxy is believed"),
            (r#"from = { proxies = { networks = ["0.0.0.0/0"], header = "client-cert" } }"#, "networks.0: everyone would be believed"),
            (r#"from = { proxies = { networks = ["::/0"], header = "client-cert" } }"#, "everyone would be believed"),
            (r#"from = { proxies = { networks = ["10.0.0.0/8"], header = "x-cert" } }"#, "unknown variant"),
            ("consumer = \"optional\"\ngroups = [\"a\"]", "consumer: `consumers` and `groups` let in consumers alone"),
        ],
        Mtls::compile,
    );
    assert_eq!(STANDARD.decode(WEB).map(|der| der.len()).ok(), Some(441));
}
