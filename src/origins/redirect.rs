//! Sends the client elsewhere (RFC 9110 section 15.4).

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Compiler, ConfigError, Exchange, GatewayError, Origin, Request, Response};
use crate::config::template::{Part, Template};
use crate::http::{HeaderValue, StatusCode, header, path_template};

/// `redirect = { to = "https://www.example.com{path}" }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to: a URL whose host is written out (or `{host}`), or a path. A template: `{path}`, `{id}`, `${NAME}`.
    pub to: String,
    /// 301, 302, 303, 307 or 308. 308 where absent: permanent, and the method stays.
    #[serde(default = "permanent")]
    pub status: u16,
    /// Whether the client's query is kept.
    #[serde(default = "yes")]
    pub keep_query: bool,
}

fn permanent() -> u16 {
    308
}

fn yes() -> bool {
    true
}

/// The redirect, checked: no value of a request can choose its host.
pub struct Redirect {
    to: Template,
    status: StatusCode,
    keep_query: bool,
}

impl Redirect {
    /// # Errors
    /// Where the status is no redirect, or a value of the request could choose the host.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let status = StatusCode::from_u16(config.status)
            .ok()
            .filter(|status| matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308))
            .ok_or_else(|| ConfigError::at("status", format!("{} is no redirect; use 301, 302, 303, 307 or 308", config.status)))?;
        let to = compiler.template("to", &config.to)?;
        check(&to).map_err(|message| ConfigError::at("to", message))?;
        Ok(Self { to, status, keep_query: config.keep_query })
    }
}

/// The host must be written out, or be the one that the client named: an open redirect helps those who phish.
fn check(to: &Template) -> Result<(), String> {
    let mut parts = to.parts.iter();
    let (first, second) = (parts.next(), parts.next());
    for part in &to.parts {
        if let Part::Text(text) = part
            && let Some(c) = text.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`'))
        {
            return Err(format!("`{}` cannot stand in a URL; write it percent-encoded", c.escape_default()));
        }
    }
    let text = match first {
        Some(Part::Path) => return Ok(()),
        Some(Part::Text(text)) => text,
        _ => return Err("this begins with `https://`, `http://`, `/` or `{path}`".to_owned()),
    };
    let begins_a_path = |part: Option<&Part>| match part {
        None | Some(Part::Path) => true,
        Some(Part::Text(text)) => text.starts_with(['/', '?', '#']),
        Some(_) => false,
    };
    match text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) {
        Some("") if second == Some(&Part::Host) && begins_a_path(parts.next()) => Ok(()),
        Some("") => Err("the host is written out, or `{host}`".to_owned()),
        Some(rest) if rest.starts_with(['/', '?', '#']) || rest.contains('@') => Err("this names no host".to_owned()),
        Some(rest) if rest.contains(['/', '?', '#']) || begins_a_path(second) => Ok(()),
        Some(_) => Err("a placeholder right after the host could make another host of it; put a `/` between them".to_owned()),
        None if text.starts_with("//") || (text == "/" && second == Some(&Part::Path)) => {
            Err("this begins with `//`, which names another host".to_owned())
        }
        None if text.starts_with('/') => Ok(()),
        None => Err("this begins with `https://`, `http://`, `/` or `{path}`".to_owned()),
    }
}

#[async_trait(?Send)]
impl Origin for Redirect {
    async fn call(&self, cx: &mut Exchange<'_>, request: Request) -> Result<Response, GatewayError> {
        let refuse = |log: &str| GatewayError::Forbidden {
            challenge: None,
            detail: "What is known of the request makes no address to go to.",
            log: format!("redirect: {log}"),
        };
        let mut to = path_template::fill(cx, &self.to, &request).ok_or_else(|| refuse("a value is absent, empty, or has a slash in it"))?;
        if to.starts_with("//") {
            return Err(refuse("the path would name another host"));
        }
        if let Some(query) = request.target.query.as_deref().filter(|query| self.keep_query && !query.is_empty()) {
            let fragment = to.find('#').map(|at| to.split_off(at)).unwrap_or_default();
            to.push(if to.contains('?') { '&' } else { '?' });
            to.push_str(query);
            to.push_str(&fragment);
        }
        let location = HeaderValue::try_from(to).map_err(|_| refuse("a value cannot stand in a header field"))?;
        let mut response = Response::empty(self.status);
        response.headers.insert(header::LOCATION, location);
        Ok(response)
    }
}

#[cfg(test)]
mod tests;
