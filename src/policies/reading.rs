//! Reading a request's body to look into it; the origin still gets it as it came.

use bytes::Bytes;

use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::http::coding::{self, Undecodable};
use crate::http::{BodyError, Request, Violation, media};
use crate::threat::json::Fault;

/// The most that is read of a body where a policy does not say.
pub const MOST: u64 = 1 << 20;

/// What the whole body says, its content coding undone. The body itself stays in memory as it came.
///
/// # Errors
/// 413 where it is longer than `max` or than the route allows, coded or not; 415 where its coding is not known, or its charset is one in
/// which it would say something else; 400 where it breaks off, or is not coded as it says.
pub async fn whole_body(cx: &Exchange<'_>, request: &mut Request, max: u64) -> Result<Bytes, GatewayError> {
    let bytes = every_byte(cx, request, max).await?;
    check_charset(request, &bytes)?;
    let decoded = coding::decoded(&request.headers, bytes, true, max).map_err(undecodable)?;
    if decoded.whole { Ok(decoded.bytes) } else { Err(GatewayError::BodyTooLarge { max }) }
}

/// Holds a body, or its beginning, to a charset in which its bytes say what they seem to say.
///
/// # Errors
/// 415 where it is another one.
pub fn check_charset(request: &Request, bytes: &[u8]) -> Result<(), GatewayError> {
    if bytes.is_empty() || media::is_plain(&request.headers) {
        return Ok(());
    }
    Err(GatewayError::UnsupportedMedia {
        accept: Vec::new(),
        detail: "The body's charset is not one that is taken here; write it in UTF-8.",
    })
}

/// The whole body as it is, coded or not; it stays in memory.
///
/// # Errors
/// 413 where it is longer than `max` or than the route allows, 400 where it breaks off.
pub async fn every_byte(cx: &Exchange<'_>, request: &mut Request, max: u64) -> Result<Bytes, GatewayError> {
    let max = cx.body_max.map_or(max, |allowed| allowed.min(max));
    if request.content_length().is_some_and(|length| length > max) {
        return Err(GatewayError::BodyTooLarge { max });
    }
    request.body.read(max).await.map_err(broken)
}

/// What a body means whose content coding cannot be undone.
pub fn undecodable(error: Undecodable) -> GatewayError {
    match error {
        Undecodable::Unknown => GatewayError::UnsupportedCoding { accept: coding::KNOWN },
        Undecodable::Broken => GatewayError::bad_request("The body is not what its Content-Encoding says."),
    }
}

/// What a body that cannot be read to its end means.
pub fn broken(error: BodyError) -> GatewayError {
    match error {
        BodyError::TooLarge { max } => GatewayError::BodyTooLarge { max },
        BodyError::TooSlow { .. } => GatewayError::BodyTooSlow,
        BodyError::Broken(_) => GatewayError::bad_request("The body broke off."),
    }
}

/// The refusal of a body with a fault. `what` is the format's name.
pub fn refusal(what: &str, fault: Fault) -> GatewayError {
    match fault {
        Fault::Malformed { pointer, reason } => {
            let violation = Violation::new("body", pointer, "format", format!("This is not {what}: {reason}."));
            GatewayError::BodyMalformed { violation: Box::new(violation) }
        }
        Fault::Over { pointer, limit, max } => {
            let message = match max {
                0 => format!("There may be none of `{limit}` here."),
                max => format!("The limit `{limit}` is {max}."),
            };
            GatewayError::BodyOverLimit { violation: Box::new(Violation::new("body", pointer, limit, message)) }
        }
    }
}
