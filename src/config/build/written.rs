//! The written form as types: what the routes files may hold, and what their JSON Schema says.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess};

use super::super::runtime::{EncodedSlash, MethodOverride, TestForm};
use super::super::values::{ByteSize, Duration, Percent};
use super::policies::PolicyUse;

/// gateway.toml: what is shared by all APIs.
#[derive(Debug, JsonSchema)]
#[schemars(title = "gateway.toml", deny_unknown_fields)]
#[allow(dead_code, reason = "the fields are read one by one; the type is their JSON Schema")]
pub struct GatewayFile {
    /// Settings of the gateway itself.
    #[serde(default)]
    pub gateway: WrittenGateway,
    /// Named policies, usable in every API.
    #[schemars(with = "Option<BTreeMap<String, super::policies::WrittenPolicy>>")]
    pub policies: (),
    /// Named origins, usable in every API.
    #[schemars(with = "Option<BTreeMap<String, super::origins::WrittenOrigin>>")]
    pub origins: (),
}

/// An API's file.
#[derive(Debug, JsonSchema)]
#[schemars(title = "An API of the gateway", deny_unknown_fields)]
#[allow(dead_code, reason = "the fields are read one by one; the type is their JSON Schema")]
pub struct ApiFile {
    /// The API itself.
    pub api: WrittenApi,
    /// Named policies, usable in this API. They hide those of gateway.toml.
    #[schemars(with = "Option<BTreeMap<String, super::policies::WrittenPolicy>>")]
    pub policies: (),
    /// Named origins, usable in this API. They hide those of gateway.toml.
    #[schemars(with = "Option<BTreeMap<String, super::origins::WrittenOrigin>>")]
    pub origins: (),
    /// The routes.
    #[serde(default)]
    pub routes: Vec<WrittenRoute>,
}

/// `[gateway]`: settings of the gateway itself.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Gateway")]
pub struct WrittenGateway {
    /// The gateway's name in `Via` and `Forwarded`; `archway` where absent.
    pub name: Option<String>,
    /// What an encoded slash in a path means; `refuse` where absent.
    pub encoded_slash: Option<EncodedSlash>,
    /// What `X-HTTP-Method-Override`, `X-HTTP-Method` and `X-Method-Override` mean where they name another method than the request's;
    /// `refuse` (400) where absent.
    pub method_override: Option<MethodOverride>,
    /// Policies of every route of every API, before the API's and the route's own.
    #[serde(default)]
    #[schemars(with = "Vec<PolicyUse>")]
    pub policies: IgnoredAny,
    /// Limits on a request.
    #[serde(default)]
    pub limits: WrittenLimits,
    /// The access record.
    #[serde(default)]
    pub record: WrittenRecord,
    /// How the client's address is known.
    #[serde(default)]
    pub client: WrittenClient,
    /// Roles that imply others: `admin = ["editor"]` makes every admin an editor, and whatever an editor is.
    #[serde(default)]
    pub roles: BTreeMap<String, Vec<String>>,
    /// What `archway audit` looks at.
    #[serde(default)]
    pub audit: WrittenAudit,
}

/// `[gateway.audit]`: what `archway audit` looks at.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Audit")]
pub struct WrittenAudit {
    /// Findings that are passed over: `"no-waf"` for a rule, `{ rule = "open-write", route = "shop: POST /webhook", because = "..." }`
    /// for one route of it. A route that ends in `*` is the beginning of several.
    #[serde(default)]
    pub ignore: Vec<WrittenIgnore>,
}

/// Findings that are passed over.
#[derive(Debug, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum WrittenIgnore {
    /// Every finding of a rule.
    Rule(String),
    /// Those of a rule on a route, with a reason.
    Entry(IgnoreEntry),
}

/// One entry of the ignore list.
#[derive(Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IgnoreEntry {
    /// The rule's name.
    pub rule: String,
    /// The route's name, as `archway routes --format json` has it; every route where absent.
    pub route: Option<String>,
    /// Why this may be.
    pub because: Option<String>,
}

impl<'de> Deserialize<'de> for WrittenIgnore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = WrittenIgnore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rule's name in quotes, or { rule = \"text\", route = \"text\", because = \"text\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<WrittenIgnore, E> {
                Ok(WrittenIgnore::Rule(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenIgnore, A::Error> {
                IgnoreEntry::deserialize(MapAccessDeserializer::new(map)).map(WrittenIgnore::Entry)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// `[gateway.limits]`: limits on a request.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Limits")]
pub struct WrittenLimits {
    /// Path and query together; `8KiB` where absent.
    pub target: Option<ByteSize>,
    /// How many parameters the query may have; 256 where absent.
    pub query_parameters: Option<u64>,
    /// All header fields together; `32KiB` where absent.
    pub headers: Option<ByteSize>,
    /// One header field, its name and its value; `16KiB` where absent.
    pub header: Option<ByteSize>,
    /// How many header fields there may be; 128 where absent.
    pub header_count: Option<u64>,
    /// The body of every request that no `body_limit` is for; `10MiB` where absent.
    pub body: Option<ByteSize>,
    /// The time for a body to come, counted from the request's head: then it is broken off (408). `30s` where absent, `0s` for as long
    /// as it takes. Where it is counted, a body of at most 16 KiB is read before the origin is asked; the time runs on while an
    /// origin does not take a longer one.
    pub body_time: Option<Duration>,
    /// How many bytes of a body give it a second more; `16KiB` where absent. A body of unknown length has the time of the longest.
    pub body_rate: Option<ByteSize>,
}

/// `[gateway.record]`: the access record.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Record")]
pub struct WrittenRecord {
    /// The share of requests that are recorded; `100%` where absent. Errors always are.
    pub sample: Option<Percent>,
    /// Header fields of the request to record.
    #[serde(default)]
    pub headers: Vec<String>,
    /// Header fields whose values are replaced, besides those that always are.
    #[serde(default)]
    pub redact_headers: Vec<String>,
    /// Query parameters whose values are replaced, besides those that always are.
    #[serde(default)]
    pub redact_query: Vec<String>,
}

/// `[gateway.client]`: how the client's address is known.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Client")]
pub struct WrittenClient {
    /// Proxies in front of the gateway, as CIDR, whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
}

/// `[api]`: the API itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Api")]
pub struct WrittenApi {
    /// Its name, of `a-z`, `0-9` and `-`; no other API has it.
    #[schemars(regex(pattern = "^[a-z0-9-]+$"))]
    pub name: String,
    /// Its title; the name where absent.
    pub title: Option<String>,
    /// Its version, for people.
    pub version: Option<String>,
    /// Hosts of its routes: `api.example.com` or `*.example.com`. Every host where absent.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Its OpenAPI document (3.0 or 3.1, JSON or YAML), a file in the routes directory or below it: `openapi/products.json`.
    /// `validate` holds requests to it.
    pub openapi: Option<String>,
    /// Policies of every route, before the route's own.
    #[serde(default)]
    #[schemars(with = "Vec<PolicyUse>")]
    pub policies: IgnoredAny,
}

/// `[[routes]]`: one route.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Route", extend("oneOf" = [{ "required": ["origin"] }, { "required": ["static"] }, { "required": ["redirect"] }]))]
pub struct WrittenRoute {
    /// Methods and path: `GET /v1/products/{id}`, `GET,POST /v1/products`, or just a path for every method. `{name}` is a whole
    /// segment, `{*rest}` all that follows.
    #[serde(rename = "match")]
    pub matches: String,
    /// Hosts, in place of the API's.
    pub hosts: Option<Vec<String>>,
    /// Conditions on header fields; all must hold.
    #[serde(default)]
    pub headers: BTreeMap<String, Condition>,
    /// Conditions on query parameters; all must hold.
    #[serde(default)]
    pub query: BTreeMap<String, Condition>,
    /// Whether anyone may call this route. Must be said where no identity policy is in its chain; those of the gateway and the
    /// API are left out then, and their `require` with them.
    #[serde(default)]
    pub public: bool,
    /// The name of the origin that answers. Every route has exactly one of `origin`, `static` and `redirect`.
    pub origin: Option<String>,
    /// A fixed answer.
    #[serde(default, rename = "static")]
    #[schemars(with = "Option<crate::origins::fixed::Config>")]
    pub fixed: IgnoredAny,
    /// A redirect.
    #[serde(default)]
    #[schemars(schema_with = "super::origins::redirect_schema")]
    pub redirect: IgnoredAny,
    /// Template of the path that the origin sees: `/internal{path}`, `/x/{id}`. The client's path where absent.
    pub rewrite: Option<String>,
    /// Policies after those of the gateway and the API.
    #[serde(default)]
    #[schemars(with = "Vec<PolicyUse>")]
    pub policies: IgnoredAny,
}

/// A condition: `"text"`, `{ present = true }`, `{ exact = "text" }` or `{ regex = "^a" }`.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum Condition {
    /// Exactly this text.
    Exact(String),
    /// One of the tests.
    Test(Test),
}

/// A test: exactly one key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", rename = "condition")]
pub enum Test {
    /// Exactly this text.
    Exact(String),
    /// There (`true`) or not there (`false`).
    Present(bool),
    /// Matched by this regular expression, somewhere unless anchored.
    Regex(String),
}

impl From<Condition> for TestForm {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Exact(text) | Condition::Test(Test::Exact(text)) => Self::Exact(text),
            Condition::Test(Test::Present(yes)) => Self::Present(yes),
            Condition::Test(Test::Regex(regex)) => Self::Regex(regex),
        }
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Condition;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text in quotes, or one of { present = true }, { exact = \"text\" } and { regex = \"text\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Condition, E> {
                Ok(Condition::Exact(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Condition, A::Error> {
                Test::deserialize(MapAccessDeserializer::new(map)).map(Condition::Test)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
