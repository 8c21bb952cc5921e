//! Refuses requests that a page of another origin made a browser send (cross-site request forgery, 403). Nothing is asked of the
//! pages or the origin: what the browser says of a request decides.

use super::prelude::*;
use crate::auth::csrf;
use crate::http::web_origin::WebOrigin;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { once: true, shields: Some(Shields::Requests), ..Facts::of("csrf") };

/// `{ csrf = {} }`
///
/// Looks at requests that may change something: every method but GET, HEAD and OPTIONS, and the opening of a WebSocket. Such a request
/// passes where `Sec-Fetch-Site` is `same-origin` or `none`; where a browser does not send that field, `Origin` must be the gateway's
/// own, or else `Referer` must be of it. A request without any of the three is refused.
///
/// Requests pass unseen where the browser added no proof of identity by itself: those with `Authorization: Bearer` or `DPoP`, and those
/// with neither `Authorization` nor a cookie.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Other origins whose pages may send such requests: `"https://admin.example"`. May hold `${NAME}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trusted_origins: Vec<String>,
    /// Whether requests are looked at that carry no proof of identity which a browser adds by itself. For origins that go by the
    /// client's address or certificate.
    #[serde(default)]
    always: bool,
}

/// The origins that are trusted.
pub struct Csrf {
    id: String,
    trusted: Vec<WebOrigin>,
    always: bool,
}

impl Csrf {
    /// # Errors
    /// Where an origin is not one.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let mut trusted = Vec::new();
        for (index, written) in config.trusted_origins.iter().enumerate() {
            let field = format!("trusted_origins.{index}");
            let text = compiler.text(&field, written)?;
            let wrong = || {
                let message = format!("`{text}` is not an origin; write scheme, host and port, such as \"https://admin.example\"");
                ConfigError::at(&field, message)
            };
            trusted.push(WebOrigin::parse(&text).ok_or_else(wrong)?);
        }
        Ok(Self { id: compiler.id.to_owned(), trusted, always: config.always })
    }
}

#[async_trait(?Send)]
impl Policy for Csrf {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        if !csrf::may_change(&request.method, &request.headers) || !(self.always || cx.ambient) {
            return Ok(Flow::Next);
        }
        match csrf::judge(request, &WebOrigin::of(request), &self.trusted) {
            Ok(()) => Ok(Flow::Next),
            Err(reason) => Err(GatewayError::CrossSite { log: format!("{}: {reason}", self.id) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;
    use futures::executor::block_on;

    fn check(toml: &str, method: &str, fields: &[(&str, &str)], expect: Option<&str>) {
        let scene = Scene::of(method, "https://app.example/a", fields);
        let policy = scene.compile(toml, Csrf::compile).unwrap();
        let outcome = block_on(policy.on_request(&mut scene.exchange(), &mut scene.request()));
        assert_eq!(outcome.err().map(|error| error.verdict().code), expect, "{toml} {method} {fields:?}");
    }

    #[test]
    fn what_may_be_forged_is_looked_at() {
        let (cookie, cross) = (("cookie", "session=1"), ("sec-fetch-site", "cross-site"));
        let refused = Some("cross-site-request");
        check("", "POST", &[cookie, cross], refused);
        check("", "POST", &[cookie], refused);
        check("", "POST", &[cookie, ("sec-fetch-site", "same-origin")], None);
        check("", "POST", &[cookie, ("origin", "https://app.example")], None);
        check("", "GET", &[cookie, cross], None);
        check("", "GET", &[cookie, cross, ("upgrade", "websocket")], refused);
        check("", "GET", &[cookie, ("upgrade", "websocket"), ("origin", "https://evil.example")], refused);
        check("", "POST", &[cross], None);
        check("always = true", "POST", &[cross], refused);
        check("", "POST", &[cookie, cross, ("authorization", "Bearer t")], None);
        check("", "POST", &[cookie, cross, ("authorization", "Basic dTpw")], refused);
        check("trusted_origins = [\"https://b.example\"]", "POST", &[cookie, cross, ("origin", "https://b.example")], None);
    }

    #[test]
    fn a_proof_that_a_policy_took_out_was_there() {
        let scene = Scene::of("POST", "https://app.example/a", &[("cookie", "session=1"), ("sec-fetch-site", "cross-site")]);
        let policy = scene.compile("", Csrf::compile).unwrap();
        let mut request = scene.request();
        request.headers.remove("cookie");
        request.headers.insert("authorization", HeaderValue::from_static("Bearer for-the-origin"));
        assert!(block_on(policy.on_request(&mut scene.exchange(), &mut request)).is_err());
    }

    #[test]
    fn what_is_no_origin_is_refused_at_build() {
        let rows = [
            ("trusted_origins = [\"admin.example\"]", "is not an origin"),
            ("trusted_origins = [\"https://admin.example/\"]", "is not an origin"),
            ("trusted_origins = [\"*\"]", "is not an origin"),
            ("trusted_origin = []", "unknown field"),
        ];
        Scene::refuses(&rows, Csrf::compile);
    }
}
