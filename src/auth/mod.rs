//! Pure decisions about who is calling: tokens, key sets, identities.

pub mod identity;
