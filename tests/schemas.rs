//! Schemas held to the official test suite (github.com/json-schema-org/JSON-Schema-Test-Suite), which is not a part of this
//! repository: `JSON_SCHEMA_SUITE=DIR cargo test --test schemas suite -- --ignored --nocapture`, where DIR has `tests` and `remotes`. And
//! OpenAPI documents of the world compiled whole: `OPENAPI_DOCUMENTS=DIR cargo test --test schemas documents -- --ignored --nocapture`.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is missing"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use archway::schema::build::Direction;
use archway::schema::build::judge::Judge;
use archway::schema::build::library::{Library, Place};
use archway::schema::build::nodes::Nodes;
use archway::schema::build::openapi::OpenApi;
use archway::schema::check::Schema;
use archway::schema::document;
use archway::schema::format::Format;
use archway::schema::plan::{Plan, Ready};
use serde::Deserialize;
use serde_json::Value;

/// The drafts, each with the name of its dialect.
const DRAFTS: [(&str, &str); 3] = [
    ("draft7", "http://json-schema.org/draft-07/schema#"),
    ("draft2019-09", "https://json-schema.org/draft/2019-09/schema"),
    ("draft2020-12", "https://json-schema.org/draft/2020-12/schema"),
];

#[derive(Deserialize)]
struct Group {
    description: String,
    schema: Value,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    description: String,
    data: Value,
    valid: bool,
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found)
        } else if path.extension().is_some_and(|name| name == "json") {
            found.push(path)
        }
    }
}

fn all(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(directory, &mut found);
    found
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A schema that says its dialect.
fn said(mut schema: Value, dialect: &str) -> Value {
    if let Some(members) = schema.as_object_mut().filter(|members| !members.contains_key("$schema")) {
        members.insert("$schema".to_owned(), dialect.into());
    }
    schema
}

/// A schema as it runs, or why it is refused.
fn compiled(schema: &Value, others: &[(String, Value)], formats: bool) -> Result<(Schema, usize), String> {
    let mut library = Library::default();
    library.add("tested.json", schema.clone());
    others.iter().for_each(|(url, value)| {
        library.add(url, value.clone());
    });
    let place = Place { document: 0, pointer: String::new() };
    let mut nodes = Nodes::new(&library, formats);
    let node = nodes.node(&place, Direction::Request).map_err(|wrong| wrong.message)?;
    Judge::new(&library).judge(&place).map_err(|wrong| wrong.message)?;
    Ok((Schema::new(nodes.finish().map_err(|wrong| wrong.message)?)?, node))
}

fn boon(schema: &Value, others: &[(String, Value)], formats: bool) -> Option<(boon::Schemas, boon::SchemaIndex)> {
    let mut compiler = boon::Compiler::new();
    if formats {
        compiler.enable_format_assertions();
    }
    compiler.add_resource("file:///tested.json", schema.clone()).ok()?;
    for (url, value) in others {
        let _ = compiler.add_resource(url, value.clone());
    }
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile("file:///tested.json", &mut schemas).ok()?;
    Some((schemas, index))
}

/// The value of a case in its file.
fn data<'v>(written: &'v document::Value<'v>, group: usize, case: usize) -> Option<&'v document::Value<'v>> {
    let item = |value: &'v document::Value<'v>, index: usize| match value {
        document::Value::Array(items) => items.get(index),
        _ => None,
    };
    let member = |value: &'v document::Value<'v>, name: &str| match value {
        document::Value::Object(members) => members.get(name),
        _ => None,
    };
    member(item(member(item(written, group)?, "tests")?, case)?, "data")
}

#[test]
#[ignore = "needs the suite, whose place JSON_SCHEMA_SUITE gives"]
fn the_official_suite_holds() {
    let suite = PathBuf::from(std::env::var("JSON_SCHEMA_SUITE").expect("JSON_SCHEMA_SUITE names no directory"));
    let mut failures = 0;
    for (draft, dialect) in DRAFTS {
        let remotes = suite.join("remotes");
        let others: Vec<(String, Value)> = all(&remotes)
            .iter()
            .map(|path| {
                let name = path.strip_prefix(&remotes).unwrap().to_str().unwrap().replace('\\', "/");
                (format!("http://localhost:1234/{name}"), said(read(path), dialect))
            })
            // Metaschemas are there for who puts them beside the routes.
            .chain(all(&suite.join("metaschemas")).iter().map(|path| {
                let value = read(path);
                (value["$id"].as_str().unwrap().trim_end_matches('#').to_owned(), value)
            }))
            .collect();
        let root = suite.join("tests").join(draft);
        // By kind: passed, failed, refused when built, and those of formats that are not held to.
        let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
        let mut theirs = [0usize; 2];
        for path in all(&root) {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            let formats = name.starts_with("optional/format/");
            let kind = if formats {
                "format"
            } else if name.starts_with("optional/") {
                "optional"
            } else {
                "required"
            };
            let text = fs::read_to_string(&path).unwrap();
            let groups: Vec<Group> = serde_json::from_str(&text).unwrap();
            // The values once more, with every digit.
            let written = document::read(text.as_bytes(), 64).unwrap();
            for (place, group) in groups.into_iter().enumerate() {
                let count = counts.entry(kind).or_default();
                // Of `content*` a validator of draft-07 may make something; here, as in later drafts, it says something to people.
                let known = group.schema.get("format").and_then(Value::as_str).is_none_or(|format| Format::parse(format).is_some());
                if name == "optional/content.json" || (formats && !known) {
                    count[3] += group.tests.len();
                    continue;
                }
                let schema = said(group.schema, dialect);
                let other = boon(&schema, &others, formats);
                let ours = compiled(&schema, &others, formats);
                if let Err(error) = &ours {
                    count[2] += group.tests.len();
                    println!("{draft} {name}: {}: REFUSED {error}", group.description);
                }
                for (index, case) in group.tests.into_iter().enumerate() {
                    let same = other.as_ref().is_some_and(|(schemas, node)| schemas.validate(&case.data, *node).is_ok() == case.valid);
                    theirs[usize::from(!same)] += 1;
                    let Ok((schema, node)) = &ours else { continue };
                    let mut found = Vec::new();
                    schema.check(*node, data(&written, place, index).unwrap(), "body", "", &mut found);
                    if found.is_empty() == case.valid {
                        count[0] += 1;
                    } else {
                        count[1] += 1;
                        println!("{draft} {name}: {}: {} ({}): {found:?}", group.description, case.description, case.valid);
                    }
                }
            }
        }
        for (kind, [passed, failed, refused, aside]) in counts {
            println!(
                "{draft} {kind}: {passed} passed, {failed} failed, {refused} refused when built, {aside} of formats that are not held to"
            );
            failures += failed;
        }
        println!("{draft}, boon: {} passed, {} failed", theirs[0], theirs[1]);
    }
    assert_eq!(failures, 0);
}

#[test]
#[ignore = "needs documents, whose directory OPENAPI_DOCUMENTS gives"]
fn the_documents_compile() {
    let directory = PathBuf::from(std::env::var("OPENAPI_DOCUMENTS").expect("OPENAPI_DOCUMENTS names no directory"));
    let mut refused = 0;
    for path in all(&directory) {
        let mut library = Library::default();
        let document = library.add("openapi.json", read(&path));
        let openapi = match OpenApi::new(&library, document) {
            Ok(openapi) => openapi,
            Err(wrong) => {
                println!("{}: no document: {}", path.display(), wrong.message);
                continue;
            }
        };
        let (mut nodes, mut judge) = (Nodes::new(&library, true), Judge::new(&library));
        let mut plan = Plan::default();
        let mut wrong = BTreeMap::new();
        for (_, found) in openapi.below(&["/{*rest}"]) {
            match openapi.rules(&found, &mut nodes, &mut judge) {
                Ok(operation) => plan.operations.push(operation),
                Err(error) => drop(wrong.insert(format!("{}: {}", error.pointer, error.message), found.template)),
            }
        }
        plan.tree = nodes.finish().unwrap();
        let text = serde_json::to_string(&plan).unwrap();
        Ready::read(&text).unwrap();
        println!("{}: {} operations, {} refused, {} bytes", path.display(), plan.operations.len(), wrong.len(), text.len());
        wrong.iter().for_each(|(error, template)| println!("    {template}: {error}"));
        refused += wrong.len();
    }
    assert_eq!(refused, 0);
}
