//! Each file's parts: settings, named policies and origins, routes. Names are not looked up yet.

use std::collections::{BTreeMap, HashMap};

use super::load::GATEWAY;
use super::origins::{self, OriginEntry};
use super::policies::{self, PolicyEntry, Use};
use super::written::{WrittenApi, WrittenGateway, WrittenRoute};
use super::{later, matching, settings};
use crate::audit::Ignored;
use crate::config::runtime::Settings;
use crate::config::text::decode::{self, Decoded, Skipped};
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::document::{Entry, Node, Value};
use crate::config::text::names::{list, nearest};
use crate::config::text::source::{Place, Source};

/// The keys at the top of gateway.toml.
pub const GATEWAY_KEYS: &[&str] = &["gateway", "policies", "origins"];

/// The keys at the top of an API's file.
pub const API_KEYS: &[&str] = &["api", "policies", "origins", "routes"];

/// Everything that was written.
#[derive(Debug)]
pub struct Written<'a> {
    /// Settings of the gateway.
    pub settings: Settings,
    /// What all APIs share.
    pub shared: Scope<'a>,
    /// The APIs, in the order of the files.
    pub apis: Vec<ApiEntry<'a>>,
    /// Findings of the audit that are passed over.
    pub ignored: Vec<Ignored>,
}

/// Named things, and the policies of everything in here.
#[derive(Debug)]
pub struct Scope<'a> {
    /// `gateway`, or the API's name.
    pub name: String,
    /// Named policies.
    pub policies: BTreeMap<&'a str, PolicyEntry<'a>>,
    /// Named origins.
    pub origins: BTreeMap<&'a str, OriginEntry<'a>>,
    /// Policies of every route in here.
    pub uses: Vec<Use<'a>>,
}

/// One API.
#[derive(Debug)]
pub struct ApiEntry<'a> {
    /// Index of its file.
    pub file: usize,
    /// Whether the hosts and policies of its routes could be read.
    pub whole: bool,
    /// Its title.
    pub title: String,
    /// Its version, for people.
    pub version: Option<String>,
    /// Hosts of its routes.
    pub hosts: Vec<String>,
    /// Its OpenAPI document, and where it is named.
    pub openapi: Option<(String, Place)>,
    /// Names and common policies.
    pub scope: Scope<'a>,
    /// Its routes; those that could not be read are missing.
    pub routes: Vec<RouteEntry<'a>>,
}

/// One route.
#[derive(Debug)]
pub struct RouteEntry<'a> {
    /// The route's table.
    pub node: &'a Node,
    /// Its plain values.
    pub written: WrittenRoute,
    /// Whether what it matches and who may call it could be read.
    pub whole: bool,
    /// Its own policies.
    pub uses: Vec<Use<'a>>,
    /// A fixed answer or a redirect, where the route has one of its own.
    pub inline_origin: Option<OriginEntry<'a>>,
}

/// Reads all files.
pub fn gather<'a>(sources: &[Source], trees: &'a [Node], diagnostics: &mut Diagnostics) -> Written<'a> {
    let mut written = Written { settings: Settings::default(), shared: scope("gateway".to_owned()), apis: Vec::new(), ignored: Vec::new() };
    let mut names = HashMap::new();
    let routes = |source: &Source| source.is_routes() && !source.of_consumer;
    for (file, (source, root)) in sources.iter().zip(trees).enumerate().filter(|(_, (source, _))| routes(source)) {
        if source.name.rsplit(['/', '\\']).next() == Some(GATEWAY) {
            gateway(file, root, &mut written, diagnostics);
        } else {
            let api = api(file, root, diagnostics);
            if let Some(entry) = root.entry("api").and_then(|entry| entry.node.entry("name")) {
                let place = Place::new(file, &entry.node.span);
                if let Some(first) = names.insert(api.scope.name.clone(), place.clone()) {
                    let message = format!("two APIs are called `{}`", api.scope.name);
                    diagnostics.push(Diagnostic::new(Code::DuplicateName, place, message).related(first, "first called so here"));
                }
            }
            written.apis.push(api);
        }
    }
    written
}

fn scope<'a>(name: String) -> Scope<'a> {
    Scope { name, policies: BTreeMap::new(), origins: BTreeMap::new(), uses: Vec::new() }
}

fn gateway<'a>(file: usize, root: &'a Node, written: &mut Written<'a>, diagnostics: &mut Diagnostics) {
    for entry in root.entries() {
        match entry.key.as_str() {
            "gateway" => {
                let mut skipped = Skipped::new();
                let list = entry.node.entry("policies").map(|entry| &entry.node);
                skipped.extend(list.map(Node::identity));
                let decoded = decode::decode_partly::<WrittenGateway>(file, &entry.node, &mut skipped, diagnostics);
                if let Some(mut decoded) = decoded {
                    let ignore = std::mem::take(&mut decoded.value.audit.ignore);
                    written.ignored = settings::ignored(file, &entry.node, ignore, diagnostics);
                    written.settings = settings::settle(file, &entry.node, decoded.value, diagnostics);
                }
                written.shared.uses = policies::uses(file, list, diagnostics);
            }
            "policies" | "origins" => named(file, entry, &mut written.shared, diagnostics),
            _ => unknown(file, entry, GATEWAY_KEYS, "an API's file", diagnostics),
        }
    }
}

fn api<'a>(file: usize, root: &'a Node, diagnostics: &mut Diagnostics) -> ApiEntry<'a> {
    let mut api = ApiEntry {
        file,
        whole: false,
        title: String::new(),
        version: None,
        hosts: Vec::new(),
        openapi: None,
        scope: scope(String::new()),
        routes: Vec::new(),
    };
    for entry in root.entries() {
        match entry.key.as_str() {
            "api" => head(file, entry, &mut api, diagnostics),
            "policies" | "origins" => named(file, entry, &mut api.scope, diagnostics),
            "routes" => match &entry.node.value {
                Value::Array(routes) => api.routes = routes.iter().filter_map(|node| route(file, node, diagnostics)).collect(),
                _ => {
                    let place = Place::new(file, &entry.key_span);
                    diagnostics.push(Diagnostic::new(Code::WrongValue, place, "routes are an array: write each as `[[routes]]`"));
                }
            },
            _ => unknown(file, entry, API_KEYS, GATEWAY, diagnostics),
        }
    }
    if root.entry("api").is_none() {
        let message = "this file does not name its API";
        diagnostics.push(
            Diagnostic::new(Code::MissingKey, Place::new(file, &(0..0)), message)
                .help("expected a table `[api]` with a `name`")
                .help("what is shared by all APIs stands in gateway.toml"),
        );
    }
    api
}

fn head<'a>(file: usize, entry: &'a Entry, api: &mut ApiEntry<'a>, diagnostics: &mut Diagnostics) {
    let mut skipped = Skipped::new();
    let list = entry.node.entry("policies").map(|entry| &entry.node);
    skipped.extend(list.map(Node::identity));
    api.scope.uses = policies::uses(file, list, diagnostics);
    api.scope.name = entry.node.entry("name").and_then(|entry| entry.node.text()).unwrap_or_default().to_owned();
    let passed_over = skipped.clone();
    let decoded = decode::decode_partly::<WrittenApi>(file, &entry.node, &mut skipped, diagnostics);
    let Some(Decoded { value: written, .. }) = decoded else { return };
    skipped.retain(|node| !passed_over.contains(node));
    api.whole = !decode::lacks(&entry.node, &["hosts", "policies"], &skipped);
    if written.name.is_empty() || !written.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        let place = Place::new(file, &entry.node.descend("name").span);
        let message = format!("`{}` is not a name for an API", written.name);
        diagnostics.push(Diagnostic::new(Code::WrongValue, place, message).help("expected lower-case letters, digits and `-`"));
    } else if written.name == "gateway" {
        let place = Place::new(file, &entry.node.descend("name").span);
        diagnostics.push(Diagnostic::new(Code::DuplicateName, place, "`gateway` is the name of what is shared in gateway.toml"));
    }
    matching::check_hosts(file, entry.node.descend("hosts"), &written.hosts, diagnostics);
    api.title = written.title.unwrap_or_else(|| written.name.clone());
    api.version = written.version;
    api.hosts = written.hosts;
    api.openapi = written.openapi.map(|path| (path, Place::new(file, &entry.node.descend("openapi").span)));
}

fn named<'a>(file: usize, entry: &'a Entry, scope: &mut Scope<'a>, diagnostics: &mut Diagnostics) {
    if !matches!(entry.node.value, Value::Table(_)) {
        let message = format!("`{}` is a table of names", entry.key);
        diagnostics.push(Diagnostic::new(Code::WrongValue, Place::new(file, &entry.node.span), message).label("expected a table"));
    }
    for item in entry.node.entries() {
        if item.key.is_empty() || !item.key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            let message = format!("`{}` is not a name", item.key);
            let wrong = Diagnostic::new(Code::WrongValue, Place::new(file, &item.key_span), message);
            diagnostics.push(wrong.help("expected letters, digits, `_` and `-`"));
        }
        if entry.key == "policies" {
            let policy = policies::entry(file, &item.node, &item.key_span, diagnostics);
            scope.policies.insert(&item.key, policy);
        } else {
            let origin = origins::entry(file, &item.node, Place::new(file, &item.key_span), diagnostics);
            scope.origins.insert(&item.key, origin);
        }
    }
}

fn route<'a>(file: usize, node: &'a Node, diagnostics: &mut Diagnostics) -> Option<RouteEntry<'a>> {
    let mut skipped = Skipped::new();
    let refused = later::refuse(file, node, later::ROUTE_KEYS, &mut skipped, diagnostics);
    let list = node.entry("policies").map(|entry| &entry.node);
    skipped.extend(list.map(Node::identity));
    let uses = policies::uses(file, list, diagnostics);
    let mut inline_origin = None;
    for entry in node.entries().iter().filter(|entry| matches!(entry.key.as_str(), "static" | "redirect")) {
        skipped.insert(entry.node.identity());
        let config = decode::decode_variant(file, &entry.key, &entry.node, &mut Skipped::new(), diagnostics);
        inline_origin = Some(OriginEntry { kind: &entry.key, place: Place::new(file, &entry.key_span), node: &entry.node, config });
    }
    let passed_over = skipped.clone();
    let Decoded { value, .. } = decode::decode_partly(file, node, &mut skipped, diagnostics)?;
    skipped.retain(|node| !passed_over.contains(node));
    if !refused && !decode::lacks(node, &["origin", "static", "redirect"], &skipped) {
        one_origin(file, node, diagnostics);
    }
    let whole = !decode::lacks(node, &["match", "hosts", "headers", "query", "public", "policies"], &skipped);
    Some(RouteEntry { node, written: value, whole, uses, inline_origin })
}

/// Holds a route to exactly one of `origin`, `static` and `redirect`.
fn one_origin(file: usize, node: &Node, diagnostics: &mut Diagnostics) {
    let kinds = ["origin", "static", "redirect"];
    let mut said = node.entries().iter().filter(|entry| kinds.contains(&entry.key.as_str()));
    let Some(first) = said.next() else {
        let message = "nothing answers this route";
        let place = Place::new(file, &node.span);
        diagnostics
            .push(Diagnostic::new(Code::MissingKey, place, message).label("needs an origin").help(format!("expected {}", list(&kinds))));
        return;
    };
    for other in said {
        let message = format!("`{}` and `{}` exclude each other", first.key, other.key);
        let second = Diagnostic::new(Code::Conflict, Place::new(file, &other.key_span), message);
        diagnostics.push(second.related(Place::new(file, &first.key_span), "the route has this already"));
    }
}

fn unknown(file: usize, entry: &Entry, known: &[&str], elsewhere: &str, diagnostics: &mut Diagnostics) {
    let diagnostic = Diagnostic::new(Code::UnknownKey, Place::new(file, &entry.key_span), format!("unknown key `{}`", entry.key));
    let diagnostic = diagnostic.suggest(nearest(&entry.key, known.iter().copied())).help(format!("expected {}", list(known)));
    let moved = ["api", "routes", "gateway"].contains(&entry.key.as_str());
    diagnostics.push(if moved { diagnostic.help(format!("`{}` stands in {elsewhere}", entry.key)) } else { diagnostic });
}
