//! Conditions on header fields and query parameters.

use std::collections::BTreeMap;
use std::rc::Rc;

use regex_lite::Regex;

use crate::config::runtime::{ConditionForm, TestForm};
use crate::http::{HeaderMap, HeaderName, query};

/// A condition on a header field; any of its values may fulfil it.
#[derive(Debug)]
pub struct HeaderCondition {
    name: HeaderName,
    test: Test,
}

/// A condition on a query parameter; names and values are compared decoded, and any of its values may fulfil it.
#[derive(Debug)]
pub struct QueryCondition {
    name: String,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Exact(String),
    Present(bool),
    Regex(Rc<Regex>),
}

/// Regular expressions already compiled, so that equal ones are compiled once.
#[derive(Debug, Default)]
pub struct Expressions(BTreeMap<String, Rc<Regex>>);

impl Expressions {
    fn compile(&mut self, text: &str) -> Result<Rc<Regex>, String> {
        if let Some(known) = self.0.get(text) {
            return Ok(known.clone());
        }
        let regex = Rc::new(Regex::new(text).map_err(|error| format!("`{text}` is not a regular expression: {error}"))?);
        self.0.insert(text.to_owned(), regex.clone());
        Ok(regex)
    }
}

impl Test {
    fn compile(form: &TestForm, expressions: &mut Expressions) -> Result<Self, String> {
        Ok(match form {
            TestForm::Exact(value) => Self::Exact(value.clone()),
            TestForm::Present(present) => Self::Present(*present),
            TestForm::Regex(text) => Self::Regex(expressions.compile(text)?),
        })
    }

    /// Whether the values of one name fulfil it; what is not UTF-8 matches no text.
    fn holds<T: AsRef<[u8]>>(&self, mut values: impl Iterator<Item = T>) -> bool {
        match self {
            Self::Exact(expected) => values.any(|value| value.as_ref() == expected.as_bytes()),
            Self::Present(expected) => values.next().is_some() == *expected,
            Self::Regex(regex) => values.any(|value| std::str::from_utf8(value.as_ref()).is_ok_and(|text| regex.is_match(text))),
        }
    }
}

impl HeaderCondition {
    /// Builds what runs.
    ///
    /// # Errors
    /// Where the name is not one of a header field, or the regular expression is not one.
    pub fn compile(form: &ConditionForm, expressions: &mut Expressions) -> Result<Self, String> {
        let name = HeaderName::try_from(form.name.as_str()).map_err(|_| format!("`{}` is not a header field's name", form.name))?;
        Ok(Self { name, test: Test::compile(&form.test, expressions)? })
    }

    /// Whether a request fulfils it.
    pub fn holds(&self, headers: &HeaderMap) -> bool {
        self.test.holds(headers.get_all(&self.name).iter())
    }

    /// The field's name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
}

impl QueryCondition {
    /// Builds what runs.
    ///
    /// # Errors
    /// Where the regular expression is not one.
    pub fn compile(form: &ConditionForm, expressions: &mut Expressions) -> Result<Self, String> {
        Ok(Self { name: form.name.clone(), test: Test::compile(&form.test, expressions)? })
    }

    /// Whether a request fulfils it.
    pub fn holds(&self, query: Option<&str>) -> bool {
        let pairs = query::pairs(query.unwrap_or_default());
        self.test.holds(pairs.filter(|(name, _)| *name == self.name).map(|(_, value)| value.into_owned()))
    }

    /// The parameter's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeaderValue;

    fn form(name: &str, test: TestForm) -> ConditionForm {
        ConditionForm { name: name.to_owned(), test }
    }

    fn exact(value: &str) -> TestForm {
        TestForm::Exact(value.to_owned())
    }

    fn regex(text: &str) -> TestForm {
        TestForm::Regex(text.to_owned())
    }

    #[test]
    fn header_conditions_hold() {
        let mut headers = HeaderMap::new();
        headers.append("x-version", HeaderValue::from_static("1"));
        headers.append("x-version", HeaderValue::from_static("2"));
        headers.append("x-odd", HeaderValue::from_bytes(b"\xff").unwrap());
        for (name, test, expect) in [
            ("x-version", exact("2"), true),
            ("x-version", exact("3"), false),
            ("x-version", exact("1, 2"), false),
            ("x-version", TestForm::Present(true), true),
            ("x-version", TestForm::Present(false), false),
            ("x-none", TestForm::Present(false), true),
            ("x-none", TestForm::Present(true), false),
            ("x-version", regex("^[2-9]$"), true),
            ("x-version", regex("^[3-9]$"), false),
            ("x-odd", regex("."), false),
            ("x-none", regex(""), false),
        ] {
            let condition = HeaderCondition::compile(&form(name, test), &mut Expressions::default()).unwrap();
            assert_eq!(condition.holds(&headers), expect, "{condition:?}");
        }
    }

    #[test]
    fn query_conditions_hold() {
        for (query, name, test, expect) in [
            (Some("q=a%20b&q=c"), "q", exact("a b"), true),
            (Some("q=a+b"), "q", exact("a b"), true),
            (Some("%71=c"), "q", exact("c"), true),
            (Some("q=c"), "q", exact("d"), false),
            (Some("q"), "q", TestForm::Present(true), true),
            (Some("p"), "q", TestForm::Present(false), true),
            (None, "q", TestForm::Present(true), false),
            (None, "q", TestForm::Present(false), true),
            (Some("page=12"), "page", regex("^[0-9]+$"), true),
            (Some("page=x"), "page", regex("^[0-9]+$"), false),
        ] {
            let condition = QueryCondition::compile(&form(name, test), &mut Expressions::default()).unwrap();
            assert_eq!(condition.holds(query), expect, "{condition:?} on {query:?}");
        }
    }

    #[test]
    fn what_cannot_hold_is_refused() {
        let bad = form("x y", exact("1"));
        assert!(HeaderCondition::compile(&bad, &mut Expressions::default()).is_err_and(|error| error.contains("header field's name")));
        let bad = form("q", regex("("));
        assert!(QueryCondition::compile(&bad, &mut Expressions::default()).is_err_and(|error| error.contains("regular expression")));
    }
}
