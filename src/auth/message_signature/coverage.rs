//! What a signature must cover, and whether it does.

use std::fmt;

use crate::http::HeaderName;
use crate::http::structured::{Bare, InnerList, Item};

/// Something that a signature must cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// Scheme aside, the whole target: `@target-uri`, or `@authority` with `@request-target`, or `@authority`, `@path` and `@query`.
    Target,
    /// This component: a header field, or a derived component such as `@method`.
    Component(String),
}

impl Coverage {
    /// Reads what is written in the routes file: `"@target-uri"`, `"@method"`, `"content-type"`.
    ///
    /// # Errors
    /// Where nothing of this name can be covered.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "@target-uri" => Ok(Self::Target),
            "@method" | "@authority" | "@scheme" | "@request-target" | "@path" | "@query" => Ok(Self::Component(text.to_owned())),
            "@query-param" => Err("write \"@query\" for all parameters; a single one cannot be asked for".to_owned()),
            "@status" => Err("a request has no status".to_owned()),
            name if name.starts_with('@') => Err(format!("there is no derived component `{name}`")),
            name if HeaderName::from_lowercase(name.as_bytes()).is_ok() => Ok(Self::Component(name.to_owned())),
            name => Err(format!("`{name}` is not the name of a header field in lower case")),
        }
    }

    /// Whether a list of covered components has it.
    pub fn is_in(&self, input: &InnerList) -> bool {
        let has = |name: &str| input.items.iter().any(|item| is_whole(item) && matches!(&item.value, Bare::String(known) if known == name));
        match self {
            Self::Target => has("@target-uri") || (has("@authority") && (has("@request-target") || (has("@path") && has("@query")))),
            Self::Component(name) => {
                let contained = match name.as_str() {
                    "@authority" | "@scheme" => has("@target-uri"),
                    "@path" | "@query" => has("@target-uri") || has("@request-target"),
                    _ => false,
                };
                contained || has(name)
            }
        }
    }
}

/// Whether all of the component is meant, in whatever spelling, and not one member of it.
fn is_whole(item: &Item) -> bool {
    item.parameters.0.iter().all(|(name, _)| matches!(name.as_str(), "sf" | "bs"))
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target => f.write_str("@target-uri"),
            Self::Component(name) => f.write_str(name),
        }
    }
}
