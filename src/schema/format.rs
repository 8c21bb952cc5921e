//! The values of `format` that are held to: those of JSON Schema that gateways see, and those of OpenAPI.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::document::Value;

/// A form of a text or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// RFC 3339 section 5.6.
    DateTime,
    /// RFC 3339, `full-date`.
    Date,
    /// RFC 3339, `full-time`.
    Time,
    /// RFC 3339 appendix A: `P1DT2H`.
    Duration,
    /// A mailbox as RFC 5321 has it.
    Email,
    /// The same with letters of all scripts (RFC 6531).
    IdnEmail,
    /// RFC 1123 section 2.1.
    Hostname,
    /// Four numbers.
    Ipv4,
    /// RFC 4291 section 2.2, without a zone.
    Ipv6,
    /// RFC 3986, with a scheme.
    Uri,
    /// RFC 3986.
    UriReference,
    /// RFC 3987, with a scheme.
    Iri,
    /// RFC 3987.
    IriReference,
    /// RFC 9562.
    Uuid,
    /// RFC 6901.
    JsonPointer,
    /// `1/a` or `0#`: a pointer that begins so many levels up.
    RelativeJsonPointer,
    /// OpenAPI: 32 bits with a sign.
    Int32,
    /// OpenAPI: 64 bits with a sign.
    Int64,
    /// OpenAPI: base64 (RFC 4648 section 4).
    Byte,
}

impl Format {
    /// A format by its name; `None` for what is not held to.
    pub fn parse(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// Whether a value is of this form. What is no text, or for the numbers no number, is.
    pub fn fits(self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Int32, Value::Number(number)) => number.whole().is_some_and(|whole| i32::try_from(whole).is_ok()),
            (Self::Int64, Value::Number(number)) => number.whole().is_some(),
            (Self::Int32 | Self::Int64, _) => true,
            (_, Value::Text(text)) => self.is_text(text),
            _ => true,
        }
    }

    fn is_text(self, text: &str) -> bool {
        match self {
            Self::DateTime => date_time(text),
            Self::Date => date(text),
            Self::Time => time(text),
            Self::Duration => duration(text),
            Self::Email => email(text, false),
            Self::IdnEmail => email(text, true),
            Self::Hostname => hostname(text, false),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Uri => uri(text, true, false),
            Self::UriReference => uri(text, false, false),
            Self::Iri => uri(text, true, true),
            Self::IriReference => uri(text, false, true),
            Self::Uuid => uuid(text),
            Self::JsonPointer => json_pointer(text),
            Self::RelativeJsonPointer => relative_json_pointer(text),
            Self::Byte => base64(text),
            Self::Int32 | Self::Int64 => true,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Exactly `length` digits.
fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut read = || Some((digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?, parts.next()));
    let Some((year, month, day, None)) = read() else { return false };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Hours and minutes: `12:30`.
fn clock(text: &str) -> Option<(u32, u32)> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some((hours, minutes))
}

fn time(text: &str) -> bool {
    let read = || {
        let (hours, minutes) = clock(text.get(..5)?)?;
        let rest = text.get(5..)?.strip_prefix(':')?;
        let seconds = digits(rest.get(..2)?, 2)?;
        let mut zone = rest.get(2..)?;
        if let Some(fraction) = zone.strip_prefix('.') {
            zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            (zone.len() < fraction.len()).then_some(())?;
        }
        let offset = match zone {
            "Z" | "z" => 0i64,
            zone => {
                let sign = if zone.starts_with('+') { 1 } else { -1 };
                let (hours, minutes) = clock(zone.strip_prefix(['+', '-'])?)?;
                sign * i64::from(hours * 60 + minutes)
            }
        };
        // A leap second is the last one of a day in UTC.
        let minute = (i64::from(hours * 60 + minutes) - offset).rem_euclid(24 * 60);
        (seconds < 60 || (seconds == 60 && minute == 24 * 60 - 1)).then_some(())
    };
    read().is_some()
}

fn date_time(text: &str) -> bool {
    let split = text.get(..10).zip(text.get(10..11)).zip(text.get(11..));
    split.is_some_and(|((day, between), rest)| date(day) && matches!(between, "T" | "t" | " ") && between != " " && time(rest))
}

fn duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    let (days, times) = match rest.split_once('T') {
        Some((days, times)) => (days, Some(times)),
        None => (rest, None),
    };
    let weeks = days.strip_suffix('W').is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
    if weeks {
        return times.is_none();
    }
    let some = !days.is_empty() || times.is_some();
    some && units(days, "YMD") && times.is_none_or(|times| !times.is_empty() && units(times, "HMS"))
}

/// Numbers with these units, in this order, without a gap between the first and the last.
fn units(text: &str, order: &str) -> bool {
    let mut rest = text;
    let mut next: Option<usize> = None;
    while !rest.is_empty() {
        let number = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Some(unit) = rest.get(number..).and_then(|rest| rest.chars().next()).filter(|_| number > 0) else { return false };
        let Some(place) = order.find(unit) else { return false };
        if next.is_some_and(|next| place != next) {
            return false;
        }
        next = Some(place + 1);
        rest = rest.get(number + 1..).unwrap_or_default();
    }
    true
}

/// `wide` takes letters of all scripts.
fn email(text: &str, wide: bool) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |c: char| c.is_ascii_alphanumeric() || (wide && !c.is_ascii() && !c.is_control()) || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let address = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let domain_fits = match address {
        Some(address) => {
            address.strip_prefix("IPv6:").map_or_else(|| address.parse::<Ipv4Addr>().is_ok(), |address| address.parse::<Ipv6Addr>().is_ok())
        }
        None => hostname(domain, wide),
    };
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    let quoted = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let local_fits = quoted.map_or_else(|| !local.is_empty() && local.chars().all(atom) && !dots, is_quotable);
    local.len() <= 64 && local_fits && domain_fits
}

/// Whether a text may stand in quotes before the `@`: what can be seen, and spaces.
fn is_quotable(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'\\' => bytes.next().is_some_and(|byte| matches!(byte, b' '..=b'~')),
            byte => matches!(byte, b' '..=b'~') && byte != b'"',
        };
        if !fits {
            return false;
        }
    }
    true
}

fn hostname(text: &str, wide: bool) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || (wide && !c.is_ascii() && c.is_alphanumeric()))
    };
    let text = text.strip_suffix('.').unwrap_or(text);
    text.len() <= 253 && text.split('.').all(label)
}

fn uri(text: &str, absolute: bool, wide: bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => bytes.next().is_some_and(|b| b.is_ascii_hexdigit()) && bytes.next().is_some_and(|b| b.is_ascii_hexdigit()),
            b => (wide && !b.is_ascii()) || b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&b),
        };
        if !fits {
            return false;
        }
    }
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    if fragment.contains(['#', '[', ']']) {
        return false;
    }
    let scheme = before.split_once(':').filter(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    });
    let rest = match scheme {
        Some((_, rest)) => rest,
        None if absolute => return false,
        // Without a scheme the first segment of a path has no colon.
        None if before.split(['/', '?']).next().unwrap_or_default().contains(':') => return false,
        None => before,
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let port = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => port,
            _ => return false,
        },
        None if host.contains(['[', ']']) => return false,
        None => host.find(':').and_then(|at| host.get(at..)).unwrap_or_default(),
    };
    !path.contains(['[', ']']) && (port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit())))
}

fn uuid(text: &str) -> bool {
    let mut groups = text.split('-');
    let fits = [8, 4, 4, 4, 12]
        .iter()
        .all(|length| groups.next().is_some_and(|group| group.len() == *length && group.bytes().all(|b| b.is_ascii_hexdigit())));
    fits && groups.next().is_none()
}

fn json_pointer(text: &str) -> bool {
    (text.is_empty() || text.starts_with('/')) && text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']))
}

fn relative_json_pointer(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (up, rest) = text.split_at(digits);
    digits > 0 && (up == "0" || !up.starts_with('0')) && (rest == "#" || json_pointer(rest))
}

fn base64(text: &str) -> bool {
    let plain = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - plain.len() <= 2
        && plain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::document::read;

    #[test]
    fn formats_are_told_apart() {
        for (name, right, wrong) in [
            (
                "date-time",
                &["1963-06-19T08:30:06.283185Z", "1998-12-31T23:59:60Z", "1998-12-31T15:59:60.123-08:00", "2024-02-29t00:00:00z"][..],
                &[
                    "1963-06-19 08:30:06Z",
                    "1990-02-31T15:59:59Z",
                    "1998-12-31T23:58:60Z",
                    "2023-02-29T00:00:00Z",
                    "1963-06-19T08:30:06",
                    "1985-04-12T23:20:50.Z",
                    "06/19/1963",
                    "1963-6-19T08:30:06Z",
                    "\u{661}963-06-19T08:30:06Z",
                ][..],
            ),
            ("date", &["2020-01-31", "2000-02-29"], &["2020-01-32", "1900-02-29", "2020-13-01", "2020-1-01", "2020-01-01Z", ""]),
            (
                "time",
                &["08:30:06Z", "23:59:60Z", "08:30:06.1+01:30"],
                &["24:00:00Z", "08:30:06", "08:30:06+24:00", "22:59:60Z", "8:30:06Z"],
            ),
            (
                "duration",
                &["P4Y", "PT0S", "P1Y2M3DT4H5M6S", "P2W", "PT36H"],
                &["P", "PT", "4Y", "P1D2H", "P2D1Y", "P1Y2W", "P1", "P1YT", "P1Y3D"],
            ),
            (
                "email",
                &["joe.bloggs@example.com", "te~st@example.com", "a@[127.0.0.1]", "\"joe bloggs\"@example.com", "\"a\\\"@b\"@example.com"],
                &["2962", ".a@example.com", "a..b@example.com", "a@", "a b@example.com", "a@-x", "\"a\"b\"@x", "\"a@x"],
            ),
            ("hostname", &["www.example.com", "xn--4gbwdl.xn--wgbh1c", "a"], &["-a.example", "a_b", "a..b", "", &"a".repeat(64)]),
            ("ipv4", &["192.168.0.1"], &["127.0.0.0.1", "256.1.1.1", "127.0", "0x7f000001", "087.10.0.1"]),
            ("ipv6", &["::1", "::ffff:192.168.0.1"], &["12345::", "::1%eth0", "1::1::1", "fe80::/64"]),
            (
                "uri",
                &["http://foo.bar/?baz=qux#quux", "mailto:a@b.example", "urn:oasis:names", "http://[::1]:80/"],
                &["//foo.bar/", "/abc", "http:// x", "bar,baz:foo", "http://a/<b>", "http://[x]/", "http://a:b/", "%zz:"],
            ),
            ("uri-reference", &["/abc", "//foo.bar/", "#frag", "a/b:c"], &["\\\\WINDOWS", "#frag\\ment", "1:a"]),
            (
                "uuid",
                &["2EB8AA08-aa98-11ea-b4aa-73b441d16380"],
                &["2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638x"],
            ),
            ("json-pointer", &["", "/a~1b/~0/0", "/"], &["a", "/a~", "/~2"]),
            ("relative-json-pointer", &["1", "0/foo", "0#", "120/a~1b"], &["/a", "-1/a", "01/a", "0##", "", "1a", "1/~2"]),
            ("idn-email", &["\u{c2e4}\u{b840}@\u{c2e4}\u{b840}.kr", "a@b.example"], &["a", "@a", "a b@\u{c2e4}"]),
            ("iri", &["http://\u{192}\u{f8}\u{f8}.\u{df}\u{e5}r/?\u{2202}=x", "a:b"], &["/\u{e9}", "\u{e9}", "http:// \u{e9}"]),
            ("iri-reference", &["/\u{e2}\u{3c0}", "#\u{192}"], &["\\\u{e9}", "#\u{192}\\"]),
            ("byte", &["", "YQ==", "YWJj"], &["YQ", "YQ===", "Y Q=", "YQ-_"]),
        ] {
            let format = Format::parse(name).unwrap();
            right.iter().for_each(|text| assert!(format.fits(&Value::Text((*text).into())), "{name}: {text}"));
            wrong.iter().for_each(|text| assert!(!format.fits(&Value::Text((*text).into())), "{name}: {text}"));
            assert!(format.fits(&Value::Null), "{name} is about texts");
        }
        for (name, value, expect) in [
            ("int32", "2147483647", true),
            ("int32", "2147483648", false),
            ("int64", "9223372036854775807", true),
            ("int64", "9223372036854775808", false),
            ("int32", "\"x\"", true),
        ] {
            assert_eq!(Format::parse(name).unwrap().fits(&read(value.as_bytes(), 1).unwrap()), expect, "{name} {value}");
        }
        assert_eq!(Format::parse("colour"), None);
    }
}
