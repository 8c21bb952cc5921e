//! Policies and origins as instances: compiled once for their errors and needs, equal ones kept once, names given.

use std::collections::HashMap;

use super::compiling::Context;
use super::origins::OriginEntry;
use super::policies::{BESIDE, NamedPart, PolicyEntry, Use, is_own};
use crate::config::compiler::{Compiler, ConfigError, Needs};
use crate::config::text::decode::{self, Skipped};
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::document::{Node, Value};
use crate::config::text::source::Place;
use crate::origins::OriginConfig;
use crate::policies::PolicyConfig;

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

/// Compiles what is left of something.
pub type Rest = Box<dyn Fn(&mut Compiler<'_>) -> Result<(), ConfigError>>;

/// What instances are made of.
pub trait Compilable {
    /// Whether it could be read.
    fn is_whole(&self) -> bool;
    /// Compiles it, for errors and needs.
    fn compile(&self, compiler: &mut Compiler<'_>) -> Result<(), ConfigError>;
    /// What is left of it without these nodes, to be compiled; `None` where nothing is. Nodes that have to go with them are added.
    fn without(&self, skipped: &mut Skipped) -> Option<Rest>;
    /// What makes two of them equal; `None` where equal ones must stay apart, since each counts or stores for itself.
    fn equality(&self) -> Option<String>;
    /// Its kind, for names.
    fn kind(&self) -> &str;
    /// Where it stands.
    fn place(&self) -> &Place;
    /// What its fields stand in.
    fn node(&self) -> &Node;
    /// What a field of it is, also where it stands elsewhere under a name.
    fn field(&self, path: &str) -> &Node {
        self.node().descend(path)
    }
    /// Whether it combines others of its sort.
    fn combines(&self) -> bool {
        false
    }
    /// What it combines that has no name of its own.
    fn parts(&self) -> Vec<&Self> {
        Vec::new()
    }
    /// What it combines that stands elsewhere under a name: the path in this one, the place, and what its fields stand in.
    fn elsewhere(&self) -> Vec<(&str, &Place, &Node)> {
        Vec::new()
    }
    /// A setting that stands outside of that, by name.
    fn outside(&self) -> Option<(&'static str, &Node)> {
        None
    }
}

impl Compilable for PolicyEntry<'_> {
    fn is_whole(&self) -> bool {
        self.config.is_some()
    }

    fn compile(&self, compiler: &mut Compiler<'_>) -> Result<(), ConfigError> {
        if let Some(when) = &self.when {
            when.add_needs(&mut compiler.needs);
        }
        self.config.as_ref().map_or(Ok(()), |config| config.compile(compiler).map(|_| ()))
    }

    fn without(&self, skipped: &mut Skipped) -> Option<Rest> {
        if self.combined.is_some() {
            return None;
        }
        let beside = self.node.entries().iter().filter(|entry| BESIDE.contains(&entry.key.as_str()) && !is_own(self.facts, &entry.key));
        skipped.extend(beside.map(|entry| entry.node.identity()));
        let mut follow_ups = Diagnostics::default();
        let rest = decode::decode_variant_partly(self.place.file, self.kind(), self.node, skipped, &mut follow_ups)?;
        let config: PolicyConfig = rest.value;
        Some(Box::new(move |compiler| config.compile(compiler).map(|_| ())))
    }

    fn equality(&self) -> Option<String> {
        if self.config.as_ref().is_some_and(PolicyConfig::is_apart) {
            return None;
        }
        serde_json::to_string(&(&self.config, self.mode, self.on_error, self.failures, &self.when)).ok()
    }

    fn outside(&self) -> Option<(&'static str, &Node)> {
        self.when_beside.map(|node| ("when", node))
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

    fn field(&self, path: &str) -> &Node {
        let named = self.combined.iter().flat_map(|combined| &combined.named);
        let leads = |part: &&NamedPart<'_>| path.strip_prefix(&*part.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if let Some(part) = named.filter(leads).max_by_key(|part| part.path.len()) {
            return part.node.descend(path.get(part.path.len() + 1..).unwrap_or_default());
        }
        match &self.node.value {
            Value::Array(_) => self.node.descend(path.strip_prefix("policies.").unwrap_or(path)),
            _ => self.node.descend(path),
        }
    }

    fn combines(&self) -> bool {
        self.combined.is_some()
    }

    fn parts(&self) -> Vec<&Self> {
        let uses = self.combined.iter().flat_map(|combined| &combined.uses);
        uses.filter_map(|item| if let Use::Inline(entry) = item { Some(&**entry) } else { None }).collect()
    }

    fn elsewhere(&self) -> Vec<(&str, &Place, &Node)> {
        let named = self.combined.iter().flat_map(|combined| &combined.named);
        named.map(|part| (part.path.as_str(), &part.place, part.node)).collect()
    }
}

impl Compilable for OriginEntry<'_> {
    fn is_whole(&self) -> bool {
        self.config.is_some()
    }

    fn compile(&self, compiler: &mut Compiler<'_>) -> Result<(), ConfigError> {
        self.config.as_ref().map_or(Ok(()), |config| config.compile(compiler).map(|_| ()))
    }

    fn without(&self, skipped: &mut Skipped) -> Option<Rest> {
        let mut follow_ups = Diagnostics::default();
        let rest = decode::decode_variant_partly(self.place.file, self.kind, self.node, skipped, &mut follow_ups)?;
        let config: OriginConfig = rest.value;
        Some(Box::new(move |compiler| config.compile(compiler).map(|_| ())))
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
