//! What holds for every source file.

use archway::policies::{FACTS, Shields};

use super::tree::{File, files, none, read};

/// Every Rust file of the crate and its tests.
fn rust() -> Vec<File> {
    let mut all = files("src", &["rs"]);
    all.extend(files("tests", &["rs"]));
    all
}

/// The places whose code has one of the words.
fn places(files: &[File], words: &[&str], allowed: impl Fn(&File) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !allowed(file)) {
        for (number, line) in file.code() {
            found.extend(words.iter().filter(|word| line.contains(*word)).map(|word| format!("{}:{number} has `{word}`", file.path)));
        }
    }
    found
}

#[test]
fn only_the_platform_names_the_runtime() {
    let words = ["worker::", "js_sys", "web_sys", "wasm_bindgen"];
    let found = places(&files("src", &["rs"]), &words, |file| file.path.starts_with("src/platform/"));
    none(&found, "The core cannot name the runtime. Add a port to src/ports.rs, and join it to the runtime in src/platform/ports.rs:");
}

#[test]
fn decisions_are_pure() {
    let mut decisions = Vec::new();
    for room in ["src/auth", "src/limits", "src/caching", "src/routing", "src/threat"] {
        decisions.extend(files(room, &["rs"]));
    }
    let found = places(&decisions, &["async ", ".await", "Clock", "RefCell"], File::is_tests);
    none(&found, "These rooms decide and do nothing else: take the time as an argument, and ask the ports in a policy or an origin:");
}

#[test]
fn files_are_short() {
    let mut all = rust();
    all.extend(files("src", &["js"]));
    all.extend(files("scripts", &["mjs", "js", "sh"]));
    let long = all.iter().map(|file| (file, file.text.lines().count())).filter(|(_, lines)| *lines > 400);
    let found: Vec<String> = long.map(|(file, lines)| format!("{} has {lines}", file.path)).collect();
    none(&found, "A file has at most 400 lines. Split it by what it does, or move its tests into a `tests.rs` beside it:");
}

#[test]
fn every_module_says_what_it_is() {
    let explained_by_its_parent = |file: &File| file.path.starts_with("src/") && file.is_tests();
    let undocumented = rust().into_iter().filter(|file| !file.text.starts_with("//! ") && !explained_by_its_parent(file));
    let found: Vec<String> = undocumented.map(|file| file.path).collect();
    none(&found, "Begin the file with a `//!` comment that says what it guarantees:");
}

#[test]
fn clocks_and_panics_are_let_in_nowhere_else() {
    let clocks = places(&rust(), &["clippy::disallowed_methods"], |file| {
        ["src/platform/", "src/cli/", "tests/architecture/"].iter().any(|room| file.path.starts_with(room))
    });
    none(&clocks, "Time is an argument, or comes from the Clock port:");
    let lints =
        ["clippy::unwrap_used", "clippy::expect_used", "clippy::panic", "clippy::indexing_slicing", "clippy::todo", "clippy::unreachable"];
    let panics = places(&files("src", &["rs"]), &lints, |file| file.path.starts_with("src/memory/") || file.is_tests());
    none(&panics, "A panic throws away every request in flight. Make it a GatewayError:");
}

#[test]
fn nothing_is_left_for_later_and_nothing_has_an_empty_name() {
    let words = ["TODO", "FIXME", "XXX", "for now,", "for now.", "dbg!("];
    let mut found = Vec::new();
    for file in rust().iter().filter(|file| file.path != "tests/architecture/sources.rs") {
        for (index, line) in file.text.lines().enumerate() {
            found.extend(words.iter().filter(|word| line.contains(*word)).map(|word| format!("{}:{} has `{word}`", file.path, index + 1)));
        }
        let name = file.path.to_lowercase();
        found.extend(
            ["helper", "util", "manager", "handler"]
                .iter()
                .filter(|word| name.contains(*word))
                .map(|word| format!("{} has `{word}`", file.path)),
        );
    }
    none(&found, "Finish it or write an issue; name a file for what it does:");
}

#[test]
fn no_test_sleeps() {
    let names_it = |file: &File| file.path == "tests/architecture/sources.rs" || file.path.starts_with("src/threat/");
    let found = places(&rust(), &["sleep(", "sleep_ms("], names_it);
    none(&found, "Tests set the clock in `archway::memory` instead:");
}

#[test]
fn errors_become_http_in_one_match_without_a_catch_all() {
    let text = read("src/error/verdict.rs");
    let verdict = text.split("pub fn verdict(&self)").nth(1).expect("src/error/verdict.rs has `GatewayError::verdict`");
    let body = verdict.split("\n    }\n").next().unwrap();
    assert!(body.contains("match self {"), "GatewayError::verdict is one match over self");
    let arms = body
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("_ =>") || line.starts_with("_ if") || line.starts_with("other =>"));
    let found: Vec<String> = arms.map(str::to_owned).collect();
    none(&found, "Name every variant in GatewayError::verdict, so that a new one cannot be forgotten:");
}

#[test]
fn a_policy_that_refuses_says_what() {
    // What is nobody's fault, and what the client itself has asked for.
    let neutral = ["PolicyUnavailable", "Misconfigured", "ConditionFailed", "Internal", "NotCached"];
    let sources = files("src/policies", &["rs"]);
    let mut found = Vec::new();
    for facts in FACTS.iter().filter(|facts| facts.shields.is_none() && !facts.identity) {
        let (file, folder) = (format!("src/policies/{}.rs", facts.name), format!("src/policies/{}/", facts.name));
        for source in sources.iter().filter(|source| !source.is_tests() && (source.path == file || source.path.starts_with(&folder))) {
            let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
            let named =
                code.split("GatewayError::").skip(1).map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default());
            let refusals = named.filter(|name| name.starts_with(char::is_uppercase) && !neutral.contains(name));
            found.extend(refusals.map(|name| format!("{} refuses with `{name}`", source.path)));
        }
    }
    none(&found, "Say in the policy's FACTS what it `shields` from: `archway audit` and `check --who` go by it:");
    for kind in [Shields::Callers, Shields::Requests, Shields::Responses] {
        assert!(FACTS.iter().any(|facts| facts.shields == Some(kind)), "{kind:?}: no policy refuses such");
    }
}
