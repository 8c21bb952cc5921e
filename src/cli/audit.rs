//! `archway audit`: who can reach each route, and what is weak.

use std::fmt::Write as _;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::routes::{aligned, location};
use super::{Directory, Failure, Format, check};
use crate::audit::exposure::Exposure;
use crate::audit::rules::{RULES, Severity};
use crate::audit::{self, Audit, Finding, view};
use crate::config::build::Outcome;

mod sarif;

/// Which routes files are audited, and what is a failure.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    directory: Directory,
    /// The least grave finding for which the exit code is 1.
    #[arg(long, value_enum, default_value_t = FailOn::High)]
    fail_on: FailOn,
    /// Writes the findings to this file too, as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Lists every rule in place of an audit.
    #[arg(long)]
    rules: bool,
}

/// For which findings the exit code is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any at all.
    Info,
    /// Low and graver ones.
    Low,
    /// Medium and graver ones.
    Medium,
    /// The gravest.
    High,
    /// None.
    None,
}

impl FailOn {
    fn takes(self, severity: Severity) -> bool {
        match self {
            Self::Info => true,
            Self::Low => severity >= Severity::Low,
            Self::Medium => severity >= Severity::Medium,
            Self::High => severity >= Severity::High,
            Self::None => false,
        }
    }
}

/// Audits a directory.
///
/// # Errors
/// Where the routes files have problems, a finding is grave enough, or a file cannot be written.
pub fn run(arguments: &Arguments, format: Format) -> Result<(), Failure> {
    if arguments.rules {
        return rules(format);
    }
    let outcome = check::outcome(&arguments.directory, format)?;
    let audit = audit::run(&outcome);
    match format {
        Format::Text => anstream::print!("{}", text(&outcome, &audit)),
        Format::Json => anstream::println!("{:#}", value(&outcome, &audit)),
    }
    if let Some(file) = &arguments.sarif {
        let text = format!("{:#}\n", sarif::value(&outcome, &audit));
        std::fs::write(file, text).map_err(|error| Failure::Usage(format!("`{}` cannot be written: {error}", file.display())))?;
    }
    let failed = audit.findings.iter().any(|finding| arguments.fail_on.takes(finding.severity));
    if failed { Err(Failure::Shown) } else { Ok(()) }
}

fn rules(format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => {
            let rows: Vec<[String; 3]> =
                RULES.iter().map(|rule| [rule.severity.name(), rule.name, rule.about].map(str::to_owned)).collect();
            anstream::print!("{}", aligned(&rows));
        }
        Format::Json => {
            let rules = RULES.iter().map(|rule| json!({ "rule": rule.name, "severity": rule.severity, "about": rule.about }));
            anstream::println!("{:#}", rules.collect::<Value>());
        }
    }
    Ok(())
}

/// The audit for people.
pub fn text(outcome: &Outcome, audit: &Audit) -> String {
    const BOLD: Style = Style::new().bold();
    let routes = view::routes(outcome);
    let mut out = String::new();
    for exposure in Exposure::ALL {
        let rows: Vec<[String; 4]> = routes
            .iter()
            .filter(|route| Exposure::of(route) == exposure)
            .map(|route| {
                let or_any = |words: &[String]| if words.is_empty() { "*".to_owned() } else { words.join(",") };
                let at = location(outcome, &route.plan.place);
                [format!("  {}", or_any(&route.form.methods)), route.form.path.clone(), or_any(&route.form.hosts), at]
            })
            .collect();
        if !rows.is_empty() {
            let _ = writeln!(out, "{BOLD}{}{BOLD:#}\n{}", exposure.words(), aligned(&rows));
        }
    }
    let _ = writeln!(out, "{BOLD}findings{BOLD:#}");
    for rule in RULES {
        let mut found = audit.findings.iter().filter(|finding| finding.rule == rule).peekable();
        let Some(first) = found.peek() else { continue };
        let style = style(first.severity);
        let _ = writeln!(out, "  {style}{}{style:#}  {BOLD}{}{BOLD:#}  {}", first.severity.name(), rule.name, rule.about);
        let found: Vec<&Finding> = found.collect();
        let same = |a: &Finding, b: &Finding| a.place == b.place && a.message == b.message;
        for (index, finding) in found.iter().enumerate() {
            if found.iter().take(index).any(|earlier| same(earlier, finding)) {
                continue;
            }
            let graded = if finding.severity == rule.severity { String::new() } else { format!(" ({})", finding.severity.name()) };
            let more = match found.iter().skip(index + 1).filter(|later| same(later, finding)).count() {
                0 => String::new(),
                1 => "; 1 more route".to_owned(),
                more => format!("; {more} more routes"),
            };
            let _ = writeln!(out, "    {}{graded}{more}", line(outcome, finding));
        }
    }
    let _ = writeln!(out, "{}", summary(audit));
    out
}

/// `api: GET /a: what is weak  file:line`.
fn line(outcome: &Outcome, finding: &Finding) -> String {
    let route = finding.route.as_ref().map(|route| format!("{route}: ")).unwrap_or_default();
    let at = finding.place.as_ref().map(|place| format!("  {}", location(outcome, place))).unwrap_or_default();
    format!("{route}{}{at}", finding.message)
}

fn style(severity: Severity) -> Style {
    let color = match severity {
        Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low => AnsiColor::Cyan,
        Severity::Info => return Style::new(),
    };
    Style::new().fg_color(Some(color.into())).bold()
}

/// `1 high, 2 medium, 0 low, 3 info; 1 passed over`.
fn summary(audit: &Audit) -> String {
    let count = |severity| audit.findings.iter().filter(|finding| finding.severity == severity).count();
    let counts = [Severity::High, Severity::Medium, Severity::Low, Severity::Info]
        .map(|severity| format!("{} {}", count(severity), severity.name()));
    format!("{}; {} passed over", counts.join(", "), audit.ignored)
}

/// The audit for programs.
pub fn value(outcome: &Outcome, audit: &Audit) -> Value {
    let routes: Vec<Value> = view::routes(outcome)
        .iter()
        .map(|route| json!({ "route": route.form.id, "exposure": Exposure::of(route), "written": location(outcome, &route.plan.place) }))
        .collect();
    let findings: Vec<Value> = audit
        .findings
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule.name, "severity": finding.severity, "route": finding.route, "message": finding.message,
                "about": finding.rule.about, "written": finding.place.as_ref().map(|place| location(outcome, place)),
            })
        })
        .collect();
    json!({ "routes": routes, "findings": findings, "ignored": audit.ignored })
}
