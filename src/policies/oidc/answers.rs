//! The paths below which the policy answers by itself: the way back from a login, logout, and logout from the provider.

use super::client::Client;
use super::{Browser, Checked, Oidc, redirect, set, with_query};
use crate::auth::csrf;
use crate::auth::oidc::login::Login;
use crate::auth::oidc::names::SessionId;
use crate::auth::oidc::token_answer;
use crate::auth::session::{Answer, Ask};
use crate::auth::session_index;
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::http::fetch_metadata::{self, Site};
use crate::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, cookie, header, query};
use crate::ports::Ports;

/// The longest form with a logout token, in bytes.
const MAX_FORM: u64 = 64_000;

const NOT_BEGUN: &str = "This browser has not begun this login, or too long ago. Please begin again.";
const NOT_FINISHED: &str = "The identity provider did not finish the login.";
const NO_LOGOUT: &str = "The logout token cannot be trusted.";

// No `form-action`: browsers would hold the redirect to the provider against it, too.
const PAGE_POLICY: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const ASK_PAGE: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<title>Sign out</title>\n<form method=\"post\"><p>Do you want to sign out?</p><button>Sign out</button></form>\n</html>\n";
const BYE_PAGE: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<title>Signed out</title>\n<p>You are signed out.</p>\n</html>\n";

impl Oidc {
    /// Answers a request to a path of the policy's own.
    pub(super) async fn answer(
        &self,
        own: &str,
        cx: &mut Exchange<'_>,
        request: &mut Request,
        browser: &Browser,
    ) -> Result<Response, GatewayError> {
        let allow = |methods: &[Method]| Err(GatewayError::MethodNotAllowed { allow: methods.to_vec() });
        match (own, &request.method) {
            ("callback", &Method::GET) => self.callback(cx, request, browser).await,
            ("callback", _) => allow(&[Method::GET]),
            ("logout", &Method::GET) if !is_click(request) => Ok(page(ASK_PAGE)),
            ("logout", &Method::GET) => self.logout(cx, request, browser).await,
            ("logout", &Method::POST) => match csrf::judge(request, &browser.origin, &[]) {
                Ok(()) => self.logout(cx, request, browser).await,
                Err(reason) => Err(GatewayError::CrossSite { log: format!("{}: logout: {reason}", self.id) }),
            },
            ("logout", _) => allow(&[Method::GET, Method::POST]),
            ("backchannel-logout", &Method::POST) => self.logout_from_elsewhere(cx, request).await,
            ("backchannel-logout", _) => allow(&[Method::POST]),
            _ => Err(GatewayError::RouteNotFound),
        }
    }

    /// The browser comes back from the provider (RFC 6749 section 4.1.2, RFC 9207 section 2.4).
    async fn callback(&self, cx: &mut Exchange<'_>, request: &Request, browser: &Browser) -> Result<Response, GatewayError> {
        let Checked { client, names, .. } = &*self.checked;
        let said = |name: &str| -> Result<Option<String>, GatewayError> {
            let mut values = query::pairs(request.target.query.as_deref().unwrap_or_default()).filter(|(known, _)| known == name);
            match (values.next(), values.next()) {
                (None, _) => Ok(None),
                (Some((_, value)), None) => Ok(Some(value.into_owned())),
                _ => Err(client.failed(NOT_BEGUN, format!("`{name}` came back twice"))),
            }
        };
        let not_begun = |log: &str| client.failed(NOT_BEGUN, log);
        let state = said("state")?.ok_or_else(|| not_begun("no `state` came back"))?;
        let cookie_name = names.login_cookie(&state, browser.secure);
        let text = cookie::value(&request.headers, &cookie_name).unwrap_or_default();
        let login = text.and_then(Login::parse).ok_or_else(|| not_begun("this browser has no such login under way"))?;
        if login.state() != state {
            return Err(not_begun("`state` is not that of the browser's login"));
        }
        if login.is_over(cx.ports.clock.now_ms()) {
            return Err(not_begun("the login took too long"));
        }
        let provider = client.provider(cx.ports).await?;
        match said("iss")? {
            Some(iss) if iss != client.issuer => return Err(not_begun("`iss` is another provider")),
            None if provider.says_iss => return Err(not_begun("the provider says `iss` always, and none came back")),
            _ => {}
        }
        if let Some(error) = said("error")? {
            return Err(client.failed(NOT_FINISHED, format!("the provider says {}", token_answer::code(&error))));
        }
        let code = said("code")?.filter(|code| !code.is_empty()).ok_or_else(|| not_begun("no `code` came back"))?;
        let first = cx.ports.replay.first_time(&names.space("state"), &state, login.until_ms()).await;
        if !first.map_err(|error| client.outage(error.to_string()))? {
            return Err(not_begun("this login came back before"));
        }
        let session = client.redeem(cx.ports, &login, &code, &self.redirect_uri(browser)).await?;

        let mut random = [0; 32];
        cx.ports.entropy.fill(&mut random);
        let id = SessionId::new(random);
        let name = names.session(&id);
        let (subject, until_ms) = (session.subject.clone(), session.until_ms);
        let sid = session.claims.get("sid").and_then(|sid| sid.as_str()).map(str::to_owned);
        // Known to the indexes first: a session that the provider cannot end must not be.
        let mut indexes = vec![names.of_subject(&subject)];
        indexes.extend(sid.map(|sid| names.of_sid(&sid)));
        for index in indexes {
            let added = cx.ports.sessions.index(&index, &session_index::Ask::Add(name.clone(), until_ms)).await;
            added.map_err(|error| client.outage(error.to_string()))?;
        }
        match self.ask(cx, &name, Ask::Open(Box::new(session))).await? {
            Answer::Opened => {}
            other => return Err(GatewayError::Internal { log: format!("{}: a new session answers {other:?}", self.id) }),
        }
        if let Some(old) = &browser.session {
            self.end_later(cx.ports, names.session(old));
        }
        let mut response = redirect(&login.deep_link);
        let session = cookie::set(&names.session_cookie(browser.secure), &id.text(), None, browser.secure);
        let done = cookie::set(&cookie_name, "", Some(0), browser.secure);
        set(&mut response, session.into_iter().chain(done));
        Ok(response)
    }

    /// Ends the browser's session, and sends the browser on to the provider to end that one's (RP-Initiated Logout 1.0 section 2).
    async fn logout(&self, cx: &mut Exchange<'_>, request: &Request, browser: &Browser) -> Result<Response, GatewayError> {
        let Checked { client, names, after_logout, .. } = &*self.checked;
        let mut id_token = None;
        if let Some(id) = &browser.session {
            let name = names.session(id);
            self.copies.borrow_mut().forget(&name);
            if let Answer::Ended(text) = self.ask(cx, &name, Ask::End).await? {
                id_token = Some(text);
            }
        }
        let shows_pages = request.header("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
        let home = after_logout.as_ref().map(|path| format!("{}{path}", browser.origin));
        let mut response = match (self.end_session_endpoint(client, cx).await, id_token) {
            // Who asks by a script gets no tokens, and could not follow to another origin.
            _ if !shows_pages => Response::empty(StatusCode::NO_CONTENT),
            (Some(endpoint), Some(id_token)) => {
                let mut form = String::new();
                query::push(&mut form, "id_token_hint", &id_token);
                query::push(&mut form, "client_id", client.client_id());
                if let Some(home) = &home {
                    query::push(&mut form, "post_logout_redirect_uri", home);
                }
                redirect(&with_query(&endpoint, &form))
            }
            _ => match &home {
                Some(home) => redirect(home),
                None => page(BYE_PAGE),
            },
        };
        response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let gone = cookie::set(&names.session_cookie(browser.secure), "", Some(0), browser.secure);
        set(&mut response, gone);
        Ok(response)
    }

    /// The session here has ended already; a provider that cannot be asked does not bring it back.
    async fn end_session_endpoint(&self, client: &Client, cx: &mut Exchange<'_>) -> Option<String> {
        match client.provider(cx.ports).await {
            Ok(provider) => provider.end_session_endpoint.clone(),
            Err(error) => {
                cx.record.note(format!("{}: logged out here alone: {}", self.id, error.verdict().log));
                None
            }
        }
    }

    /// The provider ends sessions by itself (Back-Channel Logout 1.0, sections 2.5 to 2.8).
    async fn logout_from_elsewhere(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Response, GatewayError> {
        let Checked { client, names, .. } = &*self.checked;
        let form = request.body.read(MAX_FORM).await.map_err(|_| client.failed(NO_LOGOUT, "the form cannot be read"))?;
        let form = String::from_utf8_lossy(&form);
        let mut tokens = query::pairs(&form).filter(|(name, _)| name == "logout_token");
        let (Some((_, text)), None) = (tokens.next(), tokens.next()) else {
            return Err(client.failed(NO_LOGOUT, "the form does not have one `logout_token`"));
        };
        let token = client.logout_token(cx.ports, &text).await?;
        let outage = |error: crate::ports::PortError| client.outage(error.to_string());
        if !cx.ports.replay.first_time(&names.space("logout"), &token.id, token.until_ms).await.map_err(outage)? {
            return Err(client.failed(NO_LOGOUT, "the logout token was used before"));
        }
        let index = match (&token.sid, &token.subject) {
            (Some(sid), _) => names.of_sid(sid),
            (None, Some(subject)) => names.of_subject(subject),
            (None, None) => return Err(client.failed(NO_LOGOUT, "the logout token names nobody")),
        };
        if let session_index::Answer::Names(found) = cx.ports.sessions.index(&index, &session_index::Ask::Take).await.map_err(outage)? {
            for name in found {
                self.copies.borrow_mut().forget(&name);
                cx.ports.sessions.session(&name, &Ask::End).await.map_err(outage)?;
            }
        }
        let mut response = Response::empty(StatusCode::OK);
        response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    fn end_later(&self, ports: &Ports, name: String) {
        self.copies.borrow_mut().forget(&name);
        let sessions = ports.sessions.clone();
        ports.background.spawn(Box::pin(async move {
            // One that cannot be ended now ends when it has lain idle.
            let _ = sessions.session(&name, &Ask::End).await;
        }));
    }
}

/// Whether a person followed a link of the gateway's own origin: another site cannot make a browser say so, nor can an image or a
/// browser that fetches ahead.
fn is_click(request: &Request) -> bool {
    let says = |name: &str, value: &str| request.header(name) == Some(value);
    fetch_metadata::site(&request.headers) == Some(Site::SameOrigin)
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-user", "?1")
        && !fetch_metadata::is_prefetch(&request.headers)
}

fn page(text: &'static str) -> Response {
    let mut response = Response::full(StatusCode::OK, "text/html; charset=utf-8", text);
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ] {
        response.headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
