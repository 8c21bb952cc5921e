use super::*;
use crate::http::HeaderValue;
use proptest::prelude::*;

const NOW_S: u64 = 1_614_265_330;
const BODY: &str = r#"{"test": 2432232314}"#;

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    }
    headers
}

fn secrets(secrets: &[&[u8]]) -> Keys {
    Keys { secrets: secrets.iter().map(|secret| secret.to_vec()).collect(), public: Vec::new() }
}

fn ask(scheme: &Scheme, fields: &[(&str, &str)], keys: &Keys, body: &str, now_s: u64) -> Result<String, Refusal> {
    let headers = headers(fields);
    let head = read(scheme, &headers, 300_000, now_s * 1_000)?;
    hold(scheme, &head, keys, body.as_bytes())
}

fn check(name: &str, got: &Result<String, Refusal>, expect: Option<&str>) {
    match (got, expect) {
        (Ok(_), None) => {}
        (Err(refusal), Some(part)) => assert!(refusal.to_string().contains(part), "{name}: {refusal}"),
        _ => panic!("{name}: {got:?}"),
    }
}

/// The example of the Standard Webhooks specification.
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const V1: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn standard_secret() -> Vec<u8> {
    STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

#[test]
fn standard_webhooks_hold_or_do_not() {
    let keys = secrets(&[&standard_secret()]);
    let rotated = secrets(&[b"another secret of some length", &standard_secret()]);
    let fields = |id, timestamp, signature| [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)];
    let two = format!("v1,AAAA {V1}");
    let unknown = format!("v2,whatever {V1}");
    let many = [V1; MOST_SIGNATURES + 1].join(" ");
    let long = "a".repeat(MOST_ID_BYTES + 1);
    for (name, fields, keys, body, after_s, expect) in [
        ("as it was sent", fields(ID, "1614265330", V1), &keys, BODY, 0, None),
        ("under the other secret", fields(ID, "1614265330", V1), &rotated, BODY, 0, None),
        ("one of two signatures", fields(ID, "1614265330", &two), &keys, BODY, 0, None),
        ("a version that nobody knows", fields(ID, "1614265330", &unknown), &keys, BODY, 0, None),
        ("the last moment", fields(ID, "1614265330", V1), &keys, BODY, 299, None),
        ("too late", fields(ID, "1614265330", V1), &keys, BODY, 300, Some("too long ago")),
        ("another body", fields(ID, "1614265330", V1), &keys, "{}", 0, Some("no signature holds")),
        ("another id", fields("msg_other", "1614265330", V1), &keys, BODY, 0, Some("no signature holds")),
        ("another time", fields(ID, "1614265331", V1), &keys, BODY, 0, Some("no signature holds")),
        ("a time of tomorrow", fields(ID, "1614351730", V1), &keys, BODY, 0, Some("in the future")),
        ("no number", fields(ID, "now", V1), &keys, BODY, 0, Some("`webhook-timestamp` cannot be read")),
        ("a sign", fields(ID, "+1614265330", V1), &keys, BODY, 0, Some("`webhook-timestamp` cannot be read")),
        ("no time", fields(ID, "", V1), &keys, BODY, 0, Some("`webhook-timestamp` cannot be read")),
        ("no id", fields("", "1614265330", V1), &keys, BODY, 0, Some("`webhook-id` cannot be read")),
        ("an id with a dot", fields("msg.1", "1614265330", V1), &keys, BODY, 0, Some("`webhook-id` cannot be read")),
        ("a long id", fields(&long, "1614265330", V1), &keys, BODY, 0, Some("`webhook-id` cannot be read")),
        ("no version", fields(ID, "1614265330", &V1[3..]), &keys, BODY, 0, Some("`webhook-signature` cannot be read")),
        ("not base64", fields(ID, "1614265330", "v1,!"), &keys, BODY, 0, Some("`webhook-signature` cannot be read")),
        ("too many", fields(ID, "1614265330", &many), &keys, BODY, 0, Some("`webhook-signature` cannot be read")),
        ("nothing", fields(ID, "1614265330", ""), &keys, BODY, 0, Some("no signature holds")),
        ("an empty one", fields(ID, "1614265330", "v1,"), &keys, BODY, 0, Some("no signature holds")),
        ("the wrong version", fields(ID, "1614265330", &V1.replace("v1,", "v1a,")), &keys, BODY, 0, Some("no signature holds")),
    ] {
        check(name, &ask(&Scheme::standard(), &fields, keys, body, NOW_S + after_s), expect);
    }
    let missing = ask(&Scheme::standard(), &[("webhook-id", ID), ("webhook-timestamp", "1614265330")], &keys, BODY, NOW_S);
    check("no signature at all", &missing, Some("no `webhook-signature`"));
    let twice = [("webhook-id", ID), ("webhook-id", ID), ("webhook-timestamp", "1614265330"), ("webhook-signature", V1)];
    check("an id twice", &ask(&Scheme::standard(), &twice, &keys, BODY, NOW_S), Some("`webhook-id` cannot be read"));
}

#[test]
fn standard_webhooks_may_be_signed_with_a_key_pair() {
    let pem = include_str!("../../../tests/tokens/keys/ed25519.pem");
    let public = crate::auth::pem::parse(include_str!("../../../tests/tokens/keys/ed25519.pub.pem")).unwrap().keys;
    let key = jsonwebtoken::EncodingKey::from_ed_pem(pem.as_bytes()).unwrap();
    let signed = format!("{ID}.1614265330.{BODY}");
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, jsonwebtoken::Algorithm::EdDSA).unwrap();
    let signature = STANDARD.encode(base64url::decode(signature).unwrap());
    let keys = Keys { secrets: Vec::new(), public };
    for (version, expect) in [("v1a", None), ("v1", Some("no signature holds"))] {
        let signature = format!("{version},{signature}");
        let fields = [("webhook-id", ID), ("webhook-timestamp", "1614265330"), ("webhook-signature", signature.as_str())];
        check(version, &ask(&Scheme::standard(), &fields, &keys, BODY, NOW_S), expect);
    }
}

/// The example of GitHub's documentation.
#[test]
fn githubs_hold_or_do_not() {
    let keys = secrets(&[b"It's a Secret to Everybody"]);
    let mac = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let good = format!("sha256={mac}");
    for (name, value, body, expect) in [
        ("as it was sent", good.clone(), "Hello, World!", None),
        ("in upper case", format!("sha256={}", mac.to_uppercase()), "Hello, World!", None),
        ("another body", good.clone(), "Hello, World", Some("no signature holds")),
        ("no prefix", mac.to_owned(), "Hello, World!", Some("cannot be read")),
        ("another hash", format!("sha1={mac}"), "Hello, World!", Some("cannot be read")),
        ("a part of it", good[..30].to_owned(), "Hello, World!", Some("cannot be read")),
        ("an even part of it", good[..31].to_owned(), "Hello, World!", Some("no signature holds")),
        ("nothing", "sha256=".to_owned(), "Hello, World!", Some("no signature holds")),
    ] {
        check(name, &ask(&Scheme::github(), &[("x-hub-signature-256", &value)], &keys, body, NOW_S), expect);
    }
    let absent = ask(&Scheme::github(), &[("x-hub-signature", &good)], &keys, "Hello, World!", NOW_S);
    check("the older field alone", &absent, Some("no `x-hub-signature-256`"));
}

fn mac(secret: &[u8], signed: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn stripes_and_slacks_hold_or_do_not() {
    let keys = secrets(&[b"whsec_old", b"whsec_test"]);
    let v1 = mac(b"whsec_test", &format!("1614265330.{BODY}"));
    for (name, value, expect) in [
        ("as it was sent", format!("t=1614265330,v1={v1}"), None),
        ("two signatures", format!("t=1614265330,v1={},v1={v1},v0=x", "00".repeat(32)), None),
        ("another time", format!("t=1614265331,v1={v1}"), Some("no signature holds")),
        ("two times", format!("t=1614265330,t=1614265331,v1={v1}"), Some("cannot be read")),
        ("no time", format!("v1={v1}"), Some("cannot be read")),
        ("an older version", format!("t=1614265330,v0={v1}"), Some("no signature holds")),
        ("nonsense", "t".to_owned(), Some("cannot be read")),
        ("too old", format!("t=1614265000,v1={v1}"), Some("too long ago")),
    ] {
        check(name, &ask(&Scheme::stripe(), &[("stripe-signature", &value)], &keys, BODY, NOW_S), expect);
    }
    // The example of Slack's documentation.
    let slack = secrets(&[b"8f742231b10e8888abcd99yyyzzz85a5"]);
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar\
        &user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F\
        T1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let value = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    for (name, timestamp, expect) in [("as it was sent", "1531420618", None), ("another time", "1531420619", Some("no signature holds"))] {
        let fields = [("x-slack-signature", value), ("x-slack-request-timestamp", timestamp)];
        check(name, &ask(&Scheme::slack(), &fields, &slack, body, 1_531_420_618), expect);
    }
}

#[test]
fn what_must_not_come_twice_is_all_that_was_signed() {
    let keys = secrets(&[&standard_secret()]);
    let twice = format!("{V1} {V1}");
    let once = |signature: &str| {
        let fields = [("webhook-id", ID), ("webhook-timestamp", "1614265330"), ("webhook-signature", signature)];
        ask(&Scheme::standard(), &fields, &keys, BODY, NOW_S).unwrap()
    };
    assert_eq!(once(V1), once(&twice));
}

proptest! {
    #[test]
    fn no_field_breaks_the_reader(signature in "[ -~]{0,60}", id in "[ -~]{0,12}", timestamp in "[ -~]{0,14}") {
        let fields = headers(&[("webhook-id", &id), ("webhook-timestamp", &timestamp), ("webhook-signature", &signature),
            ("x-hub-signature-256", &signature), ("stripe-signature", &signature), ("x-slack-signature", &signature),
            ("x-slack-request-timestamp", &timestamp)]);
        for scheme in [Scheme::standard(), Scheme::github(), Scheme::stripe(), Scheme::slack()] {
            if let Ok(head) = read(&scheme, &fields, 300_000, NOW_S * 1_000) {
                prop_assert_eq!(hold(&scheme, &head, &secrets(&[b"secret"]), b"body"), Err(Refusal::BadSignature));
            }
        }
    }
}
