//! Path traversal and file inclusion: steps up, files that nobody asks for, wrappers that read or run.

use super::{Around, Seen};
use crate::threat::decode::Layers;
use crate::threat::report::Part;
use crate::threat::rules::Rule;
use crate::threat::text::{Hit, Marks, Text, begins, byte, find, has, has_any, is_word, tail, window};
use crate::threat::words::Kind;

/// Whatever leads out of a directory in one layer of a value.
pub fn look(text: &Text<'_>, around: Around<'_>, seen: &mut Seen) {
    if text.has(Marks::DOTS) {
        steps(text, seen);
    }
    if text.has(Marks::SLASH.and(Marks::BACKSLASH)) || matches!(around.place.part, Part::Path) || text.prior(1) == b'.' {
        for hit in text.of(Kind::FILE) {
            if is_file(text, hit) {
                seen.hit(if text.is_long() { Rule::TraversalFileInText } else { Rule::TraversalFile });
            }
        }
        shares(text, seen);
        seen.hit_if(!text.is_long() && is_of_the_system(text.low), Rule::TraversalFile);
    } else {
        let ini = |hit: &Hit| matches!(text.word(*hit), b"win" | b"boot") && text.from(hit.end).starts_with(b".ini");
        seen.hit_if(text.of(Kind::FILE).any(|hit| ini(&hit)) && !text.is_long(), Rule::TraversalFile);
    }
    seen.hit_if(text.low.starts_with(b"php://filter/"), Rule::TraversalWrapper);
    if text.has(Marks::COLON) && !text.is_long() {
        for hit in text.of(Kind::SCHEME) {
            seen.hit_if(is_wrapper(text, hit), Rule::TraversalWrapper);
        }
    }
    if text.has(Marks::NULL) && !seen.layers.any(Layers::ESCAPE) && !text.is_long() && around.place.part != Part::Header {
        seen.hit(Rule::TraversalNull);
    }
}

fn steps(text: &Text<'_>, seen: &mut Seen) {
    let low = text.low;
    let (mut count, mut disguised, mut from) = (0, false, 0);
    while let Some(at) = find(low, "..", from) {
        let rest = tail(low, at + 2);
        let dotted = text.prior(at) == b'.' || byte(rest, 0) == b'.';
        match byte(rest, 0) {
            b'/' | b'\\' if !dotted => count += 1,
            b'.' if begins(rest, &["../", "..\\", "..//"]) && text.prior(at) != b'.' => disguised |= begins(rest, &["..//", "..\\\\"]),
            b';' if byte(rest, 1) == b'/' => disguised = true,
            b'%' if begins(rest, &["%2f", "%5c", "%c0"]) => disguised = true,
            _ => {}
        }
        from = at + 2;
    }
    let encoded = seen.layers.any(Layers::PERCENT.and(Layers::OVERLONG).and(Layers::UNICODE)) && count > 0;
    seen.hit_if(disguised || (encoded && !text.is_long()), Rule::TraversalDisguised);
    let is_path = !text.has(Marks::SPACE.and(Marks::LINE)) && !text.is_long();
    let named = !text.is_long() && text.of(Kind::FILE).any(|hit| is_file(text, hit));
    seen.hit_if(count >= 2 && (is_path || named), Rule::TraversalDots);
    seen.hit_if(count >= 1, Rule::TraversalStep);
}

fn is_file(text: &Text<'_>, hit: Hit) -> bool {
    let before = text.low.get(hit.start.saturating_sub(16)..hit.start).unwrap_or_default();
    let rest = text.from(hit.end);
    let slash = |byte: u8| matches!(byte, b'/' | b'\\');
    let after_slash = before.last().is_some_and(|last| slash(*last));
    let hidden = before.ends_with(b"/.") || before.ends_with(b"\\.") || before == b".";
    let ended = matches!(byte(rest, 0), 0 | b'/' | b'\\' | b' ' | b'"' | b'\'' | b'?' | b'&' | b';' | b')' | b'<' | b'.' | b'$' | b'|');
    match text.word(hit) {
        b"passwd" | b"shadow" | b"group" | b"hosts" | b"fstab" | b"crontab" | b"sudoers" | b"issue" | b"motd" | b"hostname" => {
            after_slash && has_any(before, &["etc/", "etc\\", "/./"])
        }
        b"environ" | b"cmdline" | b"self" | b"version" | b"net" => after_slash && has_any(before, &["/proc/", "proc\\"]),
        b"boot" | b"win" | b"system" => rest.starts_with(b".ini"),
        b"system32" | b"sysnative" | b"windows" | b"winnt" => {
            after_slash && (has_any(before, &["windows", "winnt", "win"]) || before.ends_with(b":\\") || before.ends_with(b":/"))
        }
        b"sam" => after_slash && has(before, "config"),
        b"id_rsa" | b"id_dsa" | b"authorized_keys" | b"known_hosts" => has(before, ".ssh"),
        b"htaccess" | b"htpasswd" => before.ends_with(b"."),
        b"env" | b"bash_history" | b"mysql_history" | b"bashrc" | b"ds_store" => hidden && ended,
        b"git" | b"svn" | b"hg" | b"bzr" => {
            hidden && (rest.is_empty() || begins(rest, &["/config", "/head", "/entries", "/index", "/wc.db", "/logs"]))
        }
        b"web" => begins(rest, &["-inf/", "-inf\\", ".config"]),
        b"wp" => rest.starts_with(b"-config"),
        b"ntuser" => rest.starts_with(b".dat"),
        b"unattend" => rest.starts_with(b".xml"),
        b"credentials" => has(before, ".aws/"),
        b"php" => after_slash && rest.starts_with(b".ini"),
        b"httpd" | b"apache2" => {
            after_slash && begins(rest, &[".conf", "/logs", "/access", "/error"]) && has_any(before, &["etc/", "log/", "conf/"])
        }
        b"access_log" | b"error_log" | b"access" | b"error" => after_slash && begins(rest, &[".log", ""]) && has(before, "log/") && ended,
        _ => false,
    }
}

/// Whether a value is nothing but the path of a file that belongs to the system.
fn is_of_the_system(low: &[u8]) -> bool {
    let path = low.strip_prefix(b"file=").or_else(|| low.strip_prefix(b"file://")).unwrap_or(low);
    let Some(inside) = path.strip_prefix(b"/") else { return false };
    let known = [
        "etc/nginx/",
        "etc/mysql/",
        "etc/apache",
        "etc/httpd/",
        "etc/ssh/",
        "etc/services",
        "etc/profile",
        "etc/resolv.conf",
        "etc/php",
        "var/log/",
        "var/run/secrets/",
        "run/secrets/",
        "proc/",
        "root/",
        "usr/local/etc/",
        "var/spool/cron",
    ];
    path.len() > 8 && begins(inside, &known) && path.iter().all(|byte| is_word(*byte) || matches!(byte, b'/' | b'.' | b'-'))
}

/// Shares of Windows that only an administrator has.
fn shares(text: &Text<'_>, seen: &mut Seen) {
    if text.has(Marks::BACKSLASH) && text.has(Marks::DOLLAR) && !text.is_long() {
        seen.hit_if(has_any(text.low, &["\\c$", "\\admin$", "\\ipc$"]), Rule::TraversalFile);
    }
}

fn is_wrapper(text: &Text<'_>, hit: Hit) -> bool {
    let begun = hit.start == 0 || matches!(text.prior(hit.start), b'=' | b'"' | b'\'' | b' ' | b'>' | b'(' | b'/');
    let rest = text.from(hit.end);
    begun
        && match text.word(hit) {
            b"php" => begins(rest, &["://filter", "://input", "://fd", "://memory", "://temp"]),
            b"phar" | b"zip" | b"expect" | b"glob" | b"ogg" | b"rar" | b"ssh2" => rest.starts_with(b"://"),
            b"zlib" => rest.starts_with(b":"),
            b"compress" => begins(rest, &[".zlib://", ".bzip2://"]),
            b"file" => begins(rest, &["://", ":/"]) && byte(rest, 2) != 0,
            b"netdoc" => rest.starts_with(b":"),
            b"data" => begins(window(rest, 0, 48), &["://text", ":text/plain;base64", "://application"]),
            _ => false,
        }
}
