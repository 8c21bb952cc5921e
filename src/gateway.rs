//! A request's whole life, on one page.

use std::rc::Rc;

use crate::config::compiler::Compiler;
use crate::config::packed;
use crate::config::runtime::{self, Settings};
use crate::error::GatewayError;
use crate::exchange::{Connection, Exchange};
use crate::http::edge::EdgeSource;
use crate::http::{HeaderName, Method, Request, Response, Target, forwarded, header, intake, problem};
use crate::observe::recorder::Recorder;
use crate::policies::Flow;
use crate::policies::guard::{Chain, Guarded};
use crate::policies::guessing::{Guessing, SharedTallies};
use crate::ports::Ports;
use crate::ports::committed::Committed;
use crate::routing::table::{Found, Table};

/// A loaded gateway: plain data and compiled policies, shared by all requests of an isolate.
pub struct Gateway {
    ports: Ports,
    settings: Settings,
    table: Table,
    identity_headers: Vec<HeaderName>,
    recorder: Rc<Recorder>,
    reads_edge: bool,
}

/// A request as the platform hands it over: the target is not yet read, so that a bad one gets its problem document too.
pub struct Incoming {
    /// Method, header fields and body; the target is filled in by the gateway.
    pub method: Method,
    /// The absolute URL as sent.
    pub url: String,
    /// All header fields.
    pub headers: crate::http::HeaderMap,
    /// The body.
    pub body: crate::http::Body,
    /// What is known of the client's connection.
    pub client: Connection,
    /// What the edge knows of it besides, where [`Gateway::reads_edge`] says that somebody asks.
    pub edge: EdgeSource,
}

impl Gateway {
    /// Loads the runtime form. A policy or origin that cannot be built (a variable is missing, say) refuses the requests of
    /// its routes; everything else serves.
    ///
    /// # Errors
    /// Where the document is not a runtime form of this version, or its routes contradict each other.
    pub fn load(text: &str, ports: Ports) -> Result<Self, String> {
        let (form, lines) = packed::unpack(text)?;
        if form.version != runtime::VERSION {
            return Err(format!("the compiled routes have version {}, this worker reads {}", form.version, runtime::VERSION));
        }
        let ports = match form.consumers_at.and_then(|at| lines.get(at..)) {
            Some(written) => Ports { consumers: Rc::new(Committed::written(written)), ..ports },
            None => ports,
        };
        let environment = ports.environment.clone();
        let realm = |api: Option<usize>| api.and_then(|api| form.apis.get(api)).map_or(form.settings.name.as_str(), |api| &api.title);
        let mut reads_edge = false;
        let tallies = SharedTallies::default();
        let policies: Vec<Rc<Guarded>> = form
            .policies
            .iter()
            .map(|policy| {
                let mut compiler = Compiler::new(&*environment, &policy.id, realm(policy.api));
                compiler.compiled = policy.compiled.as_deref();
                let compiled = policy.policy.compile(&mut compiler).map_err(|error| error.to_string());
                if let Some(when) = &policy.when {
                    when.add_needs(&mut compiler.needs);
                }
                reads_edge |= compiler.needs.edge;
                Rc::new(Guarded {
                    id: policy.id.as_str().into(),
                    kind: policy.policy.facts().name,
                    mode: policy.mode,
                    on_error: policy.on_error,
                    guessing: policy.failures.map(|rate| Guessing::new(rate, &tallies)),
                    when: policy.when.clone(),
                    policy: compiled,
                })
            })
            .collect();
        let origins: Vec<_> = form
            .origins
            .iter()
            .map(|origin| {
                let mut compiler = Compiler::new(&*environment, &origin.id, &form.settings.name);
                (Rc::<str>::from(origin.id.as_str()), origin.origin.compile(&mut compiler).map_err(|error| error.to_string()))
            })
            .collect();
        let identity_headers = form.identity_headers.iter().filter_map(|name| HeaderName::try_from(name).ok()).collect();
        let settings = form.settings.clone();
        let recorder = Rc::new(Recorder::of(&settings.record));
        let table = Table::build(&form, lines, policies, origins)?;
        Ok(Self { ports, settings, table, identity_headers, recorder, reads_edge })
    }

    /// Whether any policy asks what the edge knows of a connection: the platform need not keep it otherwise.
    pub fn reads_edge(&self) -> bool {
        self.reads_edge
    }

    /// Serves one request: exactly one response, exactly one record.
    pub async fn handle(&self, incoming: Incoming) -> Response {
        let mut cx = Exchange::begin(&self.ports, &self.settings, &incoming);
        let accept = incoming.headers.get(header::ACCEPT).cloned();
        let seen = self.recorder.see(&incoming.headers);
        let mut response = match self.serve(&mut cx, incoming).await {
            Ok(response) => response,
            Err(error) => problem::response(&mut cx, &error, accept.as_ref()),
        };
        cx.sign(&mut response);
        response.settle(&cx.method);
        self.recorder.write(cx, seen, &response);
        response
    }

    async fn serve(&self, cx: &mut Exchange<'_>, incoming: Incoming) -> Result<Response, GatewayError> {
        let mut request = self.admit(cx, incoming)?;
        let (found, chain, refusal) = self.find(&request)?;
        intake::bound_time(&self.settings.limits, cx.started_ms, &mut request);
        if !chain.iter().any(|guarded| guarded.limits_bodies()) {
            cx.body_max = intake::bound_size(&self.settings.limits, &request)?;
        }
        cx.params = found.params;
        if let Some(path) = found.path {
            request.target.path = path;
        }
        let route = cx.route.insert(found.route).clone();

        let mut entered = Vec::with_capacity(chain.len());
        let accept = request.headers.get(header::ACCEPT).cloned();
        let answer = run_request_phase(cx, &chain, &mut entered, &mut request).await;
        cx.record.policies_ms = Some(cx.elapsed_ms());
        let answer = match answer {
            Ok(Flow::Respond(response)) => Ok(response),
            Ok(Flow::Next) => match (refusal, &route.origin) {
                (Some(refusal), _) => Err(refusal),
                (None, Ok(origin)) => {
                    cx.record.origin = Some(route.origin_id.clone());
                    origin.call(cx, request).await
                }
                (None, Err(log)) => Err(GatewayError::Misconfigured { log: format!("{}: {log}", route.origin_id) }),
            },
            Err(error) => Err(error),
        };
        let mut response = answer.unwrap_or_else(|error| problem::response(cx, &error, accept.as_ref()));
        for guarded in entered.iter().rev() {
            if let Err(error) = guarded.on_response(cx, &mut response).await {
                response = problem::response(cx, &error, accept.as_ref());
            }
        }
        Ok(response)
    }

    /// Reads the target, holds the head against its limits, and removes what a client may not claim.
    fn admit(&self, cx: &mut Exchange<'_>, incoming: Incoming) -> Result<Request, GatewayError> {
        let Incoming { method, url, mut headers, body, .. } = incoming;
        let target = match Target::parse(&url, self.settings.encoded_slash) {
            Ok(target) => target,
            Err(error) => {
                cx.record.unread_url = Some(url);
                return Err(error);
            }
        };
        cx.target = Some(target.clone());
        intake::check_head(&self.settings.limits, &target, &headers)?;
        let peer_is_trusted = cx.peer.is_some_and(|peer| self.settings.client.trusted_proxies.iter().any(|proxy| proxy.contains(peer)));
        cx.certificates = forwarded::set_aside(&mut headers);
        forwarded::admit(&method, &mut headers, peer_is_trusted);
        if self.settings.method_override.refuses() && forwarded::names_other_method(&method, &headers) {
            return Err(GatewayError::bad_request("A header field names another method than the request's own."));
        }
        if forwarded::is_loop(&headers, &self.settings.name) {
            return Err(GatewayError::Loop);
        }
        forwarded::remove_every_spelling(&mut headers, &self.identity_headers);
        Ok(Request { method, target, headers, body })
    }

    /// The route and the chain that runs: all of the route's policies, or its `cors` alone for a preflight. Such a one never goes on
    /// to the origin, which may rely on the other policies: where `cors` does not answer, the refusal does.
    fn find(&self, request: &Request) -> Result<(Found, Chain, Option<GatewayError>), GatewayError> {
        let error = match self.table.find(&request.target, &request.method, &request.headers) {
            Ok(found) => {
                let chain = found.route.chain.clone();
                return Ok((found, chain, None));
            }
            Err(error) => error,
        };
        let preflight = || {
            let wanted = forwarded::preflight_method(request)?;
            let found = self.table.find(&request.target, &wanted, &request.headers).ok()?;
            let cors = found.route.chain.iter().find(|guarded| guarded.kind == "cors")?.clone();
            Some((found, Rc::from([cors])))
        };
        match preflight() {
            Some((found, chain)) => Ok((found, chain, Some(error))),
            None => Err(error),
        }
    }
}

async fn run_request_phase(
    cx: &mut Exchange<'_>,
    chain: &[Rc<Guarded>],
    entered: &mut Vec<Rc<Guarded>>,
    request: &mut Request,
) -> Result<Flow, GatewayError> {
    let last_limit = chain.iter().rposition(|guarded| guarded.limits_bodies());
    for (index, guarded) in chain.iter().enumerate() {
        if guarded.is_for(cx, request)? {
            entered.push(guarded.clone());
            if let Flow::Respond(response) = guarded.on_request(cx, request).await? {
                return Ok(Flow::Respond(response));
            }
        }
        // Where no limit of the route's own was for this request, the gateway's is, from here on.
        if last_limit == Some(index) && !entered.iter().any(|entered| entered.limits_bodies()) {
            cx.body_max = intake::bound_size(&cx.settings.limits, request)?;
        }
    }
    Ok(Flow::Next)
}
