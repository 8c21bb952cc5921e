//! From a directory of routes files to the runtime form, or to everything that is wrong with them.

pub mod chain;
pub mod compiling;
pub mod conflicts;
pub mod consumers;
pub mod environment;
pub mod files;
pub mod follow_ups;
pub mod instances;
pub mod later;
pub mod load;
pub mod matching;
pub mod nesting;
pub mod origins;
pub mod own_paths;
pub mod plan;
pub mod policies;
pub mod routes;
pub mod schemas;
pub mod settings;
pub mod written;

use super::runtime::GatewayForm;
use super::text::diagnostics::{Diagnostic, Diagnostics};
use super::text::document;
use super::text::source::Source;
use super::text::within;
use crate::audit::Ignored;
use compiling::Need;
use environment::Deployment;
use plan::{Definition, RoutePlan};

/// What came of a directory.
#[derive(Debug)]
pub struct Outcome {
    /// The files, in the order of their names, gateway.toml first.
    pub sources: Vec<Source>,
    /// Everything that is wrong, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
    /// The runtime form, where nothing is wrong.
    pub form: Option<GatewayForm>,
    /// Where each route and each of its policies was written; in the order of the form's routes.
    pub plans: Vec<RoutePlan>,
    /// Where each policy of the form was written.
    pub policies: Vec<Definition>,
    /// Where each origin of the form was written.
    pub origins: Vec<Definition>,
    /// Variables and secrets that the deployment must have, with the places that need them.
    pub needs: Vec<Need>,
    /// Findings of the audit that are passed over.
    pub ignored: Vec<Ignored>,
}

/// Checks sources and builds the runtime form. With a `deployment`, its variables and secrets are used and must be there;
/// without one, they are only listed.
pub fn build(sources: Vec<Source>, deployment: Option<&Deployment>) -> Outcome {
    let mut diagnostics = Diagnostics::default();
    let empty = || document::Node { span: 0..0, value: document::Value::Table(Vec::new()) };
    let trees: Vec<_> = sources
        .iter()
        .enumerate()
        .map(|(file, source)| if source.is_routes() { document::parse(file, source, &mut diagnostics) } else { empty() })
        .collect();
    let mut written = files::gather(&sources, &trees, &mut diagnostics);
    nesting::resolve(&mut written, &mut diagnostics);
    let consumers = consumers::gather(&sources, &trees, &mut diagnostics);
    let assembled = routes::assemble(&sources, &written, consumers, deployment, &mut diagnostics);
    conflicts::report(&assembled, &mut diagnostics);
    let routes::Assembled { form, plans, needs, policies, origins } = assembled;
    let ignored = written.ignored.clone();
    let form = diagnostics.is_empty().then_some(form);
    let mut diagnostics = follow_ups::without(diagnostics.into_sorted(), &sources);
    within::place(&mut diagnostics, &sources);
    Outcome { sources, diagnostics, form, plans, policies, origins, needs, ignored }
}
