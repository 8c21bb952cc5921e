//! Where another server is that the gateway asks in confidence: an issuer, a decision point.

use super::compiler::{Compiler, ConfigError};

/// The URL of a server, with its variables filled in. One that begins with a variable is the deployment's own affair; any other
/// must be https, or http on loopback.
///
/// # Errors
/// Where it is none of these, or a variable is missing.
pub fn resolve(field: &str, written: &str, compiler: &mut Compiler<'_>) -> Result<String, ConfigError> {
    let authority = |rest: &str| rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
    let wrong = |message: &str| Err(ConfigError::at(field, message));
    if !written.starts_with("${") {
        match written.split_once("://") {
            Some(("https" | "http", rest)) if authority(rest).is_empty() => return wrong("the URL has no host"),
            Some(("https" | "http", rest)) if authority(rest).contains('@') => return wrong("a URL with a password in it is not used"),
            Some(("https", _)) => {}
            Some(("http", rest)) if is_loopback(&authority(rest)) || authority(rest).contains("${") => {}
            Some(("http", _)) => return wrong("what comes over plain http may be anybody's; write https://"),
            _ => return wrong("it is not an absolute URL; write one such as \"https://issuer.example/\""),
        }
    }
    let url = compiler.text(field, written)?;
    if !url.starts_with("https://") && !url.starts_with("http://") {
        let message = "with its variables filled in, it is not an https URL";
        return Err(ConfigError { missing: variable(written), ..ConfigError::at(field, message) });
    }
    Ok(url)
}

/// The first variable of a text: what the deployment gave for it is what is wrong.
pub fn variable(written: &str) -> Option<String> {
    let (_, after) = written.split_once("${")?;
    after.split_once('}').map(|(name, _)| name.to_owned())
}

/// Whether a host, with or without a port, is this machine.
pub fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.to_ascii_lowercase();
    let four: Option<std::net::Ipv4Addr> = host.parse().ok();
    host == "localhost" || host.ends_with(".localhost") || host == "[::1]" || four.is_some_and(|address| address.is_loopback())
}
