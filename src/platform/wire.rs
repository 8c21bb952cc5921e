//! Heads as they cross between JavaScript and wasm: one text, a line for each part.
//!
//! Towards JavaScript only the difference crosses: the runtime copies the header fields it has already and edits the copy.

use bytes::Bytes;

use crate::http::{HeaderMap, HeaderName, HeaderValue};

/// Reads name and value lines. A field that HTTP does not allow cannot come from the runtime; should one come, it is left out.
pub fn headers(text: &Bytes, from: usize) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(24);
    let mut at = from;
    while let Some((name, next)) = line(text, at) {
        let Some((value, next)) = line(text, next) else { break };
        at = next;
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&name), HeaderValue::from_maybe_shared(value)) {
            headers.append(name, value);
        }
    }
    headers
}

/// The line that begins at `from`, without its line feed, and where the next one begins.
pub fn line(text: &Bytes, from: usize) -> Option<(Bytes, usize)> {
    let rest = text.get(from..)?;
    let length = rest.iter().position(|byte| *byte == b'\n')?;
    Some((text.slice(from..from + length), from + length + 1))
}

/// Appends the edits that make `headers` of `before`: lines of `=` (set), `+` (append) or `-` (delete) with the name, and the
/// value.
pub fn edits(edits: &mut String, before: Option<&HeaderMap>, headers: &HeaderMap) {
    for name in before.into_iter().flat_map(HeaderMap::keys).filter(|name| !headers.contains_key(*name)) {
        for part in ["-", name.as_str(), "\n\n"] {
            edits.push_str(part);
        }
    }
    for name in headers.keys() {
        let values = headers.get_all(name);
        if before.is_some_and(|before| before.get_all(name) == values) {
            continue;
        }
        for (index, value) in values.iter().enumerate() {
            for part in [if index == 0 { "=" } else { "+" }, name.as_str(), "\n"] {
                edits.push_str(part);
            }
            match std::str::from_utf8(value.as_bytes()) {
                Ok(value) => edits.push_str(value),
                // What is not UTF-8 is written as Latin-1 is read (RFC 9110 section 5.5).
                Err(_) => edits.extend(value.as_bytes().iter().map(|byte| char::from(*byte))),
            }
            edits.push('\n');
        }
    }
}
