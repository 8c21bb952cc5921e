//! Routes that contradict each other: errors of the routes files.
//!
//! A more general path never comes before a more special one ([`super::precedence`]), so only routes of one pattern, on one host, for
//! one method, with conditions on the same names can hide each other. They are grouped by that first; nothing is compared across groups.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use regex_lite::Regex;

use super::host::HostPattern;
use super::pattern::Pattern;
use crate::config::runtime::{ConditionForm, EncodedSlash, RouteForm, TestForm};

/// Two or more routes that contradict each other. Routes are indices into what was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// Both routes claim the same requests under the same conditions; only their order would tell them apart.
    Ambiguous {
        /// The later one.
        route: usize,
        /// The earlier one.
        earlier: usize,
        /// The method both take; `None` where both take every method.
        method: Option<String>,
        /// The host both are for, as the later one has it; `None` where both are for every host.
        host: Option<String>,
    },
    /// Routes that come before this one take every request that it could take.
    Unreachable {
        /// The one that never runs.
        route: usize,
        /// Those that hide it.
        hidden_by: Vec<usize>,
    },
}

/// Every contradiction among routes, in the order of the later route. What cannot be parsed is left out here.
pub fn conflicts(routes: &[RouteForm], encoded_slash: EncodedSlash) -> Vec<Conflict> {
    let mut patterns: HashMap<String, usize> = HashMap::new();
    let mut claims: HashMap<Claim<'_>, Claimants> = HashMap::new();
    let mut expressions = HashMap::new();
    let mut found = Vec::new();
    for (route, form) in routes.iter().enumerate() {
        let Ok(pattern) = Pattern::parse(&form.path, encoded_slash) else { continue };
        let next = patterns.len();
        let pattern = *patterns.entry(pattern.canonical()).or_insert(next);
        let conditions = Conditions::of(form);
        let mut same = BTreeSet::new();
        let mut hidden_by = BTreeSet::new();
        let mut hidden = true;
        for (host, method) in scope(form) {
            let Ok(named) = host.map(HostPattern::parse).transpose() else { continue };
            let claim = Claim { pattern, host: named, method, names: (names(&form.headers), names(&form.query)) };
            let claimants = claims.entry(claim).or_default();
            if let Some(earlier) = claimants.same.get(&conditions).copied() {
                if same.insert(earlier) {
                    let (method, host) = (method.map(str::to_owned), host.map(str::to_owned));
                    found.push(Conflict::Ambiguous { route, earlier, method, host });
                }
                continue;
            }
            let looser = claimants.loose.iter().find(|(_, other)| other.allow(&conditions, &mut expressions));
            hidden &= looser.is_some();
            hidden_by.extend(looser.map(|(route, _)| *route));
            if conditions.are_loose() {
                claimants.loose.push((route, conditions.clone()));
            }
            claimants.same.insert(conditions.clone(), route);
        }
        if hidden && same.is_empty() && !hidden_by.is_empty() {
            found.push(Conflict::Unreachable { route, hidden_by: hidden_by.into_iter().collect() });
        }
    }
    found
}

/// What two routes must share before one can hide the other.
#[derive(PartialEq, Eq, Hash)]
struct Claim<'a> {
    pattern: usize,
    host: Option<HostPattern>,
    method: Option<&'a str>,
    names: (BTreeSet<&'a str>, BTreeSet<&'a str>),
}

/// The routes with one claim.
#[derive(Default)]
struct Claimants {
    same: HashMap<Conditions, usize>,
    loose: Vec<(usize, Conditions)>,
}

/// Conditions by name: those on header fields, those on the query.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Conditions([BTreeMap<String, Condition>; 2]);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Condition {
    Exact(String),
    Present(bool),
    Regex(String),
}

fn names(conditions: &[ConditionForm]) -> BTreeSet<&str> {
    conditions.iter().map(|condition| condition.name.as_str()).collect()
}

/// Every pair of a host and a method that a route takes; `None` for all of them.
fn scope(form: &RouteForm) -> Vec<(Option<&str>, Option<&str>)> {
    let every = |list: &[String]| list.is_empty().then_some(None);
    let hosts = form.hosts.iter().map(|host| Some(host.as_str())).chain(every(&form.hosts));
    hosts
        .flat_map(|host| {
            form.methods.iter().map(move |method| (host, Some(method.as_str()))).chain(every(&form.methods).map(|_| (host, None)))
        })
        .collect()
}

impl Conditions {
    fn of(form: &RouteForm) -> Self {
        Self([&form.headers, &form.query].map(|conditions| {
            let condition = |form: &ConditionForm| match &form.test {
                TestForm::Exact(value) => Condition::Exact(value.clone()),
                TestForm::Present(present) => Condition::Present(*present),
                TestForm::Regex(text) => Condition::Regex(text.clone()),
            };
            conditions.iter().map(|form| (form.name.clone(), condition(form))).collect()
        }))
    }

    /// Whether they could hold for requests that other conditions on the same names tell apart.
    fn are_loose(&self) -> bool {
        self.0.iter().flat_map(BTreeMap::values).any(|condition| !matches!(condition, Condition::Exact(_)))
    }

    /// Whether every request that fulfils `other` fulfils these; both are on the same names.
    fn allow(&self, other: &Self, expressions: &mut HashMap<String, Option<Regex>>) -> bool {
        let [headers, query] = &self.0;
        let [other_headers, other_query] = &other.0;
        let mut pairs = headers.values().zip(other_headers.values()).chain(query.values().zip(other_query.values()));
        pairs.all(|(own, other)| own.follows_from(other, expressions))
    }
}

impl Condition {
    fn follows_from(&self, other: &Self, expressions: &mut HashMap<String, Option<Regex>>) -> bool {
        match (self, other) {
            (Self::Present(true), Self::Exact(_) | Self::Regex(_)) => true,
            (Self::Regex(text), Self::Exact(value)) => {
                expressions.entry(text.clone()).or_insert_with(|| Regex::new(text).ok()).as_ref().is_some_and(|regex| regex.is_match(value))
            }
            (own, other) => own == other,
        }
    }
}

#[cfg(test)]
mod tests;
