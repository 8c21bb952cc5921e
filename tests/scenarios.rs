//! Runs every file of `tests/scenarios` against the gateway with its ports in memory.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use archway::config::build::build;
use archway::config::build::load::GATEWAY;
use archway::config::packed;
use archway::config::text::{render, source::Source};
use archway::exchange::Connection;
use archway::gateway::{Gateway, Incoming};
use archway::http::edge::EdgeSource;
use archway::http::{Body, HeaderMap, HeaderName, HeaderValue, Method};
use archway::memory::{Act, ChunkedBody, Fault, Outside, Reply, ScriptedOrigin};
use archway::policies::FACTS;
use futures::executor::block_on;
use scenario::expect::{Call, Fields, Outcome, differences};
use scenario::format::{OriginScript, RequestScript, Scenario, Step, Values};

mod scenario;

/// The first step of every scenario happens at this time: 2026-11-23T00:00:00Z.
const BEGIN_MS: u64 = 1_795_392_000_000;

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn name(file: &Path) -> String {
    file.file_stem().unwrap().to_string_lossy().into_owned()
}

#[test]
fn every_scenario_holds() {
    let mut found = Vec::new();
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let outcome = Scenario::parse(&text).and_then(|scenario| run(&scenario));
        match outcome {
            Ok(differences) => found.extend(differences.into_iter().map(|line| format!("{}: {line}", name(&file)))),
            Err(error) => found.push(format!("{}: {error}", name(&file))),
        }
    }
    assert!(found.is_empty(), "{} differences\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_policy_has_a_scenario() {
    let names: BTreeSet<String> = files().iter().map(|file| name(file)).collect();
    let missing: Vec<&str> = FACTS.iter().map(|facts| facts.name).filter(|policy| !names.contains(*policy)).collect();
    assert!(missing.is_empty(), "no tests/scenarios/NAME.toml for {missing:?}");
}

/// A field by which this gateway tells its origins who is calling, whatever scenario it is added to.
const TELLS: &str = r#"
[api]
name = "tells-who-is-calling"
[[routes]]
match = "GET /tells-who-is-calling"
public = true
static = {}
policies = [{ anonymous = {} }, { identity_headers = { x-told-by-the-gateway = "subject" } }]
"#;
const FORGED: &str = "forged-by-the-client";

/// Every request of every scenario, and so of every policy, once more: with identity header fields that the client made up, in
/// each spelling. Nobody behind the gateway sees one of them.
#[test]
fn identity_headers_of_a_client_reach_nobody() {
    for file in files() {
        let mut scenario = Scenario::parse(&std::fs::read_to_string(&file).unwrap()).unwrap();
        scenario.files.insert("tells.toml".to_owned(), TELLS.to_owned());
        let form = compiled(&scenario).unwrap();
        let names: Vec<String> = packed::whole(&form).unwrap().identity_headers;
        assert!(!names.is_empty());
        let outside = outside(&scenario);
        let gateway = Gateway::load(&form, outside.ports()).unwrap();
        for step in &mut scenario.steps {
            for name in &names {
                step.request.headers.retain(|known, _| !known.eq_ignore_ascii_case(name));
                for spelling in [name.clone(), name.replace('-', "_"), name.replacen('-', "_", 1)] {
                    step.request.headers.insert(spelling, Values::One(FORGED.to_owned()));
                }
            }
            let outcome = answered(&gateway, &outside, step).unwrap();
            let forged = outcome.calls.iter().flat_map(|call| &call.headers).find(|(_, value)| value.contains(FORGED));
            assert!(forged.is_none(), "{}: {} {}: {forged:?}", name(&file), step.request.method, step.request.url);
        }
    }
}

/// Every difference of a scenario, or why it cannot be run.
fn run(scenario: &Scenario) -> Result<Vec<String>, String> {
    let outside = outside(scenario);
    let gateway = Gateway::load(&compiled(scenario)?, outside.ports())?;
    let mut found = Vec::new();
    for (index, step) in scenario.steps.iter().enumerate() {
        let due_ms = BEGIN_MS + step.at.map_or(0, |at| at.ms());
        outside.clock.0.set(due_ms.max(outside.clock.0.get()));
        for time in 1..=step.times.unwrap_or(1) {
            let outcome = answered(&gateway, &outside, step)?;
            let which = format!("step {} ({} {} {}) time {time}", index + 1, step.name, step.request.method, step.request.url);
            found.extend(differences(&step.expect, &outcome).into_iter().map(|line| format!("{which}: {line}")));
        }
    }
    Ok(found)
}

fn outside(scenario: &Scenario) -> Outside {
    let outside = Outside::at(BEGIN_MS);
    outside.environment.0.borrow_mut().extend(scenario.vars.clone());
    outside.fetch.origins.borrow_mut().extend(scenario.origins.iter().map(scripted));
    outside
}

/// The runtime form of a scenario's routes files.
fn compiled(scenario: &Scenario) -> Result<String, String> {
    let mut sources: Vec<Source> = scenario.files.iter().map(|(name, text)| Source::new(name.as_str(), text)).collect();
    sources.sort_by_key(|source| source.name != GATEWAY);
    let outcome = build(sources, None);
    match outcome.form {
        Some(form) => packed::pack(&form),
        None => Err(format!("the routes files are refused\n{}", render::text(&outcome.diagnostics, &outcome.sources))),
    }
}

fn scripted(script: &OriginScript) -> ScriptedOrigin {
    let acts = script.replies.iter().map(|reply| match &reply.refuse {
        Some(text) => Act::Refuse(text.clone()),
        None => Act::Answer(Reply {
            status: reply.status,
            headers: reply
                .headers
                .iter()
                .flat_map(|(name, values)| values.list().iter().map(|value| (name.clone(), value.clone())))
                .collect(),
            body: reply.body.clone(),
            after_ms: reply.after.map_or(0, |after| after.ms()),
        }),
    });
    ScriptedOrigin { authority: script.authority.clone(), path: script.path.clone(), acts: acts.collect() }
}

fn answered(gateway: &Gateway, outside: &Outside, step: &Step) -> Result<Outcome, String> {
    let fault = |port: &str| if step.down.iter().any(|down| down == port) { Fault::Before } else { Fault::None };
    outside.limiter.fault.set(fault("limiter"));
    outside.replay.fault.set(fault("replay"));
    outside.revocations.fault.set(fault("revocations"));
    outside.edge_cache.fault.set(fault("edge_cache"));
    outside.guesses.fault.set(fault("guesses"));
    outside.replay.fault.set(fault("replay"));
    outside.sessions.fault.set(fault("sessions"));
    outside.log.0.take();
    outside.fetch.take_calls();
    let incoming = incoming(&step.request)?;
    let (status, headers, body) = block_on(async {
        let mut response = gateway.handle(incoming).await;
        let body = response.body.read(u64::MAX).await.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        outside.background.run().await;
        (response.status, lines(&response.headers), body)
    });
    let body = body.map_err(|error| format!("the body cannot be read: {error:?}"))?;
    let calls = outside.fetch.take_calls().into_iter().map(|call| Call {
        method: call.method.to_string(),
        url: call.url,
        headers: lines(&call.headers),
        body: String::from_utf8_lossy(&call.body).into_owned(),
    });
    Ok(Outcome { status: status.as_u16(), headers, body, records: outside.log.0.take(), calls: calls.collect() })
}

fn incoming(request: &RequestScript) -> Result<Incoming, String> {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &str| -> Result<(), String> {
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        headers.append(name, HeaderValue::try_from(value).map_err(|error| error.to_string())?);
        Ok(())
    };
    let authority = request.url.split('/').nth(2).unwrap_or_default();
    add("host", authority)?;
    for (name, values) in &request.headers {
        values.list().iter().try_for_each(|value| add(name, value))?;
    }
    let chunks: Vec<&str> = request.chunks.iter().map(String::as_str).collect();
    let body = match (request.body.as_str(), chunks.as_slice()) {
        ("", []) => Body::Empty,
        ("", chunks) => ChunkedBody::body(chunks),
        (body, _) => {
            add("content-length", &body.len().to_string())?;
            Body::Full(body.to_owned().into())
        }
    };
    let address = request.client.parse().map_err(|error| format!("client: {error}"))?;
    let client = Connection { address: Some(address), protocol: Some("1.1".to_owned()) };
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|error| error.to_string())?;
    let facts = serde_json::to_string(&request.edge).map_err(|error| error.to_string())?;
    let edge = EdgeSource::new(move || Some(facts.clone()));
    Ok(Incoming { method, url: request.url.clone(), headers, body, client, edge })
}

fn lines(headers: &HeaderMap) -> Fields {
    headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

#[test]
fn a_difference_is_told() {
    let text = r#"
        about = "An example"
        files."a.toml" = '''
        [api]
        name = "a"
        [[routes]]
        match = "GET /x"
        public = true
        static = { body = "hello" }
        '''
        [[steps]]
        request = { url = "https://a.test/x" }
        expect = { status = 201, headers = { content-type = "text/html", x-a = { present = true } }, body = "bye", record = { "http.route" = "/y" }, calls = [{}] }
    "#;
    let found = run(&Scenario::parse(text).unwrap()).unwrap();
    let expect = [
        "status: expected 201, got 200 with body \"hello\"",
        "header `content-type`: expected [\"text/html\"], got [\"text/plain; charset=utf-8\"]",
        "header `x-a`: expected something, got None",
        "body: expected \"bye\", got \"hello\"",
        "record `http.route`: expected \"/y\", got \"/x\"",
        "origin calls: expected 1, got 0: []",
    ];
    assert_eq!(found.len(), expect.len(), "{found:#?}");
    for (line, expect) in found.iter().zip(expect) {
        assert!(line.ends_with(expect), "{line}");
    }
    let values = Values::Many(vec!["a".to_owned()]);
    assert_eq!(values.list(), ["a"]);
}
