//! What a session object does: one browser session from its opening to its end, and the order in which its tokens are renewed.
//!
//! A step for each question, with the time as an argument. Of all who find that the access token is running out, one gets the
//! [`Duty`] to renew it, with a deadline; the others go on with the token as long as it holds, and look again when it does not. So an
//! identity provider sees one request however many were waiting, and a refresh token that is good for one use is used once.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How long whoever has the duty to renew may take, in milliseconds. Longer than the request to the provider may.
pub const DUTY_MS: u64 = 15_000;
/// How long nobody tries again after a renewal that failed for the moment, in milliseconds.
pub const BACK_OFF_MS: u64 = 5_000;
/// How soon who has to wait may look again, in milliseconds.
const AGAIN_MS: u64 = 100;
/// How long it may stay unwritten that a session was in use, in milliseconds; or a tenth of the time for which it may lie idle.
const UNWRITTEN_MS: u64 = 60_000;

/// What a login established. Its tokens never leave the gateway for the browser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The ID token's `iss`.
    pub issuer: String,
    /// The ID token's `sub`.
    pub subject: String,
    /// What the ID token says, and the userinfo endpoint where it was asked.
    pub claims: Map<String, Value>,
    /// What may be done with the access token.
    pub scopes: Vec<String>,
    /// The ID token itself: the provider wants it back as a hint at logout.
    pub id_token: String,
    /// The access token and what renews it.
    pub access: Access,
    /// When the session ends whatever happens, in milliseconds since the epoch.
    pub until_ms: u64,
    /// How long it may lie idle, in milliseconds.
    pub idle_ms: u64,
}

/// An access token and what is known of its time; all times in milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The token.
    pub token: String,
    /// When it runs out, as far as the provider said.
    pub until_ms: Option<u64>,
    /// From when on it is to be renewed.
    pub renew_ms: Option<u64>,
    /// What renews it; it is not renewed without one.
    pub refresh_token: Option<String>,
}

impl Access {
    /// Whether the token holds at `now_ms`.
    pub fn holds(&self, now_ms: u64) -> bool {
        self.until_ms.is_none_or(|until_ms| now_ms < until_ms)
    }

    fn is_due(&self, now_ms: u64) -> bool {
        self.refresh_token.is_some() && self.renew_ms.is_some_and(|renew_ms| now_ms >= renew_ms)
    }
}

/// What came of a renewal. What the provider did not say stays as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Renewal {
    /// The new token. Without a refresh token of its own it is renewed by the old one.
    pub access: Access,
    /// The new ID token and what it says.
    pub identity: Option<(String, Map<String, Value>)>,
    /// What may be done with the new token.
    pub scopes: Option<Vec<String>>,
}

/// A question to a session object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Begin this session.
    Open(Box<Session>),
    /// Who is it? The session was in use.
    Look,
    /// The renewal of this number succeeded.
    Renewed(u64, Box<Renewal>),
    /// The renewal of this number failed: for good, where the provider says so.
    NotRenewed {
        /// The duty's number.
        number: u64,
        /// Whether the provider refused, so that the session is over.
        refused: bool,
    },
    /// End it.
    End,
}

/// An answer of a session object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The session has begun.
    Opened,
    /// There is no such session, or no longer.
    Nothing,
    /// The session as it is. Whoever gets a duty renews its token; where the token no longer holds, before it is used.
    Is(Box<View>, Option<Duty>),
    /// Somebody else is renewing a token that no longer holds: look again after so many milliseconds.
    Wait(u64),
    /// The token no longer holds, and the provider could not be asked a moment ago.
    Stuck,
    /// The session has ended; this was its ID token.
    Ended(String),
}

/// What an isolate gets to see of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// As [`Session::issuer`].
    pub issuer: String,
    /// As [`Session::subject`].
    pub subject: String,
    /// As [`Session::claims`].
    pub claims: Map<String, Value>,
    /// As [`Session::scopes`].
    pub scopes: Vec<String>,
    /// The access token.
    pub access_token: String,
    /// When the access token runs out.
    pub access_until_ms: Option<u64>,
    /// When somebody has to look again: the token is due, or the session ends.
    pub fresh_until_ms: u64,
}

/// Renewing a session's token is up to whoever gets this, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// Tells this duty from others of the session.
    pub number: u64,
    /// What to renew with.
    pub refresh_token: String,
}

/// What a session object keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    session: Session,
    seen_ms: u64,
    /// The number of the last duty, until when it holds, and the number of the last renewal that came.
    number: u64,
    duty_until_ms: Option<u64>,
    renewed: u64,
    /// No new duty before this time.
    not_before_ms: u64,
}

/// A session object's memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vault {
    kept: Option<Kept>,
    written_ms: u64,
}

/// What an object does about its storage after a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chore {
    /// Nothing.
    Nothing,
    /// Write this state. `alarm_ms` is when to ring, where that is to be set anew.
    Save {
        /// For the next time that the object is loaded.
        state: String,
        /// Milliseconds since the epoch.
        alarm_ms: Option<u64>,
    },
    /// Ring again at this time, in milliseconds since the epoch.
    Wait(u64),
    /// Delete everything that was stored.
    Delete,
}

impl Vault {
    /// Begins from the stored state, or from nothing. A state that cannot be read counts as none.
    pub fn load(state: Option<&str>) -> Self {
        let kept: Option<Kept> = state.and_then(|state| serde_json::from_str(state).ok());
        Self { written_ms: kept.as_ref().map_or(0, |kept| kept.seen_ms), kept }
    }

    /// One step.
    pub fn step(&mut self, now_ms: u64, ask: Ask) -> (Answer, Chore) {
        let had = self.kept.is_some();
        if self.kept.as_ref().is_some_and(|kept| now_ms >= kept.until_ms()) {
            self.kept = None;
        }
        let gone = |had: bool| if had { Chore::Delete } else { Chore::Nothing };
        let Some(kept) = &mut self.kept else {
            let Ask::Open(session) = ask else { return (Answer::Nothing, gone(had)) };
            let kept = Kept { session: *session, seen_ms: now_ms, number: 0, duty_until_ms: None, renewed: 0, not_before_ms: 0 };
            let alarm_ms = Some(kept.until_ms());
            self.kept = Some(kept);
            return (Answer::Opened, self.save(now_ms, alarm_ms));
        };
        match ask {
            // An id is drawn once; whoever brings it a second time gets nothing.
            Ask::Open(_) => (Answer::Nothing, Chore::Nothing),
            Ask::Look => {
                kept.seen_ms = now_ms;
                let (answer, changed) = kept.look(now_ms);
                let slack_ms = UNWRITTEN_MS.min(kept.session.idle_ms / 10);
                let save = changed || now_ms >= self.written_ms.saturating_add(slack_ms);
                (answer, if save { self.save(now_ms, None) } else { Chore::Nothing })
            }
            Ask::Renewed(number, renewal) => {
                if number > kept.renewed && number <= kept.number {
                    kept.renew(number, *renewal);
                }
                let (answer, _) = kept.look(now_ms);
                (answer, self.save(now_ms, None))
            }
            Ask::NotRenewed { number, refused } if number == kept.number && kept.duty_until_ms.is_some() => {
                if refused {
                    self.kept = None;
                    return (Answer::Nothing, Chore::Delete);
                }
                (kept.duty_until_ms, kept.not_before_ms) = (None, now_ms.saturating_add(BACK_OFF_MS));
                let (answer, _) = kept.look(now_ms);
                (answer, self.save(now_ms, None))
            }
            Ask::NotRenewed { .. } => {
                let (answer, changed) = kept.look(now_ms);
                (answer, if changed { self.save(now_ms, None) } else { Chore::Nothing })
            }
            Ask::End => {
                let id_token = std::mem::take(&mut kept.session.id_token);
                self.kept = None;
                (Answer::Ended(id_token), Chore::Delete)
            }
        }
    }

    /// What is to be done now that the alarm rang.
    pub fn ring(&mut self, now_ms: u64) -> Chore {
        match &self.kept {
            Some(kept) if now_ms < kept.until_ms() => Chore::Wait(kept.until_ms()),
            _ => {
                *self = Self::default();
                Chore::Delete
            }
        }
    }

    fn save(&mut self, now_ms: u64, alarm_ms: Option<u64>) -> Chore {
        self.written_ms = now_ms;
        match serde_json::to_string(&self.kept) {
            Ok(state) => Chore::Save { state, alarm_ms },
            Err(_) => Chore::Nothing,
        }
    }
}

impl Kept {
    fn until_ms(&self) -> u64 {
        self.session.until_ms.min(self.seen_ms.saturating_add(self.session.idle_ms))
    }

    /// The answer to who looks at `now_ms`, and whether a duty was given.
    fn look(&mut self, now_ms: u64) -> (Answer, bool) {
        let holds = self.session.access.holds(now_ms);
        if !self.session.access.is_due(now_ms) {
            return (Answer::Is(Box::new(self.view()), None), false);
        }
        let busy = self.duty_until_ms.is_some_and(|until_ms| now_ms < until_ms);
        match (busy, now_ms < self.not_before_ms, holds) {
            (true, _, false) => (Answer::Wait(AGAIN_MS), false),
            (false, true, false) => (Answer::Stuck, false),
            (true, ..) | (_, true, _) => (Answer::Is(Box::new(self.view()), None), false),
            (false, false, _) => {
                self.number += 1;
                self.duty_until_ms = Some(now_ms.saturating_add(DUTY_MS));
                let refresh_token = self.session.access.refresh_token.clone().unwrap_or_default();
                (Answer::Is(Box::new(self.view()), Some(Duty { number: self.number, refresh_token })), true)
            }
        }
    }

    fn renew(&mut self, number: u64, renewal: Renewal) {
        let Renewal { mut access, identity, scopes } = renewal;
        access.refresh_token = access.refresh_token.or_else(|| self.session.access.refresh_token.take());
        self.session.access = access;
        if let Some((id_token, claims)) = identity {
            self.session.id_token = id_token;
            self.session.claims.extend(claims);
        }
        if let Some(scopes) = scopes {
            self.session.scopes = scopes;
        }
        self.renewed = number;
        (self.duty_until_ms, self.not_before_ms) = (None, 0);
    }

    fn view(&self) -> View {
        let Session { issuer, subject, claims, scopes, access, .. } = &self.session;
        let due_ms = access.renew_ms.filter(|_| access.refresh_token.is_some());
        View {
            issuer: issuer.clone(),
            subject: subject.clone(),
            claims: claims.clone(),
            scopes: scopes.clone(),
            access_token: access.token.clone(),
            access_until_ms: access.until_ms,
            fresh_until_ms: self.until_ms().min(due_ms.unwrap_or(u64::MAX)),
        }
    }
}

#[cfg(test)]
mod tests;
