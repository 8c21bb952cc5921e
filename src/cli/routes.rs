//! `archway routes`: every route in a table.

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::{Directory, Failure, Format, check};
use crate::config::build::Outcome;
use crate::config::runtime::RouteForm;
use crate::config::text::source::Place;
use crate::policies::PolicyConfig;

/// Lists the routes of a directory, in the order of the files.
///
/// # Errors
/// Where there are problems, after they were shown.
pub fn run(directory: &Directory, format: Format) -> Result<(), Failure> {
    let outcome = check::outcome(directory, format)?;
    match format {
        Format::Text => anstream::print!("{}", table(&outcome)),
        Format::Json => anstream::println!("{:#}", values(&outcome)),
    }
    Ok(())
}

/// `file:line`.
pub fn location(outcome: &Outcome, place: &Place) -> String {
    let source = outcome.sources.get(place.file);
    source.map_or(String::new(), |source| format!("{}:{}", source.name, source.position(place.start).line))
}

/// What lets a caller in: `public`, or the identity policies.
pub fn access(outcome: &Outcome, index: usize, route: &RouteForm) -> String {
    let public = outcome.plans.get(index).is_some_and(|plan| plan.public);
    let policies = outcome.form.iter().flat_map(|form| route.policies.iter().filter_map(|policy| form.policies.get(*policy)));
    let identities = policies.map(|policy| &policy.policy).filter(|policy| policy.facts().identity && (!public || policy.lets_anyone_in()));
    let words = public.then(|| "public".to_owned()).into_iter().chain(identities.map(PolicyConfig::described));
    words.collect::<Vec<_>>().join(", ")
}

/// The routes for people.
pub fn table(outcome: &Outcome) -> String {
    let head = ["METHOD", "PATH", "HOST", "ACCESS", "POLICIES", "ORIGIN", "API", "WRITTEN"].map(str::to_owned);
    let mut rows = vec![head];
    for (index, route) in outcome.form.iter().flat_map(|form| form.routes.iter().enumerate()) {
        let Some(form) = &outcome.form else { continue };
        let policies = route.policies.iter().filter_map(|policy| form.policies.get(*policy)).map(|policy| policy.policy.facts().name);
        let policies = policies.collect::<Vec<_>>().join(", ");
        let conditions = route.headers.len() + route.query.len();
        let path = if conditions == 0 { route.path.clone() } else { format!("{} (+{conditions})", route.path) };
        rows.push([
            or(&route.methods.join(","), "*"),
            path,
            or(&route.hosts.join(","), "*"),
            access(outcome, index, route),
            or(&policies, "-"),
            form.origins.get(route.origin).map_or(String::new(), |origin| origin.id.clone()),
            form.apis.get(route.api).map_or(String::new(), |api| api.name.clone()),
            outcome.plans.get(index).map_or(String::new(), |plan| location(outcome, &plan.place)),
        ]);
    }
    aligned(&rows)
}

fn or(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
}

/// Cells in columns.
pub fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width()))).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// The routes for programs.
pub fn values(outcome: &Outcome) -> Value {
    let Some(form) = &outcome.form else { return Value::Null };
    let routes = form.routes.iter().enumerate().map(|(index, route)| {
        let place = outcome.plans.get(index).map(|plan| &plan.place);
        let source = place.and_then(|place| outcome.sources.get(place.file));
        json!({
            "id": route.id,
            "api": form.apis.get(route.api).map(|api| &api.name),
            "methods": route.methods,
            "path": route.path,
            "hosts": route.hosts,
            "headers": route.headers,
            "query": route.query,
            "public": outcome.plans.get(index).is_some_and(|plan| plan.public),
            "policies": route.policies.iter().filter_map(|policy| form.policies.get(*policy)).map(|policy| &policy.id).collect::<Vec<_>>(),
            "origin": form.origins.get(route.origin).map(|origin| &origin.id),
            "rewrite": route.rewrite,
            "file": source.map(|source| &source.name),
            "line": source.zip(place).map(|(source, place)| source.position(place.start).line),
        })
    });
    Value::Array(routes.collect())
}
