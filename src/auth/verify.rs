//! The whole check of a token, purely: form, type, signature, claims, in this order.

use std::rc::Rc;

use super::claims::{self, Rules};
use super::identity::Identity;
use super::keys::KeySet;
use super::refusal::Refusal;
use super::token::Token;

/// A token that holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// Who it speaks for.
    pub identity: Identity,
    /// Until when it holds, leeway included, in milliseconds since the epoch.
    pub until_ms: u64,
}

/// Verifies a JSON Web Token with trusted keys, under a policy's rules, at `now_ms`.
///
/// # Errors
/// The first thing that does not hold. See [`Refusal::newer_keys_may_help`] for what is worth another try.
pub fn verify(text: &str, keys: &KeySet, rules: &Rules, now_ms: u64) -> Result<Proof, Refusal> {
    let token = Token::parse(text)?;
    rules.check_type(token.typ.as_deref())?;
    keys.verify(&token)?;
    let claims = token.claims()?;
    let accepted = rules.check(&claims, now_ms)?;
    let identity = Identity {
        kind: "jwt",
        subject: accepted.subject,
        issuer: Some(accepted.issuer),
        scopes: claims::scopes(&claims).into(),
        claims: Rc::new(claims),
        ..Identity::default()
    };
    Ok(Proof { identity, until_ms: accepted.until_ms })
}
