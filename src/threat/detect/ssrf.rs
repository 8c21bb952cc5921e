//! Requests that the server is made to send: addresses of its own, of its cloud, of its network, and of those who listen for it.

use super::{Around, Seen};
use crate::threat::report::Part;
use crate::threat::rules::Rule;
use crate::threat::text::{Marks, Text, begins, byte, has_any, is_word, tail, window};
use crate::threat::words::Kind;

/// Whatever names such an address in one layer of a value. A path may have a URL in it, other values are one. A
/// `redirect_uri` is for the client to follow, and may be its own address (RFC 8252 section 7.3).
pub fn look(text: &Text<'_>, around: Around<'_>, seen: &mut Seen) {
    let in_path = around.place.part == Part::Path;
    callback(text, seen);
    if !text.is_long()
        && (text.has(Marks::COLON.and(Marks::SLASH)) || has_any(text.low, &["metadata", ".169.254", ".100.100"]))
        && has_any(
            text.low,
            &[
                "169.254.169.254",
                "169.254.170.2/",
                "metadata.google",
                "100.100.100.200",
                "fd00:ec2::254",
                "latest/meta-data",
                "computemetadata",
            ],
        )
    {
        seen.hit(Rule::SsrfMetadata);
    }
    if !text.has(Marks::COLON) && !text.low.starts_with(b"//") {
        return;
    }
    let start = if text.low.starts_with(b"url=") { 4 } else { 0 };
    for hit in
        text.of(Kind::SCHEME).filter(|hit| hit.start == start || in_path || matches!(text.prior(hit.start), b'=' | b'@' | b'"' | b'\''))
    {
        let rest = text.from(hit.end);
        if begins(rest, &["://", ":////", ":/"]) && !text.is_long() {
            let strange = matches!(
                text.word(hit),
                b"gopher" | b"dict" | b"ldap" | b"ldaps" | b"rmi" | b"iiop" | b"corba" | b"nis" | b"jar" | b"tftp" | b"netdoc"
            );
            seen.hit_if(strange, Rule::SsrfScheme);
        }
        if (hit.start == start || in_path)
            && !around.place.name.ends_with("redirect_uri")
            && begins(rest, &["://"])
            && matches!(text.word(hit), b"http" | b"https" | b"ftp" | b"ws" | b"wss")
        {
            host(tail(rest, 3), seen);
        }
    }
    seen.hit_if(begins(text.low, &["jar:http", "jar:file"]), Rule::SsrfScheme);
    if let Some(rest) = text.low.strip_prefix(b"//") {
        host(rest, seen);
    }
}

/// A host that answers to testers, anywhere.
pub fn callback(text: &Text<'_>, seen: &mut Seen) {
    for hit in text.of(Kind::HOST) {
        let dotted = text.prior(hit.start) == b'.';
        let rest = text.from(hit.end);
        let is_callback = match text.word(hit) {
            b"burpcollaborator" => rest.starts_with(b".net"),
            b"oastify" | b"bxss" | b"canarytokens" => begins(rest, &[".com", ".me"]),
            b"oast" => dotted && begins(rest, &[".me", ".fun", ".pro", ".live", ".site", ".online"]),
            b"interact" => begins(rest, &[".sh"]) && dotted,
            b"interactsh" => begins(rest, &[".com"]),
            b"dnslog" => rest.starts_with(b".cn"),
            b"kubernetes" => rest.starts_with(b".default.svc"),
            b"ceye" => rest.starts_with(b".io"),
            b"burpcol" => begins(rest, &["'+'laborator", "'||'laborator", "\"+\"laborator"]),
            _ => false,
        };
        seen.hit_if(is_callback, Rule::SsrfCallback);
    }
}

/// The host of a URL, behind its slashes.
fn host(rest: &[u8], seen: &mut Seen) {
    let near = window(rest, 0, 128);
    let end = near.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\' | b' ')).unwrap_or(near.len());
    let authority = window(near, 0, end);
    let host = authority.iter().rposition(|byte| *byte == b'@').map_or(authority, |at| tail(authority, at + 1));
    if byte(host, 0) == b'[' {
        let loopback = begins(
            host,
            &[
                "[::1]",
                "[::]",
                "[0:0:0:0:0:0:0:1]",
                "[::ffff:127.",
                "[0:0:0:0:0:ffff:127.",
                "[::ffff:7f",
                "[::ffff:a9fe",
                "[::127.",
                "[0000::1]",
            ],
        );
        seen.hit_if(loopback, Rule::SsrfLoopback);
        seen.hit_if(begins(host, &["[fd", "[fc", "[fe8"]), Rule::SsrfPrivate);
        return;
    }
    let name = host.split(|byte| *byte == b':').next().unwrap_or_default();
    if name == b"localhost"
        || name.ends_with(b".localhost")
        || name.starts_with(b"localhost.local")
        || name == b"0"
        || begins(name, &["localtest.me", "lvh.me"])
    {
        seen.hit(Rule::SsrfLoopback);
    }
    if let Some(address) = ipv4(name) {
        let [a, b, _, _] = address.to_be_bytes();
        seen.hit_if(a == 127 || address == 0, Rule::SsrfLoopback);
        seen.hit_if(address == 0xa9fe_a9fe || address == 0x6464_64c8, Rule::SsrfMetadata);
        seen.hit_if(a == 10 || (a == 172 && (16..32).contains(&b)) || (a == 192 && b == 168) || (a == 169 && b == 254), Rule::SsrfPrivate);
    }
    let wrapped = has_any(name, &[".nip.io", ".xip.io", ".sslip.io", ".localtest.me"]);
    seen.hit_if(
        wrapped,
        if begins(name, &["127.", "127-", "169", "10.", "192.168", "localhost"]) || has_any(name, &[".127.0.", "-127-0-"]) {
            Rule::SsrfLoopback
        } else {
            Rule::SsrfPrivate
        },
    );
}

/// An IPv4 address in any form that `inet_aton` takes: one to four parts, each decimal, octal or hexadecimal.
fn ipv4(name: &[u8]) -> Option<u32> {
    if !byte(name, 0).is_ascii_digit() || !name.iter().all(|byte| is_word(*byte) || *byte == b'.') {
        return None;
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    let mut parts = name.split(|byte| *byte == b'.');
    let mut address = 0u64;
    let mut bits = 32u32;
    while let Some(part) = parts.next() {
        let number = number(part)?;
        if parts.clone().next().is_none() {
            return (number < 1 << bits).then(|| u32::try_from(address | number).ok()).flatten();
        }
        bits = bits.checked_sub(8).filter(|bits| *bits > 0 && number < 256)?;
        address |= number << bits;
    }
    None
}

fn number(part: &[u8]) -> Option<u64> {
    let (digits, radix) = match part {
        [b'0', b'x', digits @ ..] => (digits, 16),
        [b'0', digits @ ..] if !digits.is_empty() => (digits, 8),
        digits => (digits, 10),
    };
    let text = std::str::from_utf8(digits).ok()?;
    u64::from_str_radix(text, radix).ok().filter(|_| !text.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_every_spelling() {
        for name in ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.01", "127.0.0.1."] {
            assert_eq!(ipv4(name.as_bytes()), Some(0x7f00_0001), "{name}");
        }
        for name in ["", "1.2.3.4.5", "256.1.1.1", "4294967296", "1a", "127..1", "0x", "example.com", "08.1.1.1"] {
            assert_eq!(ipv4(name.as_bytes()), None, "{name}");
        }
    }
}
