//! Who is calling, whatever the proof was.

use std::rc::Rc;

use serde_json::{Map, Value};

/// An established identity.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// The proof: `jwt`, ...
    pub kind: &'static str,
    /// Who: the token's `sub`.
    pub subject: String,
    /// Who says so: the token's `iss`.
    pub issuer: Option<String>,
    /// Everything the proof says; shared with the isolate's memory of verified tokens.
    pub claims: Rc<Map<String, Value>>,
}

impl Identity {
    /// A claim by its name, or by a dotted path where no claim has the whole name.
    pub fn claim(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.claims.get(path) {
            return Some(value);
        }
        let mut parts = path.split('.');
        let mut value = self.claims.get(parts.next()?)?;
        for part in parts {
            value = value.get(part)?;
        }
        Some(value)
    }

    /// A claim as it stands in a header field: strings bare, lists of them joined by commas, all else as JSON.
    pub fn claim_text(&self, path: &str) -> Option<String> {
        match self.claim(path)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Array(items) if items.iter().all(Value::is_string) => {
                Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
            }
            other => Some(other.to_string()),
        }
    }

    /// A key that no two identities share: issuer and subject.
    pub fn key(&self) -> String {
        format!("{}|{}", self.issuer.as_deref().unwrap_or_default(), self.subject)
    }
}
