//! From schemas to the nodes of one tree.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::library::{Draft, Library, Place};
use super::{Direction, Wrong, automaton, pattern};
use crate::schema::document::Number;
use crate::schema::format::Format;
use crate::schema::tree::{Node, Rule, Tree, kind};

/// A tree that grows.
pub struct Nodes<'l> {
    /// Where schemas and references are looked up.
    pub library: &'l Library,
    tree: Tree,
    formats: bool,
    known: HashMap<(Place, Direction), usize>,
    resources: Vec<(usize, Direction)>,
    patterns: HashMap<String, usize>,
}

impl<'l> Nodes<'l> {
    /// An empty tree; `formats` says whether `format` is held to.
    pub fn new(library: &'l Library, formats: bool) -> Self {
        let (known, resources, patterns) = (HashMap::new(), Vec::new(), HashMap::new());
        Self { library, tree: Tree::default(), formats, known, resources, patterns }
    }

    /// The tree, with the nodes that dynamic references may lead to.
    ///
    /// # Errors
    /// Where one of them cannot be built.
    pub fn finish(mut self) -> Result<Tree, Wrong> {
        let rules = |tree: &Tree, test: fn(&Rule) -> bool| tree.nodes.iter().any(|Node(_, rules)| rules.iter().any(test));
        let mut done = 0;
        while rules(&self.tree, |rule| matches!(rule, Rule::DynamicRef { .. })) && done < self.resources.len() {
            let Some((resource, direction)) = self.resources.get(done).copied() else { break };
            let mut anchors = BTreeMap::new();
            for (name, place) in self.library.dynamic_anchors(resource) {
                anchors.insert(name, self.node(&place, direction)?);
            }
            self.tree.anchors.push(anchors);
            done += 1;
        }
        self.tree.tracks = rules(&self.tree, |rule| matches!(rule, Rule::UnevaluatedItems(_) | Rule::UnevaluatedProperties(_)));
        Ok(self.tree)
    }

    /// The node of the schema at a place.
    ///
    /// # Errors
    /// Where a reference leads nowhere, a pattern cannot be had, or a word has a value that it cannot have.
    pub fn node(&mut self, place: &Place, direction: Direction) -> Result<usize, Wrong> {
        if let Some(index) = self.known.get(&(place.clone(), direction)) {
            return Ok(*index);
        }
        let index = self.tree.nodes.len();
        self.known.insert((place.clone(), direction), index);
        let resource = (self.library.resource(place), direction);
        let known = self.resources.iter().position(|known| *known == resource);
        let resource = known.unwrap_or_else(|| {
            self.resources.push(resource);
            self.resources.len() - 1
        });
        self.tree.nodes.push(Node(resource, Vec::new()));
        let rules = match self.library.value(place) {
            Some(Value::Bool(true)) => Vec::new(),
            Some(Value::Bool(false)) => vec![Rule::Never],
            Some(Value::Object(schema)) => self.rules(place, schema, direction)?,
            _ => return Err(Wrong::at(place, "this is no schema: it is neither an object nor `true` or `false`")),
        };
        if let Some(node) = self.tree.nodes.get_mut(index) {
            node.1 = rules;
        }
        Ok(index)
    }

    fn rules(&mut self, place: &Place, schema: &Map<String, Value>, direction: Direction) -> Result<Vec<Rule>, Wrong> {
        let draft = self.library.draft(place);
        if draft == Draft::Other {
            let root = self.library.root(self.library.resource(place)).unwrap_or(place);
            let message = "JSON Schema 2020-12, 2019-09 and draft-07 are read, and this is another dialect";
            return Err(Wrong::at(&root.at("$schema"), message));
        }
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        if let (Some(reference), Draft::Seven) = (text("$ref"), draft) {
            let (target, _) = self.library.follow(&place.at("$ref"), reference)?;
            return Ok(vec![Rule::Ref(self.node(&target, direction)?)]);
        }
        let mut rules = plain(schema);
        self.texts(place, schema, &mut rules)?;
        self.members(place, schema, (draft, direction), &mut rules)?;
        self.items(place, schema, (draft, direction), &mut rules)?;
        self.references(place, schema, direction, &mut rules)?;
        self.alternatives(place, schema, direction, &mut rules)?;
        if draft > Draft::Seven {
            if let Some(node) = self.one(place, schema, "unevaluatedItems", direction)? {
                rules.push(Rule::UnevaluatedItems(node));
            }
            if let Some(node) = self.one(place, schema, "unevaluatedProperties", direction)? {
                rules.push(Rule::UnevaluatedProperties(node));
            }
        }
        Ok(rules)
    }

    fn texts(&mut self, place: &Place, schema: &Map<String, Value>, rules: &mut Vec<Rule>) -> Result<(), Wrong> {
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
            rules.push(Rule::Pattern(self.pattern(&place.at("pattern"), pattern)?));
        }
        let format = schema.get("format").and_then(Value::as_str).and_then(Format::parse);
        rules.extend(format.filter(|_| self.formats).map(Rule::Format));
        Ok(())
    }

    fn pattern(&mut self, place: &Place, pattern: &str) -> Result<usize, Wrong> {
        if let Some(index) = self.patterns.get(pattern) {
            return Ok(*index);
        }
        let translated = pattern::translate(pattern).map_err(|message| Wrong::at(place, message))?;
        self.tree.patterns.push(automaton::smallest(translated));
        self.patterns.insert(pattern.to_owned(), self.tree.patterns.len() - 1);
        Ok(self.tree.patterns.len() - 1)
    }

    /// The node of the one schema under a word.
    fn one(&mut self, place: &Place, schema: &Map<String, Value>, word: &str, direction: Direction) -> Result<Option<usize>, Wrong> {
        schema.get(word).map(|_| self.node(&place.at(word), direction)).transpose()
    }

    /// The nodes of the schemas in an array under a word.
    fn list(&mut self, place: &Place, schema: &Map<String, Value>, word: &str, direction: Direction) -> Result<Vec<usize>, Wrong> {
        let length = schema.get(word).and_then(Value::as_array).map_or(0, Vec::len);
        (0..length).map(|index| self.node(&place.at(word).at(&index.to_string()), direction)).collect()
    }

    /// The nodes of the schemas by name under a word.
    fn named(
        &mut self,
        place: &Place,
        schema: &Map<String, Value>,
        word: &str,
        direction: Direction,
    ) -> Result<BTreeMap<String, usize>, Wrong> {
        let names = schema.get(word).and_then(Value::as_object).into_iter().flat_map(Map::keys);
        names.map(|name| Ok((name.clone(), self.node(&place.at(word).at(name), direction)?))).collect()
    }

    fn members(
        &mut self,
        place: &Place,
        schema: &Map<String, Value>,
        (draft, direction): (Draft, Direction),
        rules: &mut Vec<Rule>,
    ) -> Result<(), Wrong> {
        let required: Vec<String> =
            names(schema.get("required")).into_iter().filter(|name| self.is_asked(place, name, direction)).collect();
        if !required.is_empty() {
            rules.push(Rule::Required(required));
        }
        if let Some(node) = self.one(place, schema, "propertyNames", direction)? {
            rules.push(Rule::PropertyNames(node));
        }
        let named = self.named(place, schema, "properties", direction)?;
        let mut matching = Vec::new();
        for pattern in schema.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            let at = place.at("patternProperties").at(pattern);
            matching.push((self.pattern(&at, pattern)?, self.node(&at, direction)?));
        }
        let others = self.one(place, schema, "additionalProperties", direction)?;
        if !named.is_empty() || !matching.is_empty() || others.is_some() {
            rules.push(Rule::Properties { named, matching, others });
        }
        let (mut needed, mut schemas) = (BTreeMap::new(), BTreeMap::new());
        if draft > Draft::Seven {
            needed = schema
                .get("dependentRequired")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(name, list)| (name.clone(), names(Some(list))))
                .collect();
            schemas = self.named(place, schema, "dependentSchemas", direction)?;
        }
        // The older word of the two; later drafts keep it for schemas that have it still.
        for (name, value) in schema.get("dependencies").and_then(Value::as_object).into_iter().flatten() {
            if value.is_array() {
                needed.entry(name.clone()).or_default().extend(names(Some(value)));
            } else {
                let node = self.node(&place.at("dependencies").at(name), direction)?;
                let node = match schemas.get(name) {
                    Some(other) => self.both(*other, node),
                    None => node,
                };
                schemas.insert(name.clone(), node);
            }
        }
        if !needed.is_empty() {
            rules.push(Rule::DependentRequired(needed));
        }
        if !schemas.is_empty() {
            rules.push(Rule::DependentSchemas(schemas));
        }
        Ok(())
    }

    /// A node that holds where two others do.
    fn both(&mut self, one: usize, other: usize) -> usize {
        let resource = self.tree.nodes.get(one).map_or(0, |Node(resource, _)| *resource);
        self.tree.nodes.push(Node(resource, vec![Rule::AllOf(vec![one, other])]));
        self.tree.nodes.len() - 1
    }

    /// Whether a member can be required in this direction.
    fn is_asked(&self, place: &Place, name: &str, direction: Direction) -> bool {
        if !self.library.documents.get(place.document).is_some_and(|document| document.is_openapi) {
            return true;
        }
        let place = place.at("properties").at(name);
        let Some(value) = self.library.value(&place) else { return true };
        let referred = value.get("$ref").and_then(Value::as_str).and_then(|reference| self.library.follow(&place, reference).ok());
        let value = referred.and_then(|(target, _)| self.library.value(&target)).unwrap_or(value);
        let word = if direction == Direction::Request { "readOnly" } else { "writeOnly" };
        value.get(word) != Some(&Value::Bool(true))
    }

    fn items(
        &mut self,
        place: &Place,
        schema: &Map<String, Value>,
        (draft, direction): (Draft, Direction),
        rules: &mut Vec<Rule>,
    ) -> Result<(), Wrong> {
        let listed = if draft == Draft::Twenty { "prefixItems" } else { "items" };
        let first = self.list(place, schema, listed, direction)?;
        let is_list = draft < Draft::Twenty && schema.get("items").is_some_and(Value::is_array);
        let rest = match is_list {
            true => self.one(place, schema, "additionalItems", direction)?,
            false => self.one(place, schema, "items", direction)?,
        };
        if !first.is_empty() || rest.is_some() {
            rules.push(Rule::Items { first, rest });
        }
        if let Some(node) = self.one(place, schema, "contains", direction)? {
            let bound = |word: &str| schema.get(word).filter(|_| draft > Draft::Seven).and_then(count);
            let (min, max) = (bound("minContains").unwrap_or(1), bound("maxContains"));
            rules.push(Rule::Contains { node, min, max, evaluates: draft == Draft::Twenty });
        }
        Ok(())
    }

    fn references(&mut self, place: &Place, schema: &Map<String, Value>, direction: Direction, rules: &mut Vec<Rule>) -> Result<(), Wrong> {
        let draft = self.library.draft(place);
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let (target, _) = self.library.follow(&place.at("$ref"), reference)?;
            rules.push(Rule::Ref(self.node(&target, direction)?));
        }
        if let Some(reference) = schema.get("$dynamicRef").and_then(Value::as_str).filter(|_| draft == Draft::Twenty) {
            let (target, anchor) = self.library.follow(&place.at("$dynamicRef"), reference)?;
            let node = self.node(&target, direction)?;
            rules.push(anchor.map_or(Rule::Ref(node), |anchor| Rule::DynamicRef { anchor, node }));
        }
        if schema.contains_key("$recursiveRef") && draft == Draft::Nineteen {
            let resource = self.library.resource(place);
            let Some(root) = self.library.root(resource).cloned() else { return Ok(()) };
            let node = self.node(&root, direction)?;
            let recursive = self.library.dynamic_anchors(resource).iter().any(|(name, _)| name.is_empty());
            rules.push(if recursive { Rule::DynamicRef { anchor: String::new(), node } } else { Rule::Ref(node) });
        }
        Ok(())
    }

    fn alternatives(
        &mut self,
        place: &Place,
        schema: &Map<String, Value>,
        direction: Direction,
        rules: &mut Vec<Rule>,
    ) -> Result<(), Wrong> {
        let all = self.list(place, schema, "allOf", direction)?;
        if !all.is_empty() {
            rules.push(Rule::AllOf(all));
        }
        let discriminator = self.discriminator(place, schema, direction)?;
        let any = self.list(place, schema, "anyOf", direction)?;
        let one = self.list(place, schema, "oneOf", direction)?;
        match discriminator {
            Some(rule) => rules.push(rule),
            None => {
                rules.extend(Some(any).filter(|any| !any.is_empty()).map(Rule::AnyOf));
                rules.extend(Some(one).filter(|one| !one.is_empty()).map(Rule::OneOf));
            }
        }
        if let Some(node) = self.one(place, schema, "not", direction)? {
            rules.push(Rule::Not(node));
        }
        if let Some(test) = self.one(place, schema, "if", direction)? {
            let then = self.one(place, schema, "then", direction)?;
            let otherwise = self.one(place, schema, "else", direction)?;
            if then.is_some() || otherwise.is_some() || self.library.draft(place) > Draft::Seven {
                rules.push(Rule::If { test, then, otherwise });
            }
        }
        Ok(())
    }

    /// OpenAPI's choice by a member's value, where every alternative is a reference. A value is the alternative's name, or one that
    /// `mapping` has for it.
    fn discriminator(&mut self, place: &Place, schema: &Map<String, Value>, direction: Direction) -> Result<Option<Rule>, Wrong> {
        let is_openapi = self.library.documents.get(place.document).is_some_and(|document| document.is_openapi);
        let discriminator = schema.get("discriminator").filter(|_| is_openapi);
        let Some(property) = discriminator.and_then(|discriminator| discriminator.get("propertyName")?.as_str()) else { return Ok(None) };
        let alternatives = ["oneOf", "anyOf"].iter().find_map(|word| schema.get(*word)?.as_array());
        let references: Option<Vec<&str>> = alternatives.and_then(|list| list.iter().map(|schema| schema.get("$ref")?.as_str()).collect());
        let Some(references) = references else { return Ok(None) };
        let mut mapping = BTreeMap::new();
        for reference in references {
            let (target, _) = self.library.follow(place, reference)?;
            let name = reference.rsplit('/').next().unwrap_or(reference).to_owned();
            mapping.insert(name, self.node(&target, direction)?);
        }
        let at = place.at("discriminator").at("mapping");
        for (value, reference) in discriminator.and_then(|discriminator| discriminator.get("mapping")?.as_object()).into_iter().flatten() {
            let reference = reference.as_str().unwrap_or_default();
            let named = format!("#/components/schemas/{reference}");
            let reference = if reference.contains(['/', '#', '.']) { reference } else { &named };
            let (target, _) = self.library.follow(&at.at(value), reference)?;
            mapping.insert(value.clone(), self.node(&target, direction)?);
        }
        Ok(Some(Rule::Discriminator { property: property.to_owned(), mapping }))
    }
}

/// The rules that have no schemas in them.
fn plain(schema: &Map<String, Value>) -> Vec<Rule> {
    let mut rules = Vec::new();
    let counted = |word: &str| schema.get(word).and_then(count);
    let number = |word: &str| match schema.get(word) {
        Some(Value::Number(number)) => Some(number.clone()),
        _ => None,
    };
    let bit = |name: &str| kind::ALL.iter().find(|(_, known)| *known == name).map_or(0, |(bit, _)| *bit);
    rules.extend(match schema.get("type") {
        Some(Value::String(name)) => Some(Rule::Type(bit(name))),
        Some(Value::Array(names)) => Some(Rule::Type(names.iter().filter_map(Value::as_str).map(bit).fold(0, |types, bit| types | bit))),
        _ => None,
    });
    rules.extend(schema.get("enum").and_then(Value::as_array).map(|values| {
        let words = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
        Option::map_or(words, Rule::Enum(values.clone()), Rule::Words)
    }));
    rules.extend(schema.get("const").map(|value| Rule::Const(value.clone())));
    rules.extend(counted("minLength").map(Rule::MinLength));
    rules.extend(counted("maxLength").map(Rule::MaxLength));
    rules.extend(number("minimum").map(Rule::Minimum));
    rules.extend(number("maximum").map(Rule::Maximum));
    rules.extend(number("exclusiveMinimum").map(Rule::ExclusiveMinimum));
    rules.extend(number("exclusiveMaximum").map(Rule::ExclusiveMaximum));
    rules.extend(number("multipleOf").map(Rule::MultipleOf));
    rules.extend(counted("minProperties").map(Rule::MinProperties));
    rules.extend(counted("maxProperties").map(Rule::MaxProperties));
    rules.extend(counted("minItems").map(Rule::MinItems));
    rules.extend(counted("maxItems").map(Rule::MaxItems));
    rules.extend((schema.get("uniqueItems") == Some(&Value::Bool(true))).then_some(Rule::UniqueItems));
    rules
}

fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => Number::from(number).whole().and_then(|whole| u64::try_from(whole).ok()),
        _ => None,
    }
}

fn names(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
