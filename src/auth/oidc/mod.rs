//! Login at an OpenID Connect provider, as far as it is decided here: what is sent, what must come back, what it amounts to
//! (OpenID Connect Core 1.0, Discovery 1.0, Back-Channel Logout 1.0; RFC 6749, RFC 7636, RFC 9207).

pub mod id_token;
pub mod login;
pub mod logout_token;
pub mod names;
pub mod provider;
pub mod token_answer;
