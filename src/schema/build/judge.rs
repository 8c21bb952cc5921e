//! Whether a schema is one: `boon` holds it against the metaschema of its dialect.

use boon::{CompileError, Compiler, Schemas, UrlLoader, ValidationError};
use serde_json::Value;
use url::Url;

use super::Wrong;
use super::library::{Library, NAMED, Place};

/// Words that no value is held to.
const NOTES: [&str; 7] = ["title", "description", "default", "examples", "example", "deprecated", "$comment"];

/// Nothing is fetched.
struct Nowhere;

impl UrlLoader for Nowhere {
    fn load(&self, url: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Err(format!("`{url}` is not there").into())
    }
}

/// All documents, ready to be judged.
pub struct Judge<'l> {
    library: &'l Library,
    compiler: Compiler,
    schemas: Schemas,
}

impl<'l> Judge<'l> {
    /// Judges schemas of these documents.
    pub fn new(library: &'l Library) -> Self {
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(Nowhere));
        for document in &library.documents {
            // A document that cannot be added is missed where a reference leads to it.
            let mut value = document.value.clone();
            if document.is_openapi {
                within(&mut value)
            } else {
                plain(&mut value, false)
            }
            let _ = compiler.add_resource(&document.url, value);
        }
        Self { library, compiler, schemas: Schemas::new() }
    }

    /// Holds the schema at a place, and all that it refers to, against its metaschema.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn judge(&mut self, place: &Place) -> Result<(), Wrong> {
        let Some(document) = self.library.documents.get(place.document) else { return Ok(()) };
        let Ok(mut url) = Url::parse(&document.url) else { return Ok(()) };
        url.set_fragment(Some(&place.pointer));
        match self.compiler.compile(url.as_str(), &mut self.schemas) {
            Err(CompileError::ValidationError { url, src }) => {
                let (pointer, message) = deepest(&src);
                let (url, base) = url.split_once('#').unwrap_or((&url, ""));
                let document = self.library.documents.iter().position(|document| document.url == url);
                let document = document.unwrap_or(place.document);
                Err(Wrong { document, pointer: format!("{base}{pointer}"), message: format!("this is no schema: {message}") })
            }
            // References and patterns are judged where they are followed, in this house's own words.
            _ => Ok(()),
        }
    }
}

/// Makes the schemas of an OpenAPI document plain.
fn within(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match name.as_str() {
                    "schema" => plain(member, false),
                    "schemas" => plain(member, true),
                    _ => within(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(within),
        _ => {}
    }
}

/// Takes out of schemas what only says something to people, where many documents are careless, and patterns, which are judged in this
/// house's own words. `named` says that the members are schemas by names.
fn plain(value: &mut Value, named: bool) {
    match value {
        Value::Object(members) => {
            if !named {
                members.retain(|word, _| !NOTES.contains(&word.as_str()));
            }
            for (word, member) in members.iter_mut() {
                match word.as_str() {
                    "enum" | "const" if !named => {}
                    "pattern" if !named && member.is_string() => *member = Value::from(""),
                    word => plain(member, !named && NAMED.contains(&word)),
                }
            }
            if !named && let Some(Value::Object(patterns)) = members.get_mut("patternProperties") {
                *patterns =
                    std::mem::take(patterns).into_iter().enumerate().map(|(index, (_, schema))| (index.to_string(), schema)).collect();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| plain(item, false)),
        _ => {}
    }
}

/// The cause furthest in; of several, the first.
fn deepest(error: &ValidationError<'_, '_>) -> (String, String) {
    let depth = |(pointer, _): &(String, String)| pointer.matches('/').count();
    let causes = error.causes.iter().map(deepest);
    let found = causes.reduce(|best, next| if depth(&next) > depth(&best) { next } else { best });
    found.unwrap_or_else(|| (error.instance_location.to_string(), error.kind.to_string()))
}
