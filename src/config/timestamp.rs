//! Moments as they are written: `2027-01-31`, the beginning of that day in UTC, or `2027-01-31T12:00:00Z` (RFC 3339 section 5.6).

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment between 1970 and 9999, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_ms(epoch_ms: u64) -> Self {
        Self(epoch_ms)
    }

    /// In milliseconds since the Unix epoch.
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// From `Dec 22 19:39:00 2018 GMT`, as the edge and OpenSSL write the times of certificates; `None` for anything else.
    pub fn of_certificate(text: &str) -> Option<Self> {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let mut words = text.split_ascii_whitespace();
        let month = words.next()?;
        let month = MONTHS.iter().zip(1..).find(|(name, _)| **name == month)?.1;
        let (day, time, year) = (digits(words.next()?)?, words.next()?, words.next()?);
        if words.next()? != "GMT" || words.next().is_some() || year.len() != 4 {
            return None;
        }
        let ms = days(digits(year)?, month, day)?.checked_mul(86_400_000)?.checked_add(time_of_day_ms(time)?)?;
        Some(Self(ms))
    }

    fn read(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once(['T', 't', ' ']) {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let mut parts = date.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return None;
        }
        let day_ms = days(digits(year)?, digits(month)?, digits(day)?)?.checked_mul(86_400_000)?;
        let Some(time) = time else { return Some(Self(day_ms)) };
        let at = time.find(['Z', 'z', '+', '-'])?;
        let (time, zone) = time.split_at_checked(at)?;
        let moment = day_ms.checked_add(time_of_day_ms(time)?)?;
        match zone {
            "Z" | "z" => Some(Self(moment)),
            _ => {
                let (sign, zone) = zone.split_at_checked(1)?;
                let (hours, minutes) = zone.split_once(':')?;
                let (hours, minutes) = (two_digits(hours, 23)?, two_digits(minutes, 59)?);
                let offset_ms = (hours * 60 + minutes) * 60_000;
                if sign == "+" { moment.checked_sub(offset_ms).map(Self) } else { moment.checked_add(offset_ms).map(Self) }
            }
        }
    }
}

fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn two_digits(text: &str, most: u64) -> Option<u64> {
    digits(text).filter(|number| text.len() == 2 && *number <= most)
}

/// `12:00:00` or `12:00:00.123`; what is finer than a millisecond is cut off.
fn time_of_day_ms(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut parts = whole.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let seconds = (two_digits(hour, 23)? * 60 + two_digits(minute, 59)?) * 60 + two_digits(second, 59)?;
    let ms = match fraction {
        None => 0,
        Some(fraction) => {
            digits(fraction)?;
            format!("{fraction:0<3}").get(..3)?.parse().ok()?
        }
    };
    Some(seconds * 1_000 + ms)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar; `None` where there is no such day. Years are counted from March, as in
/// [`crate::observe::time`].
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

impl FromStr for Timestamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::read(text).ok_or_else(|| format!("`{text}` is not a moment; write it as \"2027-01-31\" or \"2027-01-31T12:00:00Z\""))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = crate::observe::time::rfc3339(self.0);
        f.write_str(&text.replace(".000Z", "Z"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$",
            "description": "A moment: a day in UTC, or an RFC 3339 date and time."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn moments_are_read() {
        for (text, expect) in [
            ("2026-11-23", Some("2026-11-23T00:00:00Z")),
            ("2026-11-23T07:16:20Z", Some("2026-11-23T07:16:20Z")),
            ("2026-11-23t07:16:20.5z", Some("2026-11-23T07:16:20.500Z")),
            ("2026-11-23 07:16:20.123999Z", Some("2026-11-23T07:16:20.123Z")),
            ("2026-11-23T00:30:00+01:00", Some("2026-11-22T23:30:00Z")),
            ("2026-11-23T23:30:00-01:00", Some("2026-11-24T00:30:00Z")),
            ("2000-02-29", Some("2000-02-29T00:00:00Z")),
            ("2024-02-29", Some("2024-02-29T00:00:00Z")),
            ("1970-01-01", Some("1970-01-01T00:00:00Z")),
            ("9999-12-31", Some("9999-12-31T00:00:00Z")),
            ("2100-02-29", None),
            ("2026-02-30", None),
            ("2026-13-01", None),
            ("2026-00-01", None),
            ("2026-1-01", None),
            ("1969-12-31", None),
            ("2026-11-23T07:16:20", None),
            ("2026-11-23T24:00:00Z", None),
            ("2026-11-23T07:16Z", None),
            ("2026-11-23T07:16:20.Z", None),
            ("+026-11-23", None),
            ("tomorrow", None),
            ("", None),
        ] {
            let got = text.parse::<Timestamp>().ok().map(|moment| moment.to_string());
            assert_eq!(got.as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn times_of_certificates_are_read() {
        for (text, expect) in [
            ("Dec 22 19:39:00 2018 GMT", Some("2018-12-22T19:39:00Z")),
            ("Jan  2 03:04:05 2027 GMT", Some("2027-01-02T03:04:05Z")),
            ("Dec 22 19:39:00 2018", None),
            ("Dec 22 19:39:00 2018 CET", None),
            ("Foo 22 19:39:00 2018 GMT", None),
            ("Dec 32 19:39:00 2018 GMT", None),
            ("", None),
        ] {
            assert_eq!(Timestamp::of_certificate(text).map(|moment| moment.to_string()).as_deref(), expect, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_is_read_back(ms in 0u64..253_402_300_800_000) {
            let moment = Timestamp::from_ms(ms);
            prop_assert_eq!(moment.to_string().parse::<Timestamp>(), Ok(moment));
        }

        #[test]
        fn no_text_breaks_the_readers(text in ".{0,40}") {
            let _ = (text.parse::<Timestamp>(), Timestamp::of_certificate(&text));
        }
    }
}
