//! Builds the routing table from the runtime form's index. A worker does this at its start: routes cost nothing here.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::host::HostPattern;
use super::routes::{Part, Routes};
use super::table::{BuiltOrigin, HostTable, Table};
use crate::config::packed::ListForm;
use crate::config::runtime::GatewayForm;
use crate::policies::guard::Guarded;

/// The routing table of a gateway; `lines` is what lies behind the form's line.
///
/// # Errors
/// As [`Table::build`].
pub(super) fn table(form: &GatewayForm, lines: &str, policies: Vec<Rc<Guarded>>, origins: Vec<BuiltOrigin>) -> Result<Table, String> {
    let hosts = Hosts::assign(&form.index)?;
    let mut tables: Vec<HostTable> = (0..hosts.tables).map(|_| HostTable::default()).collect();
    let mut parts = Vec::new();
    for (list, served_by) in form.index.iter().zip(&hosts.served_by) {
        for shape in &list.shapes {
            let part = Part::new(shape);
            for index in served_by {
                let Some(HostTable(shapes)) = tables.get_mut(*index) else { continue };
                match shapes.iter_mut().find(|(known, _)| *known == part.shape) {
                    Some((_, known)) => known.push(parts.len()),
                    None => shapes.push((part.shape, vec![parts.len()])),
                }
            }
            parts.push(part);
        }
    }
    tables.iter_mut().for_each(|table| table.0.sort_by_key(|(shape, _)| *shape));
    let Hosts { exact, wildcards, every, .. } = hosts;
    let routes = Routes::new(lines.into(), parts, &form.apis, policies, origins, form.settings.encoded_slash);
    Ok(Table { routes, tables, exact, wildcards, every })
}

/// Which table serves which hosts. Hosts that stand in the same lists have the same routes and share a table.
struct Hosts {
    /// How many tables there are.
    tables: usize,
    /// For each list of hosts the tables in which its routes stand.
    served_by: Vec<BTreeSet<usize>>,
    exact: BTreeMap<String, usize>,
    wildcards: BTreeMap<String, usize>,
    every: Option<usize>,
}

impl Hosts {
    fn assign(lists: &[ListForm]) -> Result<Self, String> {
        let mut named: BTreeMap<Option<HostPattern>, BTreeSet<usize>> = BTreeMap::new();
        for (index, list) in lists.iter().enumerate() {
            if list.hosts.is_empty() {
                named.entry(None).or_default().insert(index);
            }
            for host in &list.hosts {
                named.entry(Some(HostPattern::parse(host)?)).or_default().insert(index);
            }
        }
        let (mut exact, mut wildcards, mut every) = (BTreeMap::new(), BTreeMap::new(), None);
        let mut served_by = vec![BTreeSet::new(); lists.len()];
        let mut tables: BTreeMap<BTreeSet<usize>, usize> = BTreeMap::new();
        for (host, own) in named {
            let next = tables.len();
            let table = *tables.entry(own.clone()).or_insert(next);
            for list in own {
                if let Some(served_by) = served_by.get_mut(list) {
                    served_by.insert(table);
                }
            }
            match host {
                None => every = Some(table),
                Some(HostPattern::Exact(name)) => drop(exact.insert(name, table)),
                Some(HostPattern::Wildcard(name)) => drop(wildcards.insert(name, table)),
            }
        }
        Ok(Self { tables: tables.len(), served_by, exact, wildcards, every })
    }
}
