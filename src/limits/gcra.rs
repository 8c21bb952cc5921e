//! The token bucket as the Generic Cell Rate Algorithm: one theoretical arrival time per window, exact, without a timer.
//!
//! Time is counted in units of a millisecond divided by the window's quota, so that one request is worth exactly `window_ms`
//! units and nothing is ever rounded, whatever quota and window. In any stretch of `t` milliseconds a window lets through at
//! most `burst + t * quota / window_ms` (rounded down) units of cost, and at one instant exactly `burst`.
//!
//! Units may be taken ahead ([`TakeRequest::ahead`]) and given back unspent ([`TakeRequest::back`]). Ahead is only a share of
//! what remains. What comes back is worth what it weighed less the time since it was taken, as if time had restored nothing but
//! it: so the bucket never stands better than if those units had never been taken, and what was taken and kept obeys the bound
//! above.

use serde::{Deserialize, Serialize};

/// Of what remains after a request, at most one part in this many is given ahead of need.
const AHEAD_SHARE: u64 = 16;

/// One window of a limit: `quota` requests in `window_ms`, up to `burst` of them at once.
///
/// Serialises to `[quota, window_ms, burst]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "(u64, u64, u64)", from = "(u64, u64, u64)")]
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

    /// How many whole units there is room for beside `debt`.
    fn room(&self, debt: u128) -> u64 {
        u64::try_from(self.capacity().saturating_sub(debt) / self.weight(1)).unwrap_or(u64::MAX)
    }

    /// What units that come back still weigh: what time cannot have restored since they were taken. Nothing, where the clock
    /// went backwards.
    fn worth(&self, Unspent(units, taken_ms): Unspent, now_ms: u64) -> u128 {
        now_ms.checked_sub(taken_ms).map_or(0, |elapsed_ms| self.weight(units).saturating_sub(self.instant(elapsed_ms)))
    }

    fn reply(&self, debt: u128, cost: u64, allowed: bool) -> WindowReply {
        let capacity = self.capacity();
        let lacking = debt.saturating_add(self.weight(cost)).saturating_sub(capacity).min(debt);
        WindowReply { allowed, remaining: self.room(debt), reset_ms: self.drain_ms(debt), retry_after_ms: self.drain_ms(lacking) }
    }
}

impl From<Window> for (u64, u64, u64) {
    fn from(window: Window) -> Self {
        (window.quota, window.window_ms, window.burst)
    }
}

impl From<(u64, u64, u64)> for Window {
    fn from((quota, window_ms, burst): (u64, u64, u64)) -> Self {
        Self { quota, window_ms, burst }
    }
}

/// What the gateway asks a limiter object. Its names in JSON are short because both sides of every hop read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeRequest {
    /// All of them must have room, or none is charged.
    #[serde(rename = "w")]
    pub windows: Vec<Window>,
    /// How many units this request costs; at most every window's burst, or it never passes.
    #[serde(rename = "c")]
    pub cost: u64,
    /// Whether a refused request is charged all the same, as far as the windows have room.
    #[serde(rename = "r", default, skip_serializing_if = "std::ops::Not::not")]
    pub count_rejected: bool,
    /// How many units beyond `cost` the gateway would take ahead of need, where the request passes.
    #[serde(rename = "a", default, skip_serializing_if = "is_zero")]
    pub ahead: u64,
    /// Units once taken ahead that were not spent and never will be.
    #[serde(rename = "b", default, skip_serializing_if = "Vec::is_empty")]
    pub back: Vec<Unspent>,
}

/// So many units given back, and when they were taken by the object's own clock, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unspent(pub u64, pub u64);

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What one window answers.
///
/// Serialises to `[allowed, remaining, reset_ms, retry_after_ms]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "(bool, u64, u64, u64)", from = "(bool, u64, u64, u64)")]
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

impl From<WindowReply> for (bool, u64, u64, u64) {
    fn from(reply: WindowReply) -> Self {
        (reply.allowed, reply.remaining, reply.reset_ms, reply.retry_after_ms)
    }
}

impl From<(bool, u64, u64, u64)> for WindowReply {
    fn from((allowed, remaining, reset_ms, retry_after_ms): (bool, u64, u64, u64)) -> Self {
        Self { allowed, remaining, reset_ms, retry_after_ms }
    }
}

/// What a limiter object answers: one reply per window, in the same order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeReply {
    /// In the order of the request's windows.
    #[serde(rename = "w")]
    pub windows: Vec<WindowReply>,
    /// How many of the units asked for ahead were taken; they are charged already.
    #[serde(rename = "g", default, skip_serializing_if = "is_zero")]
    pub granted: u64,
    /// When they were taken by the object's clock, in milliseconds since the epoch; 0 where none was.
    #[serde(rename = "t", default, skip_serializing_if = "is_zero")]
    pub taken_ms: u64,
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
    /// Puts back what was not spent, then takes `request.cost` from every window, or from none where one has no room. Where the
    /// request passes, takes as much of `request.ahead` as is within the share of what remains in every window.
    pub fn step(&mut self, now_ms: u64, request: &TakeRequest) -> TakeReply {
        let debts: Vec<(Window, u128)> = request.windows.iter().map(|w| (*w, self.debt(w, now_ms, &request.back))).collect();
        let after = |window: &Window, debt: u128| debt.saturating_add(window.weight(request.cost));
        let fits = |window: &Window, debt: u128| after(window, debt) <= window.capacity();
        let allowed = debts.iter().all(|(window, debt)| fits(window, *debt));
        let charged = allowed || request.count_rejected;
        let spare = debts.iter().map(|(window, debt)| window.room(after(window, *debt))).min().unwrap_or(0);
        let granted = if allowed { request.ahead.min(spare / AHEAD_SHARE) } else { 0 };

        self.arrivals.retain(|arrival| arrival.debt(now_ms) > 0);
        let windows = debts
            .into_iter()
            .map(|(window, debt)| {
                let allowed = fits(&window, debt);
                let charge = window.weight(request.cost).saturating_add(window.weight(granted));
                let debt = if charged { debt.saturating_add(charge).min(window.capacity()) } else { debt };
                self.set(window, now_ms, debt);
                window.reply(debt, request.cost, allowed)
            })
            .collect();
        TakeReply { windows, granted, taken_ms: if granted > 0 { now_ms } else { 0 } }
    }

    /// When every window is whole again, in milliseconds since the epoch, and nothing is left to remember.
    pub fn whole_at_ms(&self) -> u64 {
        self.arrivals.iter().map(Arrival::whole_at_ms).max().unwrap_or(0)
    }

    fn debt(&self, window: &Window, now_ms: u64, back: &[Unspent]) -> u128 {
        let debt = self.arrivals.iter().find(|arrival| arrival.window == *window).map_or(0, |arrival| arrival.debt(now_ms));
        back.iter().fold(debt, |debt, unspent| debt.saturating_sub(window.worth(*unspent, now_ms)))
    }

    fn set(&mut self, window: Window, now_ms: u64, debt: u128) {
        if debt == 0 {
            self.arrivals.retain(|arrival| arrival.window != window);
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
