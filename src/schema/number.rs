//! Numbers of JSON compared as what they are, without rounding where that can be helped.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// A number without a fraction, where it is one: `1.0` is 1.
pub fn integer(number: &Number) -> Option<i128> {
    if let Some(whole) = number.as_i64() {
        return Some(whole.into());
    }
    if let Some(whole) = number.as_u64() {
        return Some(whole.into());
    }
    let float = number.as_f64()?;
    (float.fract() == 0.0 && float.abs() < 1e30).then_some(float as i128)
}

/// Whether a number has no fraction, however large it is.
pub fn is_integer(number: &Number) -> bool {
    integer(number).is_some() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

/// The order of two numbers.
pub fn compare(a: &Number, b: &Number) -> Ordering {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Whether `number` is a whole multiple of `of`, in decimal digits where these fit.
pub fn is_multiple(number: &Number, of: &Number) -> bool {
    let exact = || {
        let ((a, a_exponent), (b, b_exponent)) = (decimal(number)?, decimal(of)?);
        let scale = |digits: i128, by: i32| digits.checked_mul(10i128.checked_pow(u32::try_from(by).ok()?)?);
        let least = a_exponent.min(b_exponent);
        scale(a, a_exponent - least)?.checked_rem(scale(b, b_exponent - least)?).map(|rest| rest == 0)
    };
    exact().unwrap_or_else(|| match (number.as_f64(), of.as_f64()) {
        (Some(number), Some(of)) => (number / of).fract() == 0.0,
        _ => false,
    })
}

/// Digits and a power of ten.
fn decimal(number: &Number) -> Option<(i128, i32)> {
    let text = number.to_string();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
        None => (text.as_str(), 0i32),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?))
}

/// Whether two values are the same: numbers by their value, objects whatever the order of their members.
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare(a, b) == Ordering::Equal,
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b))),
        _ => a == b,
    }
}

/// A text that two values share where they are [`equal`], and only then.
pub fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => match integer(number) {
            Some(whole) => text.push_str(&whole.to_string()),
            None => text.push_str(&number.to_string()),
        },
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in members {
                text.push_str(&Value::String(name.clone()).to_string());
                text.push(':');
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_are_compared_as_what_they_are() {
        for (a, b, expect) in [
            ("1", "1.0", Ordering::Equal),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("18446744073709551615", "-1", Ordering::Greater),
            ("0.1", "0.2", Ordering::Less),
            ("1e400", "1", Ordering::Greater),
        ] {
            let (Ok(a), Ok(b)) = (serde_json::from_str::<Number>(a), serde_json::from_str::<Number>(b)) else { continue };
            assert_eq!(compare(&a, &b), expect, "{a} {b}");
        }
        assert!(is_integer(&number("1e300")) && is_integer(&number("-3.0")) && !is_integer(&number("1.5")));
    }

    #[test]
    fn multiples_are_decimal() {
        for (value, of, expect) in [
            ("4", "2", true),
            ("7", "2", false),
            ("0.0075", "0.0001", true),
            ("0.00751", "0.0001", false),
            ("19.9", "0.01", true),
            ("19.999", "0.01", false),
            ("1e20", "3", false),
            ("4.5", "1.5", true),
            ("0", "0.3", true),
            ("-6", "3", true),
        ] {
            assert_eq!(is_multiple(&number(value), &number(of)), expect, "{value} {of}");
        }
    }

    #[test]
    fn equal_values_have_one_text() {
        let text = |value: &str| {
            let mut text = String::new();
            canonical(&serde_json::from_str(value).unwrap(), &mut text);
            text
        };
        for (a, b, expect) in [
            ("1", "1.0", true),
            (r#"{"a":1,"b":2}"#, r#"{"b":2.0,"a":1}"#, true),
            ("\"1\"", "1", false),
            ("[1,2]", "[12]", false),
            ("[]", "{}", false),
        ] {
            assert_eq!(text(a) == text(b), expect, "{a} {b}");
            assert_eq!(equal(&serde_json::from_str(a).unwrap(), &serde_json::from_str(b).unwrap()), expect, "{a} {b}");
        }
    }
}
