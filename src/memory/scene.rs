//! One request and everything around it, for the tests of policies and origins.

use super::Outside;
use crate::config::compiler::{Compiler, ConfigError};
use crate::config::runtime::Settings;
use crate::exchange::{Connection, Exchange};
use crate::gateway::Incoming;
use crate::http::edge::EdgeSource;
use crate::http::{Body, HeaderMap, HeaderName, HeaderValue, Method, Request, Target};
use crate::ports::Ports;

/// A request that is about to meet one policy or one origin.
pub struct Scene {
    /// What is outside.
    pub outside: Outside,
    /// The same as ports.
    pub ports: Ports,
    /// The defaults.
    pub settings: Settings,
    /// The request as the platform would hand it over.
    pub incoming: Incoming,
}

impl Scene {
    /// A request from 192.0.2.7 at the epoch.
    ///
    /// # Panics
    /// Where the method, a header field or the URL is malformed.
    #[allow(clippy::expect_used, reason = "only tests set scenes")]
    pub fn of(method: &str, url: &str, fields: &[(&str, &str)]) -> Self {
        let outside = Outside::at(0);
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::try_from(*name).expect("a name"), HeaderValue::try_from(*value).expect("a value"));
        }
        let client = Connection { address: Some([192, 0, 2, 7].into()), protocol: Some("2".to_owned()) };
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let incoming = Incoming { method, url: url.to_owned(), headers, body: Body::Empty, client, edge: EdgeSource::default() };
        Self { ports: outside.ports(), outside, settings: Settings::default(), incoming }
    }

    /// The same, with what the edge says of the connection: JSON as `request.cf` has it.
    pub fn seen_by_the_edge(mut self, facts: &'static str) -> Self {
        self.incoming.edge = EdgeSource::new(move || Some(facts.to_owned()));
        self
    }

    /// The request's context; its target is read.
    pub fn exchange(&self) -> Exchange<'_> {
        let mut cx = Exchange::begin(&self.ports, &self.settings, &self.incoming);
        cx.target = Some(self.target());
        cx
    }

    /// The request without a body.
    pub fn request(&self) -> Request {
        let Incoming { method, headers, .. } = &self.incoming;
        Request { method: method.clone(), target: self.target(), headers: headers.clone(), body: Body::Empty }
    }

    /// Compiles a policy's or an origin's `Config`, written in TOML.
    ///
    /// # Errors
    /// What TOML or `compile` say.
    pub fn compile<C, P>(&self, toml: &str, compile: fn(C, &mut Compiler<'_>) -> Result<P, ConfigError>) -> Result<P, String>
    where
        C: serde::de::DeserializeOwned,
    {
        let config = toml::from_str(toml).map_err(|error| error.message().to_owned())?;
        compile(config, &mut Compiler::new(&*self.outside.environment, "a.b", "A")).map_err(|error| error.to_string())
    }

    /// Holds that the TOML of each row is refused, for a reason that has the row's second text in it.
    ///
    /// # Panics
    /// Where one is taken, or refused for another reason.
    pub fn refuses<C, P>(rows: &[(&str, &str)], compile: fn(C, &mut Compiler<'_>) -> Result<P, ConfigError>)
    where
        C: serde::de::DeserializeOwned,
    {
        let scene = Self::of("GET", "https://api.example/", &[]);
        for (toml, reason) in rows {
            let error = scene.compile(toml, compile).err().unwrap_or_default();
            assert!(error.contains(reason), "{toml}: expected {reason:?}, got {error:?}");
        }
    }

    #[allow(clippy::expect_used, reason = "only tests set scenes")]
    fn target(&self) -> Target {
        Target::parse(&self.incoming.url, self.settings.encoded_slash).expect("a URL")
    }
}
