//! Line breaks that smuggle: header fields and requests of HTTP, headers and commands of mail. And scanners by their names.

use super::Seen;
use crate::threat::rules::Rule;
use crate::threat::text::{Text, begins, byte, find, has_any, is_word, skip, tail, window};
use crate::threat::words::Kind;

/// Whatever follows a line break in one layer of a value.
pub fn look(text: &Text<'_>, seen: &mut Seen) {
    for hit in text.of(Kind::HEADER) {
        if !matches!(text.before(hit.start), b'\n' | b'\r') {
            continue;
        }
        let rest = text.from(hit.start);
        let fields = [
            "set-cookie:",
            "set-cookie2:",
            "location:",
            "content-length:",
            "x-xss-protection:",
            "refresh:",
            "access-control-",
            "transfer-encoding:",
            "x-forwarded-",
            "x-frame-options:",
            "x-content-type-options:",
            "x-powered-by:",
            "x-injected",
            "strict-transport-security:",
            "content-security-policy:",
            "cache-control:",
            "expect:",
            "trailer:",
        ];
        let host = rest.strip_prefix(b"host:").map(|host| window(host, 0, 64).trim_ascii());
        let hosted = host.is_some_and(|host| host.contains(&b'.') && !host.contains(&b' '));
        let typed = begins(rest, &["content-type:"]) && has_any(window(rest, 0, 64), &["text/", "charset"]);
        let request = begins(rest, &["get ", "post ", "host:", "http/"]) && has_any(window(rest, 0, 200), &["http/1", "http/2"]);
        seen.hit_if((begins(rest, &fields) || typed || request || hosted) && !text.is_long(), Rule::CrlfHeader);
        let recipients = ["bcc:", "cc:", "to:", "from:", "reply-to:", "subject:", "mime-version:"];
        let address = begins(rest, &["bcc:", "cc:"]) || window(rest, 0, 64).contains(&b'@') || begins(rest, &["mime-version:", "subject:"]);
        seen.hit_if(begins(rest, &recipients) && address && !text.is_long(), Rule::MailHeader);
        seen.hit_if(is_mail_command(rest) && !text.is_long(), Rule::MailHeader);
    }
    tagged(text, seen);
}

/// Header fields behind a line break that is written as an escape, or as a character that some servers cut to one.
pub fn written(text: &Text<'_>, seen: &mut Seen) {
    if text.is_long() {
        return;
    }
    let mut from = 0;
    while let Some(at) = find(text.low, "set-cookie:", from) {
        from = at + 1;
        let before = text.low.get(at.saturating_sub(2)..at).unwrap_or_default();
        let cut = matches!(before.last(), Some(0x80.. | 1..=0x1f));
        seen.hit_if(cut || matches!(before, b"\\n" | b"\\r" | b"0a" | b"0d"), Rule::CrlfHeader);
    }
    seen.hit_if(has_any(text.low, &["\\r\\nlocation:", "\\r\\ncontent-length:", "\\r\\ncontent-type:", "\\r\\n\\r\\n<"]), Rule::CrlfHeader);
}

/// A command of SMTP (RFC 5321).
fn is_mail_command(rest: &[u8]) -> bool {
    let ends = |len: usize| matches!(byte(rest, len), b'\r' | b'\n');
    begins(rest, &["rcpt to:", "mail from:", "ehlo ", "helo ", "vrfy ", "expn "]) || (begins(rest, &["quit", "data", "rset"]) && ends(4))
}

/// A command of IMAP with its tag before it (RFC 9051): `V100 CAPABILITY`.
fn tagged(text: &Text<'_>, seen: &mut Seen) {
    if text.is_long() {
        return;
    }
    for hit in text.of(Kind::HEADER) {
        let is_imap = matches!(
            text.word(hit),
            b"capability" | b"fetch" | b"login" | b"select" | b"logout" | b"list" | b"noop" | b"status" | b"expunge" | b"store" | b"search"
        );
        if !is_imap || text.prior(hit.start) != b' ' {
            continue;
        }
        let before = text.low.get(hit.start.saturating_sub(10)..hit.start.saturating_sub(1)).unwrap_or_default();
        let tag = before.iter().rev().take_while(|byte| is_word(**byte)).count();
        let name = tail(before, before.len() - tag);
        let numbered = byte(name, 0).is_ascii_lowercase() && tag > 1 && tail(name, 1).iter().all(u8::is_ascii_digit);
        let line = before.len().checked_sub(tag + 1).is_some_and(|at| matches!(byte(before, at), b'\r' | b'\n'));
        seen.hit_if(numbered && line, Rule::MailHeader);
    }
}

/// A scanner that gives its name as the client's.
pub fn scanner(text: &Text<'_>, seen: &mut Seen) {
    for hit in text.of(Kind::SCANNER) {
        let rest = text.from(hit.end);
        let is_scanner = match text.word(hit) {
            b"fuzz" => rest.starts_with(b" faster u fool"),
            b"nasl" => text.prior(hit.start) == b'.',
            b"vega" | b"dirb" | b"grabber" | b"paros" | b"hydra" | b"struts" | b"burp" | b"owasp" | b"n" | b"commix" | b"absinthe" => {
                matches!(skip(text.low, hit.end).0, b'/' | b' ' | b'-' | 0) && hit.start == 0
            }
            _ => true,
        };
        seen.hit_if(is_scanner, Rule::ScannerAgent);
    }
}
