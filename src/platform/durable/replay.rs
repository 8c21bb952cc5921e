//! Remembers which ids were used, in SQLite alone: the runtime holds the answer back until it is written.
//!
//! Nothing is awaited between reading and writing, so no two uses of an id can interleave.

use std::cell::Cell;

use serde::Deserialize;
use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;
use worker::{SqlStorageValue, State, Storage};

use super::{delete_all, now_ms, set_alarm};
use crate::auth::replay::{GRACE_MS, MOST_IDS, Use, UseReply, UseRequest, alarm, step};

/// The object behind the class `Replay` of `worker.js`.
#[wasm_bindgen]
pub struct ReplayObject {
    storage: Storage,
    /// How many ids are stored; `None` where that was not counted yet.
    held: Cell<Option<u64>>,
    alarm_ms: Cell<Option<u64>>,
}

#[derive(Deserialize)]
struct Number {
    number: Option<f64>,
}

#[wasm_bindgen]
impl ReplayObject {
    /// The object of one shard of a space.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState) -> Self {
        Self { storage: State::from(state).storage(), held: Cell::default(), alarm_ms: Cell::default() }
    }

    /// Answers a [`UseRequest`] with a [`UseReply`], both as JSON.
    ///
    /// # Errors
    /// Where the request cannot be read, the id cannot be remembered, or the storage fails.
    pub fn spend(&self, request: &str) -> Result<String, JsError> {
        let request: UseRequest = serde_json::from_str(request)?;
        let now_ms = now_ms();
        let held = match self.held.get() {
            Some(held) if held < MOST_IDS => held,
            _ => self.forget(now_ms)?,
        };
        let id = SqlStorageValue::String(request.id);
        let known_ms = self.number("SELECT until_ms AS number FROM used WHERE id = ?", vec![id.clone()])?;
        let first = match step(now_ms, known_ms, held, request.until_ms) {
            Use::First(until_ms) => {
                let row = vec![id, SqlStorageValue::Float(until_ms as f64)];
                self.storage.sql().exec("INSERT OR REPLACE INTO used VALUES (?, ?)", row)?;
                self.held.set(Some(held + u64::from(known_ms.is_none())));
                self.wake(now_ms, until_ms)?;
                true
            }
            Use::Again => false,
            Use::Unanswerable(reason) => return Err(JsError::new(reason)),
        };
        Ok(serde_json::to_string(&UseReply { first })?)
    }

    /// Forgets what is due; deletes the object when nothing is left to remember.
    ///
    /// # Errors
    /// Where the storage fails; the runtime rings again.
    pub fn alarm(&self) -> Result<(), JsError> {
        let now_ms = now_ms();
        self.alarm_ms.set(None);
        if self.forget(now_ms)? == 0 {
            self.held.set(None);
            return delete_all(&self.storage);
        }
        let soonest_ms = self.number("SELECT MIN(until_ms) AS number FROM used", Vec::new())?;
        self.wake(now_ms, soonest_ms.unwrap_or(now_ms + GRACE_MS))
    }

    /// How many ids are left.
    fn forget(&self, now_ms: u64) -> Result<u64, JsError> {
        let sql = self.storage.sql();
        sql.exec("CREATE TABLE IF NOT EXISTS used (id TEXT PRIMARY KEY, until_ms REAL NOT NULL) WITHOUT ROWID", None)?;
        sql.exec("DELETE FROM used WHERE until_ms <= ?", vec![SqlStorageValue::Float(now_ms as f64)])?;
        let held = self.number("SELECT COUNT(*) AS number FROM used", Vec::new())?.unwrap_or_default();
        self.held.set(Some(held));
        Ok(held)
    }

    fn number(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Option<u64>, JsError> {
        let rows: Vec<Number> = self.storage.sql().exec(query, values)?.to_array()?;
        Ok(rows.first().and_then(|row| row.number).map(|number| number as u64))
    }

    fn wake(&self, now_ms: u64, wanted_ms: u64) -> Result<(), JsError> {
        let Some(at_ms) = alarm(now_ms, self.alarm_ms.get(), wanted_ms) else { return Ok(()) };
        set_alarm(&self.storage, at_ms)?;
        self.alarm_ms.set(Some(at_ms));
        Ok(())
    }
}
