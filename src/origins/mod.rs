//! The registry of origins: one file per kind.

use std::rc::Rc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::config::compiler::{Compiler, ConfigError};
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::http::{Request, Response};

pub mod balance;
pub mod fixed;
pub mod http;
pub mod redirect;
pub mod revocations;

/// What answers a request in the end.
#[async_trait(?Send)]
pub trait Origin {
    /// Answers, or says why it cannot.
    async fn call(&self, cx: &mut Exchange<'_>, request: Request) -> Result<Response, GatewayError>;
}

/// An origin as the runtime form has it: `{ kind = { ... } }`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OriginConfig {
    /// One or several HTTP servers.
    Http(http::Config),
    /// A fixed answer.
    Static(fixed::Config),
    /// A redirect to elsewhere.
    Redirect(redirect::Config),
    /// A list of withdrawn tokens.
    Revocations(revocations::Config),
}

impl OriginConfig {
    /// Builds what runs.
    ///
    /// # Errors
    /// Where a value cannot work, with the field it stands in.
    pub fn compile(&self, compiler: &mut Compiler<'_>) -> Result<Rc<dyn Origin>, ConfigError> {
        match self {
            Self::Http(config) => Ok(Rc::new(http::HttpOrigin::compile(config.clone(), compiler)?)),
            Self::Static(config) => Ok(Rc::new(fixed::Fixed::compile(config.clone(), compiler)?)),
            Self::Revocations(config) => Ok(Rc::new(revocations::Revocations::compile(config.clone(), compiler)?)),
            Self::Redirect(config) => Ok(Rc::new(redirect::Redirect::compile(config.clone(), compiler)?)),
        }
    }
}
