//! The consumers of the routes files, each read when somebody asks for it first.

use std::rc::Rc;

use async_trait::async_trait;

use super::{Consumers, PortError};
use crate::auth::certificate::Presented;
use crate::auth::consumer::{Certificate, Client, Consumer, Found, Key, Mark, Register, User};
use crate::config::shelf::{By, Shelf};

/// Consumers as the native command has compiled them.
#[derive(Default)]
pub struct Committed(Shelf);

impl Committed {
    /// The consumers of a text of [`crate::config::shelf::pack`].
    pub fn written(text: &str) -> Self {
        Self(Shelf::of(text.to_owned()))
    }

    fn find(&self, wanted: &[By<'_>]) -> Result<Vec<Rc<Consumer>>, PortError> {
        self.0.find(wanted).map_err(unreadable)
    }
}

fn unreadable(error: String) -> PortError {
    PortError { port: "consumers", detail: format!("the consumers cannot be read: {error}") }
}

#[async_trait(?Send)]
impl Consumers for Committed {
    async fn key(&self, id: &str) -> Result<Option<Found<Key>>, PortError> {
        let found = self.find(&[By::Key(id)])?.into_iter().find_map(|consumer| {
            let proof = consumer.keys.iter().find(|key| key.id == id)?.clone();
            Some(Found { consumer, proof })
        });
        Ok(found)
    }

    async fn user(&self, name: &str) -> Result<Option<Found<User>>, PortError> {
        let found = self.find(&[By::User(name)])?.into_iter().find_map(|consumer| {
            let proof = consumer.users.iter().find(|user| user.name == name)?.clone();
            Some(Found { consumer, proof })
        });
        Ok(found)
    }

    async fn certificate(&self, presented: &Presented) -> Result<Vec<Found<Certificate>>, PortError> {
        let mut marks = vec![Mark::Fingerprint(presented.fingerprint.clone()), Mark::Subject(presented.subject.clone())];
        marks.extend(presented.sans.iter().cloned().map(Mark::San));
        let wanted: Vec<By<'_>> = marks.iter().map(By::Mark).collect();
        let exact = Register::of(self.find(&wanted)?).exactly(presented);
        if exact.is_empty() { Ok(self.0.patterned().map_err(unreadable)?.by_pattern(presented)) } else { Ok(exact) }
    }

    async fn client(&self, issuer: Option<&str>, id: &str) -> Result<Option<Found<Client>>, PortError> {
        Ok(Register::of(self.find(&[By::Client(id), By::Name(id)])?).client(issuer, id))
    }

    async fn named(&self, name: &str) -> Result<Option<Rc<Consumer>>, PortError> {
        Ok(self.find(&[By::Name(name)])?.into_iter().find(|consumer| *consumer.name == *name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::shelf;
    use futures::executor::block_on;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_read_is_told() {
        assert_eq!(block_on(Committed::default().key("aaaaaaaaaaaa")), Ok(None));
        let error = block_on(Committed::written("[{").key("aaaaaaaaaaaa")).unwrap_err();
        assert!(error.detail.contains("cannot be read"), "{}", error.detail);
    }

    /// A consumer with a few proofs of few letters, so that some have the same hash, and none.
    fn consumer() -> impl Strategy<Value = Consumer> {
        let list = |pattern: &'static str| prop::collection::hash_set(pattern, 0..3).prop_map(|set| set.into_iter().collect::<Vec<_>>());
        let parts = ("[a-d]{1,2}", list("k[a-f]"), list("u[a-f]"), list("[a-d]"), list("CN=[a-c*]"), list("[a-c*]\\.test"));
        parts.prop_map(|(name, keys, users, clients, subjects, sans)| {
            let keys: Vec<_> = keys.iter().map(|id| serde_json::json!({ "id": id, "hash": name })).collect();
            let users: Vec<_> = users.iter().map(|user| serde_json::json!({ "name": user, "password": name })).collect();
            let clients: Vec<_> = clients.iter().map(|id| serde_json::json!({ "id": id, "issuer": (id == "a").then_some("i") })).collect();
            let subjects = subjects.iter().map(|text| serde_json::json!({ "by": { "subject": text } }));
            let sans = sans.iter().map(|text| serde_json::json!({ "by": { "san": text } }));
            let certificates: Vec<_> = subjects.chain(sans).collect();
            let all = serde_json::json!({
                "name": name, "claims": { "sub": name }, "keys": keys, "users": users, "clients": clients, "certificates": certificates,
            });
            serde_json::from_value(all).unwrap()
        })
    }

    /// Takes out of each what an earlier one has: the native command refuses files in which two have the same.
    fn without_doubles(consumers: Vec<Consumer>) -> Vec<Consumer> {
        let mut seen = std::collections::HashSet::new();
        let mut kept = Vec::new();
        for mut consumer in consumers {
            if !seen.insert(format!("name {}", consumer.name)) {
                continue;
            }
            consumer.keys.retain(|key| seen.insert(format!("key {}", key.id)));
            consumer.users.retain(|user| seen.insert(format!("user {}", user.name)));
            consumer.clients.retain(|client| seen.insert(format!("client {:?} {}", client.issuer, client.id)));
            consumer.certificates.retain(|certificate| seen.insert(format!("{:?}", certificate.by)));
            kept.push(consumer);
        }
        kept
    }

    proptest! {
        #[test]
        fn each_is_found_as_if_all_were_read(consumers in prop::collection::vec(consumer(), 0..6).prop_map(without_doubles)) {
            let register = Register::of(consumers.iter().cloned().map(Rc::new).collect());
            let committed = Committed::written(&shelf::pack(&consumers).unwrap());
            for text in ["a", "b", "aa", "dd", "ka", "kb", "kf", "ua", "ub", "uf", "", "A"] {
                prop_assert_eq!(block_on(committed.key(text)).unwrap(), register.key(text));
                prop_assert_eq!(block_on(committed.user(text)).unwrap(), register.user(text));
                prop_assert_eq!(block_on(committed.named(text)).unwrap(), register.named(text));
                for issuer in [None, Some("i"), Some("j")] {
                    prop_assert_eq!(block_on(committed.client(issuer, text)).unwrap(), register.client(issuer, text));
                }
            }
            for (subject, sans) in [("CN=a", vec![]), ("CN=b", vec!["a.test"]), ("", vec!["b.test", "c.test"]), ("CN=c", vec!["x.test"]), ("", vec![])] {
                let sans = sans.into_iter().map(str::to_owned).collect();
                let presented = Presented { subject: subject.to_owned(), sans, ..Presented::default() };
                prop_assert_eq!(block_on(committed.certificate(&presented)).unwrap(), register.certificate(&presented));
            }
            prop_assert_eq!(shelf::all(&shelf::pack(&consumers).unwrap()).unwrap(), consumers);
        }
    }
}
