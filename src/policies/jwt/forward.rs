//! Claims on their way to the origin, in header fields that no client can send.

use crate::auth::identity::Identity;
use crate::config::compiler::{Compiler, ConfigError};
use crate::http::{HeaderName, HeaderValue, Request, forwarded};

/// Fields that clients, proxies or the gateway itself use: removing them from every client's request would break more than it
/// tells.
const TAKEN: &[&str] = &[
    "authorization",
    "connection",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "origin",
    "proxy-authorization",
    "range",
    "referer",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-request-id",
];
const TAKEN_PREFIXES: &[&str] = &["accept", "access-control-", "cache-", "cf-", "content-", "if-", "sec-", "x-forwarded-"];

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
        let parsed = HeaderName::try_from(name)
            .map_err(|_| ConfigError::at(&field, format!("`{name}` is not the name of a header field; use letters, digits and hyphens")))?;
        let lower = parsed.as_str();
        if lower.contains('_') {
            return Err(ConfigError::at(field, "many origins cannot tell `_` from `-` in header fields; write the name with hyphens"));
        }
        if TAKEN.contains(&lower) || TAKEN_PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
            let message = format!("`{lower}` has a use of its own; take a name of your own for the claim, such as \"x-user\"");
            return Err(ConfigError::at(field, message));
        }
        if claim.is_empty() {
            return Err(ConfigError::at(field, "it names no claim; write one such as \"sub\" or \"org.tenant\""));
        }
        compiler.needs.identity_headers.insert(lower.to_owned());
        Ok(Self { name: parsed, claim: claim.to_owned() })
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
        let visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        match HeaderValue::try_from(text) {
            Ok(value) if visible => {
                request.headers.insert(forward.name.clone(), value);
            }
            _ => omitted.push(forward.claim.as_str()),
        }
    }
    omitted
}
