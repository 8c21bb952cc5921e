//! Establishes who is calling by the first of several proofs that the request has.
//!
//! The alternatives are tried in order. One whose proof is not there leaves the word to the next, and the request as it was.
//! One whose proof holds decides; what only it takes out of the request is taken out. One whose proof is there and does not
//! hold refuses: a wrong proof never becomes another one, nor nobody's. A Bearer token of another form than an alternative's
//! own is the next one's to judge, and nobody's at the end. A login begins only where all the others have looked. Every 401 has the
//! challenges of all (RFC 9110 section 11.6.1).

use super::nested::{self, Before, Nested, NestedConfig};
use super::prelude::*;
use crate::error::Challenge;
use crate::exchange::Login;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { identity: true, ..Facts::of("any_of") };

/// `{ any_of = ["signed_in", { api_key = {} }] }`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The alternatives, in order.
    #[serde(default)]
    pub policies: Vec<NestedConfig>,
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Config {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        FACTS.name.into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let about = "`{ any_of = [\"signed_in\", { jwt = { ... } }, { anonymous = {} }] }`\n\nA list, or a table with the list in `policies`. \
                     A proof that is there and does not hold is refused; one that is not there leaves the word to the next. `mode` and \
                     `on_error` are said of the whole. `anonymous` stands last, and a route with it says `public = true`. `oidc` \
                     begins a login only where no other proof is there, and with `anonymous` behind it none.";
        nested::schema(about, serde_json::Value::Null, generator)
    }
}

/// The alternatives.
pub struct AnyOf {
    id: String,
    alternatives: Vec<Nested>,
}

impl AnyOf {
    /// # Errors
    /// Where an alternative cannot be compiled.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        Ok(Self { id: compiler.id.to_owned(), alternatives: nested::compile(&config.policies, compiler)? })
    }
}

/// How a search ended that found nobody.
enum Nobody {
    /// A proof does not hold, or something is down.
    Refused(GatewayError),
    /// No proof is there; which alternative could begin a login.
    Missing(GatewayError, Option<usize>),
}

impl AnyOf {
    async fn search(&self, cx: &mut Exchange<'_>, request: &mut Request, before: &Before) -> Result<Flow, Nobody> {
        let mut challenges: Vec<Challenge> = Vec::new();
        let mut foreign = None;
        let mut login = None;
        let mut said = Vec::new();
        for (index, alternative) in self.alternatives.iter().enumerate() {
            if alternative.anyone && foreign.is_some() {
                continue;
            }
            if alternative.anyone {
                cx.challenges = nested::each_once(challenges.iter().cloned());
            }
            cx.attempts.begin();
            cx.login = Login::Later;
            match alternative.policy.on_request(cx, request).await {
                Ok(flow) => {
                    cx.proofs.push(alternative.id.clone());
                    return Ok(flow);
                }
                Err(error) if error.is_absent() && !cx.attempts.made() => challenges.extend(error.into_challenges()),
                Err(error) if error.is_foreign() => {
                    let log = error.verdict().log;
                    challenges.extend(error.into_challenges());
                    foreign.get_or_insert(log);
                }
                Err(error) => {
                    let others = self.alternatives.iter().enumerate().filter(|(other, _)| *other != index);
                    return Err(Nobody::Refused(error.with_challenges(nested::asks(others.map(|(_, other)| other)))));
                }
            }
            if cx.login == Login::Wanted {
                login.get_or_insert(index);
            }
            said.extend(before.restore(cx, request));
        }
        if foreign.is_some() {
            cx.attempts.be_wrong();
        }
        cx.reply_headers.extend(said);
        let log = foreign.unwrap_or_else(|| format!("{}: the request has none of the proofs", self.id));
        let error = GatewayError::Unauthenticated { challenges: nested::each_once(challenges.into_iter()), log };
        Err(Nobody::Missing(error, login))
    }
}

#[async_trait(?Send)]
impl Policy for AnyOf {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        if let Some(alternative) = nested::owner(&self.alternatives, cx, request) {
            cx.proofs.push(alternative.id.clone());
            return alternative.policy.on_request(cx, request).await;
        }
        let before = Before::of(cx, request);
        let turn = cx.login;
        let found = self.search(cx, request, &before).await;
        cx.login = turn;
        let (error, login) = match found {
            Ok(flow) => return Ok(flow),
            Err(Nobody::Refused(error)) => return Err(error),
            Err(Nobody::Missing(error, login)) => (error, login.and_then(|index| self.alternatives.get(index))),
        };
        match login {
            None => Err(error),
            Some(alternative) if turn == Login::Now => {
                before.restore(cx, request);
                cx.proofs.push(alternative.id.clone());
                alternative.policy.on_request(cx, request).await
            }
            Some(_) => {
                cx.login = Login::Wanted;
                Err(error)
            }
        }
    }

    async fn on_response(&self, cx: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
        for alternative in &self.alternatives {
            if cx.proofs.contains(&alternative.id) {
                alternative.policy.on_response(cx, response).await?;
            }
        }
        Ok(())
    }

    fn asks(&self) -> Vec<Challenge> {
        nested::asks(self.alternatives.iter())
    }

    fn owns(&self, path: &str) -> bool {
        self.alternatives.iter().any(|alternative| alternative.policy.owns(path))
    }
}

#[cfg(test)]
mod tests;
