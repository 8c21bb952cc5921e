//! `require` as it is written.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::auth::rights::{Rights, Wanted};
use crate::expr::Condition;

/// Tables with the demands that a caller must meet, and perhaps more.
macro_rules! demands {
    ($($(#[$about:meta])+ $name:ident { $($more:tt)* })+) => {$(
        $(#[$about])+
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Scopes that the proof must have. A list: all of them; `{ any = [...] }`: one of them.
            #[serde(default, skip_serializing_if = "Option::is_none", with = "names")]
            #[cfg_attr(not(target_arch = "wasm32"), schemars(schema_with = "names::schema"))]
            pub scopes: Option<Names>,
            /// Roles that the caller must have; `[gateway.roles]` says which roles imply others.
            #[serde(default, skip_serializing_if = "Option::is_none", with = "names")]
            #[cfg_attr(not(target_arch = "wasm32"), schemars(schema_with = "names::schema"))]
            pub roles: Option<Names>,
            /// Groups that the caller must be in.
            #[serde(default, skip_serializing_if = "Option::is_none", with = "names")]
            #[cfg_attr(not(target_arch = "wasm32"), schemars(schema_with = "names::schema"))]
            pub groups: Option<Names>,
            /// Consumers that are let in. A list: only these; `{ deny = [...] }`: all but these.
            #[serde(default, skip_serializing_if = "Option::is_none", with = "consumers")]
            #[cfg_attr(not(target_arch = "wasm32"), schemars(schema_with = "consumers::schema"))]
            pub consumers: Option<Consumers>,
            /// The only kinds of proof that do, by the names of the identity policies: `["jwt", "mtls"]`.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub kinds: Vec<String>,
            /// A condition that must hold (CEL): `identity.claims.tenant == request.header['x-tenant']`. One that cannot be told lets
            /// nobody in: it does not hold, save in a rule that denies. A `when` that says for which requests the whole policy acts
            /// stands beside `require`, not in it.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub when: Option<Condition>,
            $($more)*
        }
    )+};
}

demands! {
    /// `{ require = { scopes = ["products:write"], roles = { any = ["editor", "owner"] } } }`
    ///
    /// Everything that is written must hold, and then `rules` decide where there are any. It stands behind an identity policy. Nobody
    /// in particular gets 401, somebody without the right 403.
    #[derive(Debug, Clone, Serialize, Deserialize)]
    Config {
        /// Rules in order, `{ allow = { ... } }` or `{ deny = { ... } }`: the first one whose demands the caller meets decides. Demands
        /// are written as those of `require` itself; `{}` is met by everyone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub rules: Vec<Rule>,
        /// What becomes of a caller that meets no rule; `"deny"` where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub default: Option<Effect>,
    }

    /// What a caller must be and have.
    #[derive(Debug, Clone, Default, Serialize, Deserialize)]
    Demands {}
}

/// One rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Who meets these demands may go on.
    Allow(Demands),
    /// Who meets these demands may not.
    Deny(Demands),
}

/// What a rule or the lack of one means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The caller may go on.
    Allow,
    /// It may not (403).
    Deny,
}

/// Names that are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// All of these.
    #[serde(default)]
    pub all: Vec<String>,
    /// One of these, where there are any.
    #[serde(default)]
    pub any: Vec<String>,
}

/// Consumers that are let in and kept out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consumers {
    /// Only these, where there are any.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Not these.
    #[serde(default)]
    pub deny: Vec<String>,
}

/// A table of two lists, of which the first may stand alone.
macro_rules! list_or_table {
    ($($option:ident: $type:ident { $first:ident $about:literal, $second:ident $also:literal } $expect:literal;)+) => {$(
        /// What an optional key is read and written by.
        pub mod $option {
            use super::*;

            /// # Errors
            /// The serializer's own.
            pub fn serialize<S: Serializer>(value: &Option<$type>, serializer: S) -> Result<S::Ok, S::Error> {
                match value {
                    None => serializer.serialize_none(),
                    Some(value) if value.$second.is_empty() => value.$first.serialize(serializer),
                    Some(value) => {
                        let mut map = serializer.serialize_map(None)?;
                        if !value.$first.is_empty() {
                            map.serialize_entry(stringify!($first), &value.$first)?;
                        }
                        map.serialize_entry(stringify!($second), &value.$second)?;
                        map.end()
                    }
                }
            }

            /// # Errors
            /// Where it is neither a list nor the table.
            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
                struct ListOrTable;
                impl<'de> Visitor<'de> for ListOrTable {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expect)
                    }

                    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<$type, A::Error> {
                        let $first = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                        Ok($type { $first, ..$type::default() })
                    }

                    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<$type, A::Error> {
                        $type::deserialize(MapAccessDeserializer::new(table))
                    }
                }
                deserializer.deserialize_any(ListOrTable).map(Some)
            }

            /// The schema of the key.
            #[cfg(not(target_arch = "wasm32"))]
            pub fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let list = || serde_json::json!({ "type": "array", "items": { "type": "string" } });
                let told = |about| serde_json::json!({ "type": "array", "items": { "type": "string" }, "description": about });
                let table = serde_json::json!({
                    "type": "object", "additionalProperties": false,
                    "properties": { stringify!($first): told($about), stringify!($second): told($also) },
                });
                schemars::json_schema!({ "anyOf": [list(), table] })
            }
        }
    )+};
}

list_or_table! {
    names: Names { all "All of these.", any "One of these, where there are any." } "a list of names, or { all = [...], any = [...] }";
    consumers: Consumers { allow "Only these, where there are any.", deny "Not these." } "a list of consumers, or { allow = [...], deny = [...] }";
}

impl Config {
    /// The demands that stand in `require` itself.
    pub fn demands(&self) -> Demands {
        Demands {
            scopes: self.scopes.clone(),
            roles: self.roles.clone(),
            groups: self.groups.clone(),
            consumers: self.consumers.clone(),
            kinds: self.kinds.clone(),
            when: self.when.clone(),
        }
    }
}

impl Demands {
    /// As they are held against a caller.
    pub fn rights(&self) -> Rights {
        let wanted = |names: &Option<Names>| {
            let Names { all, any } = names.clone().unwrap_or_default();
            Wanted { all, any }
        };
        let Consumers { allow, deny } = self.consumers.clone().unwrap_or_default();
        Rights {
            scopes: wanted(&self.scopes),
            roles: wanted(&self.roles),
            groups: wanted(&self.groups),
            allow,
            deny,
            kinds: self.kinds.clone(),
        }
    }
}
