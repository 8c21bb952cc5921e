//! Builds the routing table from the runtime form. What many routes share is made once, since a worker does this at its start.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use matchit::Router;

use super::Route;
use super::condition::{Expressions, HeaderCondition, QueryCondition};
use super::host::HostPattern;
use super::pattern::Pattern;
use super::precedence::{ConditionRank, Shape};
use super::table::{BuiltOrigin, Entry, HostTable, ShapeTable, Table};
use crate::config::runtime::{GatewayForm, RouteForm};
use crate::config::template::Template;
use crate::http::Method;
use crate::policies::guard::Guarded;

/// The routing table of a gateway.
///
/// # Errors
/// As [`Table::build`].
pub fn table(form: &GatewayForm, policies: &[Rc<Guarded>], origins: &[BuiltOrigin]) -> Result<Table, String> {
    let mut table = Table::default();
    let hosts = Hosts::assign(&mut table, &form.routes)?;
    let mut patterns: Vec<HashMap<String, (Shape, Vec<usize>)>> = (0..hosts.tables).map(|_| HashMap::new()).collect();
    let mut parts = Parts::of(form, policies, origins);
    table.entries.reserve(form.routes.len());
    for (order, route) in form.routes.iter().enumerate() {
        let wrong = |error: String| format!("route `{}`: {error}", route.id);
        let pattern = Pattern::parse(&route.path, form.settings.encoded_slash).map_err(|error| wrong(error.message))?;
        table.entries.push(parts.entry(order, route, &pattern).map_err(wrong)?);
        let canonical = pattern.canonical();
        for index in hosts.tables_of.get(route.hosts.as_slice()).into_iter().flatten() {
            let Some(patterns) = patterns.get_mut(*index) else { continue };
            match patterns.get_mut(&canonical) {
                Some((_, entries)) => entries.push(order),
                None => {
                    patterns.insert(canonical.clone(), (pattern.shape(), vec![order]));
                }
            }
        }
    }
    for patterns in patterns {
        let host = host_table(patterns, &table.entries)?;
        table.tables.push(host);
    }
    Ok(table)
}

/// Which table serves which hosts. Hosts that stand in the same lists have the same routes and share a table.
struct Hosts<'a> {
    /// How many tables there are.
    tables: usize,
    /// The tables in which the routes with a list of hosts stand.
    tables_of: BTreeMap<&'a [String], BTreeSet<usize>>,
}

impl<'a> Hosts<'a> {
    /// Gives every host its table.
    fn assign(table: &mut Table, routes: &'a [RouteForm]) -> Result<Self, String> {
        let mut tables_of: BTreeMap<&[String], BTreeSet<usize>> = BTreeMap::new();
        let mut lists_of: BTreeMap<Option<HostPattern>, BTreeSet<&[String]>> = BTreeMap::new();
        for route in routes {
            if tables_of.insert(&route.hosts, BTreeSet::new()).is_some() {
                continue;
            }
            if route.hosts.is_empty() {
                lists_of.entry(None).or_default().insert(&route.hosts);
            }
            for host in &route.hosts {
                let host = HostPattern::parse(host).map_err(|error| format!("route `{}`: {error}", route.id))?;
                lists_of.entry(Some(host)).or_default().insert(&route.hosts);
            }
        }
        let mut table_of: BTreeMap<BTreeSet<&[String]>, usize> = BTreeMap::new();
        for (host, lists) in lists_of {
            let next = table_of.len();
            let index = *table_of.entry(lists.clone()).or_insert(next);
            for list in lists {
                tables_of.entry(list).or_default().insert(index);
            }
            match host {
                None => table.every = Some(index),
                Some(HostPattern::Exact(name)) => drop(table.exact.insert(name, index)),
                Some(HostPattern::Wildcard(name)) => drop(table.wildcards.insert(name, index)),
            }
        }
        Ok(Self { tables: table_of.len(), tables_of })
    }
}

fn host_table(patterns: HashMap<String, (Shape, Vec<usize>)>, all: &[Entry]) -> Result<HostTable, String> {
    let mut shapes: BTreeMap<Shape, Router<Vec<usize>>> = BTreeMap::new();
    for (canonical, (shape, mut entries)) in patterns {
        entries.sort_by_key(|index| all.get(*index).map(|entry| entry.rank));
        shapes.entry(shape).or_default().insert(canonical, entries).map_err(|error| error.to_string())?;
    }
    Ok(HostTable(shapes.into_iter().map(|(shape, patterns)| ShapeTable { shape, patterns }).collect()))
}

/// What routes are made of.
struct Parts<'a> {
    policies: &'a [Rc<Guarded>],
    origins: &'a [BuiltOrigin],
    apis: Vec<Rc<str>>,
    no_conditions: Rc<str>,
    chains: BTreeMap<&'a [usize], Rc<[Rc<Guarded>]>>,
    methods: BTreeMap<&'a [String], Rc<[Method]>>,
    names: BTreeMap<Vec<&'a str>, Rc<[String]>>,
    expressions: Expressions,
}

impl<'a> Parts<'a> {
    fn of(form: &'a GatewayForm, policies: &'a [Rc<Guarded>], origins: &'a [BuiltOrigin]) -> Self {
        Self {
            policies,
            origins,
            apis: form.apis.iter().map(|api| api.name.as_str().into()).collect(),
            no_conditions: "".into(),
            chains: BTreeMap::new(),
            methods: BTreeMap::new(),
            names: BTreeMap::new(),
            expressions: Expressions::default(),
        }
    }

    fn entry(&mut self, order: usize, form: &'a RouteForm, pattern: &Pattern<'a>) -> Result<Entry, String> {
        let headers =
            form.headers.iter().map(|condition| HeaderCondition::compile(condition, &mut self.expressions)).collect::<Result<_, _>>()?;
        let query =
            form.query.iter().map(|condition| QueryCondition::compile(condition, &mut self.expressions)).collect::<Result<_, _>>()?;
        Ok(Entry {
            route: Rc::new(self.route(form)?),
            names: self.names(pattern),
            trailing_slash: pattern.trailing_slash,
            methods: self.methods(&form.methods)?,
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
            conditions: self.conditions(form),
            chain: self.chain(&form.policies)?,
            origin_id: origin_id.clone(),
            origin: origin.clone(),
            rewrite: form.rewrite.as_deref().map(Template::parse).transpose()?,
        })
    }

    /// The conditions of a route in one spelling.
    fn conditions(&self, form: &RouteForm) -> Rc<str> {
        if form.headers.is_empty() && form.query.is_empty() {
            return self.no_conditions.clone();
        }
        serde_json::to_string(&(&form.headers, &form.query)).unwrap_or_default().into()
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

    fn methods(&mut self, written: &'a [String]) -> Result<Rc<[Method]>, String> {
        if let Some(known) = self.methods.get(written) {
            return Ok(known.clone());
        }
        let method = |name: &String| Method::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is not a method"));
        let methods: Rc<[_]> = written.iter().map(method).collect::<Result<Vec<_>, _>>()?.into();
        self.methods.insert(written, methods.clone());
        Ok(methods)
    }

    fn names(&mut self, pattern: &Pattern<'a>) -> Rc<[String]> {
        let names: Vec<&str> = pattern.names().collect();
        self.names.entry(names).or_insert_with_key(|names| names.iter().map(|name| (*name).to_owned()).collect()).clone()
    }
}
