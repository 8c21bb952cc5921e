//! What the policies share that know consumers: whom a policy lets in, and what becomes of a right proof.

use super::bearer::forward::{self, Forward};
use crate::auth::consumer::{Consumer, Term, Unfit};
use crate::auth::identity::Identity;
use crate::config::compiler::{Compiler, ConfigError};
use crate::error::{Challenge, GatewayError};
use crate::exchange::Exchange;
use crate::http::Request;

/// Whom a policy lets in; everyone where nothing is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    consumers: Vec<String>,
    groups: Vec<String>,
}

impl Allowed {
    /// Takes the lists `consumers` and `groups` of a policy.
    ///
    /// # Errors
    /// Where a name is empty.
    pub fn compile(consumers: Vec<String>, groups: Vec<String>, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        for (field, list) in [("consumers", &consumers), ("groups", &groups)] {
            if let Some(index) = list.iter().position(String::is_empty) {
                return Err(ConfigError::at(format!("{field}.{index}"), "a name may not be empty"));
            }
        }
        for (index, name) in consumers.iter().enumerate() {
            compiler.needs.consumers.insert((format!("consumers.{index}"), name.clone()));
        }
        Ok(Self { consumers, groups })
    }

    /// # Errors
    /// [`GatewayError::CredentialNotAllowed`] where the consumer is not among them.
    pub fn check(&self, consumer: &Consumer, policy: &str) -> Result<(), GatewayError> {
        if consumer.is_among(&self.consumers, &self.groups) {
            return Ok(());
        }
        let log = format!("{policy}: {} is not among those let in here", consumer.name);
        Err(GatewayError::CredentialNotAllowed { detail: "The caller is known, and not among those let in here.", log })
    }
}

/// Header fields that tell the origin about the consumer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forwards(Vec<Forward>);

impl Forwards {
    /// Reads `forward`.
    ///
    /// # Errors
    /// Where a name is no header field's, or is not free for this.
    pub fn compile<'a>(
        forwards: impl IntoIterator<Item = (&'a String, &'a String)>,
        compiler: &mut Compiler<'_>,
    ) -> Result<Self, ConfigError> {
        forwards.into_iter().map(|(name, claim)| Forward::compile(name, claim, compiler)).collect::<Result<_, _>>().map(Self)
    }

    /// Sets them from the identity; whatever was there before is removed.
    pub fn apply(&self, policy: &str, identity: &Identity, cx: &mut Exchange<'_>, request: &mut Request) {
        let omitted = forward::apply(&self.0, identity, request);
        if !omitted.is_empty() {
            cx.record.note(format!("{policy}: a header field cannot carry {}", omitted.join(", ")));
        }
    }
}

/// A right proof, and how it is told about.
pub struct Right<'a> {
    /// The policy.
    pub policy: &'a str,
    /// Whose it is.
    pub consumer: &'a Consumer,
    /// When it holds.
    pub term: &'a Term,
    /// Which one, for the record: `key 4kqz...`; never the secret.
    pub which: String,
    /// What is said where its time is over.
    pub challenges: Vec<Challenge>,
}

impl Right<'_> {
    /// Writes down whose proof it is, and holds it to its time. The attempt was no guess.
    ///
    /// # Errors
    /// [`GatewayError::CredentialDisabled`] and [`GatewayError::CredentialExpired`].
    pub fn settle(self, cx: &mut Exchange<'_>) -> Result<(), GatewayError> {
        let Self { policy, consumer, term, which, challenges } = self;
        cx.attempts.excuse();
        let checked = term.check(consumer, cx.ports.clock.now_ms());
        let log = |why: &str| format!("{policy}: the {which} of {} {why}", consumer.name);
        let error = match checked {
            Ok(()) => None,
            Err(Unfit::Disabled) => Some(GatewayError::CredentialDisabled { log: log("is disabled"), challenges }),
            Err(Unfit::Expired) => Some(GatewayError::CredentialExpired { log: log("has expired"), challenges }),
            Err(Unfit::Early) => Some(GatewayError::CredentialExpired { log: log("does not hold yet"), challenges }),
        };
        cx.record.consumer = Some(consumer.name.clone());
        cx.record.credential = Some(which);
        error.map_or(Ok(()), Err)
    }
}
