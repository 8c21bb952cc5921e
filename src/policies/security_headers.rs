//! Header fields by which browsers protect those who use them, on every response of the chain, refusals included.
//!
//! What an origin says itself is kept: it knows its pages. Fields by which servers tell what they are made of are removed.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

use super::prelude::*;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { once: true, everywhere: true, ..Facts::of("security_headers") };

/// Fields by which servers tell what they are made of.
const BANNERS: &[&str] = &[
    "server",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-backend-server",
    "x-drupal-cache",
    "x-generator",
    "x-jenkins",
    "x-php-version",
    "x-powered-by",
    "x-powered-cms",
    "x-runtime",
    "x-server-powered-by",
    "x-version",
];

/// `{ security_headers = { content_security_policy = "default-src 'none'", x_frame_options = false } }`
///
/// Each field has a default, takes a text in its place, and is left out with `false`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `Strict-Transport-Security` (RFC 6797), on https alone; `max-age=31536000` where absent.
    #[serde(default, skip_serializing_if = "Setting::is_default")]
    strict_transport_security: Setting,
    /// `X-Content-Type-Options`; `nosniff` where absent.
    #[serde(default, skip_serializing_if = "Setting::is_default")]
    x_content_type_options: Setting,
    /// `Referrer-Policy`; `no-referrer` where absent.
    #[serde(default, skip_serializing_if = "Setting::is_default")]
    referrer_policy: Setting,
    /// `Content-Security-Policy`; `frame-ancestors 'none'` where absent.
    #[serde(default, skip_serializing_if = "Setting::is_default")]
    content_security_policy: Setting,
    /// `X-Frame-Options`, for browsers that know no `frame-ancestors`; `DENY` where absent.
    #[serde(default, skip_serializing_if = "Setting::is_default")]
    x_frame_options: Setting,
    /// `Permissions-Policy`; camera, location, microphone, payment and USB for nobody where absent.
    #[serde(default, skip_serializing_if = "Setting::is_default")]
    permissions_policy: Setting,
    /// `Cross-Origin-Opener-Policy`; `same-origin` where absent.
    #[serde(default, skip_serializing_if = "Setting::is_default")]
    cross_origin_opener_policy: Setting,
    /// `Cross-Origin-Resource-Policy`; `same-origin` where absent. What `cors` allows is not touched by it.
    #[serde(default, skip_serializing_if = "Setting::is_default")]
    cross_origin_resource_policy: Setting,
    /// `Cross-Origin-Embedder-Policy`; none where absent.
    #[serde(default, skip_serializing_if = "Setting::is_default")]
    cross_origin_embedder_policy: Setting,
    /// Whether these replace what the origin says itself.
    #[serde(default)]
    replace: bool,
    /// Whether fields such as `Server` and `X-Powered-By` stay, by which servers tell what they are made of.
    #[serde(default)]
    banners: bool,
    /// Further fields to remove.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remove: Vec<String>,
}

/// A field of the response: its default, nothing, or a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Setting {
    #[default]
    Default,
    Off,
    Text(String),
}

impl Setting {
    fn is_default(&self) -> bool {
        *self == Self::Default
    }
}

impl Serialize for Setting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Default => serializer.serialize_bool(true),
            Self::Off => serializer.serialize_bool(false),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or false to leave the field out")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<Setting, E> {
                Ok(if on { Setting::Default } else { Setting::Off })
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Setting, E> {
                Ok(Setting::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Written)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Setting {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Setting".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A text, or `false` to leave the field out.",
            "anyOf": [{ "type": "string", "minLength": 1 }, { "type": "boolean" }]
        })
    }
}

/// The fields, ready to be put on a response.
pub struct SecurityHeaders {
    fields: Vec<(HeaderName, HeaderValue)>,
    remove: Vec<HeaderName>,
    replace: bool,
}

impl SecurityHeaders {
    /// # Errors
    /// Where a value is none that a field can have, or a name is not that of a field.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let mut fields = Vec::new();
        for (key, name, setting, default) in [
            ("strict_transport_security", "strict-transport-security", config.strict_transport_security, "max-age=31536000"),
            ("x_content_type_options", "x-content-type-options", config.x_content_type_options, "nosniff"),
            ("referrer_policy", "referrer-policy", config.referrer_policy, "no-referrer"),
            ("content_security_policy", "content-security-policy", config.content_security_policy, "frame-ancestors 'none'"),
            ("x_frame_options", "x-frame-options", config.x_frame_options, "DENY"),
            (
                "permissions_policy",
                "permissions-policy",
                config.permissions_policy,
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
            ("cross_origin_opener_policy", "cross-origin-opener-policy", config.cross_origin_opener_policy, "same-origin"),
            ("cross_origin_resource_policy", "cross-origin-resource-policy", config.cross_origin_resource_policy, "same-origin"),
            ("cross_origin_embedder_policy", "cross-origin-embedder-policy", config.cross_origin_embedder_policy, ""),
        ] {
            let text = match setting {
                Setting::Default if default.is_empty() => continue,
                Setting::Default => default.to_owned(),
                Setting::Off => continue,
                Setting::Text(text) if text.trim().is_empty() => {
                    return Err(ConfigError::at(key, "an empty field says nothing; write `false` to leave it out"));
                }
                Setting::Text(text) => compiler.text(key, &text)?,
            };
            let value = HeaderValue::try_from(text).map_err(|_| ConfigError::at(key, "a header field cannot have this value"))?;
            fields.push((HeaderName::from_static(name), value));
        }
        let mut remove = Vec::new();
        for (index, name) in config.remove.iter().enumerate() {
            let parsed = HeaderName::try_from(name);
            remove.push(
                parsed.map_err(|_| ConfigError::at(format!("remove.{index}"), format!("`{name}` is not the name of a header field")))?,
            );
        }
        if !config.banners {
            remove.extend(BANNERS.iter().copied().map(HeaderName::from_static));
        }
        Ok(Self { fields, remove, replace: config.replace })
    }
}

#[async_trait(?Send)]
impl Policy for SecurityHeaders {
    async fn on_response(&self, cx: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
        if response.status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(());
        }
        for name in &self.remove {
            response.headers.remove(name);
        }
        let secure = cx.target.as_ref().is_some_and(|target| target.scheme == "https");
        for (name, value) in &self.fields {
            let fits = secure || *name != "strict-transport-security";
            if fits && (self.replace || !response.headers.contains_key(name)) {
                response.headers.insert(name.clone(), value.clone());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;
    use futures::executor::block_on;

    fn check(toml: &str, url: &str, from: &[(&'static str, &'static str)], expect: &[(&str, Option<&str>)]) {
        let scene = Scene::of("GET", url, &[]);
        let policy = scene.compile(toml, SecurityHeaders::compile).unwrap();
        let mut response = Response::empty(StatusCode::OK);
        for (name, value) in from {
            response.headers.insert(*name, HeaderValue::from_static(value));
        }
        block_on(policy.on_response(&mut scene.exchange(), &mut response)).unwrap();
        for (name, value) in expect {
            assert_eq!(response.header(name), *value, "{toml}: {name}");
        }
    }

    #[test]
    fn fields_have_defaults_that_can_be_replaced_or_left_out() {
        let (https, http) = ("https://api.example/", "http://api.example/");
        let all = [
            ("strict-transport-security", Some("max-age=31536000")),
            ("x-content-type-options", Some("nosniff")),
            ("referrer-policy", Some("no-referrer")),
            ("content-security-policy", Some("frame-ancestors 'none'")),
            ("x-frame-options", Some("DENY")),
            ("permissions-policy", Some("camera=(), geolocation=(), microphone=(), payment=(), usb=()")),
            ("cross-origin-opener-policy", Some("same-origin")),
            ("cross-origin-resource-policy", Some("same-origin")),
            ("cross-origin-embedder-policy", None),
        ];
        check("", https, &[], &all);
        check("", http, &[], &[("strict-transport-security", None), ("x-content-type-options", Some("nosniff"))]);
        let own = "x_frame_options = false\nreferrer_policy = 'origin'\ncross_origin_embedder_policy = 'require-corp'\nx_content_type_options = true";
        check(
            own,
            https,
            &[],
            &[
                ("x-frame-options", None),
                ("referrer-policy", Some("origin")),
                ("cross-origin-embedder-policy", Some("require-corp")),
                ("x-content-type-options", Some("nosniff")),
            ],
        );
    }

    #[test]
    fn what_an_origin_says_is_kept_and_its_banners_are_not() {
        let https = "https://api.example/";
        let from = [("referrer-policy", "origin"), ("server", "nginx/1.1"), ("x-powered-by", "PHP"), ("x-debug", "1"), ("etag", "\"a\"")];
        let kept = [
            ("referrer-policy", Some("origin")),
            ("server", None),
            ("x-powered-by", None),
            ("x-debug", Some("1")),
            ("etag", Some("\"a\"")),
        ];
        check("", https, &from, &kept);
        check("replace = true", https, &from, &[("referrer-policy", Some("no-referrer"))]);
        check("replace = true\nreferrer_policy = false", https, &from, &[("referrer-policy", Some("origin"))]);
        check("banners = true\nremove = ['X-Debug']", https, &from, &[("server", Some("nginx/1.1")), ("x-debug", None)]);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let rows = [
            ("referrer_policy = ''", "says nothing"),
            ("referrer_policy = \"a\\nb\"", "cannot have this value"),
            ("referrer_policy = 1", "a text, or false"),
            ("remove = ['a b']", "not the name"),
            ("hsts = 'x'", "unknown field"),
        ];
        Scene::refuses(&rows, SecurityHeaders::compile);
    }
}
