//! The routing table: host, then path, then method, header fields and query.
//!
//! A host has one matchit router for each [`Shape`] among its patterns. Within one shape a path matches at most one pattern, so
//! trying the shapes that fit the path's length, best first, finds routes in the order of [`super::precedence`]: no pattern that
//! matchit prefers can hide another, and `{id}` and `{*rest}` may stand at one place. A look-up costs one matchit look-up for each
//! shape of the path's length; real catalogues have a handful.

use std::collections::BTreeMap;
use std::rc::Rc;

use matchit::{Match, Router};

use super::Route;
use super::build;
use super::condition::{HeaderCondition, QueryCondition};
use super::host::parents;
use super::precedence::{ConditionRank, MethodRank, Shape};
use crate::config::runtime::GatewayForm;
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

/// All routes. Hosts with the same routes share one [`HostTable`].
#[derive(Default)]
pub struct Table {
    pub(super) entries: Vec<Entry>,
    pub(super) tables: Vec<HostTable>,
    /// Indices into `tables`, as the next two.
    pub(super) exact: BTreeMap<String, usize>,
    pub(super) wildcards: BTreeMap<String, usize>,
    pub(super) every: Option<usize>,
}

/// The routes of one host, best shape first.
#[derive(Default)]
pub(super) struct HostTable(pub(super) Vec<ShapeTable>);

/// The patterns of one shape, each with its routes: indices into [`Table::entries`], in the order of their rank.
pub(super) struct ShapeTable {
    pub(super) shape: Shape,
    pub(super) patterns: Router<Vec<usize>>,
}

/// One route, ready to be tried.
pub(super) struct Entry {
    pub(super) route: Rc<Route>,
    pub(super) names: Rc<[String]>,
    pub(super) trailing_slash: bool,
    pub(super) methods: Rc<[Method]>,
    pub(super) headers: Box<[HeaderCondition]>,
    pub(super) query: Box<[QueryCondition]>,
    pub(super) rank: ConditionRank,
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
        build::table(form, policies, origins)
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
        let mut patterns = self.tables(target.host()).flat_map(|table| table.matching(&wanted));
        if let Some(found) = patterns.find_map(|(shape, matched)| self.choose(shape, matched, &wanted)) {
            return Ok(found);
        }
        if self.tables(target.host()).next().is_none() {
            return Err(GatewayError::Misdirected);
        }
        let patterns = self.tables(target.host()).flat_map(|table| table.matching(&wanted));
        Err(refusal(patterns.flat_map(|(_, matched)| self.entries(matched.value)), method))
    }

    /// What is for a host, closest first.
    fn tables(&self, host: &str) -> impl Iterator<Item = &HostTable> {
        let wildcards = parents(host).filter_map(|name| self.wildcards.get(name));
        self.exact.get(host).into_iter().chain(wildcards).chain(&self.every).filter_map(|index| self.tables.get(*index))
    }

    fn entries<'t>(&'t self, indices: &'t [usize]) -> impl Iterator<Item = &'t Entry> {
        indices.iter().filter_map(|index| self.entries.get(*index))
    }

    /// The best route of one pattern, if any takes the request.
    fn choose(&self, shape: Shape, matched: Match<'_, '_, &Vec<usize>>, wanted: &Wanted<'_>) -> Option<Found> {
        let mut best: Option<(MethodRank, &Entry)> = None;
        for entry in self.entries(matched.value) {
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
}

impl HostTable {
    /// The patterns that match the path, best first.
    fn matching<'t, 'w>(&'t self, wanted: &'w Wanted<'w>) -> impl Iterator<Item = (Shape, Match<'t, 'w, &'t Vec<usize>>)> {
        self.0.iter().filter(|table| table.shape.fits(wanted.segments)).filter_map(|table| {
            let path = if table.shape.has_rest() { wanted.path } else { wanted.trimmed };
            Some((table.shape, table.patterns.at(path).ok()?))
        })
    }
}

/// Why nothing was found, given the routes that have the path.
fn refusal<'a>(entries: impl Iterator<Item = &'a Entry>, method: &Method) -> GatewayError {
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

#[cfg(test)]
mod tests;
