//! The access record: one JSON line per request, with OpenTelemetry's names where it has them.

use std::rc::Rc;

use http::StatusCode;
use serde::Serialize;

use crate::config::runtime::Settings;
use crate::error::Blame;
use crate::exchange::Exchange;
use crate::gateway::Incoming;
use crate::http::Response;

/// What a policy in report mode would have done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WouldBe {
    /// The policy's instance.
    pub policy: String,
    /// The status it would have answered with.
    pub status: u16,
    /// The problem's code, or `respond`.
    pub code: String,
}

/// What is collected of a request while it is served.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Things worth knowing that are nobody's fault.
    pub notes: Vec<String>,
    /// Verdicts of policies in report mode.
    pub would: Vec<WouldBe>,
    /// The code of the problem the request ended with.
    pub code: Option<&'static str>,
    /// Whose fault that was.
    pub blame: Option<Blame>,
    /// The log's half of that error.
    pub error: Option<String>,
    /// The origin's name.
    pub origin: Option<Rc<str>>,
    /// The target's authority.
    pub target: Option<Rc<str>>,
    /// Calls made to the origin.
    pub attempts: u32,
    /// Milliseconds the origin took to its first byte.
    pub origin_ms: Option<u64>,
    /// Milliseconds of the policies' request phase.
    pub policies_ms: Option<u64>,
    /// `hit`, `miss`, `bypass`, ... (RFC 9211's words).
    pub cache: Option<&'static str>,
    /// `allowed`, `refused`, `refused-remembered`.
    pub limit: Option<&'static str>,
}

impl Record {
    /// Adds a note.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Adds the verdict of a policy in report mode.
    pub fn would(&mut self, policy: &str, status: StatusCode, code: &str) {
        self.would.push(WouldBe { policy: policy.to_owned(), status: status.as_u16(), code: code.to_owned() });
    }
}

/// What the record keeps of a request's head, copied before policies change it and redacted at once.
#[derive(Debug, Clone)]
pub struct Seen {}

impl Seen {
    /// Copies what the settings ask for.
    pub fn of(_incoming: &Incoming, _settings: &Settings) -> Self {
        Self {}
    }
}

/// Writes the record after the reply, if this request is sampled.
pub fn write(_cx: Exchange<'_>, _seen: Seen, _response: &Response) {}
