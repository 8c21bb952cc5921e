//! Under which key a response is stored (RFC 9111 section 2), as the absolute URL that the store asks for.
//!
//! Everything that may tell responses apart is digested into the URL's path, so that no part of a key can be read as another and
//! nobody's identity stands in it. GET and HEAD have one key.

use sha2::{Digest, Sha256};

use super::vary::Marker;
use crate::auth::identity::Identity;
use crate::http::{HeaderMap, HeaderName, Target};
use crate::observe::trace;

/// What makes a request's key.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The API's name.
    pub api: &'a str,
    /// What the route asks of a request besides host, method and path: two routes of one path must not share.
    pub conditions: &'a str,
    /// The target as the client named it.
    pub named: &'a Target,
    /// The target as the policies before the cache left it.
    pub target: &'a Target,
    /// The query parameters that count; all where `None`.
    pub query: Option<&'a [String]>,
    /// Header fields that count whatever `Vary` says.
    pub fields: &'a [HeaderName],
    /// The request's header fields.
    pub headers: &'a HeaderMap,
    /// Whose own the response is; `None` for everybody's.
    pub identity: Option<&'a Identity>,
}

impl Parts<'_> {
    /// The request's key.
    pub fn key(&self) -> String {
        let mut digest = Parted::new("request");
        for text in [self.api, self.conditions, self.named.scheme, &self.named.authority, &self.named.path, &self.target.path] {
            digest.part(text.as_bytes());
        }
        let query = chosen_query(self.target.query.as_deref().unwrap_or_default(), self.query);
        digest.part(&(query.len() as u64).to_be_bytes());
        for parameter in query {
            digest.part(parameter.as_bytes());
        }
        match self.identity {
            None => digest.part(b"shared"),
            Some(identity) => {
                digest.part(b"own");
                digest.part(identity.issuer.as_deref().unwrap_or_default().as_bytes());
                digest.part(identity.subject.as_bytes());
            }
        }
        digest.fields(self.fields, self.headers);
        digest.url(self.named.scheme, &self.named.authority)
    }
}

/// The key of the variant that these header fields choose.
pub fn variant(key: &str, marker: &Marker, headers: &HeaderMap) -> String {
    let mut digest = Parted::new("variant");
    digest.part(key.as_bytes());
    digest.part(marker.generation.as_bytes());
    digest.fields(&marker.names, headers);
    let (scheme, rest) = key.split_once("://").unwrap_or(("https", key));
    digest.url(scheme, rest.split('/').next().unwrap_or_default())
}

/// The parameters that count, sorted by name; those of one name keep their order, which may mean something. Names are compared
/// as the origin will read them, or a parameter in another spelling would pass uncounted.
fn chosen_query<'a>(query: &'a str, chosen: Option<&[String]>) -> Vec<&'a str> {
    let mut parameters: Vec<(Vec<u8>, &str)> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| (decoded(parameter.split('=').next().unwrap_or_default()), parameter))
        .filter(|(name, _)| chosen.is_none_or(|chosen| chosen.iter().any(|known| known.as_bytes() == name)))
        .collect();
    parameters.sort_by(|(a, _), (b, _)| a.cmp(b));
    parameters.into_iter().map(|(_, parameter)| parameter).collect()
}

/// A name without its percent-encoding; `+` is a blank, as in forms.
fn decoded(name: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|hex| *first == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let escape = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        let (byte, used) = match (escape, first) {
            (Some(byte), _) => (byte, 2),
            (None, b'+') => (b' ', 0),
            (None, other) => (*other, 0),
        };
        bytes.push(byte);
        rest = after.get(used..).unwrap_or_default();
    }
    bytes
}

/// A digest of parts, each with its length before it.
struct Parted(Sha256);

impl Parted {
    fn new(purpose: &str) -> Self {
        let mut digest = Self(Sha256::new());
        digest.part(purpose.as_bytes());
        digest
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    /// Header fields, normalised as RFC 9111 section 4.1 allows: one list, without the blanks around its commas. An absent field
    /// is not an empty one.
    fn fields(&mut self, names: &[HeaderName], headers: &HeaderMap) {
        for name in names {
            self.part(name.as_str().as_bytes());
            let items: Vec<&[u8]> = headers
                .get_all(name)
                .iter()
                .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
                .map(<[u8]>::trim_ascii)
                .collect();
            if headers.contains_key(name) {
                self.part(&items.join(&b","[..]));
            } else {
                self.0.update(u64::MAX.to_be_bytes());
            }
        }
    }

    fn url(self, scheme: &str, authority: &str) -> String {
        format!("{scheme}://{authority}/.archway-cache/{}", trace::hex(&self.0.finalize()))
    }
}

#[cfg(test)]
mod tests;
