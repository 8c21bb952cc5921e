//! Pure decisions about rates: the bucket ([`gcra`]), the object around it ([`ledger`]), what an isolate remembers of refusals
//! ([`refusals`]) and holds of units taken ahead ([`leases`]), and what clients are told ([`headers`]).

pub mod gcra;
pub mod headers;
pub mod leases;
pub mod ledger;
pub mod refusals;
