//! Plans of the `validate` policies: their schemas and operations read, judged and compiled, with every error at its place.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::files::Written;
use super::instances::{Instance, Instances};
use super::plan::RoutePlan;
use super::policies::PolicyEntry;
use crate::config::runtime::RouteForm;
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::names::{list, nearest};
use crate::config::text::source::{Place, Source};
use crate::policies::PolicyConfig;
use crate::policies::validate::written::{Config, Schema};
use crate::schema::build::judge::Judge;
use crate::schema::build::library::{self, Library};
use crate::schema::build::locate::locate;
use crate::schema::build::nodes::Nodes;
use crate::schema::build::openapi::{Found, OpenApi};
use crate::schema::build::{Direction, Wrong, shapes::shape};
use crate::schema::forms::Fields;
use crate::schema::parameters::Part;
use crate::schema::plan::{Answer, Below, Content, Group, Methods, Operation, Plan, Typed};

type Policies<'a> = Instances<'a, PolicyEntry<'a>>;
type Routes = [(RouteForm, RoutePlan)];
/// A policy's own schemas by their keys: where each stands, or why it is not there.
type Own = Vec<(&'static str, Result<library::Place, Box<Diagnostic>>)>;

/// How many names of operations an error lists.
const LISTED: usize = 12;

/// The plans, by the index of the instance.
pub fn compile(
    sources: &[Source],
    written: &Written<'_>,
    policies: &Policies<'_>,
    routes: &Routes,
    diagnostics: &mut Diagnostics,
) -> HashMap<usize, String> {
    let mut plans = HashMap::new();
    let validates = |instance: &Instance<'_, PolicyEntry<'_>>| match &instance.entry.config {
        Some(PolicyConfig::Validate(config)) => Some(config.clone()),
        _ => None,
    };
    let all: Vec<(usize, Config)> =
        policies.all.iter().enumerate().filter_map(|(index, instance)| Some((index, validates(instance)?))).collect();
    if all.is_empty() {
        return plans;
    }
    let mut files = Files::read(sources);
    // Schemas that are written out become documents too, before anything is looked up.
    let own: Vec<Own> = all
        .iter()
        .map(|(index, config)| {
            let entry = policies.all.get(*index).map(|instance| instance.entry);
            entry.map_or_else(Vec::new, |entry| config.schemas().map(|(key, schema)| (key, files.place(key, schema, entry))).collect())
        })
        .collect();
    for ((index, config), own) in all.iter().zip(own) {
        let Some(instance) = policies.all.get(*index) else { continue };
        let routes: Vec<&(RouteForm, RoutePlan)> = routes.iter().filter(|(route, _)| route.policies.contains(index)).collect();
        let mut plan = Planning {
            files: &files,
            written,
            entry: instance.entry,
            config,
            routes,
            documents: HashMap::new(),
            diagnostics: &mut *diagnostics,
        };
        if let Some(text) = plan.plan(own) {
            plans.insert(*index, text);
        }
    }
    plans
}

/// The files that routes files name, as documents.
struct Files<'s> {
    sources: &'s [Source],
    library: Library,
    /// The source of each document; `None` for one that stands in a routes file, with the policy's key.
    origins: Vec<Option<usize>>,
    /// What could not be read: path, source, why.
    broken: Vec<(String, Place, String)>,
}

impl<'s> Files<'s> {
    fn read(sources: &'s [Source]) -> Self {
        let directory =
            sources.iter().find(|source| source.is_routes() && !source.of_consumer).map_or("", |source| directory(&source.name));
        let (mut library, mut origins, mut broken) = (Library::default(), Vec::new(), Vec::new());
        for (index, source) in sources.iter().enumerate().filter(|(_, source)| !source.is_routes()) {
            let path = source.name.strip_prefix(directory).unwrap_or(&source.name).trim_start_matches(['/', '\\']).replace('\\', "/");
            let at = |line: usize, column: usize| {
                let start = source.line_start(line.saturating_sub(1)) + column.saturating_sub(1);
                Place::new(index, &(start..start))
            };
            let parsed = match path.ends_with(".json") {
                true => serde_json::from_str(&source.text)
                    .map_err(|error| (at(error.line(), error.column()), format!("this is not JSON: {error}"))),
                false => serde_yaml_ng::from_str(&source.text).map_err(|error| {
                    let place = error.location().map_or(at(1, 1), |location| at(location.line(), location.column()));
                    (place, format!("this is not YAML that JSON could say: {error}"))
                }),
            };
            match parsed {
                Ok(value) => {
                    library.add(&path, value);
                    origins.push(Some(index));
                }
                Err((place, error)) => broken.push((path, place, error)),
            }
        }
        Self { sources, library, origins, broken }
    }

    /// The document of a file that is named at `place`.
    fn document(&self, path: &str, place: &Place) -> Result<usize, Box<Diagnostic>> {
        if let Some((_, at, error)) = self.broken.iter().find(|(known, ..)| known == path) {
            let broken = Diagnostic::new(Code::WrongValue, at.clone(), error);
            return Err(Box::new(broken.related(place.clone(), "named here")));
        }
        self.library.document(path).ok_or_else(|| {
            let known: Vec<&str> = self.library.documents.iter().filter_map(|document| document.url.strip_prefix("file:///")).collect();
            let missing = Diagnostic::new(Code::UnknownName, place.clone(), format!("there is no file `{path}` in the routes directory"));
            let missing = missing.suggest(nearest(path, known.iter().copied()));
            Box::new(missing.help("it must be a .json, .yaml or .yml file in the routes directory or below it"))
        })
    }

    /// Where a schema stands that a policy has under `key`.
    fn place(&mut self, key: &'static str, schema: &Schema, entry: &PolicyEntry<'_>) -> Result<library::Place, Box<Diagnostic>> {
        let (document, pointer) = match schema {
            Schema::File(path) => {
                let (path, pointer) = path.split_once('#').unwrap_or((path, ""));
                let place = Place::new(entry.place.file, &entry.node.descend(key).span);
                (self.document(path, &place)?, pointer.to_owned())
            }
            Schema::Inline(value) => {
                self.origins.push(None);
                (self.library.add(&format!("-written-out-{}.json", self.origins.len()), value.clone()), String::new())
            }
        };
        Ok(library::Place { document, pointer })
    }
}

fn directory(name: &str) -> &str {
    name.rfind(['/', '\\']).and_then(|at| name.get(..=at)).unwrap_or_default()
}

struct Planning<'p> {
    files: &'p Files<'p>,
    written: &'p Written<'p>,
    entry: &'p PolicyEntry<'p>,
    config: &'p Config,
    routes: Vec<&'p (RouteForm, RoutePlan)>,
    /// The OpenAPI documents that routes have asked for.
    documents: HashMap<usize, Rc<OpenApi<'p>>>,
    diagnostics: &'p mut Diagnostics,
}

impl<'p> Planning<'p> {
    fn plan(&mut self, own: Own) -> Option<String> {
        let before = self.diagnostics.len();
        let files: &'p Files<'p> = self.files;
        let library = &files.library;
        let (mut nodes, mut judge) = (Nodes::new(library, self.config.formats), Judge::new(library));
        let mut plan = Plan::default();
        if own.is_empty() {
            for index in 0..self.routes.len() {
                self.route(index, &mut plan, &mut nodes, &mut judge);
            }
        } else {
            let mut operation = Operation::default();
            for (key, place) in own {
                match place {
                    Ok(place) => self.own(key, &place, &mut operation, &mut nodes, &mut judge),
                    Err(diagnostic) => self.diagnostics.push(*diagnostic),
                }
            }
            plan.operations.push(operation);
            plan.routes.insert("*".to_owned(), BTreeMap::from([("*".to_owned(), 0)]));
        }
        match nodes.finish() {
            Ok(tree) => plan.tree = tree,
            Err(wrong) => self.wrong(wrong, ""),
        }
        if self.diagnostics.len() > before { None } else { serde_json::to_string(&plan).ok() }
    }

    /// Adds what one of the policy's own schemas says.
    fn own(&mut self, key: &'static str, place: &library::Place, operation: &mut Operation, nodes: &mut Nodes<'p>, judge: &mut Judge<'p>) {
        let direction = if key == "response" { Direction::Response } else { Direction::Request };
        let node = match nodes.node(place, direction).and_then(|node| judge.judge(place).map(|()| node)) {
            Ok(node) => node,
            Err(wrong) => return self.wrong(wrong, key),
        };
        let shape = shape(&self.files.library, place);
        let typed = |range: &str| {
            let shape = if range.contains("json") { Default::default() } else { shape.clone() };
            Typed { range: range.to_owned(), node: Some(node), fields: Fields { shape, ..Fields::default() } }
        };
        match key {
            "body" => {
                let types = self
                    .config
                    .types
                    .as_ref()
                    .map_or_else(|| vec![typed("+json")], |types| types.iter().map(|range| typed(range)).collect());
                operation.body = Some(Content { required: self.config.required, types });
            }
            "response" => operation.answers.push(Answer {
                status: "2XX".to_owned(),
                headers: Vec::new(),
                types: vec![typed("+json"), Typed { node: None, ..typed("*/*") }],
            }),
            "query" => operation.groups.push(Group { part: Part::Query, node, shape }),
            "path" => operation.groups.push(Group { part: Part::Path, node, shape }),
            "headers" => operation.groups.push(Group { part: Part::Header, node, shape }),
            _ => {}
        }
    }

    /// Finds the operations of a route and adds what they say.
    fn route(&mut self, index: usize, plan: &mut Plan, nodes: &mut Nodes<'p>, judge: &mut Judge<'p>) {
        let files: &'p Files<'p> = self.files;
        let Some((route, written)) = self.routes.get(index).copied() else { return };
        let Some((path, place)) = self.written.apis.get(route.api).and_then(|api| api.openapi.clone()) else {
            let message = "`validate` has no schema, and the API has no `openapi` document";
            let missing = Diagnostic::new(Code::MissingKey, self.entry.place.clone(), message);
            return self
                .diagnostics
                .push(missing.help("write `body = \"schemas/NAME.json\"`, or `openapi = \"openapi/NAME.json\"` in `[api]`"));
        };
        let document = match files.document(&path, &place) {
            Ok(document) => document,
            Err(diagnostic) => return self.diagnostics.push(*diagnostic),
        };
        let openapi = match self.documents.get(&document) {
            Some(openapi) => Rc::clone(openapi),
            None => match OpenApi::new(&files.library, document) {
                Ok(openapi) => Rc::clone(self.documents.entry(document).or_insert(Rc::new(openapi))),
                Err(wrong) => return self.wrong(wrong, ""),
            },
        };
        let rest = route.path.rsplit_once("/{*").and_then(|(_, name)| name.strip_suffix('}')).filter(|_| self.config.operation.is_none());
        if let Some(rest) = rest {
            return self.below(rest, (route, &written.place, &path), &openapi, plan, nodes, judge);
        }
        let found = match &self.config.operation {
            Some(id) => openapi.named(id, &route.path).into_iter().map(|found| ("*".to_owned(), found)).collect(),
            None => self.by_path(&openapi, route),
        };
        if found.is_empty() {
            let missing = self.missing(&openapi, route, &written.place, &path);
            return self.diagnostics.push(missing);
        }
        for (method, found) in found {
            if let Some(at) = self.operation(&openapi, &found, plan, nodes, judge) {
                plan.routes.entry(route.id.clone()).or_default().insert(method, at);
            }
        }
    }

    /// Adds an operation's rules, unless they are there; their index.
    fn operation(
        &mut self,
        openapi: &OpenApi<'p>,
        found: &Found,
        plan: &mut Plan,
        nodes: &mut Nodes<'p>,
        judge: &mut Judge<'p>,
    ) -> Option<usize> {
        match openapi.rules(found, nodes, judge) {
            Ok(operation) => {
                let at = plan.operations.iter().position(|known| *known == operation).unwrap_or(plan.operations.len());
                if at == plan.operations.len() {
                    plan.operations.push(operation);
                }
                Some(at)
            }
            Err(wrong) => {
                self.wrong(wrong, "");
                None
            }
        }
    }

    /// Adds the operations of all paths below a route that ends in `{*rest}`.
    fn below(
        &mut self,
        rest: &str,
        (route, place, path): (&RouteForm, &Place, &str),
        openapi: &OpenApi<'p>,
        plan: &mut Plan,
        nodes: &mut Nodes<'p>,
        judge: &mut Judge<'p>,
    ) {
        let takes = |found: &Found| {
            let head = found.method == "GET" && route.methods.iter().any(|method| method == "HEAD");
            route.methods.is_empty() || head || route.methods.contains(&found.method)
        };
        let mut paths: BTreeMap<String, Methods> = BTreeMap::new();
        for (template, found) in openapi.below(&self.paths(route)).into_iter().filter(|(_, found)| takes(found)) {
            if let Some(at) = self.operation(openapi, &found, plan, nodes, judge) {
                paths.entry(template).or_default().insert(found.method, at);
            }
        }
        if paths.is_empty() {
            let missing = self.missing(openapi, route, place, path);
            return self.diagnostics.push(missing);
        }
        let below = Below { rest: rest.to_owned(), paths: paths.into_iter().collect() };
        if let Err(message) = below.judge() {
            let clash = Diagnostic::new(Code::WrongValue, place.clone(), message);
            self.diagnostics.push(clash.help("give the two paths routes of their own").related(self.entry.place.clone(), "asked for here"));
        }
        plan.below.insert(route.id.clone(), below);
    }

    /// The paths that a document may know a route by.
    fn paths<'r>(&self, route: &'r RouteForm) -> Vec<&'r str> {
        std::iter::once(route.path.as_str()).chain(route.rewrite.as_deref()).collect()
    }

    /// The operations of a route's path: one for each of its methods, or all of them where it takes every method.
    fn by_path(&self, openapi: &OpenApi<'_>, route: &RouteForm) -> Vec<(String, Found)> {
        let here = openapi.at(&self.paths(route));
        if route.methods.is_empty() {
            return here.into_iter().map(|found| (found.method.clone(), found)).collect();
        }
        let of = |method: &String| {
            let found = here.iter().find(|found| found.method == *method);
            let found = found.or_else(|| here.iter().find(|found| method == "HEAD" && found.method == "GET"));
            found.map(|found| (method.clone(), found.clone()))
        };
        let found: Vec<_> = route.methods.iter().filter_map(of).collect();
        if found.len() == route.methods.len() { found } else { Vec::new() }
    }

    fn missing(&self, openapi: &OpenApi<'_>, route: &RouteForm, place: &Place, path: &str) -> Diagnostic {
        if let Some(id) = &self.config.operation {
            let names = openapi.names();
            let place = Place::new(self.entry.place.file, &self.entry.node.descend("operation").span);
            let unknown = Diagnostic::new(Code::UnknownName, place, format!("`{path}` has no operation called `{id}`"));
            let known: Vec<&str> = names.iter().map(String::as_str).take(LISTED).collect();
            return unknown.suggest(nearest(id, names.iter().map(String::as_str))).help(format!("expected {}", list(&known)));
        }
        let here = openapi.at(&self.paths(route));
        let method = route.methods.iter().find(|method| !here.iter().any(|found| found.method == **method));
        let wanted = format!("{} {}", method.map_or("*", String::as_str), route.path);
        let known = openapi.routes();
        let unknown = Diagnostic::new(Code::UnknownName, place.clone(), format!("`{path}` has no operation for `{wanted}`"));
        let shown: Vec<&str> = known.iter().map(String::as_str).take(LISTED).collect();
        unknown
            .label(
                nearest(&wanted, known.iter().map(String::as_str))
                    .map_or("held to nothing".to_owned(), |name| format!("the nearest is `{name}`")),
            )
            .help(format!("it has {}", list(&shown)))
            .help("the path counts by itself, behind the path of one of `servers`, or as `rewrite` has it")
            .related(self.entry.place.clone(), "asked for here")
    }

    fn wrong(&mut self, wrong: Wrong, key: &str) {
        let Wrong { document, pointer, message } = wrong;
        let diagnostic = match self.files.origins.get(document).copied().flatten() {
            Some(file) => {
                let text = self.files.sources.get(file).map_or("", |source| source.text.as_str());
                let found = locate(text, &pointer);
                let message = if found.is_some() || pointer.is_empty() { message } else { format!("{message} (at {pointer})") };
                let place = Place::new(file, &found.unwrap_or(0..0));
                Diagnostic::new(Code::WrongValue, place, message).related(self.entry.place.clone(), "`validate` reads it")
            }
            None => {
                let path = format!("{key}{}", pointer.replace('/', ".").replace("~1", "/").replace("~0", "~"));
                Diagnostic::new(Code::WrongValue, Place::new(self.entry.place.file, &self.entry.node.descend(&path).span), message)
            }
        };
        self.diagnostics.push(diagnostic);
    }
}
