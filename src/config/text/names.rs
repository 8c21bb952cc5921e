//! The nearest right name.

use std::collections::HashSet;

/// The one of `names` that `wrong` was probably meant to be.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = wrong.to_lowercase().replace('-', "_");
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&folded, &name.to_lowercase().replace('-', "_")), name))
        .filter(|(distance, name)| {
            *distance <= (name.chars().count().min(wrong.chars().count()) / 3).max(1) && (name.len() > 1 || *distance == 0)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// As [`nearest`], or else the only one that has all words of `wrong`, or of which `wrong` has all: `depth` for `max_depth`.
pub fn suggestion<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let words = |name: &str| name.to_lowercase().split(['-', '_']).map(str::to_owned).collect::<HashSet<_>>();
    let meant = words(wrong);
    let related = |name: &&str| {
        let name = words(name);
        name.is_subset(&meant) || meant.is_subset(&name)
    };
    nearest(wrong, names.clone()).or_else(|| {
        let mut related = names.into_iter().filter(related);
        related.next().filter(|_| related.next().is_none())
    })
}

/// `a, b or c`, each in backticks.
pub fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wrong: &str, expect: Option<&str>) {
        let names = ["policies", "origins", "routes", "rate_limit", "a", "timeout", "total_timeout"];
        assert_eq!(nearest(wrong, names), expect, "{wrong}");
    }

    #[test]
    fn the_nearest_name_is_found() {
        check("polices", Some("policies"));
        check("Policies", Some("policies"));
        check("rate-limit", Some("rate_limit"));
        check("ratelimit", Some("rate_limit"));
        check("orgins", Some("origins"));
        check("tiemout", Some("timeout"));
        check("a", Some("a"));
        check("b", None);
        check("teleport", None);
        check("", None);
    }

    #[test]
    fn a_name_with_other_words_around_it_is_found_where_it_is_the_only_one() {
        let check = |wrong: &str, expect: Option<&str>| {
            let names = ["depth", "client", "client_headers", "origin_headers", "jwks", "jwks_inline", "timeout"];
            assert_eq!(suggestion(wrong, names), expect, "{wrong}");
        };
        check("max_depth", Some("depth"));
        check("client-id", Some("client"));
        check("jwks_uri", Some("jwks"));
        check("origin", Some("origin_headers"));
        check("timeuot", Some("timeout"));
        check("headers", None);
        check("client_timeout", None);
        check("", None);
    }

    #[test]
    fn lists_are_read_aloud() {
        assert_eq!(list::<&str>(&[]), "nothing");
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
