//! The check of a value against a node of a tree: all violations, up to [`MOST`], with bounded work.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use super::document::{Number, Value, equal};
use super::pattern::Matcher;
use super::tree::{Node, Rule, Tree, kind};
use crate::http::violation::{MOST, Violation, descend};

mod inside;
#[cfg(test)]
mod tests;

/// How often a node may be looked at for one value; what needs more is refused.
const MOST_WORK: u32 = 1_000_000;

/// How deep nodes may lead to nodes.
const MOST_DEPTH: usize = 192;

/// A tree that is ready to be asked.
pub struct Schema {
    tree: Tree,
    patterns: Vec<Matcher>,
}

impl Schema {
    /// Makes a tree ready.
    ///
    /// # Errors
    /// Where a pattern is no regular expression, which building it rules out.
    pub fn new(tree: Tree) -> Result<Self, String> {
        let patterns = tree.patterns.iter().map(Matcher::new).collect::<Result<_, _>>()?;
        Ok(Self { patterns, tree })
    }

    /// Holds `value` against a node; what is wrong goes to `found` as a violation in `part`. `at` is where the value stands in it.
    pub fn check(&self, node: usize, value: &Value<'_>, part: &'static str, at: &str, found: &mut Vec<Violation>) {
        let mut check = Check {
            schema: self,
            scope: Vec::new(),
            steps: Vec::new(),
            depth: 0,
            work: 0,
            exhausted: false,
            quiet: 0,
            found: Vec::new(),
            part,
            at,
        };
        let right = check.node(node, value, &mut Seen::default());
        // A branch that was given up says nothing: what stands around it, a `not` above all, would make something of it.
        if check.exhausted {
            check.found = vec![Violation::new(part, at, "schema", "takes too much work to check")];
        } else if !right && check.found.is_empty() {
            check.found.push(Violation::new(part, at, "schema", "is not what the schema says"));
        }
        found.append(&mut check.found);
        found.truncate(MOST);
    }
}

/// What has been evaluated of one value.
#[derive(Default)]
struct Seen<'v> {
    names: BTreeSet<&'v str>,
    items: BTreeSet<usize>,
}

impl Seen<'_> {
    fn add(&mut self, mut other: Self) {
        self.names.append(&mut other.names);
        self.items.append(&mut other.items);
    }
}

enum Step<'v> {
    Name(&'v str),
    Index(usize),
}

struct Check<'s, 'v> {
    schema: &'s Schema,
    /// The resources that were entered, the outermost first.
    scope: Vec<usize>,
    steps: Vec<Step<'v>>,
    depth: usize,
    work: u32,
    /// Whether something was given up: then nothing else counts.
    exhausted: bool,
    /// Above 0, only whether a value is right is asked.
    quiet: u32,
    found: Vec<Violation>,
    part: &'static str,
    at: &'s str,
}

impl<'s, 'v> Check<'s, 'v> {
    fn pointer(&self) -> String {
        let mut pointer = self.at.to_owned();
        for step in &self.steps {
            let fits = match step {
                Step::Name(name) => descend(&mut pointer, name),
                Step::Index(index) => descend(&mut pointer, &index.to_string()),
            };
            if !fits {
                break;
            }
        }
        pointer
    }

    /// The message is only written where it is told.
    fn wrong(&mut self, keyword: &str, message: impl fmt::Display) -> bool {
        if self.quiet == 0 && self.found.len() < MOST {
            let violation = Violation::new(self.part, self.pointer(), keyword, message.to_string());
            if !self.found.contains(&violation) {
                self.found.push(violation);
            }
        }
        false
    }

    fn wrong_at(&mut self, step: Step<'v>, keyword: &str, message: &str) -> bool {
        self.steps.push(step);
        self.wrong(keyword, message);
        self.steps.pop();
        false
    }

    /// Whether nothing more needs to be looked at once something is wrong.
    fn may_stop(&self) -> bool {
        self.quiet > 0 || self.found.len() >= MOST
    }

    fn node(&mut self, index: usize, value: &'v Value<'v>, seen: &mut Seen<'v>) -> bool {
        let schema = self.schema;
        let Some(Node(resource, rules)) = schema.tree.nodes.get(index) else { return self.wrong("schema", "cannot be checked") };
        self.work += 1;
        if self.exhausted || self.work > MOST_WORK || self.depth >= MOST_DEPTH {
            self.exhausted = true;
            return false;
        }
        let enters = self.scope.last() != Some(resource);
        if enters {
            self.scope.push(*resource);
        }
        self.depth += 1;
        let mut right = true;
        for rule in rules {
            right &= self.rule(rule, value, seen);
            if !right && self.may_stop() {
                break;
            }
        }
        self.depth -= 1;
        if enters {
            self.scope.pop();
        }
        right
    }

    /// As [`Check::node`], for a value inside of the present one.
    fn inner(&mut self, index: usize, step: Step<'v>, value: &'v Value<'v>) -> bool {
        self.steps.push(step);
        let right = self.node(index, value, &mut Seen::default());
        self.steps.pop();
        right
    }

    /// As [`Check::node`], for another schema of the same value: it sees nothing of what those beside it have evaluated. What it has
    /// evaluated itself counts even where it is wrong: then all is, and need not be told again as unevaluated.
    fn beside(&mut self, index: usize, value: &'v Value<'v>, seen: &mut Seen<'v>) -> bool {
        let mut own = Seen::default();
        let right = self.node(index, value, &mut own);
        seen.add(own);
        right
    }

    /// Whether a node holds, telling nothing; what it has evaluated counts where it does.
    fn holds(&mut self, index: usize, value: &'v Value<'v>, seen: &mut Seen<'v>) -> bool {
        self.quiet += 1;
        let mut own = Seen::default();
        let right = self.node(index, value, &mut own);
        self.quiet -= 1;
        if right {
            seen.add(own);
        }
        right
    }

    fn is_never(&self, index: usize) -> bool {
        self.schema.tree.nodes.get(index).is_some_and(|Node(_, rules)| matches!(rules.as_slice(), [Rule::Never]))
    }

    fn matches(&self, pattern: usize, text: &str) -> bool {
        self.schema.patterns.get(pattern).is_some_and(|pattern| pattern.is_match(text))
    }

    fn rule(&mut self, rule: &'s Rule, value: &'v Value<'v>, seen: &mut Seen<'v>) -> bool {
        match rule {
            Rule::Never => self.wrong("false", "must not be there"),
            Rule::Type(types) => has_type(*types, value) || self.wrong("type", format_args!("must be {}", Names(*types))),
            Rule::Enum(values) => {
                values.iter().any(|known| equal(known, value)) || self.wrong("enum", "must be one of the values that the schema lists")
            }
            Rule::Words(words) => {
                matches!(value, Value::Text(text) if words.contains(text.as_ref()))
                    || self.wrong("enum", "must be one of the values that the schema lists")
            }
            Rule::Const(known) => equal(known, value) || self.wrong("const", "must be the value that the schema gives"),
            Rule::Format(format) => format.fits(value) || self.wrong("format", format_args!("must be of the form `{format}`")),
            Rule::AllOf(nodes) => {
                let mut right = true;
                for node in nodes {
                    right &= self.beside(*node, value, seen);
                    if !right && self.may_stop() {
                        break;
                    }
                }
                right
            }
            Rule::AnyOf(nodes) => {
                let mut any = false;
                for node in nodes {
                    any |= self.holds(*node, value, seen);
                    if any && !self.schema.tree.tracks {
                        break;
                    }
                }
                any || self.none_of("anyOf", nodes, value)
            }
            Rule::OneOf(nodes) => match nodes.iter().filter(|node| self.holds(**node, value, seen)).count() {
                0 => self.none_of("oneOf", nodes, value),
                1 => true,
                _ => self.wrong("oneOf", "must match one alternative only"),
            },
            Rule::Not(node) => {
                !self.holds(*node, value, &mut Seen::default()) || self.wrong("not", "must not match what the schema rules out")
            }
            Rule::If { test, then, otherwise } => {
                let next = if self.holds(*test, value, seen) { then } else { otherwise };
                next.is_none_or(|node| self.beside(node, value, seen))
            }
            Rule::Ref(node) => self.beside(*node, value, seen),
            Rule::DynamicRef { anchor, node } => {
                let anchors = &self.schema.tree.anchors;
                let outermost = self.scope.iter().find_map(|resource| anchors.get(*resource)?.get(anchor));
                self.beside(*outermost.unwrap_or(node), value, seen)
            }
            _ => match value {
                Value::Object(members) => self.object_rule(rule, value, members, seen),
                Value::Array(items) => self.array_rule(rule, items, seen),
                Value::Text(text) => self.text_rule(rule, text),
                Value::Number(number) => self.number_rule(rule, number),
                _ => true,
            },
        }
    }

    fn text_rule(&mut self, rule: &Rule, text: &str) -> bool {
        match rule {
            Rule::MinLength(min) => {
                text.chars().count() as u64 >= *min || self.wrong("minLength", format_args!("must have at least {min} characters"))
            }
            Rule::MaxLength(max) => {
                text.chars().count() as u64 <= *max || self.wrong("maxLength", format_args!("must have at most {max} characters"))
            }
            Rule::Pattern(pattern) => self.matches(*pattern, text) || self.wrong("pattern", "must match the pattern that the schema gives"),
            _ => true,
        }
    }

    fn number_rule(&mut self, rule: &Rule, value: &Number<'_>) -> bool {
        match rule {
            Rule::Minimum(min) => value.compare(min) != Ordering::Less || self.wrong("minimum", format_args!("must be at least {min}")),
            Rule::Maximum(max) => value.compare(max) != Ordering::Greater || self.wrong("maximum", format_args!("must be at most {max}")),
            Rule::ExclusiveMinimum(min) => {
                value.compare(min) == Ordering::Greater || self.wrong("exclusiveMinimum", format_args!("must be more than {min}"))
            }
            Rule::ExclusiveMaximum(max) => {
                value.compare(max) == Ordering::Less || self.wrong("exclusiveMaximum", format_args!("must be less than {max}"))
            }
            Rule::MultipleOf(of) => value.is_multiple(of) || self.wrong("multipleOf", format_args!("must be a multiple of {of}")),
            _ => true,
        }
    }

    /// Tells why none of several alternatives holds: what is wrong with the one that was meant, where only one can have been.
    fn none_of(&mut self, keyword: &str, nodes: &[usize], value: &'v Value<'v>) -> bool {
        if self.may_stop() {
            return false;
        }
        let here = self.pointer();
        let mut meant = Vec::new();
        for node in nodes {
            let before = std::mem::take(&mut self.found);
            self.node(*node, value, &mut Seen::default());
            let wrong = std::mem::replace(&mut self.found, before);
            let tag = |violation: &Violation| {
                let below = violation.pointer.strip_prefix(&here).unwrap_or_default();
                (violation.keyword == "type" && below.is_empty())
                    || (matches!(violation.keyword.as_str(), "const" | "enum") && below.matches('/').count() <= 1)
            };
            if !wrong.iter().any(tag) {
                meant.push(wrong);
            }
        }
        match (meant.pop(), meant.is_empty()) {
            (Some(wrong), true) if !wrong.is_empty() => {
                self.found.extend(wrong);
                self.found.truncate(MOST);
                false
            }
            _ => self.wrong(keyword, format_args!("must match one of the {} alternatives", nodes.len())),
        }
    }
}

fn has_type(types: u8, value: &Value<'_>) -> bool {
    let has = match value {
        Value::Null => kind::NULL,
        Value::Bool(_) => kind::BOOLEAN,
        Value::Number(number) if number.is_integer() => kind::INTEGER | kind::NUMBER,
        Value::Number(_) => kind::NUMBER,
        Value::Text(_) => kind::STRING,
        Value::Array(_) => kind::ARRAY,
        Value::Object(_) => kind::OBJECT,
    };
    types & has != 0
}

/// Types by their names.
struct Names(u8);

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = kind::ALL.iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| *name);
        f.write_str(names.next().unwrap_or_default())?;
        names.try_for_each(|name| write!(f, " or {name}"))
    }
}
