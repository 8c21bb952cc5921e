//! `ask` as it is written.

use serde::{Deserialize, Serialize};

use crate::config::compiler::ConfigError;
use crate::config::values::{Duration, Secret};
use crate::http::HeaderName;

/// `{ ask = { authzen = "https://pdp.example/access/v1/evaluation", remember = "10s" } }`
///
/// Exactly one of `authzen`, `opa` and `forward_auth` says who decides and how it is spoken to. The decision point that does not
/// answer rightly and in time lets nobody in, unless `on_error = "allow"`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The evaluation endpoint of an AuthZEN decision point (Authorization API 1.0): an https URL, or http on loopback. May hold
    /// `${NAME}`. It stands behind an identity policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authzen: Option<String>,
    /// A document of Open Policy Agent's data API that is `true` or `{ allow = true, headers = { ... } }` where the request may pass:
    /// `https://opa.example/v1/data/http/authz`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opa: Option<String>,
    /// An endpoint that is asked with GET, some of the request's header fields, and `X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri`
    /// and `-For`. A status of 2xx lets pass; 401, 403 and redirects are handed to the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_auth: Option<String>,
    /// Header fields of the request that the question has; `["authorization", "cookie"]` for `forward_auth` and none for the others
    /// where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_headers: Option<Vec<String>>,
    /// Header fields that the answer may give to the origin: of a `forward_auth` answer, or in `headers` of OPA's result. Clients
    /// cannot send them, on any route.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origin_headers: Vec<String>,
    /// Header fields of a `forward_auth` answer that the client gets with it; where absent `cache-control`, `content-type`,
    /// `location`, `retry-after`, `set-cookie` and `www-authenticate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_headers: Option<Vec<String>>,
    /// Claims of the identity that the question has besides subject, issuer, consumer, kind, scopes, roles (implied ones included) and
    /// groups; dotted paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
    /// Whether the question to OPA tells who is calling, which asks for an identity policy before; `true` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<bool>,
    /// The type of AuthZEN's subject; `user` where absent. Its id is the identity's subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_type: Option<String>,
    /// The name of AuthZEN's action, a template; `{method}` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The type of AuthZEN's resource; `route` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The id of AuthZEN's resource, a template; `{path}` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// A secret that the decision point wants as a Bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// How long the whole answer may take; 50ms to 30s.
    #[serde(default = "default_timeout")]
    pub timeout: Duration,
    /// How long a verdict is remembered, at most 1h; it is not where absent. Answers that are handed to the client never are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remember: Option<Duration>,
    /// What a remembered verdict holds for; where absent, for requests with exactly the same question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remember_by: Vec<Key>,
}

fn default_timeout() -> Duration {
    Duration::from_ms(2_000)
}

/// Something that tells verdicts apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// The identity: kind, issuer, subject, consumer, scopes, roles and groups.
    Identity,
    /// The client's address.
    Ip,
    /// The route.
    Route,
    /// The method.
    Method,
    /// The path.
    Path,
    /// The query.
    Query,
    /// The values of this header field.
    Header(String),
}

impl Config {
    /// The decision point: the key and the URL as written; [`Config::check`] has seen to it that there is one.
    pub fn decision_point(&self) -> (&'static str, &str) {
        let points = [("authzen", &self.authzen), ("opa", &self.opa), ("forward_auth", &self.forward_auth)];
        points.into_iter().find_map(|(key, url)| Some((key, url.as_deref()?))).unwrap_or(("", ""))
    }

    /// # Errors
    /// Where there is not exactly one decision point, a key belongs to another kind of it, or a time is out of range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |field: &str, message: String| Err(ConfigError::at(field, message));
        let points = [("authzen", self.authzen.is_some()), ("opa", self.opa.is_some()), ("forward_auth", self.forward_auth.is_some())];
        let mut said = points.into_iter().filter(|(_, said)| *said).map(|(key, _)| key);
        let Some(point) = said.next() else {
            return wrong("", "nobody is asked; write one of `authzen`, `opa` and `forward_auth`".to_owned());
        };
        if let Some(other) = said.next() {
            return wrong(other, format!("`{point}` and `{other}` exclude each other"));
        }
        let belongs = [
            ("origin_headers", !self.origin_headers.is_empty(), ["opa", "forward_auth"].as_slice()),
            ("client_headers", self.client_headers.is_some(), &["forward_auth"]),
            ("claims", !self.claims.is_empty(), &["authzen", "opa"]),
            ("identity", self.identity.is_some(), &["opa"]),
            ("subject_type", self.subject_type.is_some(), &["authzen"]),
            ("action", self.action.is_some(), &["authzen"]),
            ("resource_type", self.resource_type.is_some(), &["authzen"]),
            ("resource", self.resource.is_some(), &["authzen"]),
            ("token", self.token.is_some(), &["authzen", "opa"]),
        ];
        if let Some((key, _, to)) = belongs.into_iter().find(|(_, said, to)| *said && !to.contains(&point)) {
            return wrong(key, format!("`{key}` belongs to `{}`, not to `{point}`", to.join("` or `")));
        }
        if self.identity == Some(false) && !self.claims.is_empty() {
            return wrong("claims", "claims are the identity's, and `identity = false` leaves it out".to_owned());
        }
        if !(50..=30_000).contains(&self.timeout.ms()) {
            return wrong("timeout", format!("{} is out of range; write from 50ms to 30s", self.timeout));
        }
        match self.remember {
            Some(remember) if !(1_000..=3_600_000).contains(&remember.ms()) => {
                return wrong("remember", format!("{remember} is out of range; write from 1s to 1h"));
            }
            None if !self.remember_by.is_empty() => return wrong("remember_by", "nothing is remembered without `remember`".to_owned()),
            _ => {}
        }
        for (index, key) in self.remember_by.iter().enumerate() {
            if let Key::Header(name) = key
                && HeaderName::try_from(name).is_err()
            {
                return wrong(&format!("remember_by.{index}"), format!("`{name}` is not the name of a header field"));
            }
        }
        Ok(())
    }
}
