//! What a policy or an origin is compiled with, and how it says that it cannot be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::template::Template;
use crate::ports::Environment;

/// A value that cannot work, with the place it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The field within the policy or origin, dotted, with indices: `allow.2`. Empty for the whole of it.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
    /// The name of a variable or secret that the deployment lacks or has a wrong value for, where that is all that is wrong.
    pub missing: Option<String>,
}

impl ConfigError {
    /// An error at `field`.
    pub fn at(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), missing: None }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => f.write_str(&self.message),
            field => write!(f, "{field}: {}", self.message),
        }
    }
}

/// What a policy or origin turned out to need while it was compiled; the native command holds it against each route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Path parameters named in templates.
    pub params: BTreeSet<String>,
    /// Whether an identity must have been established before.
    pub identity: bool,
    /// Whether it asks what the edge knows of a connection ([`crate::exchange::Exchange::edge`]).
    pub edge: bool,
    /// Plain variables (`${NAME}`).
    pub variables: BTreeSet<String>,
    /// Secrets (`{ secret = "NAME" }`).
    pub secrets: BTreeSet<String>,
    /// Header fields that carry identity to the origin; removed from what every client sends, on every route.
    pub identity_headers: BTreeSet<String>,
    /// Names of consumers, each with the field that names it.
    pub consumers: BTreeSet<(String, String)>,
    /// Header fields, in lower case, that carry secrets of clients; the record replaces their values.
    pub secret_headers: BTreeSet<String>,
    /// Query parameters that carry secrets of clients; the record replaces their values.
    pub secret_query: BTreeSet<String>,
    /// Paths below which the policy answers by itself, on every host of its routes, with the id of the part that does: the build
    /// makes a route of each.
    pub own_paths: BTreeMap<String, String>,
}

/// What a policy or origin is compiled with.
pub struct Compiler<'a> {
    /// Variables and secrets of the deployment.
    pub environment: &'a dyn Environment,
    /// The instance's name: unique in the gateway and stable while the routes file does not rename it.
    pub id: &'a str,
    /// Title of the API, for realms.
    pub realm: &'a str,
    /// What the native command has made of the files that the policy names; `None` while it makes it.
    pub compiled: Option<&'a str>,
    /// Collected as it goes.
    pub needs: Needs,
}

impl<'a> Compiler<'a> {
    /// A compiler for the instance called `id`.
    pub fn new(environment: &'a dyn Environment, id: &'a str, realm: &'a str) -> Self {
        Self { environment, id, realm, compiled: None, needs: Needs::default() }
    }

    /// Compiles a part of this instance under an id of its own; what it needs is needed by the whole.
    ///
    /// # Errors
    /// The part's own, at its place in the whole.
    pub fn within<T>(
        &mut self,
        id: &str,
        field: &str,
        compile: impl FnOnce(&mut Compiler<'_>) -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        let mut consumers = std::mem::take(&mut self.needs.consumers);
        let mut inner =
            Compiler { environment: self.environment, id, realm: self.realm, compiled: None, needs: std::mem::take(&mut self.needs) };
        let result = compile(&mut inner);
        self.needs = inner.needs;
        consumers.extend(self.needs.consumers.iter().map(|(inner, name)| (format!("{field}.{inner}"), name.clone())));
        self.needs.consumers = consumers;
        result.map_err(|error| ConfigError { field: format!("{field}.{}", error.field).trim_end_matches('.').to_owned(), ..error })
    }

    /// Resolves every `${NAME}` of a text from the deployment's variables; `$${` stands for a plain `${`.
    ///
    /// # Errors
    /// Where a variable is missing, or the text is malformed.
    pub fn text(&mut self, field: &str, text: &str) -> Result<String, ConfigError> {
        let mut resolved = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, after) = rest.split_at(at);
            let after = after.get(2..).unwrap_or_default();
            if let Some(before) = before.strip_suffix('$') {
                resolved.push_str(before);
                resolved.push_str("${");
                rest = after;
                continue;
            }
            resolved.push_str(before);
            let Some((name, tail)) = after.split_once('}') else {
                return Err(ConfigError::at(field, "`${` is not closed by `}`; write `$${` for a plain `${`"));
            };
            self.needs.variables.insert(name.to_owned());
            resolved.push_str(&self.lookup(field, name, "variable")?);
            rest = tail;
        }
        resolved.push_str(rest);
        Ok(resolved)
    }

    /// Reads a secret from the deployment.
    ///
    /// # Errors
    /// Where the deployment has none of this name.
    pub fn secret(&mut self, field: &str, secret: &super::values::Secret) -> Result<String, ConfigError> {
        self.needs.secrets.insert(secret.secret.clone());
        self.lookup(field, &secret.secret, "secret")
    }

    /// Reads a template such as `{id}-{claim.sub}`, after its variables were resolved.
    ///
    /// # Errors
    /// Where a variable is missing or a placeholder is unknown.
    pub fn template(&mut self, field: &str, text: &str) -> Result<Template, ConfigError> {
        let resolved = self.text(field, text)?;
        let template = Template::parse(&resolved).map_err(|message| ConfigError::at(field, message))?;
        self.needs.params.extend(template.params().map(str::to_owned));
        self.needs.identity |= template.reads_identity();
        Ok(template)
    }

    fn lookup(&self, field: &str, name: &str, what: &str) -> Result<String, ConfigError> {
        self.environment.get(name).ok_or_else(|| ConfigError {
            field: field.to_owned(),
            message: format!("the {what} `{name}` is not set in this deployment"),
            missing: Some(name.to_owned()),
        })
    }
}
