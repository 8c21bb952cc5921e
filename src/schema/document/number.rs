//! Numbers of JSON as they are written, compared without rounding.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A number.
#[derive(Debug, Clone, PartialEq)]
pub enum Number<'t> {
    /// One without a fraction that is not large.
    Whole(i64),
    /// Any other one, as it is written (RFC 8259 section 6).
    Written(Cow<'t, str>),
}

/// The digits of a number without zeros at either end, and where its point stands.
struct Decimal<'n> {
    negative: bool,
    whole: &'n [u8],
    fraction: &'n [u8],
    /// The power of ten of the first digit, plus one.
    magnitude: i64,
    /// How many digits there are from the first to the last one that is not 0.
    length: usize,
}

impl From<&serde_json::Number> for Number<'_> {
    fn from(number: &serde_json::Number) -> Self {
        number.as_i64().map_or_else(|| Self::Written(number.to_string().into()), Self::Whole)
    }
}

impl<'t> Number<'t> {
    /// A number as it is written; whoever calls has seen that it is one.
    pub fn written(text: impl Into<Cow<'t, str>>) -> Self {
        let text = text.into();
        let plain = text.len() < 19 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        text.parse().ok().filter(|_| plain).map_or(Self::Written(text), Self::Whole)
    }

    /// Whether it has no fraction, however large it is: `1.0` has none.
    pub fn is_integer(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Written(text) => Decimal::of(text).is_integer(),
        }
    }

    /// A number without a fraction that is not large.
    pub fn whole(&self) -> Option<i64> {
        match self {
            Self::Whole(whole) => Some(*whole),
            Self::Written(text) => {
                let decimal = Decimal::of(text);
                let digits = decimal.is_integer() && decimal.magnitude <= 19;
                let digits = digits.then(|| {
                    decimal
                        .digits()
                        .chain(std::iter::repeat(0))
                        .take(usize::try_from(decimal.magnitude).ok()?)
                        .try_fold(0i128, |sum, digit| Some(sum * 10 + i128::from(digit)))
                });
                let whole = digits??;
                i64::try_from(if decimal.negative { -whole } else { whole }).ok()
            }
        }
    }

    /// The nearest number in binary.
    fn float(&self) -> f64 {
        match self {
            Self::Whole(whole) => *whole as f64,
            Self::Written(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Whole(whole) => whole.to_string().into(),
            Self::Written(text) => Cow::from(text.as_ref()),
        }
    }

    /// Its order against a number of a schema.
    pub fn compare(&self, known: &serde_json::Number) -> Ordering {
        match (self, known.as_i64()) {
            (Self::Whole(a), Some(b)) => a.cmp(&b),
            (_, Some(b)) => self.order(&Self::Whole(b)),
            (_, None) => match rounded(self.float(), known.as_f64().unwrap_or(f64::NAN)) {
                Some(order) => order,
                None => Decimal::of(&self.text()).cmp(&Decimal::of(&known.to_string())),
            },
        }
    }

    /// The order of two numbers.
    pub fn order(&self, other: &Number<'_>) -> Ordering {
        match (self, other) {
            (Self::Whole(a), Number::Whole(b)) => a.cmp(b),
            _ => rounded(self.float(), other.float()).unwrap_or_else(|| Decimal::of(&self.text()).cmp(&Decimal::of(&other.text()))),
        }
    }

    /// Whether it is a whole multiple of a number of a schema, in decimal digits.
    pub fn is_multiple(&self, of: &serde_json::Number) -> bool {
        if let (Self::Whole(a), Some(b)) = (self, of.as_i64()) {
            return a.checked_rem(b).is_none_or(|rest| rest == 0);
        }
        let (a, b) = (self.text(), of.to_string());
        let (a, b) = (Decimal::of(&a), Decimal::of(&b));
        let Some(modulus) = b.digits().try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(digit.into())) else { return false };
        if a.length == 0 || modulus == 0 {
            return true;
        }
        // Neither ends in a 0, so that what has more places than the other cannot be a multiple of it.
        let Ok(zeros) = u64::try_from(a.exponent() - b.exponent()) else { return false };
        let rest = a.digits().fold(0, |rest, digit| after(rest, digit, modulus));
        // No number of 64 bits has more than 63 factors of 2 or 5: more zeros than that change nothing.
        (0..zeros.min(64)).fold(rest, |rest, _| after(rest, 0, modulus)) == 0
    }

    /// A text that two numbers share where they are the same, and only then.
    pub fn canonical(&self, text: &mut String) {
        let written = self.text();
        let decimal = Decimal::of(&written);
        text.push(if decimal.negative { '-' } else { '+' });
        text.extend(decimal.digits().map(|digit| char::from(digit + b'0')));
        text.extend(["e", &decimal.magnitude.to_string()]);
    }
}

/// The remainder of a number with one more digit.
fn after(rest: u64, digit: u8, modulus: u64) -> u64 {
    match rest.checked_mul(10).and_then(|rest| rest.checked_add(digit.into())) {
        Some(next) => next.checked_rem(modulus).unwrap_or(0),
        None => {
            let next = (u128::from(rest) * 10 + u128::from(digit)).checked_rem(modulus.into()).unwrap_or(0);
            u64::try_from(next).unwrap_or(0)
        }
    }
}

/// The order of two numbers by their nearest ones in binary, where these differ: rounding keeps order, and may make equal.
fn rounded(a: f64, b: f64) -> Option<Ordering> {
    a.partial_cmp(&b).filter(|order| *order != Ordering::Equal)
}

impl<'n> Decimal<'n> {
    fn of(text: &'n str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        // An exponent that is itself out of reach is as good as the largest one.
        let exponent =
            exponent.parse().unwrap_or(if exponent.starts_with('-') { -(1i64 << 40) } else { 1 << 40 }).clamp(-(1 << 40), 1 << 40);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let whole = whole.trim_start_matches('0').as_bytes();
        let mut magnitude = exponent + whole.len() as i64;
        let mut fraction = fraction.trim_end_matches('0');
        if whole.is_empty() {
            let digits = fraction.trim_start_matches('0');
            magnitude -= (fraction.len() - digits.len()) as i64;
            fraction = digits;
        }
        let mut decimal = Self { negative, whole, fraction: fraction.as_bytes(), magnitude, length: whole.len() + fraction.len() };
        if decimal.fraction.is_empty() {
            let zeros = whole.iter().rev().take_while(|digit| **digit == b'0').count();
            decimal.whole = whole.get(..whole.len() - zeros).unwrap_or_default();
            decimal.length -= zeros;
        }
        if decimal.length == 0 {
            (decimal.magnitude, decimal.negative) = (0, false);
        }
        decimal
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.iter().chain(self.fraction).map(|digit| digit.wrapping_sub(b'0'))
    }

    /// The power of ten of the last digit.
    fn exponent(&self) -> i64 {
        self.magnitude - self.length as i64
    }

    fn is_integer(&self) -> bool {
        self.length == 0 || self.exponent() >= 0
    }

    fn cmp(&self, other: &Decimal<'_>) -> Ordering {
        let sign = |decimal: &Decimal<'_>| {
            if decimal.length == 0 {
                0
            } else if decimal.negative {
                -1
            } else {
                1
            }
        };
        let larger = || self.magnitude.cmp(&other.magnitude).then_with(|| self.digits().cmp(other.digits()));
        match sign(self).cmp(&sign(other)) {
            Ordering::Equal if self.length == 0 => Ordering::Equal,
            Ordering::Equal if self.negative => larger().reverse(),
            Ordering::Equal => larger(),
            order => order,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known(text: &str) -> serde_json::Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_are_compared_as_what_they_are() {
        use Ordering::{Equal, Greater, Less};
        for (a, b, expect) in [
            ("1", "1.0", Equal),
            ("0", "-0.0", Equal),
            ("0e9", "0", Equal),
            ("10", "1e1", Equal),
            ("1200", "1.2e3", Equal),
            ("0.0012", "12e-4", Equal),
            ("9007199254740993", "9007199254740992", Greater),
            ("9007199254740993", "9007199254740992.0", Greater),
            ("9007199254740993.1", "9007199254740993", Greater),
            ("18446744073709551615", "-1", Greater),
            ("18446744073709551616", "18446744073709551615", Greater),
            ("98249283749234923498293171823948729348710298301928331", "98249283749234923498293171823948729348710298301928330", Greater),
            ("0.1", "0.2", Less),
            ("-0.2", "-0.1", Less),
            ("-10", "-9", Less),
            ("1e400", "1", Greater),
            ("1e400", "1e401", Less),
            ("-1e400", "1e-400", Less),
            ("1e-400", "0", Greater),
            ("1e99999999999999999999", "1e400", Greater),
            ("1e-99999999999999999999", "1", Less),
            ("0.10000000000000000000000001", "0.1", Greater),
        ] {
            assert_eq!(Number::written(a).order(&Number::written(b)), expect, "{a} {b}");
            assert_eq!(Number::written(b).order(&Number::written(a)), expect.reverse(), "{b} {a}");
            let text = |number: &str| {
                let mut text = String::new();
                Number::written(number.to_owned()).canonical(&mut text);
                text
            };
            assert_eq!(text(a) == text(b), expect == Equal, "{a} {b}");
            if let Ok(b) = serde_json::from_str::<serde_json::Number>(b)
                .map(|known| if known.is_f64() && known.to_string() != b { None } else { Some(known) })
            {
                b.into_iter().for_each(|b| assert_eq!(Number::written(a).compare(&b), expect, "{a} {b}"));
            }
        }
        for (text, expect) in [
            ("1", true),
            ("1.0", true),
            ("1e300", true),
            ("1.5e1", true),
            ("1.50", false),
            ("15e-1", false),
            ("150e-1", true),
            ("0.0", true),
            ("1e-1", false),
            ("-3.0", true),
            ("1e400", true),
        ] {
            assert_eq!(Number::written(text).is_integer(), expect, "{text}");
        }
        for (text, expect) in [
            ("1.0", Some(1)),
            ("-12e2", Some(-1200)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("1e30", None),
            ("1.5", None),
            ("0.0", Some(0)),
            ("-9223372036854775808.0", Some(i64::MIN)),
        ] {
            assert_eq!(Number::written(text).whole(), expect, "{text}");
        }
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
            ("3e20", "3", true),
            ("4.5", "1.5", true),
            ("0", "0.3", true),
            ("-6", "3", true),
            ("1e308", "0.123456789", false),
            ("12391239123", "1e-8", true),
            ("1e400", "0.5", true),
            ("1e400", "7", false),
            ("1e-400", "7", false),
            ("98249283749234923498293171823948729348710298301928331", "7", true),
            ("98249283749234923498293171823948729348710298301928332", "7", false),
            ("1e999999999", "18446744073709551615", false),
            ("18446744073709551615e9", "18446744073709551615", true),
        ] {
            assert_eq!(Number::written(value).is_multiple(&known(of)), expect, "{value} {of}");
        }
    }

    proptest! {
        #[test]
        fn small_numbers_are_as_their_integers(a in -999_999i64..999_999, b in -999_999i64..999_999, zeros in 0usize..4) {
            // Both in thousandths, with zeros behind them.
            let text = |n: i64| format!("{}{}.{:03}{}", if n < 0 { "-" } else { "" }, n.abs() / 1000, n.abs() % 1000, "0".repeat(zeros));
            let (x, y) = (text(a), text(b));
            prop_assert_eq!(Number::written(x.as_str()).order(&Number::written(y.as_str())), a.cmp(&b));
            prop_assert_eq!(Number::written(x.as_str()).is_integer(), a % 1000 == 0);
            if b != 0 {
                prop_assert_eq!(Number::written(x.as_str()).is_multiple(&known(&y)), a % b == 0, "{} {}", x, y);
            }
        }
    }
}
