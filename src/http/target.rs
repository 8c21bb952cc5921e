//! A request's target in one normal form, so that matching and forwarding see the same path.

use crate::config::runtime::EncodedSlash;
use crate::error::GatewayError;

/// Scheme, authority, path and query of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `http` or `https`, as the client used it.
    pub scheme: &'static str,
    /// Host and port as sent, in lower case.
    pub authority: String,
    /// The normalised path; begins with `/`.
    pub path: String,
    /// The query without its `?`, as sent.
    pub query: Option<String>,
}

impl Target {
    /// Reads an absolute URL and normalises its path.
    ///
    /// # Errors
    /// [`GatewayError::BadRequest`] where the URL or its path cannot be right.
    pub fn parse(url: &str, _encoded_slash: EncodedSlash) -> Result<Self, GatewayError> {
        let (scheme, rest) = match url.split_once("://") {
            Some(("http", rest)) => ("http", rest),
            Some(("https", rest)) => ("https", rest),
            _ => return Err(GatewayError::bad_request("The URL is neither http nor https.")),
        };
        let rest = rest.split('#').next().unwrap_or(rest);
        let start = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(start);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        Ok(Self { scheme, authority: authority.to_ascii_lowercase(), path, query })
    }

    /// Bytes of path and query together.
    pub fn len(&self) -> usize {
        self.path.len() + self.query.as_ref().map_or(0, |query| query.len() + 1)
    }

    /// The host without a port.
    pub fn host(&self) -> &str {
        match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => &self.authority,
        }
    }

    /// Path and query as they are sent on.
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}
