//! XML that reaches outside itself: entities, external document types, inclusions.

use super::Seen;
use crate::threat::rules::Rule;
use crate::threat::text::{Text, begins, byte, find, has_any, tail, window};

/// Whatever a document of XML declares in one layer of a value.
pub fn look(text: &Text<'_>, seen: &mut Seen) {
    let low = text.low;
    let mut from = 0;
    while let Some(at) = find(low, "<!", from) {
        from = at + 2;
        let rest = tail(low, from);
        if begins(rest, &["entity", "attlist"]) && matches!(byte(rest, 6), b' ' | b'\n' | b'\r' | b't') {
            seen.hit_if(begins(rest, &["entity"]) || !text.is_long(), Rule::XxeEntity);
        }
        if rest.starts_with(b"doctype") {
            from += doctype(tail(rest, 7), seen).saturating_sub(64);
        }
    }
    let include = has_any(
        low,
        &[
            "<xi:include",
            "http://www.w3.org/2001/xinclude",
            "<?xml-stylesheet",
            "<xs:include",
            "<xsd:include",
            "<xsl:include",
            "<xsl:import",
        ],
    );
    seen.hit_if(include && !text.is_long(), Rule::XxeInclude);
}

/// A document type with an internal subset that declares, or an external one that is not the W3C's own. How much of it was read.
fn doctype(rest: &[u8], seen: &mut Seen) -> usize {
    let near = window(rest, 0, 512);
    let end = near.iter().position(|byte| *byte == b'>').unwrap_or(near.len());
    let head = window(near, 0, end);
    let external = has_any(head, &[" system ", " system\"", " system'", "\nsystem"])
        || (has_any(head, &[" public "]) && !has_any(head, &["-//w3c//", "-//ietf//"]));
    seen.hit_if(external || (head.contains(&b'[') && has_any(near, &["<!entity", "%"])), Rule::XxeEntity);
    head.len()
}
