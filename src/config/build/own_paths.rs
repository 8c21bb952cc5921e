//! Routes for the paths at which policies answer by themselves: nobody writes them, and they stand on every host of the routes that
//! have such a policy.

use std::collections::BTreeMap;

use super::chain::{Level, Link};
use super::instances::{Compilable, Instances};
use super::plan::{Definition, RoutePlan};
use super::policies::PolicyEntry;
use crate::config::runtime::{OriginForm, RouteForm};
use crate::config::text::source::Place;
use crate::origins::{OriginConfig, fixed};

/// The origin of these routes until it has its place; behind all others.
pub const ORIGIN: usize = usize::MAX;

/// The origin's name.
pub const NOTHING: &str = "gateway#nothing";

/// The routes that `routes` ask for. Policies that are equal answer for each other. Before them runs, of what gateway.toml has on
/// every route, what [`crate::policies::Facts::everywhere`] says.
pub fn routes(
    routes: &[(RouteForm, RoutePlan)],
    policies: &Instances<'_, PolicyEntry<'_>>,
    api: impl Fn(usize) -> String,
) -> Vec<(RouteForm, RoutePlan)> {
    let mut made: BTreeMap<(String, String), (RouteForm, RoutePlan)> = BTreeMap::new();
    for (form, plan) in routes {
        for link in &plan.links {
            let Some((index, instance)) = link.instance.and_then(|index| Some((index, policies.all.get(index)?))) else { continue };
            for path in instance.needs.own_paths.keys() {
                let equality = instance.entry.equality().unwrap_or_else(|| index.to_string());
                let (known, _) = made.entry((path.clone(), equality)).or_insert_with(|| {
                    let before = plan.links.iter().filter(|link| goes_before(link, policies));
                    let links: Vec<Link> = before.chain([link]).cloned().collect();
                    let whole = format!("{path}/{{*rest}}");
                    let route = RouteForm {
                        id: format!("{}: GET,POST {whole}", api(form.api)),
                        api: form.api,
                        hosts: form.hosts.clone(),
                        path: whole,
                        methods: vec!["GET".to_owned(), "POST".to_owned()],
                        headers: Vec::new(),
                        query: Vec::new(),
                        policies: links.iter().filter_map(|link| link.instance).collect(),
                        origin: ORIGIN,
                        rewrite: None,
                    };
                    (route, RoutePlan { place: link.place.clone(), public: false, origin: link.place.clone(), links })
                });
                if known.hosts.is_empty() || form.hosts.is_empty() {
                    known.hosts.clear();
                } else {
                    let missing: Vec<String> = form.hosts.iter().filter(|host| !known.hosts.contains(host)).cloned().collect();
                    known.hosts.extend(missing);
                }
            }
        }
    }
    made.into_values().collect()
}

/// What is behind such a policy, should it not act: nothing.
pub fn origin(place: &Place) -> (OriginForm, Definition) {
    let nothing = fixed::Config { status: 404, headers: BTreeMap::new(), body: None, json: None };
    let form = OriginForm { id: NOTHING.to_owned(), origin: OriginConfig::Static(nothing) };
    (form, Definition { place: place.clone(), settings: Vec::new() })
}

fn goes_before(link: &Link, policies: &Instances<'_, PolicyEntry<'_>>) -> bool {
    let Some(instance) = link.instance.and_then(|index| policies.all.get(index)) else { return false };
    let everywhere = instance.entry.facts.is_some_and(|facts| facts.everywhere);
    link.level == Level::Gateway && everywhere && !instance.needs.identity && instance.needs.params.is_empty()
}
