//! A fixed answer: status, header fields, and a text or a JSON body.

use std::collections::BTreeMap;

use super::{Compiler, ConfigError, Exchange, GatewayError, Origin, Request, Response};
use crate::http::{Body, HeaderMap, HeaderName, HeaderValue, StatusCode, forwarded, header};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// `static = { status = 200, json = { ok = true } }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The status; 200 where absent.
    #[serde(default = "ok")]
    pub status: u16,
    /// Header fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A text body; its type is `text/plain; charset=utf-8` unless `headers` says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// A JSON body; not together with `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<serde_json::Value>,
}

fn ok() -> u16 {
    200
}

/// The answer, ready to be copied.
pub struct Fixed {
    status: StatusCode,
    headers: HeaderMap,
    body: bytes::Bytes,
}

impl Fixed {
    /// # Errors
    /// Where the status or a header field is not one that HTTP allows, or there are two bodies.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let status = StatusCode::from_u16(config.status)
            .ok()
            .filter(|status| status.as_u16() >= 200 && status.as_u16() < 600)
            .ok_or_else(|| ConfigError::at("status", format!("{} is not a final status; those go from 200 to 599", config.status)))?;
        let (media_type, body) = match (config.body, config.json) {
            (Some(_), Some(_)) => return Err(ConfigError::at("json", "`body` and `json` exclude each other")),
            (Some(text), None) => (Some("text/plain; charset=utf-8"), compiler.text("body", &text)?),
            (None, Some(json)) => (Some("application/json"), json.to_string()),
            (None, None) => (None, String::new()),
        };
        let mut headers = HeaderMap::new();
        if let Some(media_type) = media_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        for (name, value) in &config.headers {
            let field = format!("headers.{name}");
            let value = compiler.text(&field, value)?;
            let name = HeaderName::try_from(name).map_err(|_| ConfigError::at(&field, format!("`{name}` is not a header field's name")))?;
            if forwarded::is_hop_by_hop(name.as_str()) || name == header::CONTENT_LENGTH {
                return Err(ConfigError::at(&field, format!("`{name}` belongs to the connection and is set by the server itself")));
            }
            let value = HeaderValue::try_from(value).map_err(|_| ConfigError::at(&field, "this is not a header field's value"))?;
            headers.insert(name, value);
        }
        Ok(Self { status, headers, body: body.into() })
    }
}

#[async_trait(?Send)]
impl Origin for Fixed {
    async fn call(&self, _: &mut Exchange<'_>, _: Request) -> Result<Response, GatewayError> {
        let body = if self.body.is_empty() { Body::Empty } else { Body::Full(self.body.clone()) };
        Ok(Response { status: self.status, headers: self.headers.clone(), body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MapEnvironment;

    fn check(toml: &str, expect: Result<(&str, &str), &str>) {
        let environment = MapEnvironment::default();
        let config: Config = toml::from_str(toml).unwrap();
        let fixed = Fixed::compile(config, &mut Compiler::new(&environment, "a.b", "A"));
        match (fixed, expect) {
            (Ok(fixed), Ok((media_type, body))) => {
                let got = fixed.headers.get(header::CONTENT_TYPE).map_or("", |value| value.to_str().unwrap());
                assert_eq!((got, fixed.body.as_ref()), (media_type, body.as_bytes()), "{toml}");
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{toml}: {error}"),
            (got, _) => panic!("{toml}: {:?}", got.err()),
        }
    }

    #[test]
    fn an_answer_is_checked_when_it_is_built() {
        check("", Ok(("", "")));
        check("body = 'hello'", Ok(("text/plain; charset=utf-8", "hello")));
        check("json = { ok = true }", Ok(("application/json", "{\"ok\":true}")));
        check("body = '<p>'\nheaders = { content-type = 'text/html' }", Ok(("text/html", "<p>")));
        check("body = 'a'\njson = 1", Err("exclude each other"));
        check("status = 101", Err("not a final status"));
        check("headers = { 'a b' = 'c' }", Err("not a header field's name"));
        check("headers = { connection = 'close' }", Err("set by the server itself"));
        check("headers = { x = \"a\\nb\" }", Err("not a header field's value"));
    }
}
