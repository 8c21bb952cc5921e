//! XML 1.0 held against limits in one pass. There is no document type and no entity but the five of the standard, so nothing can
//! be fetched and nothing grows.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::json::Fault;

/// The limits. Lengths are in bytes as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Elements within each other.
    pub depth: u64,
    /// Elements in all.
    pub elements: u64,
    /// Attributes of one element.
    pub attributes: u64,
    /// One name of an element or attribute.
    pub name: u64,
    /// One attribute's value.
    pub value: u64,
    /// One run of text, CDATA and comments included.
    pub text: u64,
    /// Whether there may be processing instructions.
    pub instructions: bool,
}

/// The longest path that is told, in bytes.
const LONGEST: usize = 512;

/// Reads a whole document.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn scan(bytes: &[u8], limits: &Limits) -> Result<(), Fault> {
    let root = |reason| Fault::Malformed { pointer: "/".to_owned(), reason };
    let text = std::str::from_utf8(bytes).map_err(|_| root("it is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains(|c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err(root("it has a character that XML does not allow"));
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut scan = Scan { limits, path: Vec::new(), elements: 0, ended: false };
    loop {
        let event = reader.read_event().map_err(|_| scan.malformed("it is not well-formed"))?;
        match event {
            Event::Start(start) => scan.element(&start, false)?,
            Event::Empty(start) => scan.element(&start, true)?,
            Event::End(_) => {
                scan.path.pop();
                scan.ended |= scan.path.is_empty();
            }
            Event::Text(text) => {
                let text = text.into_inner();
                if scan.path.is_empty() && !text.trim().is_empty() {
                    return Err(scan.malformed("there is text outside of the root element"));
                }
                scan.within("text", limits.text, text.len())?;
            }
            Event::CData(text) => {
                if scan.path.is_empty() {
                    return Err(scan.malformed("there is text outside of the root element"));
                }
                scan.within("text", limits.text, text.into_inner().len())?;
            }
            Event::Comment(text) => scan.within("text", limits.text, text.into_inner().len())?,
            Event::Decl(decl) => {
                let other = decl.encoding().is_some_and(|name| !name.is_ok_and(|name| is_utf8(&name)));
                if other {
                    return Err(scan.malformed("it says that it is not UTF-8"));
                }
            }
            Event::PI(_) if limits.instructions => {}
            Event::PI(_) => return Err(scan.refused("processing_instructions")),
            Event::DocType(_) => return Err(scan.refused("doctype")),
            Event::GeneralRef(name) => scan.reference(&name.into_inner())?,
            Event::Eof => break,
        }
    }
    if scan.ended && scan.path.is_empty() { Ok(()) } else { Err(scan.malformed("it ends too early")) }
}

fn is_utf8(name: &str) -> bool {
    ["utf-8", "utf8", "us-ascii"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

struct Scan<'l> {
    limits: &'l Limits,
    path: Vec<String>,
    elements: u64,
    ended: bool,
}

impl Scan<'_> {
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for name in &self.path {
            if pointer.len() + name.len() >= LONGEST {
                break;
            }
            pointer.push('/');
            pointer.push_str(name);
        }
        if pointer.is_empty() { "/".to_owned() } else { pointer }
    }

    fn malformed(&self, reason: &'static str) -> Fault {
        Fault::Malformed { pointer: self.pointer(), reason }
    }

    /// What there may be none of.
    fn refused(&self, limit: &'static str) -> Fault {
        Fault::Over { pointer: self.pointer(), limit, max: 0 }
    }

    fn within(&self, limit: &'static str, max: u64, length: usize) -> Result<(), Fault> {
        if length as u64 > max { Err(Fault::Over { pointer: self.pointer(), limit, max }) } else { Ok(()) }
    }

    fn element(&mut self, start: &BytesStart<'_>, empty: bool) -> Result<(), Fault> {
        if self.ended {
            return Err(self.malformed("there is more than one root element"));
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(Fault::Over { pointer: self.pointer(), limit: "elements", max: self.limits.elements });
        }
        let name = start.name();
        let name: &str = name.as_ref();
        self.within("name", self.limits.name, name.len())?;
        if name.is_empty() || name.contains(['<', '&', '"', '\'']) {
            return Err(self.malformed("an element has no name"));
        }
        self.within("depth", self.limits.depth, self.path.len() + 1)?;
        self.path.push(name.to_owned());
        let mut count = 0;
        for attribute in start.attributes() {
            count += 1;
            self.within("attributes", self.limits.attributes, count)?;
            let attribute = attribute.map_err(|_| self.malformed("an attribute is none, or stands there twice"))?;
            let key: &str = attribute.key.as_ref();
            self.within("name", self.limits.name, key.len())?;
            let value: &str = attribute.value.as_ref();
            self.within("value", self.limits.value, value.len())?;
            if value.contains('<') {
                return Err(self.malformed("an attribute's value has a `<`"));
            }
            for part in value.split('&').skip(1) {
                let name = part.split_once(';').map(|(name, _)| name).ok_or_else(|| self.malformed("a reference does not end"))?;
                self.reference(name)?;
            }
        }
        if empty {
            self.path.pop();
            self.ended |= self.path.is_empty();
        }
        Ok(())
    }

    /// A character, or one of the five entities that every document has.
    fn reference(&self, name: &str) -> Result<(), Fault> {
        if self.path.is_empty() {
            return Err(self.malformed("there is text outside of the root element"));
        }
        if let Some(number) = name.strip_prefix('#') {
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            let allowed = code.ok().and_then(char::from_u32).is_some_and(|c| c >= ' ' || matches!(c, '\t' | '\n' | '\r'));
            return if allowed { Ok(()) } else { Err(self.malformed("a reference is to no character")) };
        }
        if matches!(name, "lt" | "gt" | "amp" | "apos" | "quot") { Ok(()) } else { Err(self.refused("entities")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { depth: 3, elements: 5, attributes: 2, name: 4, value: 5, text: 6, instructions: false };

    fn told(text: &str) -> String {
        match scan(text.as_bytes(), &LIMITS) {
            Ok(()) => "ok".to_owned(),
            Err(Fault::Over { pointer, limit, max }) => format!("{limit} {max} at {pointer}"),
            Err(Fault::Malformed { pointer, .. }) => format!("malformed at {pointer}"),
        }
    }

    #[test]
    fn each_limit_holds_at_its_edge() {
        for (text, expect) in [
            ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>text</a>\n<!-- end -->", "ok"),
            ("<a><b><c/></b></a>", "ok"),
            ("<a><b><c><d/></c></b></a>", "depth 3 at /a/b/c"),
            ("<a><b/><b/><b/><b/></a>", "ok"),
            ("<a><b/><b/><b/><b/><b/></a>", "elements 5 at /a"),
            ("<a x='1' y='2'/>", "ok"),
            ("<a x='1' y='2' z='3'/>", "attributes 2 at /a"),
            ("<a><names/></a>", "name 4 at /a"),
            ("<a names='1'/>", "name 4 at /a"),
            ("<a x='123456'/>", "value 5 at /a"),
            ("<a><b>1234567</b></a>", "text 6 at /a/b"),
            ("<a><![CDATA[1234567]]></a>", "text 6 at /a"),
            ("<a><!--1234567--></a>", "text 6 at /a"),
            ("<a><?php x?></a>", "processing_instructions 0 at /a"),
        ] {
            assert_eq!(told(text), expect, "{text}");
        }
        let instructions = Limits { instructions: true, ..LIMITS };
        assert_eq!(scan(b"<a><?php x?></a>", &instructions), Ok(()));
    }

    #[test]
    fn nothing_is_declared_fetched_or_expanded() {
        for (text, expect) in [
            ("<!DOCTYPE a><a/>", "doctype 0 at /"),
            ("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", "doctype 0 at /"),
            ("<!doctype a [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]><a>&c;</a>", "doctype 0 at /"),
            ("<!DOCTYPE a PUBLIC \"-//x\" \"http://attacker.example/x.dtd\"><a/>", "doctype 0 at /"),
            ("<a>&x;</a>", "entities 0 at /a"),
            ("<a x='&y;'/>", "entities 0 at /a"),
            ("<a>&lt;&#65;&#x41;&amp;</a>", "ok"),
            ("<a>&#0;</a>", "malformed at /a"),
            ("<a>&#xd800;</a>", "malformed at /a"),
            ("<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>", "malformed at /"),
        ] {
            assert_eq!(told(text), expect, "{text}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>text",
            "<a x='1' x='2'/>",
            "<a x=1/>",
            "<a x='<'/>",
            "<a>\u{1}</a>",
            "<a>&lt</a>",
            "&lt;<a/>",
        ] {
            assert!(told(text).starts_with("malformed"), "{text}: {}", told(text));
        }
        assert!(matches!(scan(b"\xfe\xff\0<\0a\0/\0>", &LIMITS), Err(Fault::Malformed { reason: "it is not UTF-8", .. })));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in r#"[<>a/&;!\[\]?"'= #x-]{0,40}"#) {
            let _ = scan(text.as_bytes(), &LIMITS);
        }
    }
}
