//! What an expression can ask about a request: each is read when, and only when, it is asked for.

use super::error::EvalError;
use super::fields::Fields;
use super::time::Timestamp;
use super::value::{List, Map, Value};
use crate::exchange::Exchange;
use crate::http::Request;

macro_rules! facts {
    ($($(#[doc = $about:literal])+ $variant:ident = $name:literal,)+) => {
        /// A fact about a request.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Fact { $($(#[doc = $about])+ $variant,)+ }

        impl Fact {
            /// Every one.
            pub const ALL: &[Fact] = &[$(Fact::$variant,)+];

            /// As it is written.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it is, for the reference.
            #[cfg(not(target_arch = "wasm32"))]
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => concat!($($about),+).trim(),)+ }
            }
        }
    };
}

facts! {
    /// The method, as sent.
    Method = "request.method",
    /// The path, normalised; after `rewrite`, the rewritten one.
    Path = "request.path",
    /// The host without a port, in lower case.
    Host = "request.host",
    /// Path parameters.
    Params = "request.params",
    /// Query parameters, each of which is there once.
    Query = "request.query",
    /// Query parameters with all their values.
    Queries = "request.queries",
    /// Header fields.
    Header = "request.header",
    /// Cookies.
    Cookies = "request.cookies",
    /// What `Content-Length` says, in bytes; 0 without a body, absent where nobody knows.
    BodySize = "request.body_size",
    /// When the request came.
    Time = "request.time",
    /// The client's address, behind trusted proxies the one that they report.
    Ip = "client.ip",
    /// The country, ISO 3166-1 alpha-2.
    Country = "client.country",
    /// The continent: `EU`, ...
    Continent = "client.continent",
    /// The number of the client's network.
    Asn = "client.asn",
    /// `TLSv1.3`, ...
    TlsVersion = "client.tls_version",
    /// From 1, certainly a program, to 99, certainly a person.
    BotScore = "client.bot_score",
    /// Whether it is a crawler that the edge has verified.
    VerifiedBot = "client.verified_bot",
    /// Who.
    Subject = "identity.subject",
    /// Who says so.
    Issuer = "identity.issuer",
    /// Everything that the proof says.
    Claims = "identity.claims",
    /// What it may do.
    Scopes = "identity.scopes",
    /// Its roles.
    Roles = "identity.roles",
    /// Its groups.
    Groups = "identity.groups",
    /// The proof: `jwt`, ...
    Kind = "identity.kind",
    /// The consumer.
    Consumer = "identity.consumer",
    /// The API's name.
    Api = "api",
    /// The route's name.
    Route = "route",
}

impl Fact {
    /// The one of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fact| fact.name() == name)
    }

    /// Whether only the edge knows it.
    pub fn of_edge(self) -> bool {
        use Fact::{Asn, BotScore, Continent, Country, TlsVersion, VerifiedBot};
        matches!(self, Country | Continent | Asn | TlsVersion | BotScore | VerifiedBot)
    }

    /// Whether it is about who is calling.
    pub fn of_identity(self) -> bool {
        self.name().starts_with("identity.")
    }

    /// Its value; `None` where it is absent.
    pub fn read<'a>(self, cx: &'a Exchange<'_>, request: &'a Request) -> Option<Value<'a>> {
        let edge = || cx.edge();
        let identity = || cx.identity.as_ref();
        Some(match self {
            Self::Method => Value::text(request.method.as_str()),
            Self::Path => Value::text(&request.target.path),
            Self::Host => Value::text(request.target.host()),
            Self::Params => Value::Map(Map::Fields(Fields::Params(&cx.params))),
            Self::Query => Value::Map(Map::Fields(Fields::Query(request.target.query.as_deref().unwrap_or_default()))),
            Self::Queries => Value::Map(Map::Fields(Fields::Queries(request.target.query.as_deref().unwrap_or_default()))),
            Self::Header => Value::Map(Map::Fields(Fields::Header(&request.headers))),
            Self::Cookies => Value::Map(Map::Fields(Fields::Cookies(&request.headers))),
            Self::BodySize => Value::Int(i64::try_from(request.content_length()?).ok()?),
            Self::Time => Value::Timestamp(Timestamp::from_ms(cx.started_ms)?),
            Self::Ip => Value::Ip(cx.client.address?),
            Self::Country => Value::text(edge().country.as_deref()?),
            Self::Continent => Value::text(edge().continent.as_deref()?),
            Self::Asn => Value::Int(i64::from(edge().asn?)),
            Self::TlsVersion => Value::text(edge().tls_version.as_deref()?),
            Self::BotScore => Value::Int(i64::from(edge().bot_management.as_ref()?.score?)),
            Self::VerifiedBot => Value::Bool(edge().bot_management.as_ref()?.verified_bot),
            Self::Subject => Value::text(&identity()?.subject),
            Self::Issuer => Value::text(identity()?.issuer.as_deref()?),
            Self::Claims => Value::Map(Map::Json(&identity()?.claims)),
            Self::Scopes => Value::List(List::Texts(&identity()?.scopes)),
            Self::Roles => Value::List(List::Texts(&identity()?.roles)),
            Self::Groups => Value::List(List::Texts(&identity()?.groups)),
            Self::Kind => Value::text(identity()?.kind),
            Self::Consumer => Value::text(identity()?.consumer.as_deref()?),
            Self::Api => Value::text(&cx.route.as_ref()?.api),
            Self::Route => Value::text(&cx.route.as_ref()?.id),
        })
    }

    /// Its value.
    ///
    /// # Errors
    /// Where it is absent.
    pub fn value<'a>(self, cx: &'a Exchange<'_>, request: &'a Request) -> Result<Value<'a>, EvalError> {
        self.read(cx, request).ok_or_else(|| EvalError::new(format!("`{}` is absent", self.name())))
    }
}
