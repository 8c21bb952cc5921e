//! Lets pages of other origins call the API (Fetch standard, "HTTP CORS protocol").
//!
//! A preflight is answered here, before any identity is asked for: 403 for an origin that is not let in, otherwise 204 with the
//! methods and fields that are, so that the browser can tell its developer what was missing. Answers to other requests,
//! errors included, say who may read them. What an origin server itself says of CORS is replaced.

use super::prelude::*;
use crate::config::values::Duration;
use crate::http::{forwarded, header};

mod pattern;

use pattern::Pattern;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { once: true, shields: Some(Shields::Requests), ..Facts::of("cors") };

/// `{ cors = { origins = ["https://app.example.com"] } }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who may read answers: `https://app.example.com`, `https://*.example.com` (every host below), `null`, or `*` for all.
    origins: Vec<String>,
    /// Methods that a preflight allows; those of the route where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    methods: Vec<String>,
    /// Request fields that a preflight allows beside the safelisted ones; `["*"]` for all, `authorization` included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<String>,
    /// Response fields that scripts may read beside the safelisted ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    expose: Vec<String>,
    /// Whether cookies and other credentials may be sent; not together with `*`.
    #[serde(default)]
    credentials: bool,
    /// How long a browser may keep the answer to a preflight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_age: Option<Duration>,
}

/// The rules, with the fields of their answers made ready.
pub struct Cors {
    origins: Vec<Pattern>,
    methods: Option<HeaderValue>,
    headers: Allowed,
    expose: Option<HeaderValue>,
    credentials: bool,
    max_age: Option<HeaderValue>,
}

/// Which request fields a preflight allows.
enum Allowed {
    None,
    These(HeaderValue),
    /// Whatever the browser asks for, said back to it: `*` would not cover `authorization`, nor requests with credentials.
    All,
}

impl Cors {
    /// # Errors
    /// Where an origin, a method or a field is malformed, or credentials are allowed to everyone.
    pub fn compile(config: Config, _: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        if config.origins.is_empty() {
            return Err(ConfigError::at("origins", "there is no origin, so nobody is let in"));
        }
        let mut origins = Vec::with_capacity(config.origins.len());
        for (index, origin) in config.origins.iter().enumerate() {
            let pattern: Pattern = origin.parse().map_err(|message: String| ConfigError::at(format!("origins.{index}"), message))?;
            if pattern == Pattern::Any && config.credentials {
                return Err(ConfigError::at(
                    "credentials",
                    "credentials for `*` would let every page act for its visitors; name the origins",
                ));
            }
            origins.push(pattern);
        }
        for (index, method) in config.methods.iter().enumerate() {
            let known = Method::from_bytes(method.as_bytes()).is_ok() && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
            if !known {
                return Err(ConfigError::at(format!("methods.{index}"), format!("`{method}` is not a method; write it in upper case")));
            }
        }
        let all_headers = config.headers.iter().any(|name| name == "*");
        let headers = match all_headers {
            true if config.headers.len() > 1 => return Err(ConfigError::at("headers", "`*` has all the others in it")),
            true => Allowed::All,
            false => names("headers", &config.headers)?.map_or(Allowed::None, Allowed::These),
        };
        if config.credentials && config.expose.iter().any(|name| name == "*") {
            return Err(ConfigError::at("expose", "with credentials `*` is no wildcard (Fetch standard); name the fields"));
        }
        let expose = if config.expose == ["*"] { Some(HeaderValue::from_static("*")) } else { names("expose", &config.expose)? };
        Ok(Self {
            origins,
            methods: HeaderValue::try_from(config.methods.join(", ")).ok().filter(|methods| !methods.is_empty()),
            headers,
            expose,
            credentials: config.credentials,
            max_age: config.max_age.map(|age| HeaderValue::from(age.ms() / 1_000)),
        })
    }

    /// What `Access-Control-Allow-Origin` says to this origin; `None` where it is not let in.
    fn allow_origin(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        let text = origin.to_str().ok()?;
        let mut fits = self.origins.iter().filter(|pattern| pattern.fits(text));
        let first = fits.next()?;
        let any = *first == Pattern::Any || fits.any(|pattern| *pattern == Pattern::Any);
        Some(if any { HeaderValue::from_static("*") } else { origin.clone() })
    }

    /// The rest of the answer to a preflight whose origin is let in.
    fn preflight(&self, wanted: &Method, request: &Request) -> Response {
        let mut response = Response::empty(StatusCode::NO_CONTENT);
        let fields = &mut response.headers;
        // The route takes the method that is wanted: otherwise another route, or none, had been found.
        if let Some(methods) = self.methods.clone().or_else(|| HeaderValue::try_from(wanted.as_str()).ok()) {
            fields.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        let headers = match &self.headers {
            Allowed::None => None,
            Allowed::These(names) => Some(names),
            Allowed::All => request.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS),
        };
        if let Some(headers) = headers {
            fields.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, headers.clone());
        }
        if let Some(age) = &self.max_age {
            fields.insert(header::ACCESS_CONTROL_MAX_AGE, age.clone());
        }
        let vary = HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers");
        fields.insert(header::VARY, vary);
        response
    }
}

/// A list of field names as one value; `None` where it is empty.
fn names(field: &str, names: &[String]) -> Result<Option<HeaderValue>, ConfigError> {
    for (index, name) in names.iter().enumerate() {
        if HeaderName::try_from(name.as_str()).is_err() || name == "*" {
            return Err(ConfigError::at(format!("{field}.{index}"), format!("`{name}` is not a header field's name")));
        }
    }
    Ok(HeaderValue::try_from(names.join(", ")).ok().filter(|value| !value.is_empty()))
}

#[async_trait(?Send)]
impl Policy for Cors {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let Some(origin) = request.headers.get(header::ORIGIN) else { return Ok(Flow::Next) };
        let wanted = forwarded::preflight_method(request);
        let Some(allowed) = self.allow_origin(origin) else {
            return match wanted {
                Some(_) => Err(GatewayError::Forbidden {
                    challenge: None,
                    detail: "Pages of this origin may not call this path.",
                    log: format!("cors: {} is not let in", String::from_utf8_lossy(origin.as_bytes())),
                }),
                // Reading the answer is what the browser prevents; the request itself could come from anywhere.
                None => Ok(Flow::Next),
            };
        };
        cx.reply_headers.push((header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed));
        if self.credentials {
            cx.reply_headers.push((header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")));
        }
        if let Some(wanted) = wanted {
            return Ok(Flow::Respond(self.preflight(&wanted, request)));
        }
        if let Some(expose) = &self.expose {
            cx.reply_headers.push((header::ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone()));
        }
        Ok(Flow::Next)
    }

    async fn on_response(&self, cx: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
        let answered_here = cx.method == Method::OPTIONS && cx.record.origin.is_none();
        if !answered_here {
            for name in [
                header::ACCESS_CONTROL_ALLOW_ORIGIN,
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                header::ACCESS_CONTROL_ALLOW_METHODS,
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                header::ACCESS_CONTROL_MAX_AGE,
            ] {
                response.headers.remove(name);
            }
        }
        if self.origins != [Pattern::Any] {
            response.headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
