//! Tells the origin who is calling, whatever the proof was, in header fields that no client can send.

use std::collections::BTreeMap;

use super::prelude::*;
use crate::auth::identity::Identity;
use crate::http::forwarded;

/// What the registry knows of it.
pub const FACTS: Facts = Facts::of("identity_headers");

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

const PARTS: &str = "\"subject\", \"issuer\", \"consumer\", \"kind\", \"scopes\", \"roles\", \"groups\" or \"claim.NAME\"";

/// `{ identity_headers = { "x-user" = "subject", "x-scopes" = "scopes", "x-tenant" = "claim.org.tenant" } }`
///
/// Each field carries one part of the identity: `subject`, `issuer`, `consumer`, `kind` (the proof: `jwt`, `api_key`, ...), `scopes`
/// (joined by spaces), `roles` and `groups` (by commas), or a claim by its path, `claim.org.tenant`. A part that is absent leaves
/// no field. Clients cannot send these fields, on any route, in any spelling.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Config(BTreeMap<String, String>);

/// One part of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Subject,
    Issuer,
    Consumer,
    Kind,
    Scopes,
    Roles,
    Groups,
    Claim(String),
}

/// The fields, each with its part.
pub struct IdentityHeaders {
    id: String,
    names: Vec<HeaderName>,
    parts: Vec<Part>,
}

/// The name of a field that carries identity; it is removed from what every client sends from now on.
///
/// # Errors
/// Where it is no name, or not free for this.
pub fn field_name(field: &str, name: &str, compiler: &mut Compiler<'_>) -> Result<HeaderName, ConfigError> {
    let parsed = HeaderName::try_from(name)
        .map_err(|_| ConfigError::at(field, format!("`{name}` is not the name of a header field; use letters, digits and hyphens")))?;
    let lower = parsed.as_str();
    if lower.contains('_') {
        return Err(ConfigError::at(field, "many origins cannot tell `_` from `-` in header fields; write the name with hyphens"));
    }
    if TAKEN.contains(&lower) || TAKEN_PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
        let message = format!("`{lower}` has a use of its own; take a name of your own for it, such as \"x-user\"");
        return Err(ConfigError::at(field, message));
    }
    compiler.needs.identity_headers.insert(lower.to_owned());
    Ok(parsed)
}

/// A value that a field can carry: visible ASCII and spaces.
pub fn field_value(text: &str) -> Option<HeaderValue> {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~')).then(|| HeaderValue::try_from(text).ok()).flatten()
}

impl Part {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "subject" => Self::Subject,
            "issuer" => Self::Issuer,
            "consumer" => Self::Consumer,
            "kind" => Self::Kind,
            "scopes" => Self::Scopes,
            "roles" => Self::Roles,
            "groups" => Self::Groups,
            _ => match text.strip_prefix("claim.") {
                Some("") => return Err("`claim.` names no claim; write one such as \"claim.org.tenant\"".to_owned()),
                Some(path) => Self::Claim(path.to_owned()),
                None => return Err(format!("`{text}` is no part of an identity; write {PARTS}")),
            },
        })
    }

    /// The text of the part; `None` where it is absent. A list with the separator in one of its items is JSON: joined, it would
    /// read as more items than it has.
    fn text(&self, identity: &Identity) -> Option<String> {
        let joined = |items: &[String], separator: &str| match items {
            [] => None,
            items if items.iter().any(|item| item.contains(separator)) => serde_json::to_string(items).ok(),
            items => Some(items.join(separator)),
        };
        match self {
            Self::Subject => Some(identity.subject.clone()),
            Self::Issuer => identity.issuer.clone(),
            Self::Consumer => identity.consumer.as_deref().map(str::to_owned),
            Self::Kind => Some(identity.kind.to_owned()),
            Self::Scopes => joined(&identity.scopes, " "),
            Self::Roles => joined(&identity.roles, ","),
            Self::Groups => joined(&identity.groups, ","),
            Self::Claim(path) => identity.claim_text(path),
        }
    }
}

impl IdentityHeaders {
    /// # Errors
    /// Where there is no field, a name is not free, or a part is not one.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        if config.0.is_empty() {
            return Err(ConfigError::at("", "there is no field; write one such as { \"x-user\" = \"subject\" }"));
        }
        let (mut names, mut parts) = (Vec::new(), Vec::new());
        for (name, part) in &config.0 {
            names.push(field_name(name, name, compiler)?);
            parts.push(Part::parse(part).map_err(|message| ConfigError::at(name, message))?);
        }
        compiler.needs.identity = true;
        Ok(Self { id: compiler.id.to_owned(), names, parts })
    }
}

#[async_trait(?Send)]
impl Policy for IdentityHeaders {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        forwarded::remove_every_spelling(&mut request.headers, &self.names);
        let Some(identity) = &cx.identity else { return Ok(Flow::Next) };
        let mut omitted = Vec::new();
        for (name, part) in self.names.iter().zip(&self.parts) {
            let Some(text) = part.text(identity) else { continue };
            match field_value(&text) {
                Some(value) => {
                    request.headers.insert(name.clone(), value);
                }
                None => omitted.push(name.as_str()),
            }
        }
        if !omitted.is_empty() {
            cx.record.note(format!("{}: what {} would carry is not visible ASCII", self.id, omitted.join(", ")));
        }
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;
    use futures::executor::block_on;
    use serde_json::json;
    use std::rc::Rc;

    fn ann() -> Identity {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Rc<[String]>>();
        Identity {
            kind: "jwt",
            subject: "ann".to_owned(),
            issuer: Some("https://i.example/".to_owned()),
            consumer: Some("acme".into()),
            scopes: words(&["a:read", "a:write"]),
            roles: words(&["editor", "clerk"]),
            groups: words(&["a,b", "c"]),
            claims: Rc::new(json!({ "org": { "tenant": "t1" }, "name": "Ann\u{e9}", "nasty": "a\r\nx-b: c" }).as_object().unwrap().clone()),
        }
    }

    fn check(part: &str, identity: Option<Identity>, expect: Option<&str>) {
        let scene = Scene::of("GET", "https://api.example/", &[("x-it", "forged"), ("x_it", "forged"), ("x-other", "kept")]);
        let policy = scene.compile(&format!("x-it = '{part}'"), IdentityHeaders::compile).unwrap();
        let (mut cx, mut request) = (scene.exchange(), scene.request());
        cx.identity = identity;
        assert!(matches!(block_on(policy.on_request(&mut cx, &mut request)), Ok(Flow::Next)));
        assert_eq!(request.header("x-it"), expect, "{part}");
        assert_eq!((request.header("x_it"), request.header("x-other")), (None, Some("kept")), "{part}");
    }

    #[test]
    fn each_part_has_its_text_and_what_a_client_sent_is_gone() {
        check("subject", Some(ann()), Some("ann"));
        check("issuer", Some(ann()), Some("https://i.example/"));
        check("consumer", Some(ann()), Some("acme"));
        check("kind", Some(ann()), Some("jwt"));
        check("scopes", Some(ann()), Some("a:read a:write"));
        check("roles", Some(ann()), Some("editor,clerk"));
        check("groups", Some(ann()), Some(r#"["a,b","c"]"#));
        check("claim.org.tenant", Some(ann()), Some("t1"));
        check("claim.org", Some(ann()), Some(r#"{"tenant":"t1"}"#));
        check("claim.none", Some(ann()), None);
        check("claim.name", Some(ann()), None);
        check("claim.nasty", Some(ann()), None);
        check("subject", None, None);
        check("kind", Some(Identity::anonymous()), Some("anonymous"));
        check("issuer", Some(Identity::anonymous()), None);
        check("roles", Some(Identity::anonymous()), None);
    }

    #[test]
    fn names_must_be_free_and_parts_known() {
        let rows = [
            ("", "there is no field"),
            ("x-user = 'sub'", "no part of an identity"),
            ("x-user = 'claim.'", "names no claim"),
            ("cookie = 'subject'", "a use of its own"),
            ("x-forwarded-user = 'subject'", "a use of its own"),
            ("x_user = 'subject'", "with hyphens"),
            ("'x user' = 'subject'", "not the name of a header field"),
        ];
        Scene::refuses(&rows, IdentityHeaders::compile);
    }
}
