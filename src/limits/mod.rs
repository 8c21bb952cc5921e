//! Pure decisions about rates: the bucket ([`gcra`]), the object around it ([`ledger`]), what an isolate remembers of refusals
//! ([`refusals`]) and holds of units taken ahead ([`leases`]), what clients are told ([`headers`]), and failed proofs of identity
//! ([`guesses`]).

pub mod gcra;
pub mod guesses;
pub mod headers;
pub mod leases;
pub mod ledger;
pub mod refusals;
