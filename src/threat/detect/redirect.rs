//! Open redirects: a parameter that names where to go next, and a target that is not here.

use super::{Around, Seen};
use crate::threat::report::Part;
use crate::threat::rules::Rule;
use crate::threat::text::{Text, begins, byte, tail, window};

/// Parameters that name where to go next.
const NAMES: &[&str] = &[
    "redirect",
    "redirect_uri",
    "redirect_url",
    "redirecturl",
    "redirecturi",
    "redirect_to",
    "redirectto",
    "return",
    "returnurl",
    "return_url",
    "returnto",
    "return_to",
    "returnuri",
    "next",
    "nexturl",
    "next_url",
    "goto",
    "go",
    "dest",
    "destination",
    "continue",
    "target",
    "rurl",
    "out",
    "forward",
    "forwardurl",
    "backurl",
    "back",
    "callback_url",
    "success_url",
    "checkout_url",
    "login_url",
    "logout",
    "service",
    "url",
    "uri",
    "u",
    "link",
    "to",
];

/// Whether a parameter's value leads elsewhere. Only values of such parameters are looked at.
pub fn look(text: &Text<'_>, around: Around<'_>, seen: &mut Seen) {
    let place = around.place;
    if !matches!(place.part, Part::Query | Part::Body) || place.is_name {
        return;
    }
    let low = text.low.trim_ascii_start();
    if !matches!(byte(low, 0), b'/' | b'\\' | b'h') {
        return;
    }
    let name = place.name.rsplit(['.', '[']).next().unwrap_or_default().trim_end_matches(']');
    if !NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return;
    }
    let scheme = low.strip_prefix(b"https:").or_else(|| low.strip_prefix(b"http:"));
    match scheme {
        Some(rest) => {
            let slashes = rest.iter().take_while(|byte| matches!(byte, b'/' | b'\\')).count();
            let authority = authority(tail(rest, slashes));
            let host = authority.iter().rposition(|byte| *byte == b'@').map_or(authority, |at| tail(authority, at + 1));
            let disguised = slashes != 2 || window(rest, 0, 2).contains(&b'\\') || authority.contains(&b'@') || authority.contains(&b'\\');
            seen.hit_if(disguised && !authority.is_empty() && !is_here(host, around.host), Rule::RedirectForeign);
            seen.hit_if(!is_here(host, around.host), Rule::RedirectAbsolute);
        }
        None => {
            let leads = begins(low, &["//", "/\\", "\\/", "\\\\", "/\t/", "/ /", "/%09/", "/%5c", "/%2f"]);
            let slashes = low.iter().take_while(|byte| matches!(byte, b'/' | b'\\')).count();
            let authority = authority(tail(low, slashes));
            seen.hit_if(leads && authority.contains(&b'.') && !is_here(authority, around.host), Rule::RedirectForeign);
        }
    }
}

fn authority(rest: &[u8]) -> &[u8] {
    let near = window(rest, 0, 256);
    let end = near.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(near.len());
    window(near, 0, end)
}

fn is_here(authority: &[u8], host: &str) -> bool {
    let name = authority.split(|byte| *byte == b':').next().unwrap_or_default();
    name.eq_ignore_ascii_case(host.as_bytes()) || byte(name, 0) == 0
}
