//! One list of withdrawn tokens: in memory, and every change in SQLite before the answer goes out.
//!
//! Nothing is awaited between reading and writing, so no two questions can interleave.

use std::cell::RefCell;

use serde::Deserialize;
use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;
use worker::{SqlStorageValue, State, Storage};

use super::{delete_all, now_ms, set_alarm};
use crate::auth::revocation::{Ask, Change, List, Version};

/// The object behind the class `Revocations` of `worker.js`.
#[wasm_bindgen]
pub struct RevocationsObject {
    storage: Storage,
    list: RefCell<Option<List>>,
}

#[derive(Deserialize)]
struct Row {
    text: String,
}

#[wasm_bindgen]
impl RevocationsObject {
    /// The object of one list.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState) -> Self {
        Self { storage: State::from(state).storage(), list: RefCell::new(None) }
    }

    /// Answers an [`Ask`] with a [`crate::auth::revocation::Told`], both as JSON.
    ///
    /// # Errors
    /// Where the question cannot be read or the storage fails.
    pub fn ask(&self, ask: &str) -> Result<String, JsError> {
        let ask: Ask = serde_json::from_str(ask)?;
        let mut slot = self.list.borrow_mut();
        let list = match &mut *slot {
            Some(list) => list,
            empty => empty.insert(self.load()?),
        };
        let (told, changes) = list.step(now_ms(), &ask);
        if let Err(error) = self.store(&changes, list.next_ms()) {
            // What could not be written must not be believed either.
            *slot = None;
            return Err(error);
        }
        Ok(serde_json::to_string(&told)?)
    }

    /// Forgets what is over; deletes the object when nothing is left.
    ///
    /// # Errors
    /// Where the storage fails; the runtime rings again.
    pub fn alarm(&self) -> Result<(), JsError> {
        let mut list = match self.list.take() {
            Some(list) => list,
            None => self.load()?,
        };
        let changes = list.forget(now_ms());
        if list.next_ms().is_none() {
            return delete_all(&self.storage);
        }
        self.store(&changes, None)?;
        self.wake(&list)?;
        *self.list.borrow_mut() = Some(list);
        Ok(())
    }

    fn load(&self) -> Result<List, JsError> {
        let sql = self.storage.sql();
        let tables: Vec<Row> =
            sql.exec("SELECT name AS text FROM sqlite_master WHERE type = 'table' AND name = 'withdrawn'", None)?.to_array()?;
        if tables.is_empty() {
            return Ok(List::default());
        }
        // The version stands under the number 0, which no entry has.
        let rows: Vec<Row> = sql.exec("SELECT entry AS text FROM withdrawn ORDER BY number", None)?.to_array()?;
        let mut rows = rows.into_iter();
        let version: Version = match rows.next() {
            Some(row) => serde_json::from_str(&row.text)?,
            None => Version::default(),
        };
        let entries = rows.map(|row| serde_json::from_str(&row.text)).collect::<Result<_, _>>()?;
        Ok(List::load(version, entries))
    }

    fn store(&self, changes: &[Change], next_ms: Option<u64>) -> Result<(), JsError> {
        if changes.is_empty() {
            return Ok(());
        }
        let sql = self.storage.sql();
        sql.exec("CREATE TABLE IF NOT EXISTS withdrawn (number INTEGER PRIMARY KEY, entry TEXT NOT NULL)", None)?;
        let put = |number: u64, text: String| {
            let row = vec![SqlStorageValue::Float(number as f64), SqlStorageValue::String(text)];
            sql.exec("INSERT OR REPLACE INTO withdrawn VALUES (?, ?)", row)
        };
        for change in changes {
            match change {
                Change::Put(entry) => drop(put(entry.number, serde_json::to_string(entry)?)?),
                Change::Version(version) => drop(put(0, serde_json::to_string(version)?)?),
                Change::Drop(number) => {
                    drop(sql.exec("DELETE FROM withdrawn WHERE number = ?", vec![SqlStorageValue::Float(*number as f64)])?);
                }
            }
        }
        match next_ms {
            Some(next_ms) => set_alarm(&self.storage, next_ms),
            None => set_alarm(&self.storage, now_ms()),
        }
    }

    fn wake(&self, list: &List) -> Result<(), JsError> {
        list.next_ms().map_or(Ok(()), |next_ms| set_alarm(&self.storage, next_ms))
    }
}
