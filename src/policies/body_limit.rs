//! Refuses a request whose body is larger than the route allows (413, RFC 9110 section 15.5.14).

use super::prelude::*;
use crate::config::values::ByteSize;

/// `{ body_limit = "64KB" }`: the largest body that may pass.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Config(ByteSize);

/// Holds the largest body, in bytes, that may pass.
pub struct BodyLimit {
    max: u64,
}

impl BodyLimit {
    /// Never fails: a [`ByteSize`] is right by construction.
    pub fn compile(config: Config, _: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        Ok(Self { max: config.0.bytes() })
    }
}

#[async_trait(?Send)]
impl Policy for BodyLimit {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        match request.content_length() {
            Some(length) if length > self.max => Err(GatewayError::BodyTooLarge { max: self.max }),
            Some(_) => Ok(Flow::Next),
            None => {
                cx.body_max = Some(cx.body_max.map_or(self.max, |max| max.min(self.max)));
                Ok(Flow::Next)
            }
        }
    }
}
