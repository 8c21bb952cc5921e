//! Failed proofs of one subject. Each is written at once: there are few, since nothing is counted during a hold.
//!
//! Nothing is awaited between reading and writing, so no two requests of a subject can interleave.

use std::cell::RefCell;

use js_sys::Date;
use serde::Deserialize;
use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;
use worker::{SqlStorageValue, State, Storage};

use crate::limits::guesses::{GuessRequest, Tally};

/// The object behind the class `Guesses` of `worker.js`.
#[wasm_bindgen]
pub struct GuessesObject {
    storage: Storage,
    tally: RefCell<Option<Tally>>,
}

#[derive(Deserialize)]
struct Row {
    state: String,
}

#[wasm_bindgen]
impl GuessesObject {
    /// The object of one subject.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState) -> Self {
        Self { storage: State::from(state).storage(), tally: RefCell::new(None) }
    }

    /// Answers a [`GuessRequest`] with a [`crate::limits::guesses::GuessReply`], both as JSON.
    ///
    /// # Errors
    /// Where the request cannot be read or the storage fails.
    pub fn tell(&self, request: &str) -> Result<String, JsError> {
        let request: GuessRequest = serde_json::from_str(request)?;
        let mut slot = self.tally.borrow_mut();
        let tally = match &mut *slot {
            Some(tally) => tally,
            empty => empty.insert(self.load()?),
        };
        let before = tally.clone();
        let reply = tally.answer(now_ms(), &request);
        if *tally != before {
            let sql = self.storage.sql();
            sql.exec("CREATE TABLE IF NOT EXISTS tally (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT NOT NULL)", None)?;
            sql.exec("INSERT OR REPLACE INTO tally VALUES (1, ?)", vec![SqlStorageValue::String(serde_json::to_string(tally)?)])?;
            self.set_alarm(tally.forgotten_ms())?;
        }
        Ok(serde_json::to_string(&reply)?)
    }

    /// Deletes the object when nothing is left to remember.
    ///
    /// # Errors
    /// Where the storage fails; the runtime rings again.
    pub fn alarm(&self) -> Result<(), JsError> {
        let forgotten_ms = self.load()?.forgotten_ms();
        if forgotten_ms > now_ms() {
            return self.set_alarm(forgotten_ms);
        }
        *self.tally.borrow_mut() = None;
        // The promise is the runtime's to keep: the output gate holds replies until it has settled.
        let _ = self.storage.as_raw().delete_all().map_err(failed)?;
        Ok(())
    }

    /// What was stored; a state that cannot be read counts as none.
    fn load(&self) -> Result<Tally, JsError> {
        let sql = self.storage.sql();
        let tables: Vec<Row> =
            sql.exec("SELECT name AS state FROM sqlite_master WHERE type = 'table' AND name = 'tally'", None)?.to_array()?;
        if tables.is_empty() {
            return Ok(Tally::default());
        }
        let rows: Vec<Row> = sql.exec("SELECT state FROM tally", None)?.to_array()?;
        Ok(rows.first().and_then(|row| serde_json::from_str(&row.state).ok()).unwrap_or_default())
    }

    fn set_alarm(&self, at_ms: u64) -> Result<(), JsError> {
        let at = Date::new(&JsValue::from_f64(at_ms as f64));
        let _ = self.storage.as_raw().set_alarm(at, JsValue::NULL.into()).map_err(failed)?;
        Ok(())
    }
}

fn failed(error: JsValue) -> JsError {
    JsError::new(&super::super::bridge::text(&error))
}

#[allow(clippy::disallowed_methods, reason = "an object is the platform's own, and asks its own clock")]
fn now_ms() -> u64 {
    worker::Date::now().as_millis()
}
