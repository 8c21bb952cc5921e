//! Units that an isolate takes ahead of need, so that a busy subject costs one hop for many requests.
//!
//! Leased units are charged in the object when they are leased, so nothing passes that the limit did not give: in any stretch of
//! `t` milliseconds at most `burst + t * quota / window_ms` requests pass, and beside them as many as there were leased units at
//! its beginning, none of which is older than [`LIVE_MS`].
//!
//! - The object never grants more ahead than a share of what remains ([`super::gcra`]). One isolate holds at most [`most`] units of a subject: 64, or a thousandth of the smallest quota. A limit below 2,000 is
//!   never leased and stays exact to the unit everywhere.
//! - Only a run of requests leases: passes of one subject, less than [`LIVE_MS`] apart. What is held is at most half of the run
//!   so far, and at most what the run spends in three quarters of [`LIVE_MS`]; a run ends with the first unit that is not spent
//!   in time. So a caller is never charged for more than half as much again as passed, and slow callers hold nothing.
//! - What was not spent in time goes back with the next hop, at what it is worth then.
//! - Only one request of a subject asks ahead at a time, when less than a quarter of what was held is left; the others spend what is
//!   left, or make a hop for themselves alone.

use std::collections::HashMap;
use std::mem;

use super::gcra::{TakeReply, TakeRequest, Unspent};

/// How long a leased unit may be spent, in milliseconds from the asking; also how far apart the requests of a run may be.
pub const LIVE_MS: u64 = 1_000;

/// Units of one subject that an isolate holds at most.
const MOST: u64 = 64;

/// One part in this many of the smallest quota is held at most.
const QUOTA_SHARE: u64 = 1_000;

/// One part in this many of a run is held at most.
const RUN_SHARE: u64 = 2;

/// How long a full holding should last, in milliseconds; less than [`LIVE_MS`], so that it is rarely too much.
const LAST_MS: u64 = 750;

/// The next asking is due when less than one part in this many of a full holding is left.
const REFILL_SHARE: u64 = 4;

/// Less than this is not worth holding.
const LEAST: u64 = 2;

/// How many units of a subject an isolate may hold under this limit; 0 where requests weigh more than one or refusals are charged.
pub fn most(limit: &TakeRequest) -> u64 {
    let smallest = limit.windows.iter().map(|window| window.quota).min().unwrap_or(0);
    let most = MOST.min(smallest / QUOTA_SHARE);
    if limit.count_rejected || limit.cost != 1 || most < LEAST { 0 } else { most }
}

/// What a hop asks for beside its own unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// When, in milliseconds since the epoch.
    pub asked_ms: u64,
    /// For [`TakeRequest::ahead`].
    pub ahead: u64,
    /// For [`TakeRequest::back`].
    pub back: Vec<Unspent>,
}

/// Units leased together.
#[derive(Debug, Clone)]
struct Lot {
    asked_ms: u64,
    taken_ms: u64,
    units: u64,
}

/// What is held for one subject.
#[derive(Debug, Clone, Default)]
struct Holding {
    /// Passes of this run so far.
    run: u64,
    began_ms: u64,
    passed_ms: u64,
    /// The oldest first.
    lots: Vec<Lot>,
    /// How much was held after the last asking.
    full: u64,
    asking_since_ms: Option<u64>,
    unspent: Vec<Unspent>,
    reply: TakeReply,
    replied_ms: u64,
}

impl Holding {
    fn left(&self) -> u64 {
        self.lots.iter().map(|lot| lot.units).sum()
    }

    /// Ends what has ended by now.
    fn settle(&mut self, now_ms: u64) {
        if !is_live(self.passed_ms, now_ms) {
            self.run = 0;
        }
        if !self.asking_since_ms.is_some_and(|since_ms| is_live(since_ms, now_ms)) {
            self.asking_since_ms = None;
        }
        let (run, unspent) = (&mut self.run, &mut self.unspent);
        self.lots.retain(|lot| {
            let live = is_live(lot.asked_ms, now_ms);
            if !live && lot.units > 0 {
                unspent.push(Unspent(lot.units, lot.taken_ms));
                *run = 0;
            }
            live && lot.units > 0
        });
    }

    /// How much of this run's need is worth holding.
    fn wanted(&self, now_ms: u64) -> u64 {
        let run_ms = now_ms.saturating_sub(self.began_ms).max(LIVE_MS);
        (self.run / RUN_SHARE).min(self.run.saturating_mul(LAST_MS) / run_ms)
    }

    fn pass(&mut self, now_ms: u64) {
        if self.run == 0 {
            self.began_ms = now_ms;
        }
        self.run = self.run.saturating_add(1);
        self.passed_ms = now_ms;
    }

    /// The last reply, with what is left here as if it had not been taken.
    fn told(&self) -> TakeReply {
        let mut reply = self.reply.clone();
        let left = self.left();
        for window in &mut reply.windows {
            window.remaining = window.remaining.saturating_add(left);
        }
        reply
    }
}

fn is_live(since_ms: u64, now_ms: u64) -> bool {
    (since_ms..since_ms.saturating_add(LIVE_MS)).contains(&now_ms)
}

/// Leases by subject, at most so many. A subject is the digest that names its object.
#[derive(Debug, Clone)]
pub struct Leases {
    capacity: usize,
    most: u64,
    by_subject: HashMap<[u8; 32], Holding>,
}

impl Leases {
    /// Holds at most `most` units for each of at most `capacity` subjects; nothing where `most` is 0.
    pub fn new(capacity: usize, most: u64) -> Self {
        Self { capacity, most, by_subject: HashMap::new() }
    }

    /// Spends a leased unit: how the limit stands, and how many milliseconds ago it was told. `None` where a hop is due.
    pub fn spend(&mut self, subject: &[u8; 32], now_ms: u64) -> Option<(TakeReply, u64)> {
        let holding = self.by_subject.get_mut(subject)?;
        holding.settle(now_ms);
        if holding.asking_since_ms.is_none() && holding.left().saturating_mul(REFILL_SHARE) < holding.full {
            return None;
        }
        let lot = holding.lots.first_mut()?;
        lot.units = lot.units.saturating_sub(1);
        holding.pass(now_ms);
        Some((holding.told(), now_ms.saturating_sub(holding.replied_ms)))
    }

    /// What the hop that is due now should ask for. What it gives back is forgotten here, whether the hop arrives or not.
    pub fn ask(&mut self, subject: &[u8; 32], now_ms: u64) -> Ask {
        let plain = Ask { asked_ms: now_ms, ..Ask::default() };
        let Some(holding) = self.by_subject.get_mut(subject) else { return plain };
        holding.settle(now_ms);
        let wanted = self.most.min(holding.wanted(now_ms));
        let ahead = if wanted < LEAST || holding.asking_since_ms.is_some() { 0 } else { wanted.saturating_sub(holding.left()) };
        if ahead > 0 {
            holding.asking_since_ms = Some(now_ms);
        }
        Ask { ahead, back: mem::take(&mut holding.unspent), ..plain }
    }

    /// Keeps what the object granted with a request that passed. Gives the reply as clients should be told of it.
    pub fn granted(&mut self, subject: &[u8; 32], now_ms: u64, ask: &Ask, reply: TakeReply) -> TakeReply {
        if self.most == 0 {
            return reply;
        }
        self.make_room(subject, now_ms);
        let holding = self.by_subject.entry(*subject).or_default();
        if reply.granted > 0 {
            holding.lots.push(Lot { asked_ms: ask.asked_ms, taken_ms: reply.taken_ms, units: reply.granted });
        }
        holding.settle(now_ms);
        if ask.ahead > 0 {
            holding.asking_since_ms = None;
            holding.full = holding.left();
        }
        holding.pass(now_ms);
        (holding.reply, holding.replied_ms) = (reply, now_ms);
        holding.told()
    }

    /// The object has no more: the run is over, and what is left is spent without asking again.
    pub fn refused(&mut self, subject: &[u8; 32]) {
        if let Some(holding) = self.by_subject.get_mut(subject) {
            (holding.run, holding.full, holding.asking_since_ms) = (0, 0, None);
        }
    }

    /// When full, subjects that have not passed lately go first; where most have, everything goes.
    fn make_room(&mut self, subject: &[u8; 32], now_ms: u64) {
        if self.by_subject.len() < self.capacity || self.by_subject.contains_key(subject) {
            return;
        }
        self.by_subject.retain(|_, holding| is_live(holding.passed_ms, now_ms));
        if self.by_subject.len() > self.capacity / 2 {
            self.by_subject.clear();
        }
    }
}

#[cfg(test)]
mod tests;
