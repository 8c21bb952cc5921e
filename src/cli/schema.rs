//! `archway schema`: the JSON Schema (draft 2020-12) of the routes files.

use clap::ValueEnum;
use schemars::schema_for;
use serde_json::Value;

use super::Failure;
use crate::config::build::consumers::ConsumerFile;
use crate::config::build::written::{ApiFile, GatewayFile};

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// gateway.toml.
    Gateway,
    /// An API's file.
    Api,
    /// A consumer's file.
    Consumer,
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
        Which::Consumer => schema_for!(ConsumerFile),
    }
    .to_value();
    without_null(&mut schema);
    named(schema)
}

/// Calls the schema of each policy's and origin's configuration by the name of its kind.
fn named(schema: Value) -> Value {
    let reference = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let mut names: Vec<(String, Option<String>)> = Vec::new();
    let kinds = schema.pointer("/$defs/Policy/properties").and_then(Value::as_object);
    names.extend(kinds.into_iter().flatten().map(|(kind, value)| (kind.clone(), reference(value, "/allOf/0/$ref"))));
    for origin in schema.pointer("/$defs/Origin/oneOf").and_then(Value::as_array).into_iter().flatten() {
        for kind in ["static", "redirect", "revocations"] {
            names.push((kind.to_owned(), reference(origin, &format!("/properties/{kind}/$ref"))));
        }
        names.push(("http".to_owned(), reference(origin, "/$ref")));
    }
    let mut text = schema.to_string();
    for (kind, reference) in names {
        let name = reference.as_deref().and_then(|reference| reference.strip_prefix("#/$defs/"));
        if let Some(name) = name.filter(|name| name.starts_with("Config")) {
            text = text.replace(&format!("\"#/$defs/{name}\""), &format!("\"#/$defs/{kind}\""));
            text = text.replace(&format!("\"{name}\":"), &format!("\"{kind}\":"));
        }
    }
    serde_json::from_str(&text).unwrap_or(schema)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::build::files::{API_KEYS, GATEWAY_KEYS};
    use crate::config::build::policies::BESIDE;
    use crate::policies::FACTS;

    fn keys(value: &Value, pointer: &str) -> Vec<String> {
        value.pointer(pointer).and_then(Value::as_object).unwrap().keys().cloned().collect()
    }

    #[test]
    fn schemas_have_every_key_that_is_read() {
        assert_eq!(keys(&of(Which::Gateway), "/properties"), GATEWAY_KEYS);
        assert_eq!(keys(&of(Which::Api), "/properties"), API_KEYS);
    }

    #[test]
    fn schemas_have_every_policy_with_its_description() {
        let schema = of(Which::Api);
        let kinds = keys(&schema, "/$defs/Policy/properties");
        let expect: Vec<&str> = FACTS.iter().map(|facts| facts.name).chain(BESIDE.iter().copied()).collect();
        assert_eq!(kinds, expect);
        for facts in FACTS {
            let policy = schema.pointer(&format!("/$defs/Policy/properties/{}", facts.name)).unwrap();
            assert!(policy["description"].as_str().is_some_and(|about| about.len() > 20), "{}", facts.name);
            assert!(schema.pointer(&format!("/$defs/{}", facts.name)).is_some(), "{}", facts.name);
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_nothing_is_null() {
        fn check(value: &Value, whole: &Value) {
            match value {
                Value::Object(object) => {
                    if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                        assert!(whole.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                    }
                    object.values().for_each(|value| check(value, whole));
                }
                Value::Array(elements) => elements.iter().for_each(|value| check(value, whole)),
                Value::String(text) => assert_ne!(text, "null"),
                other => assert!(!other.is_null()),
            }
        }
        for which in [Which::Gateway, Which::Api, Which::Consumer] {
            let schema = of(which);
            check(&schema, &schema);
        }
    }
}
