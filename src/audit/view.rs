//! A route with its policies and where each was written, as the audit looks at it.

use serde_json::Value;

use crate::config::build::Outcome;
use crate::config::build::chain::Link;
use crate::config::build::plan::{Definition, RoutePlan};
use crate::config::runtime::{OriginForm, PolicyForm, RouteForm};
use crate::config::text::source::Place;
use crate::config::values::ByteSize;
use crate::policies::{Facts, Mode, PolicyConfig};

/// A route.
pub struct RouteView<'a> {
    /// In the runtime form.
    pub form: &'a RouteForm,
    /// Where it was written.
    pub plan: &'a RoutePlan,
    /// Its chain, in order.
    pub policies: Vec<PolicyView<'a>>,
    /// The largest body that the gateway takes where no policy says otherwise.
    pub body_max: ByteSize,
    /// What answers it.
    pub origin: &'a OriginForm,
    /// Where that was written.
    pub origin_definition: &'a Definition,
}

/// A policy of a route.
pub struct PolicyView<'a> {
    /// In the runtime form.
    pub form: &'a PolicyForm,
    /// Where it was written.
    pub definition: &'a Definition,
    /// Where the route uses it.
    pub link: &'a Link,
}

/// An identity policy, itself or within others.
pub struct ProofView<'a> {
    /// Its kind's facts.
    pub facts: Facts,
    /// Its instance's name.
    pub id: String,
    /// Its own settings, as the runtime form has them.
    pub config: Value,
    /// Where it was written.
    pub place: &'a Place,
}

/// Every route of an outcome without errors.
pub fn routes(outcome: &Outcome) -> Vec<RouteView<'_>> {
    let Some(form) = &outcome.form else { return Vec::new() };
    form.routes.iter().zip(&outcome.plans).filter_map(|(route, plan)| view(outcome, route, plan)).collect()
}

/// One route of an outcome without errors, by its index.
pub fn route(outcome: &Outcome, index: usize) -> Option<RouteView<'_>> {
    view(outcome, outcome.form.as_ref()?.routes.get(index)?, outcome.plans.get(index)?)
}

fn view<'a>(outcome: &'a Outcome, route: &'a RouteForm, plan: &'a RoutePlan) -> Option<RouteView<'a>> {
    let form = outcome.form.as_ref()?;
    let policies =
        route.policies.iter().zip(&plan.links).filter_map(|(index, link)| {
            Some(PolicyView { form: form.policies.get(*index)?, definition: outcome.policies.get(*index)?, link })
        });
    let (origin, origin_definition) = (form.origins.get(route.origin)?, outcome.origins.get(route.origin)?);
    Some(RouteView { form: route, plan, policies: policies.collect(), body_max: form.settings.limits.body, origin, origin_definition })
}

impl<'a> RouteView<'a> {
    /// The policies of a kind that act on every request.
    pub fn acting<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s PolicyView<'a>> {
        self.policies.iter().filter(move |policy| policy.kind() == kind && policy.form.mode == Mode::Enforce && policy.form.when.is_none())
    }

    /// Whether it takes a method that changes something.
    pub fn writes(&self) -> bool {
        self.form.methods.is_empty() || self.form.methods.iter().any(|method| !matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS"))
    }

    /// Whether a request goes on to a server.
    pub fn reaches_a_server(&self) -> bool {
        !matches!(self.origin.origin, crate::origins::OriginConfig::Static(_) | crate::origins::OriginConfig::Redirect(_))
    }
}

impl<'a> PolicyView<'a> {
    /// Its kind.
    pub fn kind(&self) -> &'static str {
        self.form.policy.facts().name
    }

    /// Its own settings, as the runtime form has them.
    pub fn config(&self) -> Value {
        settings(&self.form.policy)
    }

    /// Where a setting of it was written; the policy where it was not.
    pub fn place(&self, setting: &str) -> &'a Place {
        place(self.definition, setting)
    }

    /// The identity policies that it is or combines.
    pub fn proofs(&self) -> Vec<ProofView<'a>> {
        let mut proofs = Vec::new();
        gather(&self.form.policy, &self.form.id, "", self.definition, &mut proofs);
        proofs
    }
}

fn gather<'a>(policy: &PolicyConfig, id: &str, path: &str, definition: &'a Definition, proofs: &mut Vec<ProofView<'a>>) {
    let facts = policy.facts();
    if policy.nested().is_empty() && facts.identity {
        proofs.push(ProofView { facts, id: id.to_owned(), config: settings(policy), place: place(definition, path) });
    }
    for (index, nested) in policy.nested().iter().enumerate() {
        let kind = nested.policy.facts().name;
        let id = nested.id.clone().unwrap_or_else(|| format!("{id}/{kind}"));
        let path = format!("{path}{}policies.{index}.{kind}", if path.is_empty() { "" } else { "." });
        gather(&nested.policy, &id, &path, definition, proofs);
    }
}

/// What stands within `{ kind = ... }`.
pub fn settings(policy: &PolicyConfig) -> Value {
    match serde_json::to_value(policy) {
        Ok(Value::Object(kinds)) => kinds.into_iter().next().map(|(_, value)| value).unwrap_or_default(),
        _ => Value::Null,
    }
}

/// Where the first setting below a path was written.
pub fn place<'a>(definition: &'a Definition, path: &str) -> &'a Place {
    let below = |name: &str| name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let found = definition.settings.iter().find(|(name, ..)| !path.is_empty() && below(name));
    found.map_or(&definition.place, |(_, _, place)| place)
}
