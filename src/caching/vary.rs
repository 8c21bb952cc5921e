//! `Vary` (RFC 9110 section 12.5.5), in two steps because the store knows nothing of it: where responses vary, the request's key
//! leads to a marker that names the deciding header fields, and marker and fields together make the variant's key.

use crate::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

const NAMES: HeaderName = HeaderName::from_static("archway-marker-names");
const GENERATION: HeaderName = HeaderName::from_static("archway-marker-generation");

/// By what a response varies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vary {
    /// By these header fields of the request; sorted, each once, possibly none.
    Fields(Vec<HeaderName>),
    /// `*`, or something that cannot be read.
    Everything,
}

impl Vary {
    /// Reads every `Vary` field.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut names = Vec::new();
        for value in headers.get_all(header::VARY) {
            let Ok(text) = value.to_str() else { return Self::Everything };
            for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                match HeaderName::try_from(name) {
                    Ok(name) if name != "*" => names.push(name),
                    _ => return Self::Everything,
                }
            }
        }
        Self::Fields(sorted(names))
    }

    /// The names; none where it is everything.
    pub fn names(&self) -> &[HeaderName] {
        match self {
            Self::Fields(names) => names,
            Self::Everything => &[],
        }
    }
}

fn sorted(mut names: Vec<HeaderName>) -> Vec<HeaderName> {
    names.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    names.dedup();
    names
}

/// What is stored under a request's key where its responses vary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// The header fields that decide; sorted.
    pub names: Vec<HeaderName>,
    /// Part of every variant's key: a new one leaves all variants before it behind, also those that cannot be found to be deleted.
    pub generation: String,
}

impl Marker {
    /// The marker for a response that varies by `vary`: the known one where it names enough, otherwise one that names both and
    /// begins a new generation. `None` where responses do not vary.
    pub fn covering(known: Option<&Self>, vary: &Vary, generation: impl FnOnce() -> String) -> Option<Self> {
        let before = known.map_or(&[][..], |marker| &marker.names);
        let names = sorted(before.iter().chain(vary.names()).cloned().collect());
        match known {
            Some(marker) if marker.names == names => Some(marker.clone()),
            _ if names.is_empty() => None,
            _ => Some(Self { names, generation: generation() }),
        }
    }

    /// Reads a marker out of what was stored; `None` where it is a response.
    pub fn open(stored: &Response) -> Option<Self> {
        let text = |name: HeaderName| stored.headers.get(name)?.to_str().ok();
        let names = text(NAMES)?.split(',').filter_map(|name| HeaderName::try_from(name).ok()).collect();
        Some(Self { names: sorted(names), generation: text(GENERATION)?.to_owned() })
    }

    /// The marker as it is stored for `lifetime_s` seconds.
    pub fn seal(&self, lifetime_s: u64) -> Response {
        let names = self.names.iter().map(HeaderName::as_str).collect::<Vec<_>>().join(",");
        let mut marker = Response::empty(StatusCode::OK);
        for (name, value) in
            [(NAMES, names), (GENERATION, self.generation.clone()), (header::CACHE_CONTROL, format!("public, max-age={lifetime_s}"))]
        {
            if let Ok(value) = HeaderValue::try_from(value) {
                marker.headers.insert(name, value);
            }
        }
        marker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vary(values: &[&str]) -> Vary {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::VARY, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Vary::of(&headers)
    }

    #[test]
    fn names_are_read_in_any_spelling() {
        for (values, expect) in [
            (&[][..], Some("")),
            (&[""], Some("")),
            (&["Accept"], Some("accept")),
            (&["Accept-Language, ACCEPT,,accept "], Some("accept,accept-language")),
            (&["b", "a"], Some("a,b")),
            (&["*"], None),
            (&["a", "b, *"], None),
            (&["a b"], None),
            (&["\u{e9}"], None),
        ] {
            let got = vary(values);
            let names = got.names().iter().map(HeaderName::as_str).collect::<Vec<_>>().join(",");
            assert_eq!((got != Vary::Everything).then_some(names.as_str()), expect, "{values:?}");
        }
    }

    #[test]
    fn a_marker_only_ever_names_more() {
        let marker = |known: Option<&Marker>, by: &[&str], generation: &str| Marker::covering(known, &vary(by), || generation.to_owned());
        assert_eq!(marker(None, &[], "1"), None);
        let first = marker(None, &["accept"], "1").unwrap();
        assert_eq!(first, Marker { names: vec![header::ACCEPT], generation: "1".into() });
        assert_eq!(marker(Some(&first), &["accept"], "2"), Some(first.clone()));
        assert_eq!(marker(Some(&first), &[], "2"), Some(first.clone()), "a response that does not vary is a variant too");
        let both = marker(Some(&first), &["cookie"], "3").unwrap();
        assert_eq!(both, Marker { names: vec![header::ACCEPT, header::COOKIE], generation: "3".into() });
        assert_eq!(Marker::open(&both.seal(60)), Some(both));
        assert_eq!(Marker::open(&Response::empty(StatusCode::OK)), None);
    }
}
