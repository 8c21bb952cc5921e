//! What one request carries along its way: ids, client, identity, route, and what the record will say.

use std::cell::OnceCell;
use std::net::IpAddr;
use std::rc::Rc;

use crate::auth::csrf;
use crate::auth::identity::Identity;
use crate::caching;
use crate::config::runtime::Settings;
use crate::config::template::{Part, Template};
use crate::error::Challenge;
use crate::gateway::Incoming;
use crate::http::edge::{EdgeFacts, EdgeSource};
use crate::http::forwarded::CertificateFields;
use crate::http::{HeaderName, HeaderValue, Method, Request, Response, Target, address};
use crate::observe::record::Record;
use crate::observe::trace::{self, TraceContext};
use crate::policies::guessing::Attempts;
use crate::ports::Ports;
use crate::routing::Route;

/// What the platform knows of the client's connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// The peer's address, as the edge or the server says; never from a header that a client may set.
    pub address: Option<IpAddr>,
    /// The protocol, as OpenTelemetry's `network.protocol.version`: `1.1`, `2`, `3`.
    pub protocol: Option<String>,
}

/// Whether a browser may be sent to log in, by a policy that could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// It may.
    Now,
    /// Not before other proofs were looked for: a policy that would says [`Login::Wanted`], and that there is no proof.
    Later,
    /// A policy would.
    Wanted,
}

/// One request's context.
pub struct Exchange<'a> {
    /// What is outside.
    pub ports: &'a Ports,
    /// What is shared by all routes.
    pub settings: &'a Settings,
    /// The request's id; in the reply and the record, always.
    pub request_id: String,
    /// The trace.
    pub trace: TraceContext,
    /// The client's connection; behind trusted proxies its address is the one that they report.
    pub client: Connection,
    /// The address at the other end of the connection: the client, or the nearest proxy.
    pub peer: Option<IpAddr>,
    /// What the edge knows of the connection besides; see [`Exchange::edge`].
    edge: (EdgeSource, OnceCell<EdgeFacts>),
    /// Whether the browser may have added a proof of identity by itself ([`csrf::is_ambient`]), as the request came: policies take proofs
    /// out of it.
    pub ambient: bool,
    /// When the request came, in milliseconds since the epoch.
    pub started_ms: u64,
    /// Method and target as they came, normalised but not rewritten.
    pub method: Method,
    /// See [`Exchange::method`]; `None` until the target has been read.
    pub target: Option<Target>,
    /// The route, once found.
    pub route: Option<Rc<Route>>,
    /// Path parameters by name, as they stand in the path, in the order of the template.
    pub params: Vec<(String, String)>,
    /// Who is calling, once established.
    pub identity: Option<Identity>,
    /// What was said of a client certificate in header fields; believed only by a policy that knows who said it.
    pub certificates: CertificateFields,
    /// The proofs that the policy at work has tried; see [`crate::policies::guessing`].
    pub attempts: Attempts,
    /// Ids of the policies within `any_of` and `all_of` that established it, or answered.
    pub proofs: Vec<Rc<str>>,
    /// Whether a browser may be sent to log in.
    pub login: Login,
    /// How the caller could prove who it is, where `any_of` let it pass without.
    pub challenges: Vec<Challenge>,
    /// The largest body, in bytes, that may go to the origin; what is longer breaks off as it streams.
    pub body_max: Option<u64>,
    /// What the record will say.
    pub record: Record,
    /// What the cache waits for in the response phase.
    pub cache: Option<caching::Pending>,
    /// Whether the policy that runs is only to say what it would do: it leaves bodies alone.
    pub reports: bool,
    /// Header fields that the response will carry, whoever answers: set by policies in the request phase. They replace those of
    /// the same name in the response; where several have one name, all of them go out.
    pub reply_headers: Vec<(HeaderName, HeaderValue)>,
}

impl<'a> Exchange<'a> {
    /// Begins: the ids are made, nothing is decided yet.
    pub fn begin(ports: &'a Ports, settings: &'a Settings, incoming: &Incoming) -> Self {
        let traceparent = incoming.headers.get("traceparent").and_then(|value| value.to_str().ok());
        let peer = incoming.client.address.map(|address| address.to_canonical());
        let mut client = incoming.client.clone();
        client.address = address::client(peer, &incoming.headers, &settings.client.trusted_proxies);
        let mut random = [0u8; 16];
        ports.entropy.fill(&mut random);
        Self {
            ports,
            settings,
            request_id: trace::hex(&random),
            trace: TraceContext::continue_or_begin(traceparent, &*ports.entropy),
            client,
            peer,
            edge: (incoming.edge.clone(), OnceCell::new()),
            ambient: csrf::is_ambient(&incoming.headers),
            started_ms: ports.clock.now_ms(),
            method: incoming.method.clone(),
            target: None,
            route: None,
            params: Vec::new(),
            identity: None,
            certificates: CertificateFields::default(),
            attempts: Attempts::default(),
            proofs: Vec::new(),
            login: Login::Now,
            challenges: Vec::new(),
            body_max: None,
            record: Record::default(),
            cache: None,
            reports: false,
            reply_headers: Vec::new(),
        }
    }

    /// What the edge knows of the connection. A policy that asks has said so in [`crate::config::compiler::Needs::edge`].
    pub fn edge(&self) -> &EdgeFacts {
        let (source, facts) = &self.edge;
        facts.get_or_init(|| source.read())
    }

    /// Who is calling, where somebody has proved it: an anonymous identity is nobody's.
    pub fn caller(&self) -> Option<&Identity> {
        self.identity.as_ref().filter(|identity| !identity.is_anonymous())
    }

    /// Milliseconds since the request came.
    pub fn elapsed_ms(&self) -> u64 {
        self.ports.clock.now_ms().saturating_sub(self.started_ms)
    }

    /// Puts what every reply carries on a response: in place of what the origin said, and together where several policies say
    /// something in one field.
    pub fn sign(&mut self, response: &mut Response) {
        for (name, _) in &self.reply_headers {
            response.headers.remove(name);
        }
        for (name, value) in self.reply_headers.drain(..) {
            response.headers.append(name, value);
        }
        if let Ok(id) = HeaderValue::try_from(self.request_id.as_str()) {
            response.headers.insert("x-request-id", id);
        }
    }

    /// A path parameter by name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Fills a template in from this exchange; `None` where something it reads is absent.
    pub fn render(&self, template: &Template, request: &Request) -> Option<String> {
        template.render(|part| self.part(part, &request.target))
    }

    /// The value of one part of a template, of a request with this target; `None` where it is absent.
    pub fn part(&self, part: &Part, target: &Target) -> Option<String> {
        match part {
            Part::Text(text) => Some(text.clone()),
            Part::Param(name) => self.param(name).map(str::to_owned),
            Part::Path => Some(target.path.clone()),
            Part::Claim(path) => self.identity.as_ref()?.claim_text(path),
            Part::RequestId => Some(self.request_id.clone()),
            Part::ClientIp => self.client.address.map(|address| address.to_string()),
            Part::Host => Some(target.host().to_owned()),
            Part::Method => Some(self.method.to_string()),
            Part::Query => Some(target.query.clone().unwrap_or_default()),
            Part::Route => self.route.as_ref().map(|route| route.id.to_string()),
            Part::Api => self.route.as_ref().map(|route| route.api.to_string()),
        }
    }
}
