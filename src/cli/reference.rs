//! `archway reference`: what the routes files may hold, as Markdown, from the doc comments of the types that read them.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::schema::{self, Which};
use crate::config::build::policies::BESIDE;
use crate::config::text::names;
use crate::expr::check::reference as conditions;
use crate::policies::FACTS;

/// Types that have a section of their own.
const ELSEWHERE: &[&str] = &["static", "redirect", "revocations"];

/// The whole reference.
pub fn markdown() -> String {
    let (gateway, api) = (schema::of(Which::Gateway), schema::of(Which::Api));
    let mut out = String::new();
    section(&mut out, "gateway.toml: `[gateway]`", &gateway, "/$defs/Gateway");
    section(&mut out, "An API's file: `[api]`", &api, "/$defs/Api");
    section(&mut out, "An API's file: `[[routes]]`", &api, "/$defs/Route");
    let consumer = schema::of(Which::Consumer);
    for (key, name) in [
        ("[consumer]", "Consumer"),
        ("[[keys]]", "Key"),
        ("[[users]]", "User"),
        ("[[certificates]]", "Certificate"),
        ("[[clients]]", "Client"),
    ] {
        section(&mut out, &format!("A consumer's file: `{key}`"), &consumer, &format!("/$defs/{name}"));
    }
    out.push_str("### Origins: `[origins.NAME]`\n\nIn gateway.toml for every API, or in an API's file. A route may have a `static` or `redirect` of its own.\n\n");
    for (kind, title) in [("http", "Servers"), ("static", "`static`"), ("redirect", "`redirect`"), ("revocations", "`revocations`")] {
        let _ = writeln!(out, "#### {title}\n");
        body(&mut out, &api, &format!("/$defs/{kind}"));
    }
    out.push_str("### Policies\n\n");
    out.push_str(
        "`NAME = { KIND = ... }` in `[policies]`, or `{ KIND = ... }` in a list of policies. `mode`, `on_error`, `failures` and `when`\n",
    );
    out.push_str("stand in the kind's table or beside the kind.\n\n| key | value | |\n|---|---|---|\n");
    for key in BESIDE {
        let value = api.pointer(&format!("/$defs/Policy/properties/{key}")).unwrap_or(&Value::Null);
        row(&mut out, &api, (key, value), false);
    }
    for facts in FACTS {
        let about = api.pointer(&format!("/$defs/Policy/properties/{}/description", facts.name)).and_then(Value::as_str);
        let on_error = serde_json::to_value(facts.on_error).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
        let identity = match (facts.identity, facts.failures) {
            (true, Some(rate)) => format!(" It is an identity policy; `failures` is `{rate}` where absent."),
            (true, None) => " It is an identity policy.".to_owned(),
            (false, _) => String::new(),
        };
        let _ =
            writeln!(out, "\n#### `{}`\n\n{} `on_error` is `{on_error}` where absent.{identity}\n", facts.name, about.unwrap_or_default());
        body(&mut out, &api, &format!("/$defs/{}", facts.name));
    }
    conditions(&mut out);
    out.replace("\n\n\n", "\n\n")
}

/// What a condition may name.
fn conditions(out: &mut String) {
    out.push_str("### Conditions\n\nFacts; those of `client` but its address are there where the edge says them, `claims` is short for `identity.claims`.\n\n");
    out.push_str("| fact | type | |\n|---|---|---|\n");
    for (name, of, about) in conditions::facts() {
        let _ = writeln!(out, "| `{name}` | {of} | {about} |");
    }
    out.push_str("\nFunctions, besides the operators, `in`, `has(...)`, `? :` and ");
    let _ = writeln!(out, "{}:\n", names::list(&conditions::macros()).replace(" or ", " and "));
    for signatures in conditions::functions() {
        let _ = writeln!(out, "- `{}`", signatures.join("`, `"));
    }
}

fn section(out: &mut String, title: &str, whole: &Value, pointer: &str) {
    let _ = writeln!(out, "### {title}\n");
    table(out, whole, whole.pointer(pointer).unwrap_or(&Value::Null));
}

/// The description of a kind, its value where that is no table, and its keys.
fn body(out: &mut String, whole: &Value, pointer: &str) {
    let Some(schema) = whole.pointer(pointer) else { return };
    if let Some(about) = schema.get("description").and_then(Value::as_str) {
        let _ = writeln!(out, "{about}\n");
    }
    table(out, whole, schema);
}

fn table(out: &mut String, whole: &Value, schema: &Value) {
    if properties(schema).is_none() {
        return;
    }
    out.push_str("| key | value | |\n|---|---|---|\n");
    rows(out, whole, schema, "");
    out.push('\n');
}

fn rows(out: &mut String, whole: &Value, schema: &Value, prefix: &str) {
    let required = |key: &str| schema.get("required").and_then(Value::as_array).is_some_and(|keys| keys.iter().any(|name| name == key));
    for (key, value) in properties(schema).into_iter().flatten().filter(|(key, _)| !BESIDE.contains(&key.as_str())) {
        if about(whole, value).is_some() || prefix.is_empty() {
            row(out, whole, (&format!("{prefix}{key}"), value), required(key));
        }
        if key != "rules" {
            within(out, whole, value, &format!("{prefix}{key}"));
        }
    }
}

/// The keys of the tables that may stand in a key's place: itself, one of several, one of a list, under a name or a word.
fn within(out: &mut String, whole: &Value, value: &Value, key: &str) {
    let schema = followed(whole, value);
    if is_secret(schema) || reference(value).is_some_and(|name| word(name).is_some() || ELSEWHERE.contains(&name)) {
        return;
    }
    if let Some(items) = schema.get("items") {
        return within(out, whole, items, &format!("{key}[]"));
    }
    if let Some(values @ Value::Object(_)) = schema.get("additionalProperties") {
        return within(out, whole, values, &format!("{key}.NAME"));
    }
    for variant in ["oneOf", "anyOf"].iter().filter_map(|word| schema.get(*word)?.as_array()).flatten() {
        match properties(variant).filter(|keys| keys.len() == 1).and_then(|keys| keys.iter().next()) {
            Some((word, value)) => within(out, whole, value, &format!("{key}.{word}")),
            None => within(out, whole, variant, key),
        }
    }
    rows(out, whole, schema, &format!("{key}."));
}

fn row(out: &mut String, whole: &Value, (key, value): (&str, &Value), required: bool) {
    let about = about(whole, value).unwrap_or_default();
    let default = value.get("default").filter(|value| !is_empty(value)).map(|value| format!(" Default: `{value}`.")).unwrap_or_default();
    let required = if required { " Required." } else { "" };
    let text = format!("{about}{default}{required}").replace('\n', " ").replace('|', "\\|");
    let _ = writeln!(out, "| `{key}` | {} | {text} |", kind(whole, value, 0).replace('|', "\\|"));
}

fn about<'a>(whole: &'a Value, value: &'a Value) -> Option<&'a str> {
    value.get("description").or_else(|| followed(whole, value).get("description")).and_then(Value::as_str)
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

fn is_secret(schema: &Value) -> bool {
    properties(schema).is_some_and(|keys| keys.len() == 1 && keys.contains_key("secret"))
}

/// The name of the type that a reference is to.
fn reference(value: &Value) -> Option<&str> {
    value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        _ => value.is_null(),
    }
}

/// What a reference leads to.
fn followed<'a>(whole: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value.get("$ref").or_else(|| value.pointer("/allOf/0/$ref")).and_then(Value::as_str);
    reference.and_then(|reference| whole.pointer(reference.trim_start_matches('#'))).unwrap_or(value)
}

/// What may be written for a type of this name, where that has words of its own.
fn word(name: &str) -> Option<&'static str> {
    Some(match name {
        "Duration" => "duration, `\"30s\"`",
        "ByteSize" => "size, `\"64KB\"`",
        "Rate" => "rate, `\"20/s\"`",
        "Timestamp" => "moment, `\"2027-01-31\"`",
        "Failures" => "rate, `\"10/min\"`, or `\"off\"`",
        "Percent" => "share, `\"50%\"`",
        "Condition" => "condition, `\"request.method == 'GET'\"`",
        "Expression" => "expression, `\"identity.subject\"`",
        "Secret" => "`{ secret = \"NAME\" }`",
        "PolicyUse" => "name or policy",
        _ => return None,
    })
}

/// What may be written, in a few words.
fn kind(whole: &Value, value: &Value, depth: usize) -> String {
    if let Some(word) = reference(value).and_then(word) {
        return word.to_owned();
    }
    let schema = followed(whole, value);
    if depth > 5 {
        return "table".to_owned();
    }
    if let Some(variants) = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(*key)).and_then(Value::as_array) {
        let mut kinds: Vec<String> = Vec::new();
        for kind in variants.iter().map(|variant| kind(whole, variant, depth + 1)) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        return choice(&kinds, depth);
    }
    if let Some(constant) = schema.get("const") {
        return format!("`{constant}`");
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return choice(&words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>(), depth);
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => "text".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("number") => "number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") => format!("list of {}", schema.get("items").map_or("anything".to_owned(), |items| kind(whole, items, depth + 1))),
        Some("object") => object(whole, schema, depth),
        _ => "any value".to_owned(),
    }
}

fn choice(kinds: &[String], depth: usize) -> String {
    match kinds.split_last() {
        Some((last, others)) if depth > 0 && others.len() > 1 => format!("one of {} and {last}", others.join(", ")),
        _ => kinds.join(" or "),
    }
}

fn object(whole: &Value, schema: &Value, depth: usize) -> String {
    match (properties(schema).filter(|keys| keys.len() == 1).and_then(|keys| keys.iter().next()), schema.get("additionalProperties")) {
        (Some((key, value)), _) => format!("`{{ {key} = {} }}`", kind(whole, value, depth + 1).replace('`', "")),
        (None, Some(values @ Value::Object(_))) => format!("table of name = {}", kind(whole, values, depth + 1)),
        _ => "table".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_and_key_is_in_the_reference() {
        let text = markdown();
        for facts in FACTS {
            assert!(text.contains(&format!("\n#### `{}`\n", facts.name)), "{}", facts.name);
        }
        for key in [
            "client.trusted_proxies",
            "match",
            "hosts",
            "targets[].url",
            "targets",
            "status",
            "algorithms",
            "limits",
            "ttl",
            "origins",
            "keys.NAME.pem",
            "from.proxies.networks",
            "revocations.list",
            "issuers[].map.scopes",
        ] {
            assert!(text.contains(&format!("| `{key}` |")), "{key}");
        }
        for line in text.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = line.split(" | ").collect();
            assert!(cells.len() == 3 && cells.iter().all(|cell| cell.len() > 1), "{line}");
        }
    }
}
