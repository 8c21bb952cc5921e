//! What the core needs from outside: one small trait each, and [`Ports`], which holds them.
//!
//! Each port has one real implementation in `platform`, one in [`crate::memory`], and one contract test body that both
//! pass. What a port says in [`PortError::detail`] is for the log alone.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use async_trait::async_trait;

use crate::auth::certificate::Presented;
use crate::auth::consumer::{Certificate, Client, Consumer, Found, Key, User};
use crate::auth::password::{HASH, Parameters};
use crate::auth::{revocation, session, session_index};
use crate::http::{OriginRequest, Response};
use crate::limits::gcra::{TakeReply, TakeRequest};
use crate::limits::guesses::{GuessReply, GuessRequest};

pub mod ask;
pub mod committed;
#[cfg(any(test, feature = "contracts"))]
pub mod contract;

/// A future that belongs to one request or to its background work; never to two requests.
pub type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Why something outside did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortError {
    /// Which port: `fetch`, `edge_cache`, `limiter`, ...
    pub port: &'static str,
    /// For the log only.
    pub detail: String,
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.port, self.detail)
    }
}

impl std::error::Error for PortError {}

/// Why a call to an origin gave no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// No first byte within [`OriginRequest::first_byte_ms`].
    Timeout,
    /// The request's body ran past its cap while it was being sent.
    BodyTooLarge,
    /// The request's body had not come by the time that it was due.
    BodyTooSlow,
    /// Anything else: refused, reset, not HTTP. The text is for the log only.
    Unreachable(String),
}

/// The time of day.
pub trait Clock {
    /// Milliseconds since the Unix epoch. In production it advances only with I/O.
    fn now_ms(&self) -> u64;
}

/// Unpredictable bytes.
pub trait Entropy {
    /// Fills `bytes` from a cryptographic source.
    fn fill(&self, bytes: &mut [u8]);
}

/// Plain variables and secrets of the deployment, by name.
pub trait Environment {
    /// The value, or `None` where the deployment has none of this name.
    fn get(&self, name: &str) -> Option<String>;
}

/// Work that goes on after the reply.
pub trait Background {
    /// Runs `work` to its end after the reply, as far as the platform lets it (30 s on the edge).
    fn spawn(&self, work: LocalFuture);
}

/// HTTP to an origin, an issuer, or any other server. Redirects are never followed.
#[async_trait(?Send)]
pub trait Fetch {
    /// Sends one request and answers as soon as the response's head is there.
    async fn fetch(&self, request: OriginRequest) -> Result<Response, FetchError>;
}

/// The cache of the data centre. Keys are absolute URLs made by the gateway; values are whole responses.
#[async_trait(?Send)]
pub trait EdgeCache {
    /// The stored response, if there is a fresh one under this key.
    async fn get(&self, key: &str) -> Result<Option<Response>, PortError>;
    /// Stores a response for as long as its own `Cache-Control` says.
    async fn put(&self, key: &str, response: Response) -> Result<(), PortError>;
    /// Forgets a response; `true` where there was one.
    async fn delete(&self, key: &str) -> Result<bool, PortError>;
}

/// Exact counting, one object per subject.
#[async_trait(?Send)]
pub trait Limiter {
    /// Takes from every window of `request` or from none, in the object called `subject`.
    async fn take(&self, subject: &str, request: &TakeRequest) -> Result<TakeReply, PortError>;
}

/// Which proofs were used already, one object per space and shard of it.
#[async_trait(?Send)]
pub trait Replay {
    /// Whether `id` is used in `space` for the first time; it is remembered until `until_ms` (milliseconds since the epoch, at most
    /// [`crate::auth::replay::LONGEST_MS`] ahead) and a little longer. Only a digest of it is kept. Where this fails the id may have
    /// been remembered or not: a proof with it must not be accepted.
    async fn first_time(&self, space: &str, id: &str, until_ms: u64) -> Result<bool, PortError>;
}

/// Failed proofs of identity, one object per subject.
#[async_trait(?Send)]
pub trait Guesses {
    /// Counts a failed proof of `subject` or asks about it; afterwards, how long it is held.
    async fn tell(&self, subject: &str, request: &GuessRequest) -> Result<GuessReply, PortError>;
}

/// Browser sessions, one object each, and indexes of them.
#[async_trait(?Send)]
pub trait Sessions {
    /// One step of the session object of this name.
    async fn session(&self, name: &str, ask: &session::Ask) -> Result<session::Answer, PortError>;
    /// One step of the index object of this name.
    async fn index(&self, name: &str, ask: &session_index::Ask) -> Result<session_index::Answer, PortError>;
}

/// Waiting, for what another request is about to finish.
#[async_trait(?Send)]
pub trait Timer {
    /// Comes back after so many milliseconds.
    async fn wait(&self, ms: u64);
}

/// Who may call, looked up by what a proof names.
#[async_trait(?Send)]
pub trait Consumers {
    /// The API key with this id.
    async fn key(&self, id: &str) -> Result<Option<Found<Key>>, PortError>;
    /// The user with this name.
    async fn user(&self, name: &str) -> Result<Option<Found<User>>, PortError>;
    /// Every consumer whose certificate this is.
    async fn certificate(&self, presented: &Presented) -> Result<Vec<Found<Certificate>>, PortError>;
    /// The consumer that tokens of this issuer call `id`.
    async fn client(&self, issuer: Option<&str>, id: &str) -> Result<Option<Found<Client>>, PortError>;
    /// The consumer of this name.
    async fn named(&self, name: &str) -> Result<Option<Rc<Consumer>>, PortError>;
}

/// Hashing that is meant to take long.
pub trait Passwords {
    /// scrypt (RFC 7914). It takes a tenth of a second or two, and nothing else happens meanwhile.
    fn scrypt(&self, password: &[u8], salt: &[u8], parameters: Parameters) -> Result<[u8; HASH], PortError>;
}

/// Lists of withdrawn tokens, one object each.
#[async_trait(?Send)]
pub trait Revocations {
    /// Asks the list of this name; what it answers has been written down.
    async fn ask(&self, list: &str, ask: &revocation::Ask) -> Result<revocation::Told, PortError>;
}

/// Where access records go.
pub trait Log {
    /// Writes one line, which has no line feed in it.
    fn line(&self, line: &str);
}

/// Everything the core has from outside.
#[derive(Clone)]
pub struct Ports {
    /// The time.
    pub clock: Rc<dyn Clock>,
    /// Random bytes.
    pub entropy: Rc<dyn Entropy>,
    /// Variables and secrets.
    pub environment: Rc<dyn Environment>,
    /// Work after the reply.
    pub background: Rc<dyn Background>,
    /// HTTP to elsewhere.
    pub fetch: Rc<dyn Fetch>,
    /// The edge's cache.
    pub edge_cache: Rc<dyn EdgeCache>,
    /// Counters.
    pub limiter: Rc<dyn Limiter>,
    /// Used proofs.
    pub replay: Rc<dyn Replay>,
    /// Withdrawn tokens.
    pub revocations: Rc<dyn Revocations>,
    /// Failed proofs.
    pub guesses: Rc<dyn Guesses>,
    /// Browser sessions.
    pub sessions: Rc<dyn Sessions>,
    /// Waiting.
    pub timer: Rc<dyn Timer>,
    /// Who may call.
    pub consumers: Rc<dyn Consumers>,
    /// Hashes of passwords.
    pub passwords: Rc<dyn Passwords>,
    /// Access records.
    pub log: Rc<dyn Log>,
}
