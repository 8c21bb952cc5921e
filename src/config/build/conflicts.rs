//! Routes that contradict each other, with both places.

use std::collections::HashSet;

use super::plan::RoutePlan;
use super::routes::Assembled;
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::routing::conflict::{Conflict, conflicts};

/// Reports routes that claim the same requests, and routes that no request reaches.
pub fn report(assembled: &Assembled, diagnostics: &mut Diagnostics) {
    let routes = &assembled.form.routes;
    let mut reported = HashSet::new();
    for conflict in conflicts(routes, assembled.form.settings.encoded_slash) {
        match conflict {
            Conflict::Ambiguous { route, earlier, method, host } => {
                let (Some((later, form)), Some((first, earlier_form))) = (at(assembled, route), at(assembled, earlier)) else { continue };
                if !reported.insert((route, earlier)) {
                    continue;
                }
                let same = form.methods == earlier_form.methods && form.hosts == earlier_form.hosts;
                let api = |index: usize| assembled.form.apis.get(index).map_or("", |api| api.name.as_str());
                let what = match (same, form.api == earlier_form.api) {
                    (true, true) => "this route is written twice".to_owned(),
                    (true, false) => format!("the APIs `{}` and `{}` claim the same route", api(earlier_form.api), api(form.api)),
                    (false, _) => {
                        let method = method.map_or("every method".to_owned(), |method| format!("`{method}`"));
                        let host = host.map_or(String::new(), |host| format!(" for `{host}`"));
                        format!("two routes take {method}{host} here, and nothing puts one before the other")
                    }
                };
                let code = if same { Code::DuplicateRoute } else { Code::AmbiguousRoute };
                let diagnostic = Diagnostic::new(code, later.place.clone(), what).related(first.place.clone(), "taken here");
                diagnostics.push(diagnostic.help("tell them apart by path, method, host, `headers` or `query`"));
            }
            Conflict::Unreachable { route, hidden_by } => {
                let Some((plan, _)) = at(assembled, route) else { continue };
                let mut diagnostic = Diagnostic::new(Code::UnreachableRoute, plan.place.clone(), "no request reaches this route");
                for (hiding, _) in hidden_by.iter().filter_map(|index| at(assembled, *index)) {
                    diagnostic = diagnostic.related(hiding.place.clone(), "takes every request that this one could take");
                }
                diagnostics.push(diagnostic.help("put it before that one, or make its conditions narrower"));
            }
        }
    }
}

fn at(assembled: &Assembled, route: usize) -> Option<(&RoutePlan, &crate::config::runtime::RouteForm)> {
    Some((assembled.plans.get(route)?, assembled.form.routes.get(route)?))
}
