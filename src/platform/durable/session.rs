//! One browser session per object; and one index per person and per session at the identity provider.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;

use super::now_ms;
use super::row::Row;
use crate::auth::session::Vault;
use crate::auth::session_index::Index;

/// The object behind the class `Session` of `worker.js`.
#[wasm_bindgen]
pub struct SessionObject {
    row: Row,
    vault: RefCell<Option<Vault>>,
}

#[wasm_bindgen]
impl SessionObject {
    /// The object of one session.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState) -> Self {
        Self { row: Row::of(state), vault: RefCell::new(None) }
    }

    /// Answers a [`crate::auth::session::Ask`] with a [`crate::auth::session::Answer`], both as JSON.
    ///
    /// # Errors
    /// Where the question cannot be read or the storage fails; then the next call begins from what is stored.
    pub fn ask(&self, ask: &str) -> Result<String, JsError> {
        let ask = serde_json::from_str(ask)?;
        let mut vault = self.take()?;
        let (answer, chore) = vault.step(now_ms(), ask);
        self.row.settle(chore)?;
        *self.vault.borrow_mut() = Some(vault);
        Ok(serde_json::to_string(&answer)?)
    }

    /// Deletes the session if it is over.
    ///
    /// # Errors
    /// Where the storage fails; the runtime rings again.
    pub fn alarm(&self) -> Result<(), JsError> {
        let mut vault = self.take()?;
        self.row.settle(vault.ring(now_ms()))?;
        *self.vault.borrow_mut() = Some(vault);
        Ok(())
    }

    fn take(&self) -> Result<Vault, JsError> {
        match self.vault.take() {
            Some(vault) => Ok(vault),
            None => Ok(Vault::load(self.row.load()?.as_deref())),
        }
    }
}

/// The object behind the class `SessionIndex` of `worker.js`.
#[wasm_bindgen]
pub struct SessionIndexObject {
    row: Row,
    index: RefCell<Option<Index>>,
}

#[wasm_bindgen]
impl SessionIndexObject {
    /// The object of one index.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState) -> Self {
        Self { row: Row::of(state), index: RefCell::new(None) }
    }

    /// Answers a [`crate::auth::session_index::Ask`] with a [`crate::auth::session_index::Answer`], both as JSON.
    ///
    /// # Errors
    /// As [`SessionObject::ask`].
    pub fn ask(&self, ask: &str) -> Result<String, JsError> {
        let ask = serde_json::from_str(ask)?;
        let mut index = self.take()?;
        let (answer, chore) = index.step(now_ms(), ask);
        self.row.settle(chore)?;
        *self.index.borrow_mut() = Some(index);
        Ok(serde_json::to_string(&answer)?)
    }

    /// Forgets what is over.
    ///
    /// # Errors
    /// Where the storage fails; the runtime rings again.
    pub fn alarm(&self) -> Result<(), JsError> {
        let mut index = self.take()?;
        self.row.settle(index.ring(now_ms()))?;
        *self.index.borrow_mut() = Some(index);
        Ok(())
    }

    fn take(&self) -> Result<Index, JsError> {
        match self.index.take() {
            Some(index) => Ok(index),
            None => Ok(Index::load(self.row.load()?.as_deref())),
        }
    }
}
