//! The rules of arrays and objects: what stands inside of a value.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Check, Seen, Step};
use crate::schema::document::{Members, Value, unique};
use crate::schema::tree::Rule;

impl<'s, 'v> Check<'s, 'v> {
    pub(super) fn array_rule(&mut self, rule: &Rule, items: &'v [Value<'v>], seen: &mut Seen<'v>) -> bool {
        let tracks = self.schema.tree.tracks;
        match rule {
            Rule::MinItems(min) => items.len() as u64 >= *min || self.wrong("minItems", format_args!("must have at least {min} items")),
            Rule::MaxItems(max) => items.len() as u64 <= *max || self.wrong("maxItems", format_args!("must have at most {max} items")),
            Rule::UniqueItems => unique(items) || self.wrong("uniqueItems", "must not have an item twice"),
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
                    return self.wrong("contains", format_args!("must have at least {min} items of the kind that the schema gives"));
                }
                max.is_none_or(|max| {
                    count <= max
                        || self.wrong("maxContains", format_args!("must have at most {max} items of the kind that the schema gives"))
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

    pub(super) fn object_rule(&mut self, rule: &'s Rule, value: &'v Value<'v>, members: &'v Members<'v>, seen: &mut Seen<'v>) -> bool {
        match rule {
            Rule::MinProperties(min) => {
                members.len() as u64 >= *min || self.wrong("minProperties", format_args!("must have at least {min} members"))
            }
            Rule::MaxProperties(max) => {
                members.len() as u64 <= *max || self.wrong("maxProperties", format_args!("must have at most {max} members"))
            }
            Rule::Required(required) => {
                let missing: Vec<&String> = required.iter().filter(|name| !members.has(name)).collect();
                missing.iter().for_each(|name| {
                    self.wrong("required", format_args!("must have the member `{name}`"));
                });
                missing.is_empty()
            }
            Rule::PropertyNames(node) => {
                let mut right = true;
                for (name, _) in members.iter() {
                    right &= self.name(*node, name);
                    if !right && self.may_stop() {
                        break;
                    }
                }
                right
            }
            Rule::DependentRequired(names) => {
                let there = names.iter().filter(|(name, _)| members.has(name));
                let missing: Vec<(&String, &String)> = there
                    .flat_map(|(name, needed)| needed.iter().filter(|needed| !members.has(needed)).map(move |needed| (name, needed)))
                    .collect();
                missing.iter().for_each(|(name, needed)| {
                    self.wrong("dependentRequired", format_args!("must have the member `{needed}` where it has `{name}`"));
                });
                missing.is_empty()
            }
            Rule::DependentSchemas(schemas) => {
                let mut right = true;
                for (_, node) in schemas.iter().filter(|(name, _)| members.has(name)) {
                    right &= self.beside(*node, value, seen);
                }
                right
            }
            Rule::Properties { named, matching, others } => self.members(named, matching, *others, members, seen),
            Rule::Discriminator { property, mapping } => match members.get(property) {
                Some(Value::Text(known)) => match mapping.get(known.as_ref()) {
                    Some(node) => self.beside(*node, value, seen),
                    None => self.wrong("discriminator", format_args!("has a member `{property}` that names no alternative")),
                },
                _ => self.wrong("discriminator", format_args!("must have a text as its member `{property}`")),
            },
            Rule::UnevaluatedProperties(node) => {
                let mut right = true;
                for (name, member) in members.iter() {
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
        members: &'v Members<'v>,
        seen: &mut Seen<'v>,
    ) -> bool {
        let mut right = true;
        for (name, member) in members.iter() {
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
        let text = Value::Text(Cow::Borrowed(name));
        let mut check = Check {
            schema: self.schema,
            scope: std::mem::take(&mut self.scope),
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
        let Check { scope, work, exhausted, .. } = check;
        (self.scope, self.work, self.exhausted) = (scope, work, exhausted);
        right || self.wrong_at(Step::Name(name), "propertyNames", "has a name that the schema does not allow")
    }
}
