//! OpenAPI 3.0's own dialect of schemas, written as JSON Schema 2020-12 in its place: `nullable`, `exclusiveMinimum` as a word,
//! `$ref` beside other words. What pointers lead to stays where it is.

use serde_json::{Map, Value, json};

/// Rewrites every schema of an OpenAPI 3.0 document.
pub fn rewrite(document: &mut Value) {
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.values_mut().for_each(schema);
    }
    find(document, true);
}

/// Goes on to whatever a member `schema` holds; examples are no part of the document.
fn find(value: &mut Value, root: bool) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match name.as_str() {
                    "example" | "examples" | "default" => {}
                    "schema" if !root => schema(member),
                    "schemas" => {}
                    _ => find(member, false),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| find(item, false)),
        _ => {}
    }
}

fn schema(value: &mut Value) {
    let Value::Object(members) = value else { return };
    if let Some(reference) = members.get("$ref").cloned() {
        *members = Map::from_iter([("$ref".to_owned(), reference)]);
        return;
    }
    members.shift_remove("example");
    for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        match members.get(exclusive) {
            Some(Value::Bool(true)) => {
                let limit = members.shift_remove(bound);
                members.shift_remove(exclusive);
                members.extend(limit.map(|limit| (exclusive.to_owned(), limit)));
            }
            Some(Value::Bool(false)) => drop(members.shift_remove(exclusive)),
            _ => {}
        }
    }
    for name in ["properties", "allOf", "anyOf", "oneOf"] {
        match members.get_mut(name) {
            Some(Value::Object(schemas)) => schemas.values_mut().for_each(schema),
            Some(Value::Array(schemas)) => schemas.iter_mut().for_each(schema),
            _ => {}
        }
    }
    for name in ["items", "additionalProperties", "not"] {
        members.get_mut(name).into_iter().for_each(schema);
    }
    if members.shift_remove("nullable") == Some(Value::Bool(true)) {
        nullable(members);
    }
}

/// Takes null too. Without a type of its own the word means nothing to the letter, and is meant all the same.
fn nullable(members: &mut Map<String, Value>) {
    if let Some(kind) = members.get("type").filter(|kind| kind.is_string()).cloned() {
        members.insert("type".to_owned(), json!([kind, "null"]));
        if let Some(Value::Array(values)) = members.get_mut("enum")
            && !values.contains(&Value::Null)
        {
            values.push(Value::Null);
        }
        return;
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        if let Some(schemas) = members.shift_remove(name) {
            let inner = Map::from_iter([(name.to_owned(), schemas)]);
            let either = json!([{ "type": "null" }, inner]);
            match members.get_mut("allOf").and_then(Value::as_array_mut) {
                Some(all) => all.push(json!({ "anyOf": either })),
                None => drop(members.insert("allOf".to_owned(), json!([{ "anyOf": either }]))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_words_are_those_of_json_schema() {
        for (written, expect) in [
            (json!({ "type": "string", "nullable": true }), json!({ "type": ["string", "null"] })),
            (json!({ "type": "string", "nullable": true, "enum": ["a"] }), json!({ "type": ["string", "null"], "enum": ["a", null] })),
            (json!({ "type": "string", "nullable": false }), json!({ "type": "string" })),
            (json!({ "minimum": 1, "exclusiveMinimum": true }), json!({ "exclusiveMinimum": 1 })),
            (json!({ "maximum": 1, "exclusiveMaximum": false }), json!({ "maximum": 1 })),
            (json!({ "$ref": "#/x", "description": "d" }), json!({ "$ref": "#/x" })),
            (
                json!({ "nullable": true, "allOf": [{ "$ref": "#/x" }] }),
                json!({ "allOf": [{ "anyOf": [{ "type": "null" }, { "allOf": [{ "$ref": "#/x" }] }] }] }),
            ),
            (
                json!({ "properties": { "nullable": { "type": "integer", "nullable": true, "example": 1 } } }),
                json!({ "properties": { "nullable": { "type": ["integer", "null"] } } }),
            ),
        ] {
            let mut document = json!({ "openapi": "3.0.3", "components": { "schemas": { "A": written.clone() } },
                "paths": { "/": { "get": { "parameters": [{ "schema": written }] } } } });
            rewrite(&mut document);
            assert_eq!(document.pointer("/components/schemas/A"), Some(&expect));
            assert_eq!(document.pointer("/paths/~1/get/parameters/0/schema"), Some(&expect));
        }
    }
}
