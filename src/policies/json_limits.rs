//! Refuses JSON that is deeper, longer or wider than an API needs (400), before anything builds a tree of it.
//!
//! The body is read whole, up to `max_body`, and the origin gets it as it came. A member name that stands twice in an object, and
//! whatever is not JSON (RFC 8259) in UTF-8, is refused too: two parsers would read it in two ways.

use super::prelude::*;
use super::reading::{self, refusal, whole_body};
use crate::config::values::ByteSize;
use crate::http::{Media, header};
use crate::threat::json::{self, Limits};

/// What the registry knows of it.
pub const FACTS: Facts = Facts { shields: Some(Shields::Requests), ..Facts::of("json_limits") };

/// `{ json_limits = {} }` holds bodies of the types `application/json`, `text/json` and `+json`, and JSON in lines, to the defaults.
/// Lengths are in bytes as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Arrays and objects within each other.
    #[serde(default = "depth")]
    depth: u64,
    /// Members of one object.
    #[serde(default = "keys")]
    keys: u64,
    /// Items of one array.
    #[serde(default = "items")]
    items: u64,
    /// One text.
    #[serde(default = "string")]
    string: ByteSize,
    /// One member name.
    #[serde(default = "key")]
    key: ByteSize,
    /// Values in all, arrays and objects included.
    #[serde(default = "values")]
    values: u64,
    /// Characters of one number.
    #[serde(default = "number")]
    number: u64,
    /// The longest body that is read; a longer one is refused (413).
    #[serde(default = "max_body")]
    max_body: ByteSize,
    /// Whether bodies of any type, or of none, that begin with `{` or `[` are held to the limits too. Those whose type cannot be read, or
    /// stands there twice, always are.
    #[serde(default)]
    any_type: bool,
}

fn depth() -> u64 {
    32
}

fn keys() -> u64 {
    500
}

fn items() -> u64 {
    10_000
}

fn string() -> ByteSize {
    ByteSize::from_bytes(64 << 10)
}

fn key() -> ByteSize {
    ByteSize::from_bytes(256)
}

fn values() -> u64 {
    50_000
}

fn number() -> u64 {
    64
}

fn max_body() -> ByteSize {
    ByteSize::from_bytes(reading::MOST)
}

/// The limits.
pub struct JsonLimits {
    limits: Limits,
    max_body: u64,
    any_type: bool,
}

impl JsonLimits {
    /// # Errors
    /// Where a limit would let nothing pass.
    pub fn compile(config: Config, _: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let Config { depth, keys, items, string, key, values, number, max_body, any_type } = config;
        let limits = Limits { depth, keys, items, string: string.bytes(), key: key.bytes(), values, number };
        let all = [("depth", depth), ("key", limits.key), ("values", values), ("number", number), ("max_body", max_body.bytes())];
        if let Some((name, _)) = all.iter().find(|(_, limit)| *limit == 0) {
            return Err(ConfigError::at(*name, "a limit of 0 lets nothing pass"));
        }
        Ok(Self { limits, max_body: max_body.bytes(), any_type })
    }

    fn check(&self, media: Option<&Media>, any_type: bool, body: &[u8]) -> Result<(), GatewayError> {
        let lines = media.is_some_and(Media::is_json_lines);
        let scan = |text: &[u8]| json::scan(text, &self.limits).map_err(|fault| refusal("JSON", fault));
        if lines {
            return body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).try_for_each(scan);
        }
        let is_json = media.is_some_and(Media::is_json) || (any_type && matches!(body.trim_ascii_start(), [b'{' | b'[', ..]));
        if is_json && !body.is_empty() { scan(body) } else { Ok(()) }
    }
}

#[async_trait(?Send)]
impl Policy for JsonLimits {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let media = Media::of(&request.headers);
        // Of a type that nobody can be sure of, one reader makes JSON and another one does not.
        let any_type = self.any_type || (media.is_none() && request.headers.contains_key(header::CONTENT_TYPE));
        if any_type || media.as_ref().is_some_and(|media| media.is_json() || media.is_json_lines()) {
            let body = whole_body(cx, request, self.max_body).await?;
            self.check(media.as_ref(), any_type, &body)?;
        }
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Body;
    use crate::memory::{ChunkedBody, Scene};
    use futures::executor::block_on;

    fn told(config: &str, fields: &[(&str, &str)], body: Body) -> String {
        let scene = Scene::of("POST", "https://api.example/", fields);
        let policy = scene.compile(config, JsonLimits::compile).unwrap();
        let (mut cx, mut request) = (scene.exchange(), Request { body, ..scene.request() });
        match block_on(policy.on_request(&mut cx, &mut request)) {
            Ok(_) => String::from_utf8(block_on(request.body.read(1 << 24)).unwrap().to_vec()).unwrap(),
            Err(error) => format!("{} {}", error.verdict().code, error.verdict().log).trim_end().to_owned(),
        }
    }

    #[test]
    fn json_is_held_to_the_limits_and_the_origin_gets_what_came() {
        let json = &[("content-type", "application/vnd.a+json; charset=utf-8")][..];
        let full = |text: &str| Body::Full(text.to_owned().into());
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        let too_deep = format!("body-over-limit body {}: depth", "/0".repeat(32));
        for (config, fields, body, expect) in [
            ("", json, full("{\"a\": 1}"), "{\"a\": 1}"),
            ("", json, ChunkedBody::body(&["{\"a\"", ":", "1}"]), "{\"a\":1}"),
            ("", json, Body::Empty, ""),
            ("", json, full(&deep), &too_deep),
            ("depth = 33", json, full(&deep), &deep),
            ("", json, ChunkedBody::body(&["{\"a\":1,", "\"a\":2}"]), "body-malformed body /a: format"),
            ("max_body = \"4B\"", json, full("[1,2]"), "body-too-large"),
            ("max_body = \"4B\"", json, ChunkedBody::body(&["[1,", "2]"]), "body-too-large"),
            ("", &[("content-type", "application/json"), ("content-encoding", "br")], full("x"), "unsupported-content-encoding"),
            ("", &[("content-type", "text/plain")], full(&deep), &deep),
            ("any_type = true", &[("content-type", "text/plain")], full(&deep), &too_deep),
            ("any_type = true", &[], full("hello"), "hello"),
            ("", &[("content-type", "application/json, application/json")], full(&deep), &too_deep),
            ("", &[("content-type", "application/json"), ("content-type", "text/plain")], full(&deep), &too_deep),
            ("", &[("content-type", "json")], full("hello"), "hello"),
            ("", &[("content-type", "application/json; charset=utf-7")], full("[1]"), "unsupported-media-type"),
            (
                "keys = 1",
                &[("content-type", "application/x-ndjson")],
                full("{\"a\":1}\n{\"b\":1,\"c\":2}\n"),
                "body-over-limit body : keys",
            ),
            ("keys = 1", &[("content-type", "application/x-ndjson")], full("{\"a\":1}\r\n{\"b\":1}\n"), "{\"a\":1}\r\n{\"b\":1}\n"),
        ] {
            assert_eq!(told(config, fields, body), expect, "{config} {fields:?}");
        }
    }

    #[test]
    fn limits_that_let_nothing_pass_are_refused() {
        Scene::refuses(
            &[("depth = 0", "depth: a limit of 0"), ("key = \"0B\"", "key: a limit of 0"), ("max_body = \"0B\"", "max_body")],
            JsonLimits::compile,
        );
    }
}
