//! What is collected of a request while it is served; [`super::line`] makes the access record of it.

use std::rc::Rc;

use http::StatusCode;
use serde::Serialize;

use crate::error::Blame;

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
    /// What the `waf` policy saw: rule, place and score of each finding, without the text.
    pub threats: Vec<String>,
    /// Verdicts of policies in report mode.
    pub would: Vec<WouldBe>,
    /// The code of the problem the request ended with.
    pub code: Option<&'static str>,
    /// Whose fault that was.
    pub blame: Option<Blame>,
    /// The log's half of that error.
    pub error: Option<String>,
    /// The consumer whose proof was right, whether or not it held.
    pub consumer: Option<Rc<str>>,
    /// Which proof that was, `key 4kqz...` for instance; never its secret.
    pub credential: Option<String>,
    /// The origin's name.
    pub origin: Option<Rc<str>>,
    /// The target's authority.
    pub target: Option<Rc<str>>,
    /// The URL as sent, where it could not be read.
    pub unread_url: Option<String>,
    /// Calls made to the origin.
    pub attempts: u32,
    /// Milliseconds the origin took to its first byte.
    pub origin_ms: Option<u64>,
    /// Milliseconds from the request's coming to the end of the policies' request phase.
    pub policies_ms: Option<u64>,
    /// `hit`, `miss`, `bypass`, ... (RFC 9211's words).
    pub cache: Option<&'static str>,
    /// `allowed`, `allowed-leased`, `refused`, `refused-remembered`.
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
