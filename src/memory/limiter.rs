//! Limiter objects in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use async_trait::async_trait;

use super::{Fault, ManualClock};
use crate::limits::gcra::{TakeReply, TakeRequest};
use crate::limits::ledger::Ledger;
use crate::ports::{Clock, Limiter, PortError};

/// One ledger per subject, on the manual clock.
pub struct MemoryLimiter {
    clock: Rc<ManualClock>,
    ledgers: RefCell<BTreeMap<String, Ledger>>,
    /// How calls go wrong.
    pub fault: Cell<Fault>,
    /// How many calls were made, failed ones included.
    pub calls: Cell<usize>,
}

impl MemoryLimiter {
    /// No subject has taken anything yet.
    pub fn new(clock: Rc<ManualClock>) -> Self {
        Self { clock, ledgers: RefCell::default(), fault: Cell::default(), calls: Cell::default() }
    }

    /// The names of all objects that were ever asked, in order.
    pub fn subjects(&self) -> Vec<String> {
        self.ledgers.borrow().keys().cloned().collect()
    }
}

#[async_trait(?Send)]
impl Limiter for MemoryLimiter {
    async fn take(&self, subject: &str, request: &TakeRequest) -> Result<TakeReply, PortError> {
        self.calls.set(self.calls.get() + 1);
        self.fault.get().before("limiter")?;
        let mut ledgers = self.ledgers.borrow_mut();
        let (reply, _) = ledgers.entry(subject.to_owned()).or_default().take(self.clock.now_ms(), request);
        self.fault.get().after("limiter")?;
        Ok(reply)
    }
}
