//! Strict JSON for what a stranger signed, or claims to have signed: no member name twice at any depth (RFC 7515 section 4,
//! RFC 8725 section 2.4), and no deeper than the caller says.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads an object.
///
/// # Errors
/// Why it is not one, without any of its text.
pub fn object(bytes: &[u8], max_depth: usize) -> Result<Map<String, Value>, &'static str> {
    match value(bytes, max_depth)? {
        Value::Object(object) => Ok(object),
        _ => Err("is not an object"),
    }
}

/// Reads any value.
///
/// # Errors
/// Why it is none, without any of its text.
pub fn value(bytes: &[u8], max_depth: usize) -> Result<Value, &'static str> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth_left: max_depth }.deserialize(&mut reader).map_err(|error| reason(&error))?;
    reader.end().map_err(|_| "has something after its end")?;
    Ok(value)
}

const DUPLICATE: &str = "has a member name twice";
const TOO_DEEP: &str = "is nested too deeply";

/// A fixed text: serde's own would quote what was sent.
fn reason(error: &serde_json::Error) -> &'static str {
    let text = error.to_string();
    [DUPLICATE, TOO_DEEP].into_iter().find(|known| text.starts_with(known)).unwrap_or("is not JSON")
}

struct Strict {
    depth_left: usize,
}

impl Strict {
    fn inner<E: Error>(&self) -> Result<usize, E> {
        self.depth_left.checked_sub(1).ok_or_else(|| E::custom(TOO_DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("is not a finite number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth_left = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict { depth_left })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let depth_left = self.inner()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Strict { depth_left })?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_plain_objects_without_repetition_are_read() {
        for (text, expect) in [
            (r#"{"a":1,"b":[true,null,-1,1.5,"x"]}"#, Ok(())),
            (" {} ", Ok(())),
            (r#"{"a":1,"a":1}"#, Err(DUPLICATE)),
            (r#"{"a":1,"\u0061":2}"#, Err(DUPLICATE)),
            (r#"{"x":{"a":1,"a":2}}"#, Err(DUPLICATE)),
            (r#"{"x":[{"a":1,"a":2}]}"#, Err(DUPLICATE)),
            (r#"{"a":[[[1]]]}"#, Ok(())),
            (r#"{"a":[[[[1]]]]}"#, Err(TOO_DEEP)),
            ("[]", Err("is not an object")),
            ("\"{}\"", Err("is not an object")),
            ("{} {}", Err("has something after its end")),
            ("{}\0", Err("has something after its end")),
            (r#"{"a":1e999}"#, Err("is not JSON")),
            (r#"{"a":NaN}"#, Err("is not JSON")),
            (r#"{"a":01}"#, Err("is not JSON")),
            (r#"{a:1}"#, Err("is not JSON")),
            ("{'a':1}", Err("is not JSON")),
            (r#"{"a":1,}"#, Err("is not JSON")),
            ("\u{feff}{}", Err("is not JSON")),
            ("", Err("is not JSON")),
        ] {
            assert_eq!(object(text.as_bytes(), 4).map(|_| ()), expect, "{text:?}");
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}", 4), Err("is not JSON"));
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_what_serde_json_reads(text in r#"[{}\[\]",:a0 ]{0,24}"#) {
            if let Ok(read) = object(text.as_bytes(), 32) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(Value::Object(read)));
            }
        }
    }
}
