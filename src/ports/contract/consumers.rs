//! What holds of consumers and of their passwords' hashes.

use std::rc::Rc;

use super::{Outcome, World, hold};
use crate::auth::certificate::Presented;
use crate::auth::consumer::{Certificate, Client, Consumer, Key, Mark, Term, User};
use crate::auth::password::Parameters;
use crate::ports::PortError;

/// The consumer that everyone knows who is held to the contract.
pub fn consumer() -> Consumer {
    Consumer {
        name: "contract".into(),
        disabled: false,
        groups: Rc::new([]),
        roles: Rc::new([]),
        scopes: Rc::new([]),
        claims: Rc::default(),
        keys: vec![Rc::new(Key { id: "aaaaaaaaaaaa".to_owned(), hash: "00".repeat(32), term: Term::default() })],
        users: vec![Rc::new(User { name: "ann".to_owned(), password: String::new(), term: Term::default() })],
        certificates: vec![Rc::new(Certificate { by: Mark::San("*.contract".to_owned()), term: Term::default() })],
        clients: vec![Rc::new(Client { id: "client-1".to_owned(), issuer: Some("https://i.contract/".to_owned()), term: Term::default() })],
    }
}

/// Consumers are found by what is theirs, and nobody else is.
pub async fn consumers(World { ports, .. }: &World) -> Outcome {
    let text = |error: PortError| error.to_string();
    let expect = Rc::new(consumer());
    let key = ports.consumers.key("aaaaaaaaaaaa").await.map_err(text)?;
    hold(key.is_some_and(|found| found.consumer == expect && Some(&found.proof) == expect.keys.first()), "a key is not found")?;
    let user = ports.consumers.user("ann").await.map_err(text)?;
    hold(user.is_some_and(|found| found.consumer == expect && Some(&found.proof) == expect.users.first()), "a user is not found")?;
    let presented = |san: &str| Presented { sans: vec![san.to_owned()], ..Presented::default() };
    let found = ports.consumers.certificate(&presented("a.contract")).await.map_err(text)?;
    hold(found.len() == 1 && found.iter().all(|found| found.consumer == expect), "a certificate is not found")?;
    hold(ports.consumers.certificate(&presented("a.b.contract")).await.map_err(text)?.is_empty(), "a certificate of nobody is found")?;
    let client = ports.consumers.client(Some("https://i.contract/"), "client-1").await.map_err(text)?;
    hold(client.is_some_and(|found| found.consumer == expect && Some(&found.proof) == expect.clients.first()), "a client is not found")?;
    for (issuer, id) in [(None, "client-1"), (Some("https://j.contract/"), "client-1"), (None, "contract"), (None, "")] {
        hold(ports.consumers.client(issuer, id).await.map_err(text)?.is_none(), format!("`{id}` of {issuer:?} is no client"))?;
    }
    hold(ports.consumers.named("contract").await.map_err(text)? == Some(expect), "a name is not found")?;
    hold(ports.consumers.named("Contract").await.map_err(text)?.is_none(), "a name of nobody is found")?;
    for id in ["", "aaaaaaaaaaab", "AAAAAAAAAAAA", "ann"] {
        hold(ports.consumers.key(id).await.map_err(text)?.is_none(), format!("`{id}` is no key"))?;
    }
    for name in ["", "Ann", "aaaaaaaaaaaa"] {
        hold(ports.consumers.user(name).await.map_err(text)?.is_none(), format!("`{name}` is no user"))?;
    }
    Ok(())
}

/// Two vectors of RFC 7914 section 12, their first halves, and that every part of the question counts.
pub fn passwords(World { ports, .. }: &World) -> Outcome {
    let scrypt = |password: &str, salt: &str, (ln, r, p)| {
        let hash = ports.passwords.scrypt(password.as_bytes(), salt.as_bytes(), Parameters { ln, r, p });
        hash.map(|hash| crate::observe::trace::hex(&hash)).map_err(|error| error.to_string())
    };
    for (password, salt, parameters, expect) in [
        ("", "", (4, 1, 1), "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"),
        ("pleaseletmein", "SodiumChloride", (14, 8, 1), "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"),
    ] {
        hold(scrypt(password, salt, parameters)? == expect, format!("the hash of `{password}` is another one"))?;
    }
    let usual = scrypt("a", "b", (4, 1, 1))?;
    for (password, salt, parameters) in
        [("b", "b", (4, 1, 1)), ("a", "a", (4, 1, 1)), ("a", "b", (5, 1, 1)), ("a", "b", (4, 2, 1)), ("a", "b", (4, 1, 2))]
    {
        hold(scrypt(password, salt, parameters)? != usual, format!("the same hash for `{password}`, `{salt}` and {parameters:?}"))?;
    }
    Ok(())
}
