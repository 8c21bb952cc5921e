//! Heads as they cross between JavaScript and wasm: one text, a line for each part.

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

/// Writes name and value lines; a value that is not UTF-8 is written as Latin-1 is read (RFC 9110 section 5.5).
pub fn fields(headers: &HeaderMap) -> String {
    let mut text = String::with_capacity(headers.len() * 40);
    for (name, value) in headers {
        text.push_str(name.as_str());
        text.push('\n');
        match std::str::from_utf8(value.as_bytes()) {
            Ok(value) => text.push_str(value),
            Err(_) => text.extend(value.as_bytes().iter().map(|byte| char::from(*byte))),
        }
        text.push('\n');
    }
    text
}
