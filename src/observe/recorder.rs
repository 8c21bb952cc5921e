//! Which requests are recorded, what of their heads is kept, and what is hidden. The line is written after the reply.

use std::rc::Rc;

use super::line::Line;
use crate::config::runtime::RecordForm;
use crate::exchange::Exchange;
use crate::http::{Body, HeaderMap, HeaderName, HeaderValue, Response, content_length, header, query};

/// What stands in place of a hidden value.
pub const REDACTED: &str = "REDACTED";

/// The part of the settings that the record needs, compiled.
pub struct Recorder {
    /// Requests whose trace's random bits lie below this are left out (see [`Recorder::samples`]).
    threshold: u64,
    /// Header fields to record, and whether their values are hidden.
    headers: Vec<(HeaderName, bool)>,
    user_agent: bool,
    redact_query: Vec<String>,
}

/// What is kept of a request's head, copied before policies change it. Copies share their bytes with the request.
pub struct Seen {
    /// `User-Agent`.
    pub user_agent: Option<HeaderValue>,
    /// `Content-Length`.
    pub body_bytes: Option<u64>,
    /// The fields that the settings name, hidden ones already replaced.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Recorder {
    /// Compiles the settings. Names that are no header field's can match none and are left out.
    pub fn of(form: &RecordForm) -> Self {
        let hidden = |name: &str| form.redact_headers.iter().any(|hidden| hidden.eq_ignore_ascii_case(name));
        let headers = form.headers.iter().filter_map(|name| Some((HeaderName::try_from(name).ok()?, hidden(name)))).collect();
        let redact_query = form.redact_query.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { threshold: threshold(form.sample.share()), headers, user_agent: !hidden("user-agent"), redact_query }
    }

    /// Copies what the record will want of a request's head.
    pub fn see(&self, headers: &HeaderMap) -> Seen {
        let copy = |(name, hidden): &(HeaderName, bool)| {
            let value = headers.get(name)?;
            Some((name.clone(), if *hidden { HeaderValue::from_static(REDACTED) } else { value.clone() }))
        };
        Seen {
            user_agent: headers.get(header::USER_AGENT).filter(|_| self.user_agent).cloned(),
            body_bytes: content_length(headers),
            headers: self.headers.iter().filter_map(copy).collect(),
        }
    }

    /// Writes the record after the reply, if this request is sampled. Problems and statuses from 500 always are.
    pub fn write(self: &Rc<Self>, cx: Exchange<'_>, seen: Seen, response: &Response) {
        let wrong = cx.record.code.is_some() || response.status.is_server_error();
        if !wrong && !self.samples(&cx.trace.trace_id) {
            return;
        }
        let response_bytes = match &response.body {
            Body::Empty => Some(0),
            Body::Full(bytes) => Some(bytes.len() as u64),
            Body::Native(_) => content_length(&response.headers),
        };
        let (log, background) = (cx.ports.log.clone(), cx.ports.background.clone());
        let line = Line::of(cx, seen, response.status, response_bytes);
        let recorder = self.clone();
        background.spawn(Box::pin(async move { log.line(&line.text(&recorder)) }));
    }

    /// Whether a trace is sampled: decided by the 56 random bits of its id (W3C Trace Context level 2, section 3.2.2.3), so that
    /// everyone along the way who samples the same share keeps the same traces.
    pub fn samples(&self, trace_id: &str) -> bool {
        let random = trace_id.get(18..).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        random.is_none_or(|random| random >= self.threshold)
    }

    /// A query with the values of secret parameters replaced.
    pub fn redact(&self, text: &str) -> String {
        let hide = |pair: &str| {
            let name = pair.split('=').next().unwrap_or(pair);
            let secret = self.redact_query.iter().any(|hidden| query::decode(name).eq_ignore_ascii_case(hidden));
            if secret { format!("{name}={REDACTED}") } else { pair.to_owned() }
        };
        let mut redacted = String::with_capacity(text.len());
        for piece in text.split_inclusive(['&', ';']) {
            let pair = piece.trim_end_matches(['&', ';']);
            redacted.push_str(&hide(pair));
            redacted.push_str(piece.get(pair.len()..).unwrap_or_default());
        }
        redacted
    }
}

/// The least random number of 56 bits that is sampled.
fn threshold(share: f64) -> u64 {
    const RANGE: f64 = (1u64 << 56) as f64;
    ((1.0 - share.clamp(0.0, 1.0)) * RANGE) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::runtime::Settings;
    use crate::config::values::Percent;
    use proptest::prelude::*;

    fn recorder(change: impl Fn(&mut RecordForm)) -> Recorder {
        let mut form = Settings::default().record;
        change(&mut form);
        Recorder::of(&form)
    }

    #[test]
    fn secret_parameters_are_hidden_in_every_spelling() {
        let rows = [
            ("a=1&b=2", "a=1&b=2"),
            ("token=x&a=1", "token=REDACTED&a=1"),
            ("a=1;ToKeN=x", "a=1;ToKeN=REDACTED"),
            ("%74oken=x%3D", "%74oken=REDACTED"),
            ("access_token", "access_token=REDACTED"),
            ("tokens=x&&", "tokens=x&&"),
            ("", ""),
        ];
        for (query, expect) in rows {
            assert_eq!(recorder(|_| ()).redact(query), expect, "{query}");
        }
    }

    #[test]
    fn chosen_header_fields_are_kept_and_secret_ones_hidden() {
        let recorder = recorder(|form| form.headers = vec!["x-tenant".to_owned(), "authorization".to_owned(), "x-absent".to_owned()]);
        let headers = [("x-tenant", "t1"), ("authorization", "Bearer secret"), ("user-agent", "curl/8")];
        let headers = HeaderMap::from_iter(headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))));
        let seen = recorder.see(&headers);
        let kept: Vec<_> = seen.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(kept, [("x-tenant", "t1"), ("authorization", "REDACTED")]);
        assert_eq!(seen.user_agent, Some(HeaderValue::from_static("curl/8")));
    }

    #[test]
    fn a_share_of_traces_is_sampled_by_their_random_bits() {
        let rows = [
            (1.0, "00000000000000000000000000000001", true),
            (0.0, "ffffffffffffffffffffffffffffffff", false),
            (0.5, "000000000000000000800000000000ff", true),
            (0.5, "ffffffffffffffffff7fffffffffffff", false),
        ];
        for (share, trace_id, expect) in rows {
            assert_eq!(recorder(|form| form.sample = Percent::from_share(share)).samples(trace_id), expect, "{share} {trace_id}");
        }
    }

    proptest! {
        #[test]
        fn a_larger_share_keeps_what_a_smaller_one_kept(a in 0.0f64..1.0, b in 0.0f64..1.0, random: u64) {
            let trace_id = format!("0000000000000000{random:016x}");
            let kept = |share: f64| recorder(|form| form.sample = Percent::from_share(share)).samples(&trace_id);
            prop_assert!(!kept(a.min(b)) || kept(a.max(b)));
        }
    }
}
