//! The whole check of a token, purely: form, type, signature, claims, in this order.

use super::claims::{Proof, Rules};
use super::keys::KeySet;
use super::refusal::Refusal;
use super::token::Token;

/// Verifies a JSON Web Token with trusted keys, under a policy's rules, at `now_ms`.
///
/// # Errors
/// The first thing that does not hold. See [`Refusal::newer_keys_may_help`] for what is worth another try.
pub fn verify(text: &str, keys: &KeySet, rules: &Rules, now_ms: u64) -> Result<Proof, Refusal> {
    let token = Token::parse(text)?;
    rules.check_type(token.typ.as_deref())?;
    keys.verify(&token)?;
    let claims = token.claims()?;
    rules.check("jwt", claims, now_ms)
}

/// Under which of several issuers' rules a token is to be verified: those that have the `iss` which it claims to have, at this place.
/// Nothing is proved by that; [`verify`] holds it against them, `iss` included.
///
/// # Errors
/// Where the token has no claims or no `iss` that can be read, or nobody has these.
pub fn claimed_issuer<'a>(text: &str, rules: impl IntoIterator<Item = &'a Rules>) -> Result<usize, Refusal> {
    let claimed = Token::parse(text)?.claimed_issuer()?;
    rules.into_iter().position(|rules| rules.issuers.contains(&claimed)).ok_or(Refusal::WrongIssuer)
}

#[cfg(test)]
mod tests;
