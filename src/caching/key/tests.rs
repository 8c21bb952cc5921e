use super::*;
use crate::config::runtime::EncodedSlash;
use crate::http::{HeaderValue, header};
use proptest::prelude::*;

/// One request in the eyes of the cache.
#[derive(Clone, Copy)]
struct Asked<'a> {
    api: &'a str,
    conditions: &'a str,
    url: &'a str,
    rewritten: Option<&'a str>,
    query: Option<&'a [&'a str]>,
    headers: &'a [(&'static str, &'a str)],
    identity: Option<(&'a str, &'a str)>,
}

const PLAIN: Asked<'_> = Asked {
    api: "shop",
    conditions: "",
    url: "https://shop.example/a?x=1&y=2",
    rewritten: None,
    query: None,
    headers: &[],
    identity: None,
};

fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::try_from(*value).unwrap());
    }
    headers
}

fn key(asked: Asked<'_>) -> String {
    let named = Target::parse(asked.url, EncodedSlash::Refuse).unwrap();
    let target = asked.rewritten.map_or_else(|| named.clone(), |url| Target::parse(url, EncodedSlash::Refuse).unwrap());
    let query: Option<Vec<String>> = asked.query.map(|query| query.iter().map(|name| (*name).to_owned()).collect());
    let identity = asked.identity.map(|(issuer, subject)| Identity {
        kind: "jwt",
        subject: subject.to_owned(),
        issuer: Some(issuer.to_owned()),
        ..Identity::default()
    });
    let parts = Parts {
        api: asked.api,
        conditions: asked.conditions,
        named: &named,
        target: &target,
        query: query.as_deref(),
        fields: &[header::ACCEPT],
        headers: &map(asked.headers),
        identity: identity.as_ref(),
    };
    parts.key()
}

#[test]
fn a_key_is_a_url_of_the_host_that_was_asked() {
    let key = key(PLAIN);
    assert!(key.starts_with("https://shop.example/.archway-cache/") && key.len() == 100, "{key}");
}

#[test]
fn what_is_the_same_has_one_key() {
    for (name, asked) in [
        ("order of parameters", Asked { url: "https://shop.example/a?y=2&x=1", ..PLAIN }),
        ("empty parameters", Asked { url: "https://shop.example/a?&x=1&&y=2&", ..PLAIN }),
        ("case of the host", Asked { url: "https://SHOP.example/a?x=1&y=2", ..PLAIN }),
        ("a field that does not count", Asked { headers: &[("user-agent", "curl")], ..PLAIN }),
    ] {
        assert_eq!(key(asked), key(PLAIN), "{name}");
    }
    let one = Asked { query: Some(&["x"]), ..PLAIN };
    assert_eq!(key(Asked { url: "https://shop.example/a?z=3&x=1", ..one }), key(one));
    assert_ne!(key(Asked { url: "https://shop.example/a?x=1&%78=2", ..one }), key(one), "another spelling of x counts");
    assert_ne!(
        key(Asked { url: "https://shop.example/a?%78=2&x=1", ..PLAIN }),
        key(Asked { url: "https://shop.example/a?x=1&%78=2", ..PLAIN })
    );
    let accepts = Asked { headers: &[("accept", "a,b")], ..PLAIN };
    assert_eq!(key(Asked { headers: &[("accept", " a ,  b")], ..PLAIN }), key(accepts));
    assert_eq!(key(Asked { headers: &[("accept", "a"), ("accept", "b")], ..PLAIN }), key(accepts));
}

#[test]
fn what_differs_has_keys_of_its_own() {
    let rows = [
        ("the plain one", PLAIN),
        ("another API", Asked { api: "shop2", ..PLAIN }),
        ("a route with conditions", Asked { conditions: "x-version=2", ..PLAIN }),
        ("another host", Asked { url: "https://shop2.example/a?x=1&y=2", ..PLAIN }),
        ("another port", Asked { url: "https://shop.example:8443/a?x=1&y=2", ..PLAIN }),
        ("another scheme", Asked { url: "http://shop.example/a?x=1&y=2", ..PLAIN }),
        ("another path", Asked { url: "https://shop.example/b?x=1&y=2", ..PLAIN }),
        ("no query", Asked { url: "https://shop.example/a", ..PLAIN }),
        ("another value", Asked { url: "https://shop.example/a?x=1&y=3", ..PLAIN }),
        ("one of a name twice", Asked { url: "https://shop.example/a?x=1&y=2&y=3", ..PLAIN }),
        ("the other order of one name", Asked { url: "https://shop.example/a?x=1&y=3&y=2", ..PLAIN }),
        ("a parameter less", Asked { query: Some(&["x"]), ..PLAIN }),
        ("a rewritten path", Asked { rewritten: Some("https://shop.example/z?x=1&y=2"), ..PLAIN }),
        ("a field that counts", Asked { headers: &[("accept", "a")], ..PLAIN }),
        ("the field, empty", Asked { headers: &[("accept", "")], ..PLAIN }),
        ("an identity", Asked { identity: Some(("i", "s")), ..PLAIN }),
        ("another subject", Asked { identity: Some(("i", "t")), ..PLAIN }),
        ("another issuer", Asked { identity: Some(("j", "s")), ..PLAIN }),
        ("parts that run together", Asked { identity: Some(("is", "")), ..PLAIN }),
    ];
    for (index, (a, left)) in rows.iter().enumerate() {
        for (b, right) in rows.iter().skip(index + 1) {
            assert_ne!(key(*left), key(*right), "{a} and {b}");
        }
    }
}

#[test]
fn variants_differ_by_the_named_fields_and_the_generation() {
    let marker = |generation: &str| Marker { names: vec![header::ACCEPT_LANGUAGE], generation: generation.to_owned() };
    let of = |generation: &str, fields: &[(&'static str, &str)]| {
        variant("https://shop.example/.archway-cache/0", &marker(generation), &map(fields))
    };
    let german = of("1", &[("accept-language", "de")]);
    assert!(german.starts_with("https://shop.example/.archway-cache/"), "{german}");
    assert_eq!(of("1", &[("accept-language", "de"), ("accept", "a")]), german);
    for other in
        [of("1", &[("accept-language", "en")]), of("1", &[]), of("1", &[("accept-language", "")]), of("2", &[("accept-language", "de")])]
    {
        assert_ne!(other, german);
    }
}

#[test]
fn names_are_decoded_as_forms_are() {
    for (name, expect) in
        [("a+b", "a b"), ("%61%2B", "a+"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%+1", "% 1"), ("%\u{e9}1", "%\u{e9}1")]
    {
        assert_eq!(decoded(name), expect.as_bytes(), "{name}");
    }
}

proptest! {
    #[test]
    fn two_queries_share_a_key_only_if_each_name_has_the_same_values(a in "([xy]=[12]&){0,4}", b in "([xy]=[12]&){0,4}") {
        let values = |query: &str, name: &str| query.split('&').filter(|p| p.starts_with(name)).map(str::to_owned).collect::<Vec<_>>();
        let (left, right) = (format!("https://h/?{a}"), format!("https://h/?{b}"));
        let same = ["x", "y"].iter().all(|name| values(&a, name) == values(&b, name));
        prop_assert_eq!(key(Asked { url: &left, ..PLAIN }) == key(Asked { url: &right, ..PLAIN }), same);
    }
}
