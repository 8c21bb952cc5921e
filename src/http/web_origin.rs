//! Web origins: scheme, host and port in one spelling (RFC 6454 section 4).

use std::net::Ipv4Addr;

use super::{Request, authority};

/// An origin of `http` or `https`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host and port in the spelling of [`authority::normalise`].
    pub authority: String,
}

impl WebOrigin {
    /// The origin that a browser sees this request go to. Its host is the request's own. Its scheme is the request's own too, unless a
    /// trusted proxy says another one: `X-Forwarded-Proto` of anybody else was removed before the policies.
    pub fn of(request: &Request) -> Self {
        let forwarded = request.header("x-forwarded-proto").map(|value| value.split(',').next().unwrap_or_default().trim());
        let scheme = match forwarded {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => "http",
            _ => request.target.scheme,
        };
        // The default port of one scheme may be that of the other's URL.
        let authority = authority::normalise(scheme, &request.target.authority).unwrap_or_else(|_| request.target.authority.clone());
        Self { scheme, authority }
    }

    /// Reads a serialised origin, such as `https://app.example:8443`; nothing may follow it.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        Self::from_parts(scheme, rest)
    }

    /// The origin of an absolute URL.
    pub fn of_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        Self::from_parts(scheme, rest.split(['/', '?', '#', '\\']).next().unwrap_or_default())
    }

    fn from_parts(scheme: &str, authority: &str) -> Option<Self> {
        let scheme = match scheme {
            scheme if scheme.eq_ignore_ascii_case("https") => "https",
            scheme if scheme.eq_ignore_ascii_case("http") => "http",
            _ => return None,
        };
        Some(Self { scheme, authority: authority::normalise(scheme, authority).ok()? })
    }

    /// Whether this machine talks to itself: `localhost`, 127.0.0.0/8 or `::1`.
    pub fn is_loopback(&self) -> bool {
        let host = authority::host_of(&self.authority);
        let four: Option<Ipv4Addr> = host.parse().ok();
        host == "localhost" || host.ends_with(".localhost") || host == "[::1]" || four.is_some_and(|address| address.is_loopback())
    }

    /// Whether nobody between the browser and here can read or change what is sent: https, or this machine alone.
    pub fn is_private(&self) -> bool {
        self.scheme == "https" || self.is_loopback()
    }
}

impl std::fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;

    #[test]
    fn origins_have_one_spelling() {
        for (text, expect) in [
            ("https://App.Example", Some("https://app.example")),
            ("HTTPS://app.example:443", Some("https://app.example")),
            ("http://app.example:443", Some("http://app.example:443")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("https://app.example/", None),
            ("https://app.example?x", None),
            ("https://u@app.example", None),
            ("ftp://app.example", None),
            ("app.example", None),
            ("null", None),
            ("", None),
        ] {
            assert_eq!(WebOrigin::parse(text).map(|origin| origin.to_string()).as_deref(), expect, "{text}");
        }
        for (url, expect) in [
            ("https://app.example/a?b#c", Some("https://app.example")),
            ("https://app.example?https://evil.example", Some("https://app.example")),
            ("https://evil.example\\@app.example/", Some("https://evil.example")),
            ("https://app.example@evil.example/", None),
            ("about:client", None),
        ] {
            assert_eq!(WebOrigin::of_url(url).map(|origin| origin.to_string()).as_deref(), expect, "{url}");
        }
    }

    #[test]
    fn only_https_and_this_machine_are_private() {
        for (text, private) in [
            ("https://app.example", true),
            ("http://localhost:8787", true),
            ("http://app.localhost", true),
            ("http://127.8.8.8", true),
            ("http://[::1]", true),
            ("http://app.example", false),
            ("http://localhost.example", false),
            ("http://128.0.0.1", false),
        ] {
            assert_eq!(WebOrigin::parse(text).is_some_and(|origin| origin.is_private()), private, "{text}");
        }
    }

    #[test]
    fn a_request_goes_to_the_origin_that_its_browser_sees() {
        for (url, proto, expect) in [
            ("https://app.example/a", None, "https://app.example"),
            ("http://app.example:8080/a", None, "http://app.example:8080"),
            ("http://app.example/a", Some("https"), "https://app.example"),
            ("http://app.example/a", Some("HTTPS, http"), "https://app.example"),
            ("http://app.example/a", Some("gopher"), "http://app.example"),
        ] {
            let fields: Vec<(&str, &str)> = proto.map(|proto| ("x-forwarded-proto", proto)).into_iter().collect();
            assert_eq!(WebOrigin::of(&Scene::of("GET", url, &fields).request()).to_string(), expect, "{url} {proto:?}");
        }
    }
}
