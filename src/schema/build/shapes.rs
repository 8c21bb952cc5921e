//! What a text in a parameter stands for: found in its schema as far as types are said, through references and `allOf`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::library::{Library, Place};
use crate::schema::shape::Shape;
use crate::schema::tree::kind;

/// How deep shapes go: an array of objects in a parameter is deeper than any style can write.
const DEEPEST: u8 = 8;

/// How many shapes within each other are told; schemas that lead to themselves in many ways have no end.
const MOST: u32 = 4_096;

/// The shape of the schema at a place.
pub fn shape(library: &Library, place: &Place) -> Shape {
    let mut shape = Shape::default();
    gather(library, place, &mut shape, 0, &mut 0);
    shape
}

fn gather(library: &Library, place: &Place, shape: &mut Shape, depth: u8, told: &mut u32) {
    let Some(Value::Object(schema)) = library.value(place) else { return };
    *told += 1;
    if depth > DEEPEST || *told > MOST {
        return;
    }
    let bit = |name: &str| kind::ALL.iter().find(|(_, known)| *known == name).map_or(0, |(bit, _)| *bit);
    match schema.get("type") {
        Some(Value::String(name)) => shape.types |= bit(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).for_each(|name| shape.types |= bit(name)),
        _ => {}
    }
    for value in schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const")) {
        shape.types |= match value {
            Value::Null => kind::NULL,
            Value::Bool(_) => kind::BOOLEAN,
            Value::Number(_) => kind::NUMBER,
            Value::String(_) => kind::STRING,
            Value::Array(_) => kind::ARRAY,
            Value::Object(_) => kind::OBJECT,
        };
    }
    if let Some((target, _)) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| library.follow(place, reference).ok()) {
        gather(library, &target, shape, depth + 1, told);
    }
    for word in ["allOf", "anyOf", "oneOf"] {
        for index in 0..schema.get(word).and_then(Value::as_array).map_or(0, Vec::len) {
            gather(library, &place.at(word).at(&index.to_string()), shape, depth + 1, told);
        }
    }
    let mut inner = |place: Place| {
        let mut inner = Shape::default();
        gather(library, &place, &mut inner, depth + 1, told);
        Box::new(inner)
    };
    if schema.get("items").is_some_and(Value::is_object) {
        shape.items = Some(inner(place.at("items")));
    }
    if schema.get("additionalProperties").is_some_and(Value::is_object) {
        shape.others = Some(inner(place.at("additionalProperties")));
    }
    let names = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys);
    let members: BTreeMap<String, Shape> = names.map(|name| (name.clone(), *inner(place.at("properties").at(name)))).collect();
    if !members.is_empty() && schema.get("type").is_none() {
        shape.types |= kind::OBJECT;
    }
    shape.members.extend(members);
}
