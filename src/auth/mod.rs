//! Pure decisions about who is calling: tokens, key sets, identities.
//!
//! [`verify::verify`] is the whole check of a JSON Web Token; what it is made of stands beside it. Nothing here reads a clock
//! or does I/O: time is an argument, and the signature's arithmetic is `jsonwebtoken`'s crypto provider.

pub mod algorithm;
pub mod api_key;
pub mod base64url;
pub mod binding;
pub mod certificate;
pub mod claims;
pub mod client_auth;
pub mod consumer;
pub mod content_digest;
pub mod csrf;
pub mod der;
pub mod dpop;
pub mod equal;
pub mod hex;
pub mod identity;
pub mod inactive;
pub mod introspection;
pub mod json;
pub mod jwk;
pub mod keys;
pub mod mapping;
pub mod message_signature;
pub mod oidc;
pub mod password;
pub mod pem;
pub mod proven;
pub mod refresh;
pub mod refusal;
pub mod remembered;
pub mod replay;
pub mod revocation;
pub mod rights;
pub mod roca;
pub mod session;
pub mod session_copies;
pub mod session_index;
pub mod signing;
pub mod token;
pub mod verified;
pub mod verify;
pub mod webhook;
pub mod x509;
