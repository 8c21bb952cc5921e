//! Header fields between two hops: what is removed, and what the gateway says of the client (RFC 9110 section 7.6, RFC 7239).
//!
//! [`admit`] runs before any policy, so that no policy and no route predicate sees what a client merely claims; [`announce`]
//! runs last, before the origin is called.

use std::borrow::Cow;
use std::net::IpAddr;

use super::media::is_token;
use super::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use crate::exchange::Exchange;

const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
const CLIENT_CERT_CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");
const FORWARDED_CLIENT_CERT: HeaderName = HeaderName::from_static("x-forwarded-client-cert");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// How often this gateway's own name may stand in `Via` before a request counts as a loop.
const MOST_PASSES: usize = 3;

/// Fields that belong to one connection (RFC 9110 section 7.6.1, RFC 9112), whether `Connection` names them or not.
pub fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authentication-info"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// A name as origins may read it: CGI and what came after it cannot tell what is neither letter nor digit apart (RFC 3875 section
/// 4.1.18), and it is `-` here.
fn spelled(name: &str) -> Cow<'_, str> {
    let told_apart = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.bytes().all(told_apart) {
        return name.into();
    }
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "-").into()
}

/// Fields by which a client could claim to be someone or somewhere else; only a trusted proxy's are believed. `Proxy` would be a
/// program's way out, where CGI makes `HTTP_PROXY` of it.
fn is_claim(name: &str) -> bool {
    name.starts_with("x-forwarded-")
        || matches!(
            name,
            "forwarded"
                | "cf-connecting-ip"
                | "cf-connecting-ipv6"
                | "cf-pseudo-ipv4"
                | "cf-ipcountry"
                | "cf-visitor"
                | "client-ip"
                | "fastly-client-ip"
                | "forwarded-for"
                | "front-end-https"
                | "proxy"
                | "true-client-ip"
                | "x-client-ip"
                | "x-cluster-client-ip"
                | "x-envoy-external-address"
                | "x-envoy-original-path"
                | "x-forwarded"
                | "x-host"
                | "x-http-host-override"
                | "x-original-forwarded-for"
                | "x-original-host"
                | "x-original-uri"
                | "x-original-url"
                | "x-originating-ip"
                | "x-real-ip"
                | "x-remote-addr"
                | "x-remote-ip"
                | "x-rewrite-url"
                | "x-scheme"
                | "x-url-scheme"
        )
}

/// Removes what belongs to the client's connection and, unless the peer is a trusted proxy, what the client claims of
/// itself, in every spelling. Of a WebSocket handshake (RFC 6455 section 4.1) `Connection` and `Upgrade` are put back, and
/// `TE: trailers` stays. `Expect: 100-continue` goes: the runtime has met it (RFC 9110 section 10.1.1).
pub fn admit(method: &Method, headers: &mut HeaderMap, peer_is_trusted: bool) {
    let names = |headers: &HeaderMap, field, token| tokens(headers, field).any(|part| part.eq_ignore_ascii_case(token));
    let trailers = names(headers, header::TE, "trailers");
    let websocket = *method == Method::GET && names(headers, header::UPGRADE, "websocket") && names(headers, header::CONNECTION, "upgrade");
    remove_named_by_connection(headers);
    remove_where(headers, |name| {
        let read = spelled(name);
        // What frames and types a body has one spelling; in another one it says nothing here, and may say something at an origin.
        let misspelt = read != name && read.starts_with("content-");
        misspelt || is_hop_by_hop(&read) || (!peer_is_trusted && is_claim(&read))
    });
    if headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        headers.remove(header::EXPECT);
    }
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    if websocket {
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
}

/// Whether a header field names another method than the request's own, in any spelling: some origins go by it.
pub fn names_other_method(method: &Method, headers: &HeaderMap) -> bool {
    headers.iter().any(|(name, value)| {
        matches!(&*spelled(name.as_str()), "x-http-method-override" | "x-http-method" | "x-method-override")
            && !value.as_bytes().trim_ascii().eq_ignore_ascii_case(method.as_str().as_bytes())
    })
}

/// What proxies that verify client certificates say of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateFields {
    /// `Client-Cert` (RFC 9440).
    pub client_cert: Vec<HeaderValue>,
    /// `X-Forwarded-Client-Cert`.
    pub forwarded: Vec<HeaderValue>,
}

/// Takes out what tells of a client certificate, in every spelling and whoever sends it: only a policy that knows its proxies may
/// believe it (RFC 9440 section 4), and no origin can tell a proxy's word from a client's.
pub fn set_aside(headers: &mut HeaderMap) -> CertificateFields {
    let all = |name: &HeaderName| headers.get_all(name).iter().cloned().collect();
    let aside = CertificateFields { client_cert: all(&CLIENT_CERT), forwarded: all(&FORWARDED_CLIENT_CERT) };
    remove_every_spelling(headers, &[CLIENT_CERT, CLIENT_CERT_CHAIN, FORWARDED_CLIENT_CERT]);
    aside
}

/// Removes these fields in every spelling that an origin may take for them, such as `x_user` for `x-user`.
pub fn remove_every_spelling(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
    let other = |name: &&HeaderName| spelled(name.as_str()) != name.as_str();
    let meant = |name: &&HeaderName| names.iter().any(|removed| removed.as_str() == spelled(name.as_str()));
    let found: Vec<HeaderName> = headers.keys().filter(other).filter(meant).cloned().collect();
    for name in found {
        headers.remove(name);
    }
}

/// Removes what belongs to the origin's connection; the fields of an upgrade stay with a 101. `Alt-Svc` goes too: it would
/// send clients past the gateway (RFC 7838).
pub fn admit_response(status: StatusCode, headers: &mut HeaderMap) {
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return;
    }
    remove_named_by_connection(headers);
    remove_where(headers, |name| is_hop_by_hop(name) || name == "alt-svc");
}

fn tokens(headers: &HeaderMap, field: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(field).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

fn remove_named_by_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = tokens(headers, header::CONNECTION).filter_map(|name| HeaderName::try_from(name).ok()).collect();
    for name in named {
        headers.remove(name);
    }
}

fn remove_where(headers: &mut HeaderMap, doomed: impl Fn(&str) -> bool) {
    let names: Vec<HeaderName> = headers.keys().filter(|name| doomed(name.as_str())).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// Whether the request has passed this gateway too often already.
pub fn is_loop(headers: &HeaderMap, name: &str) -> bool {
    tokens(headers, header::VIA).filter(|entry| entry.split_whitespace().nth(1) == Some(name)).count() > MOST_PASSES
}

/// Tells the origin of the client, of the trace, and of the gateway: `X-Forwarded-*`, `Forwarded`, `Via`, `traceparent`,
/// `X-Request-Id`. What a trusted proxy or the routes file has said already is kept, and appended to; a `Forwarded` that is none is
/// written anew.
pub fn announce(cx: &Exchange<'_>, request: &mut Request) {
    let Request { target, headers, .. } = request;
    if let Some(peer) = cx.peer {
        let value = match joined(headers, FORWARDED_FOR) {
            Some(before) => format!("{before}, {peer}"),
            None => peer.to_string(),
        };
        insert(headers, FORWARDED_FOR, value);
    }
    if !headers.contains_key(FORWARDED_PROTO) {
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static(target.scheme));
    }
    if !headers.contains_key(FORWARDED_HOST) {
        insert(headers, FORWARDED_HOST, target.authority.as_str());
    }
    if !headers.contains_key(FORWARDED_PORT) {
        let port = target.authority.get(target.host().len()..).and_then(|rest| rest.strip_prefix(':'));
        insert(headers, FORWARDED_PORT, port.unwrap_or(if target.scheme == "https" { "443" } else { "80" }));
    }
    let element = forwarded_element(&cx.settings.name, cx.peer, &target.authority, target.scheme);
    let value = match joined(headers, header::FORWARDED).filter(|before| is_list_of_elements(before)) {
        Some(before) => format!("{before}, {element}"),
        None => element,
    };
    insert(headers, header::FORWARDED, value);
    append_via(headers, cx.client.protocol.as_deref(), &cx.settings.name);
    insert(headers, TRACEPARENT, cx.trace.traceparent());
    if cx.trace.parent_id.is_none() {
        headers.remove(TRACESTATE);
    }
    insert(headers, REQUEST_ID, cx.request_id.as_str());
}

/// Adds this gateway to `Via` (RFC 9110 section 7.6.3), after those that were there before.
pub fn append_via(headers: &mut HeaderMap, protocol: Option<&str>, name: &str) {
    if let Ok(value) = HeaderValue::try_from(format!("{} {name}", protocol.unwrap_or("1.1"))) {
        headers.append(header::VIA, value);
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: impl TryInto<HeaderValue>) {
    if let Ok(value) = value.try_into() {
        headers.insert(name, value);
    }
}

/// All values of a field as one list; `None` where the field is absent.
fn joined(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok()).collect();
    if lines.is_empty() { None } else { Some(lines.join(", ")) }
}

/// Whether a text is a list of elements of `Forwarded` (RFC 7239 section 4), so that one more behind it is one. In a quoted string
/// that is left open, a proxy that passes on what its client wrote would hide what this gateway says.
fn is_list_of_elements(text: &str) -> bool {
    let space = [' ', '\t'];
    let mut rest = text.trim_matches(space);
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once('=') else { return false };
        let length = match value.strip_prefix('"') {
            Some(quoted) => quoted_length(quoted).map(|length| length + 1),
            // Many write `for=192.0.2.7:80` without quotes.
            None => Some(value.find([';', ',', ' ', '\t']).unwrap_or(value.len())).filter(|length| is_bare(value.get(..*length))),
        };
        let (true, Some(behind)) = (is_token(name), length.and_then(|length| value.get(length..))) else { return false };
        rest = behind.trim_start_matches(space);
        if !rest.is_empty() && !rest.starts_with([';', ',']) {
            return false;
        }
        rest = rest.trim_start_matches([';', ',', ' ', '\t']);
    }
    true
}

fn is_bare(value: Option<&str>) -> bool {
    value.is_some_and(|value| !value.is_empty() && !value.contains(['"', '\\']))
}

/// The bytes of a quoted string behind its first quote, with the last one (RFC 9110 section 5.6.4); `None` where it is left open.
fn quoted_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map(|end| end + 1)
}

/// One element of `Forwarded` (RFC 7239 section 4).
fn forwarded_element(name: &str, peer: Option<IpAddr>, authority: &str, scheme: &str) -> String {
    use std::fmt::Write as _;
    let mut element = String::with_capacity(64 + authority.len());
    if name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        let _ = write!(element, "by=_{name};");
    }
    let _ = match peer {
        Some(IpAddr::V4(address)) => write!(element, "for={address}"),
        Some(IpAddr::V6(address)) => write!(element, "for=\"[{address}]\""),
        None => write!(element, "for=unknown"),
    };
    if !authority.contains(['"', '\\']) {
        let _ = write!(element, ";host=\"{authority}\"");
    }
    let _ = write!(element, ";proto={scheme}");
    element
}

/// The method that a CORS preflight asks for (Fetch standard, CORS-preflight request); `None` where it is not one.
pub fn preflight_method(request: &Request) -> Option<Method> {
    let wanted = request.header(header::ACCESS_CONTROL_REQUEST_METHOD.as_str())?;
    let preflight = request.method == Method::OPTIONS && request.headers.contains_key(header::ORIGIN);
    if preflight { Method::from_bytes(wanted.as_bytes()).ok() } else { None }
}

#[cfg(test)]
mod tests;
