use futures::executor::block_on;
use serde_json::json;

use super::*;
use crate::auth::pem;
use crate::auth::token::Token;
use crate::memory::MapEnvironment;

const P256: &str = include_str!("../../../tests/tokens/keys/p256.pem");
const P256_PUBLIC: &str = include_str!("../../../tests/tokens/keys/p256.pub.pem");
const ENDPOINT: &str = "https://issuer.example/introspect";

fn environment() -> MapEnvironment {
    let environment = MapEnvironment::default();
    for (name, value) in [("SECRET", "p&a:ss wörd"), ("KEY", P256), ("NOT_A_KEY", "x")] {
        environment.0.borrow_mut().insert(name.to_owned(), value.to_owned());
    }
    environment
}

fn client(written: Value) -> Result<ClientAuth, ConfigError> {
    let config: ClientConfig = serde_json::from_value(written).unwrap();
    ClientAuth::compile("client", &config, &mut Compiler::new(&environment(), "a.b", "A"))
}

/// `Authorization` and the form of a question by this client.
fn asked(written: Value) -> (Option<String>, Vec<(String, String)>) {
    let client = client(written).unwrap();
    let mut request = client.form(ENDPOINT, &[("token", "a b")], Moment { now_ms: 1_800_000_000_999, random: [7; 16] }, 5_000).unwrap();
    assert_eq!((request.method, request.url.as_str(), request.total_ms), (Method::POST, ENDPOINT, 5_000));
    let authorization = request.headers.get(header::AUTHORIZATION).map(|value| {
        assert!(value.is_sensitive(), "no log may show it");
        value.to_str().unwrap().to_owned()
    });
    let body = block_on(request.body.read(10_000)).unwrap();
    let pairs = query::pairs(std::str::from_utf8(&body).unwrap()).map(|(name, value)| (name.into_owned(), value.into_owned()));
    (authorization, pairs.collect())
}

fn pairs(expect: &[(&str, &str)]) -> Vec<(String, String)> {
    expect.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_secret_goes_where_it_was_agreed() {
    let secret = json!({ "secret": "SECRET" });
    let (authorization, form) = asked(json!({ "id": "gate:way", "secret": secret }));
    let expect = format!("Basic {}", STANDARD.encode("gate%3Away:p%26a%3Ass+w%C3%B6rd"));
    assert_eq!((authorization, form), (Some(expect), pairs(&[("token", "a b")])));
    let (authorization, form) = asked(json!({ "id": "gateway", "secret": secret, "auth": "client_secret_post" }));
    let expect = pairs(&[("token", "a b"), ("client_id", "gateway"), ("client_secret", "p&a:ss wörd")]);
    assert_eq!((authorization, form), (None, expect));
    let (authorization, form) = asked(json!({ "id": "gateway" }));
    assert_eq!((authorization, form), (None, pairs(&[("token", "a b"), ("client_id", "gateway")])));
}

#[test]
fn an_assertion_is_for_one_endpoint_and_a_minute() {
    for (more, audience) in [(json!({}), ENDPOINT), (json!({ "audience": "https://issuer.example" }), "https://issuer.example")] {
        let mut written = json!({ "id": "gateway", "key": { "secret": "KEY" }, "kid": "one" });
        written.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (authorization, form) = asked(written);
        let [token, id, assertion_type, assertion] = form.as_slice() else { panic!("{form:?}") };
        assert_eq!(authorization, None);
        assert_eq!([token, id, assertion_type].map(|(_, value)| value.as_str()), ["a b", "gateway", ASSERTION_TYPE]);
        let token = Token::parse(&assertion.1).unwrap();
        pem::parse(P256_PUBLIC).unwrap().verify(&token).unwrap();
        assert_eq!(token.kid.as_deref(), Some("one"));
        let expect = json!({
            "iss": "gateway", "sub": "gateway", "aud": audience, "jti": base64url::encode([7; 16]),
            "iat": 1_800_000_000, "exp": 1_800_000_060
        });
        assert_eq!(Value::Object(token.claims().unwrap()), expect);
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let (secret, key) = (json!({ "secret": "SECRET" }), json!({ "secret": "KEY" }));
    for (written, field, part) in [
        (json!({ "id": "" }), "client.id", "no id"),
        (json!({ "id": "g", "secret": secret, "key": key }), "client.key", "by one thing"),
        (json!({ "id": "g", "auth": "client_secret_basic" }), "client.auth", "asks for `secret`"),
        (json!({ "id": "g", "auth": "client_secret_post", "key": key }), "client.auth", "asks for `secret`"),
        (json!({ "id": "g", "auth": "private_key_jwt", "secret": secret }), "client.auth", "asks for `key`"),
        (json!({ "id": "g", "auth": "none", "secret": secret }), "client.auth", "proves nothing"),
        (json!({ "id": "g", "key": key, "algorithm": "HS256" }), "client.algorithm", "signs RS256"),
        (json!({ "id": "g", "key": key, "algorithm": "ES384" }), "client.key", "`KEY` cannot be used: it is not a key for"),
        (json!({ "id": "g", "secret": secret, "kid": "one" }), "client.kid", "there is none"),
        (json!({ "id": "g", "secret": { "secret": "NONE" } }), "client.secret", "is not set"),
        (json!({ "id": "g", "key": { "secret": "NOT_A_KEY" } }), "client.key", "not a private key in PEM"),
        (json!({ "id": "${NONE}" }), "client.id", "is not set"),
    ] {
        let error = client(written.clone()).expect_err("it cannot work");
        assert!(error.field == field && error.message.contains(part), "{written}: {error}");
    }
}
