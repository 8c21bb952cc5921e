//! Where a request carries a token or a key, and how it is taken out again before the origin.

use serde::{Deserialize, Serialize};

use crate::config::compiler::{Compiler, ConfigError};
use crate::http::{HeaderMap, HeaderName, Request, cookie, header, query};

/// Where a token or a key may stand in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// `Authorization: Bearer ...` (RFC 6750 section 2.1).
    Bearer,
    /// The whole value of this header field.
    Header(String),
    /// The cookie of this name.
    Cookie(String),
    /// The query parameter of this name (RFC 6750 section 2.3): URLs are often logged, so only where nothing else works.
    Query(String),
}

/// Holds the list of places in `field` to what can be looked at.
///
/// # Errors
/// Where the list is empty, has a place twice, or names what cannot be there.
pub fn check(sources: &[Source], field: &str) -> Result<(), ConfigError> {
    if sources.is_empty() {
        return Err(ConfigError::at(field, "it may stand nowhere; leave this out, or write [\"bearer\"]"));
    }
    for (index, source) in sources.iter().enumerate() {
        let at = |message: String| Err(ConfigError::at(format!("{field}.{index}"), message));
        if sources.iter().take(index).any(|earlier| earlier == source) {
            return at("it stands in the list twice".to_owned());
        }
        match source {
            Source::Bearer => {}
            Source::Header(name) if HeaderName::try_from(name).is_err() => {
                return at(format!("`{name}` is not the name of a header field"));
            }
            Source::Header(name) if name.eq_ignore_ascii_case("authorization") => {
                return at("write \"bearer\" for Authorization".to_owned());
            }
            Source::Header(name) if name.eq_ignore_ascii_case("cookie") => return at("write { cookie = \"NAME\" } for a cookie".to_owned()),
            Source::Header(_) => {}
            Source::Cookie(name) => {
                if HeaderName::try_from(name).is_err() {
                    return at(format!("`{name}` is not the name of a cookie"));
                }
            }
            Source::Query(name) => {
                if name.is_empty() {
                    return at("the query parameter needs a name, such as { query = \"access_token\" }".to_owned());
                }
            }
        }
    }
    Ok(())
}

/// Has the record hide what stands at these places.
pub fn redact(sources: &[Source], compiler: &mut Compiler<'_>) {
    for source in sources {
        match source {
            Source::Header(name) => compiler.needs.secret_headers.insert(name.to_ascii_lowercase()),
            Source::Query(name) => compiler.needs.secret_query.insert(name.clone()),
            Source::Bearer | Source::Cookie(_) => false,
        };
    }
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// No token at any place that counts.
    None,
    /// Exactly one, and where it stood.
    One(Source, String),
    /// More than one, or a place that cannot be read; the text is for the log.
    Unclear(&'static str),
}

/// Looks for the token at every place that counts. Other places are never looked at.
pub fn find(request: &Request, sources: &[Source]) -> Credential {
    let mut found = Credential::None;
    for source in sources {
        let mut tokens = match at(request, source) {
            Ok(tokens) => tokens,
            Err(reason) => return Credential::Unclear(reason),
        };
        match (tokens.pop(), tokens.is_empty(), &found) {
            (None, ..) => {}
            (Some(token), true, Credential::None) => found = Credential::One(source.clone(), token),
            _ => return Credential::Unclear("it has more than one token"),
        }
    }
    found
}

/// Takes the credential at `source` out of the request.
pub fn strip(request: &mut Request, source: &Source) {
    match source {
        Source::Bearer => {
            request.headers.remove(header::AUTHORIZATION);
        }
        Source::Header(name) => {
            request.headers.remove(name.as_str());
        }
        Source::Cookie(name) => cookie::remove(&mut request.headers, |known| known == name),
        Source::Query(name) => {
            let Some(text) = &request.target.query else { return };
            let kept: Vec<&str> = text.split('&').filter(|pair| query::decode(pair_name(pair)) != *name).collect();
            request.target.query = (!kept.is_empty()).then(|| kept.join("&"));
        }
    }
}

/// Everything that stands at `source`.
///
/// # Errors
/// Why it cannot be read; for the log.
pub fn at(request: &Request, source: &Source) -> Result<Vec<String>, &'static str> {
    match source {
        Source::Bearer => {
            let fields = fields(&request.headers, &header::AUTHORIZATION)?;
            match fields.as_slice() {
                [] => Ok(Vec::new()),
                [field] => Ok(bearer(field).map(str::to_owned).into_iter().collect()),
                _ => Err("it has more than one Authorization field"),
            }
        }
        Source::Header(name) => match HeaderName::try_from(name) {
            Ok(name) => Ok(fields(&request.headers, &name)?.into_iter().map(str::to_owned).collect()),
            Err(_) => Ok(Vec::new()),
        },
        Source::Cookie(name) => {
            let named = cookie::all(&request.headers).filter(|(known, _)| *known == name.as_bytes());
            named.map(|(_, value)| ascii(value).map(str::to_owned).ok_or("the cookie that may carry its token is not ASCII")).collect()
        }
        Source::Query(name) => {
            let pairs = request.target.query.as_deref().unwrap_or_default().split('&');
            let named = pairs.filter(|pair| query::decode(pair_name(pair)) == *name);
            Ok(named.map(|pair| query::decode(pair_value(pair)).into_owned()).collect())
        }
    }
}

fn fields<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Vec<&'a str>, &'static str> {
    let values = headers.get_all(name).iter();
    values.map(|value| value.to_str().map_err(|_| "a header field that may carry its token is not ASCII")).collect()
}

/// The token of `Bearer TOKEN`; the scheme in any case (RFC 9110 section 11.1), and `None` for other schemes.
fn bearer(field: &str) -> Option<&str> {
    let (scheme, rest) = field.split_once(' ').unwrap_or((field, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim_matches(' '))
}

fn ascii(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii())
}

fn pair_name(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default().trim()
}

fn pair_value(pair: &str) -> &str {
    pair.split_once('=').map_or("", |(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Body, HeaderValue, Method, Target};

    fn request(headers: &[(&str, &str)], query: Option<&str>) -> Request {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        let target = Target { scheme: "https", authority: "a.example".into(), path: "/".into(), query: query.map(str::to_owned) };
        Request { method: Method::GET, target, headers: map, body: Body::Empty }
    }

    fn check(sources: &[Source], headers: &[(&str, &str)], query: Option<&str>, expect: Result<Option<&str>, &str>) {
        let got = match find(&request(headers, query), sources) {
            Credential::None => Ok(None),
            Credential::One(_, token) => Ok(Some(token)),
            Credential::Unclear(reason) => Err(reason),
        };
        match expect {
            Ok(token) => assert_eq!(got, Ok(token.map(str::to_owned)), "{headers:?} {query:?}"),
            Err(part) => assert!(got.as_ref().is_err_and(|reason| reason.contains(part)), "{headers:?} {query:?}: {got:?}"),
        }
    }

    #[test]
    fn a_token_is_found_where_it_may_stand_and_nowhere_else() {
        let bearer = &[Source::Bearer];
        check(bearer, &[], None, Ok(None));
        check(bearer, &[("authorization", "Bearer t")], None, Ok(Some("t")));
        check(bearer, &[("authorization", "bEaReR   t")], None, Ok(Some("t")));
        check(bearer, &[("authorization", "Bearer")], None, Ok(Some("")));
        check(bearer, &[("authorization", "Bearer a, Bearer b")], None, Ok(Some("a, Bearer b")));
        check(bearer, &[("authorization", "Bearer\tt")], None, Ok(None));
        check(bearer, &[("authorization", "Bearert")], None, Ok(None));
        check(bearer, &[("authorization", "Basic dTpw")], None, Ok(None));
        check(bearer, &[("authorization", "Bearer t"), ("authorization", "Bearer t")], None, Err("more than one"));
        check(bearer, &[("authorization", "Basic dTpw"), ("authorization", "Bearer t")], None, Err("more than one"));
        check(bearer, &[("authorization", "Bearer é")], None, Err("not ASCII"));
        check(bearer, &[("cookie", "token=t")], Some("access_token=t"), Ok(None));
        let field = &[Source::Header("x-token".into())];
        check(field, &[("x-token", "t"), ("authorization", "Bearer no")], None, Ok(Some("t")));
        check(field, &[("x-token", "t"), ("x-token", "u")], None, Err("more than one"));
        let cookie = &[Source::Cookie("t".into())];
        check(cookie, &[("cookie", "a=1; t=x; b=2")], None, Ok(Some("x")));
        check(cookie, &[("cookie", "a=1"), ("cookie", "t=x")], None, Ok(Some("x")));
        check(cookie, &[("cookie", "T=x; tt=y")], None, Ok(None));
        check(cookie, &[("cookie", "t=x; t=x")], None, Err("more than one"));
        check(cookie, &[("cookie", "name=Zoë; t=x")], None, Ok(Some("x")));
        check(cookie, &[("cookie", "name=Zoë; t=ë")], None, Err("not ASCII"));
        check(cookie, &[("cookie", "name=Zoë; t=x"), ("cookie", "t=é")], None, Err("not ASCII"));
        check(cookie, &[("cookie", "t; =t")], None, Ok(None));
        let query = &[Source::Query("access_token".into())];
        check(query, &[], Some("a=1&access_token=x"), Ok(Some("x")));
        check(query, &[], Some("access%5Ftoken=x%2Ey"), Ok(Some("x.y")));
        check(query, &[], Some("access_token=x&access%5ftoken=y"), Err("more than one"));
        check(query, &[], Some("access_token=%ff"), Ok(Some("\u{fffd}")));
        check(query, &[], Some("access_token=a+b"), Ok(Some("a b")));
        let both = &[Source::Bearer, Source::Query("access_token".into())];
        check(both, &[("authorization", "Bearer x")], None, Ok(Some("x")));
        check(both, &[], Some("access_token=x"), Ok(Some("x")));
        check(both, &[("authorization", "Bearer x")], Some("access_token=x"), Err("more than one"));
    }

    #[test]
    fn what_is_stripped_is_gone_and_nothing_else_is() {
        let mut request =
            request(&[("authorization", "Bearer x"), ("cookie", "a=1; t=x; b=2"), ("x-token", "x")], Some("a=%20&access%5Ftoken=x&b"));
        for source in [Source::Bearer, Source::Header("x-token".into()), Source::Cookie("t".into()), Source::Query("access_token".into())] {
            strip(&mut request, &source);
        }
        assert_eq!(request.headers.len(), 1);
        assert_eq!(request.header("cookie"), Some("a=1; b=2"));
        assert_eq!(request.target.query.as_deref(), Some("a=%20&b"));
        strip(&mut request, &Source::Query("a".into()));
        strip(&mut request, &Source::Query("b".into()));
        strip(&mut request, &Source::Cookie("a".into()));
        strip(&mut request, &Source::Cookie("b".into()));
        assert_eq!((request.headers.len(), request.target.query), (0, None));
    }
}
