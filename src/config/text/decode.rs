//! From the spanned tree to types: a serde deserializer whose errors know their word, and a loop that finds them all.

use std::collections::HashSet;

use serde::de::value::StrDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, Error as _, IntoDeserializer, Unexpected, Visitor};

use super::diagnostics::Diagnostics;
use super::document::{Entry, Node, Value};
use super::names::nearest;
use super::problem::{Error, Problem};

/// Nodes that decoding passes over, by [`Node::identity`].
pub type Skipped = HashSet<usize>;

/// Decodes a node. Every error is reported: what is in the way is taken out and decoding goes on, so `skipped` names
/// afterwards what was wrong. `None` where there was an error.
pub fn decode<'de, T: Deserialize<'de>>(file: usize, node: &Node, skipped: &mut Skipped, diagnostics: &mut Diagnostics) -> Option<T> {
    decode_partly(file, node, skipped, diagnostics).filter(|decoded| decoded.whole).map(|decoded| decoded.value)
}

/// What could be read of a node.
#[derive(Debug)]
pub struct Decoded<T> {
    /// The value, without what was wrong in it.
    pub value: T,
    /// Whether nothing was wrong.
    pub whole: bool,
}

/// Whether something was taken out of `node` that is one of these keys, stands in one, or was probably meant to be one.
pub fn lacks(node: &Node, keys: &[&str], skipped: &Skipped) -> bool {
    let gone = |entry: &Entry| skipped.contains(&entry.node.identity());
    node.entries().iter().any(|entry| match keys.contains(&entry.key.as_str()) {
        true => gone(entry) || entry.node.holds(skipped),
        false => gone(entry) && nearest(&entry.key, keys.iter().copied()).is_some(),
    })
}

/// As [`decode`], but gives what could be read although something in it was wrong.
pub fn decode_partly<'de, T: Deserialize<'de>>(
    file: usize,
    node: &Node,
    skipped: &mut Skipped,
    diagnostics: &mut Diagnostics,
) -> Option<Decoded<T>> {
    decode_seed(file, node, skipped, diagnostics, |decoder| T::deserialize(decoder))
}

/// As [`decode`], for `{ variant = node }`: an externally tagged enum.
pub fn decode_variant<'de, T: Deserialize<'de>>(
    file: usize,
    variant: &str,
    node: &Node,
    skipped: &mut Skipped,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    decode_variant_partly(file, variant, node, skipped, diagnostics).filter(|decoded| decoded.whole).map(|decoded| decoded.value)
}

/// As [`decode_variant`], but gives what could be read although something in it was wrong.
pub fn decode_variant_partly<'de, T: Deserialize<'de>>(
    file: usize,
    variant: &str,
    node: &Node,
    skipped: &mut Skipped,
    diagnostics: &mut Diagnostics,
) -> Option<Decoded<T>> {
    decode_seed(file, node, skipped, diagnostics, |decoder| T::deserialize(Variant { variant, decoder }))
}

fn decode_seed<T>(
    file: usize,
    node: &Node,
    skipped: &mut Skipped,
    diagnostics: &mut Diagnostics,
    decode: impl Fn(Decoder<'_>) -> Result<T, Error>,
) -> Option<Decoded<T>> {
    let mut whole = true;
    loop {
        match decode(Decoder { node, skipped }) {
            Ok(value) => return Some(Decoded { value, whole }),
            Err(mut error) => {
                whole = false;
                if error.span.is_none() {
                    error.span = Some(node.span.clone());
                    error.node = node.identity();
                }
                if !error.follows {
                    diagnostics.push(error.diagnostic(file));
                }
                if error.node == node.identity() || !skipped.insert(error.node) {
                    return None;
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Decoder<'a> {
    node: &'a Node,
    skipped: &'a Skipped,
}

impl<'a> Decoder<'a> {
    fn at(self, mut error: Error) -> Error {
        if error.span.is_none() {
            error.span = Some(self.node.span.clone());
            error.node = self.node.identity();
            error.follows = self.follows(&error.problem);
        }
        error
    }

    /// Whether a problem of the whole node only follows from something in it that was taken out.
    fn follows(self, problem: &Problem) -> bool {
        let gone = |node: &Node| self.skipped.contains(&node.identity());
        match problem {
            Problem::MissingKey(key) => {
                self.node.entries().iter().any(|entry| gone(&entry.node) && nearest(&entry.key, [key.as_str()]).is_some())
            }
            _ => self.node.entries().iter().any(|entry| gone(&entry.node)) || self.node.elements().iter().any(gone),
        }
    }

    /// Whether what stands in a secret's place may name one: a text does not, and what cannot be a name is one's value.
    fn names_secret(self) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let written = self.node.entries().iter().find(|entry| entry.key == "secret").map(|entry| entry.node.text());
        self.node.text().is_none() && written.flatten().is_none_or(|name| !name.is_empty() && name.chars().all(plain))
    }

    fn value<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::String(text) => visitor.visit_str(text),
            Value::Integer(number) => match u64::try_from(*number) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_i64(*number),
            },
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(yes) => visitor.visit_bool(*yes),
            Value::Datetime => Err(Error::invalid_type(Unexpected::Other("a date or time (write it as text in quotes)"), &visitor)),
            Value::Huge => Err(Error::invalid_type(Unexpected::Other("a number that is too large"), &visitor)),
            Value::Array(elements) => visitor.visit_seq(Elements { elements: elements.iter(), skipped: self.skipped }),
            Value::Table(entries) => visitor.visit_map(Entries { entries: entries.iter(), current: None, skipped: self.skipped }),
        }
    }
}

impl<'de> de::Deserializer<'de> for Decoder<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.value(visitor).map_err(|error| self.at(error))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self).map_err(|error| self.at(error))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self).map_err(|error| self.at(error))
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, names: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        let kept = || self.node.entries().iter().filter(|entry| !self.skipped.contains(&entry.node.identity()));
        let result = match &self.node.value {
            Value::String(text) => visitor.visit_enum(IntoDeserializer::<Error>::into_deserializer(text.as_str())),
            Value::Table(_) => match (kept().next(), kept().nth(1)) {
                (Some(entry), None) => visitor
                    .visit_enum(Variant { variant: &entry.key, decoder: Decoder { node: &entry.node, ..self } })
                    .map_err(|error| at_key(entry, error)),
                _ => Err(Error::custom(format!("this table must have exactly one key: {}", super::names::list(names)))),
            },
            _ => self.value(visitor),
        };
        result.map_err(|error| self.at(error))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let result = match &self.node.value {
            _ if name == "Secret" && !self.names_secret() => Err(Error::secret()),
            Value::Table(_) => self.value(visitor),
            Value::Array(_) => Err(Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.value(visitor),
        };
        result.map_err(|error| self.at(error.with_keys(fields)))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

/// The place of an error that is about a key.
fn at_key(entry: &Entry, mut error: Error) -> Error {
    if error.span.is_none() {
        error.span = Some(entry.key_span.clone());
        error.node = entry.node.identity();
    }
    error
}

struct Entries<'a> {
    entries: std::slice::Iter<'a, Entry>,
    current: Option<&'a Entry>,
    skipped: &'a Skipped,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.current = self.entries.by_ref().find(|entry| !self.skipped.contains(&entry.node.identity()));
        let Some(entry) = self.current else { return Ok(None) };
        seed.deserialize(StrDeserializer::<Error>::new(&entry.key)).map(Some).map_err(|error| at_key(entry, error))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some(entry) = self.current.take() else { return Err(Error::custom("a value without a key")) };
        let decoder = Decoder { node: &entry.node, skipped: self.skipped };
        seed.deserialize(decoder).map_err(|error| decoder.at(error))
    }
}

struct Elements<'a> {
    elements: std::slice::Iter<'a, Node>,
    skipped: &'a Skipped,
}

impl<'de> de::SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(node) = self.elements.by_ref().find(|node| !self.skipped.contains(&node.identity())) else { return Ok(None) };
        let decoder = Decoder { node, skipped: self.skipped };
        seed.deserialize(decoder).map(Some).map_err(|error| decoder.at(error))
    }
}

struct Variant<'a> {
    variant: &'a str,
    decoder: Decoder<'a>,
}

impl<'de> de::Deserializer<'de> for Variant<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name = seed.deserialize(StrDeserializer::<Error>::new(self.variant))?;
        Ok((name, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Err(self.decoder.at(Error::custom(format!("`{}` takes no value; write it as text in quotes", self.variant))))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.decoder).map_err(|error| self.decoder.at(error))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_any(self.decoder, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_struct(self.decoder, "", fields, visitor)
    }
}

#[cfg(test)]
mod tests;
