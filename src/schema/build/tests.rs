use serde_json::{Value, json};

use super::judge::Judge;
use super::library::{Library, Place};
use super::nodes::Nodes;
use super::openapi::OpenApi;
use super::{Direction, Wrong};
use crate::http::violation::Violation;
use crate::schema::check::Schema;

/// Compiles the schema at the root of the first of some documents.
pub fn compiled(documents: &[(&str, Value)]) -> Result<(Schema, usize), Wrong> {
    let mut library = Library::default();
    for (path, value) in documents {
        library.add(path, value.clone());
    }
    let place = Place { document: 0, pointer: String::new() };
    let mut nodes = Nodes::new(&library, true);
    let node = nodes.node(&place, Direction::Request)?;
    Judge::new(&library).judge(&place)?;
    Ok((Schema::new(nodes.finish()?).unwrap(), node))
}

/// What is wrong with a value, each as `keyword at pointer`.
pub fn wrong(documents: &[(&str, Value)], value: &Value) -> Vec<String> {
    let (schema, node) = compiled(documents).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let mut found = Vec::new();
    schema.check(node, &value.into(), "body", "", &mut found);
    found.iter().map(|Violation { pointer, keyword, .. }| format!("{keyword} at {pointer}")).collect()
}

#[test]
fn references_lead_through_files_identifiers_and_anchors() {
    let documents = [
        (
            "schemas/order.json",
            json!({ "properties": { "total": { "$ref": "money.json" }, "lines": { "items": { "$ref": "../shared/line.json#/$defs/line" } },
            "parent": { "$ref": "#" }, "tag": { "$ref": "#tag" } }, "$defs": { "tag": { "$anchor": "tag", "maxLength": 2 } } }),
        ),
        ("schemas/money.json", json!({ "$id": "https://example.com/money.json", "type": "integer", "$ref": "positive.json" })),
        ("shared/line.json", json!({ "$defs": { "line": { "$ref": "https://example.com/positive.json" } } })),
        ("other/positive.json", json!({ "$id": "https://example.com/positive.json", "minimum": 1 })),
    ];
    for (value, expect) in [
        (json!({ "total": 1, "lines": [1], "tag": "ab" }), &[][..]),
        (json!({ "total": 0 }), &["minimum at /total"]),
        (json!({ "total": "1", "lines": [1, 0] }), &["type at /total", "minimum at /lines/1"]),
        (json!({ "parent": { "parent": { "tag": "abc" } } }), &["maxLength at /parent/parent/tag"]),
    ] {
        assert_eq!(wrong(&documents, &value), expect, "{value}");
    }
}

#[test]
fn what_cannot_be_had_is_told_with_its_place() {
    for (schema, pointer, part) in [
        (json!({ "$ref": "nowhere.json" }), "/$ref", "there is no file `nowhere.json`"),
        (json!({ "$ref": "../../../etc/passwd" }), "/$ref", "there is no file `etc/passwd`"),
        (json!({ "$ref": "https://example.com/a.json" }), "/$ref", "nothing is fetched"),
        (json!({ "properties": { "a": { "$ref": "#/$defs/b" } } }), "/properties/a/$ref", "leads nowhere"),
        (json!({ "$ref": "#b" }), "/$ref", "no anchor `b`"),
        (json!({ "properties": { "a": { "pattern": "(?=a)" } } }), "/properties/a/pattern", "looks around"),
        (json!({ "type": "text" }), "/type", "this is no schema"),
        (json!({ "properties": { "a": { "minLength": -1 } } }), "/properties/a/minLength", "this is no schema"),
        (json!({ "$schema": "http://json-schema.org/draft-07/schema#", "items": [{ "type": 1 }] }), "/items/0/type", "this is no schema"),
        (json!([]), "", "this is no schema"),
    ] {
        let wrong = compiled(&[("a.json", schema.clone())]).err().unwrap_or_else(|| panic!("{schema}"));
        assert_eq!((wrong.pointer.as_str(), wrong.message.contains(part)), (pointer, true), "{schema}: {wrong:?}");
    }
}

fn petstore() -> Value {
    json!({
        "openapi": "3.0.3", "servers": [{ "url": "https://api.example.com/v1" }],
        "paths": {
            "/pets": { "$ref": "#/components/x-paths/pets" },
            "/pets/{petId}/toys/{toyId}": {
                "parameters": [{ "name": "petId", "in": "path", "required": true, "schema": { "type": "integer", "format": "int32" } }],
                "get": { "operationId": "getToy", "parameters": [
                    { "name": "toyId", "in": "path", "required": true, "schema": { "type": "string", "maxLength": 3 } },
                    { "$ref": "#/components/parameters/Limit" },
                    { "name": "X-Trace", "in": "header", "schema": { "type": "array", "items": { "type": "integer" } } },
                    { "name": "Authorization", "in": "header", "required": true, "schema": { "type": "string" } }
                ], "responses": { "200": { "description": "" } } }
            }
        },
        "components": {
            "x-paths": { "pets": { "post": { "operationId": "addPet", "requestBody": { "$ref": "#/components/requestBodies/Pet" },
                "responses": { "201": { "description": "", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Pet" } } } }, "4XX": { "description": "" } } } } },
            "parameters": { "Limit": { "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 10, "exclusiveMaximum": true } } },
            "requestBodies": { "Pet": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Pet" } }, "multipart/form-data": { "schema": {} } } } },
            "schemas": {
                "Pet": { "oneOf": [{ "$ref": "#/components/schemas/Cat" }, { "$ref": "#/components/schemas/Dog" }], "discriminator": { "propertyName": "kind", "mapping": { "hound": "Dog" } } },
                "Cat": { "type": "object", "required": ["kind", "id", "lives"], "properties": { "kind": { "type": "string" }, "id": { "type": "integer", "readOnly": true }, "lives": { "type": "integer", "nullable": true } } },
                "Dog": { "type": "object", "required": ["kind", "secret"], "properties": { "kind": { "type": "string" }, "secret": { "type": "string", "writeOnly": true } }, "additionalProperties": false }
            }
        }
    })
}

#[test]
fn operations_are_found_by_path_server_and_name() {
    let mut library = Library::default();
    let document = library.add("openapi/pets.json", petstore());
    let openapi = OpenApi::new(&library, document).unwrap();
    for (paths, expect) in [
        (&["/pets"][..], &["POST /pets"][..]),
        (&["/v1/pets/"], &["POST /pets"]),
        (&["/v1/pets/{id}/toys/{toy}"], &["GET /pets/{petId}/toys/{toyId}"]),
        (&["/animals", "/pets"], &["POST /pets"]),
        (&["/v1/pets/{id}"], &[]),
        (&["/v1/pets/{*rest}"], &[]),
    ] {
        let found: Vec<String> = openapi.at(paths).iter().map(|found| format!("{} {}", found.method, found.template)).collect();
        assert_eq!(found, expect, "{paths:?}");
    }
    for (paths, expect) in [
        (&["/v1/{*rest}"][..], &["POST pets", "GET pets/{petId}/toys/{toyId}"][..]),
        (&["/{*rest}"], &["POST v1/pets", "GET v1/pets/{petId}/toys/{toyId}"]),
        (&["/v1/pets/{*rest}"], &["POST ", "GET {petId}/toys/{toyId}"]),
        (&["/api/{*rest}", "/v1/{rest}"], &["POST pets", "GET pets/{petId}/toys/{toyId}"]),
        (&["/v1/pet/{*rest}"], &[]),
        (&["/v1/pets/{id}/{*rest}"], &[]),
        (&["/v1/pets"], &[]),
    ] {
        let found: Vec<String> = openapi.below(paths).iter().map(|(rest, found)| format!("{} {rest}", found.method)).collect();
        assert_eq!(found, expect, "{paths:?}");
    }
    assert_eq!(openapi.at(&["/v1/pets/{id}/toys/{toy}"])[0].renamed["toyId"], "toy");
    assert_eq!(openapi.named("getToy", "/x/{a}/{b}").unwrap().renamed["petId"], "a");
    assert_eq!(openapi.names(), ["addPet", "getToy"]);
    for (version, part) in
        [(json!({ "swagger": "2.0" }), "Swagger 2"), (json!({}), "no OpenAPI"), (json!({ "openapi": "4.0" }), "no OpenAPI")]
    {
        let mut library = Library::default();
        library.add("a.json", version);
        assert!(OpenApi::new(&library, 0).err().unwrap().message.contains(part));
    }
}

#[test]
fn operations_say_what_openapi_says() {
    let mut library = Library::default();
    let document = library.add("openapi/pets.json", petstore());
    let openapi = OpenApi::new(&library, document).unwrap();
    let (mut nodes, mut judge) = (Nodes::new(&library, true), Judge::new(&library));
    let toy = openapi.rules(&openapi.named("getToy", "/v1/pets/{id}/toys/{toy}").unwrap(), &mut nodes, &mut judge).unwrap();
    let names: Vec<(&str, bool)> = toy.parameters.iter().map(|parameter| (parameter.name.as_str(), parameter.required)).collect();
    assert_eq!(names, [("x-trace", false), ("id", true), ("toy", true), ("limit", false)], "Authorization is said elsewhere");
    let add = openapi.rules(&openapi.named("addPet", "/v1/pets").unwrap(), &mut nodes, &mut judge).unwrap();
    let body = add.body.as_ref().unwrap();
    assert_eq!((body.required, body.types.iter().map(|typed| typed.node.is_some()).collect::<Vec<_>>()), (true, vec![true, true]));
    let (request, response) = (body.types[0].node.unwrap(), add.answers[0].types[0].node.unwrap());
    let schema = Schema::new(nodes.finish().unwrap()).unwrap();
    for (node, value, expect) in [
        (request, json!({ "kind": "Cat", "lives": null }), &[][..]),
        (response, json!({ "kind": "Cat", "lives": null }), &["required at "]),
        (request, json!({ "kind": "hound", "secret": "x" }), &[]),
        (request, json!({ "kind": "Dog" }), &["required at "]),
        (response, json!({ "kind": "Dog" }), &[]),
        (request, json!({ "kind": "Dog", "secret": "x", "lives": 9 }), &["additionalProperties at /lives"]),
        (request, json!({ "kind": "Bird" }), &["discriminator at "]),
        (request, json!({ "lives": 9 }), &["discriminator at "]),
    ] {
        let mut found = Vec::new();
        schema.check(node, &(&value).into(), "body", "", &mut found);
        let found: Vec<String> = found.iter().map(|violation| format!("{} at {}", violation.keyword, violation.pointer)).collect();
        assert_eq!(found, expect, "{value}");
    }
}
