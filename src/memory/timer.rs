//! Waiting in memory: the clock moves on, and what others do meanwhile happens.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use async_trait::async_trait;

use super::ManualClock;
use crate::ports::{LocalFuture, Timer};

/// A timer on the manual clock.
pub struct MemoryTimer {
    clock: Rc<ManualClock>,
    /// What others do: one piece in each wait.
    pub meanwhile: RefCell<VecDeque<LocalFuture>>,
    /// How often was waited.
    pub waits: Cell<usize>,
}

impl MemoryTimer {
    /// Nobody else does anything yet.
    pub fn new(clock: Rc<ManualClock>) -> Self {
        Self { clock, meanwhile: RefCell::default(), waits: Cell::default() }
    }
}

#[async_trait(?Send)]
impl Timer for MemoryTimer {
    async fn wait(&self, ms: u64) {
        self.waits.set(self.waits.get() + 1);
        self.clock.advance(ms);
        let others = self.meanwhile.borrow_mut().pop_front();
        if let Some(others) = others {
            others.await;
        }
    }
}
