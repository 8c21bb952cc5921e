//! What a browser says about why it sends a request (W3C Fetch Metadata Request Headers), and what other fields give away.

use super::{HeaderMap, Method, Request, header};

/// How the page that sent a request is related to where it goes (`Sec-Fetch-Site`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// It has the same origin.
    SameOrigin,
    /// Another origin of the same site.
    SameSite,
    /// Another site, or a value that is not known.
    CrossSite,
    /// No page sent it: an address that was typed, a bookmark, the reloading of a page.
    None,
}

/// What `Sec-Fetch-Site` says; absent where the browser does not send it, as over plain http. Two fields are as good as another site's.
pub fn site(headers: &HeaderMap) -> Option<Site> {
    let mut values = headers.get_all("sec-fetch-site").iter();
    let first = values.next()?;
    Some(match (first.as_bytes(), values.next()) {
        (b"same-origin", None) => Site::SameOrigin,
        (b"same-site", None) => Site::SameSite,
        (b"none", None) => Site::None,
        _ => Site::CrossSite,
    })
}

/// Whether a browser asks for a page that it is about to show in a tab, so that a redirect elsewhere makes sense. Scripts, images,
/// frames, prefetching and API clients are not that. Browsers that say nothing of it are known by `Accept`.
pub fn is_page_load(request: &Request) -> bool {
    if request.method != Method::GET || is_prefetch(&request.headers) || request.headers.contains_key(header::AUTHORIZATION) {
        return false;
    }
    match (request.header("sec-fetch-mode"), request.header("sec-fetch-dest")) {
        (None, None) => {
            let accept = request.header("accept").unwrap_or_default().to_ascii_lowercase();
            let html = accept.split(',').any(|range| matches!(range.split(';').next().map(str::trim), Some("text/html")));
            html && !request.headers.contains_key("x-requested-with") && !request.headers.contains_key(header::UPGRADE)
        }
        (mode, dest) => mode == Some("navigate") && dest.is_none_or(|dest| dest == "document"),
    }
}

/// Whether a browser only fetches ahead (`Sec-Purpose`, and `Purpose` before it): nobody may ever see the answer.
pub fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose"].into_iter().filter_map(|name| headers.get(name)).any(|value| value.as_bytes().starts_with(b"prefetch"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;

    /// Method, header fields, and whether it is a page load.
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], bool);

    #[test]
    fn only_a_page_that_will_be_shown_is_a_page_load() {
        let html = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        let rows: &[Row<'_>] = &[
            ("GET", &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")], true),
            ("GET", &[("sec-fetch-mode", "navigate")], true),
            ("POST", &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")], false),
            ("HEAD", &[html], false),
            ("GET", &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")], false),
            ("GET", &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty"), html], false),
            ("GET", &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")], false),
            ("GET", &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), ("sec-purpose", "prefetch;prerender")], false),
            ("GET", &[("purpose", "prefetch"), html], false),
            ("GET", &[html], true),
            ("GET", &[("accept", "TEXT/HTML")], true),
            ("GET", &[html, ("x-requested-with", "XMLHttpRequest")], false),
            ("GET", &[html, ("upgrade", "websocket")], false),
            ("GET", &[html, ("authorization", "Bearer x")], false),
            ("GET", &[("accept", "application/json")], false),
            ("GET", &[("accept", "*/*")], false),
            ("GET", &[], false),
        ];
        for (method, fields, expect) in rows {
            assert_eq!(is_page_load(&Scene::of(method, "https://a.example/", fields).request()), *expect, "{method} {fields:?}");
        }
    }

    #[test]
    fn a_strange_site_is_another_site() {
        for (values, expect) in [
            (&["same-origin"][..], Some(Site::SameOrigin)),
            (&["same-site"], Some(Site::SameSite)),
            (&["none"], Some(Site::None)),
            (&["cross-site"], Some(Site::CrossSite)),
            (&["Same-Origin"], Some(Site::CrossSite)),
            (&["same-origin", "same-origin"], Some(Site::CrossSite)),
            (&[""], Some(Site::CrossSite)),
            (&[], None),
        ] {
            let fields: Vec<_> = values.iter().map(|value| ("sec-fetch-site", *value)).collect();
            assert_eq!(site(&Scene::of("GET", "https://a.example/", &fields).request().headers), expect, "{values:?}");
        }
    }
}
