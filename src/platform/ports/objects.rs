//! The ports whose other end is a Durable Object.

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Runtime;
use crate::auth::replay::{Place, UseReply, UseRequest};
use crate::auth::{revocation, session, session_index};
use crate::limits::gcra::{TakeReply, TakeRequest};
use crate::limits::guesses::{GuessReply, GuessRequest};
use crate::platform::{bridge, task};
use crate::ports::{Guesses, Limiter, PortError, Replay, Revocations, Sessions};

/// How long an object may take to answer, in milliseconds; then the policy's `on_error` decides.
const DEADLINE_MS: f64 = 1_000.0;

/// A class of objects.
struct Objects {
    /// Its port.
    port: &'static str,
    /// Its binding.
    binding: &'static str,
}

impl Objects {
    /// Calls a method of the object called `name`.
    async fn call<T: DeserializeOwned>(&self, name: &str, method: &str, request: &impl Serialize) -> Result<T, PortError> {
        let error = |detail: String| PortError { port: self.port, detail };
        let request = serde_json::to_string(request).map_err(|e| error(e.to_string()))?;
        let reply = task::call(|id| bridge::call_object(id, self.binding, name, method, &request, DEADLINE_MS)).await;
        let reply = reply.map_err(|e| error(bridge::text(&e)))?;
        let reply = reply.as_string().ok_or_else(|| error("the reply is not a text".to_owned()))?;
        serde_json::from_str(&reply).map_err(|e| error(e.to_string()))
    }
}

#[async_trait(?Send)]
impl Limiter for Runtime {
    async fn take(&self, subject: &str, request: &TakeRequest) -> Result<TakeReply, PortError> {
        Objects { port: "limiter", binding: "LIMITER" }.call(subject, "take", request).await
    }
}

#[async_trait(?Send)]
impl Replay for Runtime {
    async fn first_time(&self, space: &str, id: &str, until_ms: u64) -> Result<bool, PortError> {
        let Place { object, id } = Place::of(space, id);
        let objects = Objects { port: "replay", binding: "REPLAY" };
        let reply: UseReply = objects.call(&object, "spend", &UseRequest { id, until_ms }).await?;
        Ok(reply.first)
    }
}

#[async_trait(?Send)]
impl Revocations for Runtime {
    async fn ask(&self, list: &str, ask: &revocation::Ask) -> Result<revocation::Told, PortError> {
        Objects { port: "revocations", binding: "REVOCATIONS" }.call(list, "ask", ask).await
    }
}

#[async_trait(?Send)]
impl Guesses for Runtime {
    async fn tell(&self, subject: &str, request: &GuessRequest) -> Result<GuessReply, PortError> {
        Objects { port: "guesses", binding: "GUESSES" }.call(subject, "tell", request).await
    }
}

#[async_trait(?Send)]
impl Sessions for Runtime {
    async fn session(&self, name: &str, ask: &session::Ask) -> Result<session::Answer, PortError> {
        Objects { port: "sessions", binding: "SESSION" }.call(name, "ask", ask).await
    }

    async fn index(&self, name: &str, ask: &session_index::Ask) -> Result<session_index::Answer, PortError> {
        Objects { port: "sessions", binding: "SESSION_INDEX" }.call(name, "ask", ask).await
    }
}
