//! The native command as people and scripts call it: exit codes, what goes to stdout and stderr, what is written.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use archway::config::packed;
use serde_json::Value;

const GOOD: &str = "[api]\nname = \"shop\"\n[origins.web]\ntargets = [{ url = \"https://${HOST}\" }]\n\
    [[routes]]\nmatch = \"GET /a\"\npublic = true\norigin = \"web\"\n";
const BAD: &str = "[api]\nname = \"shop\"\n[[routes]]\nmatch = \"GTE /a\"\npublic = true\nstatic = {}\n";

/// A directory of its own for a test, removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, routes: &str) -> Self {
        let path = std::env::temp_dir().join(format!("archway-cli-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("routes")).unwrap();
        std::fs::write(path.join("routes/shop.toml"), routes).unwrap();
        std::fs::write(path.join("vars"), "HOST=web.example\n").unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `archway` in a directory and holds it to an exit code and to parts of its two outputs; gives stdout back.
fn check(directory: &Path, line: &str, code: i32, stdout: &str, stderr: &str) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_archway")).args(line.split(' ')).current_dir(directory).output().unwrap();
    let (out, error) = (String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap());
    assert_eq!(run.status.code(), Some(code), "{line}: {out}{error}");
    assert!(out.contains(stdout), "{line}: no `{stdout}` in {out}");
    assert!(error.contains(stderr), "{line}: no `{stderr}` in {error}");
    assert!(!out.contains('\u{1b}') && !error.contains('\u{1b}'), "{line}: styles although this is no terminal");
    out
}

#[test]
fn good_routes_are_checked_compiled_listed_and_explained() {
    let scratch = Scratch::new("good", GOOD);
    let run = |line: &str, stdout: &str| check(&scratch.0, line, 0, stdout, "");
    run("check", "all right: 1 route in 1 API\nneeds the variable HOST  routes/shop.toml:4\n");
    run("check routes --vars vars", "all right");
    let json: Value = serde_json::from_str(&run("check --format json", "")).unwrap();
    assert_eq!((&json["ok"], &json["variables"][0]), (&Value::Bool(true), &Value::from("HOST")));
    assert_eq!(json["needs"][0]["places"][0], "routes/shop.toml:4");
    run("compile routes -o compiled.json", "1 routes written to compiled.json");
    let written = std::fs::read_to_string(scratch.0.join("compiled.json")).unwrap();
    let form = packed::whole(&written).unwrap();
    assert_eq!(form.routes[0].id, "shop: GET /a");
    assert_eq!(packed::pack(&form).unwrap(), written);
    run("routes", "GET     /a    *     public");
    run("explain GET /a", "sees the path /a");
    run("schema gateway", "\"title\": \"gateway.toml\"");
    run("schema", "\"Route\"");
    check(&scratch.0, "explain GET /b", 1, "404 route-not-found", "");
}

#[test]
fn bad_routes_are_reported_and_nothing_is_written() {
    let scratch = Scratch::new("bad", BAD);
    let run = |line: &str, stdout: &str, stderr: &str| check(&scratch.0, line, 1, stdout, stderr);
    run("check", "", "did you mean `GET`?");
    run("routes", "", "1 error in 1 file");
    run("explain GET /a", "", "did you mean `GET`?");
    run("check nowhere", "", "`nowhere` cannot be read");
    let json: Value = serde_json::from_str(&run("check --format json", "", "")).unwrap();
    assert_eq!((&json["ok"], &json["errors"][0]["suggestion"]), (&Value::Bool(false), &Value::from("GET")));
    std::fs::write(scratch.0.join("compiled.json"), "the last good one").unwrap();
    run("compile -o compiled.json", "", "did you mean `GET`?");
    assert_eq!(std::fs::read_to_string(scratch.0.join("compiled.json")).unwrap(), "the last good one");
}

#[test]
fn variables_that_are_missing_are_problems() {
    let scratch = Scratch::new("vars", GOOD);
    std::fs::write(scratch.0.join("empty"), "").unwrap();
    check(&scratch.0, "check --vars empty", 1, "", "error[missing-variable]: the variable `HOST` is not set");
    check(&scratch.0, "compile --vars empty -o compiled.json", 1, "", "missing-variable");
    assert!(!scratch.0.join("compiled.json").exists());
}

#[test]
fn demands_and_weaknesses_are_told() {
    let scratch = Scratch::new("audit", &GOOD.replace("GET /a", "POST /a"));
    let run = |line: &str, code: i32, stdout: &str| check(&scratch.0, line, code, stdout, "");
    run("check --who POST_/a", 2, "");
    let who = |request: &str, code: i32, stdout: &str| {
        let run = Command::new(env!("CARGO_BIN_EXE_archway")).args(["check", "--who", request]).current_dir(&scratch.0).output().unwrap();
        assert_eq!(run.status.code(), Some(code), "{request}");
        let out = String::from_utf8(run.stdout).unwrap();
        assert!(out.contains(stdout), "{request}: no `{stdout}` in {out}");
    };
    who("POST /a", 0, "who is calling\n  nobody asks\n");
    who("GET /a", 1, "405 method-not-allowed");
    run("audit", 1, "high  open-write");
    run("audit --fail-on none", 0, "1 high, 1 medium, 0 low, 1 info; 0 passed over");
    run("audit --rules", 0, "medium  no-body-limit");
    let json: Value = serde_json::from_str(&run("audit --format json --fail-on none --sarif audit.sarif", 0, "")).unwrap();
    assert_eq!((&json["findings"][0]["rule"], &json["routes"][0]["exposure"]), (&Value::from("open-write"), &Value::from("open")));
    let sarif: Value = serde_json::from_str(&std::fs::read_to_string(scratch.0.join("audit.sarif")).unwrap()).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&Value::from("open-write"), &Value::from("error")));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!((&place["artifactLocation"]["uri"], &place["region"]["startLine"]), (&Value::from("routes/shop.toml"), &Value::from(6)));
    std::fs::write(scratch.0.join("routes/gateway.toml"), "[gateway.audit]\nignore = [\"open-write\"]\n").unwrap();
    run("audit", 0, "0 high, 1 medium, 0 low, 1 info; 1 passed over");
    run("audit --fail-on medium", 1, "no-rate-limit");
    run("audit --fail-on low", 1, "no-rate-limit");
}

#[test]
fn wrong_use_is_told_apart_from_problems() {
    let scratch = Scratch::new("usage", GOOD);
    let run = |line: &str, stderr: &str| check(&scratch.0, line, 2, "", stderr);
    run("compile", "--output");
    run("chekc", "check");
    run("check --vars nowhere", "`nowhere` cannot be read");
    run("compile -o nowhere/compiled.json", "cannot be written");
    run("explain GET /a -H nothing", "expected NAME:VALUE");
    run("token", "--new-key FILE");
    run("token --secret x --expires 5", "not a duration");
    run("schema routes", "gateway");
}

#[test]
fn keys_and_tokens_are_made() {
    let scratch = Scratch::new("token", GOOD);
    let run = |line: &str, stdout: &str| check(&scratch.0, line, 0, stdout, "");
    let made = run("token --new-key key.pem", "\"OKP\"");
    assert_eq!(run("token --key key.pem --jwks", "\"OKP\""), made);
    assert_eq!(run("token --key key.pem --sub a", "").trim().split('.').count(), 3);
    assert_eq!(run("token --secret hush --format json", "\"claims\"").matches("\"token\"").count(), 1);
    check(&scratch.0, "token --new-key key.pem", 2, "", "cannot be written");
}

#[test]
fn keys_and_passwords_are_made_in_the_consumers_files() {
    let scratch = Scratch::new("keys", GOOD);
    let run = |line: &str, stdout: &str| check(&scratch.0, line, 0, stdout, "");
    let key = run("key new --consumer acme --expires 90d", "awk_live_").trim().to_owned();
    let id = key.split('_').nth(2).unwrap();
    let file = scratch.0.join("routes/consumers/acme.toml");
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains(id) && !written.contains(&key) && written.contains(&archway::auth::api_key::digest(&key)), "{written}");
    std::fs::write(&file, format!("# kept\n{written}")).unwrap();
    let other: Value = serde_json::from_str(&run("key new --consumer acme --env test --format json", "")).unwrap();
    run("key list", &format!("{id}  acme"));
    run(&format!("key revoke {id}"), "is disabled");
    let listed: Value = serde_json::from_str(&run("key list --format json", "")).unwrap();
    assert_eq!((&listed[0]["id"], &listed[0]["disabled"]), (&Value::from(id), &Value::Bool(true)));
    assert_eq!(
        (&listed[1]["id"], &listed[1]["disabled"], &listed[1]["environment"]),
        (&other["id"], &Value::Bool(false), &Value::from("test"))
    );
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("# kept\n[consumer]\nname = \"acme\"\n"));
    run("check", "all right");
    check(&scratch.0, "key revoke aaaaaaaaaaaa", 2, "", "no key has the id");
    check(&scratch.0, "key new --consumer ../evil", 2, "", "is not a name for a consumer");
    check(&scratch.0, "key new --consumer acme --env LIVE", 2, "", "expected 1 to 16");
}
