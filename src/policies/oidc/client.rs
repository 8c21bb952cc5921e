//! The gateway as a client of a provider: the questions that it asks there, each with a deadline.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::written::Config;
use crate::auth::client_auth::{ClientAuth, Moment};
use crate::auth::json;
use crate::auth::keys::KeySet;
use crate::auth::oidc::id_token::{self, Expected, Wrong};
use crate::auth::oidc::login::Login;
use crate::auth::oidc::logout_token::LogoutToken;
use crate::auth::oidc::provider::{self, Provider};
use crate::auth::oidc::token_answer::{self, Tokens};
use crate::auth::refresh::Periods;
use crate::auth::session::{Answer, Ask, Duty, Renewal, Session};
use crate::error::GatewayError;
use crate::http::{Body, HeaderMap, HeaderValue, Method, OriginRequest, header};
use crate::policies::jwt::key_source::{Known, Published};
use crate::ports::Ports;
use crate::ports::ask::{ask, ask_for};

/// How long the provider may take to answer, in milliseconds; less than [`crate::auth::session::DUTY_MS`].
const DEADLINE_MS: u64 = 5_000;
/// The longest answer, in bytes.
const MAX_BODY: u64 = 256_000;
const PERIODS: Periods = Periods { refresh_ms: 600_000, cooldown_ms: 30_000 };
const USERINFO_DEPTH: usize = 16;

const NOT_GOOD: &str = "What the identity provider answered cannot be trusted. Please begin again.";
const REFUSED: &str = "The identity provider did not accept the login. Please begin again.";

/// A client of one provider.
pub struct Client {
    id: String,
    pub(super) issuer: String,
    auth: ClientAuth,
    discovery: Rc<Published<Provider>>,
    keys: RefCell<Option<(String, Rc<Published<KeySet>>)>>,
    pub(super) scopes: Vec<String>,
    pub(super) max_age_ms: Option<u64>,
    userinfo: bool,
    idle_ms: u64,
    lifetime_ms: u64,
    leeway_ms: u64,
}

/// Why there are no tokens.
enum NoTokens {
    /// The provider refused; the text is for the log.
    Refused(String),
    /// It could not be asked, or answered nonsense; the text is for the log.
    Outage(String),
}

impl Client {
    /// A client of the provider at `issuer`, for the policy called `id`.
    pub fn new(id: &str, issuer: String, auth: ClientAuth, config: &Config) -> Self {
        let named = issuer.clone();
        Self {
            id: id.to_owned(),
            discovery: Rc::new(Published::of(provider::address(&issuer), PERIODS, move |body| Provider::parse(body, &named))),
            keys: RefCell::default(),
            issuer,
            auth,
            scopes: config.scopes.clone(),
            max_age_ms: config.max_age.map(|max_age| max_age.ms()),
            userinfo: config.userinfo,
            idle_ms: config.idle.ms(),
            lifetime_ms: config.lifetime.ms(),
            leeway_ms: config.leeway.ms(),
        }
    }

    /// The client's id.
    pub fn client_id(&self) -> &str {
        self.auth.id()
    }

    /// What the provider says of itself.
    ///
    /// # Errors
    /// [`GatewayError::PolicyUnavailable`] where that is not to be had.
    pub async fn provider(&self, ports: &Ports) -> Result<Rc<Provider>, GatewayError> {
        self.discovery.current(ports).await.map(|known| known.set).map_err(|log| self.outage(log))
    }

    /// Turns a code into a session.
    ///
    /// # Errors
    /// [`GatewayError::LoginFailed`] where the provider refuses or its answer does not hold, or [`GatewayError::PolicyUnavailable`].
    pub async fn redeem(&self, ports: &Ports, login: &Login, code: &str, redirect_uri: &str) -> Result<Session, GatewayError> {
        let provider = self.provider(ports).await?;
        let (verifier, nonce) = (login.verifier(), login.nonce());
        let form =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri), ("code_verifier", verifier.as_str())];
        let tokens = self.tokens(ports, &provider, &form).await.map_err(|error| match error {
            NoTokens::Refused(log) => self.failed(REFUSED, log),
            NoTokens::Outage(log) => self.outage(log),
        })?;
        let Some(id_token) = tokens.id_token else { return Err(self.failed(NOT_GOOD, "the provider gave no ID token")) };
        let expected = Expected { nonce: Some(&nonce), ..self.expected(&tokens.access.token) };
        let mut claims = self.id_token(ports, &provider, &id_token, &expected).await?;
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        if self.userinfo {
            for (name, value) in self.userinfo(ports, &provider, &tokens.access.token, &subject).await? {
                claims.entry(name).or_insert(value);
            }
        }
        let until_ms = ports.clock.now_ms().saturating_add(self.lifetime_ms);
        let scopes = tokens.scopes.unwrap_or_else(|| self.scopes.clone());
        let (issuer, access, idle_ms) = (self.issuer.clone(), tokens.access, self.idle_ms);
        Ok(Session { issuer, subject, claims, scopes, id_token, access, until_ms, idle_ms })
    }

    /// Does the duty to renew a session's token, and tells its object; gives what that answers, and why nothing was renewed.
    ///
    /// # Errors
    /// [`GatewayError::PolicyUnavailable`] where the object cannot be told.
    pub async fn renew(&self, ports: &Ports, name: &str, subject: &str, duty: &Duty) -> Result<(Answer, Option<String>), GatewayError> {
        let number = duty.number;
        let (outcome, reason) = match self.renewed(ports, subject, duty).await {
            Ok(renewal) => (Ask::Renewed(number, Box::new(renewal)), None),
            Err(NoTokens::Refused(reason)) => (Ask::NotRenewed { number, refused: true }, Some(reason)),
            Err(NoTokens::Outage(reason)) => (Ask::NotRenewed { number, refused: false }, Some(reason)),
        };
        let answer = ports.sessions.session(name, &outcome).await.map_err(|error| self.outage(error.to_string()))?;
        Ok((answer, reason))
    }

    async fn renewed(&self, ports: &Ports, subject: &str, duty: &Duty) -> Result<Renewal, NoTokens> {
        let outage = |error: GatewayError| NoTokens::Outage(error.verdict().log);
        let provider = self.provider(ports).await.map_err(outage)?;
        let form = [("grant_type", "refresh_token"), ("refresh_token", duty.refresh_token.as_str())];
        let Tokens { access, id_token, scopes } = self.tokens(ports, &provider, &form).await?;
        let identity = match id_token {
            None => None,
            Some(id_token) => {
                let expected = Expected { subject: Some(subject), max_age_ms: None, ..self.expected(&access.token) };
                let claims = self.id_token(ports, &provider, &id_token, &expected).await.map_err(|error| match error.is_outage() {
                    true => outage(error),
                    false => NoTokens::Refused(error.verdict().log),
                })?;
                Some((id_token, claims))
            }
        };
        Ok(Renewal { access, identity, scopes })
    }

    /// Reads a logout token of the provider.
    ///
    /// # Errors
    /// [`GatewayError::LoginFailed`] where it does not hold, or [`GatewayError::PolicyUnavailable`].
    pub async fn logout_token(&self, ports: &Ports, text: &str) -> Result<LogoutToken, GatewayError> {
        let provider = self.provider(ports).await?;
        let party = (self.issuer.as_str(), self.auth.id());
        self.with_keys(ports, &provider, |keys| LogoutToken::check(text, keys, party, self.leeway_ms, ports.clock.now_ms())).await
    }

    async fn id_token(
        &self,
        ports: &Ports,
        provider: &Provider,
        text: &str,
        expected: &Expected<'_>,
    ) -> Result<Map<String, Value>, GatewayError> {
        self.with_keys(ports, provider, |keys| id_token::check(text, keys, expected, ports.clock.now_ms())).await
    }

    /// Tries the keys that are known, and once more with newer ones where those may help.
    async fn with_keys<T>(
        &self,
        ports: &Ports,
        provider: &Provider,
        check: impl Fn(&KeySet) -> Result<T, Wrong>,
    ) -> Result<T, GatewayError> {
        let published = self.key_set(&provider.jwks_uri);
        let known: Known = published.current(ports).await.map_err(|log| self.outage(log))?;
        let mut outcome = check(&known.set);
        if outcome.as_ref().is_err_and(Wrong::newer_keys_may_help)
            && !known.asked_now
            && let Some(newer) = published.newer(&known, ports).await
        {
            outcome = check(&newer.set);
        }
        outcome.map_err(|wrong| self.failed(NOT_GOOD, format!("the provider's token does not hold: {wrong}")))
    }

    fn key_set(&self, address: &str) -> Rc<Published<KeySet>> {
        let mut keys = self.keys.borrow_mut();
        match &*keys {
            Some((known, published)) if known == address => published.clone(),
            _ => {
                let published = Rc::new(Published::new(address.to_owned(), PERIODS, None));
                *keys = Some((address.to_owned(), published.clone()));
                published
            }
        }
    }

    async fn tokens(&self, ports: &Ports, provider: &Provider, form: &[(&str, &str)]) -> Result<Tokens, NoTokens> {
        let mut random = [0; 16];
        ports.entropy.fill(&mut random);
        let moment = Moment { now_ms: ports.clock.now_ms(), random };
        let request = self.auth.form(&provider.token_endpoint, form, moment, DEADLINE_MS).map_err(NoTokens::Outage)?;
        let answer = ask(&*ports.fetch, request, MAX_BODY).await.map_err(NoTokens::Outage)?;
        let status = answer.status.as_u16();
        match status {
            200 => token_answer::parse(&answer.body, ports.clock.now_ms()).map_err(|reason| NoTokens::Outage(reason.to_owned())),
            // Anything else is about the gateway or the provider, and not about the person.
            400 if token_answer::error(&answer.body) == "`invalid_grant`" => {
                Err(NoTokens::Refused("the provider refused with `invalid_grant`".to_owned()))
            }
            _ => Err(NoTokens::Outage(format!("the token endpoint answered {status} with {}", token_answer::error(&answer.body)))),
        }
    }

    /// OpenID Connect Core section 5.3.
    async fn userinfo(&self, ports: &Ports, provider: &Provider, token: &str, subject: &str) -> Result<Map<String, Value>, GatewayError> {
        let Some(url) = provider.userinfo_endpoint.clone() else { return Err(self.outage("the provider has no userinfo endpoint")) };
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Ok(value) = HeaderValue::try_from(format!("Bearer {token}")) {
            headers.insert(header::AUTHORIZATION, value);
        }
        let (method, body) = (Method::GET, Body::Empty);
        let request = OriginRequest { method, url, headers, body, first_byte_ms: DEADLINE_MS, total_ms: DEADLINE_MS };
        let body = ask_for(&*ports.fetch, request, MAX_BODY).await.map_err(|log| self.outage(log))?;
        let claims = json::object(&body, USERINFO_DEPTH).map_err(|reason| self.outage(format!("the userinfo {reason}")))?;
        if claims.get("sub").and_then(Value::as_str) != Some(subject) {
            return Err(self.failed(NOT_GOOD, "the userinfo is about somebody else than the ID token"));
        }
        Ok(claims)
    }

    fn expected<'a>(&'a self, access_token: &'a str) -> Expected<'a> {
        Expected {
            issuer: &self.issuer,
            client_id: self.auth.id(),
            nonce: None,
            subject: None,
            access_token,
            max_age_ms: self.max_age_ms,
            leeway_ms: self.leeway_ms,
        }
    }

    /// Something that this depends on is down.
    pub fn outage(&self, log: impl Into<String>) -> GatewayError {
        GatewayError::PolicyUnavailable { policy: self.id.clone(), log: log.into() }
    }

    /// A login did not succeed.
    pub fn failed(&self, detail: &'static str, log: impl Into<String>) -> GatewayError {
        GatewayError::LoginFailed { detail, log: format!("{}: {}", self.id, log.into()) }
    }
}
