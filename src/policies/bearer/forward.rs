//! Claims on their way to the origin, in header fields that no client can send.

use crate::auth::identity::Identity;
use crate::config::compiler::{Compiler, ConfigError};
use crate::http::{HeaderName, Request, forwarded};
use crate::policies::identity_headers;

/// One claim and the field that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    name: HeaderName,
    claim: String,
}

impl Forward {
    /// Reads one pair of `forward` and has the field removed from what every client sends.
    ///
    /// # Errors
    /// Where the field's name is not one, or is not free for this.
    pub fn compile(name: &str, claim: &str, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let field = format!("forward.{name}");
        let name = identity_headers::field_name(&field, name, compiler)?;
        if claim.is_empty() {
            return Err(ConfigError::at(field, "it names no claim; write one such as \"sub\" or \"org.tenant\""));
        }
        Ok(Self { name, claim: claim.to_owned() })
    }
}

/// Sets every field from the identity, after removing it in each spelling that an origin may take for it. A claim that is
/// absent leaves no field; one that a field cannot carry as visible ASCII leaves none either, and its name is returned.
pub fn apply<'a>(forwards: &'a [Forward], identity: &Identity, request: &mut Request) -> Vec<&'a str> {
    let names: Vec<HeaderName> = forwards.iter().map(|forward| forward.name.clone()).collect();
    forwarded::remove_every_spelling(&mut request.headers, &names);
    let mut omitted = Vec::new();
    for forward in forwards {
        let Some(text) = identity.claim_text(&forward.claim) else { continue };
        match identity_headers::field_value(&text) {
            Some(value) => {
                request.headers.insert(forward.name.clone(), value);
            }
            None => omitted.push(forward.claim.as_str()),
        }
    }
    omitted
}
