//! Consumers as they lie in a file: a head, an index of everything that they are looked up by, and a line for each.
//!
//! The index has entries of one length, in order: a look-up is a binary search in the text as it is, and reads the lines of those alone
//! who may be meant, however many consumers there are.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::auth::consumer::{Consumer, Mark, Register};

/// Hexadecimal digits of an entry: those of the hash of what is looked up, and those of where the line begins.
const HASH: usize = 8;
const ENTRY: usize = 16;

/// The most lines that are kept as they were read.
const MOST: usize = 1024;

/// What a consumer may be looked up by.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// The id of an API key.
    Key(&'a str),
    /// The name of a user.
    User(&'a str),
    /// What tokens of others call it.
    Client(&'a str),
    /// Its name.
    Name(&'a str),
    /// A mark of a certificate that is no pattern.
    Mark(&'a Mark),
}

impl By<'_> {
    /// FNV-1a, 32 bits, as an entry of the index has it. Others may have the same: what is found is looked at again.
    fn hash(self) -> String {
        let (kind, text) = match self {
            Self::Key(id) => ("key", id),
            Self::User(name) => ("user", name),
            Self::Client(id) => ("client", id),
            Self::Name(name) => ("name", name),
            Self::Mark(Mark::Fingerprint(text)) => ("fingerprint", text.as_str()),
            Self::Mark(Mark::Subject(text)) => ("subject", text.as_str()),
            Self::Mark(Mark::San(text)) => ("san", text.as_str()),
        };
        let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        format!("{:08x}", kind.bytes().chain([b' ']).chain(text.bytes()).fold(0x811c_9dc5, step))
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// Bytes of the index.
    index: usize,
    /// Where the lines of those begin who have patterns for certificates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    patterns: Vec<usize>,
}

/// The text of consumers.
///
/// # Errors
/// Where they are too many for the index: their lines have more than 4 GiB.
pub fn pack(consumers: &[Consumer]) -> Result<String, String> {
    let (mut lines, mut entries, mut patterns) = (String::new(), Vec::new(), Vec::new());
    for consumer in consumers {
        let at = lines.len();
        let keys = consumer.keys.iter().map(|key| By::Key(&key.id));
        let users = consumer.users.iter().map(|user| By::User(&user.name));
        let clients = consumer.clients.iter().map(|client| By::Client(&client.id));
        let marks = consumer.certificates.iter().map(|certificate| &certificate.by);
        let by = keys.chain(users).chain(clients).chain([By::Name(&consumer.name)]).chain(marks.clone().map(By::Mark));
        entries.extend(by.map(|by| format!("{}{at:08x}", by.hash())));
        if marks.into_iter().any(Mark::is_pattern) {
            patterns.push(at);
        }
        lines.push_str(&serde_json::to_string(consumer).map_err(|error| error.to_string())?);
        lines.push('\n');
    }
    if entries.iter().any(|entry| entry.len() != ENTRY) {
        return Err("there are too many consumers".to_owned());
    }
    entries.sort_unstable();
    entries.dedup();
    let head = Head { index: entries.len() * ENTRY, patterns };
    let head = serde_json::to_string(&head).map_err(|error| error.to_string())?;
    Ok(format!("{head}\n{}\n{lines}", entries.concat()))
}

/// All consumers of a text, in the order of the files.
///
/// # Errors
/// Where it is no such text.
pub fn all(text: &str) -> Result<Vec<Consumer>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let lines = text.lines().skip(2).map(|line| serde_json::from_str(line).map_err(|error| error.to_string()));
    lines.collect()
}

/// Consumers that are read one by one.
#[derive(Debug, Default)]
pub struct Shelf {
    text: String,
    head: OnceCell<Result<(Head, usize), String>>,
    read: RefCell<HashMap<usize, Rc<Consumer>>>,
    patterned: OnceCell<Result<Register, String>>,
}

impl Shelf {
    /// The consumers of a text ([`pack`]), which is not read yet.
    pub fn of(text: String) -> Self {
        Self { text, ..Self::default() }
    }

    /// Those who may be meant by any of `wanted`, in the order of the files, each once.
    ///
    /// # Errors
    /// Where the text, or the line of one of them, cannot be read.
    pub fn find(&self, wanted: &[By<'_>]) -> Result<Vec<Rc<Consumer>>, String> {
        if self.text.is_empty() {
            return Ok(Vec::new());
        }
        let (head, begin) = self.head()?;
        let index = self.text.get(*begin..begin + head.index).ok_or(NO_INDEX)?;
        let entry = |number: usize| index.get(number * ENTRY..(number + 1) * ENTRY);
        let mut places = Vec::new();
        for by in wanted {
            let hash = by.hash();
            let (mut low, mut high) = (0, index.len() / ENTRY);
            while low < high {
                let middle = low.midpoint(high);
                match entry(middle).and_then(|entry| entry.get(..HASH)) {
                    Some(other) if other < hash.as_str() => low = middle + 1,
                    _ => high = middle,
                }
            }
            let same = (low..).map_while(entry).map_while(|entry| entry.strip_prefix(hash.as_str()));
            for place in same {
                places.push(usize::from_str_radix(place, 16).map_err(|_| NO_INDEX)?);
            }
        }
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| self.line(place)).collect()
    }

    /// Everyone who has a pattern for certificates.
    ///
    /// # Errors
    /// As [`Shelf::find`].
    pub fn patterned(&self) -> Result<&Register, String> {
        let read = || -> Result<Register, String> {
            let places = if self.text.is_empty() { &[][..] } else { &self.head()?.0.patterns };
            places.iter().map(|place| self.line(*place)).collect::<Result<Vec<_>, _>>().map(Register::of)
        };
        self.patterned.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// The head, and where the index begins.
    fn head(&self) -> Result<&(Head, usize), String> {
        let read = || {
            let (head, _) = self.text.split_once('\n').ok_or(NO_INDEX)?;
            Ok((serde_json::from_str(head).map_err(|error| error.to_string())?, head.len() + 1))
        };
        self.head.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    fn line(&self, place: usize) -> Result<Rc<Consumer>, String> {
        if let Some(consumer) = self.read.borrow().get(&place) {
            return Ok(consumer.clone());
        }
        let (head, begin) = self.head()?;
        let lines = self.text.get(begin + head.index + 1..).ok_or(NO_INDEX)?;
        let line = lines.get(place..).and_then(|line| line.lines().next()).ok_or(NO_INDEX)?;
        let consumer: Rc<Consumer> = Rc::new(serde_json::from_str(line).map_err(|error| error.to_string())?);
        let mut read = self.read.borrow_mut();
        if read.len() >= MOST {
            read.clear();
        }
        read.insert(place, consumer.clone());
        Ok(consumer)
    }
}

const NO_INDEX: &str = "their index is not one";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_such_text_is_refused_and_nothing_is_nobody() {
        for text in ["[", "{}", "{}\n", "{\"index\":16}\n", "{\"index\":3}\nééé\n"] {
            assert!(Shelf::of(text.to_owned()).find(&[By::Name("a")]).is_err(), "{text}");
        }
        let empty = Shelf::default();
        assert_eq!((empty.find(&[By::Name("a")]), all("")), (Ok(Vec::new()), Ok(Vec::new())));
        assert!(empty.patterned().is_ok());
    }

    #[test]
    fn only_the_lines_that_are_asked_for_are_read_and_no_more_are_kept_than_fit() {
        let consumer = |n: usize| format!(r#"{{"name":"c{n}","claims":{{}}}}"#);
        let consumers: Vec<Consumer> = (0..MOST + 10).map(|n| serde_json::from_str(&consumer(n)).unwrap()).collect();
        let shelf = Shelf::of(pack(&consumers).unwrap());
        for n in 0..MOST + 10 {
            let name = format!("c{n}");
            let found = shelf.find(&[By::Name(&name)]).unwrap();
            assert!(found.iter().any(|consumer| *consumer.name == *name), "{name}");
            assert!(shelf.read.borrow().len() <= MOST.min(2 * n + 2), "{name}");
        }
        assert_eq!(all(&shelf.text).unwrap(), consumers);
        assert!(!shelf.find(&[By::Name("nobody"), By::Key("c1")]).unwrap().iter().any(|consumer| &*consumer.name == "c1"));
    }

    #[test]
    fn two_with_one_hash_are_both_found() {
        let (one, other) = ("gopywfs", "vnvajvb");
        assert_eq!(By::Name(one).hash(), By::Name(other).hash());
        let consumers: Vec<Consumer> =
            [one, other].map(|name| serde_json::from_str(&format!(r#"{{"name":"{name}","claims":{{}}}}"#)).unwrap()).into();
        let shelf = Shelf::of(pack(&consumers).unwrap());
        assert_eq!(shelf.find(&[By::Name(one)]).unwrap().len(), 2);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "(\\{\"index\":[0-9]{1,3}\\}\n)?[0-9a-f]{0,40}\n?.{0,40}", name in "[a-z]{0,3}") {
            let shelf = Shelf::of(text);
            let _ = (shelf.find(&[By::Name(&name)]), shelf.patterned().is_ok());
        }
    }
}
