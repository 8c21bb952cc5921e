//! Answers from the edge's cache what may be answered from it, and stores what may be stored: a shared cache after RFC 9111.
//!
//! Where an identity is established, its responses are its own, unless the routes file says that they are everybody's. What the
//! policies after this one did to a response is stored with it; those before it see every answer. A request that changes
//! something makes the gateway forget what it has stored for that URI: everybody's and the caller's own, in this data centre.

use super::prelude::*;
use crate::caching::conditional::{self, Validators};
use crate::caching::directives::Directives;
use crate::caching::status::{self, Forward};
use crate::caching::stored::{self, Times};
use crate::caching::vary::Marker;
use crate::caching::{Asked, CREDENTIALS, Pending, freshness, key};
use crate::config::values::Duration;
use crate::http::{Body, header};

mod store;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { on_error: OnError::Allow, subrequests: 2, once: true, apart: true, ..Facts::of("cache") };

/// Whose a stored response is, where an identity is established.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Sharing {
    /// The identity's own.
    Separate,
    /// Everybody's who is let through: only where responses do not depend on who asks.
    Shared,
}

/// `{ cache = { ttl = "60s", query = ["page"] } }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long responses are fresh, in place of what they say themselves. It lifts no prohibition (`no-store`, `private`,
    /// `no-cache`, cookies). By default only what says how long it is fresh is stored. `CDN-Cache-Control` goes before
    /// `Cache-Control` and `Expires` (RFC 9213).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<Duration>,
    /// The query parameters that tell responses apart; all by default, in any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<Vec<String>>,
    /// Header fields of the request that tell responses apart whatever `Vary` says. Where no identity is established, a response
    /// to a request with `Authorization` or `Cookie` is stored only if that field stands here or in `Vary`, or if the response says
    /// `public`, `s-maxage` or `must-revalidate`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<String>,
    /// Whose a stored response is where an identity is established: `"separate"`, the identity's own, by default, or `"shared"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<Sharing>,
}

/// Holds what makes keys, and the configured lifetime in seconds.
pub struct Cache {
    id: String,
    ttl_s: Option<u64>,
    query: Option<Vec<String>>,
    fields: Vec<HeaderName>,
    sharing: Sharing,
}

/// What a look-up found.
struct Found {
    stored: Option<(Times, Response)>,
    marker: Option<Marker>,
    forward: Forward,
}

impl Cache {
    /// # Errors
    /// Where the ttl is not whole seconds, or a header field's name is not one.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        if let Some(ttl) = config.ttl.filter(|ttl| ttl.ms() == 0 || ttl.ms() % 1_000 != 0) {
            return Err(ConfigError::at("ttl", format!("`{ttl}` is not whole seconds; the shortest ttl is \"1s\"")));
        }
        let fields = config.headers.iter().enumerate().map(|(index, name)| {
            let message = || ConfigError::at(format!("headers.{index}"), format!("`{name}` is not the name of a header field"));
            HeaderName::try_from(name.as_str()).map_err(|_| message())
        });
        Ok(Self {
            id: compiler.id.to_owned(),
            ttl_s: config.ttl.map(|ttl| ttl.ms() / 1_000),
            query: config.query,
            fields: fields.collect::<Result<_, _>>()?,
            sharing: config.identity.unwrap_or(Sharing::Separate),
        })
    }

    /// Whether what this exchange stores is one identity's own.
    fn is_own(&self, cx: &Exchange<'_>) -> bool {
        cx.caller().is_some() && self.sharing == Sharing::Separate
    }

    fn key(&self, cx: &Exchange<'_>, request: &Request, own: bool) -> String {
        let route = cx.route.as_deref();
        let parts = key::Parts {
            api: route.map_or("", |route| &route.api),
            conditions: route.map_or("", |route| &route.conditions),
            named: cx.target.as_ref().unwrap_or(&request.target),
            target: &request.target,
            query: self.query.as_deref(),
            fields: &self.fields,
            headers: &request.headers,
            identity: cx.caller().filter(|_| own),
        };
        parts.key()
    }

    async fn get(&self, cx: &Exchange<'_>, key: &str) -> Result<Option<Response>, GatewayError> {
        let found = cx.ports.edge_cache.get(key).await;
        found.map_err(|error| GatewayError::PolicyUnavailable { policy: self.id.clone(), log: error.to_string() })
    }

    async fn look_up(&self, cx: &Exchange<'_>, key: &str, headers: &HeaderMap) -> Result<Found, GatewayError> {
        let missed = |marker, forward| Ok(Found { stored: None, marker, forward });
        let Some(mut response) = self.get(cx, key).await? else { return missed(None, Forward::UriMiss) };
        let marker = Marker::open(&response);
        if let Some(marker) = &marker {
            match self.get(cx, &key::variant(key, marker, headers)).await? {
                Some(variant) => response = variant,
                None => return missed(Some(marker.clone()), Forward::VaryMiss),
            }
        }
        match stored::open(&mut response) {
            Some(times) => Ok(Found { stored: Some((times, response)), marker, forward: Forward::Stale }),
            None => missed(marker, Forward::UriMiss),
        }
    }

    /// A stored response as the answer to this request.
    fn answer(&self, cx: &mut Exchange<'_>, request: &Request, mut response: Response, age_s: u64, ttl_s: u64) -> Flow {
        cx.record.cache = Some("hit");
        response.headers.insert(header::AGE, HeaderValue::from(age_s));
        append_status(&mut response, &status::hit(&cx.settings.name, ttl_s));
        if Validators::of(&request.headers).hold(response.status, &response.headers) {
            conditional::not_modified(&mut response);
        }
        if request.method == Method::HEAD {
            response.body = Body::Empty;
        }
        Flow::Respond(response)
    }

    /// Sends the request past the cache.
    fn pass(cx: &mut Exchange<'_>, forward: Forward) -> Flow {
        cx.record.cache = Some(forward.word());
        cx.cache = Some(Pending::Passed(forward));
        Flow::Next
    }
}

#[async_trait(?Send)]
impl Policy for Cache {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        if !request.method.is_safe() {
            let mut keys = vec![self.key(cx, request, false)];
            if self.is_own(cx) {
                keys.push(self.key(cx, request, true));
            }
            cx.record.cache = Some(Forward::Method.word());
            cx.cache = Some(Pending::Changing(keys));
            return Ok(Flow::Next);
        }
        let directives = Directives::of(&request.headers);
        let unfit = unfit(request).or(directives.no_store.then_some(Forward::Request));
        if let Some(forward) = unfit {
            return if directives.only_if_cached { Err(GatewayError::NotCached) } else { Ok(Self::pass(cx, forward)) };
        }
        let own = self.is_own(cx);
        let key = self.key(cx, request, own);
        let found = self.look_up(cx, &key, &request.headers).await?;
        let mut forward = found.forward;
        if let Some((times, response)) = found.stored {
            let age_s = times.age_s(cx.ports.clock.now_ms());
            match freshness::usable(&directives, age_s, times.span.lifetime_s) {
                Ok(ttl_s) => return Ok(self.answer(cx, request, response, age_s, ttl_s)),
                Err(refused) => forward = refused,
            }
        }
        if directives.only_if_cached {
            return Err(GatewayError::NotCached);
        }
        let headers = request.headers.clone();
        let whole = request.method == Method::GET;
        let validators = if whole { Validators::take(&mut request.headers) } else { Validators::default() };
        let unkeyed = |name: &HeaderName| cx.caller().is_none() && headers.contains_key(name) && !self.fields.contains(name);
        let unkeyed_credentials = CREDENTIALS.into_iter().filter(unkeyed).collect();
        let asked_ms = cx.ports.clock.now_ms();
        cx.record.cache = Some(forward.word());
        let asked = Asked { key, headers, validators, marker: found.marker, forward, whole, own, unkeyed_credentials, asked_ms };
        cx.cache = Some(Pending::Asked(Box::new(asked)));
        Ok(Flow::Next)
    }

    async fn on_response(&self, cx: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
        match cx.cache.take() {
            None => {}
            Some(Pending::Passed(forward)) => append_status(response, &status::forwarded(&cx.settings.name, forward, Err(None))),
            Some(Pending::Changing(keys)) => {
                self.forget(cx, &keys, response).await;
                append_status(response, &status::forwarded(&cx.settings.name, Forward::Method, Err(None)));
            }
            Some(Pending::Asked(asked)) => self.keep(cx, &asked, response),
        }
        Ok(())
    }
}

/// Why a GET or HEAD goes past the cache whatever is stored: parts of a response, conditions on the origin's own state (RFC 9111
/// section 4.3.2), other methods, bodies and upgrades.
fn unfit(request: &Request) -> Option<Forward> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Some(Forward::Method);
    }
    let beyond = [header::RANGE, header::IF_RANGE, header::IF_MATCH, header::IF_UNMODIFIED_SINCE, header::UPGRADE];
    let passes = beyond.iter().any(|name| request.headers.contains_key(name)) || request.content_length() != Some(0);
    passes.then_some(Forward::Bypass)
}

fn append_status(response: &mut Response, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers.append(HeaderName::from_static("cache-status"), value);
    }
}

#[cfg(test)]
mod tests;
