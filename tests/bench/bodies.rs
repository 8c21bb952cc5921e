//! What looking into bodies costs: a schema over 1 KB and 64 KB, the limits on JSON and XML, and masking what passes.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "the bodies are made here; what cannot be built ends the bench")]

use archway::http::body::Transform;
use archway::masking::Action;
use archway::masking::events::{Form, Stream};
use archway::masking::masker::Masker;
use archway::masking::paths::Paths;
use archway::masking::patterns::Patterns;
use archway::masking::recognise::Kind;
use archway::schema::build::Direction;
use archway::schema::build::library::{Library, Place};
use archway::schema::build::nodes::Nodes;
use archway::schema::check::Schema;
use archway::schema::document;
use archway::threat::{json, xml};
use divan::{Bencher, black_box};
use serde_json::json;

const SIZES: [usize; 2] = [1_000, 64_000];

fn main() {
    divan::main();
}

/// An order of about so many bytes.
fn order(size: usize) -> String {
    let mut lines = Vec::new();
    while lines.len() * 93 < size {
        lines.push(json!({ "sku": "ABC-12345", "count": 3, "price": 19.99, "note": "leave it at the door", "on": "2026-11-23" }));
    }
    json!({ "id": "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "mail": "ada@example.com", "lines": lines }).to_string()
}

fn compiled(written: serde_json::Value) -> (Schema, usize) {
    let mut library = Library::default();
    let document = library.add("order.json", written);
    let mut nodes = Nodes::new(&library, true);
    let node = nodes.node(&Place { document, pointer: String::new() }, Direction::Request).expect("a schema");
    (Schema::new(nodes.finish().expect("a tree")).expect("a tree"), node)
}

fn schema() -> (Schema, usize) {
    compiled(json!({
        "type": "object", "required": ["id", "lines"], "additionalProperties": false,
        "properties": {
            "id": { "type": "string", "format": "uuid" }, "mail": { "type": "string", "format": "email" },
            "lines": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/line" } },
        },
        "$defs": { "line": { "type": "object", "required": ["sku", "count"], "additionalProperties": false, "properties": {
            "sku": { "type": "string", "pattern": "^[A-Z]{3}-[0-9]+$" }, "count": { "type": "integer", "minimum": 1 },
            "price": { "type": "number", "multipleOf": 0.01 }, "note": { "type": "string", "maxLength": 100 }, "on": { "type": "string", "format": "date" },
        } } },
    }))
}

/// What would take long, were work to grow faster than what is sent: each with `n` of what it is about.
#[divan::bench(args = ["unique texts", "unique objects", "members", "member names", "a long text", "alternatives"], consts = [1_000, 10_000])]
fn large<const N: usize>(bencher: Bencher<'_, '_>, kind: &str) {
    let (written, value) = match kind {
        "unique texts" => (json!({ "uniqueItems": true }), (0..N).map(|n| json!(format!("t{n}"))).collect()),
        "unique objects" => (json!({ "uniqueItems": true }), (0..N).map(|n| json!({ "a": n, "b": [n] })).collect()),
        "members" => {
            let names: serde_json::Map<_, _> = (0..N).map(|n| (format!("m{n}"), json!({ "type": "integer" }))).collect();
            let required: Vec<&String> = names.keys().collect();
            let value = names.keys().map(|name| (name.clone(), json!(1))).collect();
            (json!({ "required": required, "properties": names, "additionalProperties": false }), serde_json::Value::Object(value))
        }
        "member names" => (json!({ "propertyNames": { "pattern": "^m[0-9]+$" } }), (0..N).map(|n| (format!("m{n}"), json!(1))).collect()),
        "a long text" => (json!({ "pattern": "^(a|b)*c?$", "maxLength": 1_000_000 }), json!("ab".repeat(N * 8))),
        _ => {
            let one = |n: usize| json!({ "properties": { "kind": { "const": format!("k{n}") } }, "required": ["kind"] });
            (json!({ "oneOf": (0..N / 10).map(one).collect::<Vec<_>>() }), json!({ "kind": "k3" }))
        }
    };
    let ((schema, node), body) = (compiled(written), value.to_string());
    read_and_check(bencher, &schema, node, &body);
}

fn read_and_check(bencher: Bencher<'_, '_>, schema: &Schema, node: usize, body: &str) {
    bencher.bench(|| {
        let value = document::read(black_box(body.as_bytes()), 64).expect("JSON");
        let mut found = Vec::new();
        schema.check(node, &value, "body", "", &mut found);
        assert!(found.is_empty());
    });
}

/// From bytes to a verdict, the strict reading of JSON included.
#[divan::bench(args = SIZES)]
fn validate(bencher: Bencher<'_, '_>, size: usize) {
    let ((schema, node), body) = (schema(), order(size));
    read_and_check(bencher, &schema, node, &body);
}

/// The check alone.
#[divan::bench(args = SIZES)]
fn check(bencher: Bencher<'_, '_>, size: usize) {
    let ((schema, node), body) = (schema(), order(size));
    let value = document::read(body.as_bytes(), 64).expect("JSON");
    bencher.bench(|| {
        let mut found = Vec::new();
        schema.check(node, black_box(&value), "body", "", &mut found);
        assert!(found.is_empty());
    });
}

#[divan::bench(args = SIZES)]
fn json_limits(bencher: Bencher<'_, '_>, size: usize) {
    let body = order(size);
    let limits = json::Limits { depth: 32, keys: 500, items: 10_000, string: 65_536, key: 256, values: 50_000, number: 64 };
    bencher.bench(|| json::scan(black_box(body.as_bytes()), &limits));
}

#[divan::bench(args = SIZES)]
fn xml_limits(bencher: Bencher<'_, '_>, size: usize) {
    let body = format!("<order>{}</order>", "<line sku=\"ABC-12345\"><count>3</count></line>".repeat(size / 45));
    let limits = xml::Limits { depth: 32, elements: 10_000, attributes: 64, name: 256, value: 8_192, text: 65_536, instructions: false };
    bencher.bench(|| xml::scan(black_box(body.as_bytes()), &limits));
}

#[divan::bench(args = SIZES)]
fn mask(bencher: Bencher<'_, '_>, size: usize) {
    let body = order(size);
    bencher.bench(|| {
        let masker = Masker::new(Kind::ALL.to_vec(), Action::Mask, true);
        let patterns = Patterns::new(Vec::new(), Action::Mask, 256, false, true);
        let mut stream = Stream::new(Form::Json, Paths::new(Vec::new(), Action::Mask), masker, patterns);
        let made = stream.push(black_box(body.as_bytes())).map(|bytes| bytes.len());
        (made, stream.end().map(|bytes| bytes.len()))
    });
}
