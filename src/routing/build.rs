//! Builds the routing table from the runtime form. A worker does this at its start, so each route costs next to nothing here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use matchit::Router;

use super::host::HostPattern;
use super::pattern::shape_of;
use super::routes::Routes;
use super::table::{BuiltOrigin, HostTable, ShapeTable, Table};
use crate::config::runtime::{GatewayForm, RouteForm};
use crate::policies::guard::Guarded;

/// The routing table of a gateway.
///
/// # Errors
/// As [`Table::build`].
pub(super) fn table(form: GatewayForm, policies: Vec<Rc<Guarded>>, origins: Vec<BuiltOrigin>) -> Result<Table, String> {
    let hosts = Hosts::assign(&form.routes)?;
    let mut tables: Vec<HostTable> = (0..hosts.tables).map(|_| HostTable::default()).collect();
    for (order, route) in form.routes.iter().enumerate() {
        let shape = shape_of(&route.path);
        for index in hosts.lists.get(route.hosts.as_slice()).into_iter().flatten() {
            let Some(HostTable(shapes)) = tables.get_mut(*index) else { continue };
            match shapes.iter_mut().find(|table| table.shape == shape) {
                Some(known) => known.routes.push(order),
                None => {
                    let mut table = ShapeTable::new(shape);
                    table.routes.push(order);
                    shapes.push(table);
                }
            }
        }
    }
    tables.iter_mut().for_each(|table| table.0.sort_by_key(|table| table.shape));
    let Hosts { exact, wildcards, every, .. } = hosts;
    let routes = Routes::new(form.routes, &form.apis, policies, origins, form.settings.encoded_slash);
    Ok(Table { routes, tables, exact, wildcards, every })
}

/// The router of some routes that all have one shape.
///
/// # Errors
/// Where a route's path is not a pattern of that shape.
pub(super) fn router(indices: &[usize], routes: &Routes) -> Result<Router<Vec<usize>>, String> {
    let mut patterns: HashMap<String, Vec<usize>> = HashMap::with_capacity(indices.len());
    for index in indices {
        patterns.entry(routes.canonical(*index)?).or_default().push(*index);
    }
    let mut router = Router::new();
    for (canonical, mut entries) in patterns {
        entries.sort_by_key(|index| routes.rank(*index));
        router.insert(canonical, entries).map_err(|error| error.to_string())?;
    }
    Ok(router)
}

/// Which table serves which hosts. Hosts that stand in the same lists have the same routes and share a table.
struct Hosts<'a> {
    /// How many tables there are.
    tables: usize,
    /// The tables in which the routes with a list of hosts stand.
    lists: BTreeMap<&'a [String], BTreeSet<usize>>,
    exact: BTreeMap<String, usize>,
    wildcards: BTreeMap<String, usize>,
    every: Option<usize>,
}

impl<'a> Hosts<'a> {
    fn assign(routes: &'a [RouteForm]) -> Result<Self, String> {
        let mut lists: BTreeMap<&[String], BTreeSet<usize>> = BTreeMap::new();
        let mut named: BTreeMap<Option<HostPattern>, BTreeSet<&[String]>> = BTreeMap::new();
        for route in routes {
            if lists.insert(&route.hosts, BTreeSet::new()).is_some() {
                continue;
            }
            if route.hosts.is_empty() {
                named.entry(None).or_default().insert(&route.hosts);
            }
            for host in &route.hosts {
                let host = HostPattern::parse(host).map_err(|error| format!("route `{}`: {error}", route.id))?;
                named.entry(Some(host)).or_default().insert(&route.hosts);
            }
        }
        let (mut exact, mut wildcards, mut every) = (BTreeMap::new(), BTreeMap::new(), None);
        let mut tables: BTreeMap<BTreeSet<&[String]>, usize> = BTreeMap::new();
        for (host, own) in named {
            let next = tables.len();
            let index = *tables.entry(own.clone()).or_insert(next);
            for list in own {
                lists.entry(list).or_default().insert(index);
            }
            match host {
                None => every = Some(index),
                Some(HostPattern::Exact(name)) => drop(exact.insert(name, index)),
                Some(HostPattern::Wildcard(name)) => drop(wildcards.insert(name, index)),
            }
        }
        Ok(Self { tables: tables.len(), lists, exact, wildcards, every })
    }
}
