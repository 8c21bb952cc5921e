//! One question to another server and its whole answer: key sets, discovery documents, decision points.

use bytes::Bytes;

use super::{Fetch, FetchError};
use crate::http::{HeaderMap, OriginRequest, StatusCode};

/// A whole answer, in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status; redirects are not followed.
    pub status: StatusCode,
    /// All header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Sends a request and reads at most `max` bytes of its answer.
///
/// # Errors
/// Where there is no whole answer; the text is for the log, and names the server without the query.
pub async fn ask(fetch: &dyn Fetch, request: OriginRequest, max: u64) -> Result<Answer, String> {
    let (deadline_ms, url) = (request.first_byte_ms, request.url.split('?').next().unwrap_or_default().to_owned());
    let mut response = match fetch.fetch(request).await {
        Ok(response) => response,
        Err(FetchError::Timeout) => return Err(format!("{url} did not answer in {deadline_ms} ms")),
        Err(FetchError::BodyTooLarge | FetchError::BodyTooSlow) => return Err(format!("{url} did not take the request")),
        Err(FetchError::Unreachable(detail)) => return Err(format!("{url} is not reachable: {detail}")),
    };
    let body = response.body.read(max).await.map_err(|error| format!("the body of {url} cannot be read: {error:?}"))?;
    Ok(Answer { status: response.status, headers: response.headers, body })
}

/// As [`ask`], where only an answer with status 200 is one.
///
/// # Errors
/// Also where the status is another one.
pub async fn ask_for(fetch: &dyn Fetch, request: OriginRequest, max: u64) -> Result<Bytes, String> {
    let url = request.url.split('?').next().unwrap_or_default().to_owned();
    let answer = ask(fetch, request, max).await?;
    match answer.status {
        StatusCode::OK => Ok(answer.body),
        status => Err(format!("{url} answered with status {}", status.as_u16())),
    }
}
