//! Golden files of the routes files: each file in `tests/config/` is a case, its input and the exact text or JSON expected.
//!
//! A line `--- NAME ---` begins a routes file of that name, or a schema that one names, `--- NAME crlf ---` one with CRLF at the end of its lines and
//! `--- NAME bom ---` one with a byte order mark; `--- vars ---` begins the variables of a deployment; `--- expect ---` begins
//! what is expected. A line `--- explain GET https://host/path name:value ---`, `--- routes ---` or `--- json ---` before it asks for
//! an explanation, the table of routes, or errors as JSON (`explain-json` and `routes-json` likewise); `--- audit ---` and
//! `--- who GET https://host/path ---` (or `audit-json`, `who-json`) for what is weak and what a request must bring. `ARCHWAY_BLESS=1 cargo test --test
//! config` writes what comes instead.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use archway::cli::{audit, explain, routes, who};
use archway::config::build::environment::Deployment;
use archway::config::build::{self, load};
use archway::config::runtime::GatewayForm;
use archway::config::text::diagnostics::Code;
use archway::config::text::render;
use archway::config::text::source::Source;

/// A section's words and its text.
type Section = (Vec<String>, String);

fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.trim_end().strip_prefix("--- ").and_then(|line| line.strip_suffix(" ---")) {
            Some(head) => sections.push((head.split(' ').map(str::to_owned).collect(), String::new())),
            None => sections.last_mut().expect("a case begins with a section").1.push_str(line),
        }
    }
    sections
}

fn source((head, text): &Section) -> Source {
    let text = match head.get(1).map(String::as_str) {
        Some("crlf") => text.replace('\n', "\r\n"),
        Some("bom") => format!("\u{feff}{text}"),
        Some(other) => panic!("`{other}` is not a way of writing"),
        None => text.clone(),
    };
    Source::new(format!("routes/{}", head[0]), &text)
}

fn outcome(case: &[Section]) -> String {
    let vars = case.iter().find(|(head, _)| head[0] == "vars").map(|(_, text)| Deployment::parse(text).unwrap());
    let mut sources: Vec<Source> =
        case.iter().filter(|(head, _)| [".toml", ".json", ".yaml"].iter().any(|end| head[0].ends_with(end))).map(source).collect();
    sources.sort_by_key(|source| (source.name != "routes/gateway.toml", source.name.clone()));
    let outcome = build::build(sources, vars.as_ref());
    let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
    for (head, _) in case {
        match head.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["explain", method, url, headers @ ..] => {
                let form = outcome.form.as_ref().unwrap();
                let headers = explain::headers(&headers.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>()).unwrap();
                let explained = explain::explain(&outcome, form, &method.parse().unwrap(), url, &headers).unwrap();
                return plain(&explain::show::text(&outcome, form, &explained));
            }
            ["explain-json", method, url] => {
                let form = outcome.form.as_ref().unwrap();
                let explained = explain::explain(&outcome, form, &method.parse().unwrap(), url, &Default::default()).unwrap();
                return format!("{:#}\n", explain::show::value(&outcome, form, &explained));
            }
            ["audit"] => return plain(&audit::text(&outcome, &archway::audit::run(&outcome))),
            ["audit-json"] => return format!("{:#}\n", audit::value(&outcome, &archway::audit::run(&outcome))),
            ["who", method, url] => {
                return who::text(&who::value(&outcome, &method.parse().unwrap(), url, &Default::default()).unwrap());
            }
            ["who-json", method, url] => {
                return format!("{:#}\n", who::value(&outcome, &method.parse().unwrap(), url, &Default::default()).unwrap());
            }
            ["routes"] => return routes::table(&outcome),
            ["routes-json"] => return format!("{:#}\n", routes::values(&outcome)),
            ["json"] => return format!("{:#}\n", serde_json::Value::Array(render::values(&outcome.diagnostics, &outcome.sources))),
            _ => {}
        }
    }
    let mut text = plain(&render::text(&outcome.diagnostics, &outcome.sources));
    match &outcome.form {
        None => writeln!(text, "{}", archway::cli::check::summary(&outcome.diagnostics)).unwrap(),
        Some(form) => {
            let written = serde_json::to_string(form).unwrap();
            let read: GatewayForm = serde_json::from_str(&written).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), written, "the form is read back as it was written");
            explain::explain(&outcome, &read, &Default::default(), "https://a.example/", &Default::default()).unwrap();
            writeln!(text, "{}", serde_json::to_string_pretty(form).unwrap()).unwrap();
            for need in &outcome.needs {
                writeln!(text, "needs {} {}", if need.secret { "secret" } else { "variable" }, need.name).unwrap();
            }
        }
    }
    text
}

fn cases() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    let mut cases: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    cases.sort();
    cases
}

#[test]
fn every_case_gives_what_it_expects() {
    let bless = std::env::var_os("ARCHWAY_BLESS").is_some();
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 100, "only {} cases", cases.len());
    for path in cases {
        let text = std::fs::read_to_string(&path).unwrap();
        let case = sections(&text);
        let got = outcome(&case);
        let expect = case.iter().find(|(head, _)| head[0] == "expect").map_or("", |(_, text)| text);
        if got == expect {
            continue;
        }
        if bless {
            let input = text.split("--- expect ---").next().unwrap();
            std::fs::write(&path, format!("{input}--- expect ---\n{got}")).unwrap();
        } else {
            wrong.push(format!("{}:\nexpected\n{expect}\ngot\n{got}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_of_error_has_a_case() {
    let all: String = cases().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for code in Code::ALL.iter().filter(|code| **code != Code::Unreadable) {
        assert!(all.contains(&format!("error[{}]", code.name())), "no case shows {}", code.name());
    }
}

#[test]
fn directories_that_cannot_be_read_say_so() {
    let root = std::env::temp_dir().join(format!("archway-config-{}", std::process::id()));
    let check = |name: &str, prepare: &dyn Fn(&Path), part: &str| {
        let directory = root.join(name);
        prepare(&directory);
        let errors = load::directory(&directory).unwrap_err();
        let text = anstream::adapter::strip_str(&render::text(&errors, &[])).to_string();
        assert!(text.contains("error[unreadable]") && text.contains(part), "{name}: {text}");
    };
    let create = |directory: &Path| std::fs::create_dir_all(directory).unwrap();
    check("missing", &|_| {}, "cannot be read");
    check("empty", &create, "has no routes file");
    check(
        "latin1",
        &|directory| {
            create(directory);
            std::fs::write(directory.join("a.toml"), b"[api]\nname = \"caf\xe9\"\n").unwrap();
        },
        "line 2 is not UTF-8",
    );
    let good = root.join("good");
    create(&good);
    for name in ["zebra.toml", "gateway.toml", "apple.toml", "schema.json"] {
        std::fs::write(good.join(name), "").unwrap();
    }
    let names: Vec<_> =
        load::directory(&good).unwrap().into_iter().map(|source| source.name.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["gateway.toml", "apple.toml", "zebra.toml"]);
    std::fs::remove_dir_all(&root).unwrap();
}
