//! What a route matches: methods, path, hosts and conditions, each held against what the router can do.

use std::ops::Range;

use super::files::{ApiEntry, RouteEntry};
use super::written::Condition;
use crate::config::runtime::{ConditionForm, EncodedSlash};
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::document::Node;
use crate::config::text::names::nearest;
use crate::config::text::source::{Place, Source};
use crate::http::HeaderName;
use crate::routing::condition::{Expressions, HeaderCondition, QueryCondition};
use crate::routing::host::HostPattern;
use crate::routing::pattern::Pattern;

/// Methods that a route may name: those of HTTP and WebDAV that a worker may receive.
pub const METHODS: &[&str] = &[
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "QUERY",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
    "PURGE",
];

/// What a route matches.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// Where `match` says so.
    pub place: Place,
    /// Methods in upper case; none for all.
    pub methods: Vec<String>,
    /// The path template.
    pub path: String,
    /// Names of its parameters.
    pub params: Vec<String>,
    /// Hosts; none for all.
    pub hosts: Vec<String>,
    /// Conditions on header fields.
    pub headers: Vec<ConditionForm>,
    /// Conditions on query parameters.
    pub query: Vec<ConditionForm>,
}

/// Reads what a route matches; `None` where something in it is wrong.
pub fn matcher(
    (file, source): (usize, &Source),
    api: &ApiEntry<'_>,
    route: &RouteEntry<'_>,
    encoded_slash: EncodedSlash,
    diagnostics: &mut Diagnostics,
) -> Option<Matcher> {
    let before = diagnostics.len();
    let node = route.node.descend("match");
    let (methods, path, offset) = split(&route.written.matches);
    let mut named: Vec<String> = Vec::new();
    let mut at = 0;
    for method in methods.split(',').filter(|_| methods != "*" && !methods.is_empty()) {
        let place = within(file, source, node, at..at + method.len());
        at += method.len() + 1;
        if !METHODS.contains(&method) {
            let near = METHODS.iter().find(|known| known.eq_ignore_ascii_case(method)).copied();
            let near = near.or_else(|| nearest(method, METHODS.iter().copied()));
            let diagnostic = Diagnostic::new(Code::WrongValue, place, format!("`{method}` is not a method")).suggest(near);
            diagnostics.push(diagnostic.help("expected `GET /path`, `GET,POST /path`, or just `/path` for every method"));
        } else if named.iter().any(|known| known == method) {
            diagnostics.push(Diagnostic::new(Code::WrongValue, place, format!("`{method}` stands here twice")));
        } else {
            named.push(method.to_owned());
        }
    }
    let mut params = Vec::new();
    match Pattern::parse(path, encoded_slash) {
        Ok(pattern) => params.extend(pattern.names().map(str::to_owned)),
        Err(error) => {
            let place = within(file, source, node, offset + error.span.start..offset + error.span.end);
            diagnostics.push(Diagnostic::new(Code::WrongValue, place, error.message));
        }
    }
    let (hosts, hosts_node) = match &route.written.hosts {
        Some(hosts) => (hosts, Some(route.node.descend("hosts"))),
        None => (&api.hosts, None),
    };
    if let Some(node) = hosts_node {
        check_hosts(file, node, hosts, diagnostics);
    }
    let mut expressions = Expressions::default();
    let mut headers = Vec::new();
    for (name, condition) in &route.written.headers {
        let form = ConditionForm { name: name.to_ascii_lowercase(), test: condition.clone().into() };
        let twice = headers.iter().any(|other: &ConditionForm| other.name == form.name);
        let result = match HeaderCondition::compile(&form, &mut expressions) {
            Ok(_) if twice => Err(format!("`{name}` stands here twice: names of header fields do not tell upper from lower case")),
            other => other.map(|_| ()),
        };
        headers.extend(condition_form(file, (route.node.descend("headers"), name), (form, condition), result, diagnostics));
    }
    let mut query = Vec::new();
    for (name, condition) in &route.written.query {
        let form = ConditionForm { name: name.clone(), test: condition.clone().into() };
        let result = QueryCondition::compile(&form, &mut expressions).map(|_| ());
        query.extend(condition_form(file, (route.node.descend("query"), name), (form, condition), result, diagnostics));
    }
    let place = Place::new(file, &node.span);
    let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    (diagnostics.len() == before).then(|| Matcher { place, methods: named, path: path.to_owned(), params, hosts, headers, query })
}

/// Holds hosts against what the router can tell apart.
pub fn check_hosts(file: usize, node: &Node, hosts: &[String], diagnostics: &mut Diagnostics) {
    for (index, host) in hosts.iter().enumerate() {
        let place = || Place::new(file, &node.descend(&index.to_string()).span);
        if let Err(message) = HostPattern::parse(host) {
            diagnostics.push(Diagnostic::new(Code::WrongValue, place(), message));
        } else if hosts.iter().take(index).any(|other| other.eq_ignore_ascii_case(host)) {
            diagnostics.push(Diagnostic::new(Code::WrongValue, place(), format!("`{host}` stands here twice")));
        }
    }
}

fn condition_form(
    file: usize,
    (node, name): (&Node, &str),
    (form, condition): (ConditionForm, &Condition),
    result: Result<(), String>,
    diagnostics: &mut Diagnostics,
) -> Option<ConditionForm> {
    let Err(message) = result else { return Some(form) };
    let entry = node.entry(name);
    let wrong_name = matches!(condition, Condition::Exact(_)) || HeaderName::try_from(name).is_err();
    let span = entry.map_or(node.span.clone(), |entry| match entry.node.entries().first() {
        Some(test) if !wrong_name => test.node.span.clone(),
        _ => entry.key_span.clone(),
    });
    diagnostics.push(Diagnostic::new(Code::WrongValue, Place::new(file, &span), message));
    None
}

/// `GET /path` as methods, path, and where the path begins.
fn split(text: &str) -> (&str, &str, usize) {
    match text.split_once(' ') {
        Some((methods, path)) if !text.starts_with('/') => {
            let trimmed = path.trim_start();
            (methods, trimmed, text.len() - trimmed.len())
        }
        _ => ("", text, 0),
    }
}

/// Bytes of a text's content, where the text is written without escapes; otherwise all of it.
fn within(file: usize, source: &Source, node: &Node, range: Range<usize>) -> Place {
    let start = node.span.start + 1;
    let plain = node.text().is_some_and(|text| source.slice(start, start + text.len()) == text);
    match plain {
        true => Place { file, start: start + range.start, end: start + range.end },
        false => Place::new(file, &node.span),
    }
}
