//! Rewrites the path and the query that later policies and the origin see. The route stays the one that was found.

use std::collections::BTreeMap;

use super::prelude::*;
use crate::config::template::{Part, Template};
use crate::http::{path_template, query};

/// What the registry knows of it.
pub const FACTS: Facts = Facts::of("rewrite");

/// `{ rewrite = { path = "/x/{id}", query = { set = { tenant = "{claim.org}" }, remove = ["debug"] } } }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The new path, a template; unchanged where absent. Path parameters go in as they stand in the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Changes of the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<QueryConfig>,
}

/// Changes of the query: first `remove`, then `set`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QueryConfig {
    /// Parameters with one new value each, a template, in place of all that were there. One whose template reads something absent
    /// is removed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    set: BTreeMap<String, String>,
    /// Parameters that are removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remove: Vec<String>,
}

/// The compiled changes.
pub struct Rewrite {
    path: Option<Template>,
    set: Vec<(String, Template)>,
    remove: Vec<String>,
}

impl Rewrite {
    /// # Errors
    /// Where a template cannot give a path, or nothing would change.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let path = match config.path {
            Some(text) => {
                let template = compiler.template("path", &text)?;
                path_template::check(&template).map_err(|message| ConfigError::at("path", message))?;
                Some(template)
            }
            None => None,
        };
        let QueryConfig { set, remove } = config.query.unwrap_or_default();
        if path.is_none() && set.is_empty() && remove.is_empty() {
            return Err(ConfigError::at("", "neither `path` nor `query` changes anything"));
        }
        if let Some(name) = remove.iter().find(|name| set.contains_key(*name)) {
            return Err(ConfigError::at("query.remove", format!("`{name}` is set as well; `set` alone replaces it")));
        }
        let set = set
            .into_iter()
            .map(|(name, text)| Ok((name.clone(), compiler.template(&format!("query.set.{name}"), &text)?)))
            .collect::<Result<_, ConfigError>>()?;
        Ok(Self { path, set, remove })
    }

    /// The query after the changes; parameters that are not named here stay exactly as they were sent.
    fn query(&self, before: Option<&str>, values: Vec<(&str, Option<String>)>) -> Option<String> {
        let gone = |pair: &&str| {
            let name = query::decode(pair.split('=').next().unwrap_or(pair));
            !self.remove.iter().any(|removed| *removed == name) && !values.iter().any(|(set, _)| *set == name)
        };
        let mut pairs: Vec<String> =
            before.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).filter(gone).map(str::to_owned).collect();
        for (name, value) in &values {
            if let Some(value) = value {
                pairs.push(format!("{}={}", encode(name), encode(value)));
            }
        }
        if pairs.is_empty() { None } else { Some(pairs.join("&")) }
    }
}

/// A template's text for a parameter: what comes out of the path is decoded, since the whole will be encoded.
fn plain_value(cx: &Exchange<'_>, template: &Template, request: &Request) -> Option<String> {
    template.render(|part| {
        let text = cx.part(part, &request.target)?;
        let from_path = matches!(part, Part::Param(_) | Part::Path);
        Some(if from_path { query::decode(&text.replace('+', "%2B")).into_owned() } else { text })
    })
}

/// Percent-encodes everything but unreserved characters (RFC 3986 section 2.3).
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[async_trait(?Send)]
impl Policy for Rewrite {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let path = match &self.path {
            Some(template) => Some(path_template::render(cx, template, request)?),
            None => None,
        };
        if !self.set.is_empty() || !self.remove.is_empty() {
            let values = self.set.iter().map(|(name, template)| (name.as_str(), plain_value(cx, template, request))).collect();
            request.target.query = self.query(request.target.query.as_deref(), values);
        }
        if let Some(path) = path {
            request.target.path = path;
        }
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;
    use futures::executor::block_on;

    fn check(toml: &str, url: &str, expect: &str) {
        let scene = Scene::of("GET", url, &[]);
        let policy = scene.compile(toml, Rewrite::compile).unwrap();
        let (mut cx, mut request) = (scene.exchange(), scene.request());
        cx.params = vec![("id".to_owned(), "a%20b".to_owned())];
        block_on(policy.on_request(&mut cx, &mut request)).unwrap();
        assert_eq!(request.target.path_and_query(), expect, "{toml} {url}");
    }

    #[test]
    fn path_and_query_are_rewritten() {
        check("path = '/x/{id}.json'", "https://a.example/v1/a%20b?q=1", "/x/a%20b.json?q=1");
        check("path = '/internal{path}'", "https://a.example/v1/7", "/internal/v1/7");
        check("query = { remove = ['debug'] }", "https://a.example/?debug=1&q=%20&de%62ug=2", "/?q=%20");
        check("query = { remove = ['debug'] }", "https://a.example/?debug", "/");
        check("query = { set = { tenant = 't 1' } }", "https://a.example/?tenant=evil&a=1", "/?a=1&tenant=t%201");
        check("query = { set = { tenant = '{claim.org}' } }", "https://a.example/?tenant=evil", "/");
        check("query = { set = { id = '{id}' } }", "https://a.example/", "/?id=a%20b");
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let rows = [
            ("", "changes anything"),
            ("path = 'x'", "begins with"),
            ("path = '/x?y=1'", "`?` cannot"),
            ("query = { set = { a = '1' }, remove = ['a'] }", "set as well"),
            ("query = { set = { a = '{' } }", "not closed"),
        ];
        Scene::refuses(&rows, Rewrite::compile);
    }
}
