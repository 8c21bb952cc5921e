//! The token bucket as the Generic Cell Rate Algorithm: one theoretical arrival time per window, exact, without a timer.
//!
//! Time is counted in units of a millisecond divided by the window's quota, so that one request is worth exactly `window_ms`
//! units and nothing is ever rounded, whatever quota and window. In any stretch of `t` milliseconds a window lets through at
//! most `burst + t * quota / window_ms` (rounded down) units of cost, and at one instant exactly `burst`.

use serde::{Deserialize, Serialize};

/// One window of a limit: `quota` requests in `window_ms`, up to `burst` of them at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// How many requests the window allows; at least 1.
    pub quota: u64,
    /// The window's length in milliseconds; at least 1.
    pub window_ms: u64,
    /// How many may come at once after a pause; at least 1.
    pub burst: u64,
}

impl Window {
    /// A moment in this window's units.
    fn instant(&self, ms: u64) -> u128 {
        u128::from(ms) * u128::from(self.quota.max(1))
    }

    /// What `cost` requests weigh in this window's units.
    fn weight(&self, cost: u64) -> u128 {
        u128::from(self.window_ms.max(1)) * u128::from(cost)
    }

    fn capacity(&self) -> u128 {
        self.weight(self.burst.max(1))
    }

    /// Milliseconds, rounded up, in which `units` drain away.
    fn drain_ms(&self, units: u128) -> u64 {
        u64::try_from(units.div_ceil(u128::from(self.quota.max(1)))).unwrap_or(u64::MAX)
    }

    fn reply(&self, debt: u128, cost: u64, allowed: bool) -> WindowReply {
        let capacity = self.capacity();
        let lacking = debt.saturating_add(self.weight(cost)).saturating_sub(capacity).min(debt);
        WindowReply {
            allowed,
            remaining: u64::try_from((capacity - debt) / self.weight(1)).unwrap_or(u64::MAX),
            reset_ms: self.drain_ms(debt),
            retry_after_ms: self.drain_ms(lacking),
        }
    }
}

/// What the gateway asks a limiter object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeRequest {
    /// All of them must have room, or none is charged.
    pub windows: Vec<Window>,
    /// How many units this request costs; at most every window's burst, or it never passes.
    pub cost: u64,
    /// Whether a refused request is charged all the same, as far as the windows have room.
    pub count_rejected: bool,
}

/// What one window answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowReply {
    /// Whether this window had room.
    pub allowed: bool,
    /// Units left after this request.
    pub remaining: u64,
    /// Milliseconds until the window is whole again.
    pub reset_ms: u64,
    /// Milliseconds until another request of this cost would be allowed; 0 where one is now.
    pub retry_after_ms: u64,
}

/// What a limiter object answers: one reply per window, in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeReply {
    /// In the order of the request's windows.
    pub windows: Vec<WindowReply>,
}

impl TakeReply {
    /// Whether every window had room.
    pub fn allowed(&self) -> bool {
        self.windows.iter().all(|w| w.allowed)
    }

    /// Milliseconds for which a request of the same cost would be refused; 0 where this one was allowed.
    pub fn refused_for_ms(&self) -> u64 {
        self.windows.iter().filter(|w| !w.allowed).map(|w| w.retry_after_ms).max().unwrap_or(0)
    }
}

/// The theoretical arrival time of one window, in the window's units: until then some of what was taken is not yet restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Arrival {
    window: Window,
    at: u128,
}

impl Arrival {
    /// What is not yet restored at `now_ms`. A clock that went backwards cannot make it more than the window's capacity.
    fn debt(&self, now_ms: u64) -> u128 {
        self.at.saturating_sub(self.window.instant(now_ms)).min(self.window.capacity())
    }

    /// The first millisecond at which the window is whole.
    fn whole_at_ms(&self) -> u64 {
        self.window.drain_ms(self.at)
    }
}

/// The state of one subject. Windows are told apart by their parameters, so that a changed limit begins afresh, and those no
/// longer asked for stay until they are whole.
///
/// Serialises to a list of `[quota, window_ms, burst, arrival]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<(u64, u64, u64, u128)>", from = "Vec<(u64, u64, u64, u128)>")]
pub struct Bucket {
    arrivals: Vec<Arrival>,
}

impl Bucket {
    /// Takes `request.cost` from every window, or from none where one has no room.
    pub fn step(&mut self, now_ms: u64, request: &TakeRequest) -> TakeReply {
        let debts: Vec<(Window, u128)> = request.windows.iter().map(|window| (*window, self.debt(window, now_ms))).collect();
        let fits = |window: &Window, debt: u128| debt.saturating_add(window.weight(request.cost)) <= window.capacity();
        let allowed = debts.iter().all(|(window, debt)| fits(window, *debt));
        let charged = allowed || request.count_rejected;

        self.arrivals.retain(|arrival| arrival.debt(now_ms) > 0);
        let windows = debts
            .into_iter()
            .map(|(window, debt)| {
                let allowed = fits(&window, debt);
                let debt = if charged { debt.saturating_add(window.weight(request.cost)).min(window.capacity()) } else { debt };
                self.set(window, now_ms, debt);
                window.reply(debt, request.cost, allowed)
            })
            .collect();
        TakeReply { windows }
    }

    /// When every window is whole again, in milliseconds since the epoch, and nothing is left to remember.
    pub fn whole_at_ms(&self) -> u64 {
        self.arrivals.iter().map(Arrival::whole_at_ms).max().unwrap_or(0)
    }

    fn debt(&self, window: &Window, now_ms: u64) -> u128 {
        self.arrivals.iter().find(|arrival| arrival.window == *window).map_or(0, |arrival| arrival.debt(now_ms))
    }

    fn set(&mut self, window: Window, now_ms: u64, debt: u128) {
        if debt == 0 {
            return;
        }
        let at = window.instant(now_ms).saturating_add(debt);
        match self.arrivals.iter_mut().find(|arrival| arrival.window == window) {
            Some(arrival) => arrival.at = at,
            None => self.arrivals.push(Arrival { window, at }),
        }
    }
}

impl From<Bucket> for Vec<(u64, u64, u64, u128)> {
    fn from(bucket: Bucket) -> Self {
        bucket.arrivals.iter().map(|a| (a.window.quota, a.window.window_ms, a.window.burst, a.at)).collect()
    }
}

impl From<Vec<(u64, u64, u64, u128)>> for Bucket {
    fn from(rows: Vec<(u64, u64, u64, u128)>) -> Self {
        let arrivals =
            rows.into_iter().map(|(quota, window_ms, burst, at)| Arrival { window: Window { quota, window_ms, burst }, at }).collect();
        Self { arrivals }
    }
}

#[cfg(test)]
mod tests;
