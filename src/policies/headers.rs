//! Sets, adds and removes header fields of the request and the response.

use std::collections::BTreeMap;

use super::prelude::*;
use crate::config::template::{Part, Template};
use crate::http::{Target, forwarded};

/// What the registry knows of it.
pub const FACTS: Facts = Facts::of("headers");

/// `{ headers = { request = { set = { "x-api" = "{api}" } }, response = { remove = ["server"] } } }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Changes of the request, before the origin sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<EditsConfig>,
    /// Changes of the response, before the client sees it; errors included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response: Option<EditsConfig>,
}

/// Changes of header fields: first `remove`, then `set`, then `add`. Values are templates: `{id}`, `{claim.sub}`, `{request_id}`,
/// `{client_ip}`, `${NAME}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EditsConfig {
    /// Fields with one new value each, in place of all that were there. One whose template reads something absent is removed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    set: BTreeMap<String, String>,
    /// Fields that get one more value. Nothing is added where the template reads something absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    add: BTreeMap<String, String>,
    /// Fields that are removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remove: Vec<String>,
}

/// The compiled changes.
pub struct Headers {
    request: Edits,
    response: Edits,
}

#[derive(Default)]
struct Edits {
    remove: Vec<HeaderName>,
    set: Vec<(HeaderName, FieldValue)>,
    add: Vec<(HeaderName, FieldValue)>,
}

enum FieldValue {
    Fixed(HeaderValue),
    Template(Template),
}

impl Headers {
    /// # Errors
    /// Where a name or a value is not one that HTTP allows, a field is the gateway's own, or nothing would change.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let request = Edits::compile("request", config.request.unwrap_or_default(), compiler)?;
        let response = Edits::compile("response", config.response.unwrap_or_default(), compiler)?;
        if request.is_empty() && response.is_empty() {
            return Err(ConfigError::at("", "neither `request` nor `response` changes anything"));
        }
        Ok(Self { request, response })
    }
}

/// A name that a routes file may give to a header field: not one that belongs to the connection, the message's framing, or the
/// gateway itself.
///
/// # Errors
/// Where it is no name at all, or one of those.
pub fn field_name(field: &str, name: &str) -> Result<HeaderName, ConfigError> {
    let parsed = HeaderName::try_from(name).map_err(|_| ConfigError::at(field, format!("`{name}` is not a header field's name")))?;
    let reason = match parsed.as_str() {
        name if forwarded::is_hop_by_hop(name) => "belongs to the connection",
        "content-length" => "follows from the body",
        "host" => "is the target's; the client's is in `X-Forwarded-Host`",
        "traceparent" | "via" | "forwarded" => "is set by the gateway itself",
        _ => return Ok(parsed),
    };
    Err(ConfigError::at(field, format!("`{name}` {reason}")))
}

impl Edits {
    fn compile(phase: &str, config: EditsConfig, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let EditsConfig { set, add, remove } = config;
        let mut values = |list: BTreeMap<String, String>, what: &str| {
            list.into_iter()
                .map(|(name, text)| {
                    let field = format!("{phase}.{what}.{name}");
                    let name = field_name(&field, &name)?;
                    if name == "x-request-id" {
                        return Err(ConfigError::at(
                            field,
                            "`x-request-id` is set by the gateway itself; the `request_id` policy says how",
                        ));
                    }
                    Ok((name, FieldValue::compile(&field, &text, compiler)?))
                })
                .collect::<Result<Vec<_>, _>>()
        };
        let (set, add) = (values(set, "set")?, values(add, "add")?);
        let remove = remove
            .iter()
            .enumerate()
            .map(|(index, name)| field_name(&format!("{phase}.remove.{index}"), name))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { remove, set, add })
    }

    fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.set.is_empty() && self.add.is_empty()
    }

    fn apply(&self, cx: &Exchange<'_>, target: Option<&Target>, headers: &mut HeaderMap) {
        for name in &self.remove {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            match value.text(cx, target) {
                Some(value) => headers.insert(name, value),
                None => headers.remove(name),
            };
        }
        for (name, value) in &self.add {
            if let Some(value) = value.text(cx, target) {
                headers.append(name, value);
            }
        }
    }
}

impl FieldValue {
    fn compile(field: &str, text: &str, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let template = compiler.template(field, text)?;
        let wrong = |_| ConfigError::at(field, "this is not a header field's value; it may have no control characters");
        let plain: String =
            template.parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None }).collect();
        let plain = HeaderValue::try_from(plain).map_err(wrong)?;
        let fixed = template.parts.iter().all(|part| matches!(part, Part::Text(_)));
        Ok(if fixed { Self::Fixed(plain) } else { Self::Template(template) })
    }

    /// The value; `None` where something is absent, or is not what a header field can carry.
    fn text(&self, cx: &Exchange<'_>, target: Option<&Target>) -> Option<HeaderValue> {
        match self {
            Self::Fixed(value) => Some(value.clone()),
            Self::Template(template) => HeaderValue::try_from(template.render(|part| cx.part(part, target?))?).ok(),
        }
    }
}

#[async_trait(?Send)]
impl Policy for Headers {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let Request { target, headers, .. } = request;
        self.request.apply(cx, Some(target), headers);
        Ok(Flow::Next)
    }

    async fn on_response(&self, cx: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
        self.response.apply(cx, cx.target.as_ref(), &mut response.headers);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
