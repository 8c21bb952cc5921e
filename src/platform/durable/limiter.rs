//! Counts for one subject: in memory, with a copy in SQLite as often as [`Ledger`] asks for it.
//!
//! Nothing is awaited between reading and writing, so no two requests of a subject can interleave.

use std::cell::RefCell;

use serde::Deserialize;
use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;
use worker::{SqlStorageValue, State, Storage};

use super::{delete_all, now_ms, set_alarm};
use crate::limits::ledger::{Chore, Ledger};

/// The object behind the class `Limiter` of `worker.js`.
#[wasm_bindgen]
pub struct LimiterObject {
    storage: Storage,
    ledger: RefCell<Option<Ledger>>,
}

#[derive(Deserialize)]
struct Row {
    state: String,
}

#[wasm_bindgen]
impl LimiterObject {
    /// The object of one subject.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState) -> Self {
        Self { storage: State::from(state).storage(), ledger: RefCell::new(None) }
    }

    /// Answers a [`crate::limits::gcra::TakeRequest`] with a [`crate::limits::gcra::TakeReply`], both as JSON.
    ///
    /// # Errors
    /// Where the request cannot be read or the storage fails.
    pub fn take(&self, request: &str) -> Result<String, JsError> {
        let request = serde_json::from_str(request)?;
        let mut slot = self.ledger.borrow_mut();
        let ledger = match &mut *slot {
            Some(ledger) => ledger,
            empty => empty.insert(self.load()?),
        };
        let (reply, alarm_ms) = ledger.take(now_ms(), &request);
        if let Some(alarm_ms) = alarm_ms {
            set_alarm(&self.storage, alarm_ms)?;
        }
        Ok(serde_json::to_string(&reply)?)
    }

    /// Does what is due: writes the state, or deletes the object when nothing is left to remember.
    ///
    /// # Errors
    /// Where the storage fails; the runtime rings again.
    pub fn alarm(&self) -> Result<(), JsError> {
        let mut slot = self.ledger.borrow_mut();
        let ledger = match &mut *slot {
            Some(ledger) => ledger,
            empty => empty.insert(self.load()?),
        };
        match ledger.ring(now_ms()) {
            Chore::Save { state, next_ms } => {
                let sql = self.storage.sql();
                sql.exec("CREATE TABLE IF NOT EXISTS ledger (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT NOT NULL)", None)?;
                sql.exec("INSERT OR REPLACE INTO ledger VALUES (1, ?)", vec![SqlStorageValue::String(state)])?;
                set_alarm(&self.storage, next_ms)
            }
            Chore::Wait(next_ms) => set_alarm(&self.storage, next_ms),
            Chore::Delete => delete_all(&self.storage),
        }
    }

    fn load(&self) -> Result<Ledger, JsError> {
        let sql = self.storage.sql();
        let tables: Vec<Row> =
            sql.exec("SELECT name AS state FROM sqlite_master WHERE type = 'table' AND name = 'ledger'", None)?.to_array()?;
        if tables.is_empty() {
            return Ok(Ledger::default());
        }
        let rows: Vec<Row> = sql.exec("SELECT state FROM ledger", None)?.to_array()?;
        Ok(Ledger::load(rows.first().map(|row| row.state.as_str())))
    }
}
