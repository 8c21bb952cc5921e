//! Timestamps (RFC 3339, years 1 to 9999) and durations of CEL, to the nanosecond, without a calendar library.

use std::fmt;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400;
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

/// A moment from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
}

/// A length of time in nanoseconds, at most about 292 years either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub i64);

/// Days since the epoch of a day in the proleptic Gregorian calendar; the month from 1.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month from 1 and day from 1 of a day since the epoch.
fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// Digits of a fixed number, and what follows them.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (head, rest) = text.split_at_checked(count)?;
    head.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    Some((head.parse().ok()?, rest))
}

/// Seconds east of UTC: `UTC`, `Z`, `+02:00`, `-02:00`, `02:00`.
pub fn offset(text: &str) -> Option<i64> {
    if matches!(text, "UTC" | "Z" | "") {
        return Some(0);
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, rest) = digits(rest, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
    (rest.is_empty() && hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

impl Timestamp {
    /// From seconds since the epoch; `None` outside the years 1 to 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        Self::of(seconds, 0)
    }

    /// From milliseconds since the epoch; `None` outside the years 1 to 9999.
    pub fn from_ms(ms: u64) -> Option<Self> {
        Self::of(i64::try_from(ms / 1_000).ok()?, (ms % 1_000) as u32 * 1_000_000)
    }

    fn of(seconds: i64, nanos: u32) -> Option<Self> {
        (FIRST..=LAST).contains(&seconds).then_some(Self { seconds, nanos })
    }

    /// Reads RFC 3339 (section 5.6): `2026-01-31T12:00:00.5+01:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, rest) = digits(text, 4)?;
        let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
        let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
        let (hour, rest) = digits(rest.strip_prefix('T')?, 2)?;
        let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
        let (second, rest) = digits(rest.strip_prefix(':')?, 2)?;
        let (nanos, zone) = match rest.strip_prefix('.') {
            None => (0, rest),
            Some(fraction) => {
                let end = fraction.bytes().position(|byte| !byte.is_ascii_digit())?;
                let (fraction, zone) = fraction.split_at_checked(end)?;
                (format!("{fraction:0<9}").get(..9)?.parse().ok().filter(|_| end > 0)?, zone)
            }
        };
        let east = match zone {
            "Z" => 0,
            zone => zone.starts_with(['+', '-']).then(|| offset(zone))??,
        };
        let days = days_of(year, month, day);
        let real = (1..=12).contains(&month) && date_of(days) == (year, month, day) && hour < 24 && minute < 60 && second < 60;
        real.then(|| Self::of(days * DAY + hour * 3_600 + minute * 60 + second - east, nanos))?
    }

    /// Whole seconds since the epoch, downwards.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Later by a span; `None` outside the years 1 to 9999.
    pub fn plus(self, span: Span) -> Option<Self> {
        let nanos = i64::from(self.nanos) + span.0.rem_euclid(SECOND);
        let seconds = self.seconds.checked_add(span.0.div_euclid(SECOND))? + nanos / SECOND;
        Self::of(seconds, (nanos % SECOND) as u32)
    }

    /// Earlier by a span; `None` outside the years 1 to 9999.
    pub fn minus(self, span: Span) -> Option<Self> {
        match span.0.checked_neg() {
            Some(negative) => self.plus(Span(negative)),
            None => self.plus(Span(i64::MAX))?.plus(Span(1)),
        }
    }

    /// What lies between `earlier` and this; `None` where that is more than a [`Span`] holds.
    pub fn since(self, earlier: Self) -> Option<Span> {
        let seconds = (self.seconds - earlier.seconds).checked_mul(SECOND)?;
        seconds.checked_add(i64::from(self.nanos) - i64::from(earlier.nanos)).map(Span)
    }

    /// One part of the date or the time, `east` seconds east of UTC.
    pub fn part(self, part: Part, east: i64) -> i64 {
        let local = self.seconds + east;
        let (days, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, day) = date_of(days);
        match part {
            Part::FullYear => year,
            Part::Month => month - 1,
            Part::Date => day,
            Part::DayOfMonth => day - 1,
            Part::DayOfWeek => (days + 4).rem_euclid(7),
            Part::DayOfYear => days - days_of(year, 1, 1),
            Part::Hours => second / 3_600,
            Part::Minutes => second / 60 % 60,
            Part::Seconds => second % 60,
            Part::Milliseconds => i64::from(self.nanos / 1_000_000),
        }
    }
}

/// What can be asked of a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The year.
    FullYear,
    /// The month, from 0.
    Month,
    /// The day of the month, from 1.
    Date,
    /// The day of the month, from 0.
    DayOfMonth,
    /// The day of the week, Sunday is 0.
    DayOfWeek,
    /// The day of the year, from 0.
    DayOfYear,
    /// The hour.
    Hours,
    /// The minute.
    Minutes,
    /// The second.
    Seconds,
    /// The thousandths of the second.
    Milliseconds,
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, as many digits of the second as it has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |part| self.part(part, 0);
        let (year, month, date) = (part(Part::FullYear), part(Part::Month) + 1, part(Part::Date));
        let (hours, minutes, seconds) = (part(Part::Hours), part(Part::Minutes), part(Part::Seconds));
        write!(f, "{year:04}-{month:02}-{date:02}T{hours:02}:{minutes:02}:{seconds:02}{}Z", fraction(self.nanos))
    }
}

fn fraction(nanos: u32) -> String {
    match nanos {
        0 => String::new(),
        nanos => format!(".{nanos:09}").trim_end_matches('0').to_owned(),
    }
}

impl Span {
    /// Reads numbers with units: `1h30m`, `-1.5s`, `250ms`; `0` alone is zero. Units: `h`, `m`, `s`, `ms`, `us`, `ns`.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Some(Self(0));
        }
        let mut total: i64 = 0;
        while total == 0 || !rest.is_empty() {
            let end = rest.bytes().position(|byte| !byte.is_ascii_digit() && byte != b'.')?;
            let (number, tail) = rest.split_at_checked(end)?;
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
                return None;
            }
            let unit_end = tail.bytes().position(|byte| byte.is_ascii_digit() || byte == b'.').unwrap_or(tail.len());
            let (unit, tail) = tail.split_at_checked(unit_end)?;
            let unit = match unit {
                "h" => 3_600 * SECOND,
                "m" => 60 * SECOND,
                "s" => SECOND,
                "ms" => 1_000_000,
                "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
                "ns" => 1,
                _ => return None,
            };
            let whole = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()? };
            let mut nanos = whole.checked_mul(unit)?;
            let mut scale = unit;
            for digit in fraction.bytes() {
                scale /= 10;
                nanos = nanos.checked_add(i64::from(digit - b'0') * scale)?;
            }
            total = total.checked_add(nanos)?;
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        Some(Self(if negative { -total } else { total }))
    }
}

impl fmt::Display for Span {
    /// Seconds with as many digits as it has: `-1.5s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (seconds, nanos) = (self.0.unsigned_abs() / SECOND.unsigned_abs(), self.0.unsigned_abs() % SECOND.unsigned_abs());
        write!(f, "{sign}{seconds}{}s", fraction(nanos as u32))
    }
}
