//! The routing table: host, then path, then method, header fields and query.
//!
//! A host has one matchit router for each [`Shape`] among its patterns. Within one shape a path matches at most one pattern, so
//! trying the shapes that fit the path's length, best first, finds routes in the order of [`super::precedence`]: no pattern that
//! matchit prefers can hide another, and `{id}` and `{*rest}` may stand at one place. A look-up costs one matchit look-up for each
//! shape of the path's length; real catalogues have a handful.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::rc::Rc;

use matchit::Router;

use super::Route;
use super::condition::{Expressions, HeaderCondition, QueryCondition};
use super::host::{HostPattern, parents};
use super::pattern::Pattern;
use super::precedence::{ConditionRank, MethodRank, Shape};
use crate::config::runtime::{GatewayForm, RouteForm};
use crate::config::template::Template;
use crate::error::GatewayError;
use crate::http::{HeaderMap, Method, Target};
use crate::origins::Origin;
use crate::policies::guard::Guarded;

/// What a look-up found.
pub struct Found {
    /// The route that won.
    pub route: Rc<Route>,
    /// Path parameters by name, in the order of the template.
    pub params: Vec<(String, String)>,
    /// The path in the route's own spelling of the trailing slash, where the request has the other one. This is what goes on.
    pub path: Option<String>,
}

/// An origin by its name, or why it could not be built.
pub type BuiltOrigin = (Rc<str>, Result<Rc<dyn Origin>, String>);

/// All routes.
#[derive(Default)]
pub struct Table {
    exact: BTreeMap<String, HostTable>,
    wildcards: BTreeMap<String, HostTable>,
    every: Option<HostTable>,
}

/// The routes of one host, best shape first.
#[derive(Default)]
struct HostTable(Vec<ShapeTable>);

struct ShapeTable {
    shape: Shape,
    patterns: Router<Vec<Rc<Entry>>>,
}

/// One route, ready to be tried; those of one pattern stand in the order of their rank.
struct Entry {
    route: Rc<Route>,
    names: Box<[String]>,
    trailing_slash: bool,
    methods: Box<[Method]>,
    headers: Box<[HeaderCondition]>,
    query: Box<[QueryCondition]>,
    rank: ConditionRank,
}

/// What is looked up.
struct Wanted<'a> {
    path: &'a str,
    trimmed: &'a str,
    segments: usize,
    query: Option<&'a str>,
    method: &'a Method,
    headers: &'a HeaderMap,
}

impl Table {
    /// Builds the table.
    ///
    /// # Errors
    /// Where an index points nowhere, or a path, host, method, condition or rewrite is not one; the native command has seen to it
    /// that none of this happens.
    pub fn build(form: &GatewayForm, policies: &[Rc<Guarded>], origins: &[BuiltOrigin]) -> Result<Self, String> {
        let mut table = Self::default();
        let mut builder = Builder {
            form,
            policies,
            origins,
            apis: form.apis.iter().map(|api| api.name.as_str().into()).collect(),
            chains: BTreeMap::new(),
            expressions: Expressions::default(),
        };
        for (order, route) in form.routes.iter().enumerate() {
            table.add(&mut builder, order, route).map_err(|error| format!("route `{}`: {error}", route.id))?;
        }
        Ok(table)
    }

    fn add<'a>(&mut self, builder: &mut Builder<'a>, order: usize, form: &'a RouteForm) -> Result<(), String> {
        let pattern = Pattern::parse(&form.path, builder.form.settings.encoded_slash).map_err(|error| error.message)?;
        let entry = Rc::new(builder.entry(order, form, &pattern)?);
        let (shape, canonical) = (pattern.shape(), pattern.canonical());
        if form.hosts.is_empty() {
            return self.every.get_or_insert_default().add(shape, &canonical, &entry);
        }
        for host in &form.hosts {
            let table = match HostPattern::parse(host)? {
                HostPattern::Exact(name) => self.exact.entry(name).or_default(),
                HostPattern::Wildcard(name) => self.wildcards.entry(name).or_default(),
            };
            table.add(shape, &canonical, &entry)?;
        }
        Ok(())
    }

    /// The one route for a request.
    ///
    /// # Errors
    /// [`GatewayError::Misdirected`] where no route is for this host, [`GatewayError::MethodNotAllowed`] where routes have this host
    /// and path but none of them takes the method, [`GatewayError::RouteNotFound`] otherwise.
    pub fn find(&self, target: &Target, method: &Method, headers: &HeaderMap) -> Result<Found, GatewayError> {
        let trimmed = target.path.strip_suffix('/').filter(|trimmed| !trimmed.is_empty()).unwrap_or(&target.path);
        let segments = if trimmed == "/" { 0 } else { trimmed.bytes().filter(|byte| *byte == b'/').count() };
        let wanted = Wanted { path: &target.path, trimmed, segments, query: target.query.as_deref(), method, headers };
        let tables = || {
            let wildcards = parents(target.host()).filter_map(|name| self.wildcards.get(name));
            self.exact.get(target.host()).into_iter().chain(wildcards).chain(&self.every)
        };
        match tables().flat_map(|table| table.matching(&wanted)).find_map(|(shape, matched)| choose(shape, matched, &wanted)) {
            Some(found) => Ok(found),
            None if tables().next().is_none() => Err(GatewayError::Misdirected),
            None => Err(refusal(tables().flat_map(|table| table.matching(&wanted)).flat_map(|(_, matched)| matched.value), method)),
        }
    }
}

impl HostTable {
    fn add(&mut self, shape: Shape, canonical: &str, entry: &Rc<Entry>) -> Result<(), String> {
        let at = self.0.partition_point(|table| table.shape < shape);
        if self.0.get(at).is_none_or(|table| table.shape != shape) {
            self.0.insert(at, ShapeTable { shape, patterns: Router::new() });
        }
        let Some(ShapeTable { patterns, .. }) = self.0.get_mut(at) else { return Ok(()) };
        // A canonical pattern, read as a path, matches itself and no other pattern of its shape.
        if let Ok(known) = patterns.at_mut(canonical) {
            let at = known.value.partition_point(|other| other.rank < entry.rank);
            known.value.insert(at, entry.clone());
            return Ok(());
        }
        patterns.insert(canonical, vec![entry.clone()]).map_err(|error| error.to_string())
    }

    /// The patterns that match the path, best first.
    fn matching<'t, 'w>(&'t self, wanted: &'w Wanted<'w>) -> impl Iterator<Item = (Shape, matchit::Match<'t, 'w, &'t Vec<Rc<Entry>>>)> {
        self.0.iter().filter(|table| table.shape.fits(wanted.segments)).filter_map(|table| {
            let path = if table.shape.has_rest() { wanted.path } else { wanted.trimmed };
            Some((table.shape, table.patterns.at(path).ok()?))
        })
    }
}

/// The best route of one pattern, if any takes the request.
fn choose(shape: Shape, matched: matchit::Match<'_, '_, &Vec<Rc<Entry>>>, wanted: &Wanted<'_>) -> Option<Found> {
    let mut best: Option<(MethodRank, &Entry)> = None;
    for entry in matched.value {
        let Some(rank) = MethodRank::of(&entry.methods, wanted.method) else { continue };
        if best.is_some_and(|(best, _)| best <= rank) || !entry.holds(wanted) {
            continue;
        }
        best = Some((rank, entry));
        if rank == MethodRank::Named {
            break;
        }
    }
    let (_, entry) = best?;
    let params = entry.names.iter().cloned().zip(matched.params.iter().map(|(_, value)| value.to_owned())).collect();
    Some(Found { route: entry.route.clone(), params, path: entry.spelling(shape, wanted) })
}

/// Why nothing was found, given the routes that have the path.
fn refusal<'a>(entries: impl Iterator<Item = &'a Rc<Entry>>, method: &Method) -> GatewayError {
    let mut allow = Vec::new();
    for entry in entries {
        if MethodRank::of(&entry.methods, method).is_some() {
            return GatewayError::RouteNotFound;
        }
        allow.extend(entry.methods.iter().cloned());
    }
    if allow.is_empty() {
        return GatewayError::RouteNotFound;
    }
    if allow.contains(&Method::GET) {
        allow.push(Method::HEAD);
    }
    allow.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    allow.dedup();
    GatewayError::MethodNotAllowed { allow }
}

impl Entry {
    fn holds(&self, wanted: &Wanted<'_>) -> bool {
        self.headers.iter().all(|condition| condition.holds(wanted.headers))
            && self.query.iter().all(|condition| condition.holds(wanted.query))
    }

    fn spelling(&self, shape: Shape, wanted: &Wanted<'_>) -> Option<String> {
        if shape.has_rest() || wanted.segments == 0 || self.trailing_slash == wanted.path.ends_with('/') {
            return None;
        }
        Some(if self.trailing_slash { format!("{}/", wanted.trimmed) } else { wanted.trimmed.to_owned() })
    }
}

/// What routes are made of; what several share is made once.
struct Builder<'a> {
    form: &'a GatewayForm,
    policies: &'a [Rc<Guarded>],
    origins: &'a [BuiltOrigin],
    apis: Vec<Rc<str>>,
    chains: BTreeMap<&'a [usize], Rc<[Rc<Guarded>]>>,
    expressions: Expressions,
}

impl<'a> Builder<'a> {
    fn entry(&mut self, order: usize, form: &'a RouteForm, pattern: &Pattern<'_>) -> Result<Entry, String> {
        let methods =
            form.methods.iter().map(|method| Method::from_bytes(method.as_bytes()).map_err(|_| format!("`{method}` is not a method")));
        let headers =
            form.headers.iter().map(|condition| HeaderCondition::compile(condition, &mut self.expressions)).collect::<Result<_, _>>()?;
        let query =
            form.query.iter().map(|condition| QueryCondition::compile(condition, &mut self.expressions)).collect::<Result<_, _>>()?;
        Ok(Entry {
            route: Rc::new(self.route(form)?),
            names: pattern.names().map(str::to_owned).collect(),
            trailing_slash: pattern.trailing_slash,
            methods: methods.collect::<Result<_, _>>()?,
            headers,
            query,
            rank: ConditionRank { headers: Reverse(form.headers.len()), query: Reverse(form.query.len()), order },
        })
    }

    fn route(&mut self, form: &'a RouteForm) -> Result<Route, String> {
        let api = self.apis.get(form.api).ok_or_else(|| format!("there is no API {}", form.api))?.clone();
        let (origin_id, origin) = self.origins.get(form.origin).ok_or_else(|| format!("there is no origin {}", form.origin))?;
        Ok(Route {
            id: form.id.as_str().into(),
            api,
            path: form.path.as_str().into(),
            conditions: conditions_text(form).into(),
            chain: self.chain(&form.policies)?,
            origin_id: origin_id.clone(),
            origin: origin.clone(),
            rewrite: form.rewrite.as_deref().map(Template::parse).transpose()?,
        })
    }

    fn chain(&mut self, indices: &'a [usize]) -> Result<Rc<[Rc<Guarded>]>, String> {
        if let Some(known) = self.chains.get(indices) {
            return Ok(known.clone());
        }
        let policy = |index: &usize| self.policies.get(*index).cloned().ok_or_else(|| format!("there is no policy {index}"));
        let chain: Rc<[_]> = indices.iter().map(policy).collect::<Result<Vec<_>, _>>()?.into();
        self.chains.insert(indices, chain.clone());
        Ok(chain)
    }
}

/// The conditions of a route in one spelling.
fn conditions_text(form: &RouteForm) -> String {
    if form.headers.is_empty() && form.query.is_empty() {
        return String::new();
    }
    serde_json::to_string(&(&form.headers, &form.query)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
