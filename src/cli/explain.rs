//! `archway explain`: which route takes a request, why the others lost, and everything that happens on it.

use std::path::PathBuf;
use std::rc::Rc;

use clap::Args;

use super::{Directory, Failure, Format, check};
use crate::config::build::Outcome;
use crate::config::packed;
use crate::config::runtime::{GatewayForm, PolicyForm};
use crate::config::template::{Part, Template};
use crate::error::GatewayError;
use crate::http::{HeaderMap, HeaderName, HeaderValue, Method, Target, header};
use crate::policies::guard::Guarded;
use crate::routing::explain::{Candidate, candidates};
use crate::routing::table::{Found, Table};

pub mod show;

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
    let url = absolute(&arguments.url);
    let explained = explain(&outcome, form, &arguments.method, &url, &headers).map_err(Failure::Usage)?;
    match format {
        Format::Text => anstream::print!("{}", show::text(&outcome, form, &explained)),
        Format::Json => anstream::println!("{:#}", show::value(&outcome, form, &explained)),
    }
    if explained.taken.is_ok() || explained.preflight.is_some() { Ok(()) } else { Err(Failure::Shown) }
}

/// A URL; a path alone is for `https://localhost`.
pub fn absolute(url: &str) -> String {
    if url.starts_with('/') { format!("https://localhost{url}") } else { url.to_owned() }
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
        Rc::new(Guarded { id, kind, mode: policy.mode, on_error: policy.on_error, when: None, guessing: None, policy: unbuilt() })
    };
    let policies: Vec<_> = form.policies.iter().map(guarded).collect();
    let origins: Vec<_> = form.origins.iter().map(|origin| (origin.id.as_str().into(), Err("explained, not run".to_owned()))).collect();
    let text = packed::pack(form)?;
    let (head, lines) = packed::unpack(&text)?;
    let table = Table::build(&head, lines, policies, origins)?;
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
