use proptest::prelude::*;

use super::*;
use crate::config::build;
use crate::config::text::render;

fn parsed(text: &str) -> (Source, Node, Vec<Diagnostic>) {
    let source = Source::new("a.toml", text);
    let mut diagnostics = Diagnostics::default();
    let root = parse(0, &source, &mut diagnostics);
    (source, root, diagnostics.into_sorted())
}

#[test]
fn paths_lead_to_their_values() {
    let (source, root, errors) = parsed("a = [{ b = 1 }, { 'x.y' = { z = 2 }, x = 3 }]\n[t]\nu.v = 4\n");
    assert!(errors.is_empty());
    for (path, expect) in [
        ("a.0.b", "1"),
        ("a.1.x.y.z", "2"),
        ("a.1.x", "3"),
        ("a.9", "[{ b = 1 }, { 'x.y' = { z = 2 }, x = 3 }]"),
        ("a.0.nothing", "{ b = 1 }"),
        ("t.u.v", "4"),
        ("t", "[t]"),
    ] {
        let node = root.descend(path);
        assert_eq!(source.slice(node.span.start, node.span.end), expect, "{path}");
    }
}

#[test]
fn the_first_of_two_is_found() {
    for (text, expect) in [
        ("a = 1\nb = { a = 2 }\na = 3", 0),
        ("b = { a = 2, c = { a = 3, a = 4 } }", 19),
        ("[t]\nx = 1\n[u]\nx = 2\nx = 3", 14),
        ("[t]\nx = 1\n[u]\n[t]\n", 0),
        ("  [t]\n[u]\n[t]\n", 2),
    ] {
        let (_, _, errors) = parsed(text);
        let first = errors.first().and_then(|error| error.related.first()).map(|(place, _)| place.start);
        assert_eq!(first, Some(expect), "{text}: {errors:?}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "([a-z]{1,3}|[\\[\\]{}=.,\"'#\n \t]|=|\\[\\[routes\\]\\]|\\PC){0,60}") {
        let outcome = build::build(vec![Source::new("routes/a.toml", &text)], None);
        prop_assert!(!outcome.diagnostics.is_empty());
        prop_assert!(!render::text(&outcome.diagnostics, &outcome.sources).is_empty());
    }

    #[test]
    fn no_route_breaks_the_reader(matches in "\\PC{0,20}", key in "[a-z_]{1,12}", value in "(\"\\PC{0,8}\"|[0-9]{1,3}|\\{\\}|\\[\\])") {
        let text = format!("[api]\nname = \"a\"\n[[routes]]\nmatch = {matches:?}\n{key} = {value}\nstatic = {{}}\npublic = true\n");
        let outcome = build::build(vec![Source::new("routes/a.toml", &text)], None);
        prop_assert_eq!(outcome.form.is_some(), outcome.diagnostics.is_empty());
    }
}
