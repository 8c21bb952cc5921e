//! An explanation for people and for programs.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::{Value, json};

use super::{Explained, Taken};
use crate::cli::routes::{access, location};
use crate::config::build::Outcome;
use crate::config::build::chain::Level;
use crate::config::build::plan::Definition;
use crate::config::runtime::GatewayForm;
use crate::origins::OriginConfig;
use crate::routing::explain::Candidate;

const BOLD: Style = Style::new().bold();

/// The explanation for people.
pub fn text(outcome: &Outcome, form: &GatewayForm, explained: &Explained) -> String {
    let mut out = format!("{BOLD}{}{BOLD:#}\n", explained.request);
    match &explained.taken {
        Ok(taken) => route(&mut out, outcome, form, taken),
        Err(error) => {
            let verdict = error.verdict();
            let preflight = explained.preflight.and_then(|route| form.routes.get(route));
            if let Some(route) = preflight {
                let _ = writeln!(out, "  a preflight, answered by the `cors` policy of {}", route.id);
            } else {
                let _ = writeln!(out, "  no route takes it: {} {}: {}", verdict.status.as_u16(), verdict.code, verdict.detail);
            }
        }
    }
    let winner = explained.taken.as_ref().ok().map(|taken| taken.route);
    let others: Vec<&Candidate> = explained.candidates.iter().filter(|candidate| Some(candidate.route) != winner).collect();
    if !others.is_empty() {
        let _ = writeln!(out, "\n{BOLD}other routes with this path{BOLD:#}");
    }
    for other in others {
        let (Some(form), Some(plan)) = (form.routes.get(other.route), outcome.plans.get(other.route)) else { continue };
        let _ = writeln!(out, "  {}  {}", form.id, location(outcome, &plan.place));
        let _ = writeln!(out, "    {}", other.outcome);
    }
    out
}

fn route(out: &mut String, outcome: &Outcome, form: &GatewayForm, taken: &Taken) {
    let (Some(route), Some(plan)) = (form.routes.get(taken.route), outcome.plans.get(taken.route)) else { return };
    let _ = writeln!(out, "  {BOLD}{}{BOLD:#}  {}", route.id, location(outcome, &plan.place));
    let _ = writeln!(out, "  access  {}", access(outcome, taken.route, route));
    for (name, value) in &taken.params {
        let _ = writeln!(out, "  {{{name}}}  {value}");
    }
    let _ = writeln!(out, "\n{BOLD}policies, in order{BOLD:#}");
    if route.policies.is_empty() {
        out.push_str("  none\n");
    }
    for (number, (index, link)) in route.policies.iter().zip(&plan.links).enumerate() {
        let (Some(policy), Some(definition)) = (form.policies.get(*index), outcome.policies.get(*index)) else { continue };
        let _ = writeln!(out, "  {}. {BOLD}{}{BOLD:#}  {}", number + 1, policy.policy.facts().name, policy.id);
        let _ = writeln!(out, "       put there by {}  {}", level(link.level), location(outcome, &link.place));
        let failures = policy.failures.map(|rate| format!(", failures = {rate}")).unwrap_or_default();
        let _ = writeln!(out, "       mode = {}, on_error = {}{failures}", word(&policy.mode), word(&policy.on_error));
        settings(out, outcome, definition, &policy.policy);
    }
    if let (Some(origin), Some(definition)) = (form.origins.get(route.origin), outcome.origins.get(route.origin)) {
        let _ = writeln!(out, "\n{BOLD}origin{BOLD:#}\n     {}  {}", origin.id, location(outcome, &plan.origin));
        settings(out, outcome, definition, &origin.origin);
        if matches!(origin.origin, OriginConfig::Http(_)) {
            let _ = writeln!(out, "       sees the path {}", taken.path);
        }
    }
}

fn settings(out: &mut String, outcome: &Outcome, definition: &Definition, config: &impl serde::Serialize) {
    for (name, written, place) in &definition.settings {
        let shown: String = if written.chars().count() > 80 { written.chars().take(79).chain(['…']).collect() } else { written.clone() };
        let name = if name.is_empty() { String::new() } else { format!("{name} = ") };
        let _ = writeln!(out, "       {name}{shown}  {}", location(outcome, place));
    }
    for (name, value) in defaults(definition, config) {
        let _ = writeln!(out, "       {name} = {value}  default");
    }
}

/// What the configuration has and nobody wrote.
fn defaults(definition: &Definition, config: &impl serde::Serialize) -> Vec<(String, Value)> {
    let Ok(Value::Object(kinds)) = serde_json::to_value(config) else { return Vec::new() };
    let Some(Value::Object(values)) = kinds.into_iter().next().map(|(_, value)| value) else { return Vec::new() };
    let written = |key: &str| definition.settings.iter().any(|(name, ..)| name.split('.').next() == Some(key));
    values.into_iter().filter(|(key, _)| !written(key)).collect()
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Gateway => "the gateway",
        Level::Api => "the API",
        Level::Route => "the route",
    }
}

fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The explanation for programs.
pub fn value(outcome: &Outcome, form: &GatewayForm, explained: &Explained) -> Value {
    let candidates: Vec<Value> = explained
        .candidates
        .iter()
        .filter_map(|candidate| {
            let (route, plan) = (form.routes.get(candidate.route)?, outcome.plans.get(candidate.route)?);
            Some(json!({ "route": route.id, "written": location(outcome, &plan.place), "outcome": candidate.outcome.to_string() }))
        })
        .collect();
    let taken = match &explained.taken {
        Err(error) => {
            let verdict = error.verdict();
            return json!({
                "request": explained.request, "route": null, "preflight": explained.preflight.and_then(|route| form.routes.get(route)).map(|route| &route.id), "status": verdict.status.as_u16(), "code": verdict.code, "candidates": candidates,
            });
        }
        Ok(taken) => taken,
    };
    let described = |definition: &Definition, defaults: Vec<(String, Value)>| {
        let defaults = defaults.into_iter().map(|(name, value)| json!({ "name": name, "value": value.to_string(), "written": null }));
        let settings = definition.settings.iter();
        let settings =
            settings.map(|(name, written, place)| json!({ "name": name, "value": written, "written": location(outcome, place) }));
        settings.chain(defaults).collect::<Value>()
    };
    let (Some(route), Some(plan)) = (form.routes.get(taken.route), outcome.plans.get(taken.route)) else { return Value::Null };
    let policies: Vec<Value> = route
        .policies
        .iter()
        .zip(&plan.links)
        .filter_map(|(index, link)| {
            let (policy, definition) = (form.policies.get(*index)?, outcome.policies.get(*index)?);
            Some(json!({
                "id": policy.id, "kind": policy.policy.facts().name, "by": level(link.level), "used": location(outcome, &link.place),
                "mode": policy.mode, "on_error": policy.on_error, "failures": policy.failures,
                "settings": described(definition, defaults(definition, &policy.policy)),
            }))
        })
        .collect();
    let origin = form.origins.get(route.origin).zip(outcome.origins.get(route.origin)).map(|(origin, definition)| {
        json!({ "id": origin.id, "used": location(outcome, &plan.origin), "settings": described(definition, defaults(definition, &origin.origin)),
            "path": taken.path })
    });
    json!({
        "request": explained.request, "route": route.id, "written": location(outcome, &plan.place),
        "access": access(outcome, taken.route, route), "params": taken.params.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "policies": policies, "origin": origin, "candidates": candidates,
    })
}
