//! Origins as they are written: targets, a fixed answer, a redirect, or a list of withdrawn tokens.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::later;
use crate::config::text::decode::{self, Skipped};
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::document::{Node, Value};
use crate::config::text::names::nearest;
use crate::config::text::source::Place;
use crate::origins::OriginConfig;

/// An origin that was written out.
#[derive(Debug)]
pub struct OriginEntry<'a> {
    /// `http`, `static`, `redirect` or `revocations`.
    pub kind: &'a str,
    /// Where it stands.
    pub place: Place,
    /// What its fields stand in.
    pub node: &'a Node,
    /// The origin; `None` where something in it is wrong.
    pub config: Option<OriginConfig>,
}

/// Reads `[origins.NAME]`. `whole` is the name's place.
pub fn entry<'a>(file: usize, node: &'a Node, whole: Place, diagnostics: &mut Diagnostics) -> OriginEntry<'a> {
    let mut skipped = Skipped::new();
    if !matches!(node.value, Value::Table(_)) {
        let message = "expected a table with `targets`, `static` or `redirect`";
        diagnostics.push(Diagnostic::new(Code::WrongValue, Place::new(file, &node.span), message).label("not a table"));
        return OriginEntry { kind: "http", place: whole, node, config: None };
    }
    let mut refused = later::refuse(file, node, later::ORIGIN_KEYS, &mut skipped, diagnostics);
    if let Some(entry) = node.entry("balance")
        && let Some(name) = entry.node.text().filter(|name| later::BALANCE.contains(name))
    {
        diagnostics.push(later::error(file, &entry.node.span, name));
        skipped.insert(entry.node.identity());
        refused = true;
    }
    let fixed = node.entries().iter().find(|entry| matches!(entry.key.as_str(), "static" | "redirect" | "revocations"));
    let kind = fixed.map_or("http", |entry| entry.key.as_str());
    let (config, node) = match fixed {
        Some(fixed) => {
            for other in node.entries().iter().filter(|entry| entry.key != fixed.key && !skipped.contains(&entry.node.identity())) {
                let message = format!("`{}` has no place beside `{}`", other.key, fixed.key);
                let related = (Place::new(file, &fixed.key_span), "the origin is this already");
                diagnostics.push(Diagnostic::new(Code::Conflict, Place::new(file, &other.key_span), message).related(related.0, related.1));
                refused = true;
            }
            (decode::decode_variant(file, &fixed.key, &fixed.node, &mut skipped, diagnostics), &fixed.node)
        }
        None if node.entry("targets").is_some() => (decode::decode_variant(file, "http", node, &mut skipped, diagnostics), node),
        None => {
            diagnostics.push(kindless(file, node, &whole));
            (None, node)
        }
    };
    OriginEntry { kind, place: whole, node, config: config.filter(|_| !refused) }
}

fn kindless(file: usize, node: &Node, whole: &Place) -> Diagnostic {
    let kinds = ["targets", "static", "redirect", "revocations"];
    let url = node.entries().iter().find(|entry| ["url", "urls"].contains(&entry.key.as_str()));
    if let Some(entry) = url {
        let place = Place::new(file, &entry.key_span);
        let unknown = Diagnostic::new(Code::UnknownKey, place, format!("unknown key `{}`", entry.key));
        return unknown.help("servers stand in a list: `targets = [{ url = \"https://a.example\" }]`");
    }
    let near = node.entries().iter().find_map(|entry| Some((entry, nearest(&entry.key, kinds)?)));
    let help = "expected one of `targets` (servers), `static` (a fixed answer), `redirect` and `revocations` (withdrawn tokens)";
    match near {
        Some((entry, name)) => {
            let place = Place::new(file, &entry.key_span);
            Diagnostic::new(Code::UnknownKey, place, format!("unknown key `{}`", entry.key)).suggest(Some(name)).help(help)
        }
        None => {
            let message = "this origin has nothing that answers: `targets`, `static` or `redirect` is missing";
            Diagnostic::new(Code::MissingKey, whole.clone(), message).help(help)
        }
    }
}

/// The schema of one kind of origin, by its name in [`OriginConfig`].
fn kind(generator: &mut SchemaGenerator, name: &str) -> Option<Schema> {
    let config = OriginConfig::json_schema(generator).to_value();
    let variants = config.get("oneOf")?.as_array()?;
    variants.iter().find_map(|variant| Schema::try_from(variant.get("properties")?.get(name)?.clone()).ok())
}

/// The schema of `redirect`.
pub fn redirect_schema(generator: &mut SchemaGenerator) -> Schema {
    kind(generator, "redirect").unwrap_or_else(|| json_schema!(false))
}

/// The schema of `[origins.NAME]`.
pub struct WrittenOrigin;

impl JsonSchema for WrittenOrigin {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Origin".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut kinds: Vec<serde_json::Value> = Vec::new();
        for name in ["static", "redirect", "revocations"] {
            if let Some(schema) = kind(generator, name) {
                kinds.push(serde_json::json!({
                    "type": "object", "properties": { name: schema }, "required": [name], "additionalProperties": false,
                }));
            }
        }
        kinds.extend(kind(generator, "http").map(Schema::to_value));
        json_schema!({ "description": "An origin: `targets`, `static`, `redirect` or `revocations`.", "oneOf": kinds })
    }
}
