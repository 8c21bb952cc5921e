use super::*;
use crate::routing::explain::{Outcome, candidates};
use crate::routing::host::HostPattern;
use crate::routing::sample::{gateway, request, request_line, route_line, table};
use proptest::prelude::*;

/// The line of the winning route, `404`, `405 Allow` or `421`.
fn answer(table: &Table, line: &str) -> String {
    let (method, target, headers) = request(line);
    match table.find(&target, &method, &headers) {
        Ok(found) => found.route.id.to_string(),
        Err(GatewayError::RouteNotFound) => "404".to_owned(),
        Err(GatewayError::Misdirected) => "421".to_owned(),
        Err(GatewayError::MethodNotAllowed { allow }) => format!("405 {}", allow.iter().map(Method::as_str).collect::<Vec<_>>().join(",")),
        Err(error) => panic!("{line}: {error:?}"),
    }
}

fn check(routes: &[&str], rows: &[(&str, &str)]) {
    let table = table(&gateway(routes.iter().copied())).unwrap();
    for (line, expect) in rows {
        assert_eq!(answer(&table, line), *expect, "{line}");
    }
}

#[test]
fn the_closest_path_wins() {
    check(
        &[
            "* GET /",
            "* GET /{x}",
            "* GET /{*r}",
            "* GET /a/{x}/{y}",
            "* GET /{z}/b/c",
            "* GET /a/b/{*r}",
            "* GET /a/b/c",
            "* GET /a/b/{id}",
        ],
        &[
            ("GET http://h/", "* GET /"),
            ("GET http://h/x", "* GET /{x}"),
            ("GET http://h/x/", "* GET /{x}"),
            ("GET http://h/x/y", "* GET /{*r}"),
            ("GET http://h/a/x/y", "* GET /a/{x}/{y}"),
            ("GET http://h/z/b/c", "* GET /{z}/b/c"),
            ("GET http://h/a/b/c", "* GET /a/b/c"),
            ("GET http://h/a/b/d", "* GET /a/b/{id}"),
            ("GET http://h/a/b/d/e", "* GET /a/b/{*r}"),
            ("GET http://h/a/%62//c/./", "* GET /a/b/c"),
        ],
    );
}

#[test]
fn a_route_that_does_not_fit_gives_way_to_the_next() {
    check(
        &["* GET /a/{x}/{y}", "* POST /{z}/b/c", "* GET /a/b/c h:x-beta", "* DELETE /{*r} q:force=yes"],
        &[
            ("GET http://h/a/b/c", "* GET /a/{x}/{y}"),
            ("POST http://h/a/b/c", "* POST /{z}/b/c"),
            ("GET http://h/a/b/c x-beta:1", "* GET /a/b/c h:x-beta"),
            ("DELETE http://h/a/b/c?force=y%65s", "* DELETE /{*r} q:force=yes"),
            ("DELETE http://h/a/b/c", "404"),
            ("PUT http://h/a/b/c", "405 DELETE,GET,HEAD,POST"),
            ("PUT http://h/", "404"),
        ],
    );
}

#[test]
fn the_closest_host_wins() {
    check(
        &["a.h GET /x", "*.h GET /{y}", "*.b.h GET /x", "a.h,c.h POST /p"],
        &[
            ("GET https://a.h/x", "a.h GET /x"),
            ("GET https://A.H.:8443/x", "a.h GET /x"),
            ("GET https://a.h/y", "*.h GET /{y}"),
            ("GET https://a.b.h/x", "*.b.h GET /x"),
            ("GET https://a.b.h/y", "*.h GET /{y}"),
            ("POST https://c.h/p", "a.h,c.h POST /p"),
            ("POST https://a.h/x", "405 GET,HEAD"),
            ("PUT https://a.h/p", "405 GET,HEAD,POST"),
            ("GET https://h/x", "421"),
            ("GET https://other/x", "421"),
        ],
    );
    check(&["a.h GET /x", "* GET /y"], &[("GET http://b.h/x", "404"), ("GET http://a.h/y", "* GET /y")]);
}

#[test]
fn methods_and_conditions_decide_among_equal_paths() {
    check(
        &["* * /x", "* GET /x", "* GET /x h:a", "* GET /x q:b q:c", "* GET /x h:a=1 q:b", "* HEAD /h", "* GET /h h:a", "* GET /x h:a=2"],
        &[
            ("GET http://h/x", "* GET /x"),
            ("HEAD http://h/x", "* GET /x"),
            ("PUT http://h/x", "* * /x"),
            ("GET http://h/x a:3", "* GET /x h:a"),
            ("GET http://h/x a:2", "* GET /x h:a"),
            ("GET http://h/x?b&c a:1", "* GET /x h:a=1 q:b"),
            ("GET http://h/x?b&c a:2", "* GET /x h:a"),
            ("GET http://h/x?b&c", "* GET /x q:b q:c"),
            ("HEAD http://h/h a:1", "* HEAD /h"),
            ("GET http://h/h", "404"),
            ("POST http://h/h", "405 GET,HEAD"),
        ],
    );
}

#[test]
fn parameters_and_the_forwarded_path() {
    let table = table(&gateway(["* GET /a/{x}/", "* POST /a/{other}", "* GET /f/{dir}/{*rest}", "* GET /"])).unwrap();
    let found = |line: &str| {
        let (method, target, headers) = request(line);
        let found = table.find(&target, &method, &headers).ok().unwrap();
        let params: Vec<String> = found.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (params.join(" "), found.path)
    };
    let check = |line, params: &str, path: Option<&str>| assert_eq!(found(line), (params.to_owned(), path.map(str::to_owned)), "{line}");
    check("GET http://h/a/1", "x=1", Some("/a/1/"));
    check("GET http://h/a/1/", "x=1", None);
    check("POST http://h/a/%31", "other=1", None);
    check("POST http://h/a/1/", "other=1", Some("/a/1"));
    check("GET http://h/f/d/e/f/", "dir=d rest=e/f/", None);
    check("GET http://h/f/d/e", "dir=d rest=e", None);
    check("GET http://h", "", None);
}

#[test]
fn what_cannot_be_built_says_which_route() {
    for (line, part) in [
        ("* GET a", "does not begin with `/`"),
        ("*.*.h GET /a", "first label"),
        ("* G(T /a", "not a method"),
        ("* GET /a h:x~(", "not a regular expression"),
    ] {
        let got = table(&gateway([line]));
        assert!(got.as_ref().is_err_and(|error| error.contains(part) && error.contains(line)), "{line}: {:?}", got.err());
    }
    let mut form = gateway(["* GET /a"]);
    form.routes[0].policies = vec![3];
    assert!(table(&form).is_err_and(|error| error.contains("no policy 3")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn the_table_finds_what_the_plain_definition_says(
        routes in prop::collection::vec(route_line(), 1..24),
        requests in prop::collection::vec(request_line(), 8),
    ) {
        let form = gateway(routes.iter().map(String::as_str));
        let table = table(&form).unwrap();
        for line in &requests {
            let (method, target, headers) = request(line);
            let all = candidates(&form, &target, &method, &headers).unwrap();
            let got = table.find(&target, &method, &headers);
            let here: Vec<_> = all.iter().filter(|candidate| candidate.outcome != Outcome::Host).collect();
            match (all.first().filter(|candidate| candidate.outcome == Outcome::Wins), got) {
                (Some(winner), Ok(found)) => {
                    prop_assert_eq!(&*found.route.id, &*form.routes[winner.route].id, "{}", line);
                    let forwarded = found.path.unwrap_or(target.path);
                    let rest = found.route.path.contains("{*");
                    prop_assert!(rest || forwarded == "/" || forwarded.ends_with('/') == found.route.path.ends_with('/'), "{}", forwarded);
                }
                (None, Err(GatewayError::MethodNotAllowed { allow })) => {
                    prop_assert!(!here.is_empty() && here.iter().all(|candidate| candidate.outcome == Outcome::Method), "{}", line);
                    prop_assert!(!allow.contains(&method));
                    for candidate in here {
                        let methods = &form.routes[candidate.route].methods;
                        prop_assert!(methods.iter().all(|name| allow.iter().any(|method| method.as_str() == name)), "{}", line);
                    }
                }
                (None, Err(GatewayError::RouteNotFound)) => {
                    prop_assert!(here.is_empty() || here.iter().any(|candidate| candidate.outcome != Outcome::Method), "{}", line);
                }
                (None, Err(GatewayError::Misdirected)) => {
                    let serves = |host: &String| HostPattern::parse(host).unwrap().rank(target.host()).is_some();
                    prop_assert!(form.routes.iter().all(|route| !route.hosts.is_empty() && !route.hosts.iter().any(serves)), "{}", line);
                }
                (winner, got) => prop_assert!(false, "{}: {:?} but {:?}", line, winner, got.map(|found| found.route.id.clone())),
            }
        }
    }
}
