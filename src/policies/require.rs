//! Asks for rights of the caller: scopes, roles, groups, consumers; or lets ordered rules decide.
//!
//! Nobody in particular gets 401, with the challenges that would help; somebody who lacks a right gets 403. Where it is a scope
//! that is missing, the challenge names it (`insufficient_scope`, RFC 6750 section 3.1). What else was missing stands in the
//! record, never in the answer.

use super::prelude::*;
use crate::auth::identity::Identity;
use crate::auth::rights::{Lack, Rights};
use crate::error::Challenge;
use crate::expr::Condition;

#[cfg(test)]
mod tests;
mod written;

pub use written::Config;
use written::{Demands, Effect, Rule};

/// What the registry knows of it.
pub const FACTS: Facts = Facts { shields: Some(Shields::Callers), ..Facts::of("require") };

const SCOPE_MISSING: &str = "The access token does not have a scope that this needs.";
const NOT_ALLOWED: &str = "The caller is known and may not do this.";

/// The compiled policy.
pub struct Require {
    id: String,
    realm: String,
    rights: Rights,
    when: Option<Condition>,
    rules: Vec<(Effect, Rights, Option<Condition>)>,
    default: Effect,
}

impl Require {
    /// # Errors
    /// Where nothing is asked for, or a scope is not one.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let Config { rules, default, .. } = &config;
        let demands = config.demands();
        let rights = demands.check("")?;
        if rights.is_empty() && demands.when.is_none() && rules.is_empty() {
            return Err(ConfigError::at("", "nothing is asked for; write one such as `scopes = [\"products:write\"]`"));
        }
        if rules.is_empty() && default.is_some() {
            return Err(ConfigError::at("default", "there are no rules that it could follow"));
        }
        let mut checked = Vec::with_capacity(rules.len());
        for (index, rule) in rules.iter().enumerate() {
            let (effect, name, demands) = match rule {
                Rule::Allow(demands) => (Effect::Allow, "allow", demands),
                Rule::Deny(demands) => (Effect::Deny, "deny", demands),
            };
            let rights = demands.check(&format!("rules.{index}.{name}."))?;
            if rights.is_empty() && demands.when.is_none() && index + 1 < rules.len() {
                let message = "it is about everyone, so the rules behind it would never be looked at";
                return Err(ConfigError::at(format!("rules.{index}.{name}"), message));
            }
            checked.push((effect, rights, demands.when.clone()));
        }
        let conditions = demands.when.iter().chain(checked.iter().filter_map(|(_, _, when)| when.as_ref()));
        conditions.for_each(|when| when.add_needs(&mut compiler.needs));
        name_consumers(&config, compiler);
        compiler.needs.identity = true;
        let (id, realm) = (compiler.id.to_owned(), compiler.realm.to_owned());
        Ok(Self { id, realm, rights, when: demands.when, rules: checked, default: default.unwrap_or(Effect::Deny) })
    }

    /// The refusal of a caller that lacks something.
    fn lacks(&self, cx: &Exchange<'_>, identity: &Identity, lack: &Lack<'_>) -> GatewayError {
        let log = match lack {
            Lack::Scope(scopes) => format!("lacks the scope {}", scopes.join(" or ")),
            Lack::Role(roles) => format!("lacks the role {}", roles.join(" or ")),
            Lack::Group(groups) => format!("is not in the group {}", groups.join(" or ")),
            Lack::Consumer(Some(consumer)) => format!("is the consumer {consumer}, which is not let in"),
            Lack::Consumer(None) => "is no consumer that is let in".to_owned(),
            Lack::Kind(kind) => format!("has proved it by {kind}, which does not do"),
        };
        let scopes = match lack {
            Lack::Scope(scopes) if is_token(identity) => Some(scopes),
            _ => None,
        };
        let challenge = scopes.map(|missing| {
            let scopes = self.rights.scopes.all.iter().map(String::as_str);
            let scopes: Vec<&str> =
                if missing.len() == 1 && !self.rights.scopes.all.is_empty() { scopes.collect() } else { missing.clone() };
            Box::new(Challenge {
                realm: self.realm.clone(),
                error: Some("insufficient_scope"),
                description: Some(SCOPE_MISSING),
                scope: Some(scopes.join(" ")),
                ..Challenge::default()
            })
        });
        let detail = if challenge.is_some() { SCOPE_MISSING } else { NOT_ALLOWED };
        self.refuse(cx, challenge, detail, log)
    }

    /// 401 for nobody in particular, 403 for somebody.
    fn refuse(&self, cx: &Exchange<'_>, challenge: Option<Box<Challenge>>, detail: &'static str, log: String) -> GatewayError {
        let log = format!("{}: the caller {log}", self.id);
        match cx.caller() {
            Some(_) => GatewayError::Forbidden { challenge, detail, log },
            None => nobody(cx, &self.realm, log),
        }
    }
}

/// The answer to nobody in particular: 401 with every way in which the caller could prove who it is.
pub fn nobody(cx: &Exchange<'_>, realm: &str, log: String) -> GatewayError {
    let challenges = match cx.challenges.as_slice() {
        [] => vec![Challenge { realm: realm.to_owned(), ..Challenge::default() }],
        known => known.to_vec(),
    };
    GatewayError::Unauthenticated { challenges, log }
}

/// Has the native command look for the consumers that are named.
fn name_consumers(config: &Config, compiler: &mut Compiler<'_>) {
    let rules = config.rules.iter().enumerate().map(|(index, rule)| match rule {
        Rule::Allow(demands) => (format!("rules.{index}.allow."), demands.consumers.as_ref()),
        Rule::Deny(demands) => (format!("rules.{index}.deny."), demands.consumers.as_ref()),
    });
    for (prefix, consumers) in rules.chain([(String::new(), config.consumers.as_ref())]) {
        for (list, names) in consumers.into_iter().flat_map(|consumers| [("allow", &consumers.allow), ("deny", &consumers.deny)]) {
            let named = names.iter().enumerate().map(|(index, name)| (format!("{prefix}consumers.{list}.{index}"), name.clone()));
            compiler.needs.consumers.extend(named);
        }
    }
}

/// Whether the proof is a token that the Bearer scheme speaks of.
fn is_token(identity: &Identity) -> bool {
    matches!(identity.kind, "jwt" | "introspect")
}

#[async_trait(?Send)]
impl Policy for Require {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let Some(identity) = &cx.identity else {
            return Err(nobody(cx, &self.realm, format!("{}: nobody is known to have rights", self.id)));
        };
        let roles = &cx.settings.roles;
        if let Some(lack) = self.rights.lack(identity, roles) {
            return Err(self.lacks(cx, identity, &lack));
        }
        if let Some(when) = &self.when {
            match when.holds(cx, request) {
                Ok(true) => {}
                Ok(false) => return Err(self.refuse(cx, None, NOT_ALLOWED, "does not meet the condition".to_owned())),
                Err(error) => return Err(self.refuse(cx, None, NOT_ALLOWED, format!("may or may not meet the condition: {error}"))),
            }
        }
        if self.rules.is_empty() {
            return Ok(Flow::Next);
        }
        let mut rules = self.rules.iter().enumerate();
        let applies = rules.find(|(_, (effect, rights, when))| {
            // What cannot be told allows nobody and denies everybody.
            let holds = || when.as_ref().is_none_or(|when| when.holds(cx, request).unwrap_or(*effect == Effect::Deny));
            rights.lack(identity, roles).is_none() && holds()
        });
        let (effect, what) = match applies {
            Some((index, (effect, ..))) => (*effect, format!("is denied by rule {}", index + 1)),
            None => (self.default, "is allowed by no rule".to_owned()),
        };
        match effect {
            Effect::Allow => Ok(Flow::Next),
            Effect::Deny => Err(self.refuse(cx, None, NOT_ALLOWED, what)),
        }
    }
}

impl Demands {
    /// # Errors
    /// Where a list is empty or a scope is not one (RFC 6749 section 3.3); `prefix` is where the demands stand.
    fn check(&self, prefix: &str) -> Result<Rights, ConfigError> {
        let rights = self.rights();
        let at = |field: &str, message: &str| Err(ConfigError::at(format!("{prefix}{field}"), message));
        for (field, wanted) in [("scopes", &self.scopes), ("roles", &self.roles), ("groups", &self.groups)] {
            let Some(wanted) = wanted else { continue };
            let mut names = wanted.all.iter().chain(&wanted.any).peekable();
            if names.peek().is_none() {
                return at(field, "there is none in it; name some, or leave it out");
            }
            if names.any(String::is_empty) {
                return at(field, "an empty name is nobody's");
            }
        }
        let fits = |scope: &String| scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        if !rights.scopes.all.iter().chain(&rights.scopes.any).all(fits) {
            return at("scopes", "a scope is visible ASCII without spaces, quotes and backslashes; write several as several items");
        }
        if self.consumers.as_ref().is_some_and(|_| rights.allow.is_empty() && rights.deny.is_empty()) {
            return at("consumers", "there is none in it; name some, or leave it out");
        }
        if let Some(both) = rights.allow.iter().find(|name| rights.deny.contains(name)) {
            return at("consumers", &format!("`{both}` is both allowed and denied"));
        }
        Ok(rights)
    }
}
