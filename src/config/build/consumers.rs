//! The consumers files, `consumers/*.toml`: each is one consumer, and everything it can prove itself by.

use std::collections::HashMap;
use std::rc::Rc;

use crate::auth::api_key;
use crate::auth::consumer::{Certificate, Client, Consumer, Key, Mark, Term, User};
use crate::auth::password::PasswordHash;
use crate::config::text::decode::{self, Skipped};
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::document::Node;
use crate::config::text::source::{Place, Source};

mod written;

pub use written::ConsumerFile;
use written::{WrittenCertificate, WrittenClient, WrittenKey, WrittenUser};

/// Reads every consumers file among the sources. Names, ids and marks that two of them have are reported.
pub fn gather(sources: &[Source], trees: &[Node], diagnostics: &mut Diagnostics) -> Vec<Consumer> {
    let mut reading = Reading { diagnostics, seen: HashMap::new() };
    let files = sources.iter().zip(trees).enumerate().filter(|(_, (source, _))| source.of_consumer);
    let consumers: Vec<Consumer> = files.filter_map(|(file, (_, root))| reading.file(file, root)).collect();
    consumers.iter().filter(|consumer| consumer.clients.is_empty()).for_each(|consumer| reading.called_by_its_name(&consumer.name));
    consumers
}

/// Whether a consumer can be called so.
pub fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b))
}

/// What no two consumers share.
type Unique = (&'static str, String);

struct Reading<'d> {
    diagnostics: &'d mut Diagnostics,
    seen: HashMap<Unique, Place>,
}

/// One file, and what points into it.
struct At<'a> {
    file: usize,
    root: &'a Node,
}

impl At<'_> {
    fn place(&self, path: &str) -> Place {
        Place::new(self.file, &self.root.descend(path).span)
    }
}

impl Reading<'_> {
    fn file(&mut self, file: usize, root: &Node) -> Option<Consumer> {
        let at = At { file, root };
        let ConsumerFile { consumer, keys, users, certificates, clients } =
            decode::decode(file, root, &mut Skipped::new(), self.diagnostics)?;
        self.hold(is_name(&consumer.name), &at, "consumer.name", || {
            format!("`{}` is not a name for a consumer; it has letters, digits, `-`, `_`, `.` and `@`", consumer.name)
        });
        self.once(("consumers are called", consumer.name.clone()), &at, "consumer.name");
        for (list, texts) in [("groups", &consumer.groups), ("roles", &consumer.roles), ("scopes", &consumer.scopes)] {
            for (index, text) in texts.iter().enumerate() {
                let fits = !text.is_empty() && !text.contains(char::is_whitespace);
                self.hold(fits, &at, &format!("consumer.{list}.{index}"), || {
                    "a name in this list has at least one letter and no spaces".into()
                });
            }
        }
        self.hold(!consumer.metadata.contains_key("sub"), &at, "consumer.metadata.sub", || "`sub` is always the consumer's name".into());
        let mut claims = consumer.metadata;
        claims.insert("sub".to_owned(), consumer.name.clone().into());
        Some(Consumer {
            name: consumer.name.into(),
            disabled: consumer.disabled,
            groups: consumer.groups.into(),
            roles: consumer.roles.into(),
            scopes: consumer.scopes.into(),
            claims: Rc::new(claims),
            keys: keys.into_iter().enumerate().map(|(index, key)| self.key(key, &at, &format!("keys.{index}"))).collect(),
            users: users.into_iter().enumerate().map(|(index, user)| self.user(user, &at, &format!("users.{index}"))).collect(),
            certificates: certificates
                .into_iter()
                .enumerate()
                .filter_map(|(index, certificate)| self.certificate(certificate, &at, &format!("certificates.{index}")))
                .collect(),
            clients: clients.into_iter().enumerate().map(|(index, client)| self.client(client, &at, &format!("clients.{index}"))).collect(),
        })
    }

    fn key(&mut self, key: WrittenKey, at: &At<'_>, path: &str) -> Rc<Key> {
        self.hold(api_key::is_id(&key.id), at, &format!("{path}.id"), || {
            format!("`{}` is not the id of a key; `archway key new` makes keys and writes them here", key.id)
        });
        let is_hash = key.hash.len() == 64 && key.hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.conceal(is_hash, at, &format!("{path}.hash"), || match api_key::read(&key.hash) {
            Ok(_) => "this is a key itself; it must not stand in a file: only its hash does".to_owned(),
            Err(_) => "this is not the hash of a key: 64 hexadecimal digits, as `archway key new` writes them".to_owned(),
        });
        self.once(("keys have the id", key.id.clone()), at, &format!("{path}.id"));
        let term = self.term(key.term(), at, path);
        Rc::new(Key { id: key.id, hash: key.hash.to_ascii_lowercase(), term })
    }

    fn user(&mut self, user: WrittenUser, at: &At<'_>, path: &str) -> Rc<User> {
        let fits = !user.name.is_empty() && !user.name.contains(|c: char| c == ':' || c.is_control());
        self.hold(fits, at, &format!("{path}.name"), || {
            "a user's name has at least one character, no colon and no control characters (RFC 7617)".into()
        });
        let hash = user.password.parse::<PasswordHash>();
        self.conceal(hash.is_ok(), at, &format!("{path}.password"), || hash.err().map(str::to_owned).unwrap_or_default());
        self.once(("users are called", user.name.clone()), at, &format!("{path}.name"));
        let term = self.term(user.term(), at, path);
        Rc::new(User { name: user.name, password: user.password, term })
    }

    fn certificate(&mut self, certificate: WrittenCertificate, at: &At<'_>, path: &str) -> Option<Rc<Certificate>> {
        let term = certificate.term();
        let WrittenCertificate { fingerprint, subject, san, .. } = certificate;
        let marks = [("fingerprint", fingerprint), ("subject", subject), ("san", san)];
        let mut said = marks.into_iter().filter_map(|(key, text)| text.map(|text| (key, text)));
        let (Some((key, text)), None) = (said.next(), said.next()) else {
            self.hold(false, at, path, || "a certificate is known by exactly one of `fingerprint`, `subject` and `san`".into());
            return None;
        };
        let path_of_mark = format!("{path}.{key}");
        let by = match key {
            "fingerprint" => {
                let hex = text.replace(':', "").to_ascii_lowercase();
                self.hold(hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()), at, &path_of_mark, || {
                    "this is not the SHA-256 of a certificate: 64 hexadecimal digits, as `openssl x509 -fingerprint -sha256` tells it"
                        .into()
                });
                Mark::Fingerprint(hex)
            }
            _ => {
                let literal = text.chars().filter(|c| c.is_alphanumeric()).count();
                self.hold(literal > 0 && !text.contains("**"), at, &path_of_mark, || {
                    "this would fit nearly every certificate; write a name, with a single `*` for a part of it".into()
                });
                if key == "subject" { Mark::Subject(text.clone()) } else { Mark::San(text.clone()) }
            }
        };
        self.once(("certificates are known by", text.to_ascii_lowercase()), at, &path_of_mark);
        let term = self.term(term, at, path);
        Some(Rc::new(Certificate { by, term }))
    }

    fn client(&mut self, client: WrittenClient, at: &At<'_>, path: &str) -> Rc<Client> {
        let term = self.term(client.term(), at, path);
        let WrittenClient { id, issuer, .. } = client;
        self.hold(!id.is_empty(), at, &format!("{path}.id"), || "no token calls anybody so; write what the claim says".into());
        let of = issuer.as_ref().map(|issuer| format!(" of {issuer}")).unwrap_or_default();
        self.once(("clients are called", format!("{id}{of}")), at, &format!("{path}.id"));
        Rc::new(Client { id, issuer, term })
    }

    /// Reports where another one's client is called as this consumer is, which has no clients of its own.
    fn called_by_its_name(&mut self, name: &str) {
        let called = |what| self.seen.get(&(what, name.to_owned())).cloned();
        if let (Some(client), Some(consumer)) = (called("clients are called"), called("consumers are called")) {
            let twice = Diagnostic::new(Code::DuplicateName, client, format!("a consumer is called `{name}`, and so is this client"));
            self.diagnostics.push(twice.related(consumer, "it has no `[[clients]]`, so tokens call it by its name"));
        }
    }

    fn term(&mut self, term: Term, at: &At<'_>, path: &str) -> Term {
        let ends_late_enough = term.not_before.zip(term.expires).is_none_or(|(begin, end)| begin < end);
        self.hold(ends_late_enough, at, &format!("{path}.expires"), || "it expires before it begins".into());
        term
    }

    fn hold(&mut self, holds: bool, at: &At<'_>, path: &str, message: impl FnOnce() -> String) {
        if !holds {
            self.diagnostics.push(Diagnostic::new(Code::WrongValue, at.place(path), message()));
        }
    }

    /// As [`Self::hold`], of what may be a secret where its hash should stand.
    fn conceal(&mut self, holds: bool, at: &At<'_>, path: &str, message: impl FnOnce() -> String) {
        if !holds {
            let diagnostic = Diagnostic::new(Code::WrongValue, at.place(path), message());
            self.diagnostics.push(Diagnostic { concealed: true, ..diagnostic });
        }
    }

    fn once(&mut self, what: Unique, at: &At<'_>, path: &str) {
        let place = at.place(path);
        let message = format!("two {} `{}`", what.0, what.1);
        if let Some(first) = self.seen.insert(what, place.clone()) {
            self.diagnostics.push(Diagnostic::new(Code::DuplicateName, place, message).related(first, "first said here"));
        }
    }
}
