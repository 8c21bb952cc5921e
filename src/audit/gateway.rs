//! What is weak about the gateway as a whole.

use super::Finding;
use crate::config::build::Outcome;
use crate::config::build::load::GATEWAY;
use crate::config::runtime::EncodedSlash;
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
            setting(outcome, "trusted_proxies"),
            format!("`trusted_proxies` of gateway.toml has {proxy}"),
        ));
    }
    if form.settings.encoded_slash == EncodedSlash::Keep {
        found.push(Finding::at("encoded-slashes", setting(outcome, "encoded_slash"), "`encoded_slash` of gateway.toml is `keep`"));
    }
    for consumer in form.consumers.iter().filter(|consumer| !consumer.disabled) {
        for key in consumer.keys.iter().filter(|key| !key.term.disabled) {
            let message = match (key.term.not_before, key.term.expires) {
                (_, None) => format!("the key {} of {} never ends", key.id, consumer.name),
                (Some(begin), Some(end)) if end.ms().saturating_sub(begin.ms()) > LONG_TERM_MS => {
                    format!("the key {} of {} holds for more than a year", key.id, consumer.name)
                }
                _ => continue,
            };
            found.push(Finding::at("long-lived-key", written(outcome, &key.id), message));
        }
    }
    found.into_iter().flatten().collect()
}

/// Where gateway.toml has this key first.
fn setting(outcome: &Outcome, key: &str) -> Option<Place> {
    let (file, source) = outcome.sources.iter().enumerate().find(|(_, source)| source.name.ends_with(GATEWAY))?;
    let start = source.text.find(key)?;
    Some(Place::new(file, &(start..start + key.len())))
}

/// Where a consumers file has this id.
fn written(outcome: &Outcome, id: &str) -> Option<Place> {
    let sources = outcome.sources.iter().enumerate().filter(|(_, source)| source.of_consumer);
    let mut found = sources.filter_map(|(file, source)| {
        let start = source.text.find(&format!("\"{id}\""))?;
        Some(Place::new(file, &(start..start + id.len() + 2)))
    });
    found.next()
}
