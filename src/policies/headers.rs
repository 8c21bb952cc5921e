//! Sets, adds and removes header fields of the request and the response.

use super::prelude::*;

/// `{ headers = { request = { set = { "x-api" = "{api}" } }, response = { remove = ["server"] } } }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// The compiled edits.
pub struct Headers {}

impl Headers {
    /// # Errors
    /// Where a name or a value is not one that HTTP allows.
    pub fn compile(_: Config, _: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        Ok(Self {})
    }
}

#[async_trait(?Send)]
impl Policy for Headers {}
