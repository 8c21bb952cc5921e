//! Policies as they are written: an entry `{ kind = { ... } }`, or the name of one.

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::later;
use crate::config::text::decode::{self, Skipped};
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::document::{Entry, Node, Value};
use crate::config::text::names::{list, nearest};
use crate::config::text::source::Place;
use crate::config::values::{Failures, Rate};
use crate::expr::Condition;
use crate::policies::{FACTS, Facts, Mode, OnError, PolicyConfig};

/// What may stand beside a policy's kind, or within its table.
pub const BESIDE: &[&str] = &["mode", "on_error", "failures", "when"];

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
    /// For which requests it acts; every one where absent.
    pub when: Option<Condition>,
    /// What `when` is, where it stands beside the kind.
    pub when_beside: Option<&'a Node>,
    /// How many failed proofs are let pass.
    pub failures: Option<Rate>,
    /// What stands beside the kind or within its table, with its place.
    pub beside: Vec<(&'a str, Place)>,
    /// The policies that it combines, where it is `any_of` or `all_of`.
    pub combined: Option<Combined<'a>>,
}

/// What `any_of` or `all_of` combines.
#[derive(Debug)]
pub struct Combined<'a> {
    /// As it is written; names are looked up by [`super::nesting`].
    pub uses: Vec<Use<'a>>,
    /// The policy without them; `None` where something in it is wrong.
    pub shell: Option<PolicyConfig>,
    /// What the names in it lead to, with the path of each within the policy.
    pub named: Vec<NamedPart<'a>>,
}

/// A policy that is combined by name.
#[derive(Debug, Clone)]
pub struct NamedPart<'a> {
    /// Where its fields would stand, had it been written out: `policies.0.jwt`.
    pub path: String,
    /// Where its kind stands.
    pub place: Place,
    /// What its fields stand in.
    pub node: &'a Node,
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
pub fn entry<'a>(file: usize, node: &'a Node, whole: &Range<usize>, diagnostics: &mut Diagnostics) -> PolicyEntry<'a> {
    let before = diagnostics.len();
    let kind = kind(file, node, whole, diagnostics);
    let facts = kind.and_then(|kind| FACTS.iter().find(|facts| facts.name == kind.key)).copied();
    let value = kind.map_or(node, |kind| &kind.node);
    let mut skipped = Skipped::new();
    let inside = if kind.is_some() { value.entries() } else { &[] };
    let inside = inside.iter().filter(|entry| !is_own(facts, &entry.key));
    let beside = beside(file, node.entries().iter().chain(inside), &mut skipped, diagnostics);
    let mode = beside.get("mode").and_then(|entry| decode::decode(file, &entry.node, &mut Skipped::new(), diagnostics));
    let on_error = beside.get("on_error").and_then(|entry| decode::decode(file, &entry.node, &mut Skipped::new(), diagnostics));
    let when = beside.get("when").and_then(|entry| decode::decode(file, &entry.node, &mut Skipped::new(), diagnostics));
    let failures = beside.get("failures").map(|entry| failures(file, entry, facts, diagnostics));
    let mut combined = None;
    let config = kind.zip(facts).and_then(|(kind, facts)| {
        if facts.name == "cache" {
            later::refuse(file, value, later::CACHE_KEYS, &mut skipped, diagnostics);
        }
        if matches!(facts.name, "any_of" | "all_of") {
            combined = Some(self::combined(file, kind, &mut skipped, diagnostics));
            return None;
        }
        decode::decode_variant(file, &kind.key, value, &mut skipped, diagnostics)
    });
    if let Some(combined) = combined.as_mut().filter(|_| diagnostics.len() != before) {
        combined.shell = None;
    }
    PolicyEntry {
        place: Place::new(file, kind.map_or(whole, |kind| &kind.key_span)),
        node: value,
        facts,
        config: config.filter(|_| diagnostics.len() == before),
        mode: mode.unwrap_or_default(),
        on_error: on_error.unwrap_or(facts.map_or(OnError::Deny, |facts| facts.on_error)),
        when,
        when_beside: node.entry("when").map(|entry| &entry.node),
        failures: failures.unwrap_or(facts.and_then(|facts| facts.failures)),
        beside: beside.iter().map(|(key, entry)| (*key, Place::new(file, &entry.key_span))).collect(),
        combined,
    }
}

/// Whether a key that may stand beside any kind means something else within this kind's table.
pub fn is_own(facts: Option<Facts>, key: &str) -> bool {
    key == "when" && facts.is_some_and(|facts| facts.name == "require")
}

/// Reads `failures`, which only a policy has that proves something.
fn failures(file: usize, entry: &Entry, facts: Option<Facts>, diagnostics: &mut Diagnostics) -> Option<Rate> {
    if let Some(facts) = facts.filter(|facts| !facts.identity) {
        let message = format!("`failures` counts failed proofs of identity, and `{}` asks for none", facts.name);
        diagnostics.push(Diagnostic::new(Code::Conflict, Place::new(file, &entry.key_span), message));
    }
    decode::decode::<Failures>(file, &entry.node, &mut Skipped::new(), diagnostics).and_then(|failures| failures.0)
}

/// Reads what `any_of` or `all_of` combines: a list, or a table with the list in `policies`.
fn combined<'a>(file: usize, kind: &'a Entry, skipped: &mut Skipped, diagnostics: &mut Diagnostics) -> Combined<'a> {
    let list = match &kind.node.value {
        Value::Table(_) => kind.node.entry("policies").map(|entry| &entry.node),
        _ => Some(&kind.node),
    };
    let table = if matches!(kind.node.value, Value::Table(_)) { &kind.node } else { &EMPTY };
    skipped.extend(list.map(Node::identity));
    if list.is_none() {
        let missing = Diagnostic::new(Code::MissingKey, Place::new(file, &kind.node.span), "`policies` is missing");
        diagnostics.push(missing.help(format!("expected a list such as {} = [\"one\", \"another\"]", kind.key)));
    }
    let shell = decode::decode_variant(file, &kind.key, table, skipped, diagnostics);
    let uses = uses(file, list, diagnostics);
    if list.is_some_and(|list| matches!(list.value, Value::Array(_))) && uses.len() < 2 {
        let message = format!("`{}` combines at least two policies", kind.key);
        diagnostics.push(Diagnostic::new(Code::WrongValue, Place::new(file, &kind.key_span), message));
    }
    Combined { uses, shell, named: Vec::new() }
}

static EMPTY: Node = Node { span: 0..0, value: Value::Table(Vec::new()) };

/// The one entry that says what the policy is; whatever is wrong about it is reported.
fn kind<'a>(file: usize, node: &'a Node, whole: &Range<usize>, diagnostics: &mut Diagnostics) -> Option<&'a Entry> {
    if !matches!(node.value, Value::Table(_)) {
        let message = "expected a table such as { body_limit = \"64KB\" }";
        diagnostics.push(Diagnostic::new(Code::WrongValue, Place::new(file, &node.span), message).label("not a table"));
        return None;
    }
    let known: Vec<&str> = FACTS.iter().map(|facts| facts.name).collect();
    let mut kinds = node.entries().iter().filter(|entry| !BESIDE.contains(&entry.key.as_str()));
    let Some(first) = kinds.next() else {
        let missing = Diagnostic::new(Code::MissingKey, Place::new(file, whole), "this policy does not say what it is");
        diagnostics.push(missing.label("needs a kind").help(format!("expected {}", list(&known))));
        return None;
    };
    for other in kinds {
        let message = format!("a policy is one thing: `{}` needs a table of its own", other.key);
        let conflict = Diagnostic::new(Code::Conflict, Place::new(file, &other.key_span), message);
        diagnostics.push(conflict.related(Place::new(file, &first.key_span), "the policy is this already"));
    }
    if later::POLICIES.contains(&first.key.as_str()) {
        diagnostics.push(later::error(file, &first.key_span, &first.key));
    } else if !known.contains(&first.key.as_str()) {
        let message = format!("there is no policy `{}`", first.key);
        let unknown = Diagnostic::new(Code::UnknownKey, Place::new(file, &first.key_span), message);
        let unknown = unknown.suggest(nearest(&first.key, known.iter().copied()));
        let kind = first.node.text().filter(|text| known.contains(text));
        let unknown = kind.into_iter().fold(unknown, |unknown, kind| unknown.help(format!("write `{{ {kind} = {{ ... }} }}`")));
        diagnostics.push(unknown.help(format!("expected {}", list(&known))));
    }
    Some(first)
}

/// What stands beside the kind or within its table, by key; decoding the kind passes over it.
fn beside<'a>(
    file: usize,
    entries: impl Iterator<Item = &'a Entry>,
    skipped: &mut Skipped,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<&'a str, &'a Entry> {
    let mut beside: BTreeMap<&str, &Entry> = BTreeMap::new();
    for entry in entries.filter(|entry| BESIDE.contains(&entry.key.as_str())) {
        skipped.insert(entry.node.identity());
        if let Some(other) = beside.insert(&entry.key, entry) {
            let (later, first) = if entry.key_span.start > other.key_span.start { (entry, other) } else { (other, entry) };
            let twice = Diagnostic::new(Code::Conflict, Place::new(file, &later.key_span), format!("`{}` is said twice", entry.key));
            diagnostics.push(twice.related(Place::new(file, &first.key_span), "first said here"));
        }
    }
    beside
}

/// The schema of a policy that is written out.
pub struct WrittenPolicy;

impl JsonSchema for WrittenPolicy {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Policy".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let config = PolicyConfig::json_schema(generator).to_value();
        let beside = beside_schemas(generator);
        let mut properties = serde_json::Map::new();
        for variant in config.get("oneOf").and_then(|variants| variants.as_array()).into_iter().flatten() {
            let about = variant.get("description").cloned();
            for (name, schema) in variant.get("properties").and_then(|p| p.as_object()).into_iter().flatten() {
                allow_beside(generator, name, schema, &beside);
                let mut schema = serde_json::json!({ "allOf": [schema] });
                if let (Some(about), Some(object)) = (about.clone(), schema.as_object_mut()) {
                    object.insert("description".to_owned(), about);
                }
                properties.insert(name.clone(), schema);
            }
        }
        let kinds: Vec<_> = properties.keys().map(|kind| serde_json::json!({ "required": [kind] })).collect();
        properties.extend(beside.into_iter().map(|(key, schema)| (key.to_owned(), schema)));
        json_schema!({
            "type": "object",
            "description": "A policy: exactly one kind, and perhaps `mode`, `on_error`, `failures` and `when`.",
            "properties": properties,
            "additionalProperties": false,
            "oneOf": kinds,
        })
    }
}

/// The schemas of what may stand beside a kind, by key.
fn beside_schemas(generator: &mut SchemaGenerator) -> Vec<(&'static str, serde_json::Value)> {
    let failures = json_schema!({
        "description": "How many proofs of an identity policy may fail in a time, from one address and for one account, before it is held; or `off`.",
        "allOf": [generator.subschema_for::<Failures>()],
    });
    let when = json_schema!({
        "description": "For which requests it acts; every one where absent. Where it cannot be told, the request is refused (500).",
        "allOf": [generator.subschema_for::<Condition>()],
    });
    let schemas = [generator.subschema_for::<Mode>(), generator.subschema_for::<OnError>(), failures, when];
    BESIDE.iter().copied().zip(schemas.map(Schema::to_value)).collect()
}

/// Lets what may stand beside a kind stand within its own table, too.
fn allow_beside(generator: &mut SchemaGenerator, kind: &str, schema: &serde_json::Value, beside: &[(&'static str, serde_json::Value)]) {
    let name = schema.get("$ref").and_then(|reference| reference.as_str()).and_then(|reference| reference.rsplit('/').next());
    let definition = name.and_then(|name| generator.definitions_mut().get_mut(name));
    let proves = FACTS.iter().any(|facts| facts.name == kind && facts.identity);
    if let Some(properties) = definition.and_then(|schema| schema.get_mut("properties")?.as_object_mut()) {
        let own = beside.iter().filter(|(key, _)| (*key != "failures" || proves) && !properties.contains_key(*key));
        let own: Vec<_> = own.collect();
        properties.extend(own.into_iter().map(|(key, schema)| ((*key).to_owned(), schema.clone())));
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
