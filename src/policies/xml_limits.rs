//! Refuses XML that is deeper, longer or wider than an API needs (400), and whatever would make a parser fetch or expand something:
//! document types and entities never pass.
//!
//! The body is read whole, up to `max_body`, and the origin gets it as it came. XML must be in UTF-8.

use super::prelude::*;
use super::reading::{self, refusal, whole_body};
use crate::config::values::ByteSize;
use crate::http::Media;
use crate::threat::xml::{self, Limits};

/// What the registry knows of it.
pub const FACTS: Facts = Facts { shields: Some(Shields::Requests), ..Facts::of("xml_limits") };

/// `{ xml_limits = {} }` holds bodies of the types `application/xml`, `text/xml` and `+xml` to the defaults. Lengths are in bytes as
/// written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Elements within each other.
    #[serde(default = "depth")]
    depth: u64,
    /// Elements in all.
    #[serde(default = "elements")]
    elements: u64,
    /// Attributes of one element.
    #[serde(default = "attributes")]
    attributes: u64,
    /// One name of an element or attribute.
    #[serde(default = "name")]
    name: ByteSize,
    /// One attribute's value.
    #[serde(default = "value")]
    value: ByteSize,
    /// One run of text, a CDATA section or a comment.
    #[serde(default = "text")]
    text: ByteSize,
    /// Whether there may be processing instructions, such as `<?xml-stylesheet ...?>`.
    #[serde(default)]
    processing_instructions: bool,
    /// The longest body that is read; a longer one is refused (413).
    #[serde(default = "max_body")]
    max_body: ByteSize,
    /// Whether bodies of any type, or of none, that begin with `<` are held to the limits too.
    #[serde(default)]
    any_type: bool,
}

fn depth() -> u64 {
    32
}

fn elements() -> u64 {
    10_000
}

fn attributes() -> u64 {
    64
}

fn name() -> ByteSize {
    ByteSize::from_bytes(256)
}

fn value() -> ByteSize {
    ByteSize::from_bytes(8 << 10)
}

fn text() -> ByteSize {
    ByteSize::from_bytes(64 << 10)
}

fn max_body() -> ByteSize {
    ByteSize::from_bytes(reading::MOST)
}

/// The limits.
pub struct XmlLimits {
    limits: Limits,
    max_body: u64,
    any_type: bool,
}

impl XmlLimits {
    /// # Errors
    /// Where a limit would let nothing pass.
    pub fn compile(config: Config, _: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let Config { depth, elements, attributes, name, value, text, processing_instructions, max_body, any_type } = config;
        let (name, value, text) = (name.bytes(), value.bytes(), text.bytes());
        let all = [("depth", depth), ("elements", elements), ("name", name), ("max_body", max_body.bytes())];
        if let Some((name, _)) = all.iter().find(|(_, limit)| *limit == 0) {
            return Err(ConfigError::at(*name, "a limit of 0 lets nothing pass"));
        }
        let limits = Limits { depth, elements, attributes, name, value, text, instructions: processing_instructions };
        Ok(Self { limits, max_body: max_body.bytes(), any_type })
    }
}

#[async_trait(?Send)]
impl Policy for XmlLimits {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let is_xml = Media::of(&request.headers).is_some_and(|media| media.is_xml());
        if !is_xml && !self.any_type {
            return Ok(Flow::Next);
        }
        let body = whole_body(cx, request, self.max_body).await?;
        let begins = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body).trim_ascii_start().starts_with(b"<");
        if !body.is_empty() && (is_xml || begins) {
            xml::scan(&body, &self.limits).map_err(|fault| refusal("XML", fault))?;
        }
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Body;
    use crate::memory::Scene;
    use futures::executor::block_on;

    #[test]
    fn xml_is_held_to_the_limits_where_it_is_xml() {
        let doctype = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>";
        for (config, media, body, expect) in [
            ("", "text/xml", "<a/>", Ok(())),
            ("", "application/soap+xml; charset=utf-8", doctype, Err("body-over-limit body /: doctype")),
            ("", "text/plain", doctype, Ok(())),
            ("any_type = true", "text/plain", doctype, Err("body-over-limit body /: doctype")),
            ("any_type = true", "text/plain", "\u{feff} <a>", Err("body-malformed body /a: format")),
            ("any_type = true", "text/plain", "1 < 2", Ok(())),
            ("depth = 1", "text/xml", "<a><b/></a>", Err("body-over-limit body /a: depth")),
            ("max_body = \"3B\"", "text/xml", "<a/>", Err("body-too-large")),
        ] {
            let scene = Scene::of("POST", "https://api.example/", &[("content-type", media)]);
            let policy = scene.compile(config, XmlLimits::compile).unwrap();
            let (mut cx, mut request) = (scene.exchange(), Request { body: Body::Full(body.into()), ..scene.request() });
            let told = block_on(policy.on_request(&mut cx, &mut request)).map(|_| ());
            let told = told.map_err(|error| format!("{} {}", error.verdict().code, error.verdict().log).trim_end().to_owned());
            assert_eq!(told, expect.map_err(str::to_owned), "{config} {media} {body}");
        }
        Scene::refuses(&[("elements = 0", "elements: a limit of 0"), ("doctype = true", "unknown field")], XmlLimits::compile);
    }
}
