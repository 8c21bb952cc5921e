//! Bodies, as what they are: JSON, XML, forms and multipart field by field, remote calls by their readable parts, texts as a whole.
//! What a body says that it is counts only where its bytes do not say otherwise.

pub mod json;
mod multipart;
mod xml;

use super::decode::from_utf16;
use super::fields;
use super::report::{Part, Place};
use super::text::{find, lower};
use super::value::Inspector;
use crate::http::{HeaderMap, header};

/// The whole body.
const WHOLE: Place<'static> = Place::of(Part::Body, "");

/// The shortest run of readable bytes that is looked at in a body that is not text.
const SHORTEST_RUN: usize = 6;

/// Looks at a body, or the beginning of one.
pub fn look(inspector: &mut Inspector<'_>, headers: &HeaderMap, bytes: &[u8]) {
    let media = headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes()).unwrap_or_default();
    let mut low = Vec::new();
    lower(media, &mut low);
    let wide = from_utf16(bytes);
    let bytes = wide.as_deref().unwrap_or(bytes);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    typed(inspector, &low, media, bytes);
}

/// Looks at a body of this media type, in lower case and as sent.
fn typed(inspector: &mut Inspector<'_>, media: &[u8], sent: &[u8], bytes: &[u8]) {
    let essence = media.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let start = bytes.trim_ascii_start();
    if let Some(boundary) = multipart::boundary(sent, start) {
        multipart::look(inspector, &boundary, bytes);
        return;
    }
    if essence.starts_with(b"application/grpc") || essence.ends_with(b"protobuf") || essence.ends_with(b"msgpack") {
        runs(inspector, bytes);
        return;
    }
    let is_form = essence == b"application/x-www-form-urlencoded";
    if is_form {
        fields::form(inspector, Part::Body, bytes);
    }
    if json::looks_like(start) || find(essence, "json", 0).is_some() {
        let walked = json::walk(start, &mut |path, is_name, text| {
            let place = Place { part: Part::Body, name: if is_name { "" } else { path }, is_name };
            inspector.value(place, text);
        });
        if walked.is_err() && !is_form {
            inspector.value(WHOLE, bytes);
        }
        return;
    }
    if start.starts_with(b"<") && xml::looks_like(start) {
        if !xml::look(inspector, start) {
            inspector.value(WHOLE, bytes);
        }
        return;
    }
    if is_form || is_binary(start) {
        return;
    }
    if find(essence, "text/", 0).is_none() && looks_like_a_form(start) {
        fields::form(inspector, Part::Body, bytes);
    }
    inspector.value(WHOLE, bytes);
}

/// Whether the first bytes are of a picture, an archive or the like.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let beginning = bytes.get(..256).unwrap_or(bytes);
    let control = beginning.iter().filter(|byte| **byte < 0x09 || (0x0e..0x20).contains(*byte)).count();
    control * 20 > beginning.len() || (std::str::from_utf8(beginning).is_err_and(|error| error.error_len().is_some()) && control > 0)
}

fn looks_like_a_form(bytes: &[u8]) -> bool {
    let name = bytes.iter().take(64).position(|byte| !byte.is_ascii_alphanumeric() && !b"_-.[]%".contains(byte));
    name.is_some_and(|len| len > 0 && bytes.get(len) == Some(&b'=')) && !bytes.contains(&b'\n')
}

/// The readable runs of a body that is not text: what strings of protocol buffers are.
fn runs(inspector: &mut Inspector<'_>, bytes: &[u8]) {
    for run in bytes.split(|byte| *byte < 0x20 || *byte == 0x7f) {
        if run.len() >= SHORTEST_RUN {
            inspector.value(WHOLE, run);
        }
    }
}
