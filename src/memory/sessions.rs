//! Session objects and their indexes in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use async_trait::async_trait;

use super::{Fault, ManualClock};
use crate::auth::session::{self, Chore, Vault};
use crate::auth::session_index::{self, Index};
use crate::ports::{Clock, PortError, Sessions};

/// One vault per session and one index per name, on the manual clock.
pub struct MemorySessions {
    clock: Rc<ManualClock>,
    vaults: RefCell<BTreeMap<String, Vault>>,
    indexes: RefCell<BTreeMap<String, Index>>,
    /// What session objects have written.
    rows: RefCell<BTreeMap<String, String>>,
    /// How calls go wrong.
    pub fault: Cell<Fault>,
    /// How many calls were made, failed ones included.
    pub calls: Cell<usize>,
}

impl MemorySessions {
    /// No session yet.
    pub fn new(clock: Rc<ManualClock>) -> Self {
        Self {
            clock,
            vaults: RefCell::default(),
            indexes: RefCell::default(),
            rows: RefCell::default(),
            fault: Cell::default(),
            calls: Cell::default(),
        }
    }

    /// The names of the session objects that have something stored, in order.
    pub fn stored(&self) -> Vec<String> {
        self.rows.borrow().keys().cloned().collect()
    }

    /// Drops what session objects have in memory: each begins anew from what it has written.
    pub fn evict(&self) {
        let rows = self.rows.borrow();
        *self.vaults.borrow_mut() = rows.iter().map(|(name, row)| (name.clone(), Vault::load(Some(row)))).collect();
    }

    fn begin(&self) -> Result<(), PortError> {
        self.calls.set(self.calls.get() + 1);
        self.fault.get().before("sessions")
    }
}

#[async_trait(?Send)]
impl Sessions for MemorySessions {
    async fn session(&self, name: &str, ask: &session::Ask) -> Result<session::Answer, PortError> {
        self.begin()?;
        let mut vaults = self.vaults.borrow_mut();
        let (answer, chore) = vaults.entry(name.to_owned()).or_default().step(self.clock.now_ms(), ask.clone());
        match chore {
            Chore::Save { state, .. } => drop(self.rows.borrow_mut().insert(name.to_owned(), state)),
            Chore::Delete => drop(self.rows.borrow_mut().remove(name)),
            Chore::Nothing | Chore::Wait(_) => {}
        }
        self.fault.get().after("sessions")?;
        Ok(answer)
    }

    async fn index(&self, name: &str, ask: &session_index::Ask) -> Result<session_index::Answer, PortError> {
        self.begin()?;
        let mut indexes = self.indexes.borrow_mut();
        let (answer, _) = indexes.entry(name.to_owned()).or_default().step(self.clock.now_ms(), ask.clone());
        self.fault.get().after("sessions")?;
        Ok(answer)
    }
}
