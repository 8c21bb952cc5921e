//! Establishes who is calling by a session of the browser, which begins with a login at an OpenID Connect provider.
//!
//! The browser has a cookie with 256 random bits. The session behind it lives in an object of its own, tokens and all; an isolate keeps
//! a copy for at most five seconds. A login draws everything from a secret in a cookie of its own, so that nobody can make a browser
//! finish a login that it has not begun, and a new session gets a new id whatever the browser had before.

use std::cell::RefCell;
use std::rc::Rc;

use super::prelude::*;
use crate::auth::identity::Identity;
use crate::auth::mapping::Mapping;
use crate::auth::oidc::login::{self, Login};
use crate::auth::oidc::names::SessionId;
use crate::auth::session::{Answer, Ask, View};
use crate::auth::session_copies::{Copies, Seen};
use crate::error::Challenge;
use crate::exchange::Login as Turn;
use crate::http::web_origin::WebOrigin;
use crate::http::{cookie, fetch_metadata, header, query};

mod answers;
mod checked;
mod client;
#[cfg(test)]
mod tests;
mod written;

use checked::Checked;
pub use written::Config;

/// What the registry knows of it. A session is looked up with one question; a login, or a token that has to be renewed, takes more.
pub const FACTS: Facts = Facts { identity: true, subrequests: 14, once: true, ..Facts::of("oidc") };

/// How often a request looks again while another one renews the session's token; the pauses get longer.
const MOST_LOOKS: u32 = 8;

const SEVERAL: &str = "The browser has more than one cookie for its session. Delete the cookies of this site, and log in again.";

/// The compiled policy, with this isolate's copies of sessions.
pub struct Oidc {
    id: String,
    realm: String,
    checked: Rc<Checked>,
    copies: RefCell<Copies>,
}

/// What is known of the browser's side of a request.
struct Browser {
    /// The origin that it sees.
    origin: WebOrigin,
    /// Whether its cookies are for https alone; they are not on this machine over plain http.
    secure: bool,
    /// Its session's id, where it has one.
    session: Option<SessionId>,
    /// Whether it has several cookies for a session: one of them was put there by somebody else.
    unclear: bool,
}

impl Oidc {
    /// # Errors
    /// Where the provider, the client, the paths or the periods cannot work; see the field's own text.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let checked = Rc::new(checked::check(config, compiler)?);
        Ok(Self { id: compiler.id.to_owned(), realm: compiler.realm.to_owned(), checked, copies: RefCell::default() })
    }

    /// Over plain http between two machines anybody could take the cookie: there is no session then.
    fn browser(&self, request: &Request) -> Result<Browser, GatewayError> {
        let origin = self.checked.public.clone().unwrap_or_else(|| WebOrigin::of(request));
        if !origin.is_private() {
            let log = format!("{}: {origin} is plain http; name the proxy in `trusted_proxies`, or set `public_url`", self.id);
            return Err(GatewayError::Misconfigured { log });
        }
        let secure = origin.scheme == "https";
        let session = cookie::value(&request.headers, &self.checked.names.session_cookie(secure));
        let (session, unclear) = session.map_or((None, true), |text| (text.and_then(SessionId::parse), false));
        Ok(Browser { origin, secure, session, unclear })
    }

    /// The session of this id: a copy, or what its object says, once its token holds.
    async fn session(&self, cx: &mut Exchange<'_>, id: &SessionId) -> Result<Option<Rc<Seen>>, GatewayError> {
        let name = self.checked.names.session(id);
        if let Some(copy) = self.copies.borrow().recall(&name, cx.ports.clock.now_ms()) {
            return Ok(Some(copy));
        }
        let mut answer = self.ask(cx, &name, Ask::Look).await?;
        for look in 1..=MOST_LOOKS {
            answer = match answer {
                Answer::Is(view, None) => return Ok(self.seen(cx, &name, *view)),
                Answer::Is(view, Some(duty)) => {
                    if view.access_until_ms.is_none_or(|until_ms| cx.ports.clock.now_ms() < until_ms) {
                        let (checked, ports, subject) = (self.checked.clone(), cx.ports.clone(), view.subject.clone());
                        cx.ports.background.spawn(Box::pin(async move {
                            // What went wrong is the object's to remember: it gives the duty to somebody else.
                            let _ = checked.client.renew(&ports, &name, &subject, &duty).await;
                        }));
                        return Ok(Some(Rc::new(seen_as(*view, &self.checked.mapping))));
                    }
                    let (answer, reason) = self.checked.client.renew(cx.ports, &name, &view.subject, &duty).await?;
                    if let Some(reason) = reason {
                        cx.record.note(format!("{}: the access token was not renewed: {reason}", self.id));
                    }
                    answer
                }
                Answer::Wait(ms) => {
                    cx.ports.timer.wait(ms.saturating_mul(u64::from(look))).await;
                    self.ask(cx, &name, Ask::Look).await?
                }
                Answer::Stuck => return Err(self.checked.client.outage("the access token could not be renewed")),
                Answer::Nothing | Answer::Opened | Answer::Ended(_) => return Ok(None),
            };
        }
        Err(self.checked.client.outage("the access token is being renewed, and that takes too long"))
    }

    fn seen(&self, cx: &Exchange<'_>, name: &str, view: View) -> Option<Rc<Seen>> {
        let now_ms = cx.ports.clock.now_ms();
        let over = view.access_until_ms.is_some_and(|until_ms| now_ms >= until_ms);
        if over && self.checked.forward_access_token {
            return None;
        }
        let fresh_until_ms = view.fresh_until_ms;
        let seen = Rc::new(seen_as(view, &self.checked.mapping));
        self.copies.borrow_mut().remember(name, seen.clone(), fresh_until_ms, now_ms);
        Some(seen)
    }

    async fn ask(&self, cx: &Exchange<'_>, name: &str, ask: Ask) -> Result<Answer, GatewayError> {
        cx.ports.sessions.session(name, &ask).await.map_err(|error| self.checked.client.outage(error.to_string()))
    }

    /// Sends the browser to the provider's login page.
    async fn begin_login(&self, cx: &Exchange<'_>, request: &Request, browser: &Browser) -> Result<Response, GatewayError> {
        let Checked { client, names, parameters, .. } = &*self.checked;
        let provider = client.provider(cx.ports).await?;
        let mut secret = [0; 32];
        cx.ports.entropy.fill(&mut secret);
        let wanted = cx.target.as_ref().unwrap_or(&request.target);
        let login = Login::begin(secret, cx.ports.clock.now_ms(), wanted);
        let state = login.state();
        let mut form = String::new();
        let (redirect_uri, scope) = (self.redirect_uri(browser), client.scopes.join(" "));
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", client.client_id()),
            ("redirect_uri", &redirect_uri),
            ("scope", &scope),
            ("state", &state),
            ("nonce", &login.nonce()),
            ("code_challenge", &login.challenge()),
            ("code_challenge_method", "S256"),
        ] {
            query::push(&mut form, name, value);
        }
        if let Some(max_age_ms) = client.max_age_ms {
            query::push(&mut form, "max_age", &(max_age_ms / 1000).to_string());
        }
        for (name, value) in parameters {
            query::push(&mut form, name, value);
        }
        let mut response = redirect(&with_query(&provider.authorization_endpoint, &form));
        let name = names.login_cookie(&state, browser.secure);
        let cookie = cookie::set(&name, &login.text(), Some(login::LONGEST_MS / 1000), browser.secure);
        set(&mut response, cookie.into_iter().chain(self.surplus(request, browser)));
        Ok(response)
    }

    /// Deletes the oldest logins of a browser that has begun too many.
    fn surplus(&self, request: &Request, browser: &Browser) -> Vec<(HeaderName, HeaderValue)> {
        let prefix = self.checked.names.login_prefix(browser.secure);
        let mine = cookie::pairs(&request.headers).filter(|(name, _)| name.starts_with(&prefix));
        let mut under_way: Vec<(u64, &str)> =
            mine.map(|(name, text)| (Login::parse(text).map_or(0, |login| login.began_s), name)).collect();
        under_way.sort_unstable();
        let surplus = (under_way.len() + 1).saturating_sub(login::MOST);
        under_way.iter().take(surplus).filter_map(|(_, name)| cookie::set(name, "", Some(0), browser.secure)).collect()
    }

    /// What stands in a path behind the one that is the policy's own.
    fn own<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(&*self.checked.path)?.strip_prefix('/')
    }

    fn redirect_uri(&self, browser: &Browser) -> String {
        format!("{}{}/callback", browser.origin, self.checked.path)
    }

    fn challenge(&self) -> Challenge {
        Challenge { scheme: "Cookie", realm: self.realm.clone(), ..Challenge::default() }
    }

    /// Another login would end here again, and whichever session were taken could be a stranger's.
    fn unclear(&self) -> GatewayError {
        let challenge = Box::new(Challenge { description: Some(SEVERAL), ..self.challenge() });
        GatewayError::CredentialsUnclear { challenge, log: format!("{}: the browser has several cookies for its session", self.id) }
    }

    fn nobody(&self, reason: &str) -> GatewayError {
        GatewayError::Unauthenticated { challenges: vec![self.challenge()], log: format!("{}: {reason}", self.id) }
    }
}

#[async_trait(?Send)]
impl Policy for Oidc {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let browser = self.browser(request)?;
        let path = &cx.target.as_ref().unwrap_or(&request.target).path;
        if let Some(own) = self.own(path) {
            let own = own.to_owned();
            return self.answer(&own, cx, request, &browser).await.map(Flow::Respond);
        }
        if browser.unclear {
            return Err(self.unclear());
        }
        let seen = match &browser.session {
            Some(id) => self.session(cx, id).await?,
            None => None,
        };
        let Some(seen) = seen else {
            return match fetch_metadata::is_page_load(request) {
                true if cx.login == Turn::Now => self.begin_login(cx, request, &browser).await.map(Flow::Respond),
                true => {
                    cx.login = Turn::Wanted;
                    Err(self.nobody("the request has no session, and other proofs are looked for first"))
                }
                false if browser.session.is_some() => Err(self.nobody("the session has ended")),
                false => Err(self.nobody("the request has no session")),
            };
        };
        let identity = match &self.checked.consumer {
            Some(claimed) => claimed.join(&self.id, cx, seen.identity.clone(), || vec![self.challenge()]).await?,
            None => seen.identity.clone(),
        };
        cookie::remove(&mut request.headers, |name| self.checked.names.owns(name));
        if self.checked.forward_access_token
            && let Ok(mut value) = HeaderValue::try_from(format!("Bearer {}", seen.access.0))
        {
            value.set_sensitive(true);
            request.headers.insert(header::AUTHORIZATION, value);
        }
        cx.identity = Some(identity);
        Ok(Flow::Next)
    }

    fn asks(&self) -> Vec<Challenge> {
        vec![self.challenge()]
    }

    fn owns(&self, path: &str) -> bool {
        self.own(path).is_some()
    }
}

fn seen_as(view: View, mapping: &Mapping) -> Seen {
    let scopes = if mapping.scopes.is_some() { mapping.scopes(&view.claims) } else { view.scopes };
    let identity = Identity {
        kind: "oidc",
        subject: view.subject,
        issuer: Some(view.issuer),
        scopes: scopes.into(),
        roles: mapping.roles(&view.claims).into(),
        groups: mapping.groups(&view.claims).into(),
        claims: Rc::new(view.claims),
        ..Identity::default()
    };
    Seen { identity, access: (view.access_token, view.access_until_ms) }
}

/// A redirect that nobody stores, and that tells the next server nothing of this one's paths.
fn redirect(location: &str) -> Response {
    let mut response = Response::empty(StatusCode::SEE_OTHER);
    let headers = &mut response.headers;
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// Sets cookies; each has a field of its own.
fn set(response: &mut Response, cookies: impl IntoIterator<Item = (HeaderName, HeaderValue)>) {
    for (name, value) in cookies {
        response.headers.append(name, value);
    }
}

/// An endpoint with more parameters behind those that it may have.
fn with_query(endpoint: &str, form: &str) -> String {
    format!("{endpoint}{}{form}", if endpoint.contains('?') { '&' } else { '?' })
}
