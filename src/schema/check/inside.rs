//! The rules of arrays and objects: what stands inside of a value.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Check, Seen, Step};
use crate::schema::number;
use crate::schema::tree::Rule;

impl<'s, 'v> Check<'s, 'v> {
    pub(super) fn array_rule(&mut self, rule: &Rule, items: &'v [Value], seen: &mut Seen<'v>) -> bool {
        let tracks = self.schema.tree.tracks;
        match rule {
            Rule::MinItems(min) => items.len() as u64 >= *min || self.wrong("minItems", format!("must have at least {min} items")),
            Rule::MaxItems(max) => items.len() as u64 <= *max || self.wrong("maxItems", format!("must have at most {max} items")),
            Rule::UniqueItems => {
                let mut known = BTreeSet::new();
                let twice = items.iter().any(|item| {
                    let mut text = String::new();
                    number::canonical(item, &mut text);
                    !known.insert(text)
                });
                !twice || self.wrong("uniqueItems", "must not have an item twice")
            }
            Rule::Items { first, rest } => {
                let mut right = true;
                for (index, item) in items.iter().enumerate() {
                    let Some(node) = first.get(index).or(rest.as_ref()) else { break };
                    right &= match self.is_never(*node) {
                        true => self.wrong_at(Step::Index(index), "items", "must not be there"),
                        false => self.inner(*node, Step::Index(index), item),
                    };
                    if tracks {
                        seen.items.insert(index);
                    }
                    if !right && self.may_stop() {
                        break;
                    }
                }
                right
            }
            Rule::Contains { node, min, max, evaluates } => {
                let mut count = 0u64;
                for (index, item) in items.iter().enumerate() {
                    if self.holds(*node, item, &mut Seen::default()) {
                        count += 1;
                        if *evaluates && tracks {
                            seen.items.insert(index);
                        }
                    }
                }
                if count < *min {
                    return self.wrong("contains", format!("must have at least {min} items of the kind that the schema gives"));
                }
                max.is_none_or(|max| {
                    count <= max || self.wrong("maxContains", format!("must have at most {max} items of the kind that the schema gives"))
                })
            }
            Rule::UnevaluatedItems(node) => {
                let mut right = true;
                for (index, item) in items.iter().enumerate() {
                    if seen.items.insert(index) {
                        right &= match self.is_never(*node) {
                            true => self.wrong_at(Step::Index(index), "unevaluatedItems", "must not be there"),
                            false => self.inner(*node, Step::Index(index), item),
                        };
                    }
                }
                right
            }
            _ => true,
        }
    }

    pub(super) fn object_rule(&mut self, rule: &'s Rule, value: &'v Value, members: &'v Map<String, Value>, seen: &mut Seen<'v>) -> bool {
        match rule {
            Rule::MinProperties(min) => {
                members.len() as u64 >= *min || self.wrong("minProperties", format!("must have at least {min} members"))
            }
            Rule::MaxProperties(max) => {
                members.len() as u64 <= *max || self.wrong("maxProperties", format!("must have at most {max} members"))
            }
            Rule::Required(required) => {
                let missing: Vec<&String> = required.iter().filter(|name| !members.contains_key(*name)).collect();
                missing.iter().for_each(|name| {
                    self.wrong("required", format!("must have the member `{name}`"));
                });
                missing.is_empty()
            }
            Rule::PropertyNames(node) => {
                let mut right = true;
                for name in members.keys() {
                    right &= self.name(*node, name);
                }
                right
            }
            Rule::DependentRequired(names) => {
                let there = names.iter().filter(|(name, _)| members.contains_key(*name));
                let missing: Vec<(&String, &String)> = there
                    .flat_map(|(name, needed)| {
                        needed.iter().filter(|needed| !members.contains_key(*needed)).map(move |needed| (name, needed))
                    })
                    .collect();
                missing.iter().for_each(|(name, needed)| {
                    self.wrong("dependentRequired", format!("must have the member `{needed}` where it has `{name}`"));
                });
                missing.is_empty()
            }
            Rule::DependentSchemas(schemas) => {
                let mut right = true;
                for (_, node) in schemas.iter().filter(|(name, _)| members.contains_key(*name)) {
                    right &= self.node(*node, value, seen);
                }
                right
            }
            Rule::Properties { named, matching, others } => self.members(named, matching, *others, members, seen),
            Rule::Discriminator { property, mapping } => match members.get(property).and_then(Value::as_str) {
                None => self.wrong("discriminator", format!("must have a text as its member `{property}`")),
                Some(known) => match mapping.get(known) {
                    Some(node) => self.node(*node, value, seen),
                    None => self.wrong("discriminator", format!("has a member `{property}` that names no alternative")),
                },
            },
            Rule::UnevaluatedProperties(node) => {
                let mut right = true;
                for (name, member) in members {
                    if seen.names.insert(name) {
                        right &= match self.is_never(*node) {
                            true => self.wrong_at(Step::Name(name), "unevaluatedProperties", "must not be there"),
                            false => self.inner(*node, Step::Name(name), member),
                        };
                    }
                }
                right
            }
            _ => true,
        }
    }

    fn members(
        &mut self,
        named: &'s BTreeMap<String, usize>,
        matching: &'s [(usize, usize)],
        others: Option<usize>,
        members: &'v Map<String, Value>,
        seen: &mut Seen<'v>,
    ) -> bool {
        let mut right = true;
        for (name, member) in members {
            let mut known = false;
            if let Some(node) = named.get(name) {
                known = true;
                right &= match self.is_never(*node) {
                    true => self.wrong_at(Step::Name(name), "properties", "must not be there"),
                    false => self.inner(*node, Step::Name(name), member),
                };
            }
            for (_, node) in matching.iter().filter(|(pattern, _)| self.matches(*pattern, name)).collect::<Vec<_>>() {
                known = true;
                right &= self.inner(*node, Step::Name(name), member);
            }
            if let (false, Some(node)) = (known, others) {
                known = true;
                right &= match self.is_never(node) {
                    true => self.wrong_at(Step::Name(name), "additionalProperties", "must not be there: the schema does not know it"),
                    false => self.inner(node, Step::Name(name), member),
                };
            }
            if known && self.schema.tree.tracks {
                seen.names.insert(name);
            }
            if !right && self.may_stop() {
                break;
            }
        }
        right
    }

    /// Holds a member's name against a node. The name lives no longer than this call, so a check of its own looks at it.
    fn name(&mut self, node: usize, name: &'v str) -> bool {
        let text = Value::String(name.to_owned());
        let mut check = Check {
            schema: self.schema,
            scope: self.scope.clone(),
            steps: Vec::new(),
            depth: self.depth,
            work: self.work,
            exhausted: self.exhausted,
            quiet: 1,
            found: Vec::new(),
            part: self.part,
            at: self.at,
        };
        let right = check.node(node, &text, &mut Seen::default());
        (self.work, self.exhausted) = (check.work, check.exhausted);
        right || self.wrong_at(Step::Name(name), "propertyNames", "has a name that the schema does not allow")
    }
}
