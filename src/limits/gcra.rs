//! The token bucket as the Generic Cell Rate Algorithm: one theoretical arrival time per window, exact, without a timer.

use serde::{Deserialize, Serialize};

/// One window of a limit: `quota` requests in `window_ms`, up to `burst` of them at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// How many requests the window allows; at least 1.
    pub quota: u64,
    /// The window's length in milliseconds; at least 1.
    pub window_ms: u64,
    /// How many may come at once after a pause; at least 1.
    pub burst: u64,
}

/// What the gateway asks a limiter object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeRequest {
    /// All of them must have room, or none is charged.
    pub windows: Vec<Window>,
    /// How many units this request costs.
    pub cost: u64,
    /// Whether a refused request is charged all the same.
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
    /// Milliseconds until one more unit would be allowed; 0 where one is now.
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
}
