//! Policies within a policy: what [`super::any_of`] and [`super::all_of`] are made of.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::{Facts, Policy, PolicyConfig};
use crate::config::compiler::{Compiler, ConfigError};
use crate::error::Challenge;
use crate::exchange::Exchange;
use crate::http::{HeaderMap, HeaderName, HeaderValue, Request, Target};

/// One of them, its name resolved by the native command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NestedConfig {
    /// `api.name` or `gateway.name` of a named policy; none where it was written out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The policy itself.
    pub policy: PolicyConfig,
}

/// One of them, compiled.
pub struct Nested {
    /// The named policy's, or the combining policy's with `/` and the kind behind it.
    pub id: Rc<str>,
    /// What the registry knows of it.
    pub facts: Facts,
    /// Whether it lets anyone in.
    pub anyone: bool,
    /// What runs.
    pub policy: Rc<dyn Policy>,
}

/// Compiles all of them, each under its own id.
///
/// # Errors
/// The first that cannot be compiled, at its place in `policies`.
pub fn compile(policies: &[NestedConfig], compiler: &mut Compiler<'_>) -> Result<Vec<Nested>, ConfigError> {
    let mut compiled: Vec<Nested> = Vec::with_capacity(policies.len());
    // What every part needs is needed, whichever of them lacks a variable.
    let mut wrong = None;
    for (index, NestedConfig { id, policy }) in policies.iter().enumerate() {
        let facts = policy.facts();
        let id = id.clone().unwrap_or_else(|| {
            let same = policies.iter().take(index).filter(|other| other.id.is_none() && other.policy.facts() == facts).count();
            let number = if same == 0 { String::new() } else { format!(" ({})", same + 1) };
            format!("{}/{}{number}", compiler.id, facts.name)
        });
        let field = format!("policies.{index}.{}", facts.name);
        let anyone = policy.lets_anyone_in();
        let others = std::mem::take(&mut compiler.needs.own_paths);
        match compiler.within(&id, &field, |compiler| policy.compile(compiler)) {
            Ok(policy) => compiled.push(Nested { id: id.into(), facts, anyone, policy }),
            Err(error) => wrong = wrong.or(Some(error)),
        }
        for (path, other) in others {
            let message = format!("two policies in it answer below {path} by themselves: give one of them another `path`");
            if compiler.needs.own_paths.insert(path, other.clone()).is_some_and(|own| own != other) {
                wrong = wrong.or(Some(ConfigError::at(format!("policies.{index}"), message)));
            }
        }
    }
    wrong.map_or(Ok(compiled), Err)
}

/// How a caller could prove who it is to any of these, each way once.
pub fn asks<'a>(nested: impl Iterator<Item = &'a Nested>) -> Vec<Challenge> {
    each_once(nested.flat_map(|nested| nested.policy.asks()))
}

/// The one that answers by itself at the path that the request came to.
pub fn owner<'a>(nested: &'a [Nested], cx: &Exchange<'_>, request: &Request) -> Option<&'a Nested> {
    let path = &cx.target.as_ref().unwrap_or(&request.target).path;
    nested.iter().find(|nested| nested.policy.owns(path))
}

/// Challenges without those that say what an earlier one has said.
pub fn each_once(challenges: impl Iterator<Item = Challenge>) -> Vec<Challenge> {
    let mut kept: Vec<Challenge> = Vec::new();
    for challenge in challenges {
        if !kept.contains(&challenge) {
            kept.push(challenge);
        }
    }
    kept
}

impl PolicyConfig {
    /// The policies that this one combines; none for most.
    pub fn nested(&self) -> &[NestedConfig] {
        match self {
            Self::AnyOf(config) => &config.policies,
            Self::AllOf(config) => &config.policies,
            _ => &[],
        }
    }

    /// Fills in what this policy combines; nothing happens to one that combines none.
    pub fn combine(&mut self, policies: Vec<NestedConfig>) {
        match self {
            Self::AnyOf(config) => config.policies = policies,
            Self::AllOf(config) => config.policies = policies,
            _ => {}
        }
    }

    /// How often it may leave the worker for one request, with all that it combines.
    pub fn subrequests(&self) -> usize {
        self.facts().subrequests + self.nested().iter().map(|nested| nested.policy.subrequests()).sum::<usize>()
    }

    /// Whether equal instances stay apart, since it or something that it combines counts or stores for itself.
    pub fn is_apart(&self) -> bool {
        self.facts().apart || self.nested().iter().any(|nested| nested.policy.is_apart())
    }

    /// Whether a caller that proves nothing passes it as an anonymous one.
    pub fn lets_anyone_in(&self) -> bool {
        match self {
            Self::Anonymous(_) => true,
            Self::AnyOf(config) => config.policies.iter().any(|nested| nested.policy.lets_anyone_in()),
            _ => false,
        }
    }

    /// Its kind, with those that it combines: `any_of(jwt, anonymous)`.
    pub fn described(&self) -> String {
        let kinds: Vec<String> = self.nested().iter().map(|nested| nested.policy.described()).collect();
        match kinds.as_slice() {
            [] => self.facts().name.to_owned(),
            kinds => format!("{}({})", self.facts().name, kinds.join(", ")),
        }
    }
}

/// What a request and its exchange were before an alternative was tried.
pub struct Before {
    headers: HeaderMap,
    target: Target,
    body_max: Option<u64>,
    signed: usize,
}

impl Before {
    /// Keeps what an identity policy may change.
    pub fn of(cx: &Exchange<'_>, request: &Request) -> Self {
        let (headers, target) = (request.headers.clone(), request.target.clone());
        Self { headers, target, body_max: cx.body_max, signed: cx.reply_headers.len() }
    }

    /// Puts it back: nothing is left over of what was tried, save for what the reply would have said.
    pub fn restore(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Vec<(HeaderName, HeaderValue)> {
        (request.headers, request.target) = (self.headers.clone(), self.target.clone());
        cx.body_max = self.body_max;
        cx.identity = None;
        cx.reply_headers.split_off(self.signed.min(cx.reply_headers.len()))
    }
}

/// The schema of a policy that combines others: their list, or a table with it and more keys.
#[cfg(not(target_arch = "wasm32"))]
pub fn schema(about: &str, more: serde_json::Value, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let item = generator.subschema_for::<crate::config::build::policies::PolicyUse>();
    let about_list = "Names of identity policies, or the policies themselves; at least two.";
    let mut properties = serde_json::Map::new();
    properties
        .insert("policies".to_owned(), serde_json::json!({ "description": about_list, "type": "array", "items": item, "minItems": 2 }));
    properties.extend(more.as_object().cloned().unwrap_or_default());
    schemars::json_schema!({
        "description": about, "type": ["array", "object"], "items": item, "minItems": 2,
        "properties": properties, "required": ["policies"], "additionalProperties": false,
    })
}
