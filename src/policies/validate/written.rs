//! The configuration as it is written.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::values::ByteSize;
use crate::policies::reading;

/// `{ validate = {} }` holds each request to the operation of the API's OpenAPI document (`openapi` of `[api]`) that has the route's
/// method and path or, where the route ends in `{*rest}`, to that of the path below it. `{ validate = { body = "schemas/order.json" } }` holds
/// it to schemas of one's own instead: JSON Schema 2020-12, 2019-09 or draft-07, in files of the routes directory or written out.
/// References are resolved when routes are compiled; nothing is fetched.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Schema of the body, which is JSON or a type of `types`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Schema>,
    /// Schema of the query's parameters, as one object. A parameter that comes several times is an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Schema>,
    /// Schema of the path's parameters, as one object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Schema>,
    /// Schema of header fields, as one object of those that it names, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Schema>,
    /// Schema of the body of a successful JSON response. Looked at where `parts.response` is not `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Schema>,
    /// The `operationId` of the operation of the OpenAPI document, where method and path do not find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Whether there must be a body, where `body` has a schema. Requests other than POST, PUT and PATCH need none.
    #[serde(default = "yes")]
    pub required: bool,
    /// Media types of the body that `body` takes; every one that is JSON where absent. Forms are read by the schema's types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    /// What is done about each part.
    #[serde(default)]
    pub parts: Parts,
    /// Whether `format` is held to: `date-time`, `date`, `time`, `duration`, `email`, `idn-email`, `hostname`, `ipv4`, `ipv6`, `uri`, `uri-reference`,
    /// `iri`, `iri-reference`, `uuid`, `json-pointer`, `relative-json-pointer`, and OpenAPI's `int32`, `int64` and `byte`. Any other one is a word for people.
    #[serde(default = "yes")]
    pub formats: bool,
    /// The longest body that is read; a longer one is refused (413). JSON, forms, multipart ones too, and text with a schema are read.
    #[serde(default = "max_body")]
    pub max_body: ByteSize,
    /// Arrays and objects within each other in a body.
    #[serde(default = "depth")]
    pub depth: u8,
}

fn yes() -> bool {
    true
}

fn max_body() -> ByteSize {
    ByteSize::from_bytes(reading::MOST)
}

fn depth() -> u8 {
    64
}

/// What is done about each part of a request and its response.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// The path's parameters.
    #[serde(default = "block")]
    pub path: Act,
    /// The query's parameters.
    #[serde(default = "block")]
    pub query: Act,
    /// Header fields and cookies.
    #[serde(default = "block")]
    pub headers: Act,
    /// The body and its type.
    #[serde(default = "block")]
    pub body: Act,
    /// The response. JSON is read whole before it goes on, up to `max_body`; with `block`, one that cannot be read is refused (502).
    #[serde(default = "off")]
    pub response: Act,
}

impl Default for Parts {
    fn default() -> Self {
        Self { path: Act::Block, query: Act::Block, headers: Act::Block, body: Act::Block, response: Act::Off }
    }
}

fn block() -> Act {
    Act::Block
}

fn off() -> Act {
    Act::Off
}

/// What is done about a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// What breaks a rule is refused.
    Block,
    /// What breaks a rule is told in the record and passes.
    Report,
    /// It is not looked at.
    Off,
}

/// A schema: the path of a file, or written out.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(untagged))]
pub enum Schema {
    /// `"schemas/order.json"`, counted from the routes directory; `#/$defs/order` behind it leads further in.
    File(String),
    /// `{ type = "object" }`
    Inline(Value),
}

impl Serialize for Schema {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::File(path) => serializer.serialize_str(path),
            Self::Inline(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Schema;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of a schema in quotes, or a schema such as { type = \"object\" }")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<Schema, E> {
                Ok(Schema::File(path.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Schema, A::Error> {
                Value::deserialize(MapAccessDeserializer::new(map)).map(Schema::Inline)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Config {
    /// The schemas that the policy has of its own, by their keys.
    pub fn schemas(&self) -> impl Iterator<Item = (&'static str, &Schema)> {
        let all =
            [("body", &self.body), ("query", &self.query), ("path", &self.path), ("headers", &self.headers), ("response", &self.response)];
        all.into_iter().filter_map(|(key, schema)| Some((key, schema.as_ref()?)))
    }
}
