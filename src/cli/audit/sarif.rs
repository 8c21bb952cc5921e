//! The findings of an audit as SARIF 2.1.0 (OASIS), which code hosts show beside the lines.

use serde_json::{Value, json};

use crate::audit::rules::{RULES, Severity};
use crate::audit::{Audit, Finding};
use crate::config::build::Outcome;

/// One run with every rule and every finding.
pub fn value(outcome: &Outcome, audit: &Audit) -> Value {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({ "id": rule.name, "shortDescription": { "text": rule.about }, "defaultConfiguration": { "level": level(rule.severity) } })
        })
        .collect();
    let results: Vec<Value> = audit.findings.iter().map(|finding| result(outcome, finding)).collect();
    let driver = json!({ "name": "archway audit", "version": env!("CARGO_PKG_VERSION"), "rules": rules });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    })
}

fn result(outcome: &Outcome, finding: &Finding) -> Value {
    let route = finding.route.as_ref().map(|route| format!("{route}: ")).unwrap_or_default();
    let location = finding.place.as_ref().and_then(|place| {
        let source = outcome.sources.get(place.file)?;
        let start = source.position(place.start);
        Some(json!({ "physicalLocation": {
            "artifactLocation": { "uri": source.name.replace('\\', "/") },
            "region": { "startLine": start.line, "startColumn": start.column },
        } }))
    });
    json!({
        "ruleId": finding.rule.name, "level": level(finding.severity), "message": { "text": format!("{route}{}", finding.message) },
        "locations": location.into_iter().collect::<Vec<_>>(),
    })
}

/// SARIF's words.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}
