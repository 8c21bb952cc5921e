//! Reads a document strictly: UTF-8 (RFC 3629), no member name twice in an object, no deeper than the caller says.

use std::borrow::Cow;

use super::{Members, Number, Value};

const NOT_JSON: &str = "is not JSON";

/// Reads a whole document, in one pass over its bytes.
///
/// # Errors
/// Why it is none, without any of its text.
pub fn read(bytes: &[u8], max_depth: usize) -> Result<Value<'_>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8")?;
    let mut reader = Reader { text, bytes, at: 0 };
    let value = reader.value(max_depth)?;
    reader.space();
    if reader.at == bytes.len() { Ok(value) } else { Err("has something after its end") }
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == byte;
        self.at += usize::from(there);
        there
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn value(&mut self, depth_left: usize) -> Result<Value<'t>, &'static str> {
        self.space();
        match self.peek() {
            b'"' => self.string().map(Value::Text),
            b'{' => self.object(depth_left),
            b'[' => self.array(depth_left),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Value<'t>) -> Result<Value<'t>, &'static str> {
        let there = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes()));
        self.at += word.len();
        if there { Ok(value) } else { Err(NOT_JSON) }
    }

    fn array(&mut self, depth_left: usize) -> Result<Value<'t>, &'static str> {
        let depth_left = self.enter(depth_left)?;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth_left)?);
            self.space();
            if !self.take(b',') {
                return if self.take(b']') { Ok(Value::Array(items)) } else { Err(NOT_JSON) };
            }
        }
    }

    fn object(&mut self, depth_left: usize) -> Result<Value<'t>, &'static str> {
        let depth_left = self.enter(depth_left)?;
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(Value::Object(Members::default()));
        }
        loop {
            self.space();
            let name = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(NOT_JSON);
            }
            members.push((name, self.value(depth_left)?));
            self.space();
            if !self.take(b',') {
                break;
            }
        }
        if !self.take(b'}') {
            return Err(NOT_JSON);
        }
        Members::new(members).map(Value::Object).ok_or("has a member name twice")
    }

    /// Goes into an array or object.
    fn enter(&mut self, depth_left: usize) -> Result<usize, &'static str> {
        self.at += 1;
        self.space();
        depth_left.checked_sub(1).ok_or("is nested too deeply")
    }

    fn digits(&mut self) -> Result<(), &'static str> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(NOT_JSON) }
    }

    fn number(&mut self) -> Result<Value<'t>, &'static str> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'-') {
                self.take(b'+');
            }
            self.digits()?;
        }
        Ok(Value::Number(Number::written(self.text.get(start..self.at).unwrap_or_default())))
    }

    /// A text in quotes; one without escapes is a part of the document.
    fn string(&mut self) -> Result<Cow<'t, str>, &'static str> {
        if !self.take(b'"') {
            return Err(NOT_JSON);
        }
        let mut start = self.at;
        let mut made = String::new();
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let plain = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)).ok_or(NOT_JSON)?;
            self.at += plain;
            let part = self.text.get(start..self.at).ok_or(NOT_JSON)?;
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(if made.is_empty() { Cow::Borrowed(part) } else { Cow::Owned(made + part) });
                }
                b'\\' => {
                    made.push_str(part);
                    made.push(self.escaped()?);
                    start = self.at;
                }
                _ => return Err(NOT_JSON),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, &'static str> {
        let letter = self.bytes.get(self.at + 1).copied().unwrap_or_default();
        self.at += 2;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let code = match first {
                    0xd800..0xdc00 if self.take(b'\\') && self.take(b'u') => match self.unit()? {
                        second @ 0xdc00..0xe000 => 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                        _ => return Err(NOT_JSON),
                    },
                    code => code,
                };
                // A half of a pair alone is no character.
                char::from_u32(code).ok_or(NOT_JSON)?
            }
            _ => return Err(NOT_JSON),
        })
    }

    fn unit(&mut self) -> Result<u32, &'static str> {
        let digits = self.bytes.get(self.at..self.at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit)).ok_or(NOT_JSON)?;
        self.at += 4;
        digits.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?)).ok_or(NOT_JSON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_json_without_repetition_is_read() {
        for (text, expect) in [
            (r#"{"a":1,"b":[true,null,-1,1.5,"x"]}"#, None),
            (" [ ] ", None),
            ("{ }", None),
            ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\u{e9}\"", None),
            ("-0.0E+10", None),
            ("1e999", None),
            (r#"{"a":1,"a":1}"#, Some("has a member name twice")),
            (r#"{"a":1,"\u0061":2}"#, Some("has a member name twice")),
            (r#"[{"x":{"a":1,"a":2}}]"#, Some("has a member name twice")),
            ("[[[[1]]]]", None),
            ("[[[[[1]]]]]", Some("is nested too deeply")),
            (r#"{"a":[[[[]]]]}"#, Some("is nested too deeply")),
            ("{} {}", Some("has something after its end")),
            ("{}\0", Some("has something after its end")),
            ("truex", Some("has something after its end")),
            ("01", Some("has something after its end")),
            ("1.", Some(NOT_JSON)),
            (".5", Some(NOT_JSON)),
            ("+1", Some(NOT_JSON)),
            ("-", Some(NOT_JSON)),
            ("1e", Some(NOT_JSON)),
            ("NaN", Some(NOT_JSON)),
            ("tru", Some(NOT_JSON)),
            ("{a:1}", Some(NOT_JSON)),
            ("{'a':1}", Some(NOT_JSON)),
            (r#"{"a":1,}"#, Some(NOT_JSON)),
            ("[1,]", Some(NOT_JSON)),
            ("[1", Some(NOT_JSON)),
            ("[,]", Some(NOT_JSON)),
            (r#"{"a" 1}"#, Some(NOT_JSON)),
            ("\"a", Some(NOT_JSON)),
            ("\"a\nb\"", Some(NOT_JSON)),
            ("\"\\x\"", Some(NOT_JSON)),
            ("\"\\", Some(NOT_JSON)),
            ("\"\\u12\"", Some(NOT_JSON)),
            ("\"\\u+123\"", Some(NOT_JSON)),
            ("\"\\ud800\"", Some(NOT_JSON)),
            ("\"\\udc00\"", Some(NOT_JSON)),
            ("\"\\ud800\\u0041\"", Some(NOT_JSON)),
            ("\u{feff}{}", Some(NOT_JSON)),
            ("", Some(NOT_JSON)),
            (" ", Some(NOT_JSON)),
        ] {
            assert_eq!(read(text.as_bytes(), 4).err(), expect, "{text:?}");
        }
        assert_eq!(read(b"{\"a\":\"\xff\"}", 4), Err("is not UTF-8"));
        assert_eq!(read(b"\"a\\\"b\\n\"", 4), Ok(Value::Text("a\"b\n".into())));
        assert!(matches!(read(b"[\"ab\"]", 4), Ok(Value::Array(items)) if matches!(items.as_slice(), [Value::Text(Cow::Borrowed("ab"))])));
    }

    proptest! {
        #[test]
        fn what_serde_json_reads_is_read_and_nothing_else(text in r#"([{}\[\]",:a0.e\-+ ]|\\u00e9|\\n|true|"a":|é|😀){0,16}"#) {
            let known = serde_json::from_str::<serde_json::Value>(&text);
            match read(text.as_bytes(), 64) {
                Ok(read) => {
                    // A number out of reach of binary ones is JSON all the same.
                    if let Ok(known) = &known {
                        prop_assert!(super::super::equal(known, &read), "{}", text);
                    } else {
                        prop_assert!(known.is_err_and(|error| error.to_string().contains("out of range")), "{}", text);
                    }
                }
                Err("has a member name twice") => {}
                Err(_) => prop_assert!(known.is_err(), "{}", text),
            }
        }
    }
}
