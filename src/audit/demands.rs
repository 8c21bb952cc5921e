//! What a route demands of a caller: proofs, rights, decisions of others, and whatever else may keep it out.

use serde_json::{Map, Value, json};

use super::exposure::Exposure;
use super::view::{PolicyView, RouteView, place, settings};
use crate::config::build::Outcome;
use crate::config::build::plan::Definition;
use crate::config::text::source::Place;
use crate::policies::{Mode, OnError, PolicyConfig, Shields};

/// Settings of a proof that tell whose credentials it takes and where they stand.
const OF_A_PROOF: &[&str] =
    &["issuer", "issuers", "audience", "endpoint", "token", "key", "from", "scheme", "covered", "sender", "consumers", "groups", "scopes"];

/// What a route demands, for programs.
pub fn value(outcome: &Outcome, route: &RouteView<'_>) -> Value {
    let location = |place: &Place| crate::cli::routes::location(outcome, place);
    let exposure = Exposure::of(route);
    let of = |kind: &str| route.policies.iter().filter(|policy| policy.kind() == kind).collect::<Vec<_>>();
    let told = |policy: &PolicyView<'_>, more: Map<String, Value>| {
        let mut value = json!({ "policy": policy.form.id, "kind": policy.kind(), "written": location(policy.place("")) });
        if let Some(object) = value.as_object_mut() {
            if policy.form.mode == Mode::Report {
                object.insert("mode".to_owned(), json!("report"));
            }
            if policy.form.on_error == OnError::Allow && policy.form.policy.facts().on_error == OnError::Deny {
                object.insert("on_error".to_owned(), json!("allow"));
            }
            object.extend(written(policy.definition, "when"));
            object.extend(more);
        }
        value
    };
    let identity: Vec<Value> = route
        .policies
        .iter()
        .filter(|policy| policy.form.policy.facts().identity)
        .map(|policy| told(policy, proof(outcome, &policy.form.policy, "", policy.definition)))
        .collect();
    let rights: Vec<Value> = of("require").into_iter().map(|policy| told(policy, all(policy))).collect();
    let decisions: Vec<Value> = of("ask").into_iter().map(|policy| told(policy, all(policy))).collect();
    let others = route.policies.iter().filter(|policy| policy.form.policy.facts().shields == Some(Shields::Requests));
    let others: Vec<Value> = others.map(|policy| told(policy, all(policy))).collect();
    json!({
        "route": route.form.id, "written": location(&route.plan.place), "exposure": exposure, "identity": identity, "rights": rights,
        "decisions": decisions, "others": others,
    })
}

/// What a proof takes; of one that combines others, what each of them does.
fn proof(outcome: &Outcome, policy: &PolicyConfig, path: &str, definition: &Definition) -> Map<String, Value> {
    let mut told = Map::new();
    let dot = if path.is_empty() { "" } else { "." };
    let parts: Vec<Value> = policy
        .nested()
        .iter()
        .enumerate()
        .map(|(index, nested)| {
            let kind = nested.policy.facts().name;
            let path = format!("{path}{dot}policies.{index}.{kind}");
            let mut part = Map::new();
            part.insert("kind".to_owned(), json!(kind));
            if let Some(id) = &nested.id {
                part.insert("policy".to_owned(), json!(id));
            }
            part.insert("written".to_owned(), json!(crate::cli::routes::location(outcome, place(definition, &path))));
            part.extend(proof(outcome, &nested.policy, &path, definition));
            Value::Object(part)
        })
        .collect();
    let config = settings(policy);
    for key in OF_A_PROOF {
        if let Some(value) = config.get(*key) {
            told.insert((*key).to_owned(), value.clone());
        }
    }
    if let Some(same) = config.get("same_consumer") {
        told.insert("same_consumer".to_owned(), same.clone());
    }
    if !parts.is_empty() {
        told.insert("of".to_owned(), Value::Array(parts));
    }
    told
}

/// A setting as it was written.
fn written(definition: &Definition, key: &str) -> Option<(String, Value)> {
    let (name, text, _) = definition.settings.iter().find(|(name, ..)| name == key)?;
    Some((name.clone(), json!(text)))
}

/// Every setting, defaults included; conditions as they were written.
fn all(policy: &PolicyView<'_>) -> Map<String, Value> {
    match conditions_as_written(policy.config(), "", policy.definition) {
        Value::Object(settings) => settings,
        other => [(policy.kind().to_owned(), other)].into_iter().collect(),
    }
}

fn conditions_as_written(value: Value, path: &str, definition: &Definition) -> Value {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(object) => {
            let entry = |(key, value): (String, Value)| {
                let path = below(&key);
                let text = (key == "when").then(|| written(definition, &path)).flatten();
                let value = text.map_or_else(|| conditions_as_written(value, &path, definition), |(_, text)| text);
                (key, value)
            };
            Value::Object(object.into_iter().map(entry).collect())
        }
        Value::Array(items) => {
            let items = items.into_iter().enumerate();
            Value::Array(items.map(|(index, item)| conditions_as_written(item, &below(&index.to_string()), definition)).collect())
        }
        other => other,
    }
}

/// What a route demands, for people.
pub fn text(value: &Value) -> String {
    let mut out = String::new();
    let line = |out: &mut String, depth: usize, text: &str| {
        out.push_str(&"  ".repeat(depth));
        out.push_str(text);
        out.push('\n');
    };
    let word = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    line(&mut out, 1, &format!("{}  {}", word(value, "route"), word(value, "written")));
    let exposure = Exposure::ALL.iter().find(|exposure| Some(&json!(exposure)) == value.get("exposure"));
    line(&mut out, 1, exposure.map_or("", |exposure| exposure.words()));
    for (key, title, none) in [
        ("identity", "who is calling", "nobody asks"),
        ("rights", "what it may do", "nothing more is asked for"),
        ("decisions", "who decides", "nobody else"),
        ("others", "what else may keep it out", "nothing"),
    ] {
        let items = value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        out.push('\n');
        line(&mut out, 0, title);
        if items.is_empty() {
            line(&mut out, 1, none);
        }
        for item in items {
            told(&mut out, item, 1);
        }
    }
    out
}

/// One policy and what it demands.
fn told(out: &mut String, item: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    let word = |key: &str| item.get(key).and_then(Value::as_str);
    let head =
        [Some(word("kind").unwrap_or_default()), word("policy"), word("written")].into_iter().flatten().collect::<Vec<_>>().join("  ");
    out.push_str(&format!("{indent}{head}\n"));
    for (key, value) in item.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("kind" | "policy" | "written", _) => {}
            ("of", Value::Array(parts)) => {
                let words = if word("kind") == Some("all_of") { "all of" } else { "the first that is there of" };
                out.push_str(&format!("{indent}  {words}\n"));
                parts.iter().for_each(|part| told(out, part, depth + 2));
            }
            _ => setting(out, &indent, key, value),
        }
    }
}

/// One setting; tables and lists of tables line by line.
fn setting(out: &mut String, indent: &str, key: &str, value: &Value) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            object.iter().for_each(|(inner, value)| setting(out, indent, &format!("{key}.{inner}"), value));
        }
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            out.push_str(&format!("{indent}  {key}  {}\n", items.join(", ")));
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().enumerate().for_each(|(index, value)| setting(out, indent, &format!("{key}.{index}"), value));
        }
        Value::String(text) => out.push_str(&format!("{indent}  {key}  {text}\n")),
        value => out.push_str(&format!("{indent}  {key}  {value}\n")),
    }
}
