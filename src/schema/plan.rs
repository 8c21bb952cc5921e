//! What one policy holds requests and responses to, as it stands in the runtime form: one tree, and the operations whose rules
//! refer to it.

use std::collections::BTreeMap;

use matchit::Router;
use serde::{Deserialize, Serialize};

use super::check::Schema;
use super::document::Value;
use super::forms::Fields;
use super::parameters::{Parameter, Part, Unread};
use super::shape::{Pairs, Shape};
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
    /// By a route's name the operations; `*` stands for every route.
    pub routes: BTreeMap<String, Methods>,
    /// Routes that stand for all paths below one: those of the document, by the route's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub below: BTreeMap<String, Below>,
}

/// By a method, the index of the operation; `*` stands for every other one.
pub type Methods = BTreeMap<String, usize>;

/// The paths of a route that ends in `{*rest}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Below {
    /// What the route calls the rest of a path.
    pub rest: String,
    /// The document's paths, without what the route itself says, and their operations.
    pub paths: Vec<(String, Methods)>,
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Typed {
    /// `application/json`, `text/*`, `*/*`, or `+json` for every type that is JSON.
    pub range: String,
    /// Its schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<usize>,
    /// What the texts of a form stand for.
    #[serde(default)]
    pub fields: Fields,
}

/// One response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// `200`, `2XX`, or `default`.
    pub status: String,
    /// Its header fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Parameter>,
    /// Its types; none where it says nothing of a body.
    pub types: Vec<Typed>,
}

/// A plan that is ready to be asked.
pub struct Ready {
    schema: Schema,
    operations: Vec<Operation>,
    routes: BTreeMap<String, Methods>,
    below: BTreeMap<String, Paths>,
}

/// The paths below a route.
struct Paths {
    rest: String,
    /// The place of each path in `paths`; as a list, so that the wasm has this router once.
    router: Router<Vec<usize>>,
    /// The names of each path's parameters, and its operations.
    paths: Vec<(Vec<String>, Methods)>,
}

/// The operation of a request.
pub struct Chosen<'r> {
    /// What it says.
    pub operation: &'r Operation,
    /// Path parameters that the route has no names for, as they stand in the path.
    pub params: Vec<(String, String)>,
}

/// Why a request has no operation where its route has some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfound {
    /// The document does not have the path.
    Path,
    /// It does not have the method there; these it has.
    Method(Vec<String>),
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

/// A template as matchit takes it, and the names of its parameters: two paths may have two names for one place.
fn numbered(template: &str) -> (String, Vec<String>) {
    let (mut path, mut names) = (String::from("/"), Vec::new());
    let mut rest = template.trim_matches('/');
    while let Some((before, (name, after))) = rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
        path.push_str(before);
        path.push_str(&format!("{{p{}}}", names.len()));
        names.push(name.to_owned());
        rest = after;
    }
    path.push_str(rest);
    (path, names)
}

impl Paths {
    fn new(below: Below) -> Result<Self, String> {
        let (mut router, mut paths) = (Router::new(), Vec::new());
        for (template, methods) in below.paths {
            let (path, names) = numbered(&template);
            router.insert(path, vec![paths.len()]).map_err(|error| format!("`{template}` cannot be told from the other paths: {error}"))?;
            paths.push((names, methods));
        }
        Ok(Self { rest: below.rest, router, paths })
    }
}

impl Below {
    /// Whether its paths can be told apart.
    ///
    /// # Errors
    /// Which one cannot.
    pub fn judge(&self) -> Result<(), String> {
        Paths::new(self.clone()).map(drop)
    }
}

impl Ready {
    /// Reads what the native command has written.
    ///
    /// # Errors
    /// Where it is none of this version.
    pub fn read(text: &str) -> Result<Self, String> {
        let Plan { tree, operations, routes, below } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let below = below.into_iter().map(|(route, below)| Ok((route, Paths::new(below)?))).collect::<Result<_, String>>()?;
        Ok(Self { schema: Schema::new(tree)?, operations, routes, below })
    }

    /// The operation of a route's request, whose path parameters are `params`; `None` where the route has none.
    ///
    /// # Errors
    /// Where the route has operations and none is that of the request.
    pub fn operation(&self, route: &str, method: &str, params: &[(String, String)]) -> Result<Option<Chosen<'_>>, Unfound> {
        if let Some(paths) = self.below.get(route) {
            let rest = params.iter().find(|(name, _)| *name == paths.rest).map_or("", |(_, text)| text.as_str());
            let path = format!("/{}", rest.trim_matches('/'));
            let found = paths.router.at(&path).map_err(|_| Unfound::Path)?;
            let (names, methods) = found.value.first().and_then(|place| paths.paths.get(*place)).ok_or(Unfound::Path)?;
            let params = names.iter().cloned().zip(found.params.iter().map(|(_, text)| text.to_owned())).collect();
            return Ok(self.of_method(methods, method)?.map(|operation| Chosen { operation, params }));
        }
        let Some(methods) = self.routes.get(route).or_else(|| self.routes.get("*")) else { return Ok(None) };
        Ok(self.of_method(methods, method)?.map(|operation| Chosen { operation, params: Vec::new() }))
    }

    fn of_method(&self, methods: &Methods, method: &str) -> Result<Option<&Operation>, Unfound> {
        // Whoever may GET may ask for the head of it (RFC 9110 section 9.3.2).
        let get = methods.get("GET").filter(|_| method == "HEAD");
        match methods.get(method).or(get).or_else(|| methods.get("*")) {
            Some(index) => Ok(self.operations.get(*index)),
            None => Err(Unfound::Method(methods.keys().cloned().collect())),
        }
    }

    /// Everything that is wrong with the parameters of a part.
    pub fn parameters(&self, operation: &Operation, part: Part, pairs: &Pairs) -> Vec<Violation> {
        let mut found = Vec::new();
        let name = part.name();
        if !pairs.is_utf8() {
            found.push(Violation::new(name, "", "format", "must be UTF-8"));
        }
        self.each(operation.parameters.iter().filter(|parameter| parameter.part == part), pairs, &mut found);
        for group in operation.groups.iter().filter(|group| group.part == part) {
            let (value, repeated) = group.shape.object(pairs);
            found.extend(repeated.iter().map(|key| {
                let mut at = String::new();
                descend(&mut at, key);
                let (keyword, message) = Unread::Repeated.told();
                Violation::new(name, at, keyword, message)
            }));
            self.schema.check(group.node, &value, name, "", &mut found);
        }
        found.truncate(MOST);
        found
    }

    /// Everything that is wrong with the header fields of a response.
    pub fn headers(&self, answer: &Answer, pairs: &Pairs) -> Vec<Violation> {
        let mut found = Vec::new();
        self.each(answer.headers.iter(), pairs, &mut found);
        found
    }

    fn each<'p>(&self, parameters: impl Iterator<Item = &'p Parameter>, pairs: &Pairs, found: &mut Vec<Violation>) {
        for parameter in parameters {
            let part = parameter.part.name();
            let mut at = String::new();
            descend(&mut at, &parameter.name);
            match parameter.read(pairs) {
                Ok(Value::Text(text)) if parameter.allow_empty && text.is_empty() => {}
                Ok(value) => self.schema.check(parameter.node, &value, part, &at, found),
                Err(Unread::Absent) if !parameter.required => {}
                Err(unread) => found.push(Violation::new(part, at, unread.told().0, unread.told().1)),
            }
        }
    }

    /// Everything that is wrong with a value that came as a body.
    pub fn value(&self, node: usize, value: &Value<'_>) -> Vec<Violation> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_below_a_route_are_those_of_the_document() {
        let methods = |index: usize| Methods::from([("GET".to_owned(), index)]);
        let paths = ["pets", "pets/{id}", "pets/{petId}/toys", "pets/mine", "files/{name}.json", ""];
        let paths = paths.iter().enumerate().map(|(index, path)| ((*path).to_owned(), methods(index))).collect();
        let below = Below { rest: "rest".to_owned(), paths };
        assert_eq!(below.judge(), Ok(()));
        let operations = (0..6).map(|index| Operation {
            groups: vec![Group { part: Part::Path, node: index, shape: Shape::default() }],
            ..Operation::default()
        });
        let plan = Plan { operations: operations.collect(), below: BTreeMap::from([("r".to_owned(), below)]), ..Plan::default() };
        let ready = Ready::read(&serde_json::to_string(&plan).unwrap()).unwrap();
        for (rest, method, expect) in [
            ("pets", "GET", Ok((0, &[][..]))),
            ("pets/", "GET", Ok((0, &[]))),
            ("pets/7", "GET", Ok((1, &[("id", "7")]))),
            ("pets/7", "HEAD", Ok((1, &[("id", "7")]))),
            ("pets/a%2Fb/toys", "GET", Ok((2, &[("petId", "a%2Fb")]))),
            ("pets/mine", "GET", Ok((3, &[]))),
            ("files/a.json", "GET", Ok((4, &[("name", "a")]))),
            ("", "GET", Ok((5, &[]))),
            ("files/a.xml", "GET", Err(Unfound::Path)),
            ("pets/7/toys/8", "GET", Err(Unfound::Path)),
            ("pets/7", "PUT", Err(Unfound::Method(vec!["GET".to_owned()]))),
        ] {
            let params = [("rest".to_owned(), rest.to_owned())];
            let found = ready
                .operation("r", method, &params)
                .map(|chosen| chosen.map(|chosen| (chosen.operation.groups[0].node, chosen.params)).unwrap());
            let expect = expect.map(|(index, params)| {
                (index, params.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect::<Vec<_>>())
            });
            assert_eq!(found, expect, "{method} {rest}");
        }
        assert!(ready.operation("other", "GET", &[]).unwrap().is_none());
        let twice = Below { rest: "rest".to_owned(), paths: vec![("a/{b}".to_owned(), methods(0)), ("a/{c}".to_owned(), methods(1))] };
        assert!(twice.judge().unwrap_err().contains("`a/{c}` cannot be told"));
    }
}
