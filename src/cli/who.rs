//! `archway check --who 'GET /path'`: what a request must bring.

use serde_json::{Value, json};

use super::explain::{self, explain};
use super::{Failure, Format};
use crate::audit::{demands, view};
use crate::config::build::Outcome;
use crate::http::{HeaderMap, Method};

/// Tells what the route of a request demands.
///
/// # Errors
/// Where the request is none, or no route takes it; after that was shown.
pub fn run(outcome: &Outcome, request: &str, headers: &HeaderMap, format: Format) -> Result<(), Failure> {
    let Some((method, url)) = request.trim().split_once(' ') else {
        return Err(Failure::Usage(format!("`--who {request}`: expected a method and a path, such as 'GET /v1/products'")));
    };
    let method = method.parse().map_err(|_| Failure::Usage(format!("`{method}` is not a method")))?;
    let told = value(outcome, &method, &explain::absolute(url.trim()), headers).map_err(Failure::Usage)?;
    match format {
        Format::Text => anstream::print!("{}", text(&told)),
        Format::Json => anstream::println!("{told:#}"),
    }
    if member(&told, "route").is_null() { Err(Failure::Shown) } else { Ok(()) }
}

/// The demands for programs; without a `route` where none takes the request.
///
/// # Errors
/// Where the routes cannot be built, which checking them rules out.
pub fn value(outcome: &Outcome, method: &Method, url: &str, headers: &HeaderMap) -> Result<Value, String> {
    let Some(form) = &outcome.form else { return Ok(Value::Null) };
    let explained = explain(outcome, form, method, url, headers)?;
    let mut told = match &explained.taken {
        Ok(taken) => view::route(outcome, taken.route).map_or(Value::Null, |route| demands::value(outcome, &route)),
        Err(error) => {
            let verdict = error.verdict();
            json!({ "route": null, "status": verdict.status.as_u16(), "code": verdict.code, "detail": verdict.detail })
        }
    };
    if let Some(object) = told.as_object_mut() {
        object.insert("request".to_owned(), json!(explained.request));
    }
    Ok(told)
}

/// The demands for people.
pub fn text(told: &Value) -> String {
    let request = plain(member(told, "request"));
    if member(told, "route").is_null() {
        return format!(
            "{request}\n  no route takes it: {} {}: {}\n",
            member(told, "status"),
            plain(member(told, "code")),
            plain(member(told, "detail"))
        );
    }
    format!("{request}\n{}", demands::text(told))
}

fn member<'a>(told: &'a Value, name: &str) -> &'a Value {
    told.get(name).unwrap_or(&Value::Null)
}

fn plain(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
