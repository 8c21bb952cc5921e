//! One or several HTTP servers behind a route.
//!
//! The body is handed on as it came, in both directions; redirects and refusals of the origin are passed on as they are.

use std::cell::Cell;
use std::rc::Rc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Compiler, ConfigError, Exchange, GatewayError, Origin, Request, Response, balance};
use crate::config::runtime::FIRST_BYTE;
use crate::config::values::Duration;
use crate::http::{OriginRequest, forwarded, header, path_template};
use crate::ports::FetchError;

/// `targets = [{ url = "https://a.example" }]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The servers; at least one.
    pub targets: Vec<TargetConfig>,
    /// How one of several targets is picked.
    #[serde(default)]
    pub balance: Balance,
    /// How long the first byte of the response may take, connecting included; then 504. 30 s where absent.
    #[serde(default = "first_byte")]
    pub timeout: Duration,
    /// How long the whole exchange may take, the response's body included. No limit where absent, since streams may be long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_timeout: Option<Duration>,
    /// Only `false` can be had: the edge's runtime always sends the target's own host. The client's is in `X-Forwarded-Host`.
    #[serde(default)]
    pub preserve_host: bool,
}

/// One server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TargetConfig {
    /// `http://` or `https://`, host, port and base path; the request's path is put behind it. `${NAME}` is a variable.
    pub url: String,
    /// Its share of the requests against the other targets'; 0 rests it.
    #[serde(default = "one")]
    pub weight: u32,
}

/// How one of several targets is picked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// One after the other, in proportion to their weights.
    #[default]
    RoundRobin,
}

fn first_byte() -> Duration {
    FIRST_BYTE
}

fn one() -> u32 {
    1
}

/// A server, checked.
#[derive(Debug, PartialEq, Eq)]
struct Server {
    /// Scheme, authority and base path, without a slash at the end.
    base: String,
    authority: Rc<str>,
}

/// The servers and how they are called.
pub struct HttpOrigin {
    servers: Vec<Server>,
    weights: Vec<u32>,
    /// The state of [`balance::step`]; this isolate's own.
    credits: Cell<Vec<i64>>,
    first_byte_ms: u64,
    total_ms: u64,
}

impl HttpOrigin {
    /// # Errors
    /// Where there is no target, a URL is not one that requests can be sent to, or every weight is zero.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let Balance::RoundRobin = config.balance;
        if config.preserve_host {
            let message = "the edge's runtime always sends the target's own host; the client's is in `X-Forwarded-Host`";
            return Err(ConfigError::at("preserve_host", message));
        }
        let weights: Vec<u32> = config.targets.iter().map(|target| target.weight).collect();
        if weights.iter().all(|weight| *weight == 0) {
            return Err(ConfigError::at("targets", "at least one target with a weight above 0 is needed"));
        }
        let mut servers = Vec::with_capacity(config.targets.len());
        for (index, target) in config.targets.iter().enumerate() {
            let field = format!("targets.{index}.url");
            let url = compiler.text(&field, &target.url)?;
            servers.push(Server::parse(&url).map_err(|message| ConfigError::at(field, message))?);
        }
        let total_ms = config.total_timeout.map_or(0, Duration::ms);
        let credits = Cell::new(vec![0; weights.len()]);
        Ok(Self { servers, weights, credits, first_byte_ms: config.timeout.ms(), total_ms })
    }

    fn pick(&self) -> Option<&Server> {
        if let [only] = self.servers.as_slice() {
            return Some(only);
        }
        let mut credits = self.credits.take();
        let index = balance::step(&mut credits, &self.weights);
        self.credits.set(credits);
        self.servers.get(index?)
    }
}

impl Server {
    fn parse(url: &str) -> Result<Self, String> {
        let rest = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"))
            .ok_or_else(|| format!("`{url}` is no URL of an origin; it begins with `https://` or `http://`"))?;
        if let Some(c) = rest.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')) {
            return Err(format!("`{}` cannot stand in a URL", c.escape_default()));
        }
        if rest.contains(['?', '#']) {
            return Err("an origin's URL has no query and no fragment".to_owned());
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("an origin's URL has no user name or password; send a header field with the `headers` policy".to_owned());
        }
        let after_brackets = authority.rsplit(']').next().unwrap_or(authority);
        let (host, port) = match after_brackets.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (after_brackets, None),
        };
        if host.is_empty() && !authority.starts_with('[') {
            return Err(format!("`{url}` names no host"));
        }
        if port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|number| number > 0)) {
            return Err(format!("`{url}` has no port between 1 and 65535"));
        }
        let path = path.trim_end_matches('/');
        if path.split('/').any(|segment| matches!(segment, "." | "..")) || path.contains("//") {
            return Err("an origin's base path has no `.`, `..` or empty segments".to_owned());
        }
        let scheme = url.get(..url.len() - rest.len()).unwrap_or_default();
        let authority = authority.to_ascii_lowercase();
        Ok(Self { base: format!("{scheme}{authority}{path}"), authority: authority.into() })
    }

    fn url(&self, path: &str, query: Option<&str>) -> String {
        let mut url = String::with_capacity(self.base.len() + path.len() + query.map_or(0, |query| query.len() + 1));
        url.push_str(&self.base);
        url.push_str(path);
        if let Some(query) = query {
            url.push('?');
            url.push_str(query);
        }
        url
    }
}

#[async_trait(?Send)]
impl Origin for HttpOrigin {
    async fn call(&self, cx: &mut Exchange<'_>, mut request: Request) -> Result<Response, GatewayError> {
        let server = self.pick().ok_or_else(|| GatewayError::Internal { log: "no target was picked".to_owned() })?;
        if let Some(max) = cx.body_max {
            request.body.cap(max).map_err(|_| GatewayError::BodyTooLarge { max })?;
        }
        let rewritten = match cx.route.as_ref().and_then(|route| route.rewrite.as_ref()) {
            Some(template) => Some(path_template::render(cx, template, &request)?),
            None => None,
        };
        let url = server.url(rewritten.as_deref().unwrap_or(&request.target.path), request.target.query.as_deref());
        forwarded::announce(cx, &mut request);
        request.headers.remove(header::HOST);
        let Request { method, headers, body, .. } = request;
        cx.record.target = Some(server.authority.clone());
        cx.record.attempts += 1;
        let asked_ms = cx.ports.clock.now_ms();
        let call = OriginRequest { method, url, headers, body, first_byte_ms: self.first_byte_ms, total_ms: self.total_ms };
        let answer = cx.ports.fetch.fetch(call).await;
        cx.record.origin_ms = Some(cx.ports.clock.now_ms().saturating_sub(asked_ms));
        let mut response = answer.map_err(|error| match error {
            FetchError::Timeout => {
                GatewayError::OriginTimeout { log: format!("{}: no answer within {} ms", server.authority, self.first_byte_ms) }
            }
            FetchError::BodyTooLarge => GatewayError::BodyTooLarge { max: cx.body_max.unwrap_or_default() },
            FetchError::BodyTooSlow => GatewayError::BodyTooSlow,
            FetchError::Unreachable(log) => GatewayError::OriginUnreachable { log: format!("{}: {log}", server.authority) },
        })?;
        forwarded::admit_response(response.status, &mut response.headers);
        forwarded::append_via(&mut response.headers, None, &cx.settings.name);
        Ok(response)
    }
}

#[cfg(test)]
mod tests;
