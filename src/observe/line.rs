//! The access record: one JSON line per request, flat, with OpenTelemetry's names where it has them. Every text in it is cut at
//! [`LONGEST`] bytes, and escapes keep control characters out of the log, and all else that shows another text than there is.

use std::rc::Rc;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::record::Record;
use super::recorder::{Recorder, Seen};
use super::time::rfc3339;
use super::trace::TraceContext;
use crate::auth::identity::Identity;
use crate::error::Blame;
use crate::exchange::{Connection, Exchange};
use crate::http::{Method, StatusCode, Target};
use crate::routing::Route;

/// The most bytes that one text takes; what is longer ends in `…`.
pub const LONGEST: usize = 2048;

/// The most notes and would-be verdicts that one line carries.
const MOST_ITEMS: usize = 32;

/// All that a line is made of, owned, so that it can be written after the reply.
pub struct Line {
    request_id: String,
    trace: TraceContext,
    client: Connection,
    peer: Option<std::net::IpAddr>,
    started_ms: u64,
    duration_ms: u64,
    method: Method,
    target: Option<Target>,
    route: Option<Rc<Route>>,
    identity: Option<Identity>,
    record: Record,
    seen: Seen,
    status: StatusCode,
    response_bytes: Option<u64>,
}

impl Line {
    /// Takes what is needed out of a finished exchange.
    pub fn of(cx: Exchange<'_>, seen: Seen, status: StatusCode, response_bytes: Option<u64>) -> Self {
        let duration_ms = cx.elapsed_ms();
        let Exchange { request_id, trace, client, peer, started_ms, method, target, route, identity, record, .. } = cx;
        Self {
            request_id,
            trace,
            client,
            peer,
            started_ms,
            duration_ms,
            method,
            target,
            route,
            identity,
            record,
            seen,
            status,
            response_bytes,
        }
    }

    /// The line, without a line feed.
    pub fn text(&self, recorder: &Recorder) -> String {
        visible(serde_json::to_string(&Written { line: self, recorder }).unwrap_or_default())
    }

    /// What the policies' response phase took, in milliseconds: what is left of the whole after their request phase and the origin.
    fn response_ms(&self) -> Option<u64> {
        let before = self.record.policies_ms?.saturating_add(self.record.origin_ms.unwrap_or(0));
        Some(self.duration_ms.saturating_sub(before))
    }

    /// What went wrong: the problem's code, or the origin's status from 500.
    fn error_type(&self) -> Option<String> {
        match self.record.code {
            Some(code) => Some(code.to_owned()),
            None => self.status.is_server_error().then(|| self.status.as_u16().to_string()),
        }
    }

    /// Whose fault it was; a status from 500 that the origin itself sent is the origin's.
    fn blame(&self) -> Option<Blame> {
        let sent_by_origin = self.status.is_server_error() && self.record.origin.is_some();
        self.record.blame.or_else(|| sent_by_origin.then_some(Blame::Origin))
    }
}

struct Written<'a> {
    line: &'a Line,
    recorder: &'a Recorder,
}

impl Serialize for Written<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Line { trace, record, seen, .. } = self.line;
        let mut fields = Fields(serializer.serialize_map(None)?);
        fields.put("time", &rfc3339(self.line.started_ms))?;
        fields.text("request.id", Some(&self.line.request_id))?;
        fields.put("trace_id", &trace.trace_id)?;
        fields.put("span_id", &trace.span_id)?;
        fields.some("parent_span_id", trace.parent_id.as_ref())?;
        fields.text("http.request.method", Some(self.line.method.as_str()))?;
        if let Some(target) = &self.line.target {
            fields.put("url.scheme", target.scheme)?;
            fields.text("server.address", Some(target.host()))?;
            fields.text("url.path", Some(&target.path))?;
            fields.text("url.query", target.query.as_deref().map(|query| self.recorder.redact(query)).as_deref())?;
        } else if let Some(url) = &record.unread_url {
            fields.text("url.full", Some(&without_secrets(url)))?;
        }
        if let Some(route) = &self.line.route {
            fields.put("http.route", &*route.path)?;
            fields.put("archway.route", &*route.id)?;
            fields.put("archway.api", &*route.api)?;
        }
        fields.put("http.response.status_code", &self.line.status.as_u16())?;
        fields.some("error.type", self.line.error_type())?;
        fields.some("archway.blame", self.line.blame())?;
        fields.text("archway.error", record.error.as_deref())?;
        fields.put("archway.duration_ms", &self.line.duration_ms)?;
        fields.some("archway.policies_ms", record.policies_ms)?;
        fields.some("archway.origin_ms", record.origin_ms)?;
        fields.some("archway.response_ms", self.line.response_ms())?;
        fields.some("archway.origin", record.origin.as_deref())?;
        fields.some("archway.target", record.target.as_deref())?;
        fields.some("archway.attempts", Some(record.attempts).filter(|attempts| *attempts > 0))?;
        fields.some("archway.cache", record.cache)?;
        fields.some("archway.limit", record.limit)?;
        if let Some(identity) = &self.line.identity {
            fields.text("enduser.id", Some(&identity.subject))?;
            fields.text("archway.issuer", identity.issuer.as_deref())?;
        }
        fields.text("archway.consumer", record.consumer.as_deref())?;
        fields.text("archway.credential", record.credential.as_deref())?;
        fields.some("client.address", self.line.client.address)?;
        fields.some("network.peer.address", self.line.peer.filter(|peer| self.line.client.address != Some(*peer)))?;
        fields.some("network.protocol.version", self.line.client.protocol.as_deref())?;
        fields.text("user_agent.original", seen.user_agent.as_ref().map(|value| String::from_utf8_lossy(value.as_bytes())).as_deref())?;
        fields.some("http.request.body.size", seen.body_bytes)?;
        fields.some("http.response.body.size", self.line.response_bytes)?;
        for (name, value) in &seen.headers {
            fields.text(&format!("http.request.header.{name}"), Some(&String::from_utf8_lossy(value.as_bytes())))?;
        }
        if !record.notes.is_empty() {
            let notes: Vec<_> = record.notes.iter().take(MOST_ITEMS).map(|note| cut(note)).collect();
            fields.put("archway.notes", &notes)?;
        }
        if !record.threats.is_empty() {
            let threats: Vec<_> = record.threats.iter().take(MOST_ITEMS).map(|threat| cut(threat)).collect();
            fields.put("archway.waf", &threats)?;
        }
        if !record.would.is_empty() {
            let would: Vec<_> = record.would.iter().take(MOST_ITEMS).collect();
            fields.put("archway.would", &would)?;
        }
        fields.0.end()
    }
}

struct Fields<M>(M);

impl<M: SerializeMap> Fields<M> {
    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), M::Error> {
        self.0.serialize_entry(name, value)
    }

    fn some<T: Serialize>(&mut self, name: &str, value: Option<T>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.put(name, &value))
    }

    fn text(&mut self, name: &str, value: Option<&str>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.put(name, &cut(value)))
    }
}

/// A URL that could not be read, without its user information, query and fragment.
fn without_secrets(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or(url);
    let Some((scheme, rest)) = bare.split_once("://") else { return bare.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{path}", authority.rsplit('@').next().unwrap_or(authority))
}

/// JSON with escapes for what its grammar lets stand and a terminal obeys: controls beyond ASCII's first, separators of lines, and marks
/// that turn the direction of writing (Unicode Standard Annex 9). All of it can only stand in texts.
fn visible(json: String) -> String {
    let hides = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    if !json.contains(hides) {
        return json;
    }
    let escaped = |c: char| if hides(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    json.chars().map(escaped).collect()
}

/// A text of at most [`LONGEST`] bytes.
fn cut(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= LONGEST {
        return text.into();
    }
    format!("{}…", text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests;
