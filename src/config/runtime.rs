//! The runtime form: what the native command writes and the worker loads ([`super::packed`]). Canonical JSON, all names resolved to indices, all
//! defaults filled in, routes in order of precedence where order decides.

use serde::{Deserialize, Serialize};

use super::packed::ListForm;
use super::values::{ByteSize, Duration, Percent, Rate};
use crate::auth::consumer::Consumer;
use crate::auth::rights::Roles;
use crate::expr::Condition;
use crate::http::address::Cidr;
use crate::origins::OriginConfig;
use crate::policies::{Mode, OnError, PolicyConfig};

/// The version of this form; a worker refuses any other.
pub const VERSION: u32 = 1;

/// A whole gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayForm {
    /// [`VERSION`].
    pub version: u32,
    /// What is shared by all routes.
    pub settings: Settings,
    /// The APIs that routes belong to.
    pub apis: Vec<ApiForm>,
    /// Every policy instance; chains refer to it by index. Equal instances stand here once.
    pub policies: Vec<PolicyForm>,
    /// Every origin; routes refer to it by index.
    pub origins: Vec<OriginForm>,
    /// Every route, in the order of the files; none in a file's first line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteForm>,
    /// Where the routes lie in a file; empty outside of one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub index: Vec<ListForm>,
    /// Who may call, in the order of the files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<Consumer>,
    /// Where the consumers lie in a file, in bytes behind the first line; [`GatewayForm::consumers`] is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumers_at: Option<usize>,
    /// Header fields that carry identity to origins, in lower case; removed from whatever clients send, on every route.
    pub identity_headers: Vec<String>,
}

/// One API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiForm {
    /// Its name: the record's `api` and the first half of its routes' names.
    pub name: String,
    /// Its title: the realm of challenges.
    pub title: String,
}

/// One policy instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyForm {
    /// Unique and stable: `api.name` or `gateway.name` for a named policy, the route's name and `#kind` for one that stands in a
    /// route, `api#kind` for one that stands in an API or equally in several of its routes. A second one has ` (2)` behind it.
    pub id: String,
    /// Index into [`GatewayForm::apis`]; `None` for what stands in gateway.toml.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<usize>,
    /// Whether it acts.
    #[serde(default)]
    pub mode: Mode,
    /// What an outage means.
    pub on_error: OnError,
    /// How many failed proofs are let pass before an address or an account is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<Rate>,
    /// For which requests it acts; every one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// The policy itself.
    pub policy: PolicyConfig,
    /// What the native command has made of the files that the policy names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiled: Option<String>,
}

/// One origin.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginForm {
    /// Unique and stable, as [`PolicyForm::id`].
    pub id: String,
    /// The origin itself.
    pub origin: OriginConfig,
}

/// One route.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteForm {
    /// Unique: `api: METHOD /path`; a second one that differs in host or conditions has ` (2)` behind it.
    pub id: String,
    /// Index into [`GatewayForm::apis`].
    pub api: usize,
    /// `example.com`, `*.example.com`; empty for every host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The path template as written: `/v1/products/{id}`.
    pub path: String,
    /// Methods in upper case; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Conditions on header fields; all must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<ConditionForm>,
    /// Conditions on query parameters; all must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<ConditionForm>,
    /// The chain: indices into [`GatewayForm::policies`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<usize>,
    /// Index into [`GatewayForm::origins`].
    pub origin: usize,
    /// Template of the path that the origin sees; the client's path where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<String>,
}

/// A condition on a header field or a query parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionForm {
    /// The field's name in lower case, or the parameter's name.
    pub name: String,
    /// What its value must be.
    #[serde(rename = "is")]
    pub test: TestForm,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestForm {
    /// Exactly this.
    Exact(String),
    /// There (`true`) or not there (`false`).
    Present(bool),
    /// Matched by this regular expression, somewhere in it unless anchored.
    Regex(String),
}

/// What is shared by all routes, with every default filled in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The gateway's name in `Via` (RFC 9110 section 7.6.3) and `Forwarded`.
    pub name: String,
    /// Limits on a request's head.
    pub limits: LimitsForm,
    /// The access record.
    pub record: RecordForm,
    /// How the client's address is known.
    pub client: ClientForm,
    /// How encoded slashes in paths are treated.
    pub encoded_slash: EncodedSlash,
    /// How header fields that name another method are treated.
    #[serde(default, skip_serializing_if = "MethodOverride::refuses")]
    pub method_override: MethodOverride,
    /// Which roles imply which others, all the way.
    #[serde(default, skip_serializing_if = "Roles::is_empty")]
    pub roles: Roles,
}

/// What `%2F` and `%5C` in a path mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum EncodedSlash {
    /// 400: an origin that decodes it would see another path than the gateway checked.
    #[default]
    Refuse,
    /// Part of its segment, and forwarded as it is. Only where every origin treats it so.
    Keep,
}

/// What a header field such as `X-HTTP-Method-Override` means that names another method than the request's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MethodOverride {
    /// 400: an origin that goes by it would do something else than the gateway checked.
    #[default]
    Refuse,
    /// Forwarded as it is. Only where no policy and no route goes by the method.
    Pass,
}

impl MethodOverride {
    /// Whether such a request is refused.
    pub fn refuses(&self) -> bool {
        *self == Self::Refuse
    }
}

/// Limits on a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsForm {
    /// Path and query together.
    pub target: ByteSize,
    /// Parameters of the query.
    pub query_parameters: u64,
    /// All header fields together.
    pub headers: ByteSize,
    /// One header field, its name and its value.
    pub header: ByteSize,
    /// How many header fields there may be.
    pub header_count: u64,
    /// The body, where no `body_limit` says otherwise.
    pub body: ByteSize,
    /// The time for a body to come; 0 for as long as it takes.
    pub body_time: Duration,
    /// For each of so many bytes of a body it has a second more.
    pub body_rate: ByteSize,
}

/// The access record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordForm {
    /// The share of requests that are recorded; refusals by the gateway and statuses from 500 always are.
    pub sample: Percent,
    /// Header fields of the request to record, in lower case.
    pub headers: Vec<String>,
    /// Header fields whose values are replaced, in lower case.
    pub redact_headers: Vec<String>,
    /// Query parameters whose values are replaced.
    pub redact_query: Vec<String>,
}

/// How the client's address is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientForm {
    /// Proxies in front of the gateway, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Cidr>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "archway".to_owned(),
            limits: LimitsForm {
                target: ByteSize::from_bytes(8 << 10),
                query_parameters: 256,
                headers: ByteSize::from_bytes(32 << 10),
                header: ByteSize::from_bytes(16 << 10),
                header_count: 128,
                body: ByteSize::from_bytes(10 << 20),
                body_time: Duration::from_ms(30_000),
                body_rate: ByteSize::from_bytes(16 << 10),
            },
            record: RecordForm {
                sample: Percent::from_share(1.0),
                headers: Vec::new(),
                redact_headers: ["authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"].map(str::to_owned).to_vec(),
                redact_query: ["access_token", "api_key", "code", "password", "secret", "token"].map(str::to_owned).to_vec(),
            },
            client: ClientForm { trusted_proxies: Vec::new() },
            encoded_slash: EncodedSlash::default(),
            method_override: MethodOverride::default(),
            roles: Roles::default(),
        }
    }
}

/// The default of an origin's time to its first byte.
pub const FIRST_BYTE: Duration = Duration::from_ms(30_000);
