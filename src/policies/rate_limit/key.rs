//! Whose requests are counted together.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::config::compiler::ConfigError;
use crate::exchange::Exchange;
use crate::http::{HeaderName, Request, address};

/// One thing that tells subjects apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// Issuer and subject of the identity; the client's address where the caller is anonymous, or an identity
    /// policy that was down let the request pass.
    Identity,
    /// The client's address; an IPv6 client is its /64 network. All clients without a known address are one subject.
    Ip,
    /// The route.
    Route,
    /// The value of this header field of the request. All requests without it are one subject.
    Header(String),
    /// This text: one subject for all.
    Literal(String),
}

impl Key {
    /// Hands on what this request has for the key, in parts that together are unlike those of any other value.
    pub fn feed(&self, cx: &Exchange<'_>, request: &Request, part: &mut impl FnMut(&[u8])) {
        match self {
            Self::Identity => match cx.caller() {
                Some(identity) => {
                    part(b"identity");
                    part(identity.issuer.as_deref().unwrap_or_default().as_bytes());
                    part(identity.subject.as_bytes());
                }
                None => Self::Ip.feed(cx, request, part),
            },
            Self::Ip => {
                part(b"ip");
                part(cx.client.address.map(address::client_network).unwrap_or_default().as_bytes());
            }
            Self::Route => {
                part(b"route");
                part(cx.route.as_ref().map_or("", |route| &route.id).as_bytes());
            }
            Self::Header(name) => {
                part(b"header");
                let values: Vec<&[u8]> = request.headers.get_all(name.as_str()).iter().map(|value| value.as_bytes()).collect();
                part(&values.join(b", ".as_slice()));
            }
            Self::Literal(text) => {
                part(b"literal");
                part(text.as_bytes());
            }
        }
    }
}

/// One key or several; together they name the subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys(pub Vec<Key>);

impl Keys {
    /// # Errors
    /// Where there is no key, one stands twice, or a header's name is not one.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.0.is_empty() {
            return Err(ConfigError::at(
                "key",
                "there is no key; write \"identity\", \"ip\", \"route\", { header = \"..\" } or { literal = \"..\" }",
            ));
        }
        for (index, key) in self.0.iter().enumerate() {
            let field = if self.0.len() == 1 { "key".to_owned() } else { format!("key.{index}") };
            if self.0.iter().take(index).any(|earlier| earlier == key) {
                return Err(ConfigError::at(field, "this key stands in the list already"));
            }
            if let Key::Header(name) = key
                && HeaderName::try_from(name.as_str()).is_err()
            {
                return Err(ConfigError::at(field, format!("`{name}` is not the name of a header field")));
            }
        }
        Ok(())
    }
}

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [key] => key.serialize(serializer),
            keys => keys.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key (\"identity\", \"ip\", \"route\", { header = \"..\" } or { literal = \"..\" }) or a list of keys")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Keys, E> {
        Key::deserialize(StrDeserializer::new(text)).map(|key| Keys(vec![key]))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Keys, A::Error> {
        Key::deserialize(MapAccessDeserializer::new(map)).map(|key| Keys(vec![key]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Keys, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Keys)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Keys {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Keys".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let key = generator.subschema_for::<Key>();
        schemars::json_schema!({
            "description": "One key, or a list of keys that together name the subject.",
            "anyOf": [key, { "type": "array", "items": key, "minItems": 1 }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_count_by_network() {
        for (address, expect) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "20010db800010002/64"),
            ("2001:db8:1:2::1", "20010db800010002/64"),
            ("::1", "0/64"),
        ] {
            assert_eq!(address::client_network(address.parse().unwrap()), expect, "{address}");
        }
    }

    #[test]
    fn keys_are_written_alone_or_as_a_list() {
        for (text, expect) in [
            (r#""identity""#, vec![Key::Identity]),
            (r#"{"header":"x-tenant"}"#, vec![Key::Header("x-tenant".into())]),
            (r#"["identity","route",{"literal":"a"}]"#, vec![Key::Identity, Key::Route, Key::Literal("a".into())]),
        ] {
            let keys: Keys = serde_json::from_str(text).unwrap();
            assert_eq!(keys, Keys(expect), "{text}");
            assert_eq!(serde_json::to_string(&keys).unwrap(), text);
        }
    }

    #[test]
    fn wrong_keys_say_what_would_be_right() {
        for (text, expect) in [
            (r#""user""#, "unknown variant `user`"),
            ("5", "expected a key (\"identity\""),
            (r#"{"cookie":"a"}"#, "unknown variant `cookie`"),
        ] {
            let error = serde_json::from_str::<Keys>(text).unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
        }
        for (text, field, expect) in
            [("[]", "key", "no key"), (r#"["ip","ip"]"#, "key.1", "already"), (r#"{"header":"x tenant"}"#, "key", "not the name")]
        {
            let error = serde_json::from_str::<Keys>(text).unwrap().check().unwrap_err();
            assert!(error.field == field && error.message.contains(expect), "{text}: {error:?}");
        }
    }
}
