//! Header fields between two hops: what is removed, and what the gateway says of the client (RFC 9110 section 7.6, RFC 7239).

use super::{Method, Request, header};

/// The method that a CORS preflight asks for (Fetch standard, CORS-preflight request); `None` where it is not one.
pub fn preflight_method(request: &Request) -> Option<Method> {
    let wanted = request.header(header::ACCESS_CONTROL_REQUEST_METHOD.as_str())?;
    let preflight = request.method == Method::OPTIONS && request.headers.contains_key(header::ORIGIN);
    if preflight { Method::from_bytes(wanted.as_bytes()).ok() } else { None }
}
