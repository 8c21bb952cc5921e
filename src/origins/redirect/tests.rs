use super::*;
use crate::memory::Scene;
use futures::executor::block_on;

/// The `Location` of a redirect, or why there is none.
fn location(to: &str, keep_query: bool, url: &str) -> Result<String, String> {
    let scene = Scene::of("GET", url, &[]);
    let redirect = scene.compile(&format!("to = '{to}'\nkeep_query = {keep_query}"), Redirect::compile)?;
    let mut cx = scene.exchange();
    cx.params = vec![("id".to_owned(), "7".to_owned())];
    let response = block_on(redirect.call(&mut cx, scene.request())).map_err(|error| error.verdict().log)?;
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
    let scene = Scene::of("GET", "https://api.example/", &[]);
    for (status, expect) in [(301, true), (302, true), (303, true), (307, true), (308, true), (300, false), (304, false), (200, false)] {
        let redirect = scene.compile(&format!("to = '/x'\nstatus = {status}"), Redirect::compile);
        assert_eq!(redirect.is_ok(), expect, "{status}");
    }
}
