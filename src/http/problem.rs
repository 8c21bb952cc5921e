//! Problem documents (RFC 9457): JSON, or HTML for browsers that ask for it.

use serde::Serialize;

use super::{Body, HeaderMap, HeaderValue, Response, StatusCode, Violation, header};
use crate::error::{GatewayError, Verdict};
use crate::exchange::Exchange;

/// The registered type of problems about limits (draft-ietf-httpapi-ratelimit-headers).
const QUOTA_TYPE: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// What an HTML problem may load and run: its own style, and nothing else.
const HTML_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The members of a document (RFC 9457 section 3.1) and this gateway's own: `code`, `violated-policies` and `violations`.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: String,
    code: &'a str,
    #[serde(rename = "violated-policies", skip_serializing_if = "<[String]>::is_empty")]
    violated_policies: &'a [String],
    #[serde(skip_serializing_if = "<[Violation]>::is_empty")]
    violations: &'a [Violation],
}

/// The `type` of the problem with this code: an identifier that the README explains, not an address.
pub fn type_uri(code: &str) -> String {
    match code {
        "quota-exceeded" => QUOTA_TYPE.to_owned(),
        _ => format!("urn:archway:problem:{code}"),
    }
}

/// Turns an early end into a response, and writes its code, its blame and the log's half of it to the record.
pub fn response(cx: &mut Exchange<'_>, error: &GatewayError, accept: Option<&HeaderValue>) -> Response {
    let Verdict { status, code, title, detail, blame, log, headers: fields, violated_policies, violations } = error.verdict();
    let document = Document {
        r#type: type_uri(code),
        title,
        status: status.as_u16(),
        detail: &detail,
        instance: format!("urn:archway:request:{}", cx.request_id),
        code,
        violated_policies: &violated_policies,
        violations: &violations,
    };
    let mut headers = HeaderMap::with_capacity(8 + fields.len());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let body = if prefers_html(accept.and_then(|accept| accept.to_str().ok()).unwrap_or_default()) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(HTML_POLICY));
        page(&document, &cx.request_id)
    } else {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        serde_json::to_string(&document).unwrap_or_default()
    };
    headers.extend(fields);
    cx.record.code = Some(code);
    cx.record.blame = Some(blame);
    cx.record.error = Some(log).filter(|log| !log.is_empty());
    Response { status, headers, body: Body::Full(body.into()) }
}

/// Whether `Accept` (RFC 9110 section 12.5.1) asks for HTML rather than JSON. A tie, `*/*` included, is for JSON.
fn prefers_html(accept: &str) -> bool {
    let html = quality(accept, |range| match range {
        "text/html" => 3,
        "text/*" => 2,
        "*/*" => 1,
        _ => 0,
    });
    let json = quality(accept, |range| match range {
        "application/problem+json" | "application/json" => 3,
        "application/*" => 2,
        "*/*" => 1,
        _ => 0,
    });
    html > json
}

/// The weight, in thousandths, of the most specific range that fits; of several, the greatest.
fn quality(accept: &str, fits: impl Fn(&str) -> u8) -> u16 {
    let ranges = accept.split(',').filter_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let specific = fits(&parts.next()?.to_ascii_lowercase());
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = weight.map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0)).clamp(0.0, 1.0);
        if specific == 0 { None } else { Some((specific, (weight * 1000.0) as u16)) }
    });
    ranges.max().map_or(0, |(_, weight)| weight)
}

/// The page for people. Everything that is not ours is escaped.
fn page(document: &Document<'_>, request_id: &str) -> String {
    let (title, detail, id) = (escape(document.title), escape(document.detail), escape(request_id));
    let (status, code) = (document.status, escape(document.code));
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{status} {reason}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1c2430; --soft: #5c6878; --line: #d8dee6; --ground: #f7f8fa; --mark: #3257d0 }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e8ecf2; --soft: #98a4b4; --line: #303a48; --ground: #12161d; --mark: #8ba6ff }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink);
  font: 1rem/1.6 system-ui, sans-serif }}
main {{ box-sizing: border-box; width: min(34rem, 100%); padding: 2rem 1.5rem; border-top: .25rem solid var(--mark) }}
h1 {{ margin: 0 0 .5rem; font-size: 1.6rem; line-height: 1.25 }}
p {{ margin: 0 0 1.5rem }}
dl {{ margin: 0; padding-top: 1rem; border-top: 1px solid var(--line); display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem;
  font-size: .875rem; color: var(--soft) }}
dd {{ margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{detail}</p>
<dl>
<dt>Status</dt><dd>{status} {reason}</dd>
<dt>Code</dt><dd>{code}</dd>
<dt>Request</dt><dd>{id}</dd>
</dl>
</main>
</body>
</html>
"#
    )
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
