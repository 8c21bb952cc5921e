//! `archway schema`: the JSON Schema (draft 2020-12) of the routes files.

use clap::ValueEnum;
use schemars::schema_for;
use serde_json::Value;

use super::Failure;
use crate::config::build::written::{ApiFile, GatewayFile};

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// gateway.toml.
    Gateway,
    /// An API's file.
    Api,
}

/// Prints a schema.
///
/// # Errors
/// None that is expected: a schema can always be written.
pub fn run(which: Which) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(&of(which)).map_err(|error| Failure::Usage(error.to_string()))?;
    anstream::println!("{text}");
    Ok(())
}

/// The schema of a file. TOML has no null, so it allows none.
pub fn of(which: Which) -> Value {
    let mut schema = match which {
        Which::Gateway => schema_for!(GatewayFile),
        Which::Api => schema_for!(ApiFile),
    }
    .to_value();
    without_null(&mut schema);
    schema
}

fn without_null(value: &mut Value) {
    if let Value::Object(object) = value {
        if object.get("default").is_some_and(Value::is_null) {
            object.shift_remove("default");
        }
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(variants)) = object.get_mut("anyOf") {
            variants.retain(|variant| variant.get("type").is_none_or(|kind| kind != "null"));
            if let [Value::Object(only)] = variants.as_slice() {
                let only = only.clone();
                object.shift_remove("anyOf");
                object.extend(only);
            }
        }
    }
    match value {
        Value::Object(object) => object.values_mut().for_each(without_null),
        Value::Array(elements) => elements.iter_mut().for_each(without_null),
        _ => {}
    }
}
