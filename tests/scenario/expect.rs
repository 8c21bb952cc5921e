//! Holds what came of a request against what was expected; every difference is one line for a human.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value;

use super::format::{BodyRule, BodyRules, CallRule, Expect, FieldRule, TextRule};

/// Header fields in order, names in lower case.
pub type Fields = Vec<(String, String)>;

/// What came of a request.
#[derive(Debug)]
pub struct Outcome {
    /// The status.
    pub status: u16,
    /// Header fields of the response.
    pub headers: Fields,
    /// The whole body.
    pub body: String,
    /// The access records that were written.
    pub records: Vec<String>,
    /// The calls that origins have seen.
    pub calls: Vec<Call>,
}

/// A call that an origin has seen.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// Header fields.
    pub headers: Fields,
    /// The whole body.
    pub body: String,
}

/// Every difference between an outcome and what was expected of it.
pub fn differences(expect: &Expect, outcome: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    if expect.status != outcome.status {
        found.push(format!("status: expected {}, got {} with body {:?}", expect.status, outcome.status, outcome.body));
    }
    fields("header", &expect.headers, &outcome.headers, &mut found);
    if let Some(rule) = &expect.body {
        body(rule, &outcome.body, &mut found);
    }
    if expect.recorded {
        record(&expect.record, &outcome.records, &mut found);
    } else if !outcome.records.is_empty() {
        found.push(format!("record: expected none, got {:?}", outcome.records));
    }
    if let Some(rules) = &expect.calls {
        calls(rules, &outcome.calls, &mut found);
    }
    found
}

fn fields(what: &str, rules: &BTreeMap<String, FieldRule>, actual: &Fields, found: &mut Vec<String>) {
    for (name, rule) in rules {
        let values: Vec<&str> =
            actual.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect();
        match rule {
            FieldRule::Values(expected) if same(name, expected.list(), &values) => {}
            FieldRule::Values(expected) => found.push(format!("{what} `{name}`: expected {:?}, got {values:?}", expected.list())),
            FieldRule::Text(rule) => {
                let joined = if values.is_empty() { None } else { Some(values.join(", ")) };
                text(&format!("{what} `{name}`"), rule, joined.as_deref(), found);
            }
        }
    }
}

/// Whether the values are the same in order. Several lines of a field are one list (RFC 9110 section 5.3), and the worker's
/// runtime makes one line of them; `Set-Cookie` alone is no list.
fn same(name: &str, expected: &[String], actual: &[&str]) -> bool {
    expected == actual || (!expected.is_empty() && !name.eq_ignore_ascii_case("set-cookie") && expected.join(", ") == actual.join(", "))
}

fn text(what: &str, rule: &TextRule, actual: Option<&str>, found: &mut Vec<String>) {
    let (holds, expected) = match rule {
        TextRule::Absent(absent) => (actual.is_none() == *absent, if *absent { "nothing" } else { "something" }.to_owned()),
        TextRule::Present(present) => (actual.is_some() == *present, if *present { "something" } else { "nothing" }.to_owned()),
        TextRule::Regex(pattern) => match Regex::new(pattern) {
            Ok(regex) => (actual.is_some_and(|actual| regex.is_match(actual)), format!("a match of /{pattern}/")),
            Err(error) => (false, format!("a regular expression, and /{pattern}/ is none ({error})")),
        },
        TextRule::Contains(part) => (actual.is_some_and(|actual| actual.contains(part)), format!("{part:?} in it")),
    };
    if !holds {
        found.push(format!("{what}: expected {expected}, got {actual:?}"));
    }
}

fn body(rule: &BodyRule, actual: &str, found: &mut Vec<String>) {
    match rule {
        BodyRule::Exactly(expected) if expected == actual => {}
        BodyRule::Exactly(expected) => found.push(format!("body: expected {expected:?}, got {actual:?}")),
        BodyRule::Rule(BodyRules::Contains(parts)) => {
            let missing = parts.iter().filter(|part| !actual.contains(part.as_str()));
            found.extend(missing.map(|part| format!("body: expected {part:?} in it, got {actual:?}")));
        }
        BodyRule::Rule(BodyRules::Json(expected)) => match serde_json::from_str::<Value>(actual) {
            Ok(value) if value == *expected => {}
            _ => found.push(format!("body: expected the JSON {expected}, got {actual}")),
        },
        BodyRule::Rule(BodyRules::JsonWith(members)) => match serde_json::from_str::<Value>(actual) {
            Ok(value) => {
                for (name, expected) in members {
                    match value.get(name) {
                        Some(member) if member == expected => {}
                        member => found.push(format!("body: member `{name}`: expected {expected}, got {}", shown(member))),
                    }
                }
            }
            Err(_) => found.push(format!("body: expected JSON, got {actual:?}")),
        },
    }
}

fn record(rules: &BTreeMap<String, Value>, lines: &[String], found: &mut Vec<String>) {
    let [line] = lines else {
        found.push(format!("record: expected one line, got {lines:?}"));
        return;
    };
    let actual: Value = match serde_json::from_str(line) {
        Ok(actual) => actual,
        Err(error) => {
            found.push(format!("record: expected JSON ({error}), got {line:?}"));
            return;
        }
    };
    for (name, rule) in rules {
        let member = actual.get(name);
        let plain = member.map(|member| member.as_str().map_or_else(|| member.to_string(), str::to_owned));
        match serde_json::from_value::<TextRule>(rule.clone()) {
            Ok(rule) => text(&format!("record `{name}`"), &rule, plain.as_deref(), found),
            Err(_) if member == Some(rule) => {}
            Err(_) => found.push(format!("record `{name}`: expected {rule}, got {}", shown(member))),
        }
    }
}

fn calls(rules: &[CallRule], actual: &[Call], found: &mut Vec<String>) {
    if rules.len() != actual.len() {
        let lines: Vec<String> = actual.iter().map(|call| format!("{} {}", call.method, call.url)).collect();
        found.push(format!("origin calls: expected {}, got {}: {lines:?}", rules.len(), actual.len()));
    }
    for (index, (rule, call)) in rules.iter().zip(actual).enumerate() {
        let what = format!("origin call {}", index + 1);
        let pairs = [
            ("method", rule.method.as_ref(), &call.method),
            ("url", rule.url.as_ref(), &call.url),
            ("body", rule.body.as_ref(), &call.body),
        ];
        for (name, expected, actual) in pairs {
            if expected.is_some_and(|expected| expected != actual) {
                found.push(format!("{what}: {name}: expected {:?}, got {actual:?}", expected.map(String::as_str).unwrap_or_default()));
            }
        }
        fields(&format!("{what}: header"), &rule.headers, &call.headers, found);
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), Value::to_string)
}
