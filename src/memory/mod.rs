//! Every port in memory, with switches that break it; for tests, on the native target alone.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use crate::ports::{Background, Clock, Entropy, Environment, LocalFuture, Log, PortError, Ports};

pub mod body;
pub mod consumers;
pub mod edge_cache;
pub mod fetch;
pub mod guesses;
pub mod limiter;
pub mod replay;
pub mod revocations;
pub mod scene;
pub mod sessions;
pub mod timer;

pub use body::ChunkedBody;
pub use consumers::{MemoryConsumers, NativePasswords};
pub use edge_cache::MemoryEdgeCache;
pub use fetch::{Act, Reply, ScriptedFetch, ScriptedOrigin, SeenCall};
pub use guesses::MemoryGuesses;
pub use limiter::MemoryLimiter;
pub use replay::MemoryReplay;
pub use revocations::MemoryRevocations;
pub use scene::Scene;
pub use sessions::MemorySessions;
pub use timer::MemoryTimer;

/// A clock that stands still until it is moved.
#[derive(Default)]
pub struct ManualClock(pub Cell<u64>);

impl ManualClock {
    /// Moves the clock on.
    pub fn advance(&self, ms: u64) {
        self.0.set(self.0.get() + ms);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        self.0.get()
    }
}

/// A counter in place of randomness: the same bytes in every run.
#[derive(Default)]
pub struct CountingEntropy(Cell<u64>);

impl Entropy for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0.set(self.0.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
            *byte = self.0.get().to_be_bytes()[0];
        }
    }
}

/// Variables and secrets from a map.
#[derive(Default)]
pub struct MapEnvironment(pub RefCell<BTreeMap<String, String>>);

impl Environment for MapEnvironment {
    fn get(&self, name: &str) -> Option<String> {
        self.0.borrow().get(name).cloned()
    }
}

/// Keeps work until a test runs it.
#[derive(Default)]
pub struct QueuedBackground(pub RefCell<VecDeque<LocalFuture>>);

impl QueuedBackground {
    /// Runs what is waiting to its end, and what it leaves behind in turn.
    pub async fn run(&self) {
        loop {
            let Some(work) = self.0.borrow_mut().pop_front() else { return };
            work.await;
        }
    }
}

impl Background for QueuedBackground {
    fn spawn(&self, work: LocalFuture) {
        self.0.borrow_mut().push_back(work);
    }
}

/// Keeps every line.
#[derive(Default)]
pub struct LineLog(pub RefCell<Vec<String>>);

impl Log for LineLog {
    fn line(&self, line: &str) {
        self.0.borrow_mut().push(line.to_owned());
    }
}

/// How the calls of a port go wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fault {
    /// They do not.
    #[default]
    None,
    /// Each fails and has done nothing.
    Before,
    /// Each does what it was asked and then says that it failed.
    After,
}

impl Fault {
    fn before(self, port: &'static str) -> Result<(), PortError> {
        if self == Self::Before { Err(PortError { port, detail: "it is down".to_owned() }) } else { Ok(()) }
    }

    fn after(self, port: &'static str) -> Result<(), PortError> {
        if self == Self::After { Err(PortError { port, detail: "the answer was lost".to_owned() }) } else { Ok(()) }
    }
}

/// All ports in memory, each by its own type, so that a test can look inside.
pub struct Outside {
    /// Stands at the given time until it is moved.
    pub clock: Rc<ManualClock>,
    /// Variables and secrets.
    pub environment: Rc<MapEnvironment>,
    /// Waits for [`QueuedBackground::run`].
    pub background: Rc<QueuedBackground>,
    /// The origins.
    pub fetch: Rc<ScriptedFetch>,
    /// The cache.
    pub edge_cache: Rc<MemoryEdgeCache>,
    /// The counters.
    pub limiter: Rc<MemoryLimiter>,
    /// The used proofs.
    pub replay: Rc<MemoryReplay>,
    /// Withdrawn tokens.
    pub revocations: Rc<MemoryRevocations>,
    /// The failed proofs.
    pub guesses: Rc<MemoryGuesses>,
    /// The sessions.
    pub sessions: Rc<MemorySessions>,
    /// Moves the clock.
    pub timer: Rc<MemoryTimer>,
    /// Who may call.
    pub consumers: Rc<MemoryConsumers>,
    /// Hashes of passwords.
    pub passwords: Rc<NativePasswords>,
    /// Every line written.
    pub log: Rc<LineLog>,
}

impl Outside {
    /// Everything empty, and the clock at `now_ms`.
    pub fn at(now_ms: u64) -> Self {
        let clock = Rc::new(ManualClock(Cell::new(now_ms)));
        Self {
            environment: Rc::default(),
            background: Rc::default(),
            fetch: Rc::new(ScriptedFetch::new(clock.clone())),
            edge_cache: Rc::new(MemoryEdgeCache::new(clock.clone())),
            limiter: Rc::new(MemoryLimiter::new(clock.clone())),
            replay: Rc::new(MemoryReplay::new(clock.clone())),
            revocations: Rc::new(MemoryRevocations::new(clock.clone())),
            guesses: Rc::new(MemoryGuesses::new(clock.clone())),
            sessions: Rc::new(MemorySessions::new(clock.clone())),
            timer: Rc::new(MemoryTimer::new(clock.clone())),
            consumers: Rc::default(),
            passwords: Rc::default(),
            log: Rc::default(),
            clock,
        }
    }

    /// The same ports as the core takes them.
    pub fn ports(&self) -> Ports {
        Ports {
            clock: self.clock.clone(),
            entropy: Rc::new(CountingEntropy::default()),
            environment: self.environment.clone(),
            background: self.background.clone(),
            fetch: self.fetch.clone(),
            edge_cache: self.edge_cache.clone(),
            limiter: self.limiter.clone(),
            replay: self.replay.clone(),
            revocations: self.revocations.clone(),
            guesses: self.guesses.clone(),
            sessions: self.sessions.clone(),
            timer: self.timer.clone(),
            consumers: self.consumers.clone(),
            passwords: self.passwords.clone(),
            log: self.log.clone(),
        }
    }
}
