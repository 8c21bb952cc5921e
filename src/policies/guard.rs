//! The one wrapper around every policy: `mode` and `on_error`.

use std::rc::Rc;

use super::{Flow, Mode, OnError, Policy};
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::http::{Request, Response};

/// A policy in a chain, with what the routes file says about how it acts.
#[derive(Clone)]
pub struct Guarded {
    /// The instance's name in the record: `api.name` for a named policy, the registry's name otherwise.
    pub id: Rc<str>,
    /// The registry's name.
    pub kind: &'static str,
    /// Whether it acts.
    pub mode: Mode,
    /// What an outage means.
    pub on_error: OnError,
    /// What runs, or why it could not be built: then every request is refused (500).
    pub policy: Result<Rc<dyn Policy>, String>,
}

impl Guarded {
    /// The request hook under `mode` and `on_error`.
    ///
    /// # Errors
    /// The policy's own refusal, where the policy acts.
    pub async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let policy = self.policy()?;
        if self.mode == Mode::Report {
            let (headers, target, replies) = (request.headers.clone(), request.target.clone(), cx.reply_headers.len());
            match policy.on_request(cx, request).await {
                Ok(Flow::Next) => {}
                Ok(Flow::Respond(response)) => cx.record.would(&self.id, response.status, "respond"),
                Err(error) => {
                    let verdict = error.verdict();
                    cx.record.would(&self.id, verdict.status, verdict.code);
                }
            }
            (request.headers, request.target) = (headers, target);
            cx.reply_headers.truncate(replies);
            cx.cache = None;
            return Ok(Flow::Next);
        }
        match policy.on_request(cx, request).await {
            Err(error) if error.is_outage() && self.on_error == OnError::Allow => {
                cx.record.note(format!("{} is down and let pass: {}", self.id, error.verdict().log));
                Ok(Flow::Next)
            }
            other => other,
        }
    }

    /// The response hook under `mode` and `on_error`.
    ///
    /// # Errors
    /// The policy's own, where the policy acts.
    pub async fn on_response(&self, cx: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
        let policy = self.policy()?;
        if self.mode == Mode::Report {
            let (headers, status) = (response.headers.clone(), response.status);
            if let Err(error) = policy.on_response(cx, response).await {
                let verdict = error.verdict();
                cx.record.would(&self.id, verdict.status, verdict.code);
            }
            (response.headers, response.status) = (headers, status);
            return Ok(());
        }
        match policy.on_response(cx, response).await {
            Err(error) if error.is_outage() && self.on_error == OnError::Allow => {
                cx.record.note(format!("{} is down and let pass: {}", self.id, error.verdict().log));
                Ok(())
            }
            other => other,
        }
    }

    fn policy(&self) -> Result<&Rc<dyn Policy>, GatewayError> {
        self.policy.as_ref().map_err(|log| GatewayError::Misconfigured { log: format!("{}: {log}", self.id) })
    }
}
