//! XML: each text, attribute, comment and instruction once; a document type as it stands. Entities are never followed.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::threat::report::{Part, Place};
use crate::threat::text::{begins, byte, lower};
use crate::threat::value::Inspector;

/// The most things that one document is taken apart into; the rest is looked at as a whole.
const MOST: usize = 20_000;

/// Whether a text begins as a document does; a piece of HTML does not.
pub fn looks_like(bytes: &[u8]) -> bool {
    let mut low = Vec::new();
    lower(bytes.get(..64).unwrap_or(bytes), &mut low);
    let html = ["<script", "<img", "<svg", "<a ", "<p", "<div", "<b>", "<i>", "<br", "<iframe", "<body", "<html", "<!doctype html", "<!--"];
    let named = byte(&low, 1).is_ascii_lowercase() || begins(&low, &["<?xml", "<!doctype"]);
    named && !begins(&low, &html)
}

/// Looks at each part. Whether the whole was read as XML. Text is put together again where references stand in it: they are one of the
/// layers that come off a value.
pub fn look(inspector: &mut Inspector<'_>, bytes: &[u8]) -> bool {
    let Ok(document) = std::str::from_utf8(bytes) else { return false };
    let mut reader = Reader::from_str(document);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    reader.config_mut().allow_dangling_amp = true;
    let (mut element, mut text) = (String::new(), String::new());
    for _ in 0..MOST {
        let Ok(event) = reader.read_event() else { return false };
        match &event {
            Event::Text(part) => {
                text.push_str(part);
                continue;
            }
            Event::GeneralRef(part) => {
                text.extend(["&", part, ";"]);
                continue;
            }
            _ => {}
        }
        let place = Place::of(Part::Body, &element);
        if !text.trim().is_empty() {
            inspector.value(place, text.as_bytes());
        }
        text.clear();
        match event {
            Event::Start(start) | Event::Empty(start) => {
                element.clear();
                element.push_str(start.local_name().into_inner());
                attributes(inspector, &start, &element);
            }
            Event::CData(part) => inspector.value(place, part.as_bytes()),
            Event::Comment(part) => inspector.value(place, part.as_bytes()),
            Event::PI(part) => inspector.value(place, format!("<?{}", &*part).as_bytes()),
            Event::DocType(part) => inspector.value(Place::of(Part::Body, ""), format!("<!DOCTYPE {}>", &*part).as_bytes()),
            Event::Eof => return true,
            _ => {}
        }
    }
    false
}

fn attributes(inspector: &mut Inspector<'_>, start: &BytesStart<'_>, element: &str) {
    if start.local_name().into_inner() == "include" {
        inspector.value(Place::of(Part::Body, element), format!("<{} ", start.name().into_inner()).as_bytes());
    }
    for attribute in start.attributes().with_checks(false).flatten() {
        let key = attribute.key.into_inner();
        if key.starts_with("xmlns") {
            continue;
        }
        let named = format!("{element}@{key}");
        inspector.value(Place::of(Part::Body, &named), attribute.value.as_bytes());
    }
}
