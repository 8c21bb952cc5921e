//! Replay objects in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use async_trait::async_trait;

use super::{Fault, ManualClock};
use crate::auth::replay::{Place, Use, step};
use crate::ports::{Clock, PortError, Replay};

/// What was used, by object and id, on the manual clock.
pub struct MemoryReplay {
    clock: Rc<ManualClock>,
    used: RefCell<BTreeMap<String, BTreeMap<String, u64>>>,
    /// How calls go wrong.
    pub fault: Cell<Fault>,
    /// How many calls were made, failed ones included.
    pub calls: Cell<usize>,
}

impl MemoryReplay {
    /// Nothing was used yet.
    pub fn new(clock: Rc<ManualClock>) -> Self {
        Self { clock, used: RefCell::default(), fault: Cell::default(), calls: Cell::default() }
    }
}

#[async_trait(?Send)]
impl Replay for MemoryReplay {
    async fn first_time(&self, space: &str, id: &str, until_ms: u64) -> Result<bool, PortError> {
        self.calls.set(self.calls.get() + 1);
        self.fault.get().before("replay")?;
        let Place { object, id } = Place::of(space, id);
        let (mut objects, now_ms) = (self.used.borrow_mut(), self.clock.now_ms());
        let used = objects.entry(object).or_default();
        used.retain(|_, until_ms| *until_ms > now_ms);
        let first = match step(now_ms, used.get(&id).copied(), used.len() as u64, until_ms) {
            Use::First(until_ms) => used.insert(id, until_ms).is_none(),
            Use::Again => false,
            Use::Unanswerable(reason) => return Err(PortError { port: "replay", detail: reason.to_owned() }),
        };
        self.fault.get().after("replay")?;
        Ok(first)
    }
}
