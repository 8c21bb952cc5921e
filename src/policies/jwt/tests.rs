use futures::executor::block_on;
use jsonwebtoken::{Algorithm as Jws, EncodingKey};
use serde_json::{Value, json};

use super::*;
use crate::auth::base64url;
use crate::config::runtime::Settings;
use crate::exchange::Connection;
use crate::gateway::Incoming;
use crate::http::{Body, Target};
use crate::memory::Outside;

mod answers;
mod configuration;
mod key_sets;

const START_S: u64 = 1_800_000_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const P256: &str = include_str!("../../../tests/tokens/keys/p256.pem");
const P256_OTHER: &str = include_str!("../../../tests/tokens/keys/p256-other.pem");
const P256_PUBLIC: &str = include_str!("../../../tests/tokens/keys/p256.pub.pem");
const P256_OTHER_PUBLIC: &str = include_str!("../../../tests/tokens/keys/p256-other.pub.pem");

fn signed(header: Value, claims: Value, key: &EncodingKey, algorithm: Jws) -> String {
    let signed = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

fn claims(more: Value) -> Value {
    let mut claims = json!({ "iss": "https://issuer.example/", "aud": "api", "sub": "u", "exp": START_S + 3600 });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

/// A token by the shared secret.
fn by_secret(more: Value) -> String {
    signed(json!({ "alg": "HS256" }), claims(more), &EncodingKey::from_secret(SECRET.as_bytes()), Jws::HS256)
}

/// A token by one of the P-256 keys, which it names.
fn by_key(pem: &str, kid: &str) -> String {
    let key = EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
    signed(json!({ "alg": "ES256", "kid": kid }), claims(json!({})), &key, Jws::ES256)
}

/// A key set of P-256 keys by name.
fn key_set(keys: &[(&str, &str)]) -> String {
    let jwk = |(kid, pem): &(&str, &str)| {
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap();
        let (x, y) = der[der.len() - 64..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": base64url::encode(x), "y": base64url::encode(y) })
    };
    json!({ "keys": keys.iter().map(jwk).collect::<Vec<_>>() }).to_string()
}

fn outside() -> Outside {
    let outside = Outside::at(START_S * 1000);
    outside.environment.0.borrow_mut().insert("TOKEN_SECRET".to_owned(), SECRET.to_owned());
    outside
}

/// Lays `more` over the written form; null removes.
fn written(base: Value, more: Value) -> Value {
    let mut written = base.as_object().unwrap().clone();
    for (name, value) in more.as_object().unwrap() {
        written.remove(name);
        if !value.is_null() {
            written.insert(name.clone(), value.clone());
        }
    }
    Value::Object(written)
}

fn compiled(outside: &Outside, config: &Value) -> Result<(Jwt, crate::config::compiler::Needs), String> {
    let config: Config = serde_json::from_value(config.clone()).map_err(|error| error.to_string())?;
    let mut compiler = Compiler::new(&*outside.environment, "shop.signed_in", "Shop");
    let policy = Jwt::compile(config, &mut compiler).map_err(|error| error.to_string())?;
    Ok((policy, compiler.needs))
}

/// What one request gave.
struct Seen {
    outcome: Result<(), GatewayError>,
    request: Request,
    identity: Option<Identity>,
    notes: Vec<String>,
}

impl Seen {
    /// `ok`, or the status and the reason in the log.
    fn verdict(&self) -> String {
        match &self.outcome {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                let verdict = error.verdict();
                format!("{} {}", verdict.status.as_u16(), verdict.log)
            }
        }
    }
}

fn call(outside: &Outside, policy: &Jwt, headers: &[(&str, &str)], query: Option<&str>) -> Seen {
    let (ports, settings) = (outside.ports(), Settings::default());
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    }
    let incoming = Incoming {
        method: Method::GET,
        url: String::new(),
        headers: map.clone(),
        body: Body::Empty,
        client: Connection::default(),
        edge: Default::default(),
    };
    let mut cx = Exchange::begin(&ports, &settings, &incoming);
    let target = Target { scheme: "https", authority: "shop.example".into(), path: "/".into(), query: query.map(str::to_owned) };
    let mut request = Request { method: Method::GET, target, headers: map, body: Body::Empty };
    let outcome = block_on(policy.on_request(&mut cx, &mut request)).map(|_| ());
    Seen { outcome, request, identity: cx.identity, notes: cx.record.notes }
}

fn bearer(outside: &Outside, policy: &Jwt, token: &str) -> Seen {
    call(outside, policy, &[("authorization", &format!("Bearer {token}"))], None)
}
