//! Policies as they are written: an entry `{ kind = { ... } }`, or the name of one.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::later;
use crate::config::text::decode::{self, Skipped};
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::document::{Entry, Node, Value};
use crate::config::text::names::{list, nearest};
use crate::config::text::source::Place;
use crate::policies::{FACTS, Facts, Mode, OnError, PolicyConfig};

/// What may stand beside a policy's kind, or within its table.
pub const BESIDE: &[&str] = &["mode", "on_error", "when"];

/// A policy that was written out.
#[derive(Debug)]
pub struct PolicyEntry<'a> {
    /// Where its kind stands.
    pub place: Place,
    /// The kind's value.
    pub node: &'a Node,
    /// What the registry knows of the kind; `None` where the kind is not known.
    pub facts: Option<Facts>,
    /// The policy; `None` where something in it is wrong.
    pub config: Option<PolicyConfig>,
    /// Whether it acts.
    pub mode: Mode,
    /// What an outage means.
    pub on_error: OnError,
}

/// A policy in a list.
#[derive(Debug)]
pub enum Use<'a> {
    /// By name.
    Named(&'a str, Place),
    /// Written out.
    Inline(Box<PolicyEntry<'a>>),
}

/// Reads a list of policies: names and tables.
pub fn uses<'a>(file: usize, node: Option<&'a Node>, diagnostics: &mut Diagnostics) -> Vec<Use<'a>> {
    let Some(node) = node else { return Vec::new() };
    let wrong = |node: &Node, expected: &str| {
        Diagnostic::new(Code::WrongValue, Place::new(file, &node.span), format!("expected {expected}"))
            .label(format!("expected {expected}"))
    };
    let Value::Array(elements) = &node.value else {
        diagnostics.push(wrong(node, "an array of policies"));
        return Vec::new();
    };
    let mut uses = Vec::new();
    for element in elements {
        match &element.value {
            Value::String(name) => uses.push(Use::Named(name, Place::new(file, &element.span))),
            Value::Table(_) => uses.push(Use::Inline(Box::new(entry(file, element, &element.span, diagnostics)))),
            _ => diagnostics.push(wrong(element, "a policy's name in quotes, or a table such as { body_limit = \"64KB\" }")),
        }
    }
    uses
}

/// Reads one policy. `whole` is what is pointed at where the policy has no kind.
pub fn entry<'a>(file: usize, node: &'a Node, whole: &std::ops::Range<usize>, diagnostics: &mut Diagnostics) -> PolicyEntry<'a> {
    let known = || FACTS.iter().map(|facts| facts.name).collect::<Vec<_>>();
    let mut broken = false;
    let mut report = |diagnostic: Diagnostic| {
        diagnostics.push(diagnostic);
        broken = true;
    };
    let mut kinds = node.entries().iter().filter(|entry| !BESIDE.contains(&entry.key.as_str()));
    let first = kinds.next();
    if !matches!(node.value, Value::Table(_)) {
        let message = "expected a table such as { body_limit = \"64KB\" }";
        report(Diagnostic::new(Code::WrongValue, Place::new(file, &node.span), message).label("not a table"));
    } else if first.is_none() {
        let missing = Diagnostic::new(Code::MissingKey, Place::new(file, whole), "this policy does not say what it is");
        report(missing.label("needs a kind").help(format!("expected {}", list(&known()))));
    }
    for other in kinds {
        let message = format!("a policy is one thing: `{}` needs a table of its own", other.key);
        let diagnostic = Diagnostic::new(Code::Conflict, Place::new(file, &other.key_span), message);
        report(match first {
            Some(first) => diagnostic.related(Place::new(file, &first.key_span), "the policy is this already"),
            None => diagnostic,
        });
    }
    let facts = first.and_then(|first| FACTS.iter().find(|facts| facts.name == first.key)).copied();
    if let (Some(first), None) = (first, facts) {
        report(match later::POLICIES.contains(&first.key.as_str()) {
            true => later::error(file, &first.key_span, &first.key),
            false => Diagnostic::new(Code::UnknownKey, Place::new(file, &first.key_span), format!("there is no policy `{}`", first.key))
                .suggest(nearest(&first.key, known()))
                .help(format!("expected {}", list(&known()))),
        });
    }
    let value = first.map_or(node, |first| &first.node);
    let mut skipped = Skipped::new();
    let mut set: BTreeMap<&str, &Entry> = BTreeMap::new();
    let inside = if first.is_some() { value.entries() } else { &[] };
    for entry in node.entries().iter().chain(inside).filter(|entry| BESIDE.contains(&entry.key.as_str())) {
        skipped.insert(entry.node.identity());
        if let Some(other) = set.insert(&entry.key, entry) {
            let (entry, other) = if entry.key_span.start > other.key_span.start { (entry, other) } else { (other, entry) };
            let message = format!("`{}` is said twice", entry.key);
            report(
                Diagnostic::new(Code::Conflict, Place::new(file, &entry.key_span), message)
                    .related(Place::new(file, &other.key_span), "first said here"),
            );
        }
    }
    if let Some(entry) = set.get("when") {
        report(later::error(file, &entry.key_span, "when"));
    }
    let mode = set.get("mode").map(|entry| decode::decode(file, &entry.node, &mut Skipped::new(), diagnostics));
    let on_error = set.get("on_error").map(|entry| decode::decode(file, &entry.node, &mut Skipped::new(), diagnostics));
    broken |= mode == Some(None) || on_error == Some(None);
    let config = match (first, facts) {
        (Some(first), Some(facts)) => {
            if facts.name == "cache" {
                broken |= later::refuse(file, value, later::CACHE_KEYS, &mut skipped, diagnostics);
            }
            decode::decode_variant(file, &first.key, value, &mut skipped, diagnostics)
        }
        _ => None,
    };
    PolicyEntry {
        place: Place::new(file, first.map_or(whole, |first| &first.key_span)),
        node: value,
        facts,
        config: config.filter(|_| !broken),
        mode: mode.flatten().unwrap_or_default(),
        on_error: on_error.flatten().unwrap_or(facts.map_or(OnError::Deny, |facts| facts.on_error)),
    }
}

/// The schema of a policy that is written out.
pub struct WrittenPolicy;

impl JsonSchema for WrittenPolicy {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Policy".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let config = PolicyConfig::json_schema(generator).to_value();
        let mode = generator.subschema_for::<Mode>();
        let on_error = generator.subschema_for::<OnError>();
        let mut properties = serde_json::Map::new();
        for variant in config.get("oneOf").and_then(|variants| variants.as_array()).into_iter().flatten() {
            let about = variant.get("description").cloned();
            for (name, schema) in variant.get("properties").and_then(|p| p.as_object()).into_iter().flatten() {
                beside(generator, schema, &mode, &on_error);
                let mut schema = serde_json::json!({ "allOf": [schema] });
                if let (Some(about), Some(object)) = (about.clone(), schema.as_object_mut()) {
                    object.insert("description".to_owned(), about);
                }
                properties.insert(name.clone(), schema);
            }
        }
        let kinds: Vec<_> = properties.keys().map(|kind| serde_json::json!({ "required": [kind] })).collect();
        properties.insert("mode".to_owned(), mode.to_value());
        properties.insert("on_error".to_owned(), on_error.to_value());
        json_schema!({
            "type": "object",
            "description": "A policy: exactly one kind, and perhaps `mode` and `on_error`.",
            "properties": properties,
            "additionalProperties": false,
            "oneOf": kinds,
        })
    }
}

/// Lets `mode` and `on_error` stand within a kind's own table too.
fn beside(generator: &mut SchemaGenerator, kind: &serde_json::Value, mode: &Schema, on_error: &Schema) {
    let name = kind.get("$ref").and_then(|reference| reference.as_str()).and_then(|reference| reference.rsplit('/').next());
    let definition = name.and_then(|name| generator.definitions_mut().get_mut(name));
    if let Some(properties) = definition.and_then(|schema| schema.get_mut("properties")?.as_object_mut()) {
        properties.insert("mode".to_owned(), mode.clone().to_value());
        properties.insert("on_error".to_owned(), on_error.clone().to_value());
    }
}

/// A policy in a list: its name, or the policy itself.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "only its schema is used")]
pub enum PolicyUse {
    /// The name of a policy in `[policies]`.
    Name(String),
    /// A policy.
    Inline(WrittenPolicy),
}
