//! The hosts of a route: an exact name, `*.example.com`, or every host.

use std::cmp::Reverse;

use crate::http::authority;

/// One host of a route, in the spelling of [`authority::normalise_host`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// This host alone.
    Exact(String),
    /// Every host that ends with a dot and this name: one label more or several.
    Wildcard(String),
}

/// How closely a host was named; the least is the closest and wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostRank {
    /// By its name.
    Exact,
    /// By a wildcard; the longer one is closer. Bytes of the wildcard's name.
    Wildcard(Reverse<usize>),
    /// By a route for every host.
    Every,
}

impl HostPattern {
    /// Reads `api.example.com`, `*.example.com`, `127.0.0.1` or `[::1]`.
    ///
    /// # Errors
    /// What is wrong, for whoever writes the routes file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, wildcard) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        if text == "*" {
            return Err("`*` is not a host; leave `hosts` away for every host".to_owned());
        }
        if name.contains('*') {
            return Err(format!("`{text}` has a `*` that is not its whole first label; write \"*.example.com\""));
        }
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        if !name.ends_with(']') && name.rsplit_once(':').is_some_and(|(_, port)| is_port(port)) {
            return Err(format!("`{text}` has a port; routes are for hosts on any port"));
        }
        let wrong = |_| format!("`{text}` is not a host; write a name such as \"api.example.com\" or \"*.example.com\"");
        let name = authority::normalise_host(name).map_err(wrong)?;
        match (wildcard, name.starts_with('[')) {
            (true, true) => Err(format!("`{text}` is a wildcard for an address; only names have one")),
            (true, false) => Ok(Self::Wildcard(name)),
            (false, _) => Ok(Self::Exact(name)),
        }
    }

    /// How closely this names `host`; `None` where it does not.
    pub fn rank(&self, host: &str) -> Option<HostRank> {
        match self {
            Self::Exact(name) => (name == host).then_some(HostRank::Exact),
            Self::Wildcard(name) => host
                .strip_suffix(name.as_str())
                .is_some_and(|labels| labels.len() > 1 && labels.ends_with('.'))
                .then_some(HostRank::Wildcard(Reverse(name.len()))),
        }
    }
}

/// The names under which wildcards for `host` may stand, the longest first.
pub fn parents(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(host.split_once('.').map(|(_, parent)| parent), |name| name.split_once('.').map(|(_, parent)| parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, host: &str, expect: Option<HostRank>) {
        assert_eq!(HostPattern::parse(pattern).unwrap().rank(host), expect, "{pattern} for {host}");
    }

    #[test]
    fn hosts_are_told_apart() {
        check("API.example.com.", "api.example.com", Some(HostRank::Exact));
        check("api.example.com", "example.com", None);
        check("*.example.com", "a.example.com", Some(HostRank::Wildcard(Reverse(11))));
        check("*.example.com", "a.b.example.com", Some(HostRank::Wildcard(Reverse(11))));
        check("*.example.com", "example.com", None);
        check("*.example.com", ".example.com", None);
        check("*.example.com", "badexample.com", None);
        check("[0::1]", "[::1]", Some(HostRank::Exact));
        assert!(HostRank::Exact < HostRank::Wildcard(Reverse(20)));
        assert!(HostRank::Wildcard(Reverse(20)) < HostRank::Wildcard(Reverse(5)));
        assert!(HostRank::Wildcard(Reverse(5)) < HostRank::Every);
        assert_eq!(parents("a.b.c").collect::<Vec<_>>(), ["b.c", "c"]);
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for (text, part) in [
            ("*", "leave `hosts` away"),
            ("a.*.com", "first label"),
            ("api*.example.com", "first label"),
            ("a.example:8080", "has a port"),
            ("*.[::1]", "wildcard for an address"),
            ("", "not a host"),
            ("https://a.example", "not a host"),
            ("a.example/x", "not a host"),
        ] {
            let got = HostPattern::parse(text);
            assert!(got.as_ref().is_err_and(|message| message.contains(part)), "{text}: {got:?}");
        }
    }
}
