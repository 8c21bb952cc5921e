//! Host and port of a URL in one spelling (RFC 3986 section 3.2).

use std::net::Ipv6Addr;

/// The longest name that DNS carries, in bytes (RFC 1035 section 2.3.4).
const LONGEST_HOST: usize = 253;

/// An authority in lower case, without the scheme's default port and without the dot that may end a host's name.
///
/// # Errors
/// What is wrong, for the client: user information, an empty or malformed host, a port that is not one.
pub fn normalise(scheme: &str, authority: &str) -> Result<String, &'static str> {
    if authority.contains('@') {
        return Err("The URL has user information before its host.");
    }
    let port_colon = match authority.rfind(']') {
        Some(bracket) => authority.get(bracket..).and_then(|rest| rest.find(':')).map(|at| bracket + at),
        None => authority.find(':'),
    };
    let (host, port) = match port_colon.and_then(|at| authority.split_at_checked(at)) {
        Some((host, port)) => (host, port.strip_prefix(':').unwrap_or_default()),
        None => (authority, ""),
    };
    let mut normal = normalise_host(host)?;
    if !port.is_empty() {
        let all_digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let number: u16 = port.parse().ok().filter(|_| all_digits).ok_or("The URL has a port that is not a number up to 65535.")?;
        if !matches!((scheme, number), ("http", 80) | ("https", 443)) {
            normal.push_str(&format!(":{number}"));
        }
    }
    Ok(normal)
}

/// A host's name or address in lower case; IPv6 in brackets and in the spelling of RFC 5952.
///
/// # Errors
/// What is wrong, for the client.
pub fn normalise_host(host: &str) -> Result<String, &'static str> {
    if let Some(literal) = host.strip_prefix('[') {
        let address: Option<Ipv6Addr> = literal.strip_suffix(']').and_then(|address| address.parse().ok());
        return address.map(|address| format!("[{address}]")).ok_or("The host is in brackets and not an IPv6 address.");
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.is_empty() {
        return Err("The URL has no host.");
    }
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if name.len() > LONGEST_HOST || !name.split('.').all(is_label) {
        return Err("The host is not a name that DNS could carry.");
    }
    Ok(name.to_ascii_lowercase())
}

/// The host of a normalised authority, without its port.
pub fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(scheme: &str, authority: &str, expect: Result<(&str, &str), &str>) {
        let got = normalise(scheme, authority);
        match expect {
            Ok((normal, host)) => {
                assert_eq!(got.as_deref(), Ok(normal), "{authority}");
                assert_eq!(host_of(normal), host, "{authority}");
            }
            Err(part) => assert!(got.as_ref().is_err_and(|reason| reason.contains(part)), "{authority}: {got:?}"),
        }
    }

    #[test]
    fn every_spelling_has_one_form() {
        check("https", "api.example.com", Ok(("api.example.com", "api.example.com")));
        check("https", "API.Example.COM:443", Ok(("api.example.com", "api.example.com")));
        check("http", "a.example:80", Ok(("a.example", "a.example")));
        check("http", "a.example:0080", Ok(("a.example", "a.example")));
        check("http", "a.example:443", Ok(("a.example:443", "a.example")));
        check("http", "a.example:", Ok(("a.example", "a.example")));
        check("http", "a.example.:8080", Ok(("a.example:8080", "a.example")));
        check("http", "127.0.0.1:8787", Ok(("127.0.0.1:8787", "127.0.0.1")));
        check("http", "[::1]", Ok(("[::1]", "[::1]")));
        check("http", "[0:0:0:0:0:0:0:1]:8787", Ok(("[::1]:8787", "[::1]")));
        check("http", "[2001:DB8::1]:80", Ok(("[2001:db8::1]", "[2001:db8::1]")));
        check("http", "user@a.example", Err("user information"));
        check("http", "user:pass@a.example:80", Err("user information"));
        check("http", "", Err("no host"));
        check("http", ":80", Err("no host"));
        check("http", ".", Err("no host"));
        check("http", "a..example", Err("not a name"));
        check("http", "a.example..", Err("not a name"));
        check("http", "a b", Err("not a name"));
        check("http", "a%2eb", Err("not a name"));
        check("http", "a\\b", Err("not a name"));
        check("http", "*.example.com", Err("not a name"));
        check("http", "a.example:8a", Err("port"));
        check("http", "a.example:+80", Err("port"));
        check("http", "a.example:65536", Err("port"));
        check("http", "a.example:80:80", Err("port"));
        check("http", "[::1", Err("IPv6"));
        check("http", "[::1]x:80", Err("IPv6"));
        check("http", "[fe80::1%25eth0]", Err("IPv6"));
        check("http", "::1", Err("no host"));
        check("http", &"a".repeat(254), Err("not a name"));
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own(authority in "([a-zA-Z0-9._-]{1,12}|\\[[0-9a-f:]{2,8}\\])(:[0-9]{0,5})?") {
            if let Ok(normal) = normalise("https", &authority) {
                prop_assert_eq!(normalise("https", &normal), Ok(normal));
            }
        }

        #[test]
        fn no_authority_breaks_the_rule(authority in ".{0,40}") {
            let _ = normalise("http", &authority).map(|normal| host_of(&normal).len());
        }
    }
}
