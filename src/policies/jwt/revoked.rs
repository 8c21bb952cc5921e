//! Whether a token was withdrawn, as far as this isolate's copy of the list knows.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::auth::identity::Identity;
use crate::auth::revocation::Ask;
use crate::auth::revocation::snapshot::{Action, Age, Event, Mark, Periods, Snapshot};
use crate::config::compiler::ConfigError;
use crate::config::values::Duration;
use crate::exchange::Exchange;
use crate::origins::revocations::check_name;
use crate::ports::Ports;

/// `{ list = "main" }`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RevocationsConfig {
    /// The list's name; an origin of the kind `revocations` adds to it.
    pub list: String,
    /// The age from which the isolate's copy of the list is renewed in the background; 1s to 10m.
    #[serde(default = "default_refresh")]
    pub refresh: Duration,
    /// The age from which the copy is not used any more: a token that was withdrawn passes for as long at most. Where the list cannot be
    /// had by then, `on_error` decides. At least `refresh`, at most 1h.
    #[serde(default = "default_stale")]
    pub stale: Duration,
}

fn default_refresh() -> Duration {
    Duration::from_ms(5_000)
}

fn default_stale() -> Duration {
    Duration::from_ms(30_000)
}

/// A list as this isolate knows it.
pub struct Revoked(Rc<Copy>);

struct Copy {
    list: String,
    periods: Periods,
    age: Cell<Age>,
    snapshot: RefCell<Snapshot>,
    failure: RefCell<String>,
}

impl Revoked {
    /// # Errors
    /// Where the name or the periods cannot work.
    pub fn compile(config: &RevocationsConfig) -> Result<Self, ConfigError> {
        check_name("revocations.list", &config.list)?;
        let wrong = |name: &str, value: Duration, range: &str| {
            Err(ConfigError::at(format!("revocations.{name}"), format!("{value} is out of range; write from {range}")))
        };
        let (refresh_ms, stale_ms) = (config.refresh.ms(), config.stale.ms());
        if !(1_000..=600_000).contains(&refresh_ms) {
            return wrong("refresh", config.refresh, "1s to 10m");
        }
        if !(refresh_ms..=3_600_000).contains(&stale_ms) {
            return wrong("stale", config.stale, "`refresh` to 1h");
        }
        Ok(Self(Rc::new(Copy {
            list: config.list.clone(),
            periods: Periods { refresh_ms, stale_ms },
            age: Cell::default(),
            snapshot: RefCell::default(),
            failure: RefCell::default(),
        })))
    }

    /// Whether the token that established this identity was withdrawn.
    ///
    /// # Errors
    /// Where the copy is too old and the list cannot be had; the text is for the log.
    pub async fn withdraws(&self, cx: &Exchange<'_>, identity: &Identity) -> Result<bool, String> {
        let usable = match self.0.step(cx.ports.clock.now_ms(), Event::Needed) {
            Action::Use => true,
            Action::Unavailable => false,
            Action::UseAndRenew => {
                let (copy, owned) = (self.0.clone(), cx.ports.clone());
                cx.ports.background.spawn(Box::pin(async move {
                    copy.renew(&owned).await;
                }));
                true
            }
            Action::Ask => self.0.renew(cx.ports).await,
        };
        if !usable {
            return Err(format!("the list `{}` cannot be had: {}", self.0.list, self.0.failure.borrow()));
        }
        let mark = Mark::of(identity.issuer.as_deref(), &identity.subject, &identity.claims);
        Ok(self.0.snapshot.borrow().withdraws(&mark, cx.ports.clock.now_ms()))
    }
}

impl Copy {
    /// Asks what is new; whether there is a copy that can be used then.
    async fn renew(&self, ports: &Ports) -> bool {
        let asked_ms = ports.clock.now_ms();
        let known = self.snapshot.borrow().version();
        let told = ports.revocations.ask(&self.list, &Ask::Since(known)).await;
        let now_ms = ports.clock.now_ms();
        let event = match told {
            // Another request may have brought the copy further meanwhile.
            Ok(told) if self.snapshot.borrow().version() == known => {
                self.snapshot.borrow_mut().learn(&told, now_ms);
                Event::Came(asked_ms)
            }
            Ok(_) => Event::Needed,
            Err(error) => {
                *self.failure.borrow_mut() = error.detail;
                Event::Failed
            }
        };
        matches!(self.step(now_ms, event), Action::Use | Action::UseAndRenew)
    }

    fn step(&self, now_ms: u64, event: Event) -> Action {
        let (age, action) = self.age.get().step(&self.periods, now_ms, event);
        self.age.set(age);
        action
    }
}
