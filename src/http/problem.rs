//! Problem documents (RFC 9457): JSON, or HTML for browsers that ask for it.

use super::{HeaderValue, Response};
use crate::error::GatewayError;
use crate::exchange::Exchange;

/// Turns an early end into a response and writes it to the record.
pub fn response(_cx: &mut Exchange<'_>, error: &GatewayError, _accept: Option<&HeaderValue>) -> Response {
    Response::empty(error.verdict().status)
}
