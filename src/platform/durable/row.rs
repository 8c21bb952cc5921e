//! The storage of an object that keeps one text: a row of SQLite, and an alarm.
//!
//! Nothing is awaited here, so no two calls of an object interleave between reading and writing.

use serde::Deserialize;
use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;
use worker::{SqlStorageValue, State, Storage};

use super::{delete_all, failed, set_alarm};
use crate::auth::session::Chore;

/// The row of one object.
pub struct Row(Storage);

#[derive(Deserialize)]
struct Text {
    state: String,
}

impl Row {
    /// The row of the object with this state.
    pub fn of(state: DurableObjectState) -> Self {
        Self(State::from(state).storage())
    }

    /// The text, where one was written.
    pub fn load(&self) -> Result<Option<String>, JsError> {
        let sql = self.0.sql();
        let tables: Vec<Text> =
            sql.exec("SELECT name AS state FROM sqlite_master WHERE type = 'table' AND name = 'kept'", None)?.to_array()?;
        if tables.is_empty() {
            return Ok(None);
        }
        let rows: Vec<Text> = sql.exec("SELECT state FROM kept", None)?.to_array()?;
        Ok(rows.into_iter().next().map(|row| row.state))
    }

    /// Does what a step asks for.
    pub fn settle(&self, chore: Chore) -> Result<(), JsError> {
        match chore {
            Chore::Nothing => Ok(()),
            Chore::Save { state, alarm_ms } => {
                let sql = self.0.sql();
                sql.exec("CREATE TABLE IF NOT EXISTS kept (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT NOT NULL)", None)?;
                sql.exec("INSERT OR REPLACE INTO kept VALUES (1, ?)", vec![SqlStorageValue::String(state)])?;
                alarm_ms.map_or(Ok(()), |alarm_ms| set_alarm(&self.0, alarm_ms))
            }
            Chore::Wait(alarm_ms) => set_alarm(&self.0, alarm_ms),
            Chore::Delete => {
                let _ = self.0.as_raw().delete_alarm(JsValue::NULL.into()).map_err(failed)?;
                delete_all(&self.0)
            }
        }
    }
}
