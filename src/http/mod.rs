//! The core's HTTP: a request as the policies see it, a response, and bodies that stay outside wasm until somebody reads.

pub mod address;
pub mod authority;
pub mod body;
pub mod coding;
pub mod cookie;
pub mod edge;
pub mod fetch_metadata;
pub mod forwarded;
pub mod intake;
pub mod media;
pub mod multipart;
pub mod path;
pub mod path_template;
pub mod problem;
#[cfg(not(target_arch = "wasm32"))]
pub mod problem_table;
pub mod query;
pub mod structured;
pub mod target;
pub mod violation;
pub mod web_origin;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
pub use body::{Body, BodyError, NativeBody, Peeked};
pub use media::Media;
pub use target::Target;
pub use violation::Violation;

/// A request on its way through the policies.
#[derive(Debug)]
pub struct Request {
    /// The method as sent.
    pub method: Method,
    /// Scheme, host, normalised path and query.
    pub target: Target,
    /// All header fields; names in lower case, as HTTP/2 has them.
    pub headers: HeaderMap,
    /// The body, untouched as long as nobody reads it.
    pub body: Body,
}

impl Request {
    /// The value of `Content-Length`, where there is exactly one and it is a number (RFC 9110 section 8.6).
    pub fn content_length(&self) -> Option<u64> {
        match &self.body {
            Body::Empty => Some(0),
            Body::Full(bytes) => Some(bytes.len() as u64),
            Body::Native(native) if native.is_empty() => Some(0),
            Body::Native(_) => content_length(&self.headers),
        }
    }

    /// The first value of a header field as text; `None` where it is absent or not visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A response on its way back.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// All header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl Response {
    /// A response without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Empty }
    }

    /// A response with a body of this media type.
    pub fn full(status: StatusCode, media_type: &'static str, body: impl Into<bytes::Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        Self { status, headers, body: Body::Full(body.into()) }
    }

    /// The first value of a header field as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Takes the body off where HTTP has none: answers to HEAD, 204 and 304 (RFC 9110 sections 9.3.2, 15.3.5 and 15.4.5).
    /// The length of a body in memory is still told to HEAD.
    pub fn settle(&mut self, method: &Method) {
        if *method == Method::HEAD {
            if let Body::Full(bytes) = &self.body
                && !self.headers.contains_key(header::CONTENT_LENGTH)
            {
                self.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            }
            self.body = Body::Empty;
        }
        if matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            self.body = Body::Empty;
        }
        if self.status == StatusCode::NO_CONTENT {
            self.headers.remove(header::CONTENT_LENGTH);
        }
    }
}

/// One request to an origin, as the [`crate::ports::Fetch`] port takes it.
#[derive(Debug)]
pub struct OriginRequest {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    /// Header fields without `Host`: that is the URL's authority.
    pub headers: HeaderMap,
    /// The body, handed on as it came.
    pub body: Body,
    /// How long the response's first byte may take, connecting included; 0 for no limit.
    pub first_byte_ms: u64,
    /// How long the whole exchange may take, the response's body included; 0 for no limit.
    pub total_ms: u64,
}

/// `Content-Length` of a header map, where there is exactly one and it is digits only.
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    match (values.next(), values.next()) {
        (Some(value), None) if value.as_bytes().iter().all(u8::is_ascii_digit) => value.to_str().ok()?.parse().ok(),
        _ => None,
    }
}
