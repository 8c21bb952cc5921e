//! What holds of an inspection as a whole: its work is linear, it never breaks, and it keeps nothing of what it saw.

use super::report::Report;
use super::settings::{Class, Level, Settings};
use super::text::EFFORT;
use super::{Parts, inspect};
use crate::http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

fn look(media: &'static str, body: &[u8], query: Option<&str>) -> Report {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(media));
    let settings = Settings { level: Level::of(3), ..Settings::default() };
    inspect(&Parts { host: "api.test", route: "r", path: "/a", query, headers: &headers, body }, &settings)
}

/// The bytes that were looked at: by the layers, and by the detectors within them.
fn effort(media: &'static str, body: &[u8]) -> u64 {
    EFFORT.with(|effort| effort.set(0));
    let report = look(media, body, None);
    report.work + EFFORT.with(std::cell::Cell::get) as u64
}

#[test]
fn work_is_linear_whatever_comes() {
    let pieces = [
        "a",
        "'",
        "\"",
        "`",
        "(",
        ")(a=",
        "{{",
        "{{a}}",
        "${",
        "${a",
        "${a:-",
        "}",
        "%",
        "%25",
        "%2525",
        "&lt;",
        "&#",
        "&#x26;",
        "\\u005c",
        "+ADw-",
        "\\",
        "/*",
        "*/",
        "/**/",
        "<",
        "<!--",
        "<a ",
        "<!doctype ",
        "<![CDATA[",
        " onload=",
        "=",
        "../",
        "..",
        ";ls ",
        "|",
        ";",
        "$(ls",
        "`ls`",
        "/?",
        "/etc/",
        "a.",
        ".a.a",
        "$a$",
        "union ",
        "select ",
        "1(select ",
        "\nunion select a,",
        "a<script>>",
        "or 1=",
        "\n",
        "\r\nto:",
        "\n\n",
        "--",
        "#",
        "http://",
        "[",
        "[[",
        "{\"a\":",
        "\"a\",",
        "AAAA",
        "YWFh",
        "&amp;",
        "javascript:",
        "alert(",
        ":\"",
        "o:1:\"a\":",
        "$ne",
        "db.",
        "::",
        "\u{ff1c}",
        "__",
        "__proto__",
        "jndi:",
        "--x\r\n\r\n",
        "\0",
        "eyJ",
        "- -",
    ];
    for media in ["text/plain", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml"] {
        for piece in pieces {
            for (before, after) in [("", ""), ("{\"a\":\"", "\"}"), ("--x\r\n\r\n", "")] {
                let of = |n: usize| effort(media, format!("{before}{}{after}", piece.repeat(n / piece.len())).as_bytes());
                let (once, twice) = (of(1_200), of(2_400));
                assert!(twice <= once * 5 / 2 + 4_000, "{media} {before:?} {piece:?}: {once} for 1,200 bytes and {twice} for 2,400");
                assert!(twice < 2_400 * 600, "{media} {before:?} {piece:?}: {twice} for 2,400 bytes");
            }
        }
    }
}

#[test]
fn a_body_is_read_as_what_it_is() {
    let attack = "<script>alert(1)</script>";
    let json = serde_json::json!({ "a": [{ "b": attack }] }).to_string();
    let part = format!("--x\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n{attack}\r\n--x--\r\n");
    let xml = "<a><b c='1'>&lt;script&gt;alert(1)&lt;/script&gt;</b></a>";
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(json.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let rows: &[(&'static str, &[u8], &str)] = &[
        ("application/json", json.as_bytes(), "body:a.0.b"),
        ("text/plain", json.as_bytes(), "body:a.0.b"),
        ("image/png", json.as_bytes(), "body:a.0.b"),
        ("application/json", b"b=%3Cscript%3Ealert(1)%3C/script%3E", "body"),
        ("application/x-www-form-urlencoded", b"b=%3Cscript%3Ealert(1)%3C/script%3E", "body:b"),
        ("multipart/form-data; boundary=x", part.as_bytes(), "body:b"),
        ("multipart/form-data; boundary=\"x\"", part.as_bytes(), "body:b"),
        ("text/plain", part.replace("--x", "--frontier").leak().as_bytes(), "body:b"),
        ("application/xml", xml.as_bytes(), "body:b"),
        ("text/plain", xml.as_bytes(), "body:b"),
        ("application/json", &utf16, "body:a.0.b"),
        ("application/json", b"{\"a\": \"<script>alert(1)</script>", "body"),
        ("application/grpc", b"\0\0\0\0\x1d\x0a\x19<script>alert(1)</script>", "body"),
        ("application/octet-stream", attack.as_bytes(), "body"),
    ];
    for (media, body, place) in rows {
        let report = look(media, body, None);
        let places: Vec<_> = report.findings.iter().map(|finding| finding.place.as_str()).collect();
        assert!(report.is_attack(5) && places.contains(place), "{media}: {report:?}");
    }
}

#[test]
fn pictures_and_archives_are_passed_over() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89' or 1=1--";
    assert_eq!(look("image/png", png, None).findings, []);
    let file = [
        &b"--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"[..],
        png,
        b"\r\n--x--",
    ]
    .concat();
    assert_eq!(look("multipart/form-data; boundary=x", &file, None).findings, []);
}

#[test]
fn scores_add_up_within_a_value_and_not_between_values() {
    let settings = Settings { level: Level::of(3), classes: vec![Class::Command], ..Settings::default() };
    let headers = HeaderMap::new();
    let score = |query: &str| {
        let parts = Parts { host: "a", route: "r", path: "/", query: Some(query), headers: &headers, body: b"" };
        inspect(&parts, &settings).worst().map(|(_, score)| score)
    };
    assert_eq!(score("a=tea;+grep+leaves"), Some(4));
    assert_eq!(score("a=tea;+grep+leaves&b=tea;+grep+leaves"), Some(4), "two weak signs in two values are no strong one");
    assert_eq!(score("a=tea;+grep+-r+leaves"), Some(5));
    assert_eq!(score("a=tea"), None);
}

proptest! {
    #[test]
    fn nothing_breaks_it_and_nothing_of_the_text_is_kept(body in proptest::collection::vec(any::<u8>(), 0..300), query in "[ -~]{0,80}") {
        for media in ["text/plain", "application/json", "multipart/form-data; boundary=x", "text/xml", "application/grpc"] {
            let report = look(media, &body, Some(&query));
            prop_assert!(report.findings.len() <= Report::MOST);
        }
    }

    #[test]
    fn nothing_that_looks_like_syntax_breaks_it(pieces in proptest::collection::vec("[a-z'\"`(){}<>=%&;|/*.#$\\\\+:@!,0-9\\[\\] \\n-]{1,12}|union|select|%27|&#x3c;|\\$\\{|\\*/|/\\*|<!--|'\\|\\|'|@@|0x|\\$a\\$|q'\\[|x'|n'|u&'", 0..24)) {
        let text = pieces.concat();
        let _ = look("text/plain", text.as_bytes(), None);
        let _ = look("application/xml", format!("<a>{text}</a>").as_bytes(), None);
    }
}
