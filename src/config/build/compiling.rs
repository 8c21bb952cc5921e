//! Compiling what was written, for its errors and for what it needs of the deployment.

use std::collections::BTreeMap;

use super::environment::{self, Deployment, Sketch};
use super::instances::Compilable;
use crate::config::compiler::{Compiler, ConfigError, Needs};
use crate::config::text::decode::Skipped;
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
    /// Compiles something that was written: its needs, or every error that can be told apart.
    pub fn compile<T: Compilable>(&mut self, id: &str, entry: &T) -> Option<Needs> {
        if !self.compile_parts(id, entry) {
            return None;
        }
        if !entry.is_whole() {
            self.report_rest(id, entry, Skipped::new());
            return None;
        }
        let run = |compiler: &mut Compiler<'_>| entry.compile(compiler);
        let Sketch { mut needs, mut result, gave_up } = environment::sketch(id, |field| named(entry.field(field)), run);
        if gave_up {
            // What stands behind it was not compiled.
            asked_for(entry.node(), &mut needs);
        }
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
        let error = match result {
            Ok(()) => return Some(needs),
            Err(error) => error,
        };
        self.report(id, entry, error);
        None
    }

    /// Compiles what something combines, so that every error in it is told where it stands. Whether there is none.
    fn compile_parts<T: Compilable>(&mut self, id: &str, entry: &T) -> bool {
        let mut whole = true;
        for part in entry.parts() {
            let id = format!("{id}/{}", part.kind());
            whole &= if part.combines() { self.compile_parts(&id, part) } else { self.compile(&id, part).is_some() };
        }
        whole
    }

    /// Reports an error, takes its value out, and goes on with what is left.
    fn report<T: Compilable>(&mut self, id: &str, entry: &T, error: ConfigError) {
        let mut skipped = Skipped::new();
        if self.tell(entry, error, &mut skipped) {
            self.report_rest(id, entry, skipped);
        }
    }

    /// Reports what is wrong with what is left of something, until nothing new is found.
    fn report_rest<T: Compilable>(&mut self, id: &str, entry: &T, mut skipped: Skipped) {
        while let Some(rest) = entry.without(&mut skipped) {
            let whole = entry.node();
            let next = match self.deployment {
                Some(deployment) => environment::compile(deployment, id, rest),
                None => environment::sketch(id, |field| named(whole.descend_past(field, &skipped)), rest).result,
            };
            let Err(next) = next else { return };
            let lacking = next.missing.as_ref().is_some_and(|name| self.deployment.is_some_and(|known| !known.0.contains_key(name)));
            if lacking || !self.tell(entry, next, &mut skipped) {
                return;
            }
        }
    }

    /// Reports an error, unless it only follows from what was taken out, and takes its value out. Whether more may be found.
    fn tell<T: Compilable>(&mut self, entry: &T, error: ConfigError, skipped: &mut Skipped) -> bool {
        let whole = entry.node();
        let node = whole.descend_past(&error.field, skipped);
        if entry.elsewhere().iter().any(|(path, ..)| error.field.starts_with(path)) {
            return false;
        }
        if !node.holds(skipped) {
            let place = Place::new(entry.place().file, &node.span);
            self.diagnostics.push(Diagnostic::new(Code::WrongValue, place, error.message));
        }
        node.identity() != whole.identity() && skipped.insert(node.identity())
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

/// The variables and secrets that a field names, and whether it begins with something else.
fn named(node: &Node) -> (Vec<String>, bool) {
    let mut names = Vec::new();
    named_in(node, &mut names);
    (names, node.text().is_some_and(|text| !text.starts_with("${")))
}

/// Every variable and secret that is named within `node`.
fn asked_for(node: &Node, needs: &mut Needs) {
    match &node.value {
        Value::String(text) => needs.variables.extend(variables(text)),
        Value::Array(elements) => elements.iter().for_each(|element| asked_for(element, needs)),
        Value::Table(entries) => {
            for entry in entries {
                match entry.node.text().filter(|_| entry.key == "secret") {
                    Some(name) => drop(needs.secrets.insert(name.to_owned())),
                    None => asked_for(&entry.node, needs),
                }
            }
        }
        _ => {}
    }
}

/// The variables that a text names.
fn variables(text: &str) -> Vec<String> {
    let plain = text.replace("$${", "");
    let after = plain.split("${").skip(1);
    after.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

fn named_in(node: &Node, names: &mut Vec<String>) {
    match &node.value {
        Value::String(text) => names.extend(variables(text)),
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
        Value::String(text) if text.contains(&format!("${{{name}}}")) => add(Place::new(file, &node.span), places),
        Value::Array(elements) => elements.iter().for_each(|element| mentions(file, element, name, places)),
        Value::Table(entries) => {
            for entry in entries {
                match entry.key == "secret" && entry.node.text() == Some(name) {
                    true => add(Place::new(file, &entry.node.span), places),
                    false => mentions(file, &entry.node, name, places),
                }
            }
        }
        _ => {}
    }
}

fn add(place: Place, places: &mut Vec<Place>) {
    if !places.contains(&place) {
        places.push(place);
    }
}
