//! Cookies of a request and for a response (RFC 6265 as browsers have it now, RFC 6265bis).

use super::{HeaderMap, HeaderName, HeaderValue, header};

/// The value of the cookie with this name; `None` where there is none, or more than one: which of several was meant cannot be known.
pub fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut named = pairs(headers).filter(|(known, _)| *known == name);
    let (_, value) = named.next()?;
    named.next().is_none().then_some(value)
}

/// Names and values of all cookies, in order. What is not ASCII is passed over.
pub fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let fields = headers.get_all(header::COOKIE).into_iter().filter_map(|field| field.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';')).map(str::trim).filter(|pair| !pair.is_empty());
    pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        (name.trim(), value.trim())
    })
}

/// Takes every cookie out whose name is `doomed`; the field goes with the last of them.
pub fn remove(headers: &mut HeaderMap, doomed: impl Fn(&str) -> bool) {
    if !pairs(headers).any(|(name, _)| doomed(name)) {
        return;
    }
    let kept: Vec<String> = pairs(headers)
        .filter(|(name, _)| !doomed(name))
        .map(|(name, value)| if name.is_empty() { value.to_owned() } else { format!("{name}={value}") })
        .collect();
    match HeaderValue::try_from(kept.join("; ")) {
        Ok(value) if !value.is_empty() => headers.insert(header::COOKIE, value),
        _ => headers.remove(header::COOKIE),
    };
}

/// A `Set-Cookie` for the whole host and no other one, out of reach of scripts and of other sites' requests that are not
/// navigations. `max_age_s` of 0 deletes; without one the cookie goes when the browser closes.
pub fn set(name: &str, value: &str, max_age_s: Option<u64>, secure: bool) -> Option<(HeaderName, HeaderValue)> {
    let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
    if secure {
        text.push_str("; Secure");
    }
    if let Some(seconds) = max_age_s {
        text.push_str(&format!("; Max-Age={seconds}"));
    }
    Some((header::SET_COOKIE, HeaderValue::try_from(text).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[&str]) -> HeaderMap {
        HeaderMap::from_iter(fields.iter().map(|field| (header::COOKIE, HeaderValue::try_from(*field).unwrap())))
    }

    #[test]
    fn a_cookie_is_found_where_it_stands_once() {
        for (fields, expect) in [
            (&["a=1; t=x; b=2"][..], Some("x")),
            (&["a=1", " t = x "], Some("x")),
            (&["t=x=y"], Some("x=y")),
            (&["t="], Some("")),
            (&["T=x; tt=y; =t"], None),
            (&["t=x; t=y"], None),
            (&["t=x", "t=x"], None),
            (&["t"], None),
            (&[], None),
        ] {
            assert_eq!(value(&headers(fields), "t"), expect, "{fields:?}");
        }
    }

    #[test]
    fn what_is_removed_is_gone_and_nothing_else_is() {
        for (fields, expect) in [
            (&["a=1; t=x; b=2"][..], Some("a=1; b=2")),
            (&["t=x", "a=1"], Some("a=1")),
            (&["t=x; t=y"], None),
            (&["bare; t=x"], Some("bare")),
            (&["a=1;b=2"], Some("a=1;b=2")),
        ] {
            let mut headers = headers(fields);
            remove(&mut headers, |name| name == "t");
            assert_eq!(headers.get(header::COOKIE).map(|value| value.to_str().unwrap()), expect, "{fields:?}");
            assert!(headers.get_all(header::COOKIE).iter().count() <= 1);
        }
    }

    #[test]
    fn a_cookie_is_for_one_host_and_no_script() {
        let text = |value: Option<(HeaderName, HeaderValue)>| value.unwrap().1.to_str().unwrap().to_owned();
        assert_eq!(text(set("__Host-a", "v", None, true)), "__Host-a=v; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(text(set("a", "", Some(0), false)), "a=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        assert_eq!(set("a", "b\n", None, true), None);
    }
}
