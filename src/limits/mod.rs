//! Pure decisions about rates: the bucket ([`gcra`]) and what clients are told of it ([`headers`]).

pub mod gcra;
pub mod headers;
