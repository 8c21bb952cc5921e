//! `archway explain`: which route takes a request, why the others lost, and everything that happens on it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::rc::Rc;

use anstyle::Style;
use clap::Args;
use serde_json::{Value, json};

use super::routes::{access, location};
use super::{Directory, Failure, Format, check};
use crate::config::build::Outcome;
use crate::config::build::chain::Level;
use crate::config::build::plan::Definition;
use crate::config::runtime::{GatewayForm, PolicyForm};
use crate::config::template::{Part, Template};
use crate::error::GatewayError;
use crate::http::{HeaderMap, HeaderName, HeaderValue, Method, Target, header};
use crate::origins::OriginConfig;
use crate::policies::guard::Guarded;
use crate::routing::explain::{Candidate, candidates};
use crate::routing::table::{Found, Table};

const BOLD: Style = Style::new().bold();

/// A request, and the routes files that decide it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The request's method.
    method: Method,
    /// Its URL; a path alone is for `https://localhost`.
    url: String,
    /// A header field of it; may be said more than once.
    #[arg(short = 'H', long = "header", value_name = "NAME:VALUE")]
    headers: Vec<String>,
    /// The directory of the routes files.
    #[arg(long, value_name = "DIR", default_value = "routes")]
    routes: PathBuf,
}

/// Explains a request. A request that no route takes is a problem.
///
/// # Errors
/// Where the routes files have problems, or no route takes the request; after it was shown.
pub fn run(arguments: &Arguments, format: Format) -> Result<(), Failure> {
    let directory = Directory { routes: arguments.routes.clone(), vars: None };
    let outcome = check::outcome(&directory, format)?;
    let Some(form) = &outcome.form else { return Err(Failure::Shown) };
    let headers = headers(&arguments.headers)?;
    let url = if arguments.url.starts_with('/') { format!("https://localhost{}", arguments.url) } else { arguments.url.clone() };
    let explained = explain(&outcome, form, &arguments.method, &url, &headers).map_err(Failure::Usage)?;
    match format {
        Format::Text => anstream::print!("{}", text(&outcome, form, &explained)),
        Format::Json => anstream::println!("{:#}", value(&outcome, form, &explained)),
    }
    if explained.taken.is_ok() || explained.preflight.is_some() { Ok(()) } else { Err(Failure::Shown) }
}

/// Reads header fields of the form NAME:VALUE.
///
/// # Errors
/// The first line that is none.
pub fn headers(lines: &[String]) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let parsed = line
            .split_once(':')
            .and_then(|(name, value)| Some((HeaderName::try_from(name.trim()).ok()?, HeaderValue::try_from(value.trim()).ok()?)));
        let (name, value) = parsed.ok_or_else(|| Failure::Usage(format!("`-H {line}`: expected NAME:VALUE")))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// What becomes of a request.
pub struct Explained {
    /// The request's line, normalised.
    pub request: String,
    /// Every route whose path matches, the winner first.
    pub candidates: Vec<Candidate>,
    /// The route whose `cors` policy answers, where the request is a preflight that no route takes itself.
    pub preflight: Option<usize>,
    /// The route, its parameters and the path that the origin sees; or how the gateway refuses.
    pub taken: Result<Taken, GatewayError>,
}

/// The route that takes a request.
pub struct Taken {
    /// Its index in the form.
    pub route: usize,
    /// Path parameters by name.
    pub params: Vec<(String, String)>,
    /// The path that the origin sees, before policies change it.
    pub path: String,
}

/// Explains a request.
///
/// # Errors
/// Where the routes cannot be built, which checking them rules out.
pub fn explain(outcome: &Outcome, form: &GatewayForm, method: &Method, url: &str, headers: &HeaderMap) -> Result<Explained, String> {
    let target = match Target::parse(url, form.settings.encoded_slash) {
        Ok(target) => target,
        Err(error) => {
            return Ok(Explained { request: format!("{method} {url}"), candidates: Vec::new(), preflight: None, taken: Err(error) });
        }
    };
    let unbuilt = || Err("explained, not run".to_owned());
    let guarded = |policy: &PolicyForm| {
        let (id, kind) = (policy.id.as_str().into(), policy.policy.facts().name);
        Rc::new(Guarded { id, kind, mode: policy.mode, on_error: policy.on_error, policy: unbuilt() })
    };
    let policies: Vec<_> = form.policies.iter().map(guarded).collect();
    let origins: Vec<_> = form.origins.iter().map(|origin| (origin.id.as_str().into(), Err("explained, not run".to_owned()))).collect();
    let table = Table::build(form.clone(), policies, origins)?;
    table.complete()?;
    let taken = table.find(&target, method, headers).and_then(|found| {
        let route = form.routes.iter().position(|route| *route.id == *found.route.id);
        let route = route.filter(|route| *route < outcome.plans.len()).ok_or(GatewayError::RouteNotFound)?;
        let path = origin_path(&found, &target);
        Ok(Taken { route, params: found.params, path })
    });
    let preflight =
        taken.is_err().then(|| headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)).flatten().filter(|_| method == Method::OPTIONS);
    let preflight = preflight.and_then(|wanted| {
        let found = table.find(&target, &Method::from_bytes(wanted.as_bytes()).ok()?, headers).ok()?;
        found.route.chain.iter().find(|guarded| guarded.kind == "cors")?;
        form.routes.iter().position(|route| *route.id == *found.route.id)
    });
    let request = format!("{method} {}://{}{}", target.scheme, target.authority, target.path_and_query());
    Ok(Explained { request, candidates: candidates(form, &target, method, headers)?, preflight, taken })
}

/// The path after the route's rewriting; what only a real request has stays in braces.
fn origin_path(found: &Found, target: &Target) -> String {
    let path = found.path.clone().unwrap_or_else(|| target.path.clone());
    let Some(template) = &found.route.rewrite else { return path };
    let fill = |part: &Part| match part {
        Part::Param(name) => found.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()),
        Part::Path => Some(path.clone()),
        Part::Claim(claim) => Some(format!("{{claim.{claim}}}")),
        Part::RequestId => Some("{request_id}".to_owned()),
        Part::ClientIp => Some("{client_ip}".to_owned()),
        Part::Host => Some(target.host().to_owned()),
        Part::Query => Some(target.query.clone().unwrap_or_default()),
        Part::Route => Some(found.route.id.to_string()),
        Part::Api => Some(found.route.api.to_string()),
        _ => Some(String::new()),
    };
    Template::render(template, fill).unwrap_or(path)
}

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
        let _ = writeln!(out, "       mode = {}, on_error = {}", word(&policy.mode), word(&policy.on_error));
        settings(out, outcome, definition);
    }
    if let (Some(origin), Some(definition)) = (form.origins.get(route.origin), outcome.origins.get(route.origin)) {
        let _ = writeln!(out, "\n{BOLD}origin{BOLD:#}\n     {}  {}", origin.id, location(outcome, &plan.origin));
        settings(out, outcome, definition);
        if matches!(origin.origin, OriginConfig::Http(_)) {
            let _ = writeln!(out, "       sees the path {}", taken.path);
        }
    }
}

fn settings(out: &mut String, outcome: &Outcome, definition: &Definition) {
    for (name, written, place) in &definition.settings {
        let shown: String = if written.chars().count() > 80 { written.chars().take(79).chain(['…']).collect() } else { written.clone() };
        let name = if name.is_empty() { String::new() } else { format!("{name} = ") };
        let _ = writeln!(out, "       {name}{shown}  {}", location(outcome, place));
    }
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
    let described = |definition: &Definition| {
        let settings = definition.settings.iter();
        settings
            .map(|(name, written, place)| json!({ "name": name, "value": written, "written": location(outcome, place) }))
            .collect::<Value>()
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
                "mode": policy.mode, "on_error": policy.on_error, "settings": described(definition),
            }))
        })
        .collect();
    let origin = form.origins.get(route.origin).zip(outcome.origins.get(route.origin)).map(|(origin, definition)| {
        json!({ "id": origin.id, "used": location(outcome, &plan.origin), "settings": described(definition), "path": taken.path })
    });
    json!({
        "request": explained.request, "route": route.id, "written": location(outcome, &plan.place),
        "access": access(outcome, taken.route, route), "params": taken.params.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "policies": policies, "origin": origin, "candidates": candidates,
    })
}
