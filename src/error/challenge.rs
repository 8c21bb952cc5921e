//! How a caller could prove who it is, as `WWW-Authenticate` says it.

/// A `WWW-Authenticate` challenge (RFC 9110 section 11.6.1), with the parameters that RFC 6750 section 3 has for the Bearer scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// `Bearer`, `Basic`, `DPoP`, ...
    pub scheme: &'static str,
    /// The protection space; the API's name.
    pub realm: String,
    /// `invalid_request`, `invalid_token` or `insufficient_scope`; absent when no token was sent (section 3.1).
    pub error: Option<&'static str>,
    /// Said to the client's developer; never names a key or a claim's value.
    pub description: Option<&'static str>,
    /// The scopes that would do, space-separated.
    pub scope: Option<String>,
    /// Parameters of the scheme's own, in order.
    pub more: Vec<(&'static str, String)>,
    /// Whether the request has something in this proof's place that is not of its form, and may be another proof.
    pub foreign: bool,
}

impl Default for Challenge {
    fn default() -> Self {
        Self { scheme: "Bearer", realm: String::new(), error: None, description: None, scope: None, more: Vec::new(), foreign: false }
    }
}

impl Challenge {
    /// The header's value; characters that a quoted string cannot carry are dropped.
    pub fn header_value(&self) -> String {
        let mut value = format!("{} realm=\"{}\"", self.scheme, quotable(&self.realm));
        for (name, part) in [("error", self.error), ("error_description", self.description), ("scope", self.scope.as_deref())] {
            if let Some(part) = part {
                value.push_str(&format!(", {name}=\"{}\"", quotable(part)));
            }
        }
        for (name, part) in &self.more {
            value.push_str(&format!(", {name}=\"{}\"", quotable(part)));
        }
        value
    }
}

fn quotable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='~') && *c != '"' && *c != '\\').collect()
}
