//! What is fuzzed: parsers that read what anybody may send. The fuzz targets and the test of the committed corpora share these.
//!
//! Each entry takes any bytes at all. That it comes back is the first thing held; the others are said in it.

use std::collections::BTreeMap;

#[path = "proofs.rs"]
mod proofs;

use archway::auth::message_signature::{Algorithm, Message, Rules, TrustedKey, verify};
use archway::auth::webhook::{self, Scheme};
use archway::auth::{algorithm, api_key, claims, content_digest, dpop, hex, jwk, keys, pem, token};
use archway::config::runtime::EncodedSlash;
use archway::expr::condition::Condition;
use archway::http::{HeaderMap, HeaderName, HeaderValue, Target, multipart, path, query, structured};
use archway::memory::Scene;
use archway::schema::document;
use archway::schema::forms::Fields;
use archway::schema::parameters::{Parameter, Part, Style};
use archway::schema::shape::Shape;
use archway::schema::tree::kind;
use archway::threat::settings::{Class, Level, Settings};
use archway::threat::{Parts, inspect, json, xml};

/// An entry, behind the name of its target and of its corpus.
pub type Entry = (&'static str, fn(&[u8]));

/// Every entry.
pub const ENTRIES: &[Entry] = &[
    ("basic", proofs::basic),
    ("certificate", proofs::certificate),
    ("condition", condition),
    ("document", document),
    ("dpop", proofs::dpop),
    ("form", form),
    ("introspection", proofs::introspection),
    ("json", json_scan),
    ("key", key),
    ("key_set", key_set),
    ("oidc", proofs::oidc),
    ("path", path_and_query),
    ("signature", signature),
    ("structured", structured_field),
    ("token", access_token),
    ("token_signed", proofs::token_signed),
    ("waf", shield),
    ("webhook", webhook_head),
    ("xml", xml_scan),
];

/// Runs the entry of a target.
pub fn run(name: &str, data: &[u8]) {
    if let Some((_, entry)) = ENTRIES.iter().find(|(known, _)| *known == name) {
        entry(data);
    }
}

/// Header fields from lines of `name: value`; what cannot be one is passed over.
fn headers(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.lines().take(64) {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    headers
}

fn text(data: &[u8]) -> &str {
    std::str::from_utf8(data).unwrap_or_else(|error| std::str::from_utf8(&data[..error.valid_up_to()]).unwrap_or_default())
}

/// A token has one text: what is read gives the very same parts back.
fn access_token(data: &[u8]) {
    let text = text(data);
    if let Ok(token) = token::Token::parse(text) {
        let signed = std::str::from_utf8(token.signed()).unwrap_or_default();
        assert_eq!(format!("{signed}.{}", token.signature()), text);
        let _ = token.claimed_issuer();
        if let Ok(claims) = token.claims() {
            let _ = claims::time_ms(&claims, "exp");
        }
    }
    let Ok(target) = Target::parse("https://api.example/", EncodedSlash::Refuse) else { return };
    let asked = dpop::Asked {
        method: "GET",
        target: &target,
        encoded_slash: EncodedSlash::Refuse,
        token: "token",
        key: &[0; 32],
        now_ms: 1_795_392_000_000,
        window_ms: 300_000,
    };
    assert!(dpop::check(text, &asked).is_err(), "nobody has a key with this thumbprint");
}

/// No key that was not made passes, and every key that was made does.
fn key(data: &[u8]) {
    let text = text(data);
    if api_key::read(text).is_ok() {
        for other in [format!("{text}0"), format!(" {text}")] {
            assert!(api_key::read(&other).is_err(), "{other}");
        }
    }
    let _ = hex::decode(text);
}

/// Keys are bound to algorithms, and none is for nothing.
fn key_set(data: &[u8]) {
    for set in [jwk::parse_set(data), pem::parse(text(data))].into_iter().flatten() {
        assert!(set.keys.iter().all(|key| !key.algorithms.is_empty()));
    }
}

/// What was normalised is normal, and no normal path leads upwards.
fn path_and_query(data: &[u8]) {
    let text = text(data);
    for slash in [EncodedSlash::Refuse, EncodedSlash::Keep] {
        if let Ok(normal) = path::normalise(text, slash) {
            assert_eq!(path::normalise(&normal, slash).ok().as_deref(), Some(&*normal), "{text:?}");
            assert!(!normal.split('/').any(|segment| matches!(segment, "." | "..")), "{normal:?}");
        }
        if let Ok(target) = Target::parse(text, slash) {
            let again = Target::parse(&format!("{}://{}{}", target.scheme, target.authority, target.path_and_query()), slash);
            assert_eq!(again.as_ref(), Ok(&target), "{text:?}");
        }
    }
    assert!(query::pairs(text).count() <= text.split('&').count());
}

/// Whatever is read has one canonical spelling, which is read as the same.
fn structured_field(data: &[u8]) {
    let text = text(data);
    if let Ok(read) = structured::dictionary(text) {
        let canonical = structured::Dictionary { repeated: false, ..read };
        assert_eq!(structured::dictionary(&canonical.to_string()), Ok(canonical));
    }
    if let Ok(read) = structured::list(text) {
        assert_eq!(structured::list(&read.to_string()), Ok(read));
    }
    if let Ok(read) = structured::item(text) {
        assert_eq!(structured::item(&read.to_string()), Ok(read));
    }
    let _ = content_digest::verify(text, b"body");
}

/// Nobody without the key makes a signature that holds.
fn signature(data: &[u8]) {
    let text = text(data);
    let (url, fields) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(target) = Target::parse(url, EncodedSlash::Refuse) else { return };
    let Ok(key) = keys::Key::secret(b"a-secret-of-at-least-thirty-two-bytes", &[algorithm::Algorithm::HS256]) else { return };
    let keys = BTreeMap::from([("k".to_owned(), TrustedKey { key, algorithm: Algorithm::HmacSha256 })]);
    let rules = Rules { covered: Vec::new(), max_age_ms: 300_000, leeway_ms: 30_000, tag: None, nonce: false };
    let headers = headers(fields);
    let message = Message { method: "GET", target: &target, headers: &headers };
    assert!(verify(&message, &keys, &rules, 1_795_392_000_000).is_err(), "{text:?}");
}

/// As [`signature`], for every scheme of webhooks.
fn webhook_head(data: &[u8]) {
    let headers = headers(text(data));
    let keys = webhook::Keys { secrets: vec![b"a-secret-of-nobody".to_vec()], ..webhook::Keys::default() };
    for scheme in [Scheme::standard(), Scheme::github(), Scheme::stripe(), Scheme::slack()] {
        if let Ok(head) = webhook::read(&scheme, &headers, 300_000, 1_795_392_000_000) {
            assert!(webhook::hold(&scheme, &head, &keys, data).is_err());
        }
    }
}

/// A document is what `serde_json` reads, and what the limits on JSON let pass where they are wide.
fn document(data: &[u8]) {
    let wide = json::Limits { depth: 64, keys: 100_000, items: 100_000, string: 1 << 20, key: 1 << 20, values: 1 << 20, number: 1 << 20 };
    let read = document::read(data, 64);
    assert_eq!(read.is_ok(), json::scan(data, &wide).is_ok(), "{:?}", text(data));
    match (read, serde_json::from_slice::<serde_json::Value>(data)) {
        (Ok(read), Ok(known)) => assert!(document::equal(&known, &read) || text(data).contains(['.', 'e', 'E']), "{:?}", text(data)),
        (Ok(_), Err(error)) => assert!(error.to_string().contains("out of range"), "{:?}: {error}", text(data)),
        (Err(_), _) => {}
    }
}

/// The first line is a form of names and texts, the rest a multipart one with the boundary `b`.
fn form(data: &[u8]) {
    let (first, rest) = text(data).split_once('\n').unwrap_or_default();
    let list = Shape { types: kind::ARRAY, items: Some(Box::default()), ..Shape::default() };
    let shape = Shape { types: kind::OBJECT, members: BTreeMap::from([("a".to_owned(), list)]), ..Shape::default() };
    let field = |name: &str, style, shape: &Shape| {
        let (part, name, shape) = (Part::Query, name.to_owned(), shape.clone());
        Parameter { part, name, required: false, style, explode: true, json: false, allow_empty: false, shape, node: 0 }
    };
    let styled = vec![field("d", Style::DeepObject, &shape), field("p", Style::PipeDelimited, &shape)];
    let fields = Fields { shape, styled, media: BTreeMap::new() };
    let (_, _) = fields.of_form(first);
    if let Ok(pieces) = multipart::pieces("b", rest.as_bytes()) {
        assert!(pieces.iter().map(|piece| piece.bytes.len()).sum::<usize>() <= rest.len());
        assert!(fields.of_multipart("b", rest.as_bytes(), 8).is_ok());
    }
}

/// What passes is JSON to everyone else too.
fn json_scan(data: &[u8]) {
    let limits = json::Limits { depth: 16, keys: 64, items: 64, string: 1_000, key: 100, values: 1_000, number: 20 };
    if json::scan(data, &limits).is_ok() {
        assert!(serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok(), "{:?}", text(data));
    }
}

fn xml_scan(data: &[u8]) {
    let limits = xml::Limits { depth: 16, elements: 200, attributes: 16, name: 100, value: 1_000, text: 1_000, instructions: true };
    let _ = xml::scan(data, &limits);
}

/// What is read can be evaluated within its bounds.
fn condition(data: &[u8]) {
    let Ok(condition) = Condition::parse(text(data)) else { return };
    let scene = Scene::of("GET", "https://api.example/a/b?c=d&e=f", &[("user-agent", "a"), ("cookie", "b=c")]);
    let _ = condition.holds(&scene.exchange(), &scene.request());
}

/// A request of three parts: its path and query, header fields, and behind an empty line the body.
fn shield(data: &[u8]) {
    let at = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = data.split_at(at);
    let (target, fields) = text(head).split_once('\n').unwrap_or((text(head), ""));
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let headers = headers(fields);
    let parts = Parts { host: "api.example", route: "a", path, query, headers: &headers, body: body.get(2..).unwrap_or_default() };
    let settings = Settings { classes: Class::ALL.to_vec(), level: Level::of(3), threshold: 5, except: Vec::new() };
    let _ = inspect(&parts, &settings);
}
