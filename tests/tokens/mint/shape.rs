//! Tokens whose form is not right, and headers that ask for more than is known.

use jsonwebtoken::Algorithm::{HS256, RS256};
use serde_json::json;

use super::*;
use crate::cases::Cases;

pub fn rows(cases: &mut Cases) {
    parts(cases);
    spellings(cases);
    headers(cases);
    payloads(cases);
}

fn by_secret(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    raw(header, payload, &secret(SECRET.as_bytes()), HS256)
}

fn parts(cases: &mut Cases) {
    let good = hmac(SECRET.as_bytes(), json!({}), json!({}));
    let (signed, _) = split(&good);
    let (header, payload) = signed.split_once('.').unwrap();
    let signature = good.rsplit('.').next().unwrap();
    let flattened = json!({ "protected": header, "payload": payload, "signature": signature }).to_string();
    let general = json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] }).to_string();
    for (name, text) in [
        ("empty token", String::new()),
        ("one part", header.to_owned()),
        ("two parts", signed.clone()),
        ("four parts", format!("{good}.{signature}")),
        ("five parts, as JWE has them", format!("{good}.AAAA.AAAA")),
        ("six parts", format!("{good}.AAAA.AAAA.AAAA")),
        ("a dot at the end", format!("{good}.")),
        ("a dot at the beginning", format!(".{good}")),
        ("JSON serialisation, flattened", flattened),
        ("JSON serialisation, general", general),
        ("encoded dots", good.replace('.', "%2E")),
        ("other dots", good.replace('.', "\u{3002}")),
    ] {
        cases.add(name, "secret", text, "not-three-parts");
    }
    for (name, text) in [("only dots", "..".to_owned()), ("empty header", format!(".{payload}.{signature}"))] {
        cases.add(name, "secret", text, "header-malformed");
    }
    cases.add("empty payload", "secret", sign(&format!("{header}."), &secret(SECRET.as_bytes()), HS256), "claims-malformed");
    cases.add("two tokens in one", "secret", format!("{good},{good}"), "not-three-parts");
    cases.add("scheme twice", "secret", format!("Bearer {good}"), "not-base64url");
    let large = hmac(SECRET.as_bytes(), json!({}), json!({ "large": "x".repeat(11_800) }));
    cases.add("token of almost 16 KiB", "secret", large, "ok");
    let larger = hmac(SECRET.as_bytes(), json!({}), json!({ "large": "x".repeat(12_300) }));
    cases.add("token of more than 16 KiB", "secret", larger, "too-long");
    cases.add("signature of more than 16 KiB", "secret", format!("{signed}.{}", "A".repeat(17_000)), "too-long");
}

/// The same bytes in another spelling: only one counts.
fn spellings(cases: &mut Cases) {
    let mut number = 0;
    let good = loop {
        let text = hmac(SECRET.as_bytes(), json!({ "x": "~~~???" }), json!({ "n": number, "x": "~~~???>>>" }));
        let lengths: Vec<usize> = text.split('.').map(|part| part.len() % 4).collect();
        if lengths.iter().all(|length| *length > 1) && text.contains('-') && text.contains('_') {
            break text;
        }
        number += 1;
    };
    cases.add("token with - and _", "secret", good.clone(), "ok");
    let parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    let with = |index: usize, part: String| {
        let mut parts = parts.clone();
        parts[index] = part;
        parts.join(".")
    };
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (index, place) in ["header", "payload", "signature"].into_iter().enumerate() {
        let part = &parts[index];
        let padding = "=".repeat(4 - part.len() % 4);
        let last = ALPHABET.find(part.chars().last().unwrap()).unwrap();
        let stray = format!("{}{}", &part[..part.len() - 1], &ALPHABET[last + 1..last + 2]);
        let middle = part.len() / 2;
        for (name, text) in [
            ("padded", format!("{part}{padding}")),
            ("with one padding character", format!("{part}=")),
            ("with stray bits", stray),
            ("with one character more", format!("{part}{}", if part.len() % 4 == 3 { "AA" } else { "AAA" })),
            ("with a space", format!("{} {}", &part[..middle], &part[middle..])),
            ("with a space at its end", format!("{part} ")),
            ("with a line feed", format!("{}\n{}", &part[..middle], &part[middle..])),
            ("with a null character", format!("{part}\0")),
            ("with a percent sign", format!("{part}%3D")),
            ("with a letter of another alphabet", format!("{part}ä")),
        ] {
            cases.add(&format!("{place} {name}"), "secret", with(index, text), "not-base64url");
        }
    }
    cases.add("standard alphabet", "secret", good.replace('-', "+").replace('_', "/"), "not-base64url");
    cases.add("line feed at the end", "secret", format!("{good}\n"), "not-base64url");
    cases.add("space at the beginning", "secret", format!(" {good}"), "not-base64url");
}

fn headers(cases: &mut Cases) {
    let payload = claims(json!({})).to_string();
    let bomb = format!(r#"{{"alg":"HS256","x":{}{}}}"#, "[".repeat(2_500), "]".repeat(2_500));
    for (name, header, expect) in [
        ("alg twice", r#"{"alg":"HS256","alg":"none"}"#, "header-malformed"),
        ("alg twice, none first", r#"{"alg":"none","alg":"HS256"}"#, "header-malformed"),
        ("alg twice, once escaped", r#"{"alg":"HS256","\u0061lg":"none"}"#, "header-malformed"),
        ("kid twice", r#"{"alg":"HS256","kid":"a","kid":"b"}"#, "header-malformed"),
        ("a member twice in jwk", r#"{"alg":"HS256","jwk":{"kty":"oct","kty":"RSA"}}"#, "header-malformed"),
        ("header as a list", r#"["HS256"]"#, "header-malformed"),
        ("header as a text", r#""{\"alg\":\"HS256\"}""#, "header-malformed"),
        ("header null", "null", "header-malformed"),
        ("header with something after it", r#"{"alg":"HS256"}{}"#, "header-malformed"),
        ("header with a comment", r#"{"alg":"HS256"/**/}"#, "header-malformed"),
        ("header with a comma too many", r#"{"alg":"HS256",}"#, "header-malformed"),
        ("header in single quotes", r#"{'alg':'HS256'}"#, "header-malformed"),
        ("header with a byte order mark", "\u{feff}{\"alg\":\"HS256\"}", "header-malformed"),
        ("header with half a surrogate pair", r#"{"alg":"HS256","x":"\ud800"}"#, "header-malformed"),
        ("header that nests deeply", bomb.as_str(), "header-malformed"),
        ("header with spaces in its JSON", "{ \"alg\" : \"HS256\" }\n", "ok"),
        ("crit with exp", r#"{"alg":"HS256","crit":["exp"],"exp":1}"#, "critical-extension"),
        ("crit with b64 false", r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, "critical-extension"),
        ("crit with b64 true", r#"{"alg":"HS256","crit":["b64"],"b64":true}"#, "critical-extension"),
        ("crit empty", r#"{"alg":"HS256","crit":[]}"#, "critical-extension"),
        ("crit null", r#"{"alg":"HS256","crit":null}"#, "critical-extension"),
        ("crit as a text", r#"{"alg":"HS256","crit":"exp"}"#, "critical-extension"),
        ("crit with an unknown name", r#"{"alg":"HS256","crit":["http://example.com/UNDEFINED"]}"#, "critical-extension"),
        ("b64 false without crit", r#"{"alg":"HS256","b64":false}"#, "critical-extension"),
        ("b64 as a text", r#"{"alg":"HS256","b64":"false"}"#, "critical-extension"),
        ("b64 true", r#"{"alg":"HS256","b64":true}"#, "ok"),
        ("zip, which only JWE has", r#"{"alg":"HS256","zip":"DEF"}"#, "ok"),
        ("cty", r#"{"alg":"HS256","cty":"JWT"}"#, "ok"),
        ("claims in the header", r#"{"alg":"HS256","sub":"admin","iss":"https://evil.example"}"#, "ok"),
    ] {
        cases.add(name, "secret", by_secret(header, &payload), expect);
    }
    cases.add("header that is not UTF-8", "secret", by_secret(b"{\"alg\":\"HS256\",\"x\":\"\xff\"}", &payload), "header-malformed");
    let utf16: Vec<u8> = r#"{"alg":"HS256"}"#.encode_utf16().flat_map(u16::to_be_bytes).collect();
    cases.add("header in UTF-16", "secret", by_secret(utf16, &payload), "header-malformed");
    let long = format!(r#"{{"alg":"HS256","x":"{}"}}"#, "x".repeat(7_000));
    cases.add("header of more than 8 KiB", "secret", by_secret(long, &payload), "too-long");
    let detached = unsigned(r#"{"alg":"RS256","b64":false,"crit":["b64"]}"#, "");
    cases.add("detached payload", "rsa", sign(&detached, &private(RSA, RS256), RS256), "critical-extension");
}

/// Signed by the issuer, and all the same not a claims set.
fn payloads(cases: &mut Cases) {
    let header = r#"{"alg":"HS256"}"#;
    let good = claims(json!({})).to_string();
    let more = |text: &str| format!("{},{text}}}", &good[..good.len() - 1]);
    for (name, payload) in [
        ("iss twice", more(r#""iss":"https://evil.example""#)),
        ("sub twice", more(r#""sub":"admin""#)),
        ("sub twice, once escaped", more(r#""\u0073ub":"admin""#)),
        ("exp twice", more(r#""exp":9999999999"#)),
        ("a nested claim twice", more(r#""org":{"id":1,"id":2}"#)),
        ("a claim twice in a list", more(r#""orgs":[{"id":1,"id":2}]"#)),
        ("a number out of range", more(r#""n":1e400"#)),
        ("NaN", more(r#""n":NaN"#)),
        ("Infinity", more(r#""n":Infinity"#)),
        ("a number with a leading zero", more(r#""n":007"#)),
        ("a hexadecimal number", more(r#""n":0xff"#)),
        ("a control character in a text", more("\"n\":\"a\u{1}b\"")),
        ("lists that nest deeply", more(&format!(r#""n":{}{}"#, "[".repeat(5_000), "]".repeat(5_000)))),
        ("objects that nest deeply", more(&format!(r#""n":{}1{}"#, r#"{"a":"#.repeat(1_500), "}".repeat(1_500)))),
        ("seventeen levels", more(&format!(r#""n":{}{}"#, "[".repeat(16), "]".repeat(16)))),
        ("something after it", format!("{good}{{}}")),
        ("a list", format!("[{good}]")),
        ("a text", "\"claims\"".to_owned()),
        ("null", "null".to_owned()),
        ("a number", "1".to_owned()),
        ("a whole token", hmac(SECRET.as_bytes(), json!({}), json!({}))),
        ("form data", "sub=user-1&exp=4102444800".to_owned()),
    ] {
        cases.add(&format!("payload with {name}"), "secret", by_secret(header, payload), "claims-malformed");
    }
    let deep = more(&format!(r#""n":{}{}"#, "[".repeat(15), "]".repeat(15)));
    cases.add("payload of sixteen levels", "secret", by_secret(header, deep), "ok");
    cases.add("payload that is not UTF-8", "secret", by_secret(header, b"{\"sub\":\"\xff\"}"), "claims-malformed");
    cases.add("a bad payload by another key", "secret", raw(header, "{", &secret(b"other"), HS256), "bad-signature");
}
