//! The data centre's cache in memory: like the platform's, it obeys what is stored and knows nothing of `Vary`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Fault, ManualClock};
use crate::caching::directives::Directives;
use crate::http::{Body, HeaderMap, Response, StatusCode, header};
use crate::ports::{Clock, EdgeCache, PortError};

#[derive(Clone)]
struct Stored {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    until_ms: u64,
}

/// Responses by key, on the manual clock.
pub struct MemoryEdgeCache {
    clock: Rc<ManualClock>,
    stored: RefCell<BTreeMap<String, Stored>>,
    /// How calls go wrong.
    pub fault: Cell<Fault>,
}

impl MemoryEdgeCache {
    /// Nothing is stored yet.
    pub fn new(clock: Rc<ManualClock>) -> Self {
        Self { clock, stored: RefCell::default(), fault: Cell::default() }
    }

    /// Every key, in order.
    pub fn keys(&self) -> Vec<String> {
        self.stored.borrow().keys().cloned().collect()
    }

    /// The header fields stored under a key.
    pub fn headers(&self, key: &str) -> Option<HeaderMap> {
        self.stored.borrow().get(key).map(|stored| stored.headers.clone())
    }
}

#[async_trait(?Send)]
impl EdgeCache for MemoryEdgeCache {
    async fn get(&self, key: &str) -> Result<Option<Response>, PortError> {
        self.fault.get().before("edge_cache")?;
        let now_ms = self.clock.now_ms();
        let stored = self.stored.borrow().get(key).filter(|stored| now_ms < stored.until_ms).cloned();
        self.fault.get().after("edge_cache")?;
        Ok(stored.map(|stored| Response { status: stored.status, headers: stored.headers, body: Body::Full(stored.body) }))
    }

    async fn put(&self, key: &str, mut response: Response) -> Result<(), PortError> {
        self.fault.get().before("edge_cache")?;
        let error = |detail: &str| PortError { port: "edge_cache", detail: detail.to_owned() };
        if response.status == StatusCode::PARTIAL_CONTENT || response.headers.get(header::VARY).is_some_and(|vary| vary == "*") {
            return Err(error("a partial response or one that varies by everything cannot be stored"));
        }
        let directives = Directives::of(&response.headers);
        let max_age_s = directives.s_maxage.or(directives.max_age).unwrap_or(0);
        if directives.no_store || directives.private || response.headers.contains_key(header::SET_COOKIE) || max_age_s == 0 {
            return Err(error("the response says that it must not be stored"));
        }
        let body = response.body.read(u64::MAX).await.map_err(|_| error("the body broke off"))?;
        let until_ms = self.clock.now_ms().saturating_add(max_age_s.saturating_mul(1_000));
        self.stored.borrow_mut().insert(key.to_owned(), Stored { status: response.status, headers: response.headers, body, until_ms });
        self.fault.get().after("edge_cache")
    }

    async fn delete(&self, key: &str) -> Result<bool, PortError> {
        self.fault.get().before("edge_cache")?;
        let was_there = self.stored.borrow_mut().remove(key).is_some();
        self.fault.get().after("edge_cache")?;
        Ok(was_there)
    }
}
