//! Masks secrets and personal data in responses: what the built-in recognisers find, patterns of one's own, and members of JSON by
//! path.
//!
//! Responses of JSON (also in lines), server-sent events, XML, forms and any `text/*` are looked into, as they pass: a stream goes on
//! flowing, and only what may still become a find is held back. Text is looked at as it is written: an escape of a letter or digit, as
//! in `\u0041`, is not undone. So that there is something to look at, the origin is asked for an answer without content coding and for
//! no part of one; the answer loses its length and digests, and its validator becomes a weak one.

use regex_lite::Regex;

use super::prelude::*;
use crate::config::values::ByteSize;
use crate::http::{Media, header, media};
use crate::masking::Action as Does;
use crate::masking::events::{Form, Stream};
use crate::masking::masker::Masker;
use crate::masking::paths::{Path, Paths};
use crate::masking::patterns::Patterns;
use crate::masking::recognise::Kind;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { shields: Some(Shields::Responses), ..Facts::of("mask") };

/// The beginning of a body that is looked at before its head goes out, where something may have to be refused, and in report mode.
const LOOKED_AT: u64 = 256 << 10;

/// `{ mask = {} }` masks payment cards, IBANs, social security numbers, tokens and keys. Several of them in one chain may do different
/// things about different finds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is recognised. `email` and `phone` have to be named: many APIs are about them.
    #[serde(default = "find")]
    find: Vec<Kind>,
    /// What is done about a find.
    #[serde(default)]
    action: Action,
    /// Patterns of one's own, by name: regular expressions in linear time.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    patterns: std::collections::BTreeMap<String, String>,
    /// Members of JSON that never leave as they are: `$.user.ssn`, `$..password`, `$.cards[*].number`. `mask` puts `"****"` in their place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    paths: Vec<String>,
    /// The longest find of `patterns`: so much is held back of a stream that has no lines.
    #[serde(default = "window")]
    window: ByteSize,
    /// What becomes of an answer that cannot be looked into: one that is coded although no coding was asked for, or in UTF-16 or UTF-32.
    #[serde(default)]
    unreadable: Unreadable,
}

fn find() -> Vec<Kind> {
    vec![Kind::PaymentCard, Kind::Iban, Kind::UsSsn, Kind::Jwt, Kind::ApiKey, Kind::PrivateKey]
}

fn window() -> ByteSize {
    ByteSize::from_bytes(256)
}

/// What is done about a find.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum Action {
    /// Asterisks take the place of letters and digits. The last four of personal data stay, nothing of a secret does.
    #[default]
    Mask,
    /// `[redacted]` takes its place.
    Redact,
    /// The answer is refused (502). One that is long or streams breaks off where the find is.
    Refuse,
}

/// What becomes of an answer that cannot be looked into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum Unreadable {
    /// It is refused (502).
    #[default]
    Refuse,
    /// It passes, and the record says so.
    Pass,
}

/// What is looked for.
pub struct Mask {
    id: String,
    find: Vec<Kind>,
    action: Does,
    patterns: Vec<(String, Regex)>,
    paths: Vec<Path>,
    window: usize,
    unreadable: Unreadable,
}

impl Mask {
    /// # Errors
    /// Where a pattern or a path is none, nothing is looked for, or the window is none.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let Config { find, action, patterns, paths, window, unreadable } = config;
        if find.is_empty() && patterns.is_empty() && paths.is_empty() {
            return Err(ConfigError::at("", "nothing is looked for: name something in `find`, `patterns` or `paths`"));
        }
        let pattern = |(name, pattern): (String, String)| {
            let field = format!("patterns.{name}");
            let regex = Regex::new(&pattern)
                .map_err(|error| ConfigError::at(&field, format!("`{pattern}` is not a regular expression: {error}")))?;
            if regex.is_match("") {
                return Err(ConfigError::at(field, format!("`{pattern}` finds nothing at all everywhere")));
            }
            Ok((name, regex))
        };
        let path =
            |(index, path): (usize, &String)| Path::parse(path).map_err(|message| ConfigError::at(format!("paths.{index}"), message));
        let window = usize::try_from(window.bytes()).unwrap_or(usize::MAX);
        if !(16..=64 << 10).contains(&window) {
            return Err(ConfigError::at("window", "a window has between 16 B and 64 KiB"));
        }
        let action = match action {
            Action::Mask => Does::Mask,
            Action::Redact => Does::Redact,
            Action::Refuse => Does::Refuse,
        };
        Ok(Self {
            id: compiler.id.to_owned(),
            find,
            action,
            patterns: patterns.into_iter().map(pattern).collect::<Result<_, _>>()?,
            paths: paths.iter().enumerate().map(path).collect::<Result<_, _>>()?,
            window,
            unreadable,
        })
    }

    fn stream(&self, form: Form, lines: bool, action: Does) -> Stream {
        let json = form == Form::Json;
        let patterns = Patterns::new(self.patterns.clone(), action, self.window, lines, json);
        Stream::new(form, Paths::new(self.paths.clone(), action), Masker::new(self.find.clone(), action, json), patterns)
    }

    fn withheld(&self, why: &str) -> GatewayError {
        GatewayError::ResponseWithheld { log: format!("{}: {why}", self.id) }
    }
}

/// How a response is read, and whether finds end with its lines; `None` where it is no text.
fn form(media: &Media) -> Option<(Form, bool)> {
    match media.essence.as_str() {
        "text/event-stream" => Some((Form::Events, true)),
        _ if media.is_json_lines() => Some((Form::Json, true)),
        _ if media.is_json() => Some((Form::Json, false)),
        "application/javascript" | "application/yaml" | "application/toml" | "application/graphql" => Some((Form::Text, false)),
        essence if essence.starts_with("text/") || media.is_xml() || media.is_form() => Some((Form::Text, false)),
        _ => None,
    }
}

#[async_trait(?Send)]
impl Policy for Mask {
    async fn on_request(&self, _: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        request.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        request.headers.remove(header::RANGE);
        request.headers.remove(header::IF_RANGE);
        Ok(Flow::Next)
    }

    async fn on_response(&self, cx: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
        // The gateway's own refusals have nothing of an origin in them.
        let bodiless = cx.method == Method::HEAD
            || matches!(response.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::SWITCHING_PROTOCOLS);
        if cx.record.code.is_some() || bodiless {
            return Ok(());
        }
        let Some(media) = Media::of(&response.headers) else { return Ok(()) };
        let Some((form, lines)) = form(&media) else { return Ok(()) };
        let wide = media
            .charset
            .as_deref()
            .is_some_and(|charset| charset.starts_with("utf-16") || charset.starts_with("utf-32") || charset.starts_with("ucs"));
        if wide || media::is_coded(&response.headers) {
            let why = if wide {
                "the answer is in a charset that cannot be looked into"
            } else {
                "the answer is coded and cannot be looked into"
            };
            if self.unreadable == Unreadable::Refuse {
                return Err(self.withheld(why));
            }
            cx.record.note(format!("{}: {why}", self.id));
            return Ok(());
        }
        // A stream of events is not waited for: it breaks off where something is found.
        if (cx.reports || self.action == Does::Refuse) && form != Form::Events {
            let peeked =
                response.body.peek(LOOKED_AT).await.map_err(|error| self.withheld(&format!("the answer cannot be read: {error:?}")))?;
            let mut looked = crate::http::Body::Full(peeked.bytes);
            looked.map(Box::new(self.stream(form, lines, Does::Refuse))).map_err(|error| self.withheld(&format!("{error:?}")))?;
        }
        if cx.reports {
            return Ok(());
        }
        response.body.map(Box::new(self.stream(form, lines, self.action))).map_err(|error| self.withheld(&format!("{error:?}")))?;
        for name in ["content-length", "content-md5", "digest", "content-digest", "repr-digest", "accept-ranges"] {
            response.headers.remove(name);
        }
        let weak = response.headers.get(header::ETAG).filter(|etag| !etag.as_bytes().starts_with(b"W/"));
        if let Some(weak) = weak.and_then(|etag| HeaderValue::try_from([b"W/", etag.as_bytes()].concat()).ok()) {
            response.headers.insert(header::ETAG, weak);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
