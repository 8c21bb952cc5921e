//! A JSON document (RFC 8259) as the check reads it: texts are those of the bytes that came, numbers keep every digit.

use std::borrow::Cow;
use std::cmp::Ordering;

pub mod number;
pub mod read;

pub use number::Number;
pub use read::read;

/// Up to so many members of an object are found one by one; of larger ones there is an index.
const FEW: usize = 12;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'t> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number<'t>),
    /// A text, its escapes resolved.
    Text(Cow<'t, str>),
    /// An array.
    Array(Vec<Value<'t>>),
    /// An object.
    Object(Members<'t>),
}

/// The members of an object, in the order in which they were written; no name is there twice.
#[derive(Debug, Clone, Default)]
pub struct Members<'t> {
    list: Vec<(Cow<'t, str>, Value<'t>)>,
    /// The places of the members by their names, where there are many.
    by_name: Box<[u32]>,
}

impl PartialEq for Members<'_> {
    /// Whatever their order.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl<'t> Members<'t> {
    /// These members; `None` where a name is there twice. Takes no more than `n log n` comparisons.
    pub fn new(list: Vec<(Cow<'t, str>, Value<'t>)>) -> Option<Self> {
        if list.len() <= FEW {
            let twice = list.iter().enumerate().any(|(index, (name, _))| list.iter().take(index).any(|(other, _)| other == name));
            return (!twice).then(|| Self { list, by_name: Box::default() });
        }
        let name = |index: &u32| list.get(*index as usize).map(|(name, _)| name.as_ref());
        let mut by_name: Vec<u32> = (0..u32::try_from(list.len()).ok()?).collect();
        by_name.sort_unstable_by(|a, b| name(a).cmp(&name(b)));
        let twice = by_name.windows(2).any(|pair| matches!(pair, [a, b] if name(a) == name(b)));
        (!twice).then(|| Self { by_name: by_name.into(), list })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The value of a member.
    pub fn get(&self, name: &str) -> Option<&Value<'t>> {
        if self.by_name.is_empty() {
            return self.list.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        }
        let order = |index: &u32| self.list.get(*index as usize).map_or(Ordering::Less, |(known, _)| known.as_ref().cmp(name));
        let at = self.by_name.binary_search_by(order).ok()?;
        self.list.get(*self.by_name.get(at)? as usize).map(|(_, value)| value)
    }

    /// Whether a member is there.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Every name and value, to be kept.
    pub fn into_list(self) -> Vec<(Cow<'t, str>, Value<'t>)> {
        self.list
    }

    /// Every name and value, in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'t>)> {
        self.list.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

impl Value<'_> {
    /// The same value, without what it was read from.
    pub fn owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(Number::Whole(whole)) => Value::Number(Number::Whole(whole)),
            Self::Number(Number::Written(text)) => Value::Number(Number::Written(text.into_owned().into())),
            Self::Text(text) => Value::Text(text.into_owned().into()),
            Self::Array(items) => Value::Array(items.into_iter().map(Value::owned).collect()),
            Self::Object(Members { list, by_name }) => {
                let list = list.into_iter().map(|(name, value)| (Cow::Owned(name.into_owned()), value.owned())).collect();
                Value::Object(Members { list, by_name })
            }
        }
    }
}

impl<'t> From<&'t serde_json::Value> for Value<'t> {
    fn from(value: &'t serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => Self::Number(number.into()),
            serde_json::Value::String(text) => Self::Text(text.into()),
            serde_json::Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => {
                let list = members.iter().map(|(name, value)| (Cow::from(name), Self::from(value))).collect();
                Self::Object(Members::new(list).unwrap_or_default())
            }
        }
    }
}

/// Whether a value is the one that a schema gives: numbers by what they are, objects whatever the order of their members.
pub fn equal(known: &serde_json::Value, value: &Value<'_>) -> bool {
    match (known, value) {
        (serde_json::Value::Null, Value::Null) => true,
        (serde_json::Value::Bool(a), Value::Bool(b)) => a == b,
        (serde_json::Value::Number(a), Value::Number(b)) => b.compare(a) == Ordering::Equal,
        (serde_json::Value::String(a), Value::Text(b)) => a == b,
        (serde_json::Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (serde_json::Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && b.iter().all(|(name, b)| a.get(name).is_some_and(|a| equal(a, b)))
        }
        _ => false,
    }
}

/// Whether no value is there twice. Takes `n log n` comparisons, whatever they are.
pub fn unique(items: &[Value<'_>]) -> bool {
    let mut texts = Vec::with_capacity(items.len());
    let is_container = |item: &Value<'_>| matches!(item, Value::Array(_) | Value::Object(_));
    if !items.iter().any(is_container) {
        let mut sorted: Vec<&Value<'_>> = items.iter().collect();
        sorted.sort_unstable_by(|a, b| order(a, b));
        return sorted.windows(2).all(|pair| !matches!(pair, [a, b] if order(a, b) == Ordering::Equal));
    }
    for item in items {
        let mut text = String::new();
        canonical(item, &mut text);
        texts.push(text);
    }
    texts.sort_unstable();
    texts.windows(2).all(|pair| !matches!(pair, [a, b] if a == b))
}

/// An order of values that hold no others.
fn order(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    let rank = |value: &Value<'_>| match value {
        Value::Null => 0,
        Value::Bool(value) => 1 + u8::from(*value),
        Value::Number(_) => 3,
        Value::Text(_) => 4,
        Value::Array(_) | Value::Object(_) => 5,
    };
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.order(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// A text that two values share where they are the same, and only then.
fn canonical(value: &Value<'_>, text: &mut String) {
    // A text says its length first, so that nothing in it can end it.
    let word = |text: &mut String, word: &str| text.extend([&word.len().to_string(), ":", word]);
    match value {
        Value::Null => text.push('n'),
        Value::Bool(value) => text.push(if *value { 't' } else { 'f' }),
        Value::Number(number) => number.canonical(text),
        Value::Text(value) => word(text, value),
        Value::Array(items) => {
            text.push('[');
            items.iter().for_each(|item| {
                canonical(item, text);
                text.push(',');
            });
            text.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in sorted {
                word(text, name);
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> Value<'_> {
        read(text.as_bytes(), 64).unwrap()
    }

    #[test]
    fn equal_values_are_told() {
        for (a, b, expect) in [
            ("1", "1.0", true),
            ("1e2", "100", true),
            ("-0", "0.0", true),
            (r#"{"a":1,"b":2}"#, r#"{"b":2.0,"a":1}"#, true),
            (r#"{"a":1,"b":2}"#, r#"{"a":1}"#, false),
            (r#"{"a":1}"#, r#"{"b":1}"#, false),
            ("\"1\"", "1", false),
            ("\"\\u00e9\"", "\"\u{e9}\"", true),
            ("[1,2]", "[12]", false),
            ("[]", "{}", false),
            ("null", "false", false),
            ("0", "false", false),
            ("[[1],2]", "[[1],2]", true),
            (r#"["1:a"]"#, r#"["1","a"]"#, false),
        ] {
            for (a, b) in [(a, b), (b, a)] {
                assert_eq!(equal(&serde_json::from_str(a).unwrap(), &value(b)), expect, "{a} {b}");
                for pair in [format!("[{a},{b}]"), format!("[[{a}],[{b}]]"), format!("[{{\"x\":{a}}},{{\"x\":{b}}},7]")] {
                    let Value::Array(items) = value(&pair) else { panic!("{pair}") };
                    assert_eq!(unique(&items), !expect, "{pair}");
                }
            }
        }
    }

    #[test]
    fn members_are_found_whatever_their_number() {
        for count in [0, 1, FEW, FEW + 1, 1_000] {
            let list = || (0..count).rev().map(|index| (Cow::from(format!("m{index}")), Value::Bool(index % 2 == 0)));
            let members = Members::new(list().collect()).unwrap();
            assert_eq!((members.len(), members.is_empty(), members.iter().count()), (count, count == 0, count));
            for index in 0..count {
                assert_eq!(members.get(&format!("m{index}")), Some(&Value::Bool(index % 2 == 0)), "{index} of {count}");
            }
            assert!(!members.has("m") && !members.has(&format!("m{count}")));
            if count > 0 {
                assert_eq!(Members::new(list().chain([(Cow::from("m0"), Value::Null)]).collect()), None, "{count}");
            }
        }
    }

    proptest! {
        #[test]
        fn an_array_is_unique_where_no_two_items_are_equal(items in prop::collection::vec("[01]|1\\.0|\"[ab]\"|\\[[01]?\\]|\\{\"a\":[01]\\}", 0..6)) {
            let text = format!("[{}]", items.join(","));
            let known: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            let Value::Array(read) = value(&text) else { panic!("{text}") };
            let twice = known.iter().enumerate().any(|(index, known)| read.iter().skip(index + 1).any(|other| equal(known, other)));
            prop_assert_eq!(unique(&read), !twice, "{}", text);
        }
    }
}
