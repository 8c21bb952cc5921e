//! Where everything in the runtime form was written, so that it can be explained.

use super::chain::Link;
use super::instances::{Compilable, Instance};
use crate::config::text::document::{Node, Value};
use crate::config::text::source::{Place, Source};

/// Where a route of the form was written.
#[derive(Debug, Clone)]
pub struct RoutePlan {
    /// Where it says what it matches.
    pub place: Place,
    /// Whether it says that it is public.
    pub public: bool,
    /// Where its origin is used.
    pub origin: Place,
    /// Its policies, in the order of the chain.
    pub links: Vec<Link>,
}

/// Where a policy or origin of the form was written.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its kind or name.
    pub place: Place,
    /// Each of its settings: the dotted name, the value as it is written, and where.
    pub settings: Vec<(String, String, Place)>,
}

impl Definition {
    /// What the sources say of an instance.
    pub fn of(instance: &Instance<'_, impl Compilable>, sources: &[Source]) -> Self {
        let (place, node) = (instance.entry.place().clone(), instance.entry.node());
        let mut settings = Vec::new();
        if let Some(source) = sources.get(place.file) {
            if let Some((name, node)) = instance.entry.outside() {
                flatten(place.file, source, node, name, &mut settings);
            }
            let path = if instance.entry.combines() && matches!(node.value, Value::Array(_)) { "policies" } else { "" };
            flatten(place.file, source, node, path, &mut settings);
        }
        for (path, place, node) in instance.entry.elsewhere() {
            if let Some(source) = sources.get(place.file) {
                flatten(place.file, source, node, path, &mut settings);
            }
        }
        Self { place, settings }
    }
}

/// Tables key by key; everything else as it is written, on one line.
fn flatten(file: usize, source: &Source, node: &Node, path: &str, settings: &mut Vec<(String, String, Place)>) {
    match &node.value {
        Value::Table(entries) if !entries.is_empty() => {
            for entry in entries {
                let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                flatten(file, source, &entry.node, &path, settings);
            }
        }
        Value::Array(elements) if elements.iter().any(|element| !element.entries().is_empty()) => {
            for (index, element) in elements.iter().enumerate() {
                flatten(file, source, element, &format!("{path}.{index}"), settings);
            }
        }
        _ => {
            let written = source.slice(node.span.start, node.span.end);
            let text = written.split_whitespace().collect::<Vec<_>>().join(" ");
            settings.push((path.to_owned(), text, Place::new(file, &node.span)));
        }
    }
}
