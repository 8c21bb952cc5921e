//! What is weak about the gateway as a whole.

use std::cell::LazyCell;
use std::collections::HashMap;

use super::Finding;
use crate::config::build::Outcome;
use crate::config::build::load::GATEWAY;
use crate::config::runtime::EncodedSlash;
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::document;
use crate::config::text::source::Place;

/// A key that holds for longer is told, in milliseconds.
const LONG_TERM_MS: u64 = 400 * 86_400_000;

/// What is weak about the settings that all routes share.
pub fn findings(outcome: &Outcome) -> Vec<Finding> {
    let Some(form) = &outcome.form else { return Vec::new() };
    let mut found = Vec::new();
    for proxy in form.settings.client.trusted_proxies.iter().filter(|proxy| proxy.to_string().ends_with("/0")) {
        found.push(Finding::at(
            "trusts-everyone",
            setting(outcome, &["client", "trusted_proxies"]),
            format!("`trusted_proxies` of gateway.toml has {proxy}"),
        ));
    }
    if form.settings.encoded_slash == EncodedSlash::Keep {
        found.push(Finding::at("encoded-slashes", setting(outcome, &["encoded_slash"]), "`encoded_slash` of gateway.toml is `keep`"));
    }
    let places = LazyCell::new(|| keys(outcome));
    for consumer in form.consumers.iter().filter(|consumer| !consumer.disabled) {
        for key in consumer.keys.iter().filter(|key| !key.term.disabled) {
            let message = match (key.term.not_before, key.term.expires) {
                (_, None) => format!("the key {} of {} never ends", key.id, consumer.name),
                (Some(begin), Some(end)) if end.ms().saturating_sub(begin.ms()) > LONG_TERM_MS => {
                    format!("the key {} of {} holds for more than a year", key.id, consumer.name)
                }
                _ => continue,
            };
            found.push(Finding::at("long-lived-key", places.get(&key.id).cloned(), message));
        }
    }
    found.into_iter().flatten().collect()
}

/// Where `[gateway]` has a setting, by the keys that lead to it.
fn setting(outcome: &Outcome, path: &[&str]) -> Option<Place> {
    let (file, source) = outcome.sources.iter().enumerate().find(|(_, source)| source.name.ends_with(GATEWAY))?;
    let tree = document::parse(file, source, &mut Diagnostics::default());
    let (last, before) = path.split_last()?;
    let table = before.iter().try_fold(&tree.entry("gateway")?.node, |node, key| Some(&node.entry(key)?.node))?;
    Some(Place::new(file, &table.entry(last)?.key_span))
}

/// Where the consumers files have each key, by its id.
fn keys(outcome: &Outcome) -> HashMap<String, Place> {
    let mut places = HashMap::new();
    for (file, source) in outcome.sources.iter().enumerate().filter(|(_, source)| source.of_consumer) {
        let tree = document::parse(file, source, &mut Diagnostics::default());
        let keys = tree.entry("keys").map_or(&[][..], |entry| entry.node.elements());
        let ids = keys.iter().filter_map(|key| key.entry("id")).filter_map(|id| Some((id.node.text()?, &id.node.span)));
        places.extend(ids.map(|(id, span)| (id.to_owned(), Place::new(file, span))));
    }
    places
}
