//! `any_of` and `all_of`: the names in them looked up, and what cannot be combined told.

use std::collections::{BTreeSet, HashMap};

use super::files::Written;
use super::policies::{Combined, NamedPart, PolicyEntry, Use};
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::names::{list, nearest};
use crate::config::text::source::Place;
use crate::config::values::Rate;
use crate::policies::nested::NestedConfig;
use crate::policies::{FACTS, Mode, OnError, PolicyConfig};

/// Gives every policy that combines others its configuration, as far as everything in it is right.
pub fn resolve<'a>(written: &mut Written<'a>, diagnostics: &mut Diagnostics) {
    let mut found: HashMap<usize, Resolved<'a>> = HashMap::new();
    let mut pass = Pass { written, diagnostics, open: Vec::new() };
    for (entry, api) in entries(written) {
        if let Some(resolved) = pass.resolve(entry, api) {
            found.insert(address(entry), resolved);
        }
    }
    for entry in entries_mut(written) {
        let (Some(resolved), Some(combined)) = (found.remove(&address(entry)), &mut entry.combined) else { continue };
        combined.named = resolved.named;
        if !entry.beside.iter().any(|(key, _)| *key == "failures") {
            entry.failures = resolved.failures;
        }
        entry.config = Some(resolved.config);
    }
}

/// Tells an entry from every other one, as long as none is moved.
fn address(entry: &PolicyEntry<'_>) -> usize {
    std::ptr::from_ref(entry).addr()
}

/// Every policy that has a name or is written out in a list of policies, with the API that it stands in.
fn entries<'w, 'a>(written: &'w Written<'a>) -> Vec<(&'w PolicyEntry<'a>, Option<usize>)> {
    let mut entries: Vec<(&PolicyEntry<'a>, Option<usize>)> = Vec::new();
    let scopes =
        std::iter::once((&written.shared, None)).chain(written.apis.iter().enumerate().map(|(index, api)| (&api.scope, Some(index))));
    for (scope, api) in scopes {
        entries.extend(scope.policies.values().map(|entry| (entry, api)));
        entries.extend(inline(&scope.uses).map(|entry| (entry, api)));
    }
    for (index, api) in written.apis.iter().enumerate() {
        entries.extend(api.routes.iter().flat_map(|route| inline(&route.uses)).map(|entry| (entry, Some(index))));
    }
    entries
}

fn inline<'w, 'a>(uses: &'w [Use<'a>]) -> impl Iterator<Item = &'w PolicyEntry<'a>> {
    uses.iter().filter_map(|item| match item {
        Use::Inline(entry) => Some(&**entry),
        Use::Named(..) => None,
    })
}

fn entries_mut<'w, 'a>(written: &'w mut Written<'a>) -> Vec<&'w mut PolicyEntry<'a>> {
    fn inline<'w, 'a>(uses: &'w mut [Use<'a>]) -> impl Iterator<Item = &'w mut PolicyEntry<'a>> {
        uses.iter_mut().filter_map(|item| match item {
            Use::Inline(entry) => Some(&mut **entry),
            Use::Named(..) => None,
        })
    }
    let mut entries: Vec<&mut PolicyEntry<'a>> = Vec::new();
    entries.extend(written.shared.policies.values_mut());
    entries.extend(inline(&mut written.shared.uses));
    for api in &mut written.apis {
        entries.extend(api.scope.policies.values_mut());
        entries.extend(inline(&mut api.scope.uses));
        entries.extend(api.routes.iter_mut().flat_map(|route| inline(&mut route.uses)));
    }
    entries
}

/// A policy that combines others, with everything that it needs.
struct Resolved<'a> {
    config: PolicyConfig,
    named: Vec<NamedPart<'a>>,
    /// The strictest rate of its parts.
    failures: Option<Rate>,
}

struct Pass<'w, 'a, 'd> {
    written: &'w Written<'a>,
    diagnostics: &'d mut Diagnostics,
    /// The policies that are being resolved, each within the one before.
    open: Vec<usize>,
}

impl<'w, 'a> Pass<'w, 'a, '_> {
    /// `None` where it combines nothing, or something in it is wrong.
    fn resolve(&mut self, entry: &'w PolicyEntry<'a>, api: Option<usize>) -> Option<Resolved<'a>> {
        let combined = entry.combined.as_ref()?;
        self.open.push(address(entry));
        let kind = entry.facts.map_or("", |facts| facts.name);
        let mut named = Vec::new();
        let mut failures = None;
        let mut parts = Vec::with_capacity(combined.uses.len());
        for (index, item) in combined.uses.iter().enumerate() {
            self.fits(kind, combined, index);
            parts.push(self.part(&format!("policies.{index}"), item, api, &mut named, &mut failures));
        }
        self.open.pop();
        let parts: Option<Vec<NestedConfig>> = parts.into_iter().collect();
        let mut config = combined.shell.clone()?;
        config.combine(parts?);
        Some(Resolved { config, named, failures })
    }

    fn part(
        &mut self,
        path: &str,
        item: &'w Use<'a>,
        api: Option<usize>,
        named: &mut Vec<NamedPart<'a>>,
        failures: &mut Option<Rate>,
    ) -> Option<NestedConfig> {
        let (id, entry, api, place) = match item {
            Use::Inline(entry) => (None, &**entry, api, &entry.place),
            Use::Named(name, place) => {
                let (id, entry, api) = self.look_up(name, place, api)?;
                (Some(id), entry, api, place)
            }
        };
        let facts = entry.facts?;
        let path = format!("{path}.{}", facts.name);
        if !facts.identity {
            let identities: Vec<&str> = FACTS.iter().filter(|facts| facts.identity).map(|facts| facts.name).collect();
            let message = format!("`{}` does not say who is calling", facts.name);
            let wrong = Diagnostic::new(Code::WrongValue, place.clone(), message).label("not an identity policy");
            self.diagnostics.push(wrong.help(format!("expected {}", list(&identities))));
            return None;
        }
        if self.acts_by_itself(entry, place, id.is_some()) {
            return None;
        }
        if id.is_some() {
            named.push(NamedPart { path: path.clone(), place: entry.place.clone(), node: entry.node });
        }
        if self.open.contains(&address(entry)) {
            let circle = Diagnostic::new(Code::Circle, place.clone(), "this policy would combine itself");
            self.diagnostics.push(circle.related(entry.place.clone(), "which has this one in it"));
            return None;
        }
        let policy = match &entry.combined {
            None => entry.config.clone()?,
            Some(_) => {
                let Resolved { config, named: inner, failures: strictest } = self.resolve(entry, api)?;
                if config.lets_anyone_in() {
                    let message = "`anonymous` stands last in the outermost `any_of`, not in a policy within it";
                    self.diagnostics.push(Diagnostic::new(Code::ChainOrder, place.clone(), message).label("has `anonymous` in it"));
                    return None;
                }
                *failures = stricter(*failures, strictest);
                named.extend(inner.into_iter().map(|part| NamedPart { path: format!("{path}.{}", part.path), ..part }));
                config
            }
        };
        *failures = stricter(*failures, entry.failures);
        Some(NestedConfig { id, policy })
    }

    /// Reports what a part says of how it acts: that is said of the whole.
    fn acts_by_itself(&mut self, entry: &PolicyEntry<'a>, place: &Place, named: bool) -> bool {
        for (key, said) in &entry.beside {
            let default = match *key {
                "mode" => entry.mode == Mode::Enforce,
                "on_error" => entry.on_error == OnError::Deny,
                "failures" => true,
                _ => false,
            };
            if default {
                continue;
            }
            let message = format!("`{key}` is said of the whole, not of a policy in it");
            let wrong = Diagnostic::new(Code::Conflict, if named { place.clone() } else { said.clone() }, message);
            self.diagnostics.push(if named { wrong.related(said.clone(), "said here") } else { wrong });
            return true;
        }
        false
    }

    /// Reports a part that stands where it cannot work: twice, or where it lets in whom the others would ask.
    fn fits(&mut self, kind: &str, combined: &Combined<'a>, index: usize) {
        let Some(item) = combined.uses.get(index) else { return };
        if let Use::Named(name, place) = item {
            let same = combined.uses.iter().take(index).find_map(|other| match other {
                Use::Named(earlier, place) if earlier == name => Some(place),
                _ => None,
            });
            if let Some(first) = same {
                let twice = Diagnostic::new(Code::Conflict, place.clone(), format!("`{name}` stands in it twice"));
                self.diagnostics.push(twice.related(first.clone(), "already here"));
            }
        }
        let place = self.anonymous(item);
        let message = match (kind, place.is_some()) {
            ("all_of", true) => "`anonymous` proves nothing, so it is no part of `all_of`",
            (_, true) if index + 1 < combined.uses.len() => "`anonymous` lets everyone in, so nothing behind it would be asked",
            _ => return,
        };
        if let Some(place) = place {
            self.diagnostics.push(Diagnostic::new(Code::ChainOrder, place, message).help("put it last in `any_of`"));
        }
    }

    /// Where a part that is `anonymous` stands, or is used.
    fn anonymous(&self, item: &Use<'a>) -> Option<Place> {
        match item {
            Use::Inline(entry) => entry.facts.filter(|facts| facts.name == "anonymous").map(|_| entry.place.clone()),
            Use::Named(name, place) => {
                let scopes = std::iter::once(&self.written.shared).chain(self.written.apis.iter().map(|api| &api.scope));
                let mut named = scopes.filter_map(|scope| scope.policies.get(name));
                named.any(|entry| entry.facts.is_some_and(|facts| facts.name == "anonymous")).then(|| place.clone())
            }
        }
    }

    /// The policy that a name leads to from an API, or from gateway.toml: its instance, itself, and where it stands.
    fn look_up(&mut self, name: &str, place: &Place, api: Option<usize>) -> Option<(String, &'w PolicyEntry<'a>, Option<usize>)> {
        let written = self.written;
        let own = api.and_then(|index| written.apis.get(index)).map(|api| &api.scope);
        if let Some((scope, entry)) = own.and_then(|scope| Some((scope, scope.policies.get(name)?))) {
            return Some((format!("{}.{name}", scope.name), entry, api));
        }
        if let Some(entry) = written.shared.policies.get(name) {
            return Some((format!("gateway.{name}"), entry, None));
        }
        let known = own.into_iter().flat_map(|scope| scope.policies.keys()).chain(written.shared.policies.keys());
        self.diagnostics.push(unknown(name, place, known.copied()));
        None
    }
}

/// The rate that lets fewer pass in the long run.
fn stricter(one: Option<Rate>, other: Option<Rate>) -> Option<Rate> {
    let (Some(a), Some(b)) = (one, other) else { return one.or(other) };
    let per_ms = |rate: &Rate, other: &Rate| u128::from(rate.quota) * u128::from(other.per.ms());
    Some(if per_ms(&a, &b) <= per_ms(&b, &a) { a } else { b })
}

/// The error for the name of a policy that nothing has.
pub fn unknown<'k>(name: &str, place: &Place, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let known: Vec<&str> = known.collect::<BTreeSet<&str>>().into_iter().collect();
    let unknown = Diagnostic::new(Code::UnknownName, place.clone(), format!("there is no policy called `{name}`"));
    let unknown = unknown.suggest(nearest(name, known.iter().copied()));
    let kind = FACTS.iter().any(|facts| facts.name == name);
    let unknown = match kind {
        true => unknown.help(format!("`{name}` is a kind: write `{{ {name} = {{ ... }} }}`, or give one a name in `[policies]`")),
        false => unknown,
    };
    match known.is_empty() {
        true if kind => unknown,
        true => unknown.help("no policy has a name; `[policies]` in this file or in gateway.toml gives them"),
        false => unknown.help(format!("expected {}", list(&known))),
    }
}
