//! Where a policy's keys come from: they stand in the configuration, or an issuer publishes them.
//!
//! Each request that has to wait for an issuer makes its own fetch: futures are not shared between requests. What one isolate
//! fetched lies in the data centre's cache for the others.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::auth::algorithm::Algorithm;
use crate::auth::jwk;
use crate::auth::keys::KeySet;
use crate::auth::refresh::{Action, Event, Periods, Refresh};
use crate::http::{Body, HeaderMap, HeaderValue, Method, OriginRequest, Response, StatusCode, header};
use crate::observe::trace;
use crate::ports::Ports;
use crate::ports::ask::ask_for;

/// How long an issuer may take, in milliseconds.
const DEADLINE_MS: u64 = 5_000;
/// The longest key set, in bytes.
const MAX_BODY: u64 = 512_000;
/// When a cached key set was given out by the issuer, in milliseconds since the epoch.
const FETCHED: &str = "archway-fetched-ms";

/// What an issuer publishes, at one moment: its keys unless something else is said.
#[derive(Debug)]
pub struct Known<T = KeySet> {
    /// The keys.
    pub set: Rc<T>,
    /// Another number for other keys.
    pub generation: u64,
    /// Whether the issuer was asked for them on behalf of this request.
    pub asked_now: bool,
    /// Why the newest attempt to renew them failed, if it did.
    pub failure: Option<String>,
}

/// Where a policy's keys come from.
pub enum KeySource {
    /// They stand in the configuration.
    Fixed(Rc<KeySet>),
    /// An issuer publishes them.
    Published(Rc<Published>),
}

impl KeySource {
    /// The keys to use now.
    ///
    /// # Errors
    /// Where none are known and none can be had; the text is for the log.
    pub async fn current(&self, ports: &Ports) -> Result<Known, String> {
        match self {
            Self::Fixed(set) => Ok(Known { set: set.clone(), generation: 0, asked_now: false, failure: None }),
            Self::Published(published) => published.current(ports).await,
        }
    }

    /// Keys that may be newer than `known`, where a token's key is not among those; `None` where there is no use in asking.
    pub async fn newer(&self, known: &Known, ports: &Ports) -> Option<Known> {
        match self {
            Self::Published(published) if !known.asked_now => published.newer(known, ports).await,
            _ => None,
        }
    }
}

/// Reads what came from an issuer; the text says what is wrong with it, for the log.
type Read<T> = Box<dyn Fn(&[u8]) -> Result<T, String>>;

/// A document behind a URL, as this isolate knows it: a key set unless something else is said.
pub struct Published<T = KeySet> {
    url: String,
    cache_key: String,
    periods: Periods,
    read: Read<T>,
    state: RefCell<State<T>>,
}

struct State<T> {
    refresh: Refresh,
    set: Option<Rc<T>>,
    digest: [u8; 32],
    generation: u64,
    failure: String,
}

impl Published {
    /// The key set at `url`, of which nothing is known yet; keys are narrowed to `algorithms` where there are some.
    pub fn new(url: String, periods: Periods, algorithms: Option<Vec<Algorithm>>) -> Self {
        Self::of(url, periods, move |body| {
            let set = jwk::parse_set(body)?;
            let Some(algorithms) = &algorithms else { return Ok(set) };
            let set = set.narrowed(algorithms);
            match set.keys.is_empty() {
                true => Err("the key set has no key for the algorithms that the policy names".to_owned()),
                false => Ok(set),
            }
        })
    }
}

impl<T: 'static> Published<T> {
    /// The document at `url`, of which nothing is known yet.
    pub fn of(url: String, periods: Periods, read: impl Fn(&[u8]) -> Result<T, String> + 'static) -> Self {
        let digest: [u8; 32] = Sha256::digest(url.as_bytes()).into();
        let cache_key = format!("https://jwks.archway.internal/{}", trace::hex(&digest));
        let state = State { refresh: Refresh::default(), set: None, digest, generation: 0, failure: String::new() };
        Self { url, cache_key, periods, read: Box::new(read), state: RefCell::new(state) }
    }

    /// The document to use now.
    ///
    /// # Errors
    /// Where none is known and none can be had; the text is for the log.
    pub async fn current(self: &Rc<Self>, ports: &Ports) -> Result<Known<T>, String> {
        let now_ms = ports.clock.now_ms();
        let newer_than_ms = now_ms.saturating_sub(self.periods.refresh_ms);
        let mut asked_now = false;
        match self.step(now_ms, Event::Needed) {
            Action::Use | Action::Unavailable => {}
            Action::UseAndRenew => {
                let (published, owned) = (self.clone(), ports.clone());
                ports.background.spawn(Box::pin(async move {
                    published.load(newer_than_ms, &owned).await;
                }));
            }
            Action::Fetch => asked_now = self.load(newer_than_ms, ports).await,
        }
        self.known(asked_now)
    }

    /// A document that may be newer than `known`; `None` where there is no use in asking.
    pub async fn newer(self: &Rc<Self>, known: &Known<T>, ports: &Ports) -> Option<Known<T>> {
        let now_ms = ports.clock.now_ms();
        if self.step(now_ms, Event::KeyUnknown) != Action::Fetch {
            return None;
        }
        let held_ms = self.state.borrow().refresh.fetched_ms().unwrap_or_default();
        let newer_than_ms = held_ms.max(now_ms.saturating_sub(self.periods.cooldown_ms));
        self.load(newer_than_ms, ports).await;
        self.known(true).ok().filter(|newer| newer.generation != known.generation)
    }

    fn known(&self, asked_now: bool) -> Result<Known<T>, String> {
        let state = self.state.borrow();
        let failure = state.refresh.failing().then(|| state.failure.clone());
        match &state.set {
            Some(set) => Ok(Known { set: set.clone(), generation: state.generation, asked_now, failure }),
            None => Err(failure.unwrap_or_else(|| format!("what {} publishes is not known", self.url))),
        }
    }

    /// Brings the newest set in, from the data centre's cache where that has one newer than `newer_than_ms`. `true` where the
    /// issuer itself was asked.
    async fn load(&self, newer_than_ms: u64, ports: &Ports) -> bool {
        if let Some((fetched_ms, body)) = self.cached(ports).await
            && fetched_ms > newer_than_ms
            && self.came(fetched_ms, &body, ports.clock.now_ms()).is_ok()
        {
            return false;
        }
        let fetched = self.ask_issuer(ports).await;
        let now_ms = ports.clock.now_ms();
        match fetched.and_then(|body| self.came(now_ms, &body, now_ms).map(|()| body)) {
            Ok(body) => self.keep_cached(now_ms, body, ports),
            Err(failure) => {
                self.step(now_ms, Event::Failed);
                self.state.borrow_mut().failure = failure;
            }
        }
        true
    }

    /// Takes a set into use that the issuer gave out at `fetched_ms`.
    fn came(&self, fetched_ms: u64, body: &[u8], now_ms: u64) -> Result<(), String> {
        let set = (self.read)(body)?;
        let digest: [u8; 32] = Sha256::digest(body).into();
        let mut state = self.state.borrow_mut();
        let older = state.refresh.fetched_ms().is_some_and(|held_ms| fetched_ms < held_ms);
        if !older && (state.set.is_none() || state.digest != digest) {
            state.set = Some(Rc::new(set));
            state.digest = digest;
            state.generation += 1;
        }
        state.refresh = state.refresh.step(&self.periods, now_ms, Event::Came(fetched_ms)).0;
        Ok(())
    }

    async fn ask_issuer(&self, ports: &Ports) -> Result<Bytes, String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/jwk-set+json, application/json"));
        let request = OriginRequest {
            method: Method::GET,
            url: self.url.clone(),
            headers,
            body: Body::Empty,
            first_byte_ms: DEADLINE_MS,
            total_ms: DEADLINE_MS,
        };
        ask_for(&*ports.fetch, request, MAX_BODY).await
    }

    async fn cached(&self, ports: &Ports) -> Option<(u64, Bytes)> {
        let mut response = ports.edge_cache.get(&self.cache_key).await.ok()??;
        let fetched_ms = response.header(FETCHED)?.parse().ok()?;
        Some((fetched_ms, response.body.read(MAX_BODY).await.ok()?))
    }

    /// Stores after the reply; where that fails, the other isolates ask the issuer themselves.
    fn keep_cached(&self, now_ms: u64, body: Bytes, ports: &Ports) {
        let mut response = Response::full(StatusCode::OK, "application/jwk-set+json", body);
        let lifetime = format!("public, max-age={}", self.periods.refresh_ms / 1000);
        for (name, value) in [(header::CACHE_CONTROL.as_str(), lifetime), (FETCHED, now_ms.to_string())] {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers.insert(name, value);
            }
        }
        let (edge_cache, cache_key) = (ports.edge_cache.clone(), self.cache_key.clone());
        ports.background.spawn(Box::pin(async move {
            let _ = edge_cache.put(&cache_key, response).await;
        }));
    }

    fn step(&self, now_ms: u64, event: Event) -> Action {
        let mut state = self.state.borrow_mut();
        let (refresh, action) = state.refresh.step(&self.periods, now_ms, event);
        state.refresh = refresh;
        action
    }
}
