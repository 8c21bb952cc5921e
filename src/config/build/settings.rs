//! Settings of the gateway: what gateway.toml says over the defaults.

use super::written::{IgnoreEntry, WrittenGateway, WrittenIgnore};
use crate::audit::{Ignored, rules};
use crate::auth::rights::Roles;
use crate::config::runtime::{LimitsForm, Settings};
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::document::Node;
use crate::config::text::names::{list, nearest};
use crate::config::text::source::Place;
use crate::http::HeaderName;

/// Fills the written settings in over the defaults; names of header fields and proxies are checked.
pub fn settle(file: usize, node: &Node, written: WrittenGateway, diagnostics: &mut Diagnostics) -> Settings {
    let mut settings = Settings::default();
    if let Some(name) = written.name {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)) {
            let place = Place::new(file, &node.descend("name").span);
            let message = format!("`{name}` cannot stand in `Via` and `Forwarded`");
            diagnostics.push(Diagnostic::new(Code::WrongValue, place, message).help("expected letters, digits, `-`, `_`, `.` and `~`"));
        }
        settings.name = name;
    }
    settings.encoded_slash = written.encoded_slash.unwrap_or_default();
    settings.method_override = written.method_override.unwrap_or_default();
    let (limits, defaults) = (written.limits, settings.limits);
    settings.limits = LimitsForm {
        target: limits.target.unwrap_or(defaults.target),
        query_parameters: limits.query_parameters.unwrap_or(defaults.query_parameters),
        headers: limits.headers.unwrap_or(defaults.headers),
        header: limits.header.unwrap_or(defaults.header),
        header_count: limits.header_count.unwrap_or(defaults.header_count),
        body: limits.body.unwrap_or(defaults.body),
        body_time: limits.body_time.unwrap_or(defaults.body_time),
        body_rate: limits.body_rate.unwrap_or(defaults.body_rate),
    };
    settings.record.sample = written.record.sample.unwrap_or(settings.record.sample);
    for (key, names, into) in [
        ("headers", written.record.headers, &mut settings.record.headers),
        ("redact_headers", written.record.redact_headers, &mut settings.record.redact_headers),
    ] {
        for (index, name) in names.iter().enumerate() {
            match HeaderName::try_from(name) {
                Ok(name) => add(into, name.as_str()),
                Err(_) => {
                    let place = Place::new(file, &node.descend(&format!("record.{key}.{index}")).span);
                    diagnostics.push(Diagnostic::new(Code::WrongValue, place, format!("`{name}` is not a header field's name")));
                }
            }
        }
    }
    for name in &written.record.redact_query {
        add(&mut settings.record.redact_query, name);
    }
    for (index, proxy) in written.client.trusted_proxies.into_iter().enumerate() {
        match proxy.parse::<crate::http::address::Cidr>() {
            Ok(network) => settings.client.trusted_proxies.push(network),
            Err(message) => {
                let place = Place::new(file, &node.descend(&format!("client.trusted_proxies.{index}")).span);
                diagnostics.push(Diagnostic::new(Code::WrongValue, place, message.to_string()));
            }
        }
    }
    match Roles::of(&written.roles) {
        Ok(roles) => settings.roles = roles,
        Err(circle) => {
            let first = circle.first().map(String::as_str).unwrap_or_default();
            let place = Place::new(file, &node.descend("roles").descend(first).span);
            let message = format!("roles imply one another in a circle: {}", circle.join(", "));
            diagnostics.push(Diagnostic::new(Code::Circle, place, message).help("take one of these away"));
        }
    }
    settings
}

/// Reads the ignore list of the audit; a rule that is none is reported.
pub fn ignored(file: usize, node: &Node, ignore: Vec<WrittenIgnore>, diagnostics: &mut Diagnostics) -> Vec<Ignored> {
    let mut ignored = Vec::new();
    for (index, item) in ignore.into_iter().enumerate() {
        let (field, entry) = match item {
            WrittenIgnore::Rule(rule) => ("", IgnoreEntry { rule, route: None, because: None }),
            WrittenIgnore::Entry(entry) => (".rule", entry),
        };
        let place = Place::new(file, &node.descend(&format!("audit.ignore.{index}{field}")).span);
        match rules::find(&entry.rule) {
            Some(rule) => ignored.push(Ignored { rule, route: entry.route, because: entry.because, place }),
            None => {
                let names: Vec<&str> = rules::RULES.iter().map(|rule| rule.name).collect();
                let unknown = Diagnostic::new(Code::UnknownName, place, format!("the audit has no rule `{}`", entry.rule));
                diagnostics.push(unknown.suggest(nearest(&entry.rule, names.iter().copied())).help(format!("expected {}", list(&names))));
            }
        }
    }
    ignored
}

fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}
