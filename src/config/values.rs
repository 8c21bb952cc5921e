//! Values with units, as they are written: `"30s"`, `"64KB"`, `"10/min"`, `"50%"`, `{ secret = "NAME" }`.
//!
//! Each is right by construction, says what it expects when it is not, and writes itself back in one canonical spelling.

use std::fmt;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time: a whole number and one of `ms`, `s`, `m` (or `min`), `h`, `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(u64);

impl Duration {
    /// From milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// In milliseconds.
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// In whole seconds, rounded up.
    pub const fn seconds(self) -> u64 {
        self.0.div_ceil(1000)
    }
}

/// A number of bytes: a whole number and one of `B`, `KB`, `MB`, `GB` (powers of 1,000) or `KiB`, `MiB`, `GiB` (of 1,024).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

impl ByteSize {
    /// From bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// In bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

/// So many in a length of time: `20/s`, `10/min`, `1000/h`, `5000/d`, `100/10s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At least 1.
    pub quota: u64,
    /// At least one second.
    pub per: Duration,
}

/// How many failed proofs are let pass in a time, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures(pub Option<Rate>);

/// A share: a number from 0 to 100 and `%`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percent(f64);

impl Percent {
    /// From a share between 0 and 1.
    pub const fn from_share(share: f64) -> Self {
        Self(share)
    }

    /// As a share between 0 and 1.
    pub const fn share(self) -> f64 {
        self.0
    }
}

/// The name of a secret of the deployment; its value never stands in a routes file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Its name, as in `wrangler secret put NAME`.
    pub secret: String,
}

/// Splits `30s` into its number and its unit.
fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
}

fn time_unit_ms(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" => 1,
        "s" | "sec" | "second" => 1_000,
        "m" | "min" | "minute" => 60_000,
        "h" | "hour" => 3_600_000,
        "d" | "day" => 86_400_000,
        _ => return None,
    })
}

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a duration; write a whole number with ms, s, m, h or d, such as \"30s\"");
        let (number, unit) = number_and_unit(text).ok_or_else(wrong)?;
        let unit = time_unit_ms(unit).ok_or_else(wrong)?;
        number.checked_mul(unit).map(Self).ok_or_else(|| format!("`{text}` is too long a duration"))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        match units.iter().find(|(ms, _)| self.0 != 0 && self.0.is_multiple_of(*ms)) {
            Some((ms, unit)) => write!(f, "{}{unit}", self.0 / ms),
            None => write!(f, "{}ms", self.0),
        }
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a size; write a whole number with B, KB, MB, GB, KiB, MiB or GiB, such as \"64KB\"");
        let (number, unit) = number_and_unit(text).ok_or_else(wrong)?;
        let unit: u64 = match unit {
            "B" => 1,
            "KB" | "kB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(wrong()),
        };
        number.checked_mul(unit).map(Self).ok_or_else(|| format!("`{text}` is too large a size"))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1_000_000_000, "GB"), (1 << 30, "GiB"), (1_000_000, "MB"), (1 << 20, "MiB"), (1_000, "KB"), (1 << 10, "KiB")];
        match units.iter().find(|(bytes, _)| self.0 != 0 && self.0.is_multiple_of(*bytes)) {
            Some((bytes, unit)) => write!(f, "{}{unit}", self.0 / bytes),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a rate; write a number, a slash and a time, such as \"20/s\", \"10/min\" or \"100/10s\"");
        let (quota, per) = text.split_once('/').ok_or_else(wrong)?;
        let quota: u64 = quota.trim().parse().map_err(|_| wrong())?;
        let per = per.trim();
        let per = match time_unit_ms(per) {
            Some(ms) => Duration(ms),
            None => per.parse().map_err(|_| wrong())?,
        };
        if quota == 0 {
            return Err(format!("`{text}` allows nothing; the least is 1"));
        }
        if per.0 < 1_000 {
            return Err(format!("`{text}` has a window under one second"));
        }
        Ok(Self { quota, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per.0 {
            1_000 => write!(f, "{}/s", self.quota),
            60_000 => write!(f, "{}/min", self.quota),
            3_600_000 => write!(f, "{}/h", self.quota),
            86_400_000 => write!(f, "{}/d", self.quota),
            _ => write!(f, "{}/{}", self.quota, self.per),
        }
    }
}

impl FromStr for Failures {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self(None)),
            rate => rate.parse().map(|rate| Self(Some(rate))).map_err(|message| format!("{message}, or \"off\"")),
        }
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rate) => rate.fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number: Option<f64> = text.strip_suffix('%').and_then(|number| number.trim().parse().ok());
        match number {
            Some(number) if (0.0..=100.0).contains(&number) => Ok(Self(number / 100.0)),
            _ => Err(format!("`{text}` is not a share; write a number from 0 to 100 with %, such as \"50%\"")),
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", (self.0 * 1e8).round() / 1e6)
    }
}

macro_rules! as_text {
    ($($type:ident: $pattern:literal, $about:literal, $expect:literal;)+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expect)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        #[cfg(not(target_arch = "wasm32"))]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern, "description": $about })
            }
        }
    )+};
}

as_text! {
    Duration: "^[0-9]+ ?(ms|s|sec|second|m|min|minute|h|hour|d|day)$", "A duration: a whole number with ms, s, m, h or d.", "a duration in quotes, such as \"30s\"";
    ByteSize: "^[0-9]+ ?(B|KB|kB|MB|GB|KiB|MiB|GiB)$", "A size: a whole number with B, KB, MB, GB, KiB, MiB or GiB.", "a size in quotes, such as \"64KB\"";
    Rate: "^[1-9][0-9]* ?/ ?([0-9]+ ?)?(s|sec|second|m|min|minute|h|hour|d|day)$", "A rate: a number, a slash and a time.", "a rate in quotes, such as \"20/s\"";
    Failures: "^(off|[1-9][0-9]* ?/ ?([0-9]+ ?)?(s|sec|second|m|min|minute|h|hour|d|day))$", "A rate, or `off`.", "a rate in quotes, such as \"10/min\", or \"off\"";
    Percent: "^[0-9]+(\\.[0-9]+)? ?%$", "A share: a number from 0 to 100 with %.", "a share in quotes, such as \"50%\"";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check<T: FromStr<Err = String> + fmt::Display>(input: &str, expect: Result<&str, &str>) {
        let got = input.parse::<T>().map(|value| value.to_string());
        match expect {
            Ok(expect) => assert_eq!(got, Ok(expect.to_owned()), "{input}"),
            Err(part) => assert!(got.as_ref().is_err_and(|e| e.contains(part)), "{input}: {got:?}"),
        }
    }

    #[test]
    fn values_read_and_write_their_units() {
        check::<Duration>("30s", Ok("30s"));
        check::<Duration>("90 min", Ok("90m"));
        check::<Duration>("1500ms", Ok("1500ms"));
        check::<Duration>("0s", Ok("0ms"));
        check::<Duration>("30", Err("not a duration"));
        check::<Duration>("s", Err("not a duration"));
        check::<Duration>("99999999999999d", Err("too long"));
        check::<ByteSize>("64KB", Ok("64KB"));
        check::<ByteSize>("1024KiB", Ok("1MiB"));
        check::<ByteSize>("12 parsecs", Err("not a size"));
        check::<Rate>("10/min", Ok("10/min"));
        check::<Rate>("100 / 10s", Ok("100/10s"));
        check::<Rate>("0/s", Err("allows nothing"));
        check::<Rate>("10/100ms", Err("under one second"));
        check::<Rate>("ten/s", Err("not a rate"));
        check::<Failures>("off", Ok("off"));
        check::<Failures>("10/min", Ok("10/min"));
        check::<Failures>("never", Err("or \"off\""));
        check::<Percent>("12.5%", Ok("12.5%"));
        check::<Percent>("101%", Err("not a share"));
    }

    proptest! {
        #[test]
        fn every_duration_is_read_back(ms in 0u64..1_000_000_000_000) {
            prop_assert_eq!(Duration(ms).to_string().parse::<Duration>(), Ok(Duration(ms)));
        }

        #[test]
        fn every_size_is_read_back(bytes in 0u64..u64::MAX / 2) {
            prop_assert_eq!(ByteSize(bytes).to_string().parse::<ByteSize>(), Ok(ByteSize(bytes)));
        }

        #[test]
        fn no_text_breaks_a_parser(text in ".{0,40}") {
            let _ = (text.parse::<Duration>(), text.parse::<ByteSize>(), text.parse::<Rate>(), text.parse::<Percent>());
        }
    }
}
