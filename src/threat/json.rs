//! JSON (RFC 8259) held against limits in one pass, without building a tree; a member name may stand in an object once.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::http::violation::descend;

/// The limits. Lengths are in bytes as written, without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Arrays and objects within each other.
    pub depth: u64,
    /// Members of one object.
    pub keys: u64,
    /// Items of one array.
    pub items: u64,
    /// One text.
    pub string: u64,
    /// One member name.
    pub key: u64,
    /// Values in all, arrays and objects included.
    pub values: u64,
    /// One number.
    pub number: u64,
}

/// Why a document is refused. None of its values is in here; a pointer names members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not what it says it is.
    Malformed {
        /// Where, as a JSON Pointer or the path of an element.
        pointer: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// It passes a limit.
    Over {
        /// Where, as a JSON Pointer or the path of an element.
        pointer: String,
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        max: u64,
    },
}

/// Reads a whole document.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn scan(bytes: &[u8], limits: &Limits) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::Malformed { pointer: String::new(), reason: "it is not UTF-8" })?;
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, open: Vec::new(), values: 0, limits: *limits };
    scanner.value()?;
    while let Some(is_object) = scanner.open.last().map(|open| open.names.is_some()) {
        scanner.skip_space();
        let first = scanner.open.last().is_none_or(|open| open.count == 0);
        if scanner.take(if is_object { b'}' } else { b']' }) {
            scanner.open.pop();
            continue;
        }
        if !first && !scanner.take(b',') {
            return Err(scanner.malformed("a comma or the end of an array or object is missing"));
        }
        scanner.skip_space();
        if is_object {
            scanner.name()?;
        } else {
            scanner.count("items", scanner.limits.items)?;
        }
        scanner.value()?;
    }
    scanner.skip_space();
    if scanner.at == scanner.bytes.len() { Ok(()) } else { Err(scanner.malformed("there is something after its end")) }
}

/// An array or object that has begun and not ended.
struct Open<'t> {
    /// The names so far; `None` in an array.
    names: Option<BTreeSet<Cow<'t, str>>>,
    /// The member that is being read.
    name: Cow<'t, str>,
    count: u64,
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    open: Vec<Open<'t>>,
    values: u64,
    limits: Limits,
}

impl<'t> Scanner<'t> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Where the scanner is, as a JSON Pointer.
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for open in &self.open {
            let step = match open.names {
                Some(_) => open.name.clone(),
                None => Cow::Owned(open.count.saturating_sub(1).to_string()),
            };
            if open.count == 0 || !descend(&mut pointer, &step) {
                break;
            }
        }
        pointer
    }

    fn malformed(&self, reason: &'static str) -> Fault {
        Fault::Malformed { pointer: self.pointer(), reason }
    }

    fn within(&self, limit: &'static str, max: u64, length: u64) -> Result<(), Fault> {
        if length > max { Err(Fault::Over { pointer: self.pointer(), limit, max }) } else { Ok(()) }
    }

    /// Counts one more member or item of what is open.
    fn count(&mut self, limit: &'static str, max: u64) -> Result<(), Fault> {
        let count = self.open.last().map_or(0, |open| open.count + 1);
        if count > max {
            let mut pointer = self.pointer();
            pointer.truncate(pointer.rfind('/').unwrap_or(0));
            return Err(Fault::Over { pointer, limit, max });
        }
        if let Some(open) = self.open.last_mut() {
            open.count = count;
        }
        Ok(())
    }

    /// A value: all of it, or the beginning of an array or object.
    fn value(&mut self) -> Result<(), Fault> {
        self.skip_space();
        self.values += 1;
        self.within("values", self.limits.values, self.values)?;
        match self.peek() {
            Some(b'{') => self.begin(Some(BTreeSet::new())),
            Some(b'[') => self.begin(None),
            Some(b'"') => {
                let (text, _) = self.string()?;
                self.within("string", self.limits.string, text.len() as u64)
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(_) => Err(self.malformed("it is not JSON")),
            None => Err(self.malformed("it ends too early")),
        }
    }

    fn begin(&mut self, names: Option<BTreeSet<Cow<'t, str>>>) -> Result<(), Fault> {
        self.within("depth", self.limits.depth, self.open.len() as u64 + 1)?;
        self.at += 1;
        self.open.push(Open { names, name: Cow::Borrowed(""), count: 0 });
        Ok(())
    }

    fn name(&mut self) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.malformed("a member has no name in quotes"));
        }
        self.count("keys", self.limits.keys)?;
        let (raw, escaped) = self.string()?;
        if raw.len() as u64 > self.limits.key {
            let mut pointer = self.pointer();
            pointer.truncate(pointer.rfind('/').unwrap_or(0));
            return Err(Fault::Over { pointer, limit: "key", max: self.limits.key });
        }
        let name = if escaped { Cow::Owned(unescaped(raw)) } else { Cow::Borrowed(raw) };
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        open.name = name.clone();
        if open.names.as_mut().is_some_and(|names| !names.insert(name)) {
            return Err(self.malformed("a member name stands there twice"));
        }
        self.skip_space();
        if self.take(b':') { Ok(()) } else { Err(self.malformed("a member has no colon")) }
    }

    /// A text in quotes, without them, and whether it has escapes.
    fn string(&mut self) -> Result<(&'t str, bool), Fault> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        let mut high = false;
        loop {
            match self.peek() {
                None => return Err(self.malformed("a text does not end")),
                Some(b'"') if high => return Err(self.malformed("an escape is half of a character")),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    let unit = self.escape()?;
                    let low = unit.is_some_and(|unit| (0xdc00..0xe000).contains(&unit));
                    if low != high {
                        return Err(self.malformed("an escape is half of a character"));
                    }
                    high = unit.is_some_and(|unit| (0xd800..0xdc00).contains(&unit));
                }
                Some(0..=0x1f) => return Err(self.malformed("a text has a control character that is not escaped")),
                Some(_) if high => return Err(self.malformed("an escape is half of a character")),
                Some(_) => self.at += 1,
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        Ok((text, escaped))
    }

    /// An escape; the code unit of one that begins with `u`.
    fn escape(&mut self) -> Result<Option<u32>, Fault> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(None)
            }
            Some(b'u') => {
                let digits = self.text.get(self.at + 2..self.at + 6).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
                let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                self.at += 6;
                unit.map(Some).ok_or_else(|| self.malformed("an escape is none"))
            }
            _ => Err(self.malformed("an escape is none")),
        }
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return Err(self.malformed("a number is none"));
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(self.malformed("a number is none"));
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err(self.malformed("a number is none"));
            }
        }
        self.within("number", self.limits.number, (self.at - start) as u64)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return Err(self.malformed("it is not JSON"));
        }
        self.at += word.len();
        Ok(())
    }
}

/// What a text that was read stands for, its escapes undone.
fn unescaped(raw: &str) -> String {
    serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    const LIMITS: Limits = Limits { depth: 3, keys: 3, items: 4, string: 5, key: 3, values: 12, number: 6 };
    const WIDE: Limits = Limits { depth: 100, keys: 99, items: 99, string: 999, key: 99, values: 999, number: 99 };

    fn told(text: &str, limits: &Limits) -> String {
        match scan(text.as_bytes(), limits) {
            Ok(()) => "ok".to_owned(),
            Err(Fault::Over { pointer, limit, max }) => format!("{limit} {max} at {pointer:?}"),
            Err(Fault::Malformed { pointer, .. }) => format!("malformed at {pointer:?}"),
        }
    }

    #[test]
    fn each_limit_holds_at_its_edge() {
        for (text, expect) in [
            ("[[[]]]", "ok"),
            ("[[[[]]]]", "depth 3 at \"/0/0/0\""),
            (r#"{"a":{"b":[{}]}}"#, "depth 3 at \"/a/b/0\""),
            (r#"{"a":1,"b":2,"c":3}"#, "ok"),
            (r#"{"x":{"a":1,"b":2,"c":3,"d":4}}"#, "keys 3 at \"/x\""),
            ("[1,2,3,4]", "ok"),
            (r#"{"a":[1,2,3,4,5]}"#, "items 4 at \"/a\""),
            (r#"["12345"]"#, "ok"),
            (r#"["123456"]"#, "string 5 at \"/0\""),
            (r#"{"abc":1}"#, "ok"),
            (r#"{"x":{"abcd":1}}"#, "key 3 at \"/x\""),
            ("[123456]", "ok"),
            ("[-1e100000]", "number 6 at \"/0\""),
            ("[[1,2,3,4],[1,2,3,4],[5]]", "values 12 at \"/2/0\""),
            ("[[1,2,3,4],[1,2,3,4],5]", "ok"),
            (r#"{"a/b":[{},"123456"]}"#, "string 5 at \"/a~1b/1\""),
        ] {
            assert_eq!(told(text, &LIMITS), expect, "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        for (text, expect) in [
            (r#"{"a":1,"a":2}"#, "malformed at \"/a\""),
            (r#"{"a":1,"\u0061":2}"#, "malformed at \"/a\""),
            (r#"{"x":[{"a":1,"a":2}]}"#, "malformed at \"/x/0/a\""),
            (r#"{"a":{"k":1},"b":{"k":1}}"#, "ok"),
            ("", "malformed at \"\""),
            ("[1,]", "malformed at \"/1\""),
            ("[1 2]", "malformed at \"/0\""),
            ("{\"a\" 1}", "malformed at \"/a\""),
            ("[01]", "malformed at \"/0\""),
            ("[1.]", "malformed at \"/0\""),
            ("{} {}", "malformed at \"\""),
            ("[\"\u{1}\"]", "malformed at \"/0\""),
            (r#"["\ud800"]"#, "malformed at \"/0\""),
            (r#"["\ud83d\ude00"]"#, "ok"),
            (r#"["\udc00"]"#, "malformed at \"/0\""),
            ("\u{feff}{}", "malformed at \"\""),
        ] {
            assert_eq!(told(text, &WIDE), expect, "{text:?}");
        }
        assert!(matches!(scan(b"[\"\xff\"]", &WIDE), Err(Fault::Malformed { reason: "it is not UTF-8", .. })));
    }

    #[test]
    fn a_hostile_document_ends_early() {
        assert_eq!(told(&"[".repeat(1_000_000), &WIDE), format!("depth 100 at {:?}", "/0".repeat(100)));
        assert!(told(&format!("[{}", "1,".repeat(1_000_000)), &WIDE).starts_with("items 99"));
    }

    fn duplicates(value: &Value, text: &str) -> bool {
        serde_json::to_string(value).unwrap().len() != text.split_whitespace().collect::<String>().len()
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let members = prop::collection::hash_map(".{0,4}", inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                members.prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_reads_what_serde_json_reads(text in r#"[{}\[\]",:a1\\ u.e-]{0,20}"#) {
            let parsed = serde_json::from_str::<Value>(&text);
            match scan(text.as_bytes(), &WIDE) {
                Ok(()) => prop_assert!(parsed.is_ok(), "{text}"),
                // serde_json keeps the last of several members, and takes no number beyond its range.
                Err(_) => prop_assert!(parsed.as_ref().map_or(true, |value| duplicates(value, &text)), "{text}"),
            }
        }

        #[test]
        fn it_reads_every_value(value in any_value()) {
            let text = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(scan(text.as_bytes(), &WIDE), Ok(()));
        }
    }
}
