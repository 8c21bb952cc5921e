//! `cases.json`: what is served and sent, and what must come of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The time of rows that do not say one, in seconds: any between 2024 and 2100 gives the same verdicts.
pub const NOW_S: u64 = 1_800_000_000;

/// The whole set.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// Secrets of the deployment.
    pub secrets: BTreeMap<String, String>,
    /// Key sets that issuers publish, by URL.
    pub published: BTreeMap<String, Value>,
    /// `jwt` policies by name, as routes files have them.
    pub policies: BTreeMap<String, Value>,
    /// One row per token.
    pub rows: Vec<Row>,
}

/// One token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Unique.
    pub name: String,
    /// Which policy it is sent to.
    pub policy: String,
    /// As it is sent after `Bearer `.
    pub token: String,
    /// The time in seconds, where the verdict depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<u64>,
    /// `ok`, or the name of the refusal.
    pub expect: String,
}

/// What is left for a token of the longest header field, 16 KiB with its name and the scheme.
const LONGEST: usize = (16 << 10) - 32;

impl Row {
    /// Whether a header field can carry the token as it is. It is no longer than a gateway lets a field be.
    pub fn fits_a_header(&self) -> bool {
        self.token.len() < LONGEST && self.token.trim() == self.token && self.token.bytes().all(|byte| matches!(byte, b' '..=b'~'))
    }
}

impl Cases {
    /// Reads the committed set.
    pub fn read() -> Self {
        serde_json::from_str(include_str!("cases.json")).expect("cases.json")
    }
}
