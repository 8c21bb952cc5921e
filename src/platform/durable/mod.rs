//! Durable Objects: one file each, a thin shell around a pure step.

use js_sys::Date;
use wasm_bindgen::prelude::*;
use worker::Storage;

mod guesses;
mod limiter;
mod replay;
mod revocations;
mod row;
mod session;

/// Has the object's `alarm` called at this time, in milliseconds since the epoch; an earlier order is replaced.
fn set_alarm(storage: &Storage, at_ms: u64) -> Result<(), JsError> {
    let at = Date::new(&JsValue::from_f64(at_ms as f64));
    let _ = storage.as_raw().set_alarm(at, JsValue::NULL.into()).map_err(failed)?;
    Ok(())
}

/// Deletes what the object has stored, and with it the object.
fn delete_all(storage: &Storage) -> Result<(), JsError> {
    // The promise is the runtime's to keep: the output gate holds replies until it has settled.
    let _ = storage.as_raw().delete_all().map_err(failed)?;
    Ok(())
}

fn failed(error: JsValue) -> JsError {
    JsError::new(&super::bridge::text(&error))
}

#[allow(clippy::disallowed_methods, reason = "an object is the platform's own, and asks its own clock")]
fn now_ms() -> u64 {
    worker::Date::now().as_millis()
}
