//! How a scenario is written. Nothing in it is native: the same files can be run against the worker itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::span::Span;

/// One file: a gateway, its origins, and requests in order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in a sentence.
    pub about: String,
    /// Routes files by name, as a user would write them.
    pub files: BTreeMap<String, String>,
    /// Variables and secrets of the deployment.
    #[serde(default)]
    pub vars: BTreeMap<String, String>,
    /// Long texts by name, tokens above all: `$(name)` in a request's URL, header fields and body stands for them.
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
    /// Servers behind the gateway; any other one refuses the connection.
    #[serde(default)]
    pub origins: Vec<OriginScript>,
    /// The requests.
    pub steps: Vec<Step>,
}

/// What one server answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginScript {
    /// Host and port.
    pub authority: String,
    /// Only for this path, without the query; for all paths where absent.
    pub path: Option<String>,
    /// One after the other; the last one repeats.
    pub replies: Vec<ReplyScript>,
}

/// One answer of a server.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyScript {
    /// The status; 200 where absent.
    #[serde(default = "ok")]
    pub status: u16,
    /// Header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, Values>,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// Time to the first byte.
    pub after: Option<Span>,
    /// Refuses the connection with this text instead.
    pub refuse: Option<String>,
}

fn ok() -> u16 {
    200
}

/// One value of a header field, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// One.
    One(String),
    /// Several, in order.
    Many(Vec<String>),
}

impl Values {
    /// All of them.
    pub fn list(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// One request and what comes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it shows, where the request alone does not say.
    #[serde(default)]
    pub name: String,
    /// When, counted from the first step.
    pub at: Option<Span>,
    /// Only where ports can be broken: not against the worker itself.
    #[serde(default)]
    pub native_only: bool,
    /// Ports that are down during this step: `limiter`, `edge_cache`, `guesses`, `replay`, `sessions`.
    #[serde(default)]
    pub down: Vec<String>,
    /// How often the same request is sent, each time with the same outcome; 1 where absent.
    pub times: Option<u32>,
    /// The request.
    pub request: RequestScript,
    /// What comes of it.
    pub expect: Expect,
}

/// A request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestScript {
    /// The method; GET where absent.
    #[serde(default = "get")]
    pub method: String,
    /// The absolute URL, sent exactly as it is written.
    pub url: String,
    /// Header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, Values>,
    /// A body with its `Content-Length`.
    #[serde(default)]
    pub body: String,
    /// A body that is streamed in these pieces, without a length.
    #[serde(default)]
    pub chunks: Vec<String>,
    /// The client's address; 192.0.2.1 where absent.
    #[serde(default = "client")]
    pub client: String,
    /// What the edge knows of the connection, as `request.cf` has it.
    #[serde(default)]
    pub edge: BTreeMap<String, Value>,
}

fn get() -> String {
    "GET".to_owned()
}

fn client() -> String {
    "192.0.2.1".to_owned()
}

/// What comes of a request. What is not written here is not looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The status.
    pub status: u16,
    /// Header fields of the response.
    #[serde(default)]
    pub headers: BTreeMap<String, FieldRule>,
    /// The response's body.
    pub body: Option<BodyRule>,
    /// Whether there is an access record; sampling alone leaves one out.
    #[serde(default = "yes")]
    pub recorded: bool,
    /// Members of the access record.
    #[serde(default)]
    pub record: BTreeMap<String, Value>,
    /// The calls that origins have seen: exactly these, in order.
    pub calls: Option<Vec<CallRule>>,
}

fn yes() -> bool {
    true
}

/// What a header field must be.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum FieldRule {
    /// All its values, in order.
    Values(Values),
    /// Anything that a text may be.
    Text(TextRule),
}

/// What a text must be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum TextRule {
    /// Not there at all.
    Absent(bool),
    /// There, whatever it is.
    Present(bool),
    /// Matched by this regular expression.
    Regex(String),
    /// Has this in it.
    Contains(String),
}

/// What a body must be.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum BodyRule {
    /// Exactly this text.
    Exactly(String),
    /// One of the rules.
    Rule(BodyRules),
}

/// What a body must be, other than a text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum BodyRules {
    /// This JSON value.
    Json(Value),
    /// A JSON object with these members among others.
    JsonWith(serde_json::Map<String, Value>),
    /// A text with each of these in it.
    Contains(Vec<String>),
}

/// What an origin must have seen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallRule {
    /// The method.
    pub method: Option<String>,
    /// The absolute URL.
    pub url: Option<String>,
    /// Header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, FieldRule>,
    /// The body.
    pub body: Option<String>,
}

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it is not a scenario, or a step needs what only the native ports have and does not say so.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut scenario: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if scenario.about.is_empty() || scenario.steps.is_empty() {
            return Err("a scenario says what it shows and has at least one step".to_owned());
        }
        for (index, step) in scenario.steps.iter().enumerate() {
            if !step.down.is_empty() && !step.native_only {
                return Err(format!("step {}: broken ports are `native_only`", index + 1));
            }
        }
        for step in &mut scenario.steps {
            step.request.fill_in(&scenario.texts);
        }
        Ok(scenario)
    }
}

impl RequestScript {
    fn fill_in(&mut self, texts: &BTreeMap<String, String>) {
        for (name, text) in texts {
            let fill = |place: &mut String| *place = place.replace(&format!("$({name})"), text);
            fill(&mut self.url);
            fill(&mut self.body);
            for values in self.headers.values_mut() {
                match values {
                    Values::One(value) => fill(value),
                    Values::Many(values) => values.iter_mut().for_each(fill),
                }
            }
        }
    }
}
