//! Keeps programs out (403): those that say what they are, those that lack what browsers send, those that pretend to be a known
//! crawler, and those that the edge takes for one.

use super::prelude::*;
use crate::http::edge::BotFacts;
use crate::threat::agents::Group;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { shields: Some(Shields::Requests), everywhere: true, ..Facts::of("bots") };

/// `{ bots = { deny_groups = ["scanners", "ai_crawlers"], min_score = 10 } }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Known programs, by group, that are kept out.
    #[serde(default = "default_groups")]
    deny_groups: Vec<Group>,
    /// Parts of `User-Agent`, in any case, whose senders are kept out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deny: Vec<String>,
    /// Parts of `User-Agent`, in any case, whose senders are let in whatever else is said here. Anybody can say them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow: Vec<String>,
    /// Header fields that a request must have.
    #[serde(default = "default_require")]
    require: Vec<String>,
    /// Whether crawlers that the edge has verified are let in whatever else is said here.
    #[serde(default = "yes")]
    verified: bool,
    /// Whether those are kept out that say that they are a search engine's crawler and of whom the edge says otherwise. Where the edge
    /// says nothing, nobody is.
    #[serde(default = "yes")]
    impostors: bool,
    /// The least score by the edge, from 1, certainly a program, to 99, certainly a person. Who has no score is let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_score: Option<u8>,
}

fn default_groups() -> Vec<Group> {
    vec![Group::Scanners]
}

fn default_require() -> Vec<String> {
    vec!["user-agent".to_owned()]
}

fn yes() -> bool {
    true
}

/// What is looked for; texts in lower case.
pub struct Bots {
    deny_groups: Vec<Group>,
    deny: Vec<String>,
    allow: Vec<String>,
    require: Vec<HeaderName>,
    verified: bool,
    impostors: bool,
    min_score: Option<u8>,
}

impl Bots {
    /// # Errors
    /// Where a text is too short to tell one agent from another, a name is not that of a field, or the score cannot be one.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let parts = |field: &str, written: &[String]| {
            let mut parts = Vec::new();
            for (index, part) in written.iter().enumerate() {
                if part.trim().len() < 3 {
                    return Err(ConfigError::at(format!("{field}.{index}"), "so short a part is in nearly every `User-Agent`"));
                }
                parts.push(part.to_lowercase());
            }
            Ok(parts)
        };
        let (deny, allow) = (parts("deny", &config.deny)?, parts("allow", &config.allow)?);
        if config.min_score.is_some_and(|score| !(1..=99).contains(&score)) {
            return Err(ConfigError::at("min_score", "a score is from 1 to 99"));
        }
        let mut require = Vec::new();
        for (index, name) in config.require.iter().enumerate() {
            let parsed = HeaderName::try_from(name);
            require.push(
                parsed.map_err(|_| ConfigError::at(format!("require.{index}"), format!("`{name}` is not the name of a header field")))?,
            );
        }
        compiler.needs.edge = true;
        let Config { deny_groups, verified, impostors, min_score, .. } = config;
        Ok(Self { deny_groups, deny, allow, require, verified, impostors, min_score })
    }

    /// Why a request is a program's that is kept out.
    fn recognise(&self, headers: &HeaderMap, facts: Option<&BotFacts>) -> Option<String> {
        let agent = headers.get("user-agent").map(|value| String::from_utf8_lossy(value.as_bytes()).to_lowercase()).unwrap_or_default();
        let verified = facts.is_some_and(|facts| facts.verified_bot);
        if (verified && self.verified) || self.allow.iter().any(|part| agent.contains(part)) {
            return None;
        }
        if let Some(missing) = self.require.iter().find(|name| headers.get(*name).is_none_or(|value| value.is_empty())) {
            return Some(format!("the request has no `{missing}`"));
        }
        if let Some(part) = self.deny.iter().find(|part| agent.contains(*part)) {
            return Some(format!("its agent has `{part}` in it"));
        }
        if let Some((group, member)) = self.deny_groups.iter().find_map(|group| Some((group, group.find(&agent)?))) {
            return Some(format!("its agent is `{member}`, one of {group:?}"));
        }
        let facts = facts?;
        if let Some(member) = Group::SearchEngines.find(&agent).filter(|_| self.impostors && facts.score.is_some() && !verified) {
            return Some(format!("its agent says `{member}`, which the edge has not verified"));
        }
        let score = facts.score.filter(|score| *score > 0)?;
        let least = self.min_score.filter(|least| score < *least)?;
        Some(format!("the edge gives it a score of {score}, less than {least}"))
    }
}

#[async_trait(?Send)]
impl Policy for Bots {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        // Behind a trusted proxy the edge looks at the proxy.
        let facts = if cx.client.address == cx.peer { cx.edge().bot_management.as_ref() } else { None };
        match self.recognise(&request.headers, facts) {
            None => Ok(Flow::Next),
            Some(log) => Err(GatewayError::BotDenied { log }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;
    use futures::executor::block_on;

    const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0";
    const GOOGLE: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    const PERSON: &str = r#"{"botManagement":{"score":90,"verifiedBot":false}}"#;
    const PROGRAM: &str = r#"{"botManagement":{"score":5,"verifiedBot":false}}"#;
    const VERIFIED: &str = r#"{"botManagement":{"score":1,"verifiedBot":true}}"#;

    fn check(toml: &str, agent: Option<&str>, facts: &'static str, expect: Option<&str>) {
        let fields: Vec<(&str, &str)> = agent.map(|agent| ("user-agent", agent)).into_iter().collect();
        let scene = Scene::of("GET", "https://api.example/", &fields).seen_by_the_edge(facts);
        let policy = scene.compile(toml, Bots::compile).unwrap();
        let got = block_on(policy.on_request(&mut scene.exchange(), &mut scene.request()));
        match (&got, expect) {
            (Ok(Flow::Next), None) => {}
            (Err(GatewayError::BotDenied { log }), Some(part)) => assert!(log.contains(part), "{toml} {agent:?}: {log}"),
            _ => panic!("{toml} {agent:?} {facts}: {got:?}"),
        }
    }

    #[test]
    fn programs_are_recognised_and_people_pass() {
        for facts in ["{}", PERSON] {
            check("", Some(FIREFOX), facts, None);
            check("", Some("curl/8.5.0"), facts, None);
            check("", Some("SQLMap/1.8"), facts, Some("`sqlmap`, one of Scanners"));
            check("", None, facts, Some("no `user-agent`"));
            check("", Some(""), facts, Some("no `user-agent`"));
        }
        check("require = []", None, "{}", None);
        check("require = ['accept-language']", Some(FIREFOX), "{}", Some("no `accept-language`"));
        check("deny_groups = ['libraries']", Some("curl/8.5.0"), "{}", Some("Libraries"));
        check("deny_groups = ['libraries']", Some("sqlmap/1.8"), "{}", None);
        check("deny = ['BadBot']", Some("badbot/1.0"), "{}", Some("`badbot`"));
        check("deny_groups = ['libraries']\nallow = ['curl/8']", Some("curl/8.5.0"), "{}", None);
        check("min_score = 30", Some(FIREFOX), PROGRAM, Some("a score of 5"));
        check("min_score = 30", Some(FIREFOX), PERSON, None);
        check("min_score = 30", Some(FIREFOX), "{}", None);
        check("min_score = 30", Some(FIREFOX), r#"{"botManagement":{"score":0}}"#, None);
    }

    #[test]
    fn crawlers_that_are_verified_pass_and_who_pretends_to_be_one_does_not() {
        check("deny_groups = ['search_engines']\nmin_score = 30", Some(GOOGLE), VERIFIED, None);
        check("deny_groups = ['search_engines']", Some(GOOGLE), "{}", Some("SearchEngines"));
        check("verified = false\nmin_score = 30", Some(GOOGLE), VERIFIED, Some("a score of 1"));
        check("", Some(GOOGLE), PERSON, Some("not verified"));
        check("", Some(GOOGLE), "{}", None);
        check("impostors = false", Some(GOOGLE), PERSON, None);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let rows = [
            ("deny_groups = ['robots']", "unknown variant"),
            ("deny = ['a']", "nearly every"),
            ("allow = ['  ']", "nearly every"),
            ("min_score = 0", "from 1 to 99"),
            ("min_score = 100", "from 1 to 99"),
            ("require = ['a b']", "not the name"),
        ];
        Scene::refuses(&rows, Bots::compile);
    }
}
