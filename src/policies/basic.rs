//! Establishes who is calling from a user name and a password (RFC 7617), or refuses (401).
//!
//! Passwords are hashed with scrypt, which takes a tenth of a second or two on purpose: a user that nobody has costs as much as a wrong
//! password, and the limit of failures is looked at before anything is hashed. A proof that was right is remembered for a while by a digest that
//! only this isolate can make. The origin never sees the password.

use std::cell::RefCell;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::consumer::{Allowed, Forwards, Right};
use super::guessing::{self, Cost};
use super::prelude::*;
use crate::auth::consumer::{Found, User};
use crate::auth::password::PasswordHash;
use crate::auth::proven::Proven;
use crate::config::values::{Duration, Rate};
use crate::error::Challenge;
use crate::http::header;

/// What the registry knows of it.
pub const FACTS: Facts =
    Facts { identity: true, subrequests: 2, failures: Some(Rate { quota: 10, per: Duration::from_ms(60_000) }), ..Facts::of("basic") };

/// Padding may be missing, as some clients leave it out.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// `{ basic = { groups = ["staff"] } }`
///
/// Users stand in the consumers files, with the hashes of their passwords; `archway password` makes them. The identity is the
/// consumer, as for `api_key`. One proof takes a tenth of a second or two of CPU, far more than Cloudflare's free plan has for a request; an
/// isolate remembers for five minutes, by a digest, that it was right, and takes none for it meanwhile.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The consumers that are let in, by name; with `groups`, those in either list. Everyone where both are empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    consumers: Vec<String>,
    /// The groups that are let in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// Header fields that tell the origin about the consumer, as for `api_key`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    forward: BTreeMap<String, String>,
}

/// Holds whom it lets in, and this isolate's memory of passwords that were right.
pub struct Basic {
    id: String,
    realm: String,
    allowed: Allowed,
    forwards: Forwards,
    proven: RefCell<Proven>,
}

/// What a request has.
#[derive(Debug, PartialEq, Eq)]
enum Carried {
    Nothing,
    Pair { user: String, password: String },
    Malformed(&'static str),
    Unclear(&'static str),
}

impl Basic {
    /// # Errors
    /// Where a name or a header field cannot be right.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            id: compiler.id.to_owned(),
            realm: compiler.realm.to_owned(),
            allowed: Allowed::compile(config.consumers, config.groups, compiler)?,
            forwards: Forwards::compile(&config.forward, compiler)?,
            proven: RefCell::default(),
        })
    }

    /// Whose user it is.
    async fn prove(&self, cx: &mut Exchange<'_>, user: &str, password: &str) -> Result<Found<User>, GatewayError> {
        let outage = |error: crate::ports::PortError| GatewayError::PolicyUnavailable { policy: self.id.clone(), log: error.to_string() };
        let found = cx.ports.consumers.user(user).await.map_err(outage)?;
        let written = found.as_ref().map_or("", |found| found.proof.password.as_str());
        let network = guessing::network(cx);
        let parts = [network.as_bytes(), user.as_bytes(), password.as_bytes(), written.as_bytes()];
        let mark = self.proven.borrow_mut().mark(&parts, || {
            let mut fresh = [0; 32];
            cx.ports.entropy.fill(&mut fresh);
            fresh
        });
        let known = self.proven.borrow().knows(&mark, cx.ports.clock.now_ms());
        if known {
            guessing::attempt(cx, &self.id, FACTS.name, None, Cost::Little).await?;
        } else {
            guessing::attempt(cx, &self.id, FACTS.name, Some(user), Cost::Much).await?;
            let hash: PasswordHash = written.parse().unwrap_or_else(|_| PasswordHash::nobody());
            let made = cx.ports.passwords.scrypt(password.as_bytes(), &hash.salt, hash.parameters).map_err(outage)?;
            // The hash of nobody is never right, whatever was made.
            if !(hash.is(&made) && found.is_some()) {
                return Err(self.wrong(match found {
                    Some(_) => "the password is wrong",
                    None => "there is no such user",
                }));
            }
            self.proven.borrow_mut().remember(mark, cx.ports.clock.now_ms());
        }
        let found = found.ok_or_else(|| self.wrong("there is no such user"))?;
        let right = Right {
            policy: &self.id,
            consumer: &found.consumer,
            term: &found.proof.term,
            which: format!("user {user}"),
            challenges: vec![self.challenge(None)],
        };
        right.settle(cx)?;
        self.allowed.check(&found.consumer, &self.id)?;
        Ok(found)
    }

    fn wrong(&self, why: &str) -> GatewayError {
        GatewayError::CredentialUnknown { challenges: vec![self.challenge(None)], log: format!("{}: {why}", self.id) }
    }

    /// RFC 7617 section 2.1; the scheme has no parameter for what went wrong.
    fn challenge(&self, description: Option<&'static str>) -> Challenge {
        let more = vec![("charset", "UTF-8".to_owned())];
        Challenge { scheme: "Basic", realm: self.realm.clone(), description, more, ..Challenge::default() }
    }
}

/// Reads the one Authorization field (RFC 7617 section 2). Other schemes are another policy's.
fn carried(request: &Request) -> Carried {
    let mut fields = request.headers.get_all(header::AUTHORIZATION).iter();
    let field = match (fields.next(), fields.next()) {
        (None, _) => return Carried::Nothing,
        (Some(field), None) => field,
        (Some(_), Some(_)) => return Carried::Unclear("it has more than one Authorization field"),
    };
    let Ok(field) = field.to_str() else { return Carried::Unclear("its Authorization field is not ASCII") };
    let (scheme, rest) = field.split_once(' ').unwrap_or((field, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Carried::Nothing;
    }
    let Ok(bytes) = BASE64.decode(rest.trim_matches(' ')) else { return Carried::Malformed("its credentials are not base64") };
    let Ok(text) = String::from_utf8(bytes) else { return Carried::Malformed("its credentials are not UTF-8") };
    match text.split_once(':') {
        _ if text.contains(char::is_control) => Carried::Malformed("its credentials have control characters"),
        Some((user, password)) => Carried::Pair { user: user.to_owned(), password: password.to_owned() },
        None => Carried::Malformed("its credentials have no colon"),
    }
}

#[async_trait(?Send)]
impl Policy for Basic {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let (user, password) = match carried(request) {
            Carried::Pair { user, password } => (user, password),
            Carried::Nothing => {
                let log = format!("{}: the request has no user name and password", self.id);
                return Err(GatewayError::Unauthenticated { challenges: vec![self.challenge(None)], log });
            }
            Carried::Malformed(why) => {
                guessing::attempt(cx, &self.id, FACTS.name, None, Cost::Little).await?;
                return Err(self.wrong(why));
            }
            Carried::Unclear(why) => {
                let challenge = Box::new(self.challenge(Some("The request must have one user name and password, in one place.")));
                return Err(GatewayError::CredentialsUnclear { challenge, log: format!("{}: {why}", self.id) });
            }
        };
        let found = self.prove(cx, &user, &password).await?;
        request.headers.remove(header::AUTHORIZATION);
        let identity = found.consumer.identity(FACTS.name);
        self.forwards.apply(&self.id, &identity, cx, request);
        cx.identity = Some(identity);
        Ok(Flow::Next)
    }

    fn asks(&self) -> Vec<Challenge> {
        vec![self.challenge(None)]
    }
}

#[cfg(test)]
mod tests;
