//! Refuses requests that look like an attack (403). What an attack looks like is for [`crate::threat`] to say; here is what is asked of
//! it, and what becomes of its answer.

use super::prelude::*;
use super::reading::{check_charset, undecodable};
use crate::config::values::ByteSize;
use crate::http::BodyError;
use crate::http::coding::{self, Undecodable};
use crate::threat::report::Report;
use crate::threat::rules;
use crate::threat::settings::{Class, Except, Level, Settings};
use crate::threat::{Parts, inspect};

/// What the registry knows of it.
pub const FACTS: Facts = Facts { shields: Some(Shields::Requests), everywhere: true, ..Facts::of("waf") };

/// `{ waf = {} }`: every class of attacks, in the whole request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The classes of attacks that are refused; all of them where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    block: Option<Vec<Class>>,
    /// How strict: `1` has the surest rules alone, `2` those that honest requests hardly ever meet, `3` also those that they may meet.
    #[serde(default = "level")]
    level: u8,
    /// The score from which one value is an attack. Each rule counts from 3 to 5, and the rules of one class add up.
    #[serde(default = "threshold")]
    threshold: u32,
    /// How much of a body is looked at, and held in memory meanwhile.
    #[serde(default = "max_body")]
    max_body: ByteSize,
    /// What becomes of a longer body: `refuse` (413), `inspect_beginning`, or `pass` without a look at it.
    #[serde(default)]
    over: Over,
    /// What becomes of a body with a `Content-Encoding` that cannot be undone here, which `gzip` and `deflate` can: `refuse` (415), or
    /// `pass` without a look at it. The same goes for a charset in which ASCII means something else, such as UTF-7 or EBCDIC.
    #[serde(default)]
    encoded: Encoded,
    /// What does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    except: Vec<Exclusion>,
}

/// What becomes of a body that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Encoded {
    /// The request is refused (415).
    #[default]
    Refuse,
    /// It passes; the rest of the request is looked at.
    Pass,
}

/// What becomes of a body that is longer than what is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The request is refused (413).
    #[default]
    Refuse,
    /// Its beginning is looked at, and the rest passes.
    InspectBeginning,
    /// It passes; the rest of the request is looked at.
    Pass,
}

/// Something that does not count: a rule, a place, a route, or where several are given, that rule at that place on that route.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// A rule such as `xss-code`, several of them as `xss-*`, or a class such as `xss`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// A place as the record writes it, such as `query:q`, `header:x-note` or `body:items.*.text`; `*` stands for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// A route's name, such as `shop: POST /notes`; `*` stands for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    route: Option<String>,
}

fn level() -> u8 {
    2
}

fn threshold() -> u32 {
    5
}

fn max_body() -> ByteSize {
    ByteSize::from_bytes(128_000)
}

/// What is looked for, and in how much of a body.
pub struct Waf {
    settings: Settings,
    max_body: u64,
    over: Over,
    encoded: Encoded,
}

impl Waf {
    /// # Errors
    /// Where nothing is left to look for, a level or a threshold cannot be, or an exclusion names no rule or covers everything.
    pub fn compile(config: Config, _: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let classes = config.block.unwrap_or_else(|| Class::ALL.to_vec());
        if classes.is_empty() {
            return Err(ConfigError::at("block", "there is no class of attacks in it; leave it out for all of them"));
        }
        if !(1..=3).contains(&config.level) {
            return Err(ConfigError::at("level", format!("{} is no level; there are 1, 2 and 3", config.level)));
        }
        if config.threshold == 0 {
            return Err(ConfigError::at("threshold", "0 would refuse every request; the rules count from 3 to 5"));
        }
        if config.max_body.bytes() == 0 {
            return Err(ConfigError::at("max_body", "nothing of a body would be looked at; write the most that is, such as \"128KB\""));
        }
        let mut except = Vec::with_capacity(config.except.len());
        for (index, exclusion) in config.except.into_iter().enumerate() {
            except.push(exclusion.checked(index)?);
        }
        let settings = Settings { classes, level: Level::of(config.level), threshold: config.threshold, except };
        Ok(Self { settings, max_body: config.max_body.bytes(), over: config.over, encoded: config.encoded })
    }

    /// As much of the body as is looked at. The body is as it was for whoever comes next.
    async fn beginning(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<bytes::Bytes, GatewayError> {
        let known = request.content_length();
        if known.is_some_and(|length| length > self.max_body) {
            match self.over {
                Over::Refuse => return Err(GatewayError::BodyTooLarge { max: self.max_body }),
                Over::Pass => return Ok(bytes::Bytes::new()),
                Over::InspectBeginning => {}
            }
        }
        let peeked = match request.body.peek(self.max_body).await {
            Ok(peeked) => peeked,
            Err(BodyError::TooLarge { max }) => return Err(GatewayError::BodyTooLarge { max }),
            Err(BodyError::TooSlow { .. }) => return Err(GatewayError::BodyTooSlow),
            Err(BodyError::Broken(log)) => {
                cx.record.note(format!("the body broke off: {log}"));
                return Err(GatewayError::bad_request("The body broke off."));
            }
        };
        match check_charset(request, &peeked.bytes) {
            Err(_) if self.encoded == Encoded::Pass => return Ok(bytes::Bytes::new()),
            checked => checked?,
        }
        let decoded = match coding::decoded(&request.headers, peeked.bytes, peeked.whole, self.max_body) {
            Ok(decoded) => decoded,
            Err(Undecodable::Unknown) if self.encoded == Encoded::Pass => return Ok(bytes::Bytes::new()),
            Err(error) => return Err(undecodable(error)),
        };
        match self.over {
            Over::Refuse if !decoded.whole => Err(GatewayError::BodyTooLarge { max: self.max_body }),
            Over::Pass if !decoded.whole => Ok(bytes::Bytes::new()),
            _ => Ok(decoded.bytes),
        }
    }
}

impl Exclusion {
    fn checked(self, index: usize) -> Result<Except, ConfigError> {
        let Self { rule, field, route } = self;
        if rule.is_none() && field.is_none() {
            let message = "an exclusion needs a `rule` or a `field`; to look for nothing on a route, leave the policy off it";
            return Err(ConfigError::at(format!("except.{index}"), message));
        }
        if let Some(name) = &rule {
            let is_known = Class::ALL.iter().any(|class| class.name() == name)
                || rules::ALL.iter().any(|rule| crate::threat::settings::matches(name, rule.id()));
            if !is_known {
                return Err(ConfigError::at(format!("except.{index}.rule"), format!("there is no rule and no class `{name}`")));
            }
        }
        let parts = ["path", "query", "header", "cookie", "body"];
        if let Some(place) = field.as_deref().filter(|place| !parts.iter().any(|part| place.starts_with(part)) && !place.starts_with('*')) {
            let message = format!("`{place}` is no place; it begins with path, query, header, cookie or body, as in `query:q`");
            return Err(ConfigError::at(format!("except.{index}.field"), message));
        }
        Ok(Except { rule, field, route })
    }
}

#[async_trait(?Send)]
impl Policy for Waf {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let body = self.beginning(cx, request).await?;
        let route = cx.route.clone();
        let parts = Parts {
            host: &request.target.authority,
            route: route.as_ref().map_or("", |route| &route.id),
            path: &request.target.path,
            query: request.target.query.as_deref(),
            headers: &request.headers,
            body: &body,
        };
        let report = inspect(&parts, &self.settings);
        cx.record.threats.extend(report.findings.iter().map(ToString::to_string));
        match report.is_attack(self.settings.threshold) {
            true => Err(GatewayError::Attack { log: log(&report) }),
            false => Ok(Flow::Next),
        }
    }
}

/// The class that decided, its score, and what its rules saw where.
fn log(report: &Report) -> String {
    let Some((class, score)) = report.worst() else { return String::new() };
    let first = report.findings.iter().find(|finding| finding.rule.class() == class);
    format!("{} scores {score}: {}", class.name(), first.map(ToString::to_string).unwrap_or_default())
}

#[cfg(test)]
mod tests;
