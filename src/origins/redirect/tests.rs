use super::*;
use crate::config::runtime::Settings;
use crate::exchange::Connection;
use crate::gateway::Incoming;
use crate::http::{Body, HeaderMap, Method, Target};
use crate::memory::Outside;
use futures::executor::block_on;

/// The `Location` of a redirect, or why there is none.
fn location(to: &str, keep_query: bool, url: &str) -> Result<String, String> {
    let outside = Outside::at(0);
    let (ports, settings) = (outside.ports(), Settings::default());
    let config = Config { to: to.to_owned(), status: 308, keep_query };
    let mut compiler = Compiler::new(&*outside.environment, "a.b", "A");
    let redirect = Redirect::compile(config, &mut compiler).map_err(|error| error.message)?;
    let incoming =
        Incoming { method: Method::GET, url: url.to_owned(), headers: HeaderMap::new(), body: Body::Empty, client: Connection::default() };
    let mut cx = Exchange::begin(&ports, &settings, &incoming);
    cx.params = vec![("id".to_owned(), "7".to_owned())];
    let target = Target::parse(url, settings.encoded_slash).unwrap();
    let request = Request { method: Method::GET, target, headers: HeaderMap::new(), body: Body::Empty };
    let response = block_on(redirect.call(&mut cx, request)).map_err(|error| error.verdict().log)?;
    Ok(response.header("location").unwrap_or_default().to_owned())
}

#[test]
fn the_location_follows_the_template() {
    let rows = [
        ("https://x.example{path}", true, "https://x.example/a?q=1"),
        ("https://x.example{path}", false, "https://x.example/a"),
        ("https://x.example/{id}?from=a#top", true, "https://x.example/7?from=a&q=1#top"),
        ("https://{host}{path}", true, "https://api.example/a?q=1"),
        ("/new{path}", true, "/new/a?q=1"),
        ("{path}", false, "/a"),
    ];
    for (to, keep_query, expect) in rows {
        assert_eq!(location(to, keep_query, "http://api.example:80/a?q=1").as_deref(), Ok(expect), "{to}");
    }
}

#[test]
fn no_value_of_a_request_chooses_the_host() {
    let rows = [
        ("https://x.example{id}", "right after the host"),
        ("https://{id}/x", "written out"),
        ("https://{host}.evil.example/", "written out"),
        ("//x.example/{id}", "names another host"),
        ("/{path}", "names another host"),
        ("{id}", "begins with"),
        ("javascript:{id}", "begins with"),
        ("https:///x", "names no host"),
        ("https://a@b.example/", "names no host"),
        ("/a b", "cannot stand"),
    ];
    for (to, part) in rows {
        let got = location(to, true, "http://api.example/a");
        assert!(got.as_ref().is_err_and(|error| error.contains(part)), "{to}: {got:?}");
    }
}

#[test]
fn only_redirects_are_redirects() {
    let outside = Outside::at(0);
    for (status, expect) in [(301, true), (302, true), (303, true), (307, true), (308, true), (300, false), (304, false), (200, false)] {
        let config = Config { to: "/x".to_owned(), status, keep_query: true };
        let mut compiler = Compiler::new(&*outside.environment, "a.b", "A");
        assert_eq!(Redirect::compile(config, &mut compiler).is_ok(), expect, "{status}");
    }
}
