//! The documents that schemas stand in, and what a reference in one of them leads to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use url::Url;

use super::{Wrong, version3};
use crate::http::violation::descend;

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Index of the document.
    pub document: usize,
    /// JSON Pointer.
    pub pointer: String,
}

impl Place {
    /// What stands one step further in.
    pub fn at(&self, step: &str) -> Self {
        let mut pointer = self.pointer.clone();
        if !descend(&mut pointer, step) {
            // Deeper than is ever told: the step is kept all the same, so that places stay apart.
            pointer = format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"));
        }
        Self { document: self.document, pointer }
    }
}

/// The dialect of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Draft {
    /// draft-07 (and what is older, as far as it is the same).
    Seven,
    /// 2019-09.
    Nineteen,
    /// 2020-12, and whatever does not say.
    Twenty,
    /// Any other one: it is not read.
    Other,
}

/// A document.
#[derive(Debug)]
pub struct Document {
    /// Where it stands: `file:///schemas/product.json`, counted from the routes directory.
    pub url: String,
    /// What stands in it; OpenAPI 3.0 is already written as JSON Schema.
    pub value: Value,
    /// Whether it is an OpenAPI document.
    pub is_openapi: bool,
}

/// A schema with an identifier of its own, or a whole document.
#[derive(Debug, Clone)]
struct Resource {
    place: Place,
    url: String,
    draft: Draft,
}

/// All documents.
#[derive(Debug, Default)]
pub struct Library {
    /// In the order in which they were added.
    pub documents: Vec<Document>,
    resources: Vec<Resource>,
    anchors: BTreeMap<(String, String), Place>,
    dynamic: BTreeMap<String, BTreeSet<String>>,
}

const ONE: &[&str] = &[
    "not",
    "if",
    "then",
    "else",
    "additionalProperties",
    "additionalItems",
    "contains",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contentSchema",
    "items",
];
/// Words under which schemas stand by names.
pub const NAMED: &[&str] = &["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"];
const LISTED: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems", "items"];

/// Every schema directly inside of one, by the steps that lead there.
pub fn inner(schema: &Value) -> Vec<(Vec<String>, &Value)> {
    let mut found = Vec::new();
    for (key, value) in schema.as_object().into_iter().flatten() {
        if NAMED.contains(&key.as_str()) {
            let schemas = value.as_object().into_iter().flatten().filter(|(_, value)| value.is_object() || value.is_boolean());
            found.extend(schemas.map(|(name, value)| (vec![key.clone(), name.clone()], value)));
        }
        if LISTED.contains(&key.as_str()) {
            found.extend(
                value.as_array().into_iter().flatten().enumerate().map(|(index, value)| (vec![key.clone(), index.to_string()], value)),
            );
        }
        if ONE.contains(&key.as_str()) && !value.is_array() {
            found.push((vec![key.clone()], value));
        }
    }
    found
}

fn draft_of(schema: &Value) -> Option<Draft> {
    schema.get("$schema")?.as_str().map(draft_named)
}

fn draft_named(name: &str) -> Draft {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest).trim_end_matches('#');
    match name {
        "json-schema.org/draft-07/schema" | "json-schema.org/draft-06/schema" => Draft::Seven,
        "json-schema.org/draft/2019-09/schema" => Draft::Nineteen,
        "json-schema.org/draft/2020-12/schema" => Draft::Twenty,
        // The dialect of OpenAPI 3.1 adds words to that of 2020-12, and changes none.
        name if name.starts_with("spec.openapis.org/oas/3.1/dialect/") => Draft::Twenty,
        _ => Draft::Other,
    }
}

impl Library {
    /// Adds a document that stands at `path`, counted from the routes directory. Its index.
    pub fn add(&mut self, path: &str, mut value: Value) -> usize {
        let url = file_url(path);
        let version = value.get("openapi").and_then(Value::as_str).map(str::to_owned);
        if version.as_ref().is_some_and(|version| version.starts_with("3.0")) {
            version3::rewrite(&mut value);
        }
        let document = self.documents.len();
        let root = Place { document, pointer: String::new() };
        let dialect = value.get("jsonSchemaDialect").filter(|_| version.is_some()).and_then(Value::as_str).map(draft_named);
        let draft = if version.is_some() { dialect } else { draft_of(&value) }.unwrap_or(Draft::Twenty);
        self.resources.push(Resource { place: root.clone(), url: url.clone(), draft });
        if version.is_none() {
            self.scan(&value, &root, &url, draft);
        } else {
            for (name, schema) in value.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten() {
                self.scan(schema, &root.at("components").at("schemas").at(name), &url, draft);
            }
        }
        self.documents.push(Document { url, value, is_openapi: version.is_some() });
        document
    }

    /// Finds identifiers and anchors. (RFC 8259 values that are no schemas, such as those of `enum`, are not looked at.)
    fn scan(&mut self, schema: &Value, place: &Place, base: &str, draft: Draft) {
        let id = schema.get("$id").and_then(Value::as_str).filter(|_| draft > Draft::Seven || schema.get("$ref").is_none());
        let mut base = base.to_owned();
        let mut draft = draft;
        if let Some(id) = id {
            draft = draft_of(schema).unwrap_or(draft);
            match id.strip_prefix('#') {
                Some(anchor) => drop(self.anchors.insert((base.clone(), anchor.to_owned()), place.clone())),
                None => {
                    if let Some((url, _)) = joined(&base, id) {
                        base = url.clone();
                        self.resources.push(Resource { place: place.clone(), url, draft });
                    }
                }
            }
        }
        for (keyword, is_dynamic) in [("$anchor", false), ("$dynamicAnchor", true)] {
            if let Some(anchor) = schema.get(keyword).and_then(Value::as_str) {
                self.anchors.insert((base.clone(), anchor.to_owned()), place.clone());
                if is_dynamic {
                    self.dynamic.entry(base.clone()).or_default().insert(anchor.to_owned());
                }
            }
        }
        for (steps, schema) in inner(schema) {
            let place = steps.iter().fold(place.clone(), |place, step| place.at(step));
            self.scan(schema, &place, &base, draft);
        }
    }

    /// What stands at a place.
    pub fn value(&self, place: &Place) -> Option<&Value> {
        self.documents.get(place.document)?.value.pointer(&place.pointer)
    }

    /// The document at a path that counts from the routes directory.
    pub fn document(&self, path: &str) -> Option<usize> {
        let url = file_url(path);
        self.documents.iter().position(|document| document.url == url)
    }

    /// The resource that a place belongs to: its index.
    pub fn resource(&self, place: &Place) -> usize {
        let holds = |resource: &Resource| {
            let rest = place.pointer.strip_prefix(&resource.place.pointer);
            resource.place.document == place.document && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let holding = self.resources.iter().enumerate().filter(|(_, resource)| holds(resource));
        // The last of equally deep ones: a document's own identifier comes after its place.
        holding.max_by_key(|(index, resource)| (resource.place.pointer.len(), *index)).map_or(0, |(index, _)| index)
    }

    /// The place of a resource's root.
    pub fn root(&self, resource: usize) -> Option<&Place> {
        self.resources.get(resource).map(|resource| &resource.place)
    }

    /// The dialect at a place.
    pub fn draft(&self, place: &Place) -> Draft {
        self.resources.get(self.resource(place)).map_or(Draft::Twenty, |resource| resource.draft)
    }

    /// The dynamic anchors of a resource, with their places.
    pub fn dynamic_anchors(&self, resource: usize) -> Vec<(String, Place)> {
        let Some(Resource { place, url, .. }) = self.resources.get(resource) else { return Vec::new() };
        let names = self.dynamic.get(url).into_iter().flatten();
        let mut anchors: Vec<_> =
            names.filter_map(|name| Some((name.clone(), self.anchors.get(&(url.clone(), name.clone()))?.clone()))).collect();
        if self.value(place).is_some_and(|root| root.get("$recursiveAnchor") == Some(&Value::Bool(true))) {
            anchors.push((String::new(), place.clone()));
        }
        anchors
    }

    /// What a reference at a place leads to, and the name of the dynamic anchor that it names, where it names one.
    ///
    /// # Errors
    /// Where it leads nowhere.
    pub fn follow(&self, from: &Place, reference: &str) -> Result<(Place, Option<String>), Wrong> {
        let nowhere = |message: String| Wrong::at(from, message);
        let resource = self.resources.get(self.resource(from));
        let by_id = resource.map(|resource| &resource.url);
        let by_file = self.documents.get(from.document).map(|document| &document.url);
        let mut error = format!("`{reference}` is not a reference");
        for base in [by_id, by_file].into_iter().flatten() {
            let Some((url, fragment)) = joined(base, reference) else { continue };
            let fragment = fragment.map(|fragment| percent_decoded(&fragment)).unwrap_or_default();
            let Some(target) = self.resources.iter().rev().find(|resource| resource.url == url) else {
                error = match url.strip_prefix("file:///") {
                    Some(path) => format!("there is no file `{path}` in the routes directory"),
                    None => format!("`{url}` is not there, and nothing is fetched; put the schema beside the routes, with this `$id`"),
                };
                continue;
            };
            if fragment.is_empty() {
                return Ok((target.place.clone(), None));
            }
            if fragment.starts_with('/') {
                let place = Place { document: target.place.document, pointer: format!("{}{fragment}", target.place.pointer) };
                return match self.value(&place) {
                    Some(_) => Ok((place, None)),
                    None => Err(nowhere(format!("`{reference}` leads nowhere: there is no `{fragment}` in it"))),
                };
            }
            return match self.anchors.get(&(url.clone(), fragment.clone())) {
                Some(place) => {
                    let dynamic = self.dynamic.get(&url).is_some_and(|names| names.contains(&fragment));
                    Ok((place.clone(), dynamic.then_some(fragment)))
                }
                None => Err(nowhere(format!("`{reference}` leads nowhere: there is no anchor `{fragment}`"))),
            };
        }
        Err(nowhere(error))
    }
}

/// The URL of a file, its path counted from the routes directory.
pub fn file_url(path: &str) -> String {
    joined("file:///", path).map_or_else(|| format!("file:///{path}"), |(url, _)| url)
}

/// What a reference means where it stands in `base`: a URL without its fragment, and that.
fn joined(base: &str, reference: &str) -> Option<(String, Option<String>)> {
    let mut url = Url::parse(base).ok()?.join(reference).ok()?;
    let fragment = url.fragment().map(str::to_owned);
    url.set_fragment(None);
    Some((url.into(), fragment))
}

fn percent_decoded(text: &str) -> String {
    crate::http::query::decode(&text.replace('+', "%2B")).into_owned()
}
