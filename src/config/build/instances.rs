//! Policies and origins as instances: compiled once for their errors and needs, equal ones kept once, names given.

use std::collections::{BTreeMap, HashMap};

use super::environment::{self, Deployment};
use super::origins::OriginEntry;
use super::policies::PolicyEntry;
use crate::config::compiler::{Compiler, ConfigError, Needs};
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::document::{Node, Value};
use crate::config::text::source::Place;

/// A variable or secret that the deployment must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Its name.
    pub name: String,
    /// Whether it is a secret.
    pub secret: bool,
    /// Where it is asked for.
    pub places: Vec<Place>,
}

/// A policy or origin that at least one name or route has.
#[derive(Debug)]
pub struct Instance<'a, T> {
    /// Unique and stable.
    pub id: String,
    /// Index of its API; `None` for what is shared.
    pub api: Option<usize>,
    /// As it was written.
    pub entry: &'a T,
    /// Found while it was compiled.
    pub needs: Needs,
    /// Whether more than one route wrote it out.
    shared: bool,
}

/// What instances are made of.
pub trait Compilable {
    /// Whether it could be read.
    fn is_whole(&self) -> bool;
    /// Compiles it, for errors and needs.
    fn compile(&self, compiler: &mut Compiler<'_>) -> Result<(), ConfigError>;
    /// What makes two of them equal; `None` where equal ones must stay apart, since each counts or stores for itself.
    fn equality(&self) -> Option<String>;
    /// Its kind, for names.
    fn kind(&self) -> &str;
    /// Where it stands.
    fn place(&self) -> &Place;
    /// What its fields stand in.
    fn node(&self) -> &Node;
}

impl Compilable for PolicyEntry<'_> {
    fn is_whole(&self) -> bool {
        self.config.is_some()
    }

    fn compile(&self, compiler: &mut Compiler<'_>) -> Result<(), ConfigError> {
        self.config.as_ref().map_or(Ok(()), |config| config.compile(compiler).map(|_| ()))
    }

    fn equality(&self) -> Option<String> {
        if matches!(self.kind(), "rate_limit" | "cache") {
            return None;
        }
        serde_json::to_string(&(&self.config, self.mode, self.on_error)).ok()
    }

    fn kind(&self) -> &str {
        self.facts.map_or("policy", |facts| facts.name)
    }

    fn place(&self) -> &Place {
        &self.place
    }

    fn node(&self) -> &Node {
        self.node
    }
}

impl Compilable for OriginEntry<'_> {
    fn is_whole(&self) -> bool {
        self.config.is_some()
    }

    fn compile(&self, compiler: &mut Compiler<'_>) -> Result<(), ConfigError> {
        self.config.as_ref().map_or(Ok(()), |config| config.compile(compiler).map(|_| ()))
    }

    fn equality(&self) -> Option<String> {
        serde_json::to_string(&self.config).ok()
    }

    fn kind(&self) -> &str {
        self.kind
    }

    fn place(&self) -> &Place {
        &self.place
    }

    fn node(&self) -> &Node {
        self.node
    }
}

/// All instances of one sort.
pub struct Instances<'a, T> {
    /// In the order in which they were met.
    pub all: Vec<Instance<'a, T>>,
    named: HashMap<usize, usize>,
    equal: HashMap<(Option<usize>, String), usize>,
    ids: HashMap<String, usize>,
}

impl<T> Default for Instances<'_, T> {
    fn default() -> Self {
        Self { all: Vec::new(), named: HashMap::new(), equal: HashMap::new(), ids: HashMap::new() }
    }
}

impl<'a, T: Compilable> Instances<'a, T> {
    /// The instance of something that has a name of its own; `None` where it is broken.
    pub fn named(&mut self, id: &str, api: Option<usize>, entry: &'a T, context: &mut Context<'_>) -> Option<usize> {
        let identity = std::ptr::from_ref(entry).addr();
        if let Some(index) = self.named.get(&identity) {
            return Some(*index);
        }
        let index = self.add(id.to_owned(), api, entry, context)?;
        self.named.insert(identity, index);
        Some(index)
    }

    /// The instance of something that was written out under `owner`, a route or an API; equal ones of an API are one.
    pub fn inline(&mut self, owner: &str, api: (Option<usize>, &str), entry: &'a T, context: &mut Context<'_>) -> Option<usize> {
        let equality = entry.equality().map(|equality| (api.0, equality));
        if let Some(index) = equality.as_ref().and_then(|equality| self.equal.get(equality)).copied() {
            let shared_id = self.all.get(index).filter(|known| !known.shared).map(|known| format!("{}#{}", api.1, known.entry.kind()));
            if let Some(id) = shared_id {
                let id = self.unique(id);
                if let Some(known) = self.all.get_mut(index) {
                    (known.id, known.shared) = (id, true);
                }
            }
            return Some(index);
        }
        let index = self.add(format!("{owner}#{}", entry.kind()), api.0, entry, context)?;
        if let Some(equality) = equality {
            self.equal.insert(equality, index);
        }
        Some(index)
    }

    fn add(&mut self, id: String, api: Option<usize>, entry: &'a T, context: &mut Context<'_>) -> Option<usize> {
        let needs = context.compile(&id, entry)?;
        let id = self.unique(id);
        self.all.push(Instance { id, api, entry, needs, shared: false });
        Some(self.all.len() - 1)
    }

    fn unique(&mut self, id: String) -> String {
        let count = self.ids.entry(id.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { id } else { format!("{id} ({count})") }
    }
}

/// What compiling goes with.
pub struct Context<'c> {
    /// Variables and secrets, where they are known.
    pub deployment: Option<&'c Deployment>,
    /// Where errors go.
    pub diagnostics: &'c mut Diagnostics,
    /// What was asked for so far: whether it is a secret, and where.
    pub needs: BTreeMap<String, (bool, Vec<Place>)>,
}

impl Context<'_> {
    fn compile<T: Compilable>(&mut self, id: &str, entry: &T) -> Option<Needs> {
        if !entry.is_whole() {
            return None;
        }
        let run = |compiler: &mut Compiler<'_>| entry.compile(compiler);
        let named = |field: &str| {
            let mut names = Vec::new();
            let node = entry.node().descend(field);
            named_in(node, &mut names);
            (names, node.text().is_some_and(|text| !text.starts_with("${")))
        };
        let (needs, mut result) = environment::sketch(id, named, run);
        let file = entry.place().file;
        let names = needs.variables.iter().map(|name| (name, false)).chain(needs.secrets.iter().map(|name| (name, true)));
        let mut missing = false;
        for (name, secret) in names {
            let (_, places) = self.needs.entry(name.clone()).or_insert((secret, Vec::new()));
            mentions(file, entry.node(), name, places);
            missing |= self.deployment.is_some_and(|deployment| !deployment.0.contains_key(name));
        }
        if let Some(deployment) = self.deployment.filter(|_| !missing) {
            result = environment::compile(deployment, id, run);
        }
        match result {
            Ok(()) => Some(needs),
            Err(error) => {
                let place = Place::new(file, &entry.node().descend(&error.field).span);
                self.diagnostics.push(Diagnostic::new(Code::WrongValue, place, error.message));
                None
            }
        }
    }

    /// What the deployment must have; what it lacks becomes an error.
    pub fn settle(self) -> Vec<Need> {
        let mut needs = Vec::new();
        for (name, (secret, places)) in self.needs {
            if self.deployment.is_some_and(|deployment| !deployment.0.contains_key(&name)) {
                let what = if secret { "secret" } else { "variable" };
                let message = format!("the {what} `{name}` is not set");
                let first = places.first().map(|place| Diagnostic::new(Code::MissingVariable, place.clone(), &message));
                let mut diagnostic = first.unwrap_or_else(|| Diagnostic::without_place(Code::MissingVariable, &message));
                for place in places.iter().skip(1) {
                    diagnostic = diagnostic.related(place.clone(), "needed here too");
                }
                self.diagnostics.push(diagnostic);
            }
            needs.push(Need { name, secret, places });
        }
        needs
    }
}

/// Every variable and secret that `node` names.
fn named_in(node: &Node, names: &mut Vec<String>) {
    match &node.value {
        Value::String(text) => {
            let plain = text.replace("$${", "");
            let after = plain.split("${").skip(1);
            names.extend(after.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()));
        }
        Value::Array(elements) => elements.iter().for_each(|element| named_in(element, names)),
        Value::Table(entries) => {
            for entry in entries {
                names.extend(entry.node.text().filter(|_| entry.key == "secret").map(str::to_owned));
                named_in(&entry.node, names);
            }
        }
        _ => {}
    }
}

/// Every place in `node` that asks for `name`: `${NAME}` in a text, or `secret = "NAME"`.
fn mentions(file: usize, node: &Node, name: &str, places: &mut Vec<Place>) {
    match &node.value {
        Value::String(text) if text.contains(&format!("${{{name}}}")) => places.push(Place::new(file, &node.span)),
        Value::Array(elements) => elements.iter().for_each(|element| mentions(file, element, name, places)),
        Value::Table(entries) => {
            for entry in entries {
                match entry.key == "secret" && entry.node.text() == Some(name) {
                    true => places.push(Place::new(file, &entry.node.span)),
                    false => mentions(file, &entry.node, name, places),
                }
            }
        }
        _ => {}
    }
}
