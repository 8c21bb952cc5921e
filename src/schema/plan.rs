//! What one policy holds requests and responses to, as it stands in the runtime form: one tree, and the operations whose rules
//! refer to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check::Schema;
use super::parameters::{Pairs, Parameter, Part, Shape, Unread};
use super::tree::Tree;
use crate::http::violation::{MOST, Violation, descend};
use crate::http::{Media, StatusCode};

/// A plan as it is shipped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Every schema.
    pub tree: Tree,
    /// Every operation.
    pub operations: Vec<Operation>,
    /// By a route's name and a method, the operation; `*` stands for every other one.
    pub routes: BTreeMap<String, BTreeMap<String, usize>>,
}

/// What a request and its response must be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// One by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// All parameters of a part as one object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// The body; `None` where nothing is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Content>,
    /// The responses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
}

/// All parameters of a part as one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Where they stand.
    pub part: Part,
    /// The object's schema.
    pub node: usize,
    /// What their texts stand for.
    pub shape: Shape,
}

/// A body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Whether it must be there.
    pub required: bool,
    /// Its types.
    pub types: Vec<Typed>,
}

/// One type of a body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Typed {
    /// `application/json`, `text/*`, `*/*`, or `+json` for every type that is JSON.
    pub range: String,
    /// Its schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<usize>,
    /// What the texts of a form stand for.
    #[serde(default)]
    pub shape: Shape,
}

/// One response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// `200`, `2XX`, or `default`.
    pub status: String,
    /// Its types; none where it says nothing of a body.
    pub types: Vec<Typed>,
}

/// A plan that is ready to be asked.
pub struct Ready {
    schema: Schema,
    operations: Vec<Operation>,
    routes: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Content {
    /// The rules of a type, the most exact range first.
    pub fn typed(&self, media: &Media) -> Option<&Typed> {
        typed(&self.types, media)
    }

    /// The ranges, for `Accept`.
    pub fn accept(&self) -> Vec<String> {
        let ranges = self.types.iter().map(|typed| if typed.range == "+json" { "application/json" } else { typed.range.as_str() });
        ranges.map(str::to_owned).collect()
    }
}

fn typed<'t>(types: &'t [Typed], media: &Media) -> Option<&'t Typed> {
    let fits = |typed: &&Typed| if typed.range == "+json" { media.is_json() } else { media.is_in(&typed.range) };
    types.iter().filter(fits).min_by_key(|typed| typed.range.matches('*').count())
}

impl Ready {
    /// Reads what the native command has written.
    ///
    /// # Errors
    /// Where it is none of this version.
    pub fn read(text: &str) -> Result<Self, String> {
        let Plan { tree, operations, routes } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self { schema: Schema::new(tree)?, operations, routes })
    }

    /// The operation of a route's request; `Err` has the methods that there are.
    ///
    /// # Errors
    /// Where the route has operations and none has this method.
    pub fn operation(&self, route: &str, method: &str) -> Result<Option<&Operation>, Vec<String>> {
        let Some(methods) = self.routes.get(route).or_else(|| self.routes.get("*")) else { return Ok(None) };
        // Whoever may GET may ask for the head of it (RFC 9110 section 9.3.2).
        let get = methods.get("GET").filter(|_| method == "HEAD");
        match methods.get(method).or(get).or_else(|| methods.get("*")) {
            Some(index) => Ok(self.operations.get(*index)),
            None => Err(methods.keys().cloned().collect()),
        }
    }

    /// Everything that is wrong with the parameters of a part.
    pub fn parameters(&self, operation: &Operation, part: Part, pairs: &Pairs) -> Vec<Violation> {
        let mut found = Vec::new();
        let name = part.name();
        if pairs.iter().any(|(key, text)| key.contains('\u{fffd}') || text.contains('\u{fffd}')) {
            found.push(Violation::new(name, "", "format", "must be UTF-8"));
        }
        for parameter in operation.parameters.iter().filter(|parameter| parameter.part == part) {
            let mut at = String::new();
            descend(&mut at, &parameter.name);
            let mut wrong = |keyword: &str, message: &str| found.push(Violation::new(name, at.clone(), keyword, message));
            match parameter.read(pairs) {
                Ok(Value::String(text)) if text.is_empty() && parameter.allow_empty => {}
                Ok(value) => self.schema.check(parameter.node, &value, name, &at, &mut found),
                Err(Unread::Absent) if !parameter.required => {}
                Err(Unread::Absent) => wrong("required", "must be there"),
                Err(Unread::Repeated) => wrong("repeated", "must be there once"),
                Err(Unread::Malformed) => wrong("style", "must be written as the API says"),
            }
        }
        for group in operation.groups.iter().filter(|group| group.part == part) {
            let (value, repeated) = group.shape.object(pairs);
            found.extend(repeated.iter().map(|key| {
                let mut at = String::new();
                descend(&mut at, key);
                Violation::new(name, at, "repeated", "must be there once")
            }));
            self.schema.check(group.node, &value, name, "", &mut found);
        }
        found.truncate(MOST);
        found
    }

    /// Everything that is wrong with a value that came as a body.
    pub fn value(&self, node: usize, value: &Value) -> Vec<Violation> {
        let mut found = Vec::new();
        self.schema.check(node, value, "body", "", &mut found);
        found
    }
}

impl Operation {
    /// The names of the parameters of a part that somebody asks for.
    pub fn names(&self, part: Part) -> impl Iterator<Item = &str> {
        let one_by_one = self.parameters.iter().filter(move |parameter| parameter.part == part).map(|parameter| parameter.name.as_str());
        let grouped = self.groups.iter().filter(move |group| group.part == part);
        one_by_one.chain(grouped.flat_map(|group| group.shape.members.keys().map(String::as_str)))
    }

    /// What is said of responses with this status; `None` where there should be none.
    pub fn answer(&self, status: StatusCode) -> Option<&Answer> {
        let exact = status.as_str();
        let class = format!("{}XX", status.as_u16() / 100);
        [exact, class.as_str(), "default"]
            .iter()
            .find_map(|wanted| self.answers.iter().find(|answer| answer.status.eq_ignore_ascii_case(wanted)))
    }
}

impl Answer {
    /// The rules of a type.
    pub fn typed(&self, media: &Media) -> Option<&Typed> {
        typed(&self.types, media)
    }
}
