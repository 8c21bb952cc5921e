//! Which origins a page may have: serialised origins (HTML standard, "origin"), compared byte by byte.

use std::str::FromStr;

use crate::http::authority;

/// One entry of `origins`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// `*`
    Any,
    /// This origin, or `null`.
    Exactly(String),
    /// `https://*.example.com:8443`: every host below one, with the same scheme and port.
    Below {
        /// `https://`
        scheme: String,
        /// `.example.com:8443`
        rest: String,
    },
}

impl Pattern {
    /// Whether a request's `Origin` is one of these.
    pub fn fits(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(exact) => exact == origin,
            Self::Below { scheme, rest } => {
                let below = origin.strip_prefix(scheme.as_str()).and_then(|host| host.strip_suffix(rest.as_str()));
                below.is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)))
            }
        }
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if text == "null" {
            return Ok(Self::Exactly(text.to_owned()));
        }
        let wrong = || format!("`{text}` is not an origin; write scheme, host and port, such as \"https://app.example.com\"");
        let (scheme, host) = text.split_once("://").ok_or_else(wrong)?;
        let (name, below) = host.strip_prefix("*.").map_or((host, false), |name| (name, true));
        let scheme = scheme.to_ascii_lowercase();
        if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
            return Err(wrong());
        }
        let normal = authority::normalise(&scheme, name).map_err(|_| wrong())?;
        Ok(if below {
            Self::Below { scheme: format!("{scheme}://"), rest: format!(".{normal}") }
        } else {
            Self::Exactly(format!("{scheme}://{normal}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_fit_only_as_they_are_written() {
        let rows = [
            ("*", "https://anything.example", true),
            ("null", "null", true),
            ("https://app.example.com", "null", false),
            ("https://app.example.com", "https://app.example.com", true),
            ("https://APP.example.com:443", "https://app.example.com", true),
            ("https://app.example.com", "http://app.example.com", false),
            ("https://app.example.com", "https://app.example.com:8443", false),
            ("https://app.example.com", "https://app.example.com.evil.example", false),
            ("https://*.example.com", "https://a.example.com", true),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://.example.com", false),
            ("https://*.example.com", "https://evilexample.com", false),
            ("https://*.example.com", "https://evil.example/.example.com", false),
            ("https://*.example.com", "https://u@evil.example.com", false),
            ("https://*.example.com:8443", "https://a.example.com:8443", true),
            ("https://*.example.com:8443", "https://a.example.com", false),
        ];
        for (pattern, origin, expect) in rows {
            assert_eq!(pattern.parse::<Pattern>().unwrap().fits(origin), expect, "{pattern} {origin}");
        }
        for wrong in ["app.example.com", "https://", "https://a/b", "https://a.*.example", "https://*", "://a", "https://a?b"] {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
        }
    }
}
