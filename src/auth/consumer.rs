//! Consumers: who may call, and by what they prove it.

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::identity::Identity;
use crate::config::timestamp::Timestamp;

mod register;

pub use register::Register;

/// One consumer with everything that it can prove itself by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// Its name: the subject of its identity.
    pub name: Rc<str>,
    /// Whether none of its proofs hold.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
    /// Its groups.
    #[serde(default = "none", skip_serializing_if = "is_empty")]
    pub groups: Rc<[String]>,
    /// Its roles.
    #[serde(default = "none", skip_serializing_if = "is_empty")]
    pub roles: Rc<[String]>,
    /// What it may do.
    #[serde(default = "none", skip_serializing_if = "is_empty")]
    pub scopes: Rc<[String]>,
    /// Its metadata, and `sub`, its name.
    pub claims: Rc<Map<String, Value>>,
    /// Its API keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Rc<Key>>,
    /// Its users with passwords.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<Rc<User>>,
    /// Its client certificates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Rc<Certificate>>,
    /// By what tokens of others name it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<Rc<Client>>,
}

/// An API key; the key itself is nowhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// By what it is found.
    pub id: String,
    /// [`super::api_key::digest`].
    pub hash: String,
    /// When it holds.
    #[serde(default, skip_serializing_if = "Term::is_always")]
    pub term: Term,
}

/// A user name and the hash of its password.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name; no two users of a gateway have the same.
    pub name: String,
    /// See [`super::password`].
    pub password: String,
    /// When it holds.
    #[serde(default, skip_serializing_if = "Term::is_always")]
    pub term: Term,
}

/// What a client certificate must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// By what it is known.
    pub by: Mark,
    /// When it holds, besides the certificate's own time.
    #[serde(default, skip_serializing_if = "Term::is_always")]
    pub term: Term,
}

/// What a token that somebody else has made calls a consumer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The value of the claim.
    pub id: String,
    /// Whose tokens call it so; everyone's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When it holds.
    #[serde(default, skip_serializing_if = "Term::is_always")]
    pub term: Term,
}

/// By what a certificate is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// SHA-256 of the certificate, in hexadecimal, lower case.
    Fingerprint(String),
    /// A pattern for the subject's distinguished name.
    Subject(String),
    /// A pattern for one of the subject's alternative names.
    San(String),
}

impl Mark {
    /// Whether it stands for more than one text.
    pub fn is_pattern(&self) -> bool {
        matches!(self, Self::Subject(text) | Self::San(text) if text.contains('*'))
    }
}

/// When a proof holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Term {
    /// Whether it holds no longer, whatever the time.
    #[serde(skip_serializing_if = "is_false")]
    pub disabled: bool,
    /// From when on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The first moment at which it holds no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// Why a right proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It, or its consumer, is disabled.
    Disabled,
    /// Its time has not come.
    Early,
    /// Its time is over.
    Expired,
}

impl Term {
    fn is_always(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it holds now.
    ///
    /// # Errors
    /// Why it does not.
    pub fn check(&self, consumer: &Consumer, now_ms: u64) -> Result<(), Unfit> {
        match self {
            _ if self.disabled || consumer.disabled => Err(Unfit::Disabled),
            _ if self.expires.is_some_and(|end| now_ms >= end.ms()) => Err(Unfit::Expired),
            _ if self.not_before.is_some_and(|begin| now_ms < begin.ms()) => Err(Unfit::Early),
            _ => Ok(()),
        }
    }
}

impl Consumer {
    /// The identity that a proof of this kind establishes.
    pub fn identity(&self, kind: &'static str) -> Identity {
        Identity {
            kind,
            subject: self.name.to_string(),
            issuer: None,
            consumer: Some(self.name.clone()),
            scopes: self.scopes.clone(),
            roles: self.roles.clone(),
            groups: self.groups.clone(),
            claims: self.claims.clone(),
        }
    }

    /// An identity that a token or a key of the routes files has, and that belongs to this consumer: with its roles and groups beside
    /// those of its own. What it may do and who it is stay as they are; see [`Consumer::told`] for the consumer's metadata.
    pub fn joined(&self, identity: Identity) -> Identity {
        let both = |own: &Rc<[String]>, more: &Rc<[String]>| -> Rc<[String]> {
            if more.is_empty() {
                return own.clone();
            }
            let new = more.iter().filter(|name| !own.contains(name));
            own.iter().chain(new).cloned().collect()
        };
        let (roles, groups) = (both(&identity.roles, &self.roles), both(&identity.groups, &self.groups));
        Identity { consumer: Some(self.name.clone()), roles, groups, ..identity }
    }

    /// Claims with the consumer's metadata in the claim `consumer`, whatever stood there.
    pub fn told(&self, claims: &Map<String, Value>) -> Rc<Map<String, Value>> {
        let mut claims = claims.clone();
        claims.insert("consumer".to_owned(), Value::Object((*self.claims).clone()));
        Rc::new(claims)
    }

    /// Whether it is one of `consumers` or in one of `groups`; where both are empty, everyone is.
    pub fn is_among(&self, consumers: &[String], groups: &[String]) -> bool {
        let named = consumers.iter().any(|name| **name == *self.name);
        let grouped = groups.iter().any(|group| self.groups.contains(group));
        named || grouped || (consumers.is_empty() && groups.is_empty())
    }
}

/// A proof and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<T> {
    /// Whose.
    pub consumer: Rc<Consumer>,
    /// What.
    pub proof: Rc<T>,
}

fn is_false(yes: &bool) -> bool {
    !yes
}

fn none() -> Rc<[String]> {
    Rc::new([])
}

fn is_empty(list: &Rc<[String]>) -> bool {
    list.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consumer(json: &str) -> Consumer {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_term_ends_at_its_end_and_disabling_comes_first() {
        let term = |json: &str| serde_json::from_str::<Term>(json).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().ms();
        let (free, disabled) = (consumer(r#"{"name":"a","claims":{}}"#), consumer(r#"{"name":"a","claims":{},"disabled":true}"#));
        let year = term(r#"{"not_before":"2026-01-01","expires":"2027-01-01"}"#);
        for (now, expect) in [
            ("2025-12-31T23:59:59.999Z", Err(Unfit::Early)),
            ("2026-01-01", Ok(())),
            ("2026-12-31T23:59:59.999Z", Ok(())),
            ("2027-01-01", Err(Unfit::Expired)),
        ] {
            assert_eq!(year.check(&free, at(now)), expect, "{now}");
            assert_eq!(year.check(&disabled, at(now)), Err(Unfit::Disabled), "{now}");
        }
        assert_eq!(term(r#"{"disabled":true,"expires":"2000-01-01"}"#).check(&free, at("2026-01-01")), Err(Unfit::Disabled));
        assert_eq!(term("{}").check(&free, u64::MAX), Ok(()));
    }

    #[test]
    fn allow_lists_let_in_by_name_or_group_and_everyone_where_there_are_none() {
        let acme = consumer(r#"{"name":"acme","claims":{},"groups":["partners"]}"#);
        for (consumers, groups, expect) in [
            (vec![], vec![], true),
            (vec!["acme"], vec![], true),
            (vec!["Acme"], vec![], false),
            (vec!["other"], vec![], false),
            (vec!["other"], vec!["partners"], true),
            (vec![], vec!["staff"], false),
        ] {
            let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            assert_eq!(acme.is_among(&texts(&consumers), &texts(&groups)), expect, "{consumers:?} {groups:?}");
        }
    }
}
