//! `archway check`: everything that is wrong with the routes files.

use clap::Args;
use serde_json::json;

use super::routes::location;
use super::{Directory, Failure, Format, deployment, explain, who};
use crate::config::build::compiling::Need;
use crate::config::build::{self, Outcome, load};
use crate::config::text::diagnostics::Diagnostic;
use crate::config::text::render;
use crate::config::text::source::Source;

/// Which routes files are checked, and for whom.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    directory: Directory,
    /// Tells what this request must bring, such as 'GET /v1/products', in place of what was found.
    #[arg(long, value_name = "REQUEST")]
    who: Option<String>,
    /// A header field of that request; may be said more than once.
    #[arg(short = 'H', long = "header", value_name = "NAME:VALUE", requires = "who")]
    headers: Vec<String>,
}

/// Checks a directory and says what was found, or what a request must bring.
///
/// # Errors
/// Where there are problems, after they were shown.
pub fn run(arguments: &Arguments, format: Format) -> Result<(), Failure> {
    let outcome = outcome(&arguments.directory, format)?;
    if let Some(request) = &arguments.who {
        return who::run(&outcome, request, &explain::headers(&arguments.headers)?, format);
    }
    let (routes, apis) = outcome.form.as_ref().map_or((0, 0), |form| (form.routes.len(), form.apis.len()));
    match format {
        Format::Text => {
            anstream::println!("all right: {} in {}", count(routes, "route"), count(apis, "API"));
            for need in &outcome.needs {
                let what = if need.secret { "secret" } else { "variable" };
                let place = need.places.first().map(|place| location(&outcome, place)).unwrap_or_default();
                anstream::println!("needs the {what} {}  {place}", need.name);
            }
        }
        Format::Json => {
            let names = |secret| outcome.needs.iter().filter(move |need| need.secret == secret).map(|need| &need.name).collect::<Vec<_>>();
            let places = |need: &Need| need.places.iter().map(|place| location(&outcome, place)).collect::<Vec<_>>();
            let needs: Vec<_> =
                outcome.needs.iter().map(|need| json!({ "name": need.name, "secret": need.secret, "places": places(need) })).collect();
            let value = json!({
                "ok": true, "errors": [], "routes": routes, "apis": apis, "variables": names(false), "secrets": names(true), "needs": needs,
            });
            anstream::println!("{value:#}");
        }
    }
    Ok(())
}

/// Loads and builds a directory; problems are shown.
///
/// # Errors
/// Where there are problems, after they were shown.
pub fn outcome(directory: &Directory, format: Format) -> Result<Outcome, Failure> {
    let deployment = deployment(directory.vars.as_deref())?;
    let sources = match load::directory(&directory.routes) {
        Ok(sources) => sources,
        Err(errors) => return Err(show(&errors, &[], format)),
    };
    let outcome = build::build(sources, deployment.as_ref());
    if outcome.diagnostics.is_empty() { Ok(outcome) } else { Err(show(&outcome.diagnostics, &outcome.sources, format)) }
}

/// Shows problems: text on stderr, JSON on stdout.
fn show(diagnostics: &[Diagnostic], sources: &[Source], format: Format) -> Failure {
    match format {
        Format::Text => {
            anstream::eprint!("{}", render::text(diagnostics, sources));
            anstream::eprintln!("{}", summary(diagnostics));
        }
        Format::Json => anstream::println!("{:#}", json!({ "ok": false, "errors": render::values(diagnostics, sources) })),
    }
    Failure::Shown
}

/// `3 errors in 2 files`.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let mut files: Vec<_> = diagnostics.iter().filter_map(|d| d.place.as_ref().map(|place| place.file)).collect();
    files.sort_unstable();
    files.dedup();
    match files.len() {
        0 => count(diagnostics.len(), "error"),
        files => format!("{} in {}", count(diagnostics.len(), "error"), count(files, "file")),
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
