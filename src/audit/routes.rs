//! What is weak about one route.

use serde_json::Value;

use super::Finding;
use super::exposure::Exposure;
use super::rules::Severity;
use super::view::{PolicyView, ProofView, RouteView};
use crate::config::server_url::is_loopback;
use crate::config::text::source::Place;
use crate::config::values::{ByteSize, Duration};
use crate::origins::OriginConfig;
use crate::policies::{Mode, OnError};

/// Verdicts that are remembered for longer are told, in milliseconds.
const LONG_VERDICT_MS: u64 = 300_000;

/// Bodies that may be longer are told, in bytes.
const LONG_BODY: u64 = 32 << 20;

/// Everything that is weak about a route.
pub fn findings(route: &RouteView<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    exposure(route, &mut found);
    limits(route, &mut found);
    for policy in &route.policies {
        acts(route, policy, &mut found);
        for proof in policy.proofs() {
            self::proof(route, &proof, &mut found);
        }
        settings(route, policy, &mut found);
    }
    plain_http(route, &mut found);
    found.into_iter().flatten().collect()
}

type Found = Vec<Option<Finding>>;

fn exposure(route: &RouteView<'_>, found: &mut Found) {
    let at = &route.plan.place;
    let exposure = Exposure::of(route);
    match exposure {
        Exposure::Open | Exposure::OpenKnown if !route.reaches_a_server() => {}
        Exposure::Open | Exposure::OpenKnown if route.writes() => {
            found.push(Finding::of("open-write", route, at, format!("anyone may send {}", methods(route))));
        }
        Exposure::Open | Exposure::OpenKnown => found.push(Finding::of("open-read", route, at, "anyone may read it")),
        Exposure::Known if route.writes() && route.reaches_a_server() => {
            found.push(Finding::of("no-rights", route, at, format!("whoever is known may send {}", methods(route))));
        }
        Exposure::Decided | Exposure::Known | Exposure::Entitled => {}
    }
    let open = matches!(exposure, Exposure::Open | Exposure::OpenKnown);
    if open && route.writes() && route.reaches_a_server() && route.acting("waf").next().is_none() {
        found.push(Finding::of("no-waf", route, at, "nothing looks at what anyone may send"));
    }
    for policy in route.policies.iter().filter(|policy| policy.form.policy.lets_anyone_in()) {
        let message = format!("{} has `anonymous` in it", named(route, &policy.form.id));
        found.push(Finding::of("anonymous-alternative", route, &policy.link.place, message));
    }
}

fn limits(route: &RouteView<'_>, found: &mut Found) {
    if !route.reaches_a_server() {
        return;
    }
    let at = &route.plan.place;
    if route.acting("rate_limit").next().is_none() {
        let severity = if route.plan.public { Severity::Medium } else { Severity::Low };
        found
            .push(Finding::of("no-rate-limit", route, at, "nothing limits how often it is called").map(|finding| finding.graded(severity)));
    }
    let (at, max, how) = largest_body(route);
    if route.writes() && max.bytes() > LONG_BODY {
        found.push(Finding::of("no-body-limit", route, at, format!("{} may have a body of {max}{how}", methods(route))));
    }
    let ambient = |proof: &ProofView<'_>| proof.facts.name == "oidc" || stands_in(&proof.config, "cookie");
    let by_cookie = route.policies.iter().find(|policy| policy.proofs().iter().any(ambient));
    if let Some(policy) = by_cookie.filter(|_| route.writes() && route.acting("csrf").next().is_none()) {
        let message = format!("a cookie is enough to send {}", methods(route));
        found.push(Finding::of("no-csrf", route, &policy.link.place, message));
    }
}

/// The largest body that may pass, what says so, and when.
fn largest_body<'a>(route: &'a RouteView<'_>) -> (&'a Place, ByteSize, &'static str) {
    let size = |policy: &PolicyView<'_>| policy.config().as_str()?.parse::<ByteSize>().ok();
    let limits = |policy: &&'a PolicyView<'_>| policy.kind() == "body_limit" && policy.form.mode == Mode::Enforce;
    let limits: Vec<_> = route.policies.iter().filter(limits).filter_map(|policy| Some((policy, size(policy)?))).collect();
    if let Some((policy, max)) = limits.iter().find(|(policy, _)| policy.form.when.is_none()) {
        return (policy.place(""), *max, "");
    }
    let higher = limits.iter().filter(|(_, max)| *max > route.body_max).max_by_key(|(_, max)| *max);
    higher.map_or((&route.plan.place, route.body_max, ""), |(policy, max)| (policy.place(""), *max, ", on a condition"))
}

/// How a policy acts.
fn acts(route: &RouteView<'_>, policy: &PolicyView<'_>, found: &mut Found) {
    let (facts, at) = (policy.form.policy.facts(), &policy.link.place);
    if policy.form.mode == Mode::Report {
        let rule = if facts.identity { "identity-in-report-mode" } else { "report-mode" };
        if facts.identity || facts.shields.is_some() {
            found.push(Finding::of(rule, route, at, format!("{} is in report mode", named(route, &policy.form.id))));
        }
    }
    if facts.identity && policy.form.mode == Mode::Enforce && policy.form.when.is_some() {
        found.push(Finding::of("conditional-identity", route, at, format!("{} has `when`", named(route, &policy.form.id))));
    }
    if policy.form.failures.is_none() && policy.proofs().iter().any(|proof| proof.facts.failures.is_some()) {
        let message = format!("{} does not count failed proofs", named(route, &policy.form.id));
        found.push(Finding::of("unlimited-guessing", route, at, message));
    }
    if facts.on_error == OnError::Deny && policy.form.on_error == OnError::Allow {
        let message = format!("{} lets everyone pass while it cannot be asked", named(route, &policy.form.id));
        found.push(Finding::of("fails-open", route, at, message));
    }
}

/// What is weak about a proof.
fn proof(route: &RouteView<'_>, proof: &ProofView<'_>, found: &mut Found) {
    let (id, config) = (named(route, &proof.id), &proof.config);
    if proof.facts.name == "jwt" {
        for token in issuers(config) {
            if token.get("audience").or(config.get("audience")).is_none() {
                let message = format!("{id} takes tokens for any audience");
                found.push(Finding::of("jwt-without-audience", route, proof.place, message));
            }
            if token.get("secret").or(config.get("secret")).is_some() {
                let message = format!("{id} checks tokens with a secret that could make them");
                found.push(Finding::of("shared-token-secret", route, proof.place, message));
            }
        }
    }
    let is_on = |key: &str| config.get(key) == Some(&Value::Bool(true));
    if is_on("replay") {
        found.push(Finding::of("replays", route, proof.place, format!("{id} lets the same request come again")));
    }
    if is_on("unsigned_body") {
        found.push(Finding::of("unsigned-body", route, proof.place, format!("{id} takes bodies that nobody has signed")));
    }
    if stands_in(config, "query") {
        found.push(Finding::of("token-in-query", route, proof.place, format!("{id} takes its credential from the query")));
    }
}

/// The tables of a `jwt` policy that say whose tokens it takes: itself, or each of several.
fn issuers(config: &Value) -> Vec<&Value> {
    match config.get("issuers").and_then(Value::as_array) {
        Some(issuers) => issuers.iter().collect(),
        None => vec![config],
    }
}

/// Whether a list in the settings has a table such as `{ query = "NAME" }`: a place where a credential may stand.
fn stands_in(config: &Value, place: &str) -> bool {
    let lists = config.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_array());
    lists.flatten().any(|item| item.as_object().is_some_and(|table| table.len() == 1 && table.contains_key(place)))
}

/// What is weak about other policies.
fn settings(route: &RouteView<'_>, policy: &PolicyView<'_>, found: &mut Found) {
    let config = policy.config();
    match policy.kind() {
        "cors" if config.get("credentials") == Some(&Value::Bool(true)) => {
            let origins = config.get("origins").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            if let Some(origin) = origins.into_iter().find(|origin| origin.contains('*') || *origin == "null") {
                let message = format!("{} lets {origin} send credentials", named(route, &policy.form.id));
                found.push(Finding::of("cors-credentials-for-many", route, policy.place("origins"), message));
            }
        }
        "ask" => {
            let remember = config.get("remember").and_then(Value::as_str).and_then(|text| text.parse::<Duration>().ok());
            if let Some(remember) = remember.filter(|remember| remember.ms() > LONG_VERDICT_MS) {
                let message = format!("{} remembers verdicts for {remember}", named(route, &policy.form.id));
                found.push(Finding::of("verdict-kept-long", route, policy.place("remember"), message));
            }
        }
        _ => {}
    }
}

fn plain_http(route: &RouteView<'_>, found: &mut Found) {
    let OriginConfig::Http(config) = &route.origin.origin else { return };
    for (index, target) in config.targets.iter().enumerate() {
        let Some(rest) = target.url.strip_prefix("http://") else { continue };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if !authority.contains("${") && !is_loopback(authority) {
            let place = super::view::place(route.origin_definition, &format!("targets.{index}.url"));
            found.push(Finding::of("plain-http-origin", route, place, format!("{} is asked in the open", target.url)));
        }
    }
}

/// A policy's name without the route's before it.
fn named<'n>(route: &RouteView<'_>, id: &'n str) -> &'n str {
    id.strip_prefix(&*route.form.id).and_then(|rest| rest.strip_prefix('#')).unwrap_or(id)
}

fn methods(route: &RouteView<'_>) -> String {
    match route.form.methods.as_slice() {
        [] => "any method".to_owned(),
        methods => methods.join(", "),
    }
}
