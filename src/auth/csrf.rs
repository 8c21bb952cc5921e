//! Whether a page of another origin made a browser send a request (cross-site request forgery), by what only a browser can say:
//! `Sec-Fetch-Site`, then `Origin`, then `Referer`.

use crate::http::fetch_metadata::{self, Site};
use crate::http::web_origin::WebOrigin;
use crate::http::{HeaderMap, Method, Request, header};

/// Holds a request against forgery. `own` is the origin that its browser sees, `trusted` are others whose pages may send it.
///
/// # Errors
/// Why it may be forged, for the log; nothing of what was sent is in it.
pub fn judge(request: &Request, own: &WebOrigin, trusted: &[WebOrigin]) -> Result<(), &'static str> {
    let same = |origin: &WebOrigin| origin == own;
    let fits = |origin: &WebOrigin| same(origin) || trusted.contains(origin);
    let from_trusted = origin(&request.headers).is_ok_and(|origin| origin.is_some_and(|origin| trusted.contains(&origin)));
    match fetch_metadata::site(&request.headers) {
        Some(Site::SameOrigin | Site::None) => return Ok(()),
        Some(Site::SameSite | Site::CrossSite) if from_trusted => return Ok(()),
        Some(Site::SameSite) => return Err("`Sec-Fetch-Site` says that it comes from another origin of the same site"),
        Some(Site::CrossSite) => return Err("`Sec-Fetch-Site` says that it comes from another site"),
        None => {}
    }
    match origin(&request.headers)? {
        Some(origin) if fits(&origin) => return Ok(()),
        Some(_) => return Err("its `Origin` is another one"),
        None => {}
    }
    match request.header("referer").map(WebOrigin::of_url) {
        Some(Some(origin)) if fits(&origin) => Ok(()),
        Some(_) => Err("its `Referer` is of another origin"),
        None => Err("it does not say where it comes from: it has no `Sec-Fetch-Site`, `Origin` or `Referer`"),
    }
}

/// Whether a browser may have added a proof of identity by itself, so that a stranger's page could use it: a cookie, or a password
/// or ticket that it remembers. A token in `Authorization` was put there by whoever sent the request.
pub fn is_ambient(headers: &HeaderMap) -> bool {
    let scheme = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(|value| value.split(' ').next());
    match scheme.flatten() {
        Some(scheme) => !["bearer", "dpop"].iter().any(|known| scheme.eq_ignore_ascii_case(known)),
        None => headers.contains_key(header::COOKIE),
    }
}

/// Whether a request may change something: its method is not safe (RFC 9110 section 9.2.1), or it opens a WebSocket, which a page
/// of any origin may do with a GET.
pub fn may_change(method: &Method, headers: &HeaderMap) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) || headers.contains_key(header::UPGRADE)
}

/// The one `Origin` of a request. `null` is nobody's.
fn origin(headers: &HeaderMap) -> Result<Option<WebOrigin>, &'static str> {
    let mut values = headers.get_all(header::ORIGIN).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let origin = value.to_str().ok().and_then(WebOrigin::parse);
            origin.map(Some).ok_or("its `Origin` is `null`, or not an origin")
        }
        _ => Err("it has more than one `Origin`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;

    fn check(fields: &[(&str, &str)], expect: Result<(), &str>) {
        let own = WebOrigin::parse("https://app.example").unwrap();
        let trusted = [WebOrigin::parse("https://admin.example:8443").unwrap()];
        let got = judge(&Scene::of("POST", "https://app.example/a", fields).request(), &own, &trusted);
        match expect {
            Ok(()) => assert_eq!(got, Ok(()), "{fields:?}"),
            Err(part) => assert!(got.is_err_and(|reason| reason.contains(part)), "{fields:?}: {got:?}"),
        }
    }

    #[test]
    fn pages_of_the_same_origin_pass_and_others_do_not() {
        let (site, origin, referer) = ("sec-fetch-site", "origin", "referer");
        check(&[(site, "same-origin")], Ok(()));
        check(&[(site, "none")], Ok(()));
        check(&[(site, "same-site")], Err("same site"));
        check(&[(site, "cross-site")], Err("another site"));
        check(&[(site, "cross-site"), (origin, "https://app.example")], Err("another site"));
        check(&[(site, "cross-site"), (origin, "https://admin.example:8443")], Ok(()));
        check(&[(site, "cross-site"), (referer, "https://admin.example:8443/")], Err("another site"));
        check(&[(site, "same-site"), (origin, "https://admin.example:8443")], Ok(()));
        check(&[(site, "made-up"), (origin, "https://app.example")], Err("another site"));
        check(&[(site, "same-origin"), (site, "cross-site")], Err("another site"));
        check(&[(origin, "https://app.example")], Ok(()));
        check(&[(origin, "https://APP.example:443")], Ok(()));
        check(&[(origin, "https://admin.example:8443")], Ok(()));
        check(&[(origin, "https://admin.example")], Err("another one"));
        check(&[(origin, "http://app.example")], Err("another one"));
        check(&[(origin, "https://app.example.evil.example")], Err("another one"));
        check(&[(origin, "https://evil.example"), (referer, "https://app.example/")], Err("another one"));
        check(&[(origin, "null"), (referer, "https://app.example/")], Err("null"));
        check(&[(origin, "https://app.example"), (origin, "https://evil.example")], Err("more than one"));
        check(&[(referer, "https://app.example/form?a")], Ok(()));
        check(&[(referer, "https://admin.example:8443/")], Ok(()));
        check(&[(referer, "https://evil.example/https://app.example/")], Err("another origin"));
        check(&[(referer, "https://app.example@evil.example/")], Err("another origin"));
        check(&[(referer, "/form")], Err("another origin"));
        check(&[], Err("does not say where it comes from"));
    }

    #[test]
    fn only_what_a_browser_adds_by_itself_can_be_forged_with() {
        for (fields, expect) in [
            (&[("cookie", "a=1")][..], true),
            (&[("authorization", "Basic dTpw")], true),
            (&[("authorization", "Negotiate x")], true),
            (&[("authorization", "Bearer t"), ("cookie", "a=1")], false),
            (&[("authorization", "DPoP t")], false),
            (&[("x-api-key", "k")], false),
            (&[], false),
        ] {
            assert_eq!(is_ambient(&Scene::of("POST", "https://app.example/a", fields).request().headers), expect, "{fields:?}");
        }
        for (method, fields, expect) in [
            ("GET", &[][..], false),
            ("HEAD", &[], false),
            ("OPTIONS", &[], false),
            ("GET", &[("upgrade", "websocket")], true),
            ("POST", &[], true),
            ("DELETE", &[], true),
            ("PROPFIND", &[], true),
        ] {
            let request = Scene::of(method, "https://app.example/a", fields).request();
            assert_eq!(may_change(&request.method, &request.headers), expect, "{method} {fields:?}");
        }
    }
}
