//! Who is calling, whatever the proof was.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::mapping;

/// An established identity; the same whatever the proof was, so that what decides about access never asks for the proof.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Identity {
    /// The proof: `jwt`, `api_key`, ...
    pub kind: &'static str,
    /// Who: a token's `sub`, a consumer's name, a certificate's subject.
    pub subject: String,
    /// Who says so: a token's `iss`; `None` where the gateway itself knows the caller.
    pub issuer: Option<String>,
    /// The consumer of the routes files that the proof belongs to, where it belongs to one.
    pub consumer: Option<Rc<str>>,
    /// What it may do, as far as the proof says so; empty where it does not.
    pub scopes: Rc<[String]>,
    /// Its roles, as the proof or the consumer says; those that they imply are not among them.
    pub roles: Rc<[String]>,
    /// Its groups.
    pub groups: Rc<[String]>,
    /// Everything the proof says; shared with the isolate's memory of verified tokens.
    pub claims: Rc<Map<String, Value>>,
}

impl Identity {
    /// A caller that has proved nothing: kind and subject are `anonymous`.
    pub fn anonymous() -> Self {
        Self { kind: "anonymous", subject: "anonymous".to_owned(), ..Self::default() }
    }

    /// Whether it is [`Identity::anonymous`].
    pub fn is_anonymous(&self) -> bool {
        self.kind == "anonymous"
    }

    /// A claim by its name or by a path; see [`mapping::at`].
    pub fn claim(&self, path: &str) -> Option<&Value> {
        mapping::at(&self.claims, path)
    }

    /// A claim as it stands in a header field: strings bare, lists of them joined by commas, all else as JSON. A list with a
    /// comma in one of its items is JSON, too: joined, it would read as more items than it has.
    pub fn claim_text(&self, path: &str) -> Option<String> {
        match self.claim(path)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Array(items) if items.iter().all(|item| item.as_str().is_some_and(|text| !text.contains(','))) => {
                Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
            }
            other => Some(other.to_string()),
        }
    }

    /// A key that no two identities share: issuer and subject. A consumer's is the same whatever its proof; where nobody says who issued
    /// what belongs to no consumer, the kind of proof does. A `|` of the issuer is escaped.
    pub fn key(&self) -> String {
        let unissued = if self.consumer.is_some() { "" } else { self.kind };
        let issuer = self.issuer.as_deref().unwrap_or(unissued).replace('%', "%25").replace('|', "%7C");
        format!("{issuer}|{}", self.subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn identity(issuer: &str, subject: &str, claims: Value) -> Identity {
        Identity {
            kind: "jwt",
            subject: subject.to_owned(),
            issuer: Some(issuer.to_owned()),
            claims: Rc::new(claims.as_object().unwrap().clone()),
            ..Identity::default()
        }
    }

    #[test]
    fn claims_are_found_by_name_before_path_and_read_as_text() {
        let claims = json!({
            "sub": "u", "org": { "tenant": "t", "id": 7 }, "org.tenant": "whole", "roles": ["a", "b"], "tricky": ["a,admin"],
            "mixed": ["a", 1], "no": null, "yes": true
        });
        let identity = identity("i", "u", claims);
        for (path, expect) in [
            ("sub", Some("u")),
            ("org.id", Some("7")),
            ("org.tenant", Some("whole")),
            ("roles", Some("a,b")),
            ("tricky", Some(r#"["a,admin"]"#)),
            ("mixed", Some(r#"["a",1]"#)),
            ("yes", Some("true")),
            ("no", None),
            ("org.none", None),
            ("sub.more", None),
            ("", None),
        ] {
            assert_eq!(identity.claim_text(path).as_deref(), expect, "{path}");
        }
    }

    #[test]
    fn no_two_identities_share_a_key() {
        let key = |issuer, subject| identity(issuer, subject, json!({})).key();
        assert_eq!(key("https://i/", "u"), "https://i/|u");
        assert_ne!(key("a|b", "c"), key("a", "b|c"));
        assert_ne!(key("a%7Cb", "c"), key("a|b", "c"));
        let unissued = |kind, consumer: Option<&str>| {
            let consumer = consumer.map(Rc::from);
            Identity { kind, subject: "acme".to_owned(), consumer, ..Identity::default() }.key()
        };
        assert_eq!(unissued("api_key", Some("acme")), unissued("basic", Some("acme")), "one consumer, whatever its proof");
        assert_ne!(unissued("api_key", Some("acme")), unissued("mtls", None), "a certificate's subject is no consumer's name");
    }
}
