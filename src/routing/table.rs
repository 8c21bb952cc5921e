//! The routing table: host, then path, then method, header fields and query.
//!
//! A host has a part for each [`Shape`] among its patterns, and a part's buckets one matchit router each. Within one shape a path
//! matches at most one pattern, so trying the shapes that fit the path's length, best first, finds routes in the order of
//! [`super::precedence`]: no pattern that matchit prefers can hide another, and `{id}` and `{*rest}` may stand at one place. A
//! look-up costs one matchit look-up for each shape of the path's length; real catalogues have a handful.

use std::collections::BTreeMap;
use std::rc::Rc;

use matchit::Params;

use super::Route;
use super::build;
use super::host::parents;
use super::precedence::{MethodRank, Shape};
use super::routes::{Entry, Routes, Slot};
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

/// The routes of one host, best shape first: the parts of [`Routes`] that have them.
#[derive(Default)]
pub(super) struct HostTable(pub(super) Vec<(Shape, Vec<usize>)>);

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
    /// Builds the table of a form and the lines behind it ([`crate::config::packed`]). Routes are read when a request first needs
    /// them, so that a worker with many starts at once; [`Table::complete`] reads everything.
    ///
    /// # Errors
    /// Where a host is not one.
    pub fn build(form: &GatewayForm, lines: &str, policies: Vec<Rc<Guarded>>, origins: Vec<BuiltOrigin>) -> Result<Self, String> {
        build::table(form, lines, policies, origins)
    }

    /// Builds everything there is, so that every fault is seen at once.
    ///
    /// # Errors
    /// The first route whose index points nowhere, or whose path, method, condition or rewrite is not one.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn complete(&self) -> Result<(), String> {
        self.routes.complete()
    }

    /// The one route for a request.
    ///
    /// # Errors
    /// [`GatewayError::Misdirected`] where no route is for this host, [`GatewayError::MethodNotAllowed`] where routes have this host
    /// and path but none of them takes the method, [`GatewayError::RouteNotFound`] otherwise; and [`GatewayError::Misconfigured`]
    /// where a route that might be meant cannot be built.
    pub fn find(&self, target: &Target, method: &Method, headers: &HeaderMap) -> Result<Found, GatewayError> {
        let wanted = Wanted::of(target, method, headers);
        let mut passed: Vec<&Slot> = Vec::new();
        for host in self.hosts(target.host()) {
            for (shape, parts) in host.0.iter().filter(|(shape, _)| shape.fits(wanted.segments)) {
                let mut matched: Option<(Vec<&Slot>, Params<'_, '_>)> = None;
                for part in parts {
                    let path = wanted.path(*shape);
                    let Some((slots, params)) = self.routes.bucket(*part, path).map_err(misconfigured)?.at(path) else { continue };
                    match &mut matched {
                        // Equal patterns of several lists of hosts: one order for all of them.
                        Some((known, _)) => {
                            known.extend(slots);
                            known.sort_by_key(|slot| slot.rank);
                        }
                        none => *none = Some((slots.collect(), params)),
                    }
                }
                let Some((slots, params)) = matched else { continue };
                match self.choose(&slots, &wanted)? {
                    Some(entry) => return Ok(entry.found(*shape, params, &wanted)),
                    None => passed.extend(slots),
                }
            }
        }
        if self.hosts(target.host()).next().is_none() {
            return Err(GatewayError::Misdirected);
        }
        let passed: Result<Vec<&Entry>, String> = passed.into_iter().map(|slot| self.routes.entry(slot)).collect();
        Err(refusal(&passed.map_err(misconfigured)?, method))
    }

    /// What is for a host, closest first.
    fn hosts(&self, host: &str) -> impl Iterator<Item = &HostTable> {
        let wildcards = parents(host).filter_map(|name| self.wildcards.get(name));
        self.exact.get(host).into_iter().chain(wildcards).chain(&self.every).filter_map(|index| self.tables.get(*index))
    }

    /// The best of one pattern's routes, if any takes the request.
    fn choose<'a>(&self, slots: &[&'a Slot], wanted: &Wanted<'_>) -> Result<Option<&'a Entry>, GatewayError> {
        let mut best: Option<(MethodRank, &Entry)> = None;
        for slot in slots {
            let entry = self.routes.entry(slot).map_err(misconfigured)?;
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
