use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::executor::block_on;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::*;
use crate::http::Body;
use crate::memory::{ChunkedBody, Fault, Scene};

const NOW_S: u64 = 1_795_392_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const BODY: &str = r#"{"amount":1}"#;
const KEY: &str = "keys.k = { secret = { secret = 'S' }, subject = 'acme', consumer = 'acme', scopes = ['pay'] }\n";

fn digest(body: &str) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)))
}

/// A request with a body of this text, signed over `components`.
fn signed(components: &str, parameters: &str, fields: &[(&str, &str)]) -> Scene {
    let bare = Scene::of("POST", "https://api.example/pay?x=1", fields);
    let mut scene = Scene::of("POST", "https://api.example/pay?x=1", fields);
    let input = format!("({components});created={NOW_S};keyid=\"k\"{parameters}");
    let parsed = crate::http::structured::dictionary(&format!("sig={input}")).unwrap();
    let Some(crate::http::structured::Member::List(list)) = parsed.get("sig") else { panic!("{input}") };
    let request = bare.request();
    let message = Message { method: "POST", target: &request.target, headers: &request.headers };
    let base = crate::auth::message_signature::base::of(&message, list).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(base.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    scene.incoming.headers.insert("signature-input", HeaderValue::try_from(format!("sig={input}")).unwrap());
    scene.incoming.headers.insert("signature", HeaderValue::try_from(format!("sig=:{signature}:")).unwrap());
    ready(scene)
}

fn ready(scene: Scene) -> Scene {
    scene.outside.environment.0.borrow_mut().insert("S".to_owned(), SECRET.to_owned());
    scene.outside.clock.0.set(NOW_S * 1_000);
    let acme = r#"{"name":"acme","claims":{"sub":"acme","plan":"gold"},"groups":["partners"],"scopes":["read"]}"#;
    scene.outside.consumers.set(vec![serde_json::from_str(acme).unwrap()]);
    scene
}

const ALL: &str = r#""@method" "@target-uri" "content-digest""#;

fn with_digest(parameters: &str) -> Scene {
    signed(ALL, parameters, &[("content-digest", &digest(BODY))])
}

/// What comes of a request with this body under a policy.
fn ask(scene: &Scene, policy: &Signature, body: Body) -> Result<Option<Identity>, GatewayError> {
    let (mut cx, mut request) = (scene.exchange(), Request { body, ..scene.request() });
    block_on(policy.on_request(&mut cx, &mut request))?;
    if let Some(identity) = &cx.identity {
        assert_eq!(identity.claim_text("keyid").as_deref(), Some("k"));
    }
    Ok(cx.identity)
}

fn check(name: &str, scene: &Scene, more: &str, body: Body, expect: Result<(), &str>) {
    let policy = scene.compile(&format!("{KEY}{more}"), Signature::compile).unwrap();
    match (ask(scene, &policy, body), expect) {
        (Ok(identity), Ok(())) => assert_eq!(identity.unwrap().subject, "acme", "{name}"),
        (Err(GatewayError::Unauthenticated { log, challenges }), Err(part)) => {
            assert!(log.contains(part), "{name}: {log}");
            assert_eq!(challenges[0].scheme, "Signature");
        }
        (got, _) => panic!("{name}: {got:?}"),
    }
}

#[test]
fn a_signature_says_who_is_calling() {
    let scene = with_digest("");
    let policy = scene.compile(KEY, Signature::compile).unwrap();
    let identity = ask(&scene, &policy, Body::Full(BODY.into())).unwrap().unwrap();
    let scopes = ["pay", "read"].map(str::to_owned);
    assert_eq!((identity.kind, identity.consumer.as_deref(), &*identity.scopes), ("signature", Some("acme"), &scopes[..]));
    assert_eq!((&*identity.groups, identity.claim_text("plan").as_deref()), (&["partners".to_owned()][..], Some("gold")));
}

#[test]
fn the_body_is_the_one_that_was_signed() {
    let full = |text: &'static str| Body::Full(text.into());
    let no_digest = || signed(r#""@method" "@target-uri""#, "", &[]);
    check("in memory", &with_digest(""), "", full(BODY), Ok(()));
    check("as a stream", &with_digest(""), "", ChunkedBody::body(&[r#"{"amou"#, r#"nt":1}"#]), Ok(()));
    check("another body", &with_digest(""), "", full(r#"{"amount":2}"#), Err("the body is not the one"));
    check("a longer body", &with_digest(""), "", ChunkedBody::body(&[BODY, " "]), Err("the body is not the one"));
    check("no body", &with_digest(""), "", Body::Empty, Err("the body is not the one"));
    check("a body that is not covered", &no_digest(), "", full(BODY), Err("does not cover content-digest"));
    check("a stream that is not covered", &no_digest(), "", ChunkedBody::body(&["x"]), Err("does not cover content-digest"));
    check("none, and none covered", &no_digest(), "", Body::Empty, Ok(()));
    check("an empty stream, and none covered", &no_digest(), "", ChunkedBody::body(&[]), Ok(()));
    check("not covered, and said to be", &no_digest(), "unsigned_body = true", full(BODY), Ok(()));
    let must = r#"covered = ["@method", "content-digest"]"#;
    check("asked for in any case", &no_digest(), must, Body::Empty, Err("does not cover content-digest"));
    let by_member = signed(r#""@method" "@target-uri" "content-digest";key="sha-256""#, "", &[("content-digest", &digest(BODY))]);
    check("a member of it", &by_member, "", full(BODY), Err("does not cover content-digest"));
}

#[test]
fn a_body_longer_than_is_read_is_refused() {
    for body in [Body::Full(BODY.into()), ChunkedBody::body(&[BODY])] {
        let scene = with_digest("");
        let policy = scene.compile(&format!("{KEY}max_body = '4B'"), Signature::compile).unwrap();
        assert_eq!(ask(&scene, &policy, body), Err(GatewayError::BodyTooLarge { max: 4 }));
    }
}

#[test]
fn a_request_passes_once() {
    for (name, first, second, more, passes) in [
        ("the same request", with_digest(""), with_digest(""), "", false),
        ("the same nonce", with_digest(";nonce=\"a\""), signed(ALL, ";nonce=\"a\";x", &[("content-digest", &digest(BODY))]), "", false),
        ("another nonce", with_digest(";nonce=\"a\""), with_digest(";nonce=\"b\""), "", true),
        ("said to be taken again", with_digest(""), with_digest(""), "replay = true", true),
    ] {
        let policy = first.compile(&format!("{KEY}{more}"), Signature::compile).unwrap();
        assert!(ask(&first, &policy, Body::Full(BODY.into())).is_ok(), "{name}");
        let second = Scene { incoming: second.incoming, ..first };
        match ask(&second, &policy, Body::Full(BODY.into())) {
            Ok(_) => assert!(passes, "{name}"),
            Err(GatewayError::Unauthenticated { log, .. }) => assert!(!passes && log.contains("used before"), "{name}: {log}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn where_nobody_knows_whether_it_was_used_it_does_not_pass() {
    for fault in [Fault::Before, Fault::After] {
        let scene = with_digest("");
        let policy = scene.compile(KEY, Signature::compile).unwrap();
        scene.outside.replay.fault.set(fault);
        let got = ask(&scene, &policy, Body::Full(BODY.into()));
        assert!(matches!(&got, Err(error) if error.is_outage()), "{fault:?}: {got:?}");
    }
    let scene = with_digest("");
    scene.incoming.headers.get("signature").unwrap();
    let policy = scene.compile(KEY, Signature::compile).unwrap();
    check("a signature that does not hold", &with_digest(""), "nonce = true", Body::Empty, Err("no `nonce`"));
    let _ = ask(&scene, &policy, Body::Full("other".into()));
    assert_eq!(scene.outside.replay.calls.get(), 0, "what does not hold is not remembered");
}

#[test]
fn the_target_is_the_clients_and_not_a_rewritten_one() {
    let scene = with_digest("");
    let policy = scene.compile(KEY, Signature::compile).unwrap();
    let (mut cx, mut request) = (scene.exchange(), Request { body: Body::Full(BODY.into()), ..scene.request() });
    request.target.path = "/internal/pay".to_owned();
    assert!(block_on(policy.on_request(&mut cx, &mut request)).is_ok());
}

#[test]
fn clients_are_told_what_to_sign() {
    let scene = ready(Scene::of("GET", "https://api.example/", &[]));
    for (more, expect) in [
        ("", r#"sig=("@method" "@target-uri" "content-digest");created;keyid"#),
        ("covered = ['@path']\nunsigned_body = true\nnonce = true\ntag = 'a\"b'", r#"sig=("@path");created;keyid;nonce;tag="a\"b""#),
    ] {
        let policy = scene.compile(&format!("{KEY}{more}"), Signature::compile).unwrap();
        let (mut cx, mut request) = (scene.exchange(), scene.request());
        let error = block_on(policy.on_request(&mut cx, &mut request)).unwrap_err();
        assert_eq!(error.verdict().headers[0].1, r#"Signature realm="A""#);
        assert_eq!(cx.reply_headers, [(ACCEPT_SIGNATURE, HeaderValue::try_from(expect).unwrap())]);
    }
}

#[test]
fn what_cannot_work_is_refused() {
    let ed = "keys.k = { jwk = { kty = 'OKP', crv = 'Ed25519', x = 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs' } }\n";
    let rows = [
        ("", "missing field `keys`"),
        ("keys = {}", "there is no key"),
        ("keys.k = {}", "exactly one of"),
        ("keys.k = { pem = 'x', secret = { secret = 'S' } }", "exactly one of"),
        ("keys.k = { pem = 'x' }", "keys.k.pem: there is no `-----BEGIN PUBLIC KEY-----`"),
        ("keys.k = { pem = 'x', encoding = 'hex' }", "only a `secret`"),
        ("keys.k = { pem = 'x', algorithm = 'hmac-sha256' }", "asks for `secret`"),
        ("keys.k = { secret = { secret = 'S' }, algorithm = 'ed25519' }", "asks for a public key"),
        ("keys.k = { secret = { secret = 'S' }, algorithm = 'none' }", "unknown variant"),
        ("keys.k = { secret = { secret = 'S' } }", "`S` is not set"),
        ("keys.k = { jwk = { kty = 'oct', k = 'AAAA' } }", "shared secret"),
        (&format!("{ed}algorithm = 'x'"), "unknown field"),
        (
            "keys.k = { jwk = { kty = 'OKP', crv = 'Ed25519', x = 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs' }, algorithm = 'rsa-pss-sha512' }",
            "cannot be used with it",
        ),
        (
            "keys.k = { jwk = { kty = 'OKP', crv = 'Ed25519', x = 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs', kid = 'é' } }\nkeys.'é' = { pem = 'x' }",
            "visible ASCII",
        ),
        (&format!("{ed}covered = []"), "proves nothing"),
        (&format!("{ed}covered = ['@method', '@method']"), "twice"),
        (&format!("{ed}covered = ['@nothing']"), "no derived component"),
        (&format!("{ed}covered = ['Content-Type']"), "lower case"),
        (&format!("{ed}tag = 'é'"), "tag: a tag is of visible ASCII"),
        (&format!("{ed}max_age = '13h'"), "out of range"),
        (&format!("{ed}max_age = '0s'"), "out of range"),
        (&format!("{ed}leeway = '6m'"), "clocks do not differ"),
    ];
    Scene::refuses(&rows, Signature::compile);
    let scene = ready(Scene::of("GET", "https://api.example/", &[]));
    assert!(scene.compile(ed, Signature::compile).is_ok());
    for (secret, encoding, fits) in [
        (SECRET.to_owned(), "text", true),
        (SECRET[1..].to_owned(), "text", false),
        (STANDARD.encode(SECRET), "base64", true),
        (SECRET.replace('f', "-"), "base64", false),
        (SECRET.repeat(2), "hex", true),
        (SECRET.to_owned(), "hex", false),
    ] {
        scene.outside.environment.0.borrow_mut().insert("S".to_owned(), secret);
        let toml = format!("keys.k = {{ secret = {{ secret = 'S' }}, encoding = '{encoding}' }}");
        assert_eq!(scene.compile(&toml, Signature::compile).is_ok(), fits, "{encoding}");
    }
}
