//! JSON (RFC 8259), walked without building anything: each name and each string once, with its path.

use std::ops::Range;

use crate::threat::text::{byte, tail};

/// How deep objects and arrays may stand in each other; what is deeper is no JSON here.
const DEEPEST: usize = 96;

/// The longest path that is kept; deeper names add nothing to it.
const LONGEST_PATH: usize = 256;

/// The most characters of a name that are kept.
const LONGEST_STEP: usize = 64;

/// Why a text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotJson;

/// Whether a text begins as an object or an array does.
pub fn looks_like(bytes: &[u8]) -> bool {
    matches!(byte(bytes.trim_ascii_start(), 0), b'{' | b'[')
}

/// Gives each name and each string to `see`: its path, whether it is a name, and its bytes without escapes. Names of a query's
/// language are strings like others.
///
/// # Errors
/// [`NotJson`] where the text is not JSON, or deeper than can be; what stands before has been given by then.
pub fn walk(bytes: &[u8], see: &mut dyn FnMut(&str, bool, &[u8])) -> Result<(), NotJson> {
    let mut walker = Walker { bytes, utf8: std::str::from_utf8(bytes).ok(), at: 0, path: String::new(), text: Vec::new(), see };
    walker.value(DEEPEST)?;
    walker.spaces();
    if walker.at == bytes.len() { Ok(()) } else { Err(NotJson) }
}

struct Walker<'a> {
    bytes: &'a [u8],
    /// The same, where all of it is.
    utf8: Option<&'a str>,
    at: usize,
    path: String,
    text: Vec<u8>,
    see: &'a mut dyn FnMut(&str, bool, &[u8]),
}

impl Walker<'_> {
    fn value(&mut self, depth: usize) -> Result<(), NotJson> {
        self.spaces();
        match byte(self.bytes, self.at) {
            b'{' => self.object(depth.checked_sub(1).ok_or(NotJson)?),
            b'[' => self.array(depth.checked_sub(1).ok_or(NotJson)?),
            b'"' => self.string(false).map(|_| ()),
            _ => self.literal(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), NotJson> {
        self.at += 1;
        self.spaces();
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            self.spaces();
            let parent = self.path.len();
            let name = self.string(true)?;
            self.step_into_name(parent, name);
            self.spaces();
            if !self.take(b':') {
                return Err(NotJson);
            }
            self.value(depth)?;
            self.path.truncate(parent);
            self.spaces();
            if self.take(b'}') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(NotJson);
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), NotJson> {
        self.at += 1;
        self.spaces();
        if self.take(b']') {
            return Ok(());
        }
        let parent = self.path.len();
        let mut index = 0usize;
        loop {
            self.step_into_item(parent, index);
            self.value(depth)?;
            self.path.truncate(parent);
            index += 1;
            self.spaces();
            if self.take(b']') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(NotJson);
            }
        }
    }

    /// Puts the name that was read last behind the path, which is `parent` bytes long.
    fn step_into_name(&mut self, parent: usize, name: Range<usize>) {
        if parent >= LONGEST_PATH {
            return;
        }
        if parent > 0 {
            self.path.push('.');
        }
        match self.utf8.and_then(|text| text.get(name.clone())) {
            Some(name) if (1..=LONGEST_STEP).contains(&name.len()) => self.path.push_str(name),
            _ => {
                let name = if name.is_empty() { self.text.as_slice() } else { self.bytes.get(name).unwrap_or_default() };
                self.path.extend(String::from_utf8_lossy(name).chars().take(LONGEST_STEP));
            }
        }
    }

    /// Puts an item's number behind the path.
    fn step_into_item(&mut self, parent: usize, index: usize) {
        if parent >= LONGEST_PATH {
            return;
        }
        if parent > 0 {
            self.path.push('.');
        }
        let mut place = 1;
        while index >= 10 * place {
            place *= 10;
        }
        while place > 0 {
            self.path.push(char::from(byte(b"0123456789", index / place % 10)));
            place /= 10;
        }
    }

    /// A string, and where it stands; nowhere, and its bytes are left in `text`, where it has escapes or nothing.
    fn string(&mut self, is_name: bool) -> Result<Range<usize>, NotJson> {
        if !self.take(b'"') {
            return Err(NotJson);
        }
        let rest = tail(self.bytes, self.at);
        let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).ok_or(NotJson)?;
        let start = self.at;
        self.at += plain;
        if byte(self.bytes, self.at) == b'"' {
            self.at += 1;
            let text = rest.get(..plain).unwrap_or_default();
            self.text.clear();
            (self.see)(&self.path, is_name, text);
            return Ok(start..start + plain);
        }
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        text.extend_from_slice(self.bytes.get(start..self.at).unwrap_or_default());
        self.escaped(&mut text)?;
        (self.see)(&self.path, is_name, &text);
        self.text = text;
        Ok(0..0)
    }

    fn escaped(&mut self, text: &mut Vec<u8>) -> Result<(), NotJson> {
        loop {
            let here = *self.bytes.get(self.at).ok_or(NotJson)?;
            self.at += 1;
            match here {
                b'"' => return Ok(()),
                b'\\' => {
                    let escape = *self.bytes.get(self.at).ok_or(NotJson)?;
                    self.at += 1;
                    text.push(match escape {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'b' => 0x08,
                        b'f' => 0x0c,
                        b'"' | b'\\' | b'/' => escape,
                        b'u' => {
                            self.unicode(text)?;
                            continue;
                        }
                        _ => return Err(NotJson),
                    });
                }
                other => text.push(other),
            }
        }
    }

    fn unicode(&mut self, text: &mut Vec<u8>) -> Result<(), NotJson> {
        let first = self.unit()?;
        let mut code = u32::from(first);
        if (0xd800..0xdc00).contains(&first) && tail(self.bytes, self.at).starts_with(b"\\u") {
            self.at += 2;
            let second = self.unit()?;
            code = 0x1_0000 + ((code - 0xd800) << 10) + u32::from(second).saturating_sub(0xdc00);
        }
        let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn unit(&mut self) -> Result<u16, NotJson> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(NotJson)?;
        self.at += 4;
        let text = std::str::from_utf8(digits).map_err(|_| NotJson)?;
        u16::from_str_radix(text, 16).map_err(|_| NotJson)
    }

    /// A number, `true`, `false` or `null`; which of them does not matter.
    fn literal(&mut self) -> Result<(), NotJson> {
        let rest = tail(self.bytes, self.at);
        let mut is_number = matches!(byte(rest, 0), b'-' | b'0'..=b'9');
        let mut len = 0;
        while let Some(byte) = rest.get(len) {
            match byte {
                b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E' => {}
                b'a'..=b'z' | b'A'..=b'Z' => is_number = false,
                _ => break,
            }
            len += 1;
        }
        if !is_number && !matches!(rest.get(..len), Some(b"true" | b"false" | b"null")) {
            return Err(NotJson);
        }
        self.at += len;
        Ok(())
    }

    fn take(&mut self, wanted: u8) -> bool {
        let taken = byte(self.bytes, self.at) == wanted;
        self.at += usize::from(taken);
        taken
    }

    fn spaces(&mut self) {
        while matches!(byte(self.bytes, self.at), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(text: &str) -> (Vec<String>, bool) {
        let mut all = Vec::new();
        let walked = walk(text.as_bytes(), &mut |path, is_name, text| {
            let mark = if is_name { "!" } else { "" };
            all.push(format!("{mark}{path}={}", String::from_utf8_lossy(text)));
        });
        (all, walked.is_ok())
    }

    #[test]
    fn every_name_and_string_is_given_with_its_path() {
        let rows: &[(&str, &[&str], bool)] = &[
            (r#"{"a":"x","b":[1,"y",{"c":"z"}]}"#, &["!=a", "a=x", "!=b", "b.1=y", "!b.2=c", "b.2.c=z"], true),
            (r#" [ "a\u003cb\n\ud83d\ude00" , true , null , -1.5e3 ] "#, &["0=a<b\n😀"], true),
            (r#"{"a\"b":"c"}"#, &["!=a\"b", "a\"b=c"], true),
            (r"{}", &[], true),
            (r#"{"a":"x""#, &["!=a", "a=x"], false),
            (r#"{"a":"x"} y"#, &["!=a", "a=x"], false),
            (r#"{"a":yes}"#, &["!=a"], false),
            (r#"["a"#, &[], false),
            ("", &[], false),
        ];
        for (text, expect, whole) in rows {
            let expect: Vec<String> = expect.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(seen(text), (expect, *whole), "{text}");
        }
        assert!(!seen(&"[".repeat(100_000)).1, "depth is bounded");
    }

    proptest! {
        #[test]
        fn what_serde_reads_is_walked(value in "[ -~]{0,20}", name in "[ -~]{0,8}") {
            let json = serde_json::json!({ name.clone(): [value.clone(), 1, null] });
            let (all, whole) = seen(&json.to_string());
            prop_assert!(whole && all.len() == 2);
            let ends = all[1].ends_with(&["0=", value.as_str()].concat());
            prop_assert!(ends, "{:?}", all);
        }

        #[test]
        fn no_text_breaks_the_walker(text in r#"[\[\]{}",:\\a1 ]{0,40}"#) {
            let ok = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert!(!ok || seen(&text).1);
        }
    }
}
