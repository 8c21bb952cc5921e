//! Lists of withdrawn tokens in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use async_trait::async_trait;

use super::{Fault, ManualClock};
use crate::auth::revocation::{Ask, List, Told};
use crate::ports::{Clock, PortError, Revocations};

/// One list by name, on the manual clock.
pub struct MemoryRevocations {
    clock: Rc<ManualClock>,
    lists: RefCell<BTreeMap<String, List>>,
    /// How calls go wrong.
    pub fault: Cell<Fault>,
    /// How many calls were made, failed ones included.
    pub calls: Cell<usize>,
}

impl MemoryRevocations {
    /// Nothing was withdrawn yet.
    pub fn new(clock: Rc<ManualClock>) -> Self {
        Self { clock, lists: RefCell::default(), fault: Cell::default(), calls: Cell::default() }
    }
}

#[async_trait(?Send)]
impl Revocations for MemoryRevocations {
    async fn ask(&self, list: &str, ask: &Ask) -> Result<Told, PortError> {
        self.calls.set(self.calls.get() + 1);
        self.fault.get().before("revocations")?;
        let (told, _) = self.lists.borrow_mut().entry(list.to_owned()).or_default().step(self.clock.now_ms(), ask);
        self.fault.get().after("revocations")?;
        Ok(told)
    }
}
