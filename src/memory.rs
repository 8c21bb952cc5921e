//! Every port in memory, with switches that break it; for tests, on the native target alone.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use async_trait::async_trait;

use crate::http::{Body, OriginRequest, Response};
use crate::limits::gcra::{TakeReply, TakeRequest};
use crate::ports::{Background, Clock, EdgeCache, Entropy, Environment, Fetch, FetchError, Limiter, LocalFuture, Log, PortError, Ports};

/// A clock that stands still until it is moved.
#[derive(Default)]
pub struct ManualClock(pub Cell<u64>);

impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        self.0.get()
    }
}

/// A counter in place of randomness: the same bytes in every run.
#[derive(Default)]
pub struct CountingEntropy(Cell<u64>);

impl Entropy for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0.set(self.0.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
            *byte = self.0.get().to_be_bytes()[0];
        }
    }
}

/// Variables and secrets from a map.
#[derive(Default)]
pub struct MapEnvironment(pub RefCell<BTreeMap<String, String>>);

impl Environment for MapEnvironment {
    fn get(&self, name: &str) -> Option<String> {
        self.0.borrow().get(name).cloned()
    }
}

/// Keeps work until a test runs it.
#[derive(Default)]
pub struct QueuedBackground(pub RefCell<VecDeque<LocalFuture>>);

impl Background for QueuedBackground {
    fn spawn(&self, work: LocalFuture) {
        self.0.borrow_mut().push_back(work);
    }
}

/// Keeps every line.
#[derive(Default)]
pub struct LineLog(pub RefCell<Vec<String>>);

impl Log for LineLog {
    fn line(&self, line: &str) {
        self.0.borrow_mut().push(line.to_owned());
    }
}
