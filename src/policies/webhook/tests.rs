use futures::executor::block_on;

use super::*;
use crate::http::Body;
use crate::memory::{ChunkedBody, Fault, Scene};

const NOW_S: u64 = 1_614_265_330;
const BODY: &str = r#"{"test": 2432232314}"#;
const FIELDS: &[(&str, &str)] = &[
    ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ("webhook-timestamp", "1614265330"),
    ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
];
const STANDARD: &str = "scheme = 'standard'\nsecrets = [{ secret = 'S' }]\nsender = 'shop'\n";

fn scene(fields: &[(&str, &str)], secret: &str) -> Scene {
    let scene = Scene::of("POST", "https://api.example/hook", fields);
    scene.outside.environment.0.borrow_mut().insert("S".to_owned(), secret.to_owned());
    scene.outside.clock.0.set(NOW_S * 1_000);
    scene
}

fn standard() -> Scene {
    scene(FIELDS, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
}

fn ask(scene: &Scene, policy: &Webhook, body: Body) -> Result<(String, Vec<u8>), GatewayError> {
    let (mut cx, mut request) = (scene.exchange(), Request { body, ..scene.request() });
    block_on(policy.on_request(&mut cx, &mut request))?;
    let body = block_on(request.body.read(1_000)).unwrap().to_vec();
    Ok((cx.identity.unwrap().subject, body))
}

fn refused(name: &str, got: &Result<(String, Vec<u8>), GatewayError>, part: &str) {
    match got {
        Err(GatewayError::Unauthenticated { log, .. }) => assert!(log.contains(part), "{name}: {log}"),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn a_webhook_passes_once_and_whole() {
    let scene = standard();
    let policy = scene.compile(STANDARD, Webhook::compile).unwrap();
    let streamed = || ChunkedBody::body(&[r#"{"test": "#, "2432232314}"]);
    assert_eq!(ask(&scene, &policy, streamed()), Ok(("shop".to_owned(), BODY.into())));
    refused("again", &ask(&scene, &policy, streamed()), "used before");
    refused("another body", &ask(&scene, &policy, Body::Full("{}".into())), "no signature holds");
    scene.outside.clock.advance(300_000);
    refused("too old", &ask(&scene, &policy, streamed()), "too long ago");
    let again = standard();
    let policy = again.compile(&format!("{STANDARD}replay = true"), Webhook::compile).unwrap();
    for _ in 0..2 {
        assert!(ask(&again, &policy, streamed()).is_ok());
    }
    assert_eq!(again.outside.replay.calls.get(), 0);
}

#[test]
fn a_scheme_without_a_time_asks_nobody() {
    let fields = [("x-hub-signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")];
    let scene = scene(&fields, "It's a Secret to Everybody");
    let policy = scene.compile("scheme = 'github'\nsecrets = [{ secret = 'S' }]", Webhook::compile).unwrap();
    for _ in 0..2 {
        assert_eq!(ask(&scene, &policy, Body::Full("Hello, World!".into())).unwrap().0, "github");
    }
    assert_eq!(scene.outside.replay.calls.get(), 0);
}

#[test]
fn a_sender_may_have_its_own_way() {
    let custom = r#"
        scheme = "custom"
        secrets = [{ secret = "S" }]
        custom = { header = "x-sig", prefix = "a=", encoding = "base64", hash = "sha512", signed = "v:{id}|{timestamp}|{body}", timestamp = "x-at", id = "x-id" }"#;
    let mut mac = <hmac::Hmac<sha2::Sha512> as hmac::Mac>::new_from_slice(b"0123456789abcdef").unwrap();
    hmac::Mac::update(&mut mac, b"v:7|1614265330|hi");
    let value = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hmac::Mac::finalize(mac).into_bytes());
    let value = format!("a={value}");
    let scene = scene(&[("x-sig", &value), ("x-at", "1614265330"), ("x-id", "7")], "0123456789abcdef");
    let policy = scene.compile(custom, Webhook::compile).unwrap();
    assert!(ask(&scene, &policy, Body::Full("hi".into())).is_ok());
    refused("another body", &ask(&scene, &policy, Body::Full("ho".into())), "no signature holds");
}

#[test]
fn outages_and_long_bodies_refuse() {
    for fault in [Fault::Before, Fault::After] {
        let scene = standard();
        scene.outside.replay.fault.set(fault);
        let policy = scene.compile(STANDARD, Webhook::compile).unwrap();
        assert!(ask(&scene, &policy, Body::Full(BODY.into())).is_err_and(|error| error.is_outage()), "{fault:?}");
    }
    let scene = standard();
    let policy = scene.compile(&format!("{STANDARD}max_body = '4B'"), Webhook::compile).unwrap();
    for body in [Body::Full(BODY.into()), ChunkedBody::body(&[BODY])] {
        assert_eq!(ask(&scene, &policy, body), Err(GatewayError::BodyTooLarge { max: 4 }));
    }
}

#[test]
fn what_cannot_work_is_refused() {
    let custom = |custom: &str| format!("scheme = 'custom'\nsecrets = [{{ secret = 'S' }}]\ncustom = {{ {custom} }}");
    let rows = [
        ("", "missing field `scheme`"),
        ("scheme = 'github'", "there is no secret"),
        ("scheme = 'github'\nsecrets = [{ secret = 'S' }]", "`S` is not set"),
        ("scheme = 'github'\npublic_keys = ['x']", "only Standard Webhooks"),
        ("scheme = 'standard'\npublic_keys = ['whpk_AAAA']", "32 bytes"),
        ("scheme = 'custom'\nsecrets = [{ secret = 'S' }]", "how does the sender sign"),
        ("scheme = 'github'\nsecrets = [{ secret = 'S' }]\ncustom = { header = 'x' }", "alone"),
        (&custom("header = 'x y'"), "not the name of a header field"),
        (&custom("header = 'x', signed = '{id}.x'"), "the body is not signed"),
        (&custom("header = 'x', signed = '{body}.{body}'"), "twice"),
        (&custom("header = 'x', signed = '{body}{id}', id = 'y'"), "would not be clear"),
        (&custom("header = 'x', signed = '{body'"), "not closed"),
        (&custom("header = 'x', signed = '{when}.{body}'"), "there is no `{when}`"),
        (&custom("header = 'x', signed = '{timestamp}.{body}'"), "which header field has it"),
        (&custom("header = 'x', timestamp = 'y'"), "proves nothing"),
        (&format!("{STANDARD}max_age = '0s'"), "out of range"),
        (&format!("scheme = 'github'\nsecrets = [{}]", "{ secret = 'S' },".repeat(9)), "at most 8"),
    ];
    Scene::refuses(&rows, Webhook::compile);
    for (secret, part) in [("whsec_!", "not base64"), ("whsec_AAAA", "too short")] {
        let error = scene(&[], secret).compile(STANDARD, Webhook::compile).err().unwrap();
        assert!(error.contains(part), "{error}");
    }
}
