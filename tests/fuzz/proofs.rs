//! Entries that look behind a signature: what they are given is signed with a right key before it is read.

use archway::auth::algorithm::Algorithm;
use archway::auth::claims::Rules;
use archway::auth::keys::{Key, KeySet};
use archway::auth::oidc::id_token::{self, Expected};
use archway::auth::oidc::logout_token::LogoutToken;
use archway::auth::oidc::provider::Provider;
use archway::auth::oidc::token_answer;
use archway::auth::signing::SigningKey;
use archway::auth::{base64url, dpop, introspection, jwk, verify, x509};
use archway::config::runtime::EncodedSlash;
use archway::error::GatewayError;
use archway::http::{HeaderName, HeaderValue, Target, forwarded};
use archway::memory::{Fault, Scene};
use archway::policies::basic::Basic;
use archway::policies::mtls::Mtls;
use archway::policies::{Flow, Policy};
use futures::executor::block_on;
use serde_json::{Value, json};

use super::text;

const NOW_MS: u64 = 1_795_392_000_000;
const SECRET: &[u8] = b"a-secret-of-at-least-thirty-two-bytes";
const PRIVATE: &str = include_str!("../tokens/keys/p256.pem");
const PUBLIC: (&str, &str) = ("8L878s2HYNW78yLia9lOHq_eZWajpXooA06f9ablPfQ", "mJyiM65oIXmQxYlPQkVSD9OgUe5A7VmF_GcRjj78HRQ");

/// A token of two lines, its header and its claims; of one line, the token itself.
fn signed(data: &[u8], key: &SigningKey) -> String {
    let Some((header, claims)) = text(data).split_once('\n') else { return text(data).to_owned() };
    let message = format!("{}.{}", base64url::encode(header), base64url::encode(claims));
    let signature = key.signature(message.as_bytes()).unwrap_or_default();
    format!("{message}.{signature}")
}

/// The claims of such a token.
fn claims(data: &[u8]) -> Value {
    let claims = text(data).split_once('\n').map(|(_, claims)| claims);
    claims.and_then(|claims| serde_json::from_str(claims).ok()).unwrap_or_default()
}

fn public() -> Value {
    json!({ "kty": "EC", "crv": "P-256", "x": PUBLIC.0, "y": PUBLIC.1 })
}

/// A token that passes is of the right issuer, for the right audience, and of now.
pub fn token_signed(data: &[u8]) {
    let Ok(key) = SigningKey::secret(SECRET, Algorithm::HS256) else { return };
    let Ok(public) = Key::secret(SECRET, &[Algorithm::HS256]) else { return };
    let keys = KeySet { keys: vec![public], skipped: Vec::new() };
    let rules = Rules { issuers: vec!["i".to_owned()], audiences: vec!["a".to_owned()], leeway_ms: 30_000, ..Rules::default() };
    let Ok(proof) = verify::verify(&signed(data, &key), &keys, &rules, NOW_MS) else { return };
    let claims = claims(data);
    assert_eq!(claims["iss"], "i", "{claims}");
    assert!(claims["exp"].as_f64().is_some_and(|exp| (exp + 31.0) * 1000.0 > NOW_MS as f64), "{claims}");
    assert!(claims["aud"] == "a" || claims["aud"].as_array().is_some_and(|all| all.contains(&json!("a"))), "{claims}");
    assert!(!proof.identity.subject.is_empty() && proof.until_ms > NOW_MS);
}

/// A proof that passes is for this method, this URL, this token and now.
pub fn dpop(data: &[u8]) {
    let (Ok(key), Some(public)) = (SigningKey::from_pem(PRIVATE, None), public().as_object().cloned()) else { return };
    let Some(thumbprint) = jwk::thumbprint(&public) else { return };
    let Ok(target) = Target::parse("https://api.example/orders", EncodedSlash::Refuse) else { return };
    let asked = dpop::Asked {
        method: "GET",
        target: &target,
        encoded_slash: EncodedSlash::Refuse,
        token: "token",
        key: &thumbprint,
        now_ms: NOW_MS,
        window_ms: 60_000,
    };
    if dpop::check(&signed(data, &key), &asked).is_ok() {
        let claims = claims(data);
        assert_eq!(claims["htm"], "GET", "{claims}");
        assert!(claims["iat"].as_f64().is_some_and(|iat| (iat * 1000.0 - NOW_MS as f64).abs() <= 60_001.0), "{claims}");
        assert!(claims["htu"].as_str().is_some_and(|url| url.to_ascii_lowercase().starts_with("https://api.example")), "{claims}");
    }
    let _ = dpop::nonce_holds(SECRET, text(data), NOW_MS);
}

/// What an issuer answers: a token is active only where it says `true`, and metadata lead to safe places alone.
pub fn introspection(data: &[u8]) {
    let rules = Rules { introspected: true, audiences: vec!["a".to_owned()], leeway_ms: 30_000, ..Rules::default() };
    if let Ok(Ok(proof)) = introspection::read(data, &rules, NOW_MS) {
        let answer: Value = serde_json::from_slice(data).unwrap_or_default();
        assert_eq!(answer["active"], true, "{answer}");
        assert!(!proof.identity.subject.is_empty() && proof.until_ms > NOW_MS, "{answer}");
    }
    if let Ok(endpoint) = introspection::endpoint_of(data, Some("https://issuer.example")) {
        assert!(is_safe(&endpoint), "{endpoint}");
    }
    let _ = introspection::check_form(text(data));
}

/// What a provider says of itself, and its tokens.
pub fn oidc(data: &[u8]) {
    if let Ok(provider) = Provider::parse(data, "https://login.example") {
        for url in [&provider.authorization_endpoint, &provider.token_endpoint, &provider.jwks_uri] {
            assert!(is_safe(url), "{url}");
        }
    }
    let _ = token_answer::parse(data, NOW_MS);
    let said = token_answer::error(data);
    assert!(said.len() < 200 && !said.contains(char::is_control), "{said}");

    let Ok(key) = SigningKey::from_pem(PRIVATE, None) else { return };
    let Ok(keys) = jwk::parse_set(json!({ "keys": [public()] }).to_string().as_bytes()) else { return };
    let token = signed(data, &key);
    let expected = Expected {
        issuer: "https://login.example",
        client_id: "app",
        nonce: Some("n"),
        subject: None,
        access_token: "token",
        max_age_ms: Some(600_000),
        leeway_ms: 30_000,
    };
    if let Ok(claims) = id_token::check(&token, &keys, &expected, NOW_MS) {
        assert_eq!((&claims["iss"], &claims["nonce"]), (&json!("https://login.example"), &json!("n")));
    }
    if let Ok(logout) = LogoutToken::check(&token, &keys, ("https://login.example", "app"), 30_000, NOW_MS) {
        assert!(logout.sid.is_some() || logout.subject.is_some());
    }
}

fn is_safe(url: &str) -> bool {
    url.starts_with("https://")
        || Target::parse(url, EncodedSlash::Keep).is_ok_and(|target| ["localhost", "127.0.0.1", "[::1]"].contains(&target.host()))
}

/// Certificates, and the header fields in which proxies tell of them: nobody who says nothing is anybody.
pub fn certificate(data: &[u8]) {
    let _ = x509::read(data);
    for (told, header) in [("client-cert", "client-cert"), ("x-forwarded-client-cert", "x-forwarded-client-cert")] {
        let mut scene = Scene::of("GET", "https://api.example/", &[]);
        let (Ok(name), Ok(value)) = (HeaderName::try_from(header), HeaderValue::try_from(text(data))) else { continue };
        scene.incoming.headers.append(name, value);
        scene.outside.clock.0.set(NOW_MS);
        let config = format!("consumer = \"optional\"\nfrom = {{ proxies = {{ networks = [\"192.0.2.0/24\"], header = \"{told}\" }} }}");
        let Ok(policy) = scene.compile(&config, Mtls::compile) else { continue };
        let (mut cx, mut request) = (scene.exchange(), scene.request());
        cx.certificates = forwarded::set_aside(&mut request.headers);
        if let Ok(Flow::Next) = block_on(policy.on_request(&mut cx, &mut request)) {
            assert!(cx.identity.is_some_and(|identity| !identity.subject.is_empty()));
        }
    }
}

/// User names and passwords: whatever is said, it is a question for the passwords' port, or refused.
pub fn basic(data: &[u8]) {
    let mut scene = Scene::of("GET", "https://api.example/", &[]);
    let Ok(value) = HeaderValue::try_from(text(data)) else { return };
    scene.incoming.headers.append("authorization", value);
    scene.outside.passwords.fault.set(Fault::Before);
    let Ok(policy) = scene.compile("", Basic::compile) else { return };
    let outcome = block_on(policy.on_request(&mut scene.exchange(), &mut scene.request()));
    let known = matches!(
        outcome,
        Err(GatewayError::Unauthenticated { .. }
            | GatewayError::CredentialUnknown { .. }
            | GatewayError::CredentialsUnclear { .. }
            | GatewayError::PolicyUnavailable { .. })
    );
    assert!(known, "{outcome:?}");
}
