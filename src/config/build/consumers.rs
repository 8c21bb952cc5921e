//! The consumers files, `consumers/*.toml`: each is one consumer, and everything it can prove itself by.

use std::collections::HashMap;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::auth::api_key;
use crate::auth::consumer::{Certificate, Consumer, Key, Mark, Term, User};
use crate::auth::password::PasswordHash;
use crate::config::text::decode::{self, Skipped};
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::document::Node;
use crate::config::text::source::{Place, Source};
use crate::config::timestamp::Timestamp;

/// A consumer's file.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "A consumer of the gateway")]
#[serde(deny_unknown_fields)]
pub struct ConsumerFile {
    /// Who it is.
    pub consumer: WrittenConsumer,
    /// Its API keys.
    #[serde(default)]
    pub keys: Vec<WrittenKey>,
    /// Its users with passwords.
    #[serde(default)]
    pub users: Vec<WrittenUser>,
    /// Its client certificates.
    #[serde(default)]
    pub certificates: Vec<WrittenCertificate>,
}

/// `[consumer]`: who it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Consumer")]
pub struct WrittenConsumer {
    /// Its name, of letters, digits, `-`, `_`, `.` and `@`; no other consumer has it.
    #[schemars(regex(pattern = "^[A-Za-z0-9._@-]{1,128}$"))]
    pub name: String,
    /// Its groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Its roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What it may do.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Anything else about it: the claims of its identity. `sub` is always the name.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// Whether none of its proofs hold.
    #[serde(default)]
    pub disabled: bool,
}

/// `[[keys]]`: an API key. `archway key new` writes it; several overlap while one takes another's place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Key")]
pub struct WrittenKey {
    /// Its id, the third part of the key.
    pub id: String,
    /// SHA-256 of the whole key, in hexadecimal.
    pub hash: String,
    /// Its environment, the second part of the key; only for whoever reads this file.
    #[serde(default)]
    #[allow(dead_code, reason = "the key itself says so; here it is for people")]
    pub environment: Option<String>,
    /// From when on it holds.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// The first moment at which it holds no longer.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// Whether it holds no longer, whatever the time.
    #[serde(default)]
    pub disabled: bool,
}

/// `[[users]]`: a user name and a password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "User")]
pub struct WrittenUser {
    /// The name; no user of another consumer has it. It has no colon.
    pub name: String,
    /// The hash of the password, as `archway password` writes it.
    pub password: String,
    /// From when on it holds.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// The first moment at which it holds no longer.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// Whether it holds no longer, whatever the time.
    #[serde(default)]
    pub disabled: bool,
}

/// `[[certificates]]`: a client certificate, by exactly one of `fingerprint`, `subject` and `san`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Certificate")]
pub struct WrittenCertificate {
    /// SHA-256 of the certificate, in hexadecimal; colons may stand in it.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// The subject's distinguished name (RFC 4514): `CN=web,O=Acme`. A `*` stands for anything within a value.
    #[serde(default)]
    pub subject: Option<String>,
    /// One of the subject's alternative names: `*.acme.example`, `spiffe://acme.example/web`. A `*` stands for anything within a label
    /// or segment.
    #[serde(default)]
    pub san: Option<String>,
    /// From when on it holds here.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// The first moment at which it holds here no longer, whatever the certificate says.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// Whether it holds no longer, whatever the time.
    #[serde(default)]
    pub disabled: bool,
}

/// Reads every consumers file among the sources. Names, ids and marks that two of them have are reported.
pub fn gather(sources: &[Source], trees: &[Node], diagnostics: &mut Diagnostics) -> Vec<Consumer> {
    let mut reading = Reading { diagnostics, seen: HashMap::new() };
    let files = sources.iter().zip(trees).enumerate().filter(|(_, (source, _))| source.of_consumer);
    files.filter_map(|(file, (_, root))| reading.file(file, root)).collect()
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
        let ConsumerFile { consumer, keys, users, certificates } = decode::decode(file, root, &mut Skipped::new(), self.diagnostics)?;
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
        })
    }

    fn key(&mut self, key: WrittenKey, at: &At<'_>, path: &str) -> Rc<Key> {
        self.hold(api_key::is_id(&key.id), at, &format!("{path}.id"), || {
            format!("`{}` is not the id of a key; `archway key new` makes keys and writes them here", key.id)
        });
        let is_hash = key.hash.len() == 64 && key.hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.hold(is_hash, at, &format!("{path}.hash"), || match api_key::read(&key.hash) {
            Ok(_) => "this is a key itself; it must not stand in a file: only its hash does".to_owned(),
            Err(_) => "this is not the hash of a key: 64 hexadecimal digits, as `archway key new` writes them".to_owned(),
        });
        self.once(("keys have the id", key.id.clone()), at, &format!("{path}.id"));
        let term = self.term((key.not_before, key.expires, key.disabled), at, path);
        Rc::new(Key { id: key.id, hash: key.hash.to_ascii_lowercase(), term })
    }

    fn user(&mut self, user: WrittenUser, at: &At<'_>, path: &str) -> Rc<User> {
        let fits = !user.name.is_empty() && !user.name.contains(|c: char| c == ':' || c.is_control());
        self.hold(fits, at, &format!("{path}.name"), || {
            "a user's name has at least one character, no colon and no control characters (RFC 7617)".into()
        });
        if let Err(message) = user.password.parse::<PasswordHash>() {
            self.hold(false, at, &format!("{path}.password"), || message.to_owned());
        }
        self.once(("users are called", user.name.clone()), at, &format!("{path}.name"));
        let term = self.term((user.not_before, user.expires, user.disabled), at, path);
        Rc::new(User { name: user.name, password: user.password, term })
    }

    fn certificate(&mut self, certificate: WrittenCertificate, at: &At<'_>, path: &str) -> Option<Rc<Certificate>> {
        let WrittenCertificate { fingerprint, subject, san, not_before, expires, disabled } = certificate;
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
        let term = self.term((not_before, expires, disabled), at, path);
        Some(Rc::new(Certificate { by, term }))
    }

    fn term(&mut self, (not_before, expires, disabled): (Option<Timestamp>, Option<Timestamp>, bool), at: &At<'_>, path: &str) -> Term {
        let ends_late_enough = not_before.zip(expires).is_none_or(|(begin, end)| begin < end);
        self.hold(ends_late_enough, at, &format!("{path}.expires"), || "it expires before it begins".into());
        Term { disabled, not_before, expires }
    }

    fn hold(&mut self, holds: bool, at: &At<'_>, path: &str, message: impl FnOnce() -> String) {
        if !holds {
            self.diagnostics.push(Diagnostic::new(Code::WrongValue, at.place(path), message()));
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
