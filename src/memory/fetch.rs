//! Scripted origins: what each answers, when, and what it has seen.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use async_trait::async_trait;
use bytes::Bytes;

use super::ManualClock;
use crate::http::{Body, BodyError, HeaderMap, HeaderName, HeaderValue, Method, OriginRequest, Response, StatusCode};
use crate::ports::{Fetch, FetchError};

/// A response of a scripted origin.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status; 200 where it is 0.
    pub status: u16,
    /// Header fields, in order.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: String,
    /// Milliseconds to the first byte; the clock moves on by as much.
    pub after_ms: u64,
}

/// What a scripted origin does with a call.
#[derive(Debug, Clone)]
pub enum Act {
    /// Answers.
    Answer(Reply),
    /// Refuses the connection; the text is for the log.
    Refuse(String),
}

/// One origin by its authority and, where told, one path of it.
#[derive(Debug, Clone, Default)]
pub struct ScriptedOrigin {
    /// Host and port of the URL.
    pub authority: String,
    /// Only calls to this path, without the query; all paths where absent.
    pub path: Option<String>,
    /// One after the other; the last one repeats.
    pub acts: VecDeque<Act>,
}

/// A call as an origin has seen it.
#[derive(Debug, Clone)]
pub struct SeenCall {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    /// All header fields.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// Answers for every scripted origin and keeps what they have seen; refuses all others.
pub struct ScriptedFetch {
    clock: Rc<ManualClock>,
    /// The first that fits answers; those with a path come before those without.
    pub origins: RefCell<Vec<ScriptedOrigin>>,
    /// Every call, in order.
    pub calls: RefCell<Vec<SeenCall>>,
}

impl ScriptedFetch {
    /// No origins yet; delays move `clock`.
    pub fn new(clock: Rc<ManualClock>) -> Self {
        Self { clock, origins: RefCell::default(), calls: RefCell::default() }
    }

    /// Adds an origin that gives one answer to everything.
    pub fn answer(&self, authority: &str, reply: Reply) {
        let acts = VecDeque::from([Act::Answer(reply)]);
        self.origins.borrow_mut().push(ScriptedOrigin { authority: authority.to_owned(), path: None, acts });
    }

    /// Takes the calls that were made so far.
    pub fn take_calls(&self) -> Vec<SeenCall> {
        self.calls.take()
    }

    fn act(&self, url: &str) -> Act {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let path = path.split('?').next().unwrap_or(path);
        let mut origins = self.origins.borrow_mut();
        let fits = |origin: &&mut ScriptedOrigin| origin.authority == authority && origin.path.as_deref().is_none_or(|p| p == path);
        let Some(origin) = origins.iter_mut().rev().filter(fits).max_by_key(|origin| origin.path.is_some()) else {
            return Act::Refuse(format!("nobody listens at {authority}"));
        };
        if origin.acts.len() > 1 { origin.acts.pop_front() } else { origin.acts.front().cloned() }
            .unwrap_or_else(|| Act::Refuse("the script is empty".to_owned()))
    }
}

#[async_trait(?Send)]
impl Fetch for ScriptedFetch {
    async fn fetch(&self, mut request: OriginRequest) -> Result<Response, FetchError> {
        let body = match request.body.read(u64::MAX).await {
            Ok(body) => body,
            Err(BodyError::TooLarge { .. }) => return Err(FetchError::BodyTooLarge),
            Err(BodyError::TooSlow { .. }) => return Err(FetchError::BodyTooSlow),
            Err(BodyError::Broken(text)) => return Err(FetchError::Unreachable(text)),
        };
        let act = self.act(&request.url);
        let head = request.method == Method::HEAD;
        self.calls.borrow_mut().push(SeenCall { method: request.method, url: request.url, headers: request.headers, body });
        let reply = match act {
            Act::Answer(reply) => reply,
            Act::Refuse(text) => return Err(FetchError::Unreachable(text)),
        };
        if request.first_byte_ms != 0 && reply.after_ms > request.first_byte_ms {
            self.clock.advance(request.first_byte_ms);
            return Err(FetchError::Timeout);
        }
        self.clock.advance(reply.after_ms);
        let mut headers = HeaderMap::new();
        for (name, value) in &reply.headers {
            let name = HeaderName::try_from(name).map_err(|error| FetchError::Unreachable(error.to_string()))?;
            let value = HeaderValue::try_from(value).map_err(|error| FetchError::Unreachable(error.to_string()))?;
            headers.append(name, value);
        }
        let status = StatusCode::from_u16(if reply.status == 0 { 200 } else { reply.status });
        let status = status.map_err(|error| FetchError::Unreachable(error.to_string()))?;
        let body = if head || reply.body.is_empty() { Body::Empty } else { Body::Full(reply.body.into()) };
        Ok(Response { status, headers, body })
    }
}
