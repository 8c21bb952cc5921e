//! What a signature is made over: the signature base (RFC 9421 section 2.5).
//!
//! Whatever is ambiguous refuses, so that what was signed is what goes on: a field that is absent or not ASCII, a query parameter
//! that stands there twice or is not encoded cleanly, a parameter of a component that is not known here.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Message, Refusal};
use crate::http::path::hex_value;
use crate::http::structured::{self, Bare, InnerList, Item};
use crate::http::{HeaderMap, HeaderName, query};

/// The most components that one signature may cover.
pub const MOST_COMPONENTS: usize = 64;

/// The signature base of a request for these components and parameters.
///
/// # Errors
/// Where a component is not clear, covered twice, absent, or of another kind of message.
pub fn of(message: &Message<'_>, input: &InnerList) -> Result<String, Refusal> {
    if input.items.len() > MOST_COMPONENTS {
        return Err(Refusal::Component("the list".to_owned(), "covers too much"));
    }
    let mut base = String::with_capacity(512);
    let mut covered = BTreeSet::new();
    for item in &input.items {
        let refuse = |reason| Refusal::Component(item.to_string().chars().take(64).collect(), reason);
        let Bare::String(name) = &item.value else { return Err(refuse("is not a string")) };
        let mut parameters: Vec<String> = item.parameters.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        parameters.sort();
        if !covered.insert((name, parameters)) {
            return Err(refuse("is covered twice"));
        }
        let value = match name.strip_prefix('@') {
            Some(derived) => self::derived(message, derived, item),
            None => self::field(message.headers, name, item),
        };
        let _ = writeln!(base, "{item}: {}", value.map_err(refuse)?);
    }
    let _ = write!(base, "\"@signature-params\": {input}");
    Ok(base)
}

/// All lines of a field as one text, each without the white space around it; `None` where the field is absent.
pub fn combined(headers: &HeaderMap, name: &str) -> Option<Result<String, &'static str>> {
    let mut lines = headers.get_all(name).iter().peekable();
    lines.peek()?;
    let lines: Result<Vec<&str>, _> = lines.map(|line| line.to_str().map(|line| line.trim_matches([' ', '\t']))).collect();
    Some(lines.map(|lines| lines.join(", ")).map_err(|_| "is not ASCII"))
}

fn derived(message: &Message<'_>, name: &str, item: &Item) -> Result<String, &'static str> {
    let target = message.target;
    if name == "query-param" {
        return match item.parameters.0.as_slice() {
            [(key, Bare::String(name))] if key == "name" => query_param(target.query.as_deref().unwrap_or_default(), name),
            _ => Err("needs `name` and nothing else"),
        };
    }
    if !item.parameters.0.is_empty() {
        return Err("takes no parameters in a request");
    }
    Ok(match name {
        "method" => message.method.to_owned(),
        "target-uri" => format!("{}://{}{}", target.scheme, target.authority, target.path_and_query()),
        "authority" => target.authority.clone(),
        "scheme" => target.scheme.to_owned(),
        "request-target" => target.path_and_query(),
        "path" => target.path.clone(),
        "query" => format!("?{}", target.query.as_deref().unwrap_or_default()),
        _ => return Err("is no component of a request"),
    })
}

/// The value of a query parameter as section 2.2.8 writes it. `name` is written so, too.
fn query_param(query: &str, name: &str) -> Result<String, &'static str> {
    let mut found = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if encode(&query::decode(key)) != name {
            continue;
        }
        if found.is_some() {
            return Err("stands in the query more than once");
        }
        if !is_clean(key) || !is_clean(value) {
            return Err("is not encoded cleanly");
        }
        found = Some(encode(&query::decode(value)));
    }
    found.ok_or("is absent")
}

/// Whether a text stands for the same characters to everyone who decodes it: no stray `%`, nothing that is not UTF-8.
fn is_clean(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' && !(bytes.next().and_then(hex_value).is_some() && bytes.next().and_then(hex_value).is_some()) {
            return false;
        }
    }
    !query::decode(text).contains('\u{fffd}')
}

/// With the percent-encode set of application/x-www-form-urlencoded (URL standard), and `%20` for a space.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

fn field(headers: &HeaderMap, name: &str, item: &Item) -> Result<String, &'static str> {
    if HeaderName::from_lowercase(name.as_bytes()).is_err() {
        return Err("is not the name of a header field in lower case");
    }
    let (mut strict, mut bytes, mut key) = (false, false, None);
    for (parameter, value) in &item.parameters.0 {
        match (parameter.as_str(), value) {
            ("sf", Bare::Boolean(true)) => strict = true,
            ("bs", Bare::Boolean(true)) => bytes = true,
            ("key", Bare::String(name)) => key = Some(name),
            _ => return Err("has a parameter that is not taken here"),
        }
    }
    if bytes {
        if strict || key.is_some() {
            return Err("has parameters that contradict each other");
        }
        let lines: Vec<String> =
            headers.get_all(name).iter().map(|line| Bare::Bytes(trimmed(line.as_bytes()).to_vec()).to_string()).collect();
        return if lines.is_empty() { Err("is absent") } else { Ok(lines.join(", ")) };
    }
    let value = combined(headers, name).ok_or("is absent")??;
    if let Some(key) = key {
        let dictionary = structured::dictionary(&value).map_err(|_| "is not a dictionary")?;
        return dictionary.get(key).map(ToString::to_string).ok_or("has no member of this name");
    }
    if !strict {
        return Ok(value);
    }
    match kind(name) {
        Some(Kind::Dictionary) => structured::dictionary(&value).map(|read| read.to_string()),
        Some(Kind::List) => structured::list(&value).map(|read| read.to_string()),
        Some(Kind::Item) => structured::item(&value).map(|read| read.to_string()),
        None => return Err("is not known to be a structured field"),
    }
    .map_err(|_| "is not the structured field that it should be")
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.trim_ascii()
}

enum Kind {
    Dictionary,
    List,
    Item,
}

/// What kind of structured field a field of a request is.
fn kind(name: &str) -> Option<Kind> {
    match name {
        "accept-signature"
        | "cdn-cache-control"
        | "content-digest"
        | "priority"
        | "repr-digest"
        | "signature"
        | "signature-input"
        | "want-content-digest"
        | "want-repr-digest" => Some(Kind::Dictionary),
        "cache-status" | "client-cert-chain" | "proxy-status" | "sec-ch-ua" => Some(Kind::List),
        "client-cert" | "idempotency-key" | "sec-ch-ua-mobile" | "sec-fetch-dest" | "sec-fetch-mode" | "sec-fetch-site"
        | "sec-fetch-user" => Some(Kind::Item),
        _ => None,
    }
}
