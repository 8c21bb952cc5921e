//! Runs every file of `tests/scenarios` against the worker. Only what breaks a port is left out; the clock is moved here too.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::harness::{Ask, call, compile, records, script, seen, settled, start, stop_clock};
use crate::scenario::expect::{Call, Outcome, differences};
use crate::scenario::format::{OriginScript, RequestScript, Scenario};

/// The first step of every scenario happens at this time: 2026-11-23T00:00:00Z.
const BEGIN_MS: u64 = 1_795_392_000_000;

#[wasm_bindgen_test]
async fn every_scenario_holds() {
    let files: BTreeMap<String, String> = call("files", &json!({ "directory": "tests/scenarios" })).await;
    assert!(!files.is_empty());
    let mut found = Vec::new();
    for (name, text) in files {
        let differences = match Scenario::parse(&text) {
            Ok(scenario) => run(&scenario).await,
            Err(error) => vec![error],
        };
        found.extend(differences.into_iter().map(|line| format!("{name}: {line}")));
    }
    assert!(found.is_empty(), "{} differences\n{}", found.len(), found.join("\n"));
}

async fn run(scenario: &Scenario) -> Vec<String> {
    let compiled = match compile(&scenario.files).await {
        Ok(compiled) => compiled,
        Err(error) => return vec![error],
    };
    start(&compiled, &scenario.vars).await;
    script(scenario.origins.iter().map(scripted).collect()).await;
    let mut found = Vec::new();
    let mut reached_ms = 0;
    stop_clock(BEGIN_MS).await;
    for (index, step) in scenario.steps.iter().enumerate().filter(|(_, step)| !step.native_only) {
        let due_ms = step.at.map_or(0, |at| at.ms());
        if due_ms > reached_ms {
            reached_ms = due_ms;
            stop_clock(BEGIN_MS + due_ms).await;
        }
        for time in 1..=step.times.unwrap_or(1) {
            let outcome = outcome(&step.request, step.expect.recorded).await;
            let which = format!("step {} ({} {} {}) time {time}", index + 1, step.name, step.request.method, step.request.url);
            found.extend(differences(&step.expect, &outcome).into_iter().map(|line| format!("{which}: {line}")));
        }
    }
    found
}

async fn outcome(request: &RequestScript, recorded: bool) -> Outcome {
    let mut ask = Ask::new(&request.method, &request.url).header("cf-connecting-ip", &request.client);
    for (name, values) in &request.headers {
        ask.headers.extend(values.list().iter().map(|value| (name.clone(), latin(value))));
    }
    if !request.edge.is_empty() {
        ask.headers.push(("mf-cf-blob".to_owned(), json!(request.edge).to_string()));
    }
    ask.body = latin(&request.body);
    if !request.chunks.is_empty() {
        ask.body = latin(&request.chunks.concat());
        ask.chunked = true;
    }
    let reply = ask.send().await;
    settled().await;
    let calls = seen().await.into_iter().map(|call| Call {
        method: call.method.clone(),
        url: call.url.clone(),
        headers: utf8_fields(call.headers),
        body: utf8(&call.body),
    });
    let records = records(usize::from(recorded)).await;
    Outcome { status: reply.status, headers: utf8_fields(reply.headers), body: utf8(&reply.body), records, calls: calls.collect() }
}

fn scripted(origin: &OriginScript) -> Value {
    let acts = origin.replies.iter().map(|reply| {
        let values = reply.headers.iter().flat_map(|(name, values)| values.list().iter().map(move |value| (name, latin(value))));
        json!({
            "status": reply.status,
            "headers": values.collect::<Vec<_>>(),
            "body": latin(&reply.body),
            "after_ms": reply.after.map_or(0, |after| after.ms()),
            "refuse": reply.refuse,
        })
    });
    json!({ "authority": origin.authority, "path": origin.path, "acts": acts.collect::<Vec<_>>() })
}

/// The bytes of a text, one character each.
fn latin(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// The text whose bytes these characters are.
fn utf8(latin: &str) -> String {
    let bytes: Vec<u8> = latin.chars().map(|c| c as u8).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn utf8_fields(fields: Vec<(String, String)>) -> Vec<(String, String)> {
    fields.into_iter().map(|(name, value)| (name, utf8(&value))).collect()
}
