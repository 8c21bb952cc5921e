//! Lets each subject make so many requests in a time and refuses the others (429, RFC 6585 section 4).
//!
//! Counting is exact: one limiter object per policy and subject takes from every window or from none. A refusal is remembered
//! in the isolate until it ends. A busy subject of a large limit is served from units that the isolate has taken ahead
//! ([`leases`]). Object names are digests, so that no name or address of a client stands in them.

use std::cell::RefCell;

use sha2::{Digest, Sha256};

use super::prelude::*;
use crate::config::values::Rate;
use crate::limits::gcra::{TakeReply, TakeRequest, Window};
use crate::limits::headers::Standing;
use crate::limits::leases::{self, Leases};
use crate::limits::refusals::Refusals;
use crate::observe::trace;

mod key;

pub use key::{Key, Keys};

/// What the registry knows of it.
pub const FACTS: Facts = Facts {
    on_error: OnError::Allow,
    subrequests: 1,
    apart: true,
    shields: Some(Shields::Requests),
    everywhere: true,
    ..Facts::of("rate_limit")
};

/// Subjects of one policy that an isolate remembers as refused, and as many for which it holds units.
const REMEMBERED: usize = 2_000;

/// `{ rate_limit = { key = "identity", limits = ["20/s", "1000/h"] } }`
///
/// Every request that passes has taken its units from the limits. Where every limit is 2,000 or more in its window, an instance
/// of the gateway that serves many requests of one subject takes up to 64 units ahead, at most a thousandth of the smallest
/// quota, and spends them within a second; what it does not spend it gives back. Limits below that, those whose requests cost
/// more than 1 and those with `count_rejected` are counted one by one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whose requests are counted together: one key, or a list of keys that together name the subject.
    key: Keys,
    /// The windows; a request needs room in all of them.
    limits: Vec<Rate>,
    /// How many may come at once in the shortest window; as many as its quota by default. The longer windows always allow their
    /// quota at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    burst: Option<u64>,
    /// How many units one request costs; 1 by default.
    #[serde(default = "one")]
    cost: u64,
    /// Whether refused requests are charged too.
    #[serde(default)]
    count_rejected: bool,
    /// Whether responses carry `RateLimit-Policy` and `RateLimit`; they do by default.
    #[serde(default = "yes")]
    headers: bool,
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

/// Holds the windows and what this isolate remembers.
pub struct RateLimit {
    id: String,
    keys: Keys,
    windows: Vec<(String, Window)>,
    take: TakeRequest,
    announced: bool,
    leases: RefCell<Leases>,
    refusals: RefCell<Refusals>,
}

impl RateLimit {
    /// # Errors
    /// Where there is no window, one stands twice, or a request costs nothing or more than can ever be had at once.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        config.key.check()?;
        compiler.needs.identity |= config.key.0.contains(&Key::Identity);
        let Some(shortest) = config.limits.iter().map(|rate| rate.per).min() else {
            return Err(ConfigError::at("limits", "there is no limit; write at least one, such as [\"20/s\"]"));
        };
        let name = short_name(compiler.id);
        let mut windows: Vec<(String, Window)> = Vec::new();
        for (index, rate) in config.limits.iter().enumerate() {
            let field = format!("limits.{index}");
            if config.limits.iter().take(index).any(|earlier| earlier.per == rate.per) {
                return Err(ConfigError::at(field, format!("`{rate}` has the same window as a limit before it; keep the smaller one")));
            }
            let burst = if rate.per == shortest { config.burst.unwrap_or(rate.quota) } else { rate.quota };
            if burst == 0 {
                return Err(ConfigError::at("burst", "a burst of 0 allows nothing; the least is 1"));
            }
            if config.cost > burst {
                let message = format!("a request costs {} and could never pass `{rate}`, which allows {burst} at once", config.cost);
                return Err(ConfigError::at("cost", message));
            }
            let name = if config.limits.len() == 1 { name.to_owned() } else { format!("{name}-{rate}") };
            windows.push((name, Window { quota: rate.quota, window_ms: rate.per.ms(), burst }));
        }
        if config.cost == 0 {
            return Err(ConfigError::at("cost", "a request that costs 0 is never limited; the least is 1"));
        }
        let take = TakeRequest {
            windows: windows.iter().map(|(_, window)| *window).collect(),
            cost: config.cost,
            count_rejected: config.count_rejected,
            ..TakeRequest::default()
        };
        Ok(Self {
            id: compiler.id.to_owned(),
            keys: config.key,
            windows,
            leases: RefCell::new(Leases::new(REMEMBERED, leases::most(&take))),
            take,
            announced: config.headers,
            refusals: RefCell::new(Refusals::new(REMEMBERED)),
        })
    }

    /// The digest that names the limiter object.
    fn subject(&self, cx: &Exchange<'_>, request: &Request) -> [u8; 32] {
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            // The length keeps two lists of parts from reading the same.
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        part(self.id.as_bytes());
        for key in &self.keys.0 {
            key.feed(cx, request, &mut part);
        }
        digest.finalize().into()
    }

    /// Says how the limit stands: to the record, and to the client with every response.
    fn report(&self, cx: &mut Exchange<'_>, reply: &TakeReply, elapsed_ms: u64, verdict: &'static str) -> Result<Flow, GatewayError> {
        let standing = Standing::of(&self.windows, reply, elapsed_ms, self.announced);
        cx.record.limit = Some(verdict);
        for (name, value) in standing.limit_headers() {
            if let Ok(value) = HeaderValue::try_from(value) {
                cx.reply_headers.push((name, value));
            }
        }
        if reply.allowed() { Ok(Flow::Next) } else { Err(GatewayError::RateLimited { standing: Box::new(standing) }) }
    }
}

#[async_trait(?Send)]
impl Policy for RateLimit {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let subject = self.subject(cx, request);
        let asked_ms = cx.ports.clock.now_ms();
        let leased = self.leases.borrow_mut().spend(&subject, asked_ms);
        if let Some((reply, elapsed_ms)) = leased {
            return self.report(cx, &reply, elapsed_ms, "allowed-leased");
        }
        let remembered = self.refusals.borrow_mut().of(&subject, asked_ms);
        if let Some((reply, elapsed_ms)) = remembered {
            return self.report(cx, &reply, elapsed_ms, "refused-remembered");
        }
        let ask = self.leases.borrow_mut().ask(&subject, asked_ms);
        let take = TakeRequest { ahead: ask.ahead, back: ask.back.clone(), ..self.take.clone() };
        let reply = match cx.ports.limiter.take(&trace::hex(&subject), &take).await {
            Ok(reply) if reply.windows.len() == self.windows.len() => reply,
            Ok(_) => return Err(self.outage("the limiter answered for other windows")),
            Err(error) => return Err(self.outage(error)),
        };
        let now_ms = cx.ports.clock.now_ms();
        if reply.allowed() {
            let reply = self.leases.borrow_mut().granted(&subject, now_ms, &ask, reply);
            return self.report(cx, &reply, 0, "allowed");
        }
        // What other requests have left of a lease is worth a unit to this one.
        let leased = {
            let mut leases = self.leases.borrow_mut();
            leases.refused(&subject);
            leases.spend(&subject, now_ms)
        };
        // A refusal that is charged has to reach the object every time.
        if !self.take.count_rejected {
            self.refusals.borrow_mut().remember(&subject, now_ms, &reply);
        }
        match leased {
            Some((reply, elapsed_ms)) => self.report(cx, &reply, elapsed_ms, "allowed-leased"),
            None => self.report(cx, &reply, 0, "refused"),
        }
    }
}

impl RateLimit {
    fn outage(&self, log: impl ToString) -> GatewayError {
        GatewayError::PolicyUnavailable { policy: self.id.clone(), log: log.to_string() }
    }
}

/// The policy's name as clients see it: without its API, or its kind where it stands in a route.
fn short_name(id: &str) -> &str {
    match id.rsplit_once('#') {
        Some((_, kind)) => kind,
        None => id.rsplit_once('.').map_or(id, |(_, name)| name),
    }
}

#[cfg(test)]
mod tests;
