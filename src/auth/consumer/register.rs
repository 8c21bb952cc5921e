//! Consumers by everything they are looked up by.

use std::collections::HashMap;
use std::rc::Rc;

use super::{Certificate, Client, Consumer, Found, Key, Mark, Term, User};
use crate::auth::certificate::Presented;

/// All consumers, by everything they are looked up by.
#[derive(Debug, Default)]
pub struct Register {
    keys: HashMap<String, Found<Key>>,
    users: HashMap<String, Found<User>>,
    certificates: HashMap<Mark, Found<Certificate>>,
    clients: HashMap<String, Vec<Found<Client>>>,
    names: HashMap<Rc<str>, Rc<Consumer>>,
    patterns: Vec<Found<Certificate>>,
}

impl Register {
    /// Indexes consumers. Of two equal ids, names or marks the later one counts; the native command refuses such files.
    pub fn of(consumers: Vec<Rc<Consumer>>) -> Self {
        let mut register = Self::default();
        for consumer in consumers {
            for key in &consumer.keys {
                register.keys.insert(key.id.clone(), Found { consumer: consumer.clone(), proof: key.clone() });
            }
            for user in &consumer.users {
                register.users.insert(user.name.clone(), Found { consumer: consumer.clone(), proof: user.clone() });
            }
            for client in &consumer.clients {
                let found = Found { consumer: consumer.clone(), proof: client.clone() };
                register.clients.entry(client.id.clone()).or_default().push(found);
            }
            register.names.insert(consumer.name.clone(), consumer.clone());
            for certificate in &consumer.certificates {
                let found = Found { consumer: consumer.clone(), proof: certificate.clone() };
                match certificate.by.is_pattern() {
                    true => register.patterns.push(found),
                    false => drop(register.certificates.insert(certificate.by.clone(), found)),
                }
            }
        }
        register
    }

    /// The key with this id.
    pub fn key(&self, id: &str) -> Option<Found<Key>> {
        self.keys.get(id).cloned()
    }

    /// The user with this name.
    pub fn user(&self, name: &str) -> Option<Found<User>> {
        self.users.get(name).cloned()
    }

    /// The consumer that tokens of this issuer call `id`: the one that says so of this issuer; else of everyone's tokens; else the one
    /// of this name, where it has no clients of its own.
    pub fn client(&self, issuer: Option<&str>, id: &str) -> Option<Found<Client>> {
        let called = self.clients.get(id).map(Vec::as_slice).unwrap_or_default();
        let of_issuer = called.iter().find(|found| found.proof.issuer.is_some() && found.proof.issuer.as_deref() == issuer);
        if let Some(found) = of_issuer.or_else(|| called.iter().find(|found| found.proof.issuer.is_none())) {
            return Some(found.clone());
        }
        let consumer = self.names.get(id).filter(|consumer| consumer.clients.is_empty())?.clone();
        Some(Found { consumer, proof: Rc::new(Client { id: id.to_owned(), issuer: None, term: Term::default() }) })
    }

    /// The consumer of this name.
    pub fn named(&self, name: &str) -> Option<Rc<Consumer>> {
        self.names.get(name).cloned()
    }

    /// Everyone whose certificate this is: by its fingerprint; else by its subject and alternative names as they are; else by
    /// patterns. More than one, where several consumers describe it.
    pub fn certificate(&self, presented: &Presented) -> Vec<Found<Certificate>> {
        let exact = self.exactly(presented);
        if exact.is_empty() { self.by_pattern(presented) } else { exact }
    }

    /// As [`Register::certificate`], but by what is no pattern.
    pub fn exactly(&self, presented: &Presented) -> Vec<Found<Certificate>> {
        if let Some(found) = self.certificates.get(&Mark::Fingerprint(presented.fingerprint.clone())) {
            return vec![found.clone()];
        }
        let names = presented.sans.iter().map(|san| Mark::San(san.clone()));
        let marks = std::iter::once(Mark::Subject(presented.subject.clone())).chain(names);
        each_once(marks.filter_map(|mark| self.certificates.get(&mark)))
    }

    /// As [`Register::certificate`], but by patterns alone.
    pub fn by_pattern(&self, presented: &Presented) -> Vec<Found<Certificate>> {
        each_once(self.patterns.iter().filter(|found| presented.fits(&found.proof.by)))
    }
}

/// The first of what is found of each consumer.
fn each_once<'a>(found: impl Iterator<Item = &'a Found<Certificate>>) -> Vec<Found<Certificate>> {
    let mut kept: Vec<Found<Certificate>> = Vec::new();
    for found in found {
        if !kept.iter().any(|other| other.consumer.name == found.consumer.name) {
            kept.push(found.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consumer(json: &str) -> Rc<Consumer> {
        serde_json::from_str(json).map(Rc::new).unwrap()
    }

    #[test]
    fn certificates_are_found_by_the_closest_mark() {
        let named = |name: &str, by: &str| consumer(&format!(r#"{{"name":"{name}","claims":{{}},"certificates":[{by}]}}"#));
        let register = Register::of(vec![
            named("print", r#"{"by":{"fingerprint":"ab"}}"#),
            named("subject", r#"{"by":{"subject":"CN=a,O=A"}}"#),
            named("san", r#"{"by":{"san":"a.example"}}"#),
            named("any-a", r#"{"by":{"subject":"CN=*,O=A"}}"#),
            named("any-host", r#"{"by":{"san":"*.example"}},{"by":{"san":"*.example*"}}"#),
        ]);
        for (fingerprint, subject, sans, expect) in [
            ("ab", "CN=a,O=A", vec!["a.example"], vec!["print"]),
            ("cd", "CN=a,O=A", vec![], vec!["subject"]),
            ("cd", "CN=b", vec!["a.example"], vec!["san"]),
            ("cd", "CN=a,O=A", vec!["a.example"], vec!["subject", "san"]),
            ("cd", "CN=b,O=A", vec![], vec!["any-a"]),
            ("cd", "CN=b,O=B", vec!["b.example"], vec!["any-host"]),
            ("cd", "CN=b,O=A", vec!["b.example"], vec!["any-a", "any-host"]),
            ("cd", "", vec!["b.test"], vec![]),
        ] {
            let sans = sans.into_iter().map(str::to_owned).collect();
            let presented = Presented { fingerprint: fingerprint.to_owned(), subject: subject.to_owned(), sans, ..Presented::default() };
            let found: Vec<_> = register.certificate(&presented).iter().map(|found| found.consumer.name.to_string()).collect();
            assert_eq!(found, expect, "{fingerprint} {subject}");
        }
    }

    #[test]
    fn tokens_call_consumers_by_what_is_theirs_alone() {
        let register = Register::of(vec![
            consumer(r#"{"name":"plain","claims":{}}"#),
            consumer(r#"{"name":"acme","claims":{},"clients":[{"id":"a-1","issuer":"https://i.example/"},{"id":"a-2"}]}"#),
            consumer(r#"{"name":"other","claims":{},"clients":[{"id":"a-1","issuer":"https://j.example/"},{"id":"a-1"}]}"#),
        ]);
        let (i, j) = (Some("https://i.example/"), Some("https://j.example/"));
        for (issuer, id, expect) in [
            (i, "plain", Some("plain")),
            (None, "plain", Some("plain")),
            (i, "a-1", Some("acme")),
            (j, "a-1", Some("other")),
            (None, "a-1", Some("other")),
            (i, "a-2", Some("acme")),
            (i, "acme", None),
            (i, "Plain", None),
            (i, "", None),
        ] {
            let found = register.client(issuer, id);
            assert_eq!(found.as_ref().map(|found| &*found.consumer.name), expect, "{issuer:?} {id}");
        }
        assert!(register.named("acme").is_some() && register.named("a-1").is_none() && register.named("").is_none());
    }
}
