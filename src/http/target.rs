//! A request's target in one normal form, so that matching and forwarding see the same path.

use super::{authority, path};
use crate::config::runtime::EncodedSlash;
use crate::error::GatewayError;

/// Scheme, authority, path and query of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `http` or `https`, as the client used it.
    pub scheme: &'static str,
    /// Host and port in one spelling ([`authority::normalise`]): lower case, no default port, no final dot.
    pub authority: String,
    /// The path in one spelling ([`path::normalise`]); begins with `/`, and keeps the client's trailing slash.
    pub path: String,
    /// The query without its `?`, as sent.
    pub query: Option<String>,
}

impl Target {
    /// Reads an absolute URL and normalises its authority and path. A fragment is dropped.
    ///
    /// # Errors
    /// [`GatewayError::BadRequest`] where the URL, its authority or its path cannot be right.
    pub fn parse(url: &str, encoded_slash: EncodedSlash) -> Result<Self, GatewayError> {
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => ("https", rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => ("http", rest),
            _ => return Err(GatewayError::bad_request("The URL is neither http nor https.")),
        };
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let start = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(start);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        if query.is_some_and(|query| query.bytes().any(|byte| byte.is_ascii_control())) {
            return Err(GatewayError::bad_request("The query has a control character."));
        }
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self {
            scheme,
            authority: authority::normalise(scheme, authority).map_err(GatewayError::bad_request)?,
            path: path::normalise(path, encoded_slash).map_err(|error| GatewayError::bad_request(error.reason()))?.into_owned(),
            query: query.map(str::to_owned),
        })
    }

    /// Bytes of path and query together.
    #[allow(clippy::len_without_is_empty, reason = "a target is never empty")]
    pub fn len(&self) -> usize {
        self.path.len() + self.query.as_ref().map_or(0, |query| query.len() + 1)
    }

    /// The host without a port; IPv6 in brackets.
    pub fn host(&self) -> &str {
        authority::host_of(&self.authority)
    }

    /// Path and query as they are sent on.
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(url: &str, expect: Result<(&str, &str, &str), &str>) {
        let got = Target::parse(url, EncodedSlash::Refuse);
        match (got, expect) {
            (Ok(target), Ok((scheme, authority, path_and_query))) => {
                assert_eq!((target.scheme, &*target.authority), (scheme, authority), "{url}");
                assert_eq!(target.path_and_query(), path_and_query, "{url}");
                assert_eq!(target.len(), path_and_query.len(), "{url}");
            }
            (Err(GatewayError::BadRequest { reason }), Err(part)) => assert!(reason.contains(part), "{url}: {reason}"),
            (got, _) => panic!("{url}: {got:?}"),
        }
    }

    #[test]
    fn urls_are_read() {
        check("https://a.example", Ok(("https", "a.example", "/")));
        check("HTTP://A.example:8080/x", Ok(("http", "a.example:8080", "/x")));
        check("https://a.example?q=1", Ok(("https", "a.example", "/?q=1")));
        check("https://a.example/x?", Ok(("https", "a.example", "/x?")));
        check("https://a.example/x?q=/../%2F#top?x", Ok(("https", "a.example", "/x?q=/../%2F")));
        check("https://a.example/%61/../b//c/?x", Ok(("https", "a.example", "/b/c/?x")));
        check("ftp://a.example/", Err("neither http nor https"));
        check("/x", Err("neither http nor https"));
        check("https://u@a.example/", Err("user information"));
        check("https://#x", Err("no host"));
        check("https://a.example/%2F", Err("%2F"));
        check("https://a.example/%0a", Err("control"));
        check("https://a.example/x?a\nb", Err("query"));
        check("https://a.example\\b/", Err("not a name"));
    }

    proptest! {
        #[test]
        fn no_url_breaks_the_reader(url in "(https?://)?.{0,60}") {
            let _ = Target::parse(&url, EncodedSlash::Keep).map(|target| target.host().len());
        }
    }
}
