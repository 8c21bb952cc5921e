//! What a decision point has answered. Whatever is not clearly an answer is none.

use serde_json::Value;

use super::{Ask, Speech, Verdict};
use crate::http::{Body, HeaderMap, HeaderName, Response, StatusCode};
use crate::policies::identity_headers;
use crate::ports::ask::Answer;

/// What the answer amounts to.
#[derive(Debug)]
pub enum Decision {
    /// Yes or no.
    Verdict(Verdict),
    /// An answer that the client gets.
    Reply(Response),
}

impl Ask {
    /// Reads an answer.
    ///
    /// # Errors
    /// Where it is none; the text is for the log, and has nothing of the answer's body in it.
    pub(super) fn read(&self, answer: Answer) -> Result<Decision, String> {
        match &self.speech {
            Speech::AuthZen { .. } => authzen(&answer).map(Decision::Verdict),
            Speech::Opa { .. } => self.opa(&answer).map(Decision::Verdict),
            Speech::ForwardAuth { client_headers } => self.forward_auth(answer, client_headers),
        }
    }

    /// `true`, or an object whose `allow` is `true`, lets pass; anything else that OPA says does not (an undefined document has no
    /// `result` at all).
    fn opa(&self, answer: &Answer) -> Result<Verdict, String> {
        let value = json(answer)?;
        let Value::Object(members) = &value else { return Err("its answer is no JSON object".to_owned()) };
        let allowed = match members.get("result") {
            Some(Value::Bool(allowed)) => *allowed,
            Some(Value::Object(result)) => result.get("allow") == Some(&Value::Bool(true)),
            None => return Ok(Verdict::Deny("OPA has no such document, or it is undefined for this request".to_owned())),
            Some(_) => return Err("its result is neither a boolean nor an object".to_owned()),
        };
        if !allowed {
            return Ok(Verdict::Deny("OPA says no".to_owned()));
        }
        let text = |name: &HeaderName| {
            let headers = members.get("result")?.get("headers")?.as_object()?;
            let (_, value) = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.as_str()))?;
            identity_headers::field_value(value.as_str()?)
        };
        Ok(Verdict::Allow(self.origin_headers.iter().filter_map(|name| Some((name.clone(), text(name)?))).collect()))
    }

    fn forward_auth(&self, answer: Answer, client_headers: &[HeaderName]) -> Result<Decision, String> {
        let Answer { status, headers, body } = answer;
        if status.is_success() {
            let field = |name: &HeaderName| Some((name.clone(), headers.get(name)?.clone()));
            return Ok(Decision::Verdict(Verdict::Allow(self.origin_headers.iter().filter_map(field).collect())));
        }
        if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308 | 401 | 403) {
            return Err(format!("it answered with status {}", status.as_u16()));
        }
        let mut reply = HeaderMap::new();
        for name in client_headers {
            for value in headers.get_all(name) {
                reply.append(name, value.clone());
            }
        }
        let body = if body.is_empty() { Body::Empty } else { Body::Full(body) };
        Ok(Decision::Reply(Response { status, headers: reply, body }))
    }
}

/// An evaluation's `decision` (Authorization API 1.0).
fn authzen(answer: &Answer) -> Result<Verdict, String> {
    match json(answer)?.get("decision") {
        Some(Value::Bool(true)) => Ok(Verdict::Allow(Vec::new())),
        Some(Value::Bool(false)) => Ok(Verdict::Deny("the decision point says no".to_owned())),
        _ => Err("its answer has no decision".to_owned()),
    }
}

fn json(answer: &Answer) -> Result<Value, String> {
    if answer.status != StatusCode::OK {
        return Err(format!("it answered with status {}", answer.status.as_u16()));
    }
    serde_json::from_slice(&answer.body).map_err(|_| "its answer is no JSON".to_owned())
}
