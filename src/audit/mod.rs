//! How exposed each route is, what it demands of a caller, and what is weak about it.
//!
//! Everything is read from the runtime form and from where it was written: nothing is called, and no secret is looked at.

pub mod demands;
pub mod exposure;
pub mod gateway;
pub mod routes;
pub mod rules;
pub mod view;

use rules::{Rule, Severity};

use crate::config::build::Outcome;
use crate::config::text::source::Place;
use view::RouteView;

/// Something weak.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule that it goes against.
    pub rule: &'static Rule,
    /// How grave it is here.
    pub severity: Severity,
    /// The route's name; `None` where it is the gateway's.
    pub route: Option<String>,
    /// What is weak here.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
}

impl Finding {
    /// A finding about one route.
    pub fn of(rule: &str, route: &RouteView<'_>, place: &Place, message: impl Into<String>) -> Option<Self> {
        let rule = rules::find(rule)?;
        let (route, place) = (Some(route.form.id.clone()), Some(place.clone()));
        Some(Self { rule, severity: rule.severity, route, message: message.into(), place })
    }

    /// A finding about the gateway.
    pub fn at(rule: &str, place: Option<Place>, message: impl Into<String>) -> Option<Self> {
        let rule = rules::find(rule)?;
        Some(Self { rule, severity: rule.severity, route: None, message: message.into(), place })
    }

    /// The same, less or more grave.
    pub fn graded(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }
}

/// A finding that the routes files say to pass over.
#[derive(Debug, Clone)]
pub struct Ignored {
    /// The rule.
    pub rule: &'static Rule,
    /// The route, as a name or the beginning of one before `*`; all of them where absent.
    pub route: Option<String>,
    /// Why.
    pub because: Option<String>,
    /// Where it says so.
    pub place: Place,
}

impl Ignored {
    /// Whether the finding is passed over.
    fn takes(&self, finding: &Finding) -> bool {
        let fits = |pattern: &str, route: &str| match pattern.strip_suffix('*') {
            Some(beginning) => route.starts_with(beginning),
            None => route == pattern,
        };
        let route = match (&self.route, &finding.route) {
            (None, _) => true,
            (Some(pattern), Some(route)) => fits(pattern, route),
            (Some(_), None) => false,
        };
        self.rule.name == finding.rule.name && route
    }
}

/// What came of an audit.
#[derive(Debug)]
pub struct Audit {
    /// What is weak, the gravest first, then in the order of the routes.
    pub findings: Vec<Finding>,
    /// How many findings were passed over.
    pub ignored: usize,
}

/// Looks at everything.
pub fn run(outcome: &Outcome) -> Audit {
    let mut found = gateway::findings(outcome);
    for route in view::routes(outcome) {
        found.extend(routes::findings(&route));
    }
    let (ignored, mut findings): (Vec<Finding>, Vec<Finding>) =
        found.into_iter().partition(|finding| outcome.ignored.iter().any(|entry| entry.takes(finding)));
    let idle = outcome.ignored.iter().filter(|entry| !ignored.iter().any(|finding| entry.takes(finding)));
    findings.extend(idle.filter_map(|entry| {
        let message = format!("`{}` is passed over here, and nothing is found by it", entry.rule.name);
        Finding::at("idle-ignore", Some(entry.place.clone()), message)
    }));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Audit { findings, ignored: ignored.len() }
}
