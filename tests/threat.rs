//! How much the shield stops and lets pass, by a corpus of its own: attacks by class, in every place and encoding, and what honest
//! clients send. Each rate has a floor. A line is a value; `⏎` stands for a line break of HTTP, `␀` for a null byte.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fmt::Write;

use archway::http::{HeaderMap, HeaderName, HeaderValue};
use archway::threat::report::Report;
use archway::threat::settings::{Level, Settings};
use archway::threat::{Parts, inspect};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// Where a value stands in a request.
const PLACES: &[&str] = &["query", "form", "multipart", "json", "header", "cookie", "path"];

fn read(file: &str) -> String {
    let path = format!("{}/tests/threat/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn lines(file: &str) -> Vec<String> {
    read(file).lines().filter(|line| !line.is_empty()).map(|line| line.replace('⏎', "\r\n").replace('␀', "\0")).collect()
}

fn paragraphs(file: &str) -> Vec<String> {
    read(file).split("\n\n").map(|text| text.trim_end().to_owned()).filter(|text| !text.is_empty()).collect()
}

fn percent(value: &str) -> String {
    value.bytes().fold(String::new(), |mut escaped, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            _ => write!(escaped, "%{byte:02X}").unwrap(),
        }
        escaped
    })
}

fn escaped(value: &str, each: impl Fn(u16) -> String) -> String {
    value
        .encode_utf16()
        .map(|unit| {
            if u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_alphanumeric()) {
                String::from(char::from(unit as u8))
            } else {
                each(unit)
            }
        })
        .collect()
}

fn encoded(value: &str, how: &str) -> String {
    match how {
        "plain" => value.to_owned(),
        "percent" => percent(value),
        "base64" => STANDARD.encode(value),
        "escapes" => escaped(value, |unit| format!("\\u{unit:04x}")),
        "entities" => escaped(value, |unit| format!("&#{unit};")),
        "capitals" => value.to_ascii_uppercase(),
        other => panic!("no such encoding: {other}"),
    }
}

/// Sends a value in a request; `None` where it cannot stand there.
fn look(value: &str, place: &str, settings: &Settings) -> Option<Report> {
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", HeaderValue::from_static(AGENT));
    headers.insert("accept", HeaderValue::from_static("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
    let (mut path, mut query, mut body) = ("/v1/notes".to_owned(), Some("page=2&sort=name".to_owned()), String::new());
    let mut typed = |media: &'static str| headers.insert("content-type", HeaderValue::from_static(media));
    match place {
        "query" => query = Some(format!("page=2&q={}", percent(value))),
        "form" => {
            typed("application/x-www-form-urlencoded");
            body = format!("page=2&q={}", percent(value));
        }
        "multipart" => {
            typed("multipart/form-data; boundary=frontier");
            body = format!("--frontier\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n{value}\r\n--frontier--\r\n");
        }
        "json" => {
            typed("application/json");
            body = serde_json::json!({ "page": 2, "filter": { "q": [value] } }).to_string();
        }
        "header" | "cookie" => {
            let value = if place == "cookie" { format!("theme=dark; q={}", percent(value)) } else { value.to_owned() };
            headers.insert(
                HeaderName::try_from(if place == "cookie" { "cookie" } else { "x-note" }).unwrap(),
                HeaderValue::try_from(value).ok()?,
            );
        }
        "path" if !value.contains(['\r', '\0']) => path = format!("/v1/{}", percent(value)),
        _ => return None,
    }
    let parts = Parts {
        host: "api.test",
        route: "api: POST /v1/notes",
        path: &path,
        query: query.as_deref(),
        headers: &headers,
        body: body.as_bytes(),
    };
    Some(inspect(&parts, settings))
}

/// The share of values that are attacks, in these places and encodings, in percent; and the first that are not as `wanted`.
fn rate(values: &[String], places: &[&str], encodings: &[&str], level: u8, wanted: bool) -> (f64, Vec<String>) {
    let settings = Settings { level: Level::of(level), ..Settings::default() };
    let (mut attacks, mut all, mut others) = (0u32, 0u32, Vec::new());
    for value in values {
        for place in places {
            for how in encodings {
                let Some(report) = look(&encoded(value, how), place, &settings) else { continue };
                let is_attack = report.is_attack(settings.threshold);
                all += 1;
                attacks += u32::from(is_attack);
                if is_attack != wanted && others.len() < 25 {
                    let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
                    others.push(format!("{place} {how}: {value:?} {findings:?}"));
                }
            }
        }
    }
    (f64::from(attacks) * 100.0 / f64::from(all), others)
}

#[test]
fn attacks_are_seen_in_every_place_and_encoding() {
    let encodings = ["plain", "percent", "base64", "escapes", "entities"];
    let rows = [
        ("sqli", 95.0),
        ("xss", 95.0),
        ("traversal", 93.0),
        ("command", 93.0),
        ("ssrf", 93.0),
        ("template", 95.0),
        ("query", 90.0),
        ("wire", 95.0),
        ("objects", 93.0),
    ];
    for (class, floor) in rows {
        let (seen, missed) = rate(&lines(&format!("attacks/{class}.txt")), PLACES, &encodings, 2, true);
        println!("{class}: {seen:.1} %");
        assert!(seen >= floor, "{class}: {seen:.1} % of {floor} %\n{}", missed.join("\n"));
    }
}

#[test]
fn honest_values_pass_everywhere() {
    let (values, prose, code) = (lines("benign/values.txt"), paragraphs("benign/prose.txt"), paragraphs("benign/code.txt"));
    let sentences: Vec<String> = prose.iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
    let of_code: Vec<String> = code.iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
    let rows = [
        ("values", values, 1.0),
        ("prose", prose, 0.0),
        ("lines of prose", sentences, 0.0),
        ("code", code, 0.0),
        ("lines of code", of_code, 2.0),
    ];
    for (name, values, ceiling) in rows {
        let places = ["query", "form", "multipart", "json", "header", "cookie"];
        let (seen, wrong) = rate(&values, &places, &["plain", "base64"], 2, false);
        println!("{name}: {seen:.2} %");
        assert!(seen <= ceiling, "{name}: {seen:.2} % of at most {ceiling} %\n{}", wrong.join("\n"));
    }
}

#[test]
fn each_level_sees_what_the_one_below_sees() {
    let values: Vec<String> = ["sqli", "xss", "command", "ssrf"].iter().flat_map(|class| lines(&format!("attacks/{class}.txt"))).collect();
    let rates: Vec<f64> = (1..=3).map(|level| rate(&values, &["query"], &["plain"], level, true).0).collect();
    assert!(rates.is_sorted() && rates[0] > 60.0 && rates[0] < rates[2], "{rates:?}");
}

/// A client that logs in may have itself called back at its own address.
#[test]
fn a_redirect_uri_may_be_the_clients_own_address() {
    let settings = Settings::default();
    let headers = HeaderMap::new();
    let is_attack = |query: &str| {
        let parts = Parts { host: "api.test", route: "", path: "/authorize", query: Some(query), headers: &headers, body: b"" };
        inspect(&parts, &settings).is_attack(settings.threshold)
    };
    assert!(!is_attack("client_id=cli&redirect_uri=http%3A%2F%2F127.0.0.1%3A8123%2Fcallback"));
    assert!(is_attack("client_id=cli&picture=http%3A%2F%2F127.0.0.1%3A8123%2Fcallback"));
}

/// What browsers and programs send besides what they mean to say.
#[test]
fn usual_header_fields_pass() {
    let settings = Settings { level: Level::of(3), ..Settings::default() };
    let rows = read("benign/headers.txt");
    for row in rows.lines().filter(|row| !row.is_empty()) {
        let (name, value) = row.split_once(": ").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        let report = inspect(&Parts { host: "api.test", route: "", path: "/", query: None, headers: &headers, body: b"" }, &settings);
        assert!(!report.is_attack(settings.threshold), "{row}: {:?}", report.findings);
    }
}
