//! The routing table: host, then path, then method, header fields and query.

use std::rc::Rc;

use super::Route;
use crate::config::runtime::GatewayForm;
use crate::error::GatewayError;
use crate::http::{HeaderMap, Method, Target};
use crate::origins::Origin;
use crate::policies::guard::Guarded;

/// What a look-up found.
pub struct Found {
    /// The route that won.
    pub route: Rc<Route>,
    /// Path parameters by name, in the order of the template.
    pub params: Vec<(String, String)>,
}

/// An origin by its name, or why it could not be built.
pub type BuiltOrigin = (Rc<str>, Result<Rc<dyn Origin>, String>);

/// All routes.
pub struct Table {}

impl Table {
    /// Builds the table.
    ///
    /// # Errors
    /// Where an index points nowhere or a path cannot be inserted.
    pub fn build(_form: &GatewayForm, _policies: &[Rc<Guarded>], _origins: &[BuiltOrigin]) -> Result<Self, String> {
        Ok(Self {})
    }

    /// The one route for a request.
    ///
    /// # Errors
    /// [`GatewayError::RouteNotFound`], [`GatewayError::MethodNotAllowed`] or [`GatewayError::Misdirected`].
    pub fn find(&self, _target: &Target, _method: &Method, _headers: &HeaderMap) -> Result<Found, GatewayError> {
        Err(GatewayError::RouteNotFound)
    }
}
