//! Pure decisions of a shared cache (RFC 9111): what may be stored, how long it is fresh, what tells variants apart.

pub mod directives;
