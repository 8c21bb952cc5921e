//! What a condition may name, for the reference.

use super::signatures::SIGNATURES;
use super::types::Type;
use crate::expr::facts::Fact;
use crate::expr::node::Each;

/// Every fact about a request: its name, its type, and what it is.
pub fn facts() -> Vec<(&'static str, String, &'static str)> {
    Fact::ALL.iter().map(|fact| (fact.name(), Type::of_fact(*fact).word(), fact.about())).collect()
}

/// Every function, as `receiver.name(arguments) result`; those of one name together.
pub fn functions() -> Vec<Vec<&'static str>> {
    let name = |text: &'static str| text.split('(').next().and_then(|head| head.rsplit('.').next()).unwrap_or_default();
    let mut functions: Vec<Vec<&str>> = Vec::new();
    for text in SIGNATURES {
        match functions.iter_mut().find(|known| known.first().is_some_and(|first| name(first) == name(text))) {
            Some(known) => known.push(text),
            None => functions.push(vec![text]),
        }
    }
    functions
}

/// The names of what goes through a list or a map.
pub fn macros() -> Vec<&'static str> {
    Each::ALL.iter().map(|each| each.name()).collect()
}
