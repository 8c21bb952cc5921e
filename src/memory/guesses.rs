//! Objects of failed proofs in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use async_trait::async_trait;

use super::{Fault, ManualClock};
use crate::limits::guesses::{GuessReply, GuessRequest, Tally};
use crate::ports::{Clock, Guesses, PortError};

/// One tally per subject, on the manual clock.
pub struct MemoryGuesses {
    clock: Rc<ManualClock>,
    tallies: RefCell<BTreeMap<String, Tally>>,
    /// How calls go wrong.
    pub fault: Cell<Fault>,
    /// How many calls were made, failed ones included.
    pub calls: Cell<usize>,
}

impl MemoryGuesses {
    /// Nobody has failed yet.
    pub fn new(clock: Rc<ManualClock>) -> Self {
        Self { clock, tallies: RefCell::default(), fault: Cell::default(), calls: Cell::default() }
    }

    /// The names of all objects that were ever asked, in order.
    pub fn subjects(&self) -> Vec<String> {
        self.tallies.borrow().keys().cloned().collect()
    }
}

#[async_trait(?Send)]
impl Guesses for MemoryGuesses {
    async fn tell(&self, subject: &str, request: &GuessRequest) -> Result<GuessReply, PortError> {
        self.calls.set(self.calls.get() + 1);
        self.fault.get().before("guesses")?;
        let reply = self.tallies.borrow_mut().entry(subject.to_owned()).or_default().answer(self.clock.now_ms(), request);
        self.fault.get().after("guesses")?;
        Ok(reply)
    }
}
