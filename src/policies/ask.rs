//! Asks another server whether the caller may do this: a decision point that speaks AuthZEN (Authorization API 1.0), Open Policy
//! Agent, or a plain forward-auth endpoint.
//!
//! A refusal is 403, or 401 where the caller is anonymous; a forward-auth endpoint's own 401, 403 and redirects are handed to the
//! client. A decision point that does not answer, or answers something else, is an outage: `on_error` decides, and denies where
//! absent. Verdicts are remembered only where `remember` says so, in the isolate, each by everything that was asked.

use std::cell::RefCell;

use super::prelude::*;
use super::require::nobody;
use crate::auth::remembered::Remembered;
use crate::config::compiler::ConfigError;
use crate::config::server_url;
use crate::config::template::Template;
use crate::http::header;
use crate::policies::identity_headers;
use crate::ports::ask::ask;

mod answer;
mod question;
#[cfg(test)]
mod tests;
mod written;

use answer::Decision;
pub use written::Config;
use written::Key;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { subrequests: 1, shields: Some(Shields::Callers), ..Facts::of("ask") };

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 64 << 10;
const REFUSED: &str = "The caller is known and may not do this.";

/// Header fields that a forward-auth endpoint is asked with, and that its answer gives to the client, where nothing else is said.
const ASKED_WITH: &[&str] = &["authorization", "cookie"];
const ANSWERED_WITH: &[&str] = &["cache-control", "content-type", "location", "retry-after", "set-cookie", "www-authenticate"];

/// How the decision point is spoken to.
enum Speech {
    AuthZen { action: Template, subject_type: String, resource_type: String, resource: Template },
    Opa { identity: bool },
    ForwardAuth { client_headers: Vec<HeaderName> },
}

/// The compiled policy, with this isolate's memory of verdicts.
pub struct Ask {
    id: String,
    realm: String,
    speech: Speech,
    url: String,
    bearer: Option<HeaderValue>,
    request_headers: Vec<HeaderName>,
    origin_headers: Vec<HeaderName>,
    claims: Vec<String>,
    timeout_ms: u64,
    remember_ms: u64,
    remember_by: Vec<Key>,
    verdicts: RefCell<Remembered<Verdict>>,
}

/// What was decided, as it is remembered.
#[derive(Debug, Clone, PartialEq)]
enum Verdict {
    /// The request goes on, with these fields for the origin.
    Allow(Vec<(HeaderName, HeaderValue)>),
    /// It does not; the text is for the record.
    Deny(String),
}

impl Ask {
    /// # Errors
    /// Where there is not exactly one decision point, its URL cannot be one, or a key belongs to another kind of it.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        config.check()?;
        let speech = match (&config.authzen, &config.opa) {
            (Some(_), _) => Speech::AuthZen {
                action: compiler.template("action", config.action.as_deref().unwrap_or("{method}"))?,
                subject_type: config.subject_type.clone().unwrap_or_else(|| "user".to_owned()),
                resource_type: config.resource_type.clone().unwrap_or_else(|| "route".to_owned()),
                resource: compiler.template("resource", config.resource.as_deref().unwrap_or("{path}"))?,
            },
            (None, Some(_)) => Speech::Opa { identity: config.identity.unwrap_or(true) },
            (None, None) => {
                Speech::ForwardAuth { client_headers: names("client_headers", config.client_headers.as_deref(), ANSWERED_WITH)? }
            }
        };
        compiler.needs.identity |= match &speech {
            Speech::AuthZen { .. } => true,
            Speech::Opa { identity } => *identity,
            Speech::ForwardAuth { .. } => false,
        };
        let default: &[&str] = if matches!(speech, Speech::ForwardAuth { .. }) { ASKED_WITH } else { &[] };
        let request_headers = names("request_headers", config.request_headers.as_deref(), default)?;
        let origin_headers = config.origin_headers.iter().enumerate();
        let origin_headers =
            origin_headers.map(|(index, name)| identity_headers::field_name(&format!("origin_headers.{index}"), name, compiler));
        let origin_headers = origin_headers.collect::<Result<Vec<_>, _>>()?;
        let (field, written) = config.decision_point();
        let url = server_url::resolve(field, written, compiler)?;
        let bearer = config.token.as_ref().map(|token| compiler.secret("token", token)).transpose()?;
        let bearer = bearer.map(|token| HeaderValue::try_from(format!("Bearer {token}")));
        let bearer = bearer.transpose().map_err(|_| ConfigError::at("token", "the secret cannot stand in a header field"))?;
        Ok(Self {
            id: compiler.id.to_owned(),
            realm: compiler.realm.to_owned(),
            speech,
            url,
            bearer,
            request_headers,
            origin_headers,
            claims: config.claims,
            timeout_ms: config.timeout.ms(),
            remember_ms: config.remember.map_or(0, |remember| remember.ms()),
            remember_by: config.remember_by,
            verdicts: RefCell::default(),
        })
    }

    /// What the decision point says now.
    async fn decide(&self, cx: &mut Exchange<'_>, request: &Request) -> Result<Decision, GatewayError> {
        let question = self.question(cx, request);
        let unavailable = |log: String| GatewayError::PolicyUnavailable { policy: self.id.clone(), log };
        let answer = ask(&*cx.ports.fetch, question, LONGEST_ANSWER).await.map_err(unavailable)?;
        self.read(answer).map_err(unavailable)
    }

    /// Does what was decided.
    fn follow(&self, cx: &Exchange<'_>, request: &mut Request, verdict: &Verdict) -> Result<Flow, GatewayError> {
        match verdict {
            Verdict::Allow(fields) => {
                for (name, value) in fields {
                    request.headers.insert(name, value.clone());
                }
                Ok(Flow::Next)
            }
            Verdict::Deny(log) => {
                let log = format!("{}: {log}", self.id);
                Err(match (&cx.identity, cx.caller()) {
                    (Some(_), None) => nobody(cx, &self.realm, log),
                    _ => GatewayError::Forbidden { challenge: None, detail: REFUSED, log },
                })
            }
        }
    }
}

fn names(field: &str, written: Option<&[String]>, default: &[&'static str]) -> Result<Vec<HeaderName>, ConfigError> {
    let Some(written) = written else { return Ok(default.iter().map(|name| HeaderName::from_static(name)).collect()) };
    let parsed = written.iter().enumerate().map(|(index, name)| {
        let wrong = |_| ConfigError::at(format!("{field}.{index}"), format!("`{name}` is not the name of a header field"));
        HeaderName::try_from(name).map_err(wrong)
    });
    parsed.collect()
}

#[async_trait(?Send)]
impl Policy for Ask {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        crate::http::forwarded::remove_every_spelling(&mut request.headers, &self.origin_headers);
        let asked = (self.remember_ms > 0).then(|| self.asked(cx, request));
        let known = asked.and_then(|asked| self.verdicts.borrow().recall(&asked, cx.ports.clock.now_ms()).cloned());
        if let Some(verdict) = known {
            return self.follow(cx, request, &verdict);
        }
        let verdict = match self.decide(cx, request).await? {
            Decision::Verdict(verdict) => verdict,
            Decision::Reply(mut response) => {
                cx.record.note(format!("{}: the decision point answered with status {}", self.id, response.status.as_u16()));
                response.headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
                return Ok(Flow::Respond(response));
            }
        };
        if let Some(asked) = asked {
            let until_ms = cx.ports.clock.now_ms().saturating_add(self.remember_ms);
            self.verdicts.borrow_mut().remember(asked, verdict.clone(), until_ms);
        }
        self.follow(cx, request, &verdict)
    }
}
