//! `Cache-Status`: what the cache did, for whoever reads a response (RFC 9211).

/// Why a request went to the origin (RFC 9211 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forward {
    /// The cache does not take such requests.
    Bypass,
    /// The method changes things.
    Method,
    /// Nothing is stored for this URI.
    UriMiss,
    /// Something is stored, but not for these header fields.
    VaryMiss,
    /// Something is stored, but the request's own `Cache-Control` does not accept it.
    Request,
    /// Something is stored, but it is no longer fresh.
    Stale,
}

impl Forward {
    /// The value of the `fwd` parameter.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Request => "request",
            Self::Stale => "stale",
        }
    }
}

/// The field's value for a stored response that stays fresh for `ttl_s` seconds yet.
pub fn hit(cache: &str, ttl_s: u64) -> String {
    format!("{}; hit; ttl={ttl_s}", item(cache))
}

/// The field's value for a response of the origin, which is being stored, or not, for a reason where there is one to tell.
pub fn forwarded(cache: &str, forward: Forward, stored: Result<(), Option<&str>>) -> String {
    let begin = format!("{}; fwd={}", item(cache), forward.word());
    match stored {
        Ok(()) => begin + "; stored",
        Err(None) => begin,
        Err(Some(reason)) => format!("{begin}; detail={}", string(reason)),
    }
}

/// The cache's name as a Token where it is one and as a String otherwise (RFC 9651 section 3.3).
fn item(name: &str) -> String {
    let token = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte));
    if token {
        return name.to_owned();
    }
    string(name)
}

/// A String without what it would have to escape.
fn string(text: &str) -> String {
    let plain: String = text.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect();
    format!("\"{plain}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_says_what_happened() {
        assert_eq!(hit("archway", 58), "archway; hit; ttl=58");
        assert_eq!(forwarded("archway", Forward::UriMiss, Ok(())), "archway; fwd=uri-miss; stored");
        assert_eq!(forwarded("archway", Forward::Bypass, Err(None)), "archway; fwd=bypass");
        let told = forwarded("archway", Forward::Request, Err(Some("the response forbids it")));
        assert_eq!(told, "archway; fwd=request; detail=\"the response forbids it\"");
        assert_eq!(hit("The \"edge\"", 1), "\"The edge\"; hit; ttl=1");
        assert_eq!(hit("7up", 1), "\"7up\"; hit; ttl=1");
    }
}
