//! Operations of an OpenAPI document, 3.0 or 3.1: found by a route's method and path, and what they say made into rules.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::judge::Judge;
use super::library::{Library, Place};
use super::nodes::Nodes;
use super::shapes::shape;
use super::{Direction, Wrong};
use crate::schema::parameters::{Parameter, Part, Style};
use crate::schema::plan::{Answer, Content, Operation, Typed};

/// The methods that a path may have.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A document.
pub struct OpenApi<'l> {
    library: &'l Library,
    root: Place,
}

/// An operation that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The operation.
    pub place: Place,
    /// What its path says for all methods.
    pub item: Place,
    /// In upper case.
    pub method: String,
    /// The path's template.
    pub template: String,
    /// What the route calls the parameters of the template.
    pub renamed: BTreeMap<String, String>,
}

impl<'l> OpenApi<'l> {
    /// The document with this index.
    ///
    /// # Errors
    /// Where it is no OpenAPI document of a version that is read.
    pub fn new(library: &'l Library, document: usize) -> Result<Self, Wrong> {
        let root = Place { document, pointer: String::new() };
        let value = library.value(&root);
        let version = value.and_then(|value| value.get("openapi")?.as_str()).unwrap_or_default();
        if version.starts_with("3.0") || version.starts_with("3.1") {
            return Ok(Self { library, root });
        }
        let old = value.is_some_and(|value| value.get("swagger").is_some());
        Err(Wrong::at(
            &root,
            if old { "this is Swagger 2, and OpenAPI 3.0 and 3.1 are read" } else { "this is no OpenAPI document of version 3.0 or 3.1" },
        ))
    }

    fn object(&self, place: &Place) -> Option<&'l Map<String, Value>> {
        self.library.value(place)?.as_object()
    }

    /// What a place stands for, its reference followed.
    fn followed(&self, place: Place) -> Result<Place, Wrong> {
        let mut place = place;
        for _ in 0..16 {
            let Some(reference) = self.object(&place).and_then(|object| object.get("$ref")?.as_str()) else { return Ok(place) };
            place = self.library.follow(&place.at("$ref"), reference)?.0;
        }
        Err(Wrong::at(&place, "this reference leads in a circle"))
    }

    /// Every operation, in the order of the document.
    pub fn operations(&self) -> Vec<Found> {
        let mut found = Vec::new();
        let paths = self.root.at("paths");
        for template in self.object(&paths).into_iter().flat_map(Map::keys) {
            let Ok(item) = self.followed(paths.at(template)) else { continue };
            for method in METHODS {
                if self.object(&item).is_some_and(|item| item.contains_key(method)) {
                    let (place, method) = (item.at(method), method.to_ascii_uppercase());
                    found.push(Found { place, item: item.clone(), method, template: template.clone(), renamed: BTreeMap::new() });
                }
            }
        }
        found
    }

    /// The operation that calls itself so, for a route with this path.
    pub fn named(&self, id: &str, path: &str) -> Option<Found> {
        let is = |found: &Found| {
            self.object(&found.place).is_some_and(|operation| operation.get("operationId").and_then(Value::as_str) == Some(id))
        };
        let found = self.operations().into_iter().find(is)?;
        Some(Found { renamed: renamed(&found.template, path), ..found })
    }

    /// The names of all operations that have one.
    pub fn names(&self) -> Vec<String> {
        let name = |found: Found| self.object(&found.place)?.get("operationId")?.as_str().map(str::to_owned);
        self.operations().into_iter().filter_map(name).collect()
    }

    /// The paths of the servers, and the empty one.
    fn bases(&self) -> Vec<String> {
        let servers = self.library.value(&self.root.at("servers")).and_then(Value::as_array).into_iter().flatten();
        servers.filter_map(|server| server.get("url")?.as_str().map(base_path)).chain([String::new()]).collect()
    }

    /// Every operation as a route would be written for it: `GET /v1/orders`.
    pub fn routes(&self) -> Vec<String> {
        let (bases, all) = (self.bases(), self.operations());
        all.iter().flat_map(|found| bases.iter().map(move |base| format!("{} {base}{}", found.method, found.template))).collect()
    }

    /// The operations of a path: those under the first of the paths that the document has, by itself or behind one of its servers'.
    pub fn at(&self, paths: &[&str]) -> Vec<Found> {
        let bases = self.bases();
        let all = self.operations();
        for path in paths {
            for base in &bases {
                let fits = |found: &Found| {
                    let whole = format!("{base}{}", found.template);
                    let renamed = names(&whole, path)?.into_iter().map(|(one, other)| (one.to_owned(), other.to_owned())).collect();
                    Some(Found { renamed, ..found.clone() })
                };
                let here: Vec<Found> = all.iter().filter_map(fits).collect();
                if !here.is_empty() {
                    return here;
                }
            }
        }
        Vec::new()
    }

    /// What an operation says, as rules.
    ///
    /// # Errors
    /// The first thing in it that is wrong.
    pub fn rules(&self, found: &Found, nodes: &mut Nodes<'l>, judge: &mut Judge<'l>) -> Result<Operation, Wrong> {
        let mut parameters: BTreeMap<(String, String), Place> = BTreeMap::new();
        for owner in [&found.item, &found.place] {
            let list = owner.at("parameters");
            let length = self.library.value(&list).and_then(Value::as_array).map_or(0, Vec::len);
            for index in 0..length {
                let place = self.followed(list.at(&index.to_string()))?;
                let text = |key: &str| self.object(&place).and_then(|object| object.get(key)?.as_str().map(str::to_owned));
                match (text("in"), text("name")) {
                    (Some(part), Some(name)) => drop(parameters.insert((part, name), place)),
                    _ => return Err(Wrong::at(&place, "a parameter needs `in` and `name`")),
                }
            }
        }
        let mut operation = Operation::default();
        for ((part, name), place) in parameters {
            operation.parameters.extend(self.parameter((&part, &name), &place, &found.renamed, nodes, judge)?);
        }
        if self.object(&found.place).is_some_and(|operation| operation.contains_key("requestBody")) {
            let body = self.followed(found.place.at("requestBody"))?;
            let required = self.object(&body).is_some_and(|body| body.get("required") == Some(&Value::Bool(true)));
            operation.body = Some(Content { required, types: self.types(&body, Direction::Request, nodes, judge)? });
        }
        let answers = found.place.at("responses");
        for status in self.object(&answers).into_iter().flat_map(Map::keys).filter(|status| !status.starts_with("x-")) {
            let place = self.followed(answers.at(status))?;
            operation.answers.push(Answer { status: status.clone(), types: self.types(&place, Direction::Response, nodes, judge)? });
        }
        Ok(operation)
    }

    fn types(&self, owner: &Place, direction: Direction, nodes: &mut Nodes<'l>, judge: &mut Judge<'l>) -> Result<Vec<Typed>, Wrong> {
        let content = owner.at("content");
        let mut types = Vec::new();
        for range in self.object(&content).into_iter().flat_map(Map::keys) {
            let schema = self.followed(content.at(range))?.at("schema");
            let has_schema = self.library.value(&schema).is_some() && !range.starts_with("multipart/");
            let node = has_schema.then(|| {
                let node = nodes.node(&schema, direction)?;
                judge.judge(&schema)?;
                Ok(node)
            });
            let shape = if has_schema { shape(self.library, &schema) } else { Default::default() };
            types.push(Typed { range: range.to_ascii_lowercase(), node: node.transpose()?, shape });
        }
        Ok(types)
    }

    fn parameter(
        &self,
        (part, name): (&str, &str),
        place: &Place,
        renamed: &BTreeMap<String, String>,
        nodes: &mut Nodes<'l>,
        judge: &mut Judge<'l>,
    ) -> Result<Option<Parameter>, Wrong> {
        let Some(object) = self.object(place) else { return Ok(None) };
        let flag = |key: &str| object.get(key).and_then(Value::as_bool);
        let part = match part {
            "path" => Part::Path,
            "query" => Part::Query,
            "header" => Part::Header,
            "cookie" => Part::Cookie,
            _ => return Err(Wrong::at(&place.at("in"), "a parameter stands in `path`, `query`, `header` or `cookie`")),
        };
        // These are said elsewhere in the document (OpenAPI 3.1 section 4.8.12.1).
        if part == Part::Header && ["accept", "content-type", "authorization"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return Ok(None);
        }
        let style = match object.get("style").and_then(Value::as_str) {
            None if matches!(part, Part::Path | Part::Header) => Style::Simple,
            None => Style::Form,
            Some(style) => {
                let known = serde_json::from_value(Value::from(style)).ok();
                known.ok_or_else(|| Wrong::at(&place.at("style"), format!("there is no style `{style}`")))?
            }
        };
        let content = self.object(&place.at("content")).and_then(|content| content.keys().next());
        let schema = match content {
            Some(range) => place.at("content").at(range).at("schema"),
            None => place.at("schema"),
        };
        if self.library.value(&schema).is_none() {
            return Ok(None);
        }
        let node = nodes.node(&schema, Direction::Request)?;
        judge.judge(&schema)?;
        let name = match part {
            Part::Path => renamed.get(name).map_or(name, String::as_str).to_owned(),
            Part::Header => name.to_ascii_lowercase(),
            _ => name.to_owned(),
        };
        Ok(Some(Parameter {
            part,
            name,
            required: part == Part::Path || flag("required").unwrap_or(false),
            style,
            explode: flag("explode").unwrap_or(style == Style::Form),
            json: content.is_some_and(|range| range.contains("json")),
            allow_empty: flag("allowEmptyValue").unwrap_or(false),
            shape: shape(self.library, &schema),
            node,
        }))
    }
}

/// The path of a server's URL, without a slash at its end; one with variables is none.
fn base_path(url: &str) -> String {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default(),
        None => url,
    };
    let path = path.trim_end_matches('/');
    if path.contains('{') || !path.starts_with('/') { String::new() } else { path.to_owned() }
}

fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
}

/// The names of the parameters of two templates that are the same path; `None` where they are not.
fn names<'p>(template: &'p str, path: &'p str) -> Option<Vec<(&'p str, &'p str)>> {
    let (mut one, mut other) = (template.trim_matches('/').split('/'), path.trim_matches('/').split('/'));
    let mut names = Vec::new();
    loop {
        match (one.next(), other.next()) {
            (None, None) => return Some(names),
            (Some(one), Some(other)) => match (parameter(one), parameter(other)) {
                (Some(one), Some(other)) if !other.starts_with('*') => names.push((one, other)),
                (None, None) if one == other => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

/// What a route calls the parameters of a template: the last ones are the same, whatever stands before them.
fn renamed(template: &str, path: &str) -> BTreeMap<String, String> {
    let of = |path: &str| path.split('/').filter_map(parameter).map(str::to_owned).collect::<Vec<_>>();
    of(template).into_iter().rev().zip(of(path).into_iter().rev()).collect()
}
