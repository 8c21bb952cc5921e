//! Which sessions a person, or one session at an identity provider, has here: so that the provider can end them
//! (OpenID Connect Back-Channel Logout 1.0, section 2.7).

use serde::{Deserialize, Serialize};

use super::session::Chore;

/// The most sessions that are remembered of one; the oldest make room.
pub const MOST: usize = 256;

/// A question to an index object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Remember the session object of this name until it ends at the latest, in milliseconds since the epoch.
    Add(String, u64),
    /// Give and forget all names.
    Take,
}

/// An answer of an index object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It is remembered.
    Added,
    /// These were known.
    Names(Vec<String>),
}

/// An index object's memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    names: Vec<(String, u64)>,
}

impl Index {
    /// Begins from the stored state, or from nothing. A state that cannot be read counts as none.
    pub fn load(state: Option<&str>) -> Self {
        state.and_then(|state| serde_json::from_str(state).ok()).unwrap_or_default()
    }

    /// One step.
    pub fn step(&mut self, now_ms: u64, ask: Ask) -> (Answer, Chore) {
        self.forget(now_ms);
        let answer = match ask {
            Ask::Add(name, until_ms) => {
                self.names.retain(|(known, _)| *known != name);
                let surplus = (self.names.len() + 1).saturating_sub(MOST);
                self.names.drain(..surplus);
                self.names.push((name, until_ms));
                Answer::Added
            }
            Ask::Take => Answer::Names(std::mem::take(&mut self.names).into_iter().map(|(name, _)| name).collect()),
        };
        let chore = match (self.until_ms(), serde_json::to_string(self)) {
            (None, _) => Chore::Delete,
            (alarm_ms, Ok(state)) => Chore::Save { state, alarm_ms },
            (Some(_), Err(_)) => Chore::Nothing,
        };
        (answer, chore)
    }

    /// What is to be done now that the alarm rang.
    pub fn ring(&mut self, now_ms: u64) -> Chore {
        self.forget(now_ms);
        self.until_ms().map_or(Chore::Delete, Chore::Wait)
    }

    fn forget(&mut self, now_ms: u64) {
        self.names.retain(|(_, until_ms)| now_ms < *until_ms);
    }

    fn until_ms(&self) -> Option<u64> {
        self.names.iter().map(|(_, until_ms)| *until_ms).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(index: &mut Index, name: &str, until_ms: u64) {
        assert_eq!(index.step(0, Ask::Add(name.to_owned(), until_ms)).0, Answer::Added);
    }

    fn take(index: &mut Index, now_ms: u64) -> Answer {
        index.step(now_ms, Ask::Take).0
    }

    fn names(expect: &[&str]) -> Answer {
        Answer::Names(expect.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn sessions_are_given_out_once() {
        let mut index = Index::load(None);
        add(&mut index, "a", 1_000);
        add(&mut index, "b", 500);
        add(&mut index, "a", 2_000);
        assert_eq!(take(&mut index, 10), names(&["b", "a"]));
        assert_eq!(index.step(20, Ask::Take), (names(&[]), Chore::Delete));
        add(&mut index, "c", 1_000);
        assert_eq!(take(&mut index, 600), names(&["c"]));
    }

    #[test]
    fn what_is_over_is_forgotten_and_then_the_object() {
        let mut index = Index::load(None);
        add(&mut index, "a", 1_000);
        let (_, chore) = index.step(0, Ask::Add("b".to_owned(), 500));
        let Chore::Save { state, alarm_ms } = chore else { panic!("{chore:?}") };
        assert_eq!((alarm_ms, Index::load(Some(&state))), (Some(1_000), index.clone()));
        assert_eq!(index.ring(500), Chore::Wait(1_000));
        assert_eq!(take(&mut index.clone(), 600), names(&["a"]));
        assert_eq!(index.ring(1_000), Chore::Delete);
        assert_eq!(index, Index::load(Some("nonsense")));
    }

    #[test]
    fn the_oldest_make_room() {
        let mut index = Index::load(None);
        for number in 0..MOST + 2 {
            add(&mut index, &number.to_string(), 1_000);
        }
        let Answer::Names(names) = take(&mut index, 1) else { panic!("nothing") };
        assert_eq!((names.len(), names.first().map(String::as_str)), (MOST, Some("2")));
    }
}
