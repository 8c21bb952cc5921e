//! What Cargo.toml, clippy and the test script have to say.

use toml::{Table, Value};

use super::tree::{none, read};

fn parsed(path: &str) -> Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn at<'a>(table: &'a Table, path: &[&str]) -> &'a Value {
    let (first, rest) = path.split_first().unwrap();
    let value = table.get(*first).unwrap_or_else(|| panic!("no `{first}`"));
    rest.iter().fold(value, |value, key| value.get(key).unwrap_or_else(|| panic!("no `{key}` in `{}`", path.join("."))))
}

fn dependencies<'a>(manifest: &'a Table, path: &[&str]) -> Vec<&'a str> {
    at(manifest, path).as_table().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn lints_deny_panics_and_unsafe_code() {
    let manifest = parsed("Cargo.toml");
    let lints =
        ["unwrap_used", "expect_used", "panic", "indexing_slicing", "todo", "unimplemented", "unreachable", "await_holding_refcell_ref"];
    for lint in lints {
        assert_eq!(at(&manifest, &["lints", "clippy", lint]).as_str(), Some("deny"), "[lints.clippy] of Cargo.toml denies `{lint}`");
    }
    assert_eq!(at(&manifest, &["lints", "rust", "unsafe_code"]).as_str(), Some("deny"), "[lints.rust] of Cargo.toml denies `unsafe_code`");
}

#[test]
fn clippy_bans_clocks() {
    let clippy = parsed(".clippy.toml");
    let banned: Vec<&str> =
        at(&clippy, &["disallowed-methods"]).as_array().unwrap().iter().filter_map(|method| method.get("path")?.as_str()).collect();
    for clock in ["std::time::Instant::now", "std::time::SystemTime::now"] {
        assert!(banned.contains(&clock), "`disallowed-methods` of .clippy.toml has `{clock}`: time is an argument");
    }
}

#[test]
fn the_runtime_is_a_dependency_of_the_worker_alone() {
    let manifest = parsed("Cargo.toml");
    let runtime = ["worker", "js-sys", "web-sys", "wasm-bindgen", "wasm-bindgen-futures"];
    let shared = dependencies(&manifest, &["dependencies"]);
    let native = dependencies(&manifest, &["target", "cfg(not(target_arch = \"wasm32\"))", "dependencies"]);
    let found: Vec<String> =
        runtime.iter().filter(|name| shared.contains(name) || native.contains(name)).map(|name| (*name).to_owned()).collect();
    none(&found, "Move these to the dependencies of wasm32, so that the core cannot name them:");
}

#[test]
fn what_is_heavy_stays_out_of_the_wasm() {
    let manifest = parsed("Cargo.toml");
    let heavy = ["clap", "schemars", "strsim", "toml", "regex", "url", "idna", "chrono", "jsonschema"];
    let wasm = dependencies(&manifest, &["target", "cfg(target_arch = \"wasm32\")", "dependencies"]);
    let shared = dependencies(&manifest, &["dependencies"]);
    let found: Vec<String> =
        heavy.iter().filter(|name| shared.contains(name) || wasm.contains(name)).map(|name| (*name).to_owned()).collect();
    none(&found, "Move these to the dependencies of the native command: the worker has a size to keep:");
}

#[test]
fn the_size_of_the_wasm_has_a_budget() {
    let script = read("scripts/test");
    assert!(script.contains("budget=$((1300 * 1024))"), "scripts/test holds the gzipped wasm against 1300 KiB");
    assert!(
        script.lines().any(|line| line.starts_with("step ") && line.ends_with(" within_budget")),
        "scripts/test runs `within_budget` as a step"
    );
}
