//! Operations of an OpenAPI document, 3.0 or 3.1: found by a route's method and path, and what they say made into rules.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::judge::Judge;
use super::library::{Library, Place};
use super::nodes::Nodes;
use super::shapes::shape;
use super::{Direction, Wrong};
use crate::schema::forms::Fields;
use crate::schema::parameters::{Parameter, Part, Style};
use crate::schema::plan::{Answer, Content, Operation, Typed};
use crate::schema::tree::kind;

/// The methods that a path may have.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A document.
pub struct OpenApi<'l> {
    library: &'l Library,
    root: Place,
    /// Every operation, with the paths of its servers.
    all: Vec<(Found, Vec<String>)>,
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
            let mut read = Self { library, root, all: Vec::new() };
            read.all = read.operations().into_iter().map(|found| (found.clone(), read.bases(&found))).collect();
            return Ok(read);
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
    fn operations(&self) -> Vec<Found> {
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
        let found = self.all.iter().map(|(found, _)| found).find(|found| is(found))?;
        Some(Found { renamed: renamed(&found.template, path), ..found.clone() })
    }

    /// The names of all operations that have one.
    pub fn names(&self) -> Vec<String> {
        let name = |(found, _): &(Found, _)| self.object(&found.place)?.get("operationId")?.as_str().map(str::to_owned);
        self.all.iter().filter_map(name).collect()
    }

    /// The paths of an operation's servers: its own, its path's, or the document's.
    fn bases(&self, found: &Found) -> Vec<String> {
        let of = |owner: &Place| self.library.value(&owner.at("servers")).and_then(Value::as_array).filter(|servers| !servers.is_empty());
        let servers = [&found.place, &found.item, &self.root].into_iter().find_map(of);
        let mut bases: Vec<String> = servers.into_iter().flatten().filter_map(base_path).collect();
        bases.dedup();
        bases
    }

    /// Every operation as a route would be written for it: `GET /v1/orders`.
    pub fn routes(&self) -> Vec<String> {
        let whole = |found: &Found, base: &str| format!("{} {base}{}", found.method, found.template);
        let of = |(found, bases): &(Found, Vec<String>)| {
            let all = bases.iter().map(|base| whole(found, base)).chain([whole(found, "")]);
            let mut all: Vec<String> = all.collect();
            all.dedup();
            all
        };
        self.all.iter().flat_map(of).collect()
    }

    /// What `fits` makes of the operations' paths: behind those of their servers, or, where none does, of the paths by themselves.
    fn fitting<T>(&self, fits: impl Fn(&Found, &str) -> Option<T>) -> Vec<T> {
        let behind: Vec<T> = self
            .all
            .iter()
            .filter_map(|(found, bases)| bases.iter().find_map(|base| fits(found, &format!("{base}{}", found.template))))
            .collect();
        if !behind.is_empty() {
            return behind;
        }
        self.all.iter().filter_map(|(found, _)| fits(found, &found.template)).collect()
    }

    /// The operations of a path: those under the first of the paths that the document has, by itself or behind one of its servers'.
    pub fn at(&self, paths: &[&str]) -> Vec<Found> {
        let fits = |path: &str| {
            self.fitting(|found, whole| {
                let renamed = names(whole, path)?.into_iter().map(|(one, other)| (one.to_owned(), other.to_owned())).collect();
                Some(Found { renamed, ..found.clone() })
            })
        };
        paths.iter().map(|path| fits(path)).find(|here| !here.is_empty()).unwrap_or_default()
    }

    /// The operations below the first of the paths, which ends in `{*rest}`, or below another one that ends in `{rest}`; each with what stands there in place of it.
    pub fn below(&self, paths: &[&str]) -> Vec<(String, Found)> {
        let rest = paths.first().and_then(|path| path.rsplit_once("/{*")?.1.strip_suffix('}')).unwrap_or_default();
        let fits = |path: &str| {
            let (prefix, last) = path.rsplit_once('/')?;
            // A parameter before the rest would be the document's too.
            if last.strip_prefix('{')?.strip_suffix('}')?.trim_start_matches('*') != rest || prefix.contains('{') {
                return None;
            }
            let here = self.fitting(|found, whole| {
                let rest = whole.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
                Some((rest.trim_matches('/').to_owned(), found.clone()))
            });
            (!here.is_empty()).then_some(here)
        };
        paths.iter().find_map(|path| fits(path)).unwrap_or_default()
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
            let part = match part.as_str() {
                "path" => Part::Path,
                "query" => Part::Query,
                "header" => Part::Header,
                "cookie" => Part::Cookie,
                _ => return Err(Wrong::at(&place.at("in"), "a parameter stands in `path`, `query`, `header` or `cookie`")),
            };
            let mut parameter = self.parameter((part, &name), &place, Direction::Request, nodes, judge)?;
            if let Some(parameter) = parameter.as_mut().filter(|parameter| parameter.part == Part::Path)
                && let Some(name) = found.renamed.get(&parameter.name)
            {
                parameter.name.clone_from(name);
            }
            operation.parameters.extend(parameter);
        }
        if self.object(&found.place).is_some_and(|operation| operation.contains_key("requestBody")) {
            let body = self.followed(found.place.at("requestBody"))?;
            let required = self.object(&body).is_some_and(|body| body.get("required") == Some(&Value::Bool(true)));
            operation.body = Some(Content { required, types: self.types(&body, Direction::Request, nodes, judge)? });
        }
        let answers = found.place.at("responses");
        for status in self.object(&answers).into_iter().flat_map(Map::keys).filter(|status| !status.starts_with("x-")) {
            let place = self.followed(answers.at(status))?;
            let mut headers = Vec::new();
            for name in self.object(&place.at("headers")).into_iter().flat_map(Map::keys) {
                let header = self.followed(place.at("headers").at(name))?;
                headers.extend(self.parameter((Part::Header, name), &header, Direction::Response, nodes, judge)?);
            }
            operation.answers.push(Answer {
                status: status.clone(),
                headers,
                types: self.types(&place, Direction::Response, nodes, judge)?,
            });
        }
        Ok(operation)
    }

    fn types(&self, owner: &Place, direction: Direction, nodes: &mut Nodes<'l>, judge: &mut Judge<'l>) -> Result<Vec<Typed>, Wrong> {
        let content = owner.at("content");
        let mut types = Vec::new();
        for range in self.object(&content).into_iter().flat_map(Map::keys) {
            let media = self.followed(content.at(range))?;
            let schema = media.at("schema");
            let node = match self.library.value(&schema) {
                Some(_) => {
                    let node = nodes.node(&schema, direction)?;
                    judge.judge(&schema)?;
                    Some(node)
                }
                None => None,
            };
            let range = range.to_ascii_lowercase();
            let fields = if node.is_some() { self.fields(&range, &media)? } else { Fields::default() };
            types.push(Typed { range, node, fields });
        }
        Ok(types)
    }

    /// What the fields of a form are. What is no form has none.
    fn fields(&self, range: &str, media: &Place) -> Result<Fields, Wrong> {
        let is_form = range.contains('*') || range.starts_with("application/x-www-form-urlencoded");
        if !is_form && !range.starts_with("multipart/") {
            return Ok(Fields::default());
        }
        let shape = shape(self.library, &media.at("schema"));
        let mut fields = Fields { shape: shape.clone(), ..Fields::default() };
        for (name, member) in shape.members {
            let at = media.at("encoding").at(&name);
            let encoding = self.object(&at);
            let text = |key: &str| encoding.and_then(|encoding| encoding.get(key)?.as_str());
            let types = text("contentType").map(|types| types.split(',').map(|range| range.trim().to_owned()).collect::<Vec<_>>());
            if !is_form {
                fields.media.extend(types.map(|types| (name, types)));
                continue;
            }
            let is_styled = encoding.is_some_and(|encoding| ["style", "explode"].iter().any(|key| encoding.contains_key(*key)));
            let json = types.map_or(member.types == kind::OBJECT, |types| types.iter().any(|range| range.contains("json")));
            if is_styled || json {
                let style = style(&at, text("style"), Style::Form)?;
                let explode = encoding.and_then(|encoding| encoding.get("explode")?.as_bool()).unwrap_or(style == Style::Form);
                let (part, json) = (Part::Query, json && !is_styled);
                fields.styled.push(Parameter {
                    part,
                    name,
                    required: false,
                    style,
                    explode,
                    json,
                    allow_empty: false,
                    shape: member,
                    node: 0,
                });
            }
        }
        Ok(fields)
    }

    fn parameter(
        &self,
        (part, name): (Part, &str),
        place: &Place,
        direction: Direction,
        nodes: &mut Nodes<'l>,
        judge: &mut Judge<'l>,
    ) -> Result<Option<Parameter>, Wrong> {
        let Some(object) = self.object(place) else { return Ok(None) };
        let flag = |key: &str| object.get(key).and_then(Value::as_bool);
        // These are said elsewhere in the document (OpenAPI 3.1 section 4.8.12.1).
        if part == Part::Header && ["accept", "content-type", "authorization"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return Ok(None);
        }
        let usual = if matches!(part, Part::Path | Part::Header) { Style::Simple } else { Style::Form };
        let style = style(place, object.get("style").and_then(Value::as_str), usual)?;
        let content = self.object(&place.at("content")).and_then(|content| content.keys().next());
        let schema = match content {
            Some(range) => place.at("content").at(range).at("schema"),
            None => place.at("schema"),
        };
        if self.library.value(&schema).is_none() {
            return Ok(None);
        }
        let node = nodes.node(&schema, direction)?;
        judge.judge(&schema)?;
        let name = if part == Part::Header { name.to_ascii_lowercase() } else { name.to_owned() };
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

/// A style by its name.
fn style(place: &Place, name: Option<&str>, usual: Style) -> Result<Style, Wrong> {
    let Some(name) = name else { return Ok(usual) };
    let known = serde_json::from_value(Value::from(name)).ok();
    known.ok_or_else(|| Wrong::at(&place.at("style"), format!("there is no style `{name}`")))
}

/// The path of a server's URL, without a slash at its end; its variables have the values that they have by default.
fn base_path(server: &Value) -> Option<String> {
    let mut url = server.get("url")?.as_str()?.to_owned();
    for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
        url = url.replace(&format!("{{{name}}}"), variable.get("default").and_then(Value::as_str).unwrap_or_default());
    }
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default(),
        None => &url,
    };
    let path = path.trim_end_matches('/');
    Some(if path.contains('{') || !path.starts_with('/') { String::new() } else { path.to_owned() })
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
