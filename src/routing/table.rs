//! The routing table: host, then path, then method, header fields and query.
//!
//! A host has one matchit router for each [`Shape`] among its patterns. Within one shape a path matches at most one pattern, so
//! trying the shapes that fit the path's length, best first, finds routes in the order of [`super::precedence`]: no pattern that
//! matchit prefers can hide another, and `{id}` and `{*rest}` may stand at one place. A look-up costs one matchit look-up for each
//! shape of the path's length; real catalogues have a handful.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use matchit::{Params, Router};

use super::Route;
use super::build;
use super::host::parents;
use super::precedence::{MethodRank, Shape};
use super::routes::{Entry, Routes};
use crate::config::runtime::GatewayForm;
use crate::error::GatewayError;
use crate::http::{HeaderMap, Method, Target};
use crate::origins::Origin;
use crate::policies::guard::Guarded;

/// What `Allow` names for a route that takes every method.
const USUAL: [Method; 7] = [Method::DELETE, Method::GET, Method::HEAD, Method::OPTIONS, Method::PATCH, Method::POST, Method::PUT];

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

/// All routes. Hosts with the same routes share one [`HostTable`].
pub struct Table {
    pub(super) routes: Routes,
    pub(super) tables: Vec<HostTable>,
    /// Indices into `tables`, as the next two.
    pub(super) exact: BTreeMap<String, usize>,
    pub(super) wildcards: BTreeMap<String, usize>,
    pub(super) every: Option<usize>,
}

/// The routes of one host, best shape first.
#[derive(Default)]
pub(super) struct HostTable(pub(super) Vec<ShapeTable>);

/// The routes of one shape, as indices into [`Routes`].
pub(super) struct ShapeTable {
    pub(super) shape: Shape,
    pub(super) routes: Vec<usize>,
    patterns: OnceCell<Result<Router<Vec<usize>>, String>>,
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
    /// Builds the table. Routers and routes themselves are built when a request first needs them, so that a worker with many
    /// routes starts at once; [`Table::complete`] builds everything.
    ///
    /// # Errors
    /// Where a host is not one.
    pub fn build(form: GatewayForm, policies: Vec<Rc<Guarded>>, origins: Vec<BuiltOrigin>) -> Result<Self, String> {
        build::table(form, policies, origins)
    }

    /// Builds everything there is, so that every fault is seen at once.
    ///
    /// # Errors
    /// The first route whose index points nowhere, or whose path, method, condition or rewrite is not one.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn complete(&self) -> Result<(), String> {
        (0..self.routes.len()).try_for_each(|index| self.routes.get(index).map(drop))?;
        self.tables.iter().flat_map(|table| &table.0).try_for_each(|table| table.patterns(&self.routes).map(drop))
    }

    /// The one route for a request.
    ///
    /// # Errors
    /// [`GatewayError::Misdirected`] where no route is for this host, [`GatewayError::MethodNotAllowed`] where routes have this host
    /// and path but none of them takes the method, [`GatewayError::RouteNotFound`] otherwise; and [`GatewayError::Misconfigured`]
    /// where a route that might be meant cannot be built.
    pub fn find(&self, target: &Target, method: &Method, headers: &HeaderMap) -> Result<Found, GatewayError> {
        let wanted = Wanted::of(target, method, headers);
        let mut passed: Vec<usize> = Vec::new();
        for host in self.hosts(target.host()) {
            for table in host.0.iter().filter(|table| table.shape.fits(wanted.segments)) {
                let patterns = table.patterns(&self.routes).map_err(misconfigured)?;
                let Ok(matched) = patterns.at(wanted.path(table.shape)) else { continue };
                match self.choose(matched.value, &wanted)? {
                    Some(entry) => return Ok(entry.found(table.shape, matched.params, &wanted)),
                    None => passed.extend(matched.value),
                }
            }
        }
        if self.hosts(target.host()).next().is_none() {
            return Err(GatewayError::Misdirected);
        }
        let passed: Result<Vec<&Entry>, String> = passed.into_iter().map(|index| self.routes.get(index)).collect();
        Err(refusal(&passed.map_err(misconfigured)?, method))
    }

    /// What is for a host, closest first.
    fn hosts(&self, host: &str) -> impl Iterator<Item = &HostTable> {
        let wildcards = parents(host).filter_map(|name| self.wildcards.get(name));
        self.exact.get(host).into_iter().chain(wildcards).chain(&self.every).filter_map(|index| self.tables.get(*index))
    }

    /// The best of one pattern's routes, if any takes the request.
    fn choose(&self, indices: &[usize], wanted: &Wanted<'_>) -> Result<Option<&Entry>, GatewayError> {
        let mut best: Option<(MethodRank, &Entry)> = None;
        for index in indices {
            let entry = self.routes.get(*index).map_err(misconfigured)?;
            let Some(rank) = MethodRank::of(&entry.methods, wanted.method) else { continue };
            if best.is_some_and(|(best, _)| best <= rank) || !entry.holds(wanted) {
                continue;
            }
            best = Some((rank, entry));
            if rank == MethodRank::Named {
                break;
            }
        }
        Ok(best.map(|(_, entry)| entry))
    }
}

fn misconfigured(log: String) -> GatewayError {
    GatewayError::Misconfigured { log }
}

impl ShapeTable {
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape, routes: Vec::new(), patterns: OnceCell::new() }
    }

    /// The patterns, each with its routes in the order of their rank.
    fn patterns(&self, routes: &Routes) -> Result<&Router<Vec<usize>>, String> {
        self.patterns.get_or_init(|| build::router(&self.routes, routes)).as_ref().map_err(String::clone)
    }
}

impl<'a> Wanted<'a> {
    fn of(target: &'a Target, method: &'a Method, headers: &'a HeaderMap) -> Self {
        let path = target.path.as_str();
        let trimmed = path.strip_suffix('/').filter(|trimmed| !trimmed.is_empty()).unwrap_or(path);
        let segments = if trimmed == "/" { 0 } else { trimmed.bytes().filter(|byte| *byte == b'/').count() };
        Self { path, trimmed, segments, query: target.query.as_deref(), method, headers }
    }

    /// The path as patterns of a shape see it: a trailing slash counts in the rest alone.
    fn path(&self, shape: Shape) -> &'a str {
        if shape.has_rest() { self.path } else { self.trimmed }
    }
}

/// Why nothing was found, given the routes that have the path.
fn refusal(entries: &[&Entry], method: &Method) -> GatewayError {
    let mut allow = Vec::new();
    for entry in entries {
        if MethodRank::of(&entry.methods, method).is_some() {
            return GatewayError::RouteNotFound;
        }
        match &*entry.methods {
            [] => allow.extend(USUAL),
            named => allow.extend(named.iter().cloned()),
        }
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

    fn found(&self, shape: Shape, params: Params<'_, '_>, wanted: &Wanted<'_>) -> Found {
        let params = self.names.iter().cloned().zip(params.iter().map(|(_, value)| value.to_owned())).collect();
        let same_spelling = shape.has_rest() || wanted.segments == 0 || self.trailing_slash == wanted.path.ends_with('/');
        let path = if self.trailing_slash { format!("{}/", wanted.trimmed) } else { wanted.trimmed.to_owned() };
        Found { route: self.route.clone(), params, path: (!same_spelling).then_some(path) }
    }
}

#[cfg(test)]
mod tests;
