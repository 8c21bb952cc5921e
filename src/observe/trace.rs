//! W3C Trace Context: a valid `traceparent` is continued, anything else begins a new trace.

use crate::ports::Entropy;

/// The trace a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// 32 hexadecimal digits, not all zero.
    pub trace_id: String,
    /// This gateway's span: 16 hexadecimal digits, not all zero.
    pub span_id: String,
    /// The caller's span, where the trace was continued.
    pub parent_id: Option<String>,
    /// The trace flags (section 3.2.2.5).
    pub flags: u8,
}

impl TraceContext {
    /// Continues the trace of a `traceparent` (section 3.2), or begins a new one that is sampled.
    pub fn continue_or_begin(traceparent: Option<&str>, entropy: &dyn Entropy) -> Self {
        let mut random = [0u8; 24];
        entropy.fill(&mut random);
        let (trace, span) = random.split_at(16);
        let span_id = hex(span);
        match traceparent.and_then(parse) {
            Some((trace_id, parent_id, flags)) => {
                Self { trace_id: trace_id.to_owned(), span_id, parent_id: Some(parent_id.to_owned()), flags }
            }
            None => Self { trace_id: hex(trace), span_id, parent_id: None, flags: 1 },
        }
    }

    /// The `traceparent` that is passed on.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

/// Trace id, parent id and flags of a valid `traceparent`; later versions are read as far as version 00 goes.
fn parse(value: &str) -> Option<(&str, &str, u8)> {
    let mut parts = value.split('-');
    let (version, trace_id, parent_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let lower_hex = |text: &str, len: usize| text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let not_zero = |text: &str| text.bytes().any(|b| b != b'0');
    let ends = version != "00" || parts.next().is_none();
    let valid = lower_hex(version, 2)
        && version != "ff"
        && ends
        && lower_hex(trace_id, 32)
        && not_zero(trace_id)
        && lower_hex(parent_id, 16)
        && not_zero(parent_id)
        && lower_hex(flags, 2);
    if valid { Some((trace_id, parent_id, u8::from_str_radix(flags, 16).ok()?)) } else { None }
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |d| char::from(*d));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
