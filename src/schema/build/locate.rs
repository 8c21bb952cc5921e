//! Where in a JSON text something stands, so that an error can point at it.

use std::ops::Range;

/// The bytes of what a JSON Pointer leads to, or of the nearest thing above it that is there. A member's name is counted in.
/// `None` where the text is no JSON.
pub fn locate(text: &str, pointer: &str) -> Option<Range<usize>> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
    reader.space();
    let mut found = reader.peek_value();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        match reader.enter(&step) {
            Some(range) => found = range,
            None => break,
        }
    }
    // A long value is shown by its first line.
    let end = text.get(found.clone()).and_then(|part| part.find('\n')).map_or(found.end, |length| found.start + length);
    Some(found.start..end)
}

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    fn space(&mut self) {
        while self.peek().is_ascii_whitespace() {
            self.at += 1;
        }
    }

    fn peek_value(&self) -> Range<usize> {
        let mut ahead = Reader { bytes: self.bytes, at: self.at };
        ahead.value();
        self.at..ahead.at
    }

    /// Passes over a value.
    fn value(&mut self) {
        let mut depth = 0usize;
        loop {
            self.space();
            match self.peek() {
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                b'"' => drop(self.text()),
                b',' | b':' => self.at += 1,
                0 => return,
                _ => {
                    while !matches!(self.peek(), b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | 0) {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn text(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        while !matches!(self.peek(), b'"' | 0) {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        let raw = self.bytes.get(start..self.at.min(self.bytes.len())).unwrap_or_default();
        serde_json::from_slice(raw).unwrap_or_default()
    }

    /// Goes to the member or item called `step`; where it stands.
    fn enter(&mut self, step: &str) -> Option<Range<usize>> {
        self.space();
        let object = self.peek() == b'{';
        if !object && self.peek() != b'[' {
            return None;
        }
        self.at += 1;
        for index in 0usize.. {
            self.space();
            if matches!(self.peek(), b'}' | b']' | 0) {
                return None;
            }
            let start = self.at;
            let here = if object {
                let name = self.text();
                self.space();
                self.at += 1;
                self.space();
                name == step
            } else {
                index.to_string() == step
            };
            if here {
                return Some(start..self.peek_value().end);
            }
            self.value();
            self.space();
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_to_bytes() {
        let text = "{ \"a\": [1, {\"b/c\": \"x,}\\\"\"}],\n \"d\": {\n  \"e\": true }, \"n\": -1.5e3 }";
        for (pointer, expect) in [
            ("/a/0", "1"),
            ("/a/1/b~1c", "\"b/c\": \"x,}\\\"\""),
            ("/d/e", "\"e\": true"),
            ("/d", "\"d\": {"),
            ("/d/missing", "\"d\": {"),
            ("/n", "\"n\": -1.5e3"),
            ("/a/7", "\"a\": [1, {\"b/c\": \"x,}\\\"\"}]"),
        ] {
            assert_eq!(&text[locate(text, pointer).unwrap()], expect, "{pointer}");
        }
        assert_eq!(locate("{", "/a"), None);
    }
}
