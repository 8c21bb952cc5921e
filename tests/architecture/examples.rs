//! The routes files in `routes/`: they compile, and `archway explain` finds each of their routes.

use archway::cli::explain::{explain, show};
use archway::config::build::{Outcome, build, load};
use archway::config::runtime::RouteForm;
use archway::config::text::render;
use archway::http::{HeaderMap, Method};

use super::tree::{none, root};

/// Everything that is wrong, without styles.
pub fn shown(outcome: &Outcome) -> String {
    anstream::adapter::strip_str(&render::text(&outcome.diagnostics, &outcome.sources)).to_string()
}

/// A method and a URL that the route takes, as long as it asks nothing of header fields and query.
fn request(route: &RouteForm) -> (Method, String) {
    let method = route.methods.first().map_or("GET", String::as_str).parse().unwrap();
    let host = route.hosts.first().map_or("localhost".to_owned(), |host| host.replace('*', "any"));
    let segments = route.path.split('/').map(|segment| match segment.strip_prefix('{') {
        Some(name) if name.starts_with('*') => "one/two",
        Some(_) => "one",
        None => segment,
    });
    (method, format!("https://{host}{}", segments.collect::<Vec<_>>().join("/")))
}

#[test]
fn the_examples_compile_and_each_route_is_explained() {
    let outcome = build(load::directory(&root().join("routes")).unwrap(), None);
    let form = outcome.form.as_ref().unwrap_or_else(|| panic!("Mend routes/:\n{}", shown(&outcome)));
    let mut found = Vec::new();
    for (index, route) in form.routes.iter().enumerate().filter(|(_, route)| route.headers.is_empty() && route.query.is_empty()) {
        let (method, url) = request(route);
        let explained = explain(&outcome, form, &method, &url, &HeaderMap::new()).unwrap();
        let text = show::text(&outcome, form, &explained);
        let taken = explained.taken.as_ref().is_ok_and(|taken| taken.route == index);
        if !taken || !text.contains(&route.id) {
            found.push(format!("{}: {method} {url} is explained as\n{text}", route.id));
        }
    }
    none(&found, "`archway explain` names the route that a request was made for:");
}
