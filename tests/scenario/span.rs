//! A span of time in a scenario, such as `"30s"`. It is not the crate's own type: the tests inside wasm cannot link the crate,
//! whose imports exist in the worker alone.

use serde::Deserialize;

/// A whole number of `ms`, `s`, `m`, `h` or `d`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(u64);

impl Span {
    /// In milliseconds.
    pub fn ms(self) -> u64 {
        self.0
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let unit_ms = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
        let unit_ms = unit_ms.iter().find(|(name, _)| *name == unit).map(|(_, ms)| *ms);
        let wrong = || format!("`{text}` is no span of time, such as `30s`");
        Ok(Self(number.parse::<u64>().map_err(|_| wrong())? * unit_ms.ok_or_else(wrong)?))
    }
}
