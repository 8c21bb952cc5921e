//! Guessing is stopped: failed proofs are counted by address and by account, and who has failed too often is held.
//!
//! An identity policy calls [`attempt`] when it has found a credential and before it looks whether it holds: then a held caller is
//! refused without the proof being made. What was attempted is counted by the policy's guard where the policy ends in a 401. A
//! request without a credential attempts nothing and is never counted.

use std::cell::RefCell;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use crate::config::values::Rate;
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::http::address;
use crate::limits::gcra::Window;
use crate::limits::guesses::{GuessRequest, Tallies};
use crate::observe::trace;

/// What an isolate remembers of failures, shared by all policies of a gateway.
#[derive(Clone, Default)]
pub struct SharedTallies(Rc<RefCell<Tallies>>);

/// How a policy's failures are counted.
#[derive(Clone)]
pub struct Guessing {
    window: Window,
    tallies: SharedTallies,
}

impl Guessing {
    /// So many failures in a time, beside those of the other policies.
    pub fn new(rate: Rate, tallies: &SharedTallies) -> Self {
        Self { window: Window { quota: rate.quota, window_ms: rate.per.ms(), burst: rate.quota }, tallies: tallies.clone() }
    }

    /// The hold of the first subject that is held, as far as this isolate knows.
    fn held(&self, subjects: &[Subject], now_ms: u64) -> Option<(u64, &'static str)> {
        let tallies = self.tallies.0.borrow();
        let holds = subjects.iter().map(|subject| (tallies.held_ms(&subject.digest, now_ms), subject.what));
        holds.filter(|(held_ms, _)| *held_ms > 0).max()
    }
}

/// Whose failures are counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Subject {
    digest: [u8; 32],
    /// For the log.
    what: &'static str,
}

impl Subject {
    fn of(what: &'static str, kind: &str, value: &str) -> Self {
        let mut digest = Sha256::new();
        for part in [what, kind, value] {
            // The length keeps two lists of parts from reading the same.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        Self { digest: digest.finalize().into(), what }
    }
}

/// What the policy at work has tried.
#[derive(Default)]
pub struct Attempts {
    guessing: Option<Guessing>,
    subjects: Vec<Subject>,
    made: bool,
    wrong: bool,
}

impl Attempts {
    /// Nothing tried yet; `None` where failures lead to nothing.
    pub fn under(guessing: Option<Guessing>) -> Self {
        Self { guessing, subjects: Vec::new(), made: false, wrong: false }
    }

    /// Another proof is about to be looked for; what was tried so far stays counted.
    pub fn begin(&mut self) {
        self.made = false;
    }

    /// Whether a proof was there and has been tried since [`Attempts::begin`].
    pub fn made(&self) -> bool {
        self.made
    }

    /// What was tried was no guess: the proof is right and something else is wrong, such as its time.
    pub fn excuse(&mut self) {
        self.subjects.clear();
    }

    /// How much was tried so far, for [`Attempts::excuse_since`].
    pub fn mark(&self) -> usize {
        self.subjects.len()
    }

    /// As [`Attempts::excuse`], of what was tried since the mark.
    pub fn excuse_since(&mut self, mark: usize) {
        self.subjects.truncate(mark);
    }

    /// What was tried was wrong, even where the caller is answered with something else than a refusal.
    pub fn be_wrong(&mut self) {
        self.wrong = true;
    }

    /// See [`Attempts::be_wrong`].
    pub fn is_wrong(&self) -> bool {
        self.wrong
    }

    /// Of a caller that is held for its account, the address counts all the same: else it could go on guessing what was right for
    /// others at this address.
    fn note_held(&mut self, guessing: &Guessing, subjects: Vec<Subject>, now_ms: u64) {
        let tallies = guessing.tallies.0.borrow();
        self.subjects = subjects.into_iter().filter(|subject| tallies.held_ms(&subject.digest, now_ms) == 0).collect();
    }

    /// Counts every attempt as failed. An object that is down is told in the record; the isolate counts all the same.
    pub async fn failed(self, cx: &mut Exchange<'_>, policy: &str) {
        let Some(guessing) = self.guessing else { return };
        let request = GuessRequest { window: guessing.window, failed: true };
        for subject in &self.subjects {
            guessing.tallies.0.borrow_mut().fail(&subject.digest, cx.ports.clock.now_ms(), guessing.window);
        }
        for subject in &self.subjects {
            match cx.ports.guesses.tell(&trace::hex(&subject.digest), &request).await {
                Ok(reply) => guessing.tallies.0.borrow_mut().learn(&subject.digest, cx.ports.clock.now_ms(), &reply),
                Err(error) => cx.record.note(format!("{policy}: a failed proof was not counted: {error}")),
            }
        }
    }
}

/// What a proof costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// So little that only what this isolate knows is asked first.
    Little,
    /// So much, or so easily guessed, that the objects of address and account are asked first.
    Much,
}

/// Says that a proof is about to be made: which `kind` of proof, and for which account, where the credential names one. A proof that
/// was right a moment ago, from the same [`network`], is made without an account: others cannot hold it by guessing, and whoever
/// shares the network cannot try it out.
///
/// # Errors
/// [`GatewayError::TooManyFailures`] where the address or the account is held; [`GatewayError::PolicyUnavailable`] where that cannot
/// be told of a proof of much cost.
pub async fn attempt(
    cx: &mut Exchange<'_>,
    policy: &str,
    kind: &'static str,
    account: Option<&str>,
    cost: Cost,
) -> Result<(), GatewayError> {
    cx.attempts.made = true;
    let Some(guessing) = cx.attempts.guessing.clone() else { return Ok(()) };
    let mut subjects = Vec::with_capacity(2);
    subjects.extend(cx.client.address.map(|address| Subject::of("address", "", &address::client_network(address))));
    subjects.extend(account.map(|account| Subject::of("account", kind, account)));
    if let Err(error) = refuse_held(&guessing, &subjects, policy, cx.ports.clock.now_ms()) {
        cx.attempts.note_held(&guessing, subjects, cx.ports.clock.now_ms());
        return Err(error);
    }
    if cost == Cost::Much {
        let request = GuessRequest { window: guessing.window, failed: false };
        for subject in &subjects {
            let reply = cx.ports.guesses.tell(&trace::hex(&subject.digest), &request).await;
            let reply = reply.map_err(|error| GatewayError::PolicyUnavailable { policy: policy.to_owned(), log: error.to_string() })?;
            if reply.held_ms > 0 {
                guessing.tallies.0.borrow_mut().learn(&subject.digest, cx.ports.clock.now_ms(), &reply);
            }
        }
        // Others may have failed meanwhile.
        if let Err(error) = refuse_held(&guessing, &subjects, policy, cx.ports.clock.now_ms()) {
            cx.attempts.note_held(&guessing, subjects, cx.ports.clock.now_ms());
            return Err(error);
        }
    }
    for subject in subjects {
        if !cx.attempts.subjects.contains(&subject) {
            cx.attempts.subjects.push(subject);
        }
    }
    Ok(())
}

/// The client's network, by which its failures are counted; empty where its address is not known.
pub fn network(cx: &Exchange<'_>) -> String {
    cx.client.address.map(address::client_network).unwrap_or_default()
}

fn refuse_held(guessing: &Guessing, subjects: &[Subject], policy: &str, now_ms: u64) -> Result<(), GatewayError> {
    match guessing.held(subjects, now_ms) {
        Some((retry_after_ms, what)) => {
            Err(GatewayError::TooManyFailures { retry_after_ms, log: format!("{policy}: too many proofs of this {what} have failed") })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
