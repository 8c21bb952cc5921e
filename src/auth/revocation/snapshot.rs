//! An isolate's copy of a list: digests instead of texts, looked up without asking anybody, renewed in the background.

use std::collections::HashMap;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{Entry, Told, Version};
use crate::auth::claims;

/// How long a question that failed is not repeated, in milliseconds.
pub const BACK_OFF_MS: u64 = 1_000;
/// When a question in the background that never came back is given up, in milliseconds.
pub const GIVEN_UP_MS: u64 = 10_000;

/// Enough of a SHA-256 that nobody finds a second text for it.
type Name = [u8; 16];

/// The copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    version: Version,
    /// When it may be forgotten, by token.
    tokens: HashMap<Name, u64>,
    /// Issued before when, and when that may be forgotten; by subject.
    subjects: HashMap<Name, (u64, u64)>,
    /// The same of all tokens, by issuer.
    all: HashMap<Name, (u64, u64)>,
}

/// What a token says that a list may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<'a> {
    issuer: &'a str,
    subject: &'a str,
    jti: Option<&'a str>,
    /// In milliseconds since the epoch.
    issued_ms: Option<u64>,
}

impl<'a> Mark<'a> {
    /// Of a token with these claims.
    pub fn of(issuer: Option<&'a str>, subject: &'a str, claims: &'a Map<String, Value>) -> Self {
        let issued_ms = claims::time_ms(claims, "iat").ok().flatten();
        Self { issuer: issuer.unwrap_or_default(), subject, jti: claims.get("jti").and_then(Value::as_str), issued_ms }
    }
}

impl Snapshot {
    /// How far it has come; to be told with the next question.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Takes over what the list has told, and forgets what is over. Any other answer than [`Told::Changes`] changes nothing.
    pub fn learn(&mut self, told: &Told, now_ms: u64) {
        let Told::Changes { version, whole, entries } = told else { return };
        if *whole {
            *self = Self::default();
        }
        for entry in entries {
            self.add(entry);
        }
        self.version = *version;
        let now_s = now_ms / 1000;
        self.tokens.retain(|_, until| *until > now_s);
        for times in [&mut self.subjects, &mut self.all] {
            times.retain(|_, (_, until)| *until > now_s);
        }
    }

    fn add(&mut self, entry: &Entry) {
        let issuer = entry.issuer.as_deref();
        let before = entry.before.unwrap_or(u64::MAX);
        match (&entry.jti, &entry.subject) {
            (Some(jti), _) => {
                let until = self.tokens.entry(name("jti", issuer, jti)).or_default();
                *until = entry.until.max(*until);
            }
            (None, Some(subject)) => widen(&mut self.subjects, name("subject", issuer, subject), before, entry.until),
            (None, None) => widen(&mut self.all, name("all", issuer, ""), before, entry.until),
        }
    }

    /// Whether a token is withdrawn.
    pub fn withdraws(&self, mark: &Mark<'_>, now_ms: u64) -> bool {
        let now_s = now_ms / 1000;
        // A list is about one issuer or about any.
        let issuers = [None, Some(mark.issuer)];
        let issued = |times: Option<&(u64, u64)>| {
            times.is_some_and(|(before, until)| {
                *until > now_s && mark.issued_ms.is_none_or(|issued_ms| issued_ms < before.saturating_mul(1000))
            })
        };
        let by_token = |jti: &str| {
            let mut names = issuers.iter().map(|issuer| name("jti", *issuer, jti));
            names.any(|name| self.tokens.get(&name).is_some_and(|until| *until > now_s))
        };
        (!self.tokens.is_empty() && mark.jti.is_some_and(by_token))
            || (!self.subjects.is_empty() && issuers.iter().any(|i| issued(self.subjects.get(&name("subject", *i, mark.subject)))))
            || (!self.all.is_empty() && issuers.iter().any(|i| issued(self.all.get(&name("all", *i, "")))))
    }
}

fn widen(times: &mut HashMap<Name, (u64, u64)>, name: Name, before: u64, until: u64) {
    let known = times.entry(name).or_default();
    *known = (known.0.max(before), known.1.max(until));
}

fn name(kind: &str, issuer: Option<&str>, text: &str) -> Name {
    let mut digest = Sha256::new();
    for part in [kind, if issuer.is_some() { "of" } else { "any" }, issuer.unwrap_or_default(), text] {
        // The length keeps two lists of parts from reading the same.
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let digest: [u8; 32] = digest.finalize().into();
    let mut name = Name::default();
    name.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    name
}

/// The periods of a copy, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// The age from which it is renewed in the background.
    pub refresh_ms: u64,
    /// The age from which it is not used any more.
    pub stale_ms: u64,
}

/// How old a copy is, and how its questions went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Age {
    came_ms: Option<u64>,
    asking_ms: Option<u64>,
    failed_ms: Option<u64>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A token is to be looked up.
    Needed,
    /// The list has answered a question that was asked at this time: the copy is as old as the question.
    Came(u64),
    /// It has not.
    Failed,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Use the copy.
    Use,
    /// Use it, and ask in the background.
    UseAndRenew,
    /// Ask before going on.
    Ask,
    /// There is no copy that could be used, and asking failed a moment ago.
    Unavailable,
}

impl Age {
    /// One step. After [`Event::Came`] and [`Event::Failed`] the action tells whether there is a copy that can be used.
    pub fn step(mut self, periods: &Periods, now_ms: u64, event: Event) -> (Self, Action) {
        let within = |since: Option<u64>, ms: u64| since.is_some_and(|since| now_ms < since.saturating_add(ms));
        match event {
            Event::Needed => {}
            Event::Came(asked_ms) => {
                (self.came_ms, self.asking_ms, self.failed_ms) = (self.came_ms.max(Some(asked_ms.min(now_ms))), None, None);
            }
            Event::Failed => (self.asking_ms, self.failed_ms) = (None, Some(now_ms)),
        }
        let usable = within(self.came_ms, periods.stale_ms);
        let action = match event {
            Event::Needed if within(self.came_ms, periods.refresh_ms) => Action::Use,
            Event::Needed if within(self.failed_ms, BACK_OFF_MS) || (usable && within(self.asking_ms, GIVEN_UP_MS)) => {
                if usable {
                    Action::Use
                } else {
                    Action::Unavailable
                }
            }
            Event::Needed if usable => {
                self.asking_ms = Some(now_ms);
                Action::UseAndRenew
            }
            Event::Needed => Action::Ask,
            Event::Came(_) | Event::Failed => {
                if usable {
                    Action::Use
                } else {
                    Action::Unavailable
                }
            }
        };
        (self, action)
    }
}
