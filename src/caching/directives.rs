//! `Cache-Control` (RFC 9111 section 5.2), of requests and responses alike, and what responses say to caches such as this one alone
//! (RFC 9213).

use crate::http::structured::{self, Bare, Item, Member};
use crate::http::{HeaderMap, HeaderName, header};

/// The field that addresses caches in front of origins, as this one is, and goes before `Cache-Control` (RFC 9213 section 3.1).
pub const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");

/// The directives that a shared cache obeys. Times are in seconds; where a directive stands twice, the strictest counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    /// Nothing of this exchange may be stored.
    pub no_store: bool,
    /// What is stored may not be used without asking the origin.
    pub no_cache: bool,
    /// `private` without field names, or with them: a shared cache that does not tell fields apart obeys both.
    pub private: bool,
    /// May be stored even where that is otherwise forbidden.
    pub public: bool,
    /// Must not be used once stale.
    pub must_revalidate: bool,
    /// The same, for shared caches.
    pub proxy_revalidate: bool,
    /// How long it is fresh, or how old an answer the client accepts.
    pub max_age: Option<u64>,
    /// How long it is fresh in a shared cache; implies `proxy-revalidate`.
    pub s_maxage: Option<u64>,
    /// For how long yet the client wants the answer to be fresh.
    pub min_fresh: Option<u64>,
    /// The client accepts nothing but a stored response.
    pub only_if_cached: bool,
    /// They stood in [`CDN_CACHE_CONTROL`]: then `Expires` says nothing, as `Cache-Control` does not.
    pub targeted: bool,
}

/// The largest time a cache has to know (RFC 9111 section 1.2.2).
const LARGEST_S: u64 = 2_147_483_648;

impl Directives {
    /// Reads every `Cache-Control` field; `Pragma: no-cache` counts where there is none (section 5.4).
    pub fn of(headers: &HeaderMap) -> Self {
        let mut directives = Self::default();
        let mut any = false;
        for value in headers.get_all(header::CACHE_CONTROL) {
            any = true;
            // A value that is not text may hide a prohibition.
            match value.to_str() {
                Ok(text) => directives.read(text),
                Err(_) => directives.no_store = true,
            }
        }
        if !any && headers.get_all(header::PRAGMA).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"no-cache")) {
            directives.no_cache = true;
        }
        directives
    }

    /// Those of a response: of [`CDN_CACHE_CONTROL`] alone where that can be read and says anything, else as [`Directives::of`].
    pub fn of_response(headers: &HeaderMap) -> Self {
        Self::targeted(headers).unwrap_or_else(|| Self::of(headers))
    }

    /// RFC 9213 section 2.1: a dictionary; one that is empty or cannot be read is as good as none.
    fn targeted(headers: &HeaderMap) -> Option<Self> {
        let lines: Result<Vec<&str>, _> = headers.get_all(CDN_CACHE_CONTROL).iter().map(|line| line.to_str()).collect();
        let dictionary = structured::dictionary(&lines.ok()?.join(", ")).ok()?;
        let mut directives = Self { targeted: true, ..Self::default() };
        for (name, member) in &dictionary.members {
            let argument = match member {
                Member::Item(Item { value: Bare::Boolean(false), .. }) => continue,
                Member::Item(Item { value: Bare::Integer(seconds), .. }) => seconds.to_string(),
                // Nothing but a number is a time.
                _ => String::new(),
            };
            directives.take(name, Some(argument));
        }
        (!dictionary.members.is_empty()).then_some(directives)
    }

    fn read(&mut self, text: &str) {
        for item in split_list(text) {
            let (name, argument) = item.split_once('=').map_or((item, None), |(name, argument)| (name, Some(argument)));
            // No white space belongs on either side of `=`; what has some forbids still, and gives no time.
            let spaced = name.ends_with([' ', '\t']) || argument.is_some_and(|argument| argument.starts_with([' ', '\t']));
            let argument = argument.filter(|_| !spaced).map(unquote);
            self.take(&name.trim().to_ascii_lowercase(), argument);
        }
    }

    fn take(&mut self, name: &str, argument: Option<String>) {
        match name {
            "no-store" => self.no_store = true,
            "no-cache" => self.no_cache = true,
            "private" => self.private = true,
            "public" => self.public = true,
            "must-revalidate" => self.must_revalidate = true,
            "proxy-revalidate" => self.proxy_revalidate = true,
            "only-if-cached" => self.only_if_cached = true,
            "max-age" => self.max_age = strictest(self.max_age, argument, u64::min),
            "s-maxage" => self.s_maxage = strictest(self.s_maxage, argument, u64::min),
            "min-fresh" => self.min_fresh = strictest(self.min_fresh, argument, u64::max),
            _ => {}
        }
    }
}

/// A time that cannot be read counts as stale at once (section 4.2.1).
fn strictest(known: Option<u64>, argument: Option<String>, choose: fn(u64, u64) -> u64) -> Option<u64> {
    let digits = argument.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let seconds = digits.map_or(0, |text| text.parse().unwrap_or(LARGEST_S).min(LARGEST_S));
    Some(known.map_or(seconds, |known| choose(known, seconds)))
}

/// The items of a comma-separated list; commas in quoted strings do not separate (RFC 9110 sections 5.6.1 and 5.6.4).
fn split_list(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let separates = c == ',' && !quoted;
        (quoted, escaped) = match c {
            _ if escaped => (quoted, false),
            '\\' if quoted => (quoted, true),
            '"' => (!quoted, false),
            _ => (quoted, false),
        };
        separates
    })
    .map(str::trim)
    .filter(|item| !item.is_empty())
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => inner.replace('\\', ""),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeaderValue;
    use proptest::prelude::*;

    fn check(fields: &[(&'static str, &str)], expect: Directives) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        assert_eq!(Directives::of(&headers), expect, "{fields:?}");
    }

    #[test]
    fn directives_are_read_as_strictly_as_they_can_be() {
        let none = Directives::default;
        let cc = "cache-control";
        check(&[], none());
        check(&[(cc, "")], none());
        check(&[(cc, "No-Store , PRIVATE")], Directives { no_store: true, private: true, ..none() });
        check(&[(cc, "max-age=60"), (cc, "public")], Directives { max_age: Some(60), public: true, ..none() });
        check(&[(cc, "max-age=60, max-age=10")], Directives { max_age: Some(10), ..none() });
        check(&[(cc, "min-fresh=6, min-fresh=10")], Directives { min_fresh: Some(10), ..none() });
        check(&[(cc, "s-maxage=\"30\"")], Directives { s_maxage: Some(30), ..none() });
        check(&[(cc, "max-age=99999999999999999999")], Directives { max_age: Some(LARGEST_S), ..none() });
        for wrong in [
            "max-age",
            "max-age=",
            "max-age=-1",
            "max-age=1.5",
            "max-age=+3",
            "max-age=1 0",
            "max-age=60, max-age=x",
            "max-age =60",
            "max-age= 60",
            "max-age='60'",
        ] {
            check(&[(cc, wrong)], Directives { max_age: Some(0), ..none() });
        }
        check(&[(cc, "private=\"set-cookie, max-age=9\"")], Directives { private: true, ..none() });
        check(&[(cc, "no-cache=\"a\\\", no-store\", public")], Directives { no_cache: true, public: true, ..none() });
        check(&[(cc, "ext=\"no-store\", max-agex=3")], none());
        check(&[(cc, "private =\"a\", no-store= x")], Directives { private: true, no_store: true, ..none() });
        check(
            &[(cc, "must-revalidate,proxy-revalidate,,only-if-cached")],
            Directives { must_revalidate: true, proxy_revalidate: true, only_if_cached: true, ..none() },
        );
        check(&[(cc, "max-age=60\u{e9}")], Directives { no_store: true, ..none() });
        check(&[("pragma", "No-Cache")], Directives { no_cache: true, ..none() });
        check(&[("pragma", "no-cache"), (cc, "max-age=1")], Directives { max_age: Some(1), ..none() });
    }

    #[test]
    fn what_is_said_to_such_caches_alone_goes_before() {
        let cdn = || Directives { targeted: true, ..Directives::default() };
        let plain = Directives { max_age: Some(9), ..Directives::default() };
        for (line, expect) in [
            ("max-age=60", Directives { max_age: Some(60), ..cdn() }),
            ("max-age=60, s-maxage=5;x, other=(a b)", Directives { max_age: Some(60), s_maxage: Some(5), ..cdn() }),
            ("max-age=99999999999", Directives { max_age: Some(LARGEST_S), ..cdn() }),
            ("no-store", Directives { no_store: true, ..cdn() }),
            ("no-store=?0, private=\"a\", max-age=1, max-age=2", Directives { private: true, max_age: Some(2), ..cdn() }),
            ("max-age=\"60\"", Directives { max_age: Some(0), ..cdn() }),
            ("max-age=-1", Directives { max_age: Some(0), ..cdn() }),
            ("max-age=1.5", Directives { max_age: Some(0), ..cdn() }),
            ("other", cdn()),
            ("", plain.clone()),
            ("MaX-aGe=60", plain.clone()),
            ("max-age =60", plain.clone()),
            ("max-age=60, &&", plain.clone()),
            ("max-age=60\u{e9}", plain.clone()),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("cache-control", HeaderValue::from_static("max-age=9"));
            headers.insert(CDN_CACHE_CONTROL, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            assert_eq!(Directives::of_response(&headers), expect, "{line}");
            assert_eq!(Directives::of(&headers), plain, "{line} of a request");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "[ -~]{0,60}") {
            let mut directives = Directives::default();
            directives.read(&text);
            prop_assert!(directives.max_age.is_none_or(|s| s <= LARGEST_S));
        }

        #[test]
        fn another_directive_never_makes_it_laxer(age in 0u64..1_000, other in "[a-z\\-]{1,12}(=[a-z0-9\"]{0,5})?") {
            let mut directives = Directives::default();
            directives.read(&format!("max-age={age}, no-store, {other}"));
            prop_assert!(directives.no_store && directives.max_age.is_some_and(|s| s <= age));
        }
    }
}
