//! Errors that only follow from a file that could not be read as TOML are left out: they would go away by themselves.

use std::collections::{HashMap, HashSet};

use super::load::GATEWAY;
use crate::config::text::diagnostics::{Code, Diagnostic};
use crate::config::text::source::{Place, Source};

/// What a syntax error took away from a file.
#[derive(Default)]
struct Broken {
    /// Lines with a syntax error, from 0.
    lines: Vec<usize>,
    /// From this line on nobody knows what belongs to what: a table's header is broken.
    from: Option<usize>,
}

/// The errors that do not follow from syntax errors.
pub fn without(diagnostics: Vec<Diagnostic>, sources: &[Source]) -> Vec<Diagnostic> {
    let mut broken: HashMap<usize, Broken> = HashMap::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.code == Code::Syntax) {
        let Some((place, source)) = diagnostic.place.as_ref().and_then(|place| Some((place, sources.get(place.file)?))) else { continue };
        let line = source.line_of(place.start);
        let file = broken.entry(place.file).or_default();
        file.lines.push(line);
        if source.line(line).trim_start().starts_with('[') {
            file.from = Some(file.from.map_or(line, |from| from.min(line)));
        }
    }
    let shared_is_broken = broken.keys().any(|file| sources.get(*file).is_some_and(|source| source.name.ends_with(GATEWAY)));
    let twice: HashSet<Place> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code == Code::DuplicateKey)
        .filter_map(|diagnostic| diagnostic.place.clone())
        .collect();
    let follows = |diagnostic: &Diagnostic| {
        let Some(place) = &diagnostic.place else { return false };
        if twice.contains(place) {
            return true;
        }
        let unresolved = matches!(
            diagnostic.code,
            Code::UnknownName | Code::NotPublic | Code::ChainOrder | Code::UnknownParameter | Code::UnreachableRoute
        );
        let Some((file, source)) = broken.get(&place.file).zip(sources.get(place.file)) else { return unresolved && shared_is_broken };
        let line = source.line_of(place.start);
        let nowhere = place.start == 0 && place.end == 0;
        let unknown = unresolved || nowhere || diagnostic.code == Code::MissingKey;
        unknown || file.lines.contains(&line) || file.from.is_some_and(|from| line >= from)
    };
    diagnostics.into_iter().filter(|d| matches!(d.code, Code::Syntax | Code::DuplicateKey) || !follows(d)).collect()
}
