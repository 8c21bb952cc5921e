//! A client certificate as it was presented, whoever verified it.

use super::consumer::Mark;
use crate::config::timestamp::Timestamp;

/// What is known of a certificate that somebody trusted has verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presented {
    /// SHA-256 of the certificate, hexadecimal, lower case.
    pub fingerprint: String,
    /// The subject's distinguished name (RFC 4514); may be empty.
    pub subject: String,
    /// The issuer's distinguished name; empty where it is not known.
    pub issuer: String,
    /// The serial number, hexadecimal; empty where it is not known.
    pub serial: String,
    /// The subject's alternative names: host names, URIs, mail and network addresses.
    pub sans: Vec<String>,
    /// From when on it holds, where that is known.
    pub not_before: Option<Timestamp>,
    /// The last moment at which it holds, where that is known.
    pub not_after: Option<Timestamp>,
}

impl Presented {
    /// Whether a consumer's mark describes it.
    pub fn fits(&self, mark: &Mark) -> bool {
        match mark {
            Mark::Fingerprint(fingerprint) => *fingerprint == self.fingerprint,
            Mark::Subject(pattern) => !self.subject.is_empty() && fits(pattern, &self.subject, b",+"),
            Mark::San(pattern) => self.sans.iter().any(|san| fits(pattern, san, b"./@:")),
        }
    }
}

/// Whether a pattern describes the whole of a text: each `*` stands for one or more characters, none of which separates parts.
fn fits(pattern: &str, text: &str, separators: &[u8]) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        let part = rest.bytes().take_while(|byte| !separators.contains(byte)).count();
        let last = pieces.peek().is_none();
        // What stands for the star ends where the piece begins: for the last one at the end of the text, else as early as it can.
        let at = match last {
            true => rest.len().checked_sub(piece.len()).filter(|at| rest.is_char_boundary(*at) && rest.ends_with(piece)),
            false => rest.char_indices().skip(1).map(|(at, _)| at).find(|at| rest.get(*at..).is_some_and(|rest| rest.starts_with(piece))),
        };
        match at {
            Some(at) if at > 0 && at <= part => rest = rest.get(at + piece.len()..).unwrap_or_default(),
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_stays_within_its_part() {
        for (pattern, text, expect) in [
            ("a.example", "a.example", true),
            ("a.example", "b.a.example", false),
            ("a.example", "a.example.evil.test", false),
            ("*.example", "a.example", true),
            ("*.example", "a.b.example", false),
            ("*.example", ".example", false),
            ("*.example", "a.example.evil.test", false),
            ("*.*.example", "a.b.example", true),
            ("a*c.example", "abc.example", true),
            ("a*c.example", "ac.example", false),
            ("spiffe://acme.example/ns/*", "spiffe://acme.example/ns/web", true),
            ("spiffe://acme.example/ns/*", "spiffe://acme.example/ns/web/admin", false),
            ("spiffe://acme.example/*/web", "spiffe://acme.example/a/b/web", false),
            ("*@acme.example", "ann@acme.example", true),
            ("*@acme.example", "ann@evil.test@acme.example", false),
            ("*", "anything", true),
            ("*", "", false),
            ("é*.example", "éé.example", true),
        ] {
            assert_eq!(fits(pattern, text, b"./@:"), expect, "{pattern} {text}");
        }
        for (pattern, text, expect) in [
            ("CN=*,O=Acme", "CN=a,O=Acme", true),
            ("CN=*,O=Acme", "CN=a,O=Acme,C=CH", false),
            ("CN=*,O=Acme", "CN=x,O=Evil,O=Acme", false),
            ("CN=*,O=Acme", "CN=x+O=Evil,O=Acme", false),
            ("CN=*,O=Acme", "CN=x\\,O=Acme,O=Evil", false),
            ("CN=*.acme.example,O=Acme", "CN=a.acme.example,O=Acme", true),
        ] {
            assert_eq!(fits(pattern, text, b",+"), expect, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn what_a_star_stands_for_may_be_anything_within_a_part(before in "[a-z.]{0,5}", part in "[a-z]{1,8}", after in "\\.[a-z.]{0,5}") {
            let (pattern, text) = (format!("{before}*{after}"), format!("{before}{part}{after}"));
            prop_assert!(fits(&pattern, &text, b"."));
        }

        #[test]
        fn no_pattern_breaks(pattern in "[a*.é]{0,8}", text in "[a.é]{0,8}") {
            let _ = fits(&pattern, &text, b".");
        }
    }
}
