//! Commands: of a shell, behind a separator or within a substitution, plain or disguised; and calls of programs that run them.

use super::Seen;
use super::script::{is_build, is_instruction, is_script, is_step, is_variable};
use crate::threat::rules::Rule;
use crate::threat::text::{Hit, Marks, Text, begins, byte, has, has_any, is_word, tail, window};
use crate::threat::words::Kind;

/// Whatever runs a command in one layer of a value.
pub fn look(text: &Text<'_>, seen: &mut Seen) {
    let separators = Marks::CHAIN.and(Marks::AMPERSAND).and(Marks::BACKTICK).and(Marks::DOLLAR).and(Marks::LINE).and(Marks::PAREN);
    if text.has(separators) {
        for hit in text.of(Kind::COMMAND.or(Kind::COMMAND_WORD)) {
            chain(text, hit, seen);
        }
    }
    interpreters(text, seen);
    if text.has(Marks::SLASH) && !text.is_long() {
        wildcards(text, seen);
    }
    let spelt = text.has(Marks::QUOTE.and(Marks::BACKSLASH).and(Marks::DOLLAR).and(Marks::BRACE))
        || text.has(Marks::OTHER) && text.low.contains(&b'^');
    if spelt && text.has(Marks::SLASH.and(Marks::CHAIN).and(Marks::AMPERSAND)) && !text.is_long() {
        disguised(text, seen);
    }
    if text.has(Marks::PAREN) {
        shellshock(text, seen);
    }
    if text.has(Marks::PAREN.and(Marks::ANGLE).and(Marks::DOLLAR).and(Marks::OTHER)) {
        code(text, seen);
    }
}

/// What stands before a command, spaces, quotes and its directory passed over.
fn separator(text: &Text<'_>, hit: Hit) -> (u8, usize) {
    let mut at = hit.start;
    for _ in 0..40 {
        match text.prior(at) {
            b' ' | b'+' | b'\'' | b'"' | b'\\' | b'{' => at -= 1,
            b'/' | b'.' if at > 1 => at -= 1,
            byte if is_word(byte) && at < hit.start && byte_is_directory(text.low, at) => at -= 1,
            byte => return (byte, at),
        }
    }
    (0, at)
}

/// Whether the letters before `at` belong to a directory such as `/usr/bin/`.
fn byte_is_directory(low: &[u8], at: usize) -> bool {
    let near = low.get(at.saturating_sub(8)..at).unwrap_or_default();
    ["bin", "/usr", "/us", "/u", "sbin", "local", "/bi", "/b", "/sbi", "/sb", "/s", "/loca", "/loc", "/lo", "/l"]
        .iter()
        .any(|name| near.ends_with(name.as_bytes()))
}

fn chain(text: &Text<'_>, hit: Hit, seen: &mut Seen) {
    let (separator, at) = separator(text, hit);
    let double = text.prior(at.saturating_sub(1));
    let weak = hit.kind.any(Kind::COMMAND_WORD) && !hit.kind.any(Kind::COMMAND);
    match separator {
        b'`' => {
            let opener = at.saturating_sub(1);
            let closed = window(text.low, hit.end, 96).contains(&b'`');
            let bare = matches!(text.prior(opener), 0 | b'=' | b';' | b'|' | b'&' | b'"' | b'\'' | b'/' | b'-' | b',' | b':' | b'`' | b'$')
                || !text.has(Marks::SPACE)
                || text.word(hit) == b"sleep" && argument(text, hit);
            let alone = !weak || byte(text.low, hit.end) == b'`' || argument(text, hit);
            let fenced = text.prior(opener) == b'`' && text.prior(opener.saturating_sub(1)) == b'`';
            seen.hit_if(closed && bare && alone && !fenced && !text.is_long() && !is_script(text), Rule::CommandSubstitution);
        }
        b'(' if matches!(double, b'$' | b'<') || double == b'>' && !is_called(text.low, at) => {
            let told = (!weak || argument(text, hit)) && !is_variable(text, hit);
            let program = || text.is_long() || is_step(text, hit, at) || is_script(text);
            seen.hit_if(told && !program(), Rule::CommandSubstitution);
        }
        b';' | b'|' | b'&' | b'\n' | b'\r' | b'^' => {
            let encoded = text.word(hit) == b"base64" && byte(text.low, hit.end) == b',';
            let entity = separator == b';' && is_entity(text.low, at.saturating_sub(1));
            let line = matches!(separator, b'\n' | b'\r');
            let first = at <= 2 && text.low.get(..at).unwrap_or_default().iter().all(|byte| b";|&^\n\r".contains(byte));
            let two = first && is_last_but_one(text, hit);
            if entity || encoded || byte(text.low, hit.end) == b'=' || (separator == b'&' && double != b'&' && !two && is_query(text, hit))
            {
                return;
            }
            let sure = argument(text, hit) && !is_build(text, hit) || ((!weak || first) && ended(text, hit)) || two;
            let program = text.is_long() || is_script(text) || is_step(text, hit, at);
            let alone = first && !text.has(Marks::SPACE) && ended(text, hit);
            let told = if line { !weak && hit.start - at < 2 && (alone || path_argument(text, hit)) } else { true };
            seen.hit(if sure && told && !program { Rule::CommandChain } else { Rule::CommandChainWeak });
        }
        _ => {}
    }
}

/// Whether the `>` before a bracket ends an arrow or a type, `it->(join)`, `to<text>(id)`: then it is a call.
fn is_called(low: &[u8], at: usize) -> bool {
    at.checked_sub(3).is_some_and(|before| byte(low, before) == b'-' || is_word(byte(low, before)))
}

/// Whether one plain word follows the command, and the value ends.
fn is_last_but_one(text: &Text<'_>, hit: Hit) -> bool {
    let rest = text.from(hit.end).trim_ascii();
    let known = ["user", "localgroup", "view", "share", "start", "use", "aux", "addr", "route", "link", "query", "info", "ef"];
    let words = rest.split(|byte| *byte == b' ').count();
    words <= 3 && known.iter().any(|word| rest.strip_prefix(word.as_bytes()).is_some_and(|behind| matches!(byte(behind, 0), 0 | b' ')))
        || hit.kind.any(Kind::COMMAND) && byte(rest, 0).is_ascii_digit() && words <= 4
}

/// Whether the semicolon at `at` ends a character reference, `&amp;`.
fn is_entity(low: &[u8], at: usize) -> bool {
    let near = low.get(at.saturating_sub(8)..at).unwrap_or_default();
    near.iter()
        .rposition(|byte| *byte == b'&')
        .is_some_and(|start| tail(near, start + 1).iter().all(|byte| is_word(*byte) || *byte == b'#'))
}

/// Whether a word behind one `&` is a query's parameter, or a company's second name.
fn is_query(text: &Text<'_>, hit: Hit) -> bool {
    let rest = text.from(hit.end);
    matches!(byte(rest, 0), b'=' | b'[' | b'.' | b'_' | b'&')
        || (byte(rest, 0) == b' ' && byte(rest, 1).is_ascii_lowercase() && !argument(text, hit))
}

/// Whether the command ends the value, or another separator follows.
fn ended(text: &Text<'_>, hit: Hit) -> bool {
    let (next, _) = text.next(hit.end);
    matches!(next, 0 | b';' | b'|' | b'&' | b'`' | b'<' | b'>' | b'\n' | b'#' | b'\'' | b'"' | b')')
        || text.from(hit.end).starts_with(b"${ifs}")
}

/// Whether what follows is what only a command takes: an option, a path, a file, a host, an address, a variable, a redirection.
fn argument(text: &Text<'_>, hit: Hit) -> bool {
    let rest = text.from(hit.end);
    if begins(rest, &["$ifs", "${ifs", "$@", "$u", "<", ">", "{", "%09", ".exe", "\t"]) {
        return !rest.starts_with(b"{") || text.word(hit) != b"export";
    }
    if !matches!(byte(rest, 0), b' ' | b'+' | b',') {
        return false;
    }
    let mut at = 0;
    while matches!(byte(rest, at), b' ' | b'+' | b',') && at < 8 {
        at += 1;
    }
    let near = window(rest, at, 64);
    let len = near.iter().position(|byte| matches!(byte, b' ' | b'+' | b'\n' | b';' | b'|' | b'&')).unwrap_or(near.len());
    let word = window(near, 0, len);
    let first = byte(word, 0);
    match first {
        b'/' | b'-' | b'$' | b'~' | b'*' | b'\'' | b'"' | b'>' | b'<' | b'`' | b'\\' => {
            word.len() > 1 || matches!(first, b'*' | b'~' | b'/')
        }
        b'0'..=b'9' => word.contains(&b'.') || text.word(hit) == b"sleep" || hit.kind.any(Kind::COMMAND) && len == near.len(),
        _ => {
            let inside = window(word, 0, word.len().saturating_sub(1));
            has(word, "/") || has(word, "\\") || inside.contains(&b'.') || inside.contains(&b':') || inside.contains(&b'*')
        }
    }
}

/// Whether a path or an option follows.
fn path_argument(text: &Text<'_>, hit: Hit) -> bool {
    let (next, at) = text.next(hit.end);
    next == b'/' || next == b'-' && byte(text.low, at + 1).is_ascii_lowercase() || begins(tail(text.low, at), &["http:", "https:"])
}

/// A shell or an interpreter that is told what to run.
fn interpreters(text: &Text<'_>, seen: &mut Seen) {
    if text.is_long() || text.hits.is_empty() && !text.has(Marks::SLASH.and(Marks::DOLLAR)) {
        return;
    }
    if text.low.starts_with(b"#!") || is_instruction(text.raw) {
        return;
    }
    for hit in text.of(Kind::COMMAND.or(Kind::COMMAND_WORD)) {
        let rest = text.from(hit.end);
        let before = text.low.get(hit.start.saturating_sub(5)..hit.start).unwrap_or_default();
        let is_told = match text.word(hit) {
            b"bash" | b"sh" | b"zsh" | b"ksh" | b"csh" | b"tcsh" => {
                begins(rest, &[" -c ", " -i ", "+-c", " -c'", "$ifs-c", "{ifs}-c", "<<<"])
                    || before.ends_with(b"/bin/")
                    || before.ends_with(b"bin/")
            }
            b"cmd" => begins(rest, &[".exe", " /c", " /k", "+/c"]),
            b"powershell" => begins(rest, &[".exe", " -", " iex", " (", "+-", " start-", " invoke-", " new-object"]),
            b"python" | b"python2" | b"python3" | b"perl" | b"ruby" | b"php" | b"node" | b"lua" => {
                begins(rest, &[" -c ", " -e ", "+-c+", "+-e+", "+-r+", " -rsocket", " -c'", " -e'"])
                    || rest.starts_with(b" -r ") && text.word(hit) != b"node"
            }
            b"nc" | b"ncat" | b"netcat" => begins(rest, &[" -e", " -lvp", " -c ", " -lnvp", "+-e"]),
            b"cat" | b"ls" | b"id" | b"nl" | b"tac" => before.ends_with(b"/bin/") || before.ends_with(b"/sbin"),
            b"ping" | b"ping6" => begins(rest, &[" -c ", " -n ", " -i ", "+-c+", "+-n+", "%20-"]),
            b"getent" => begins(rest, &["$ifs", "+hosts", " hosts"]),
            _ => false,
        };
        seen.hit_if(is_told, Rule::CommandShell);
        let reads = matches!(text.word(hit), b"cat" | b"tac" | b"nl" | b"head" | b"tail" | b"less" | b"more" | b"type");
        seen.hit_if(reads && begins(rest, &[" /etc/", "+/etc", " c:\\", "$ifs/", "${ifs}/", "</etc", " ../"]), Rule::CommandShell);
    }
    let marked = text.has(Marks::SLASH.and(Marks::DOLLAR));
    seen.hit_if(marked && has_any(text.low, &["/dev/tcp/", "/dev/udp/", "$ifs$", "${ifs}"]), Rule::CommandShell);
}

/// Files and commands that a pattern of a shell is held against.
const TARGETS: &[&str] = &[
    "/etc/passwd",
    "/etc/shadow",
    "/etc/hosts",
    "/bin/cat",
    "/bin/ls",
    "/bin/id",
    "/bin/sh",
    "/bin/bash",
    "/bin/nc",
    "/bin/ping",
    "/usr/bin/id",
    "/usr/bin/whoami",
    "/usr/bin/wget",
    "/usr/bin/curl",
    "/usr/bin/python",
];

/// A path with wildcards that a shell would take for one of [`TARGETS`].
fn wildcards(text: &Text<'_>, seen: &mut Seen) {
    if !text.has(Marks::OTHER) {
        return;
    }
    for token in text.low.split(|byte| matches!(byte, b' ' | b'+' | b';' | b'|' | b'&' | b'\n' | b'"' | b'\'' | b'`' | b'=' | b'(' | b')'))
    {
        if token.len() > 32 || byte(token, 0) != b'/' || !token.iter().any(|byte| matches!(byte, b'?' | b'*' | b'[')) {
            continue;
        }
        let bare = token.split(|byte| *byte == b'/').skip(1).any(|segment| segment.iter().all(|byte| *byte == b'*'));
        let letters = token.iter().filter(|byte| byte.is_ascii_lowercase()).count();
        let marks = token.iter().filter(|byte| **byte == b'?').count();
        if !bare && (letters > 1 || marks > 3) && TARGETS.iter().any(|target| globs(token, target.as_bytes())) {
            seen.hit(Rule::CommandHidden);
        }
    }
}

/// Whether a shell's pattern, at most 32 bytes of it, stands for `path`.
fn globs(pattern: &[u8], path: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < path.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') if byte(path, t) != b'/' => (p, t) = (p + 1, t + 1),
            Some(literal) if *literal == byte(path, t) => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((after, from)) if byte(path, from) != b'/' => {
                    star = Some((after, from + 1));
                    (p, t) = (after + 1, from + 1);
                }
                _ => return false,
            },
        }
    }
    tail(pattern, p).iter().all(|byte| *byte == b'*')
}

/// The value without empty quotes, escapes and empty variables, where that makes a file or a command of it that was none before.
fn disguised(text: &Text<'_>, seen: &mut Seen) {
    // No file without a slash, and no separator before a letter.
    if !text.has(Marks::SLASH) && text.low.first().is_some_and(u8::is_ascii_alphanumeric) {
        return;
    }
    let mut plain = Vec::with_capacity(text.low.len());
    let mut at = 0;
    while at < text.low.len() {
        let here = byte(text.low, at);
        match here {
            b'\'' | b'"' | b'\\' | b'^' | b'{' | b'}' => at += 1,
            b'$' if byte(text.low, at + 1) == b'\'' => at += 2,
            b',' if byte(text.low, at + 1) == b'}' => at += 2,
            b'`' if byte(text.low, at + 1) == b'`' => at += 2,
            b'$' if matches!(byte(text.low, at + 1), b'@' | b'*' | b'u' | b'x' | b'1'..=b'9') && !is_word(byte(text.low, at + 2)) => {
                at += 2
            }
            b'$' if byte(text.low, at + 1) == b'{' && byte(text.low, at + 3) == b'}' => at += 4,
            _ => {
                plain.push(here);
                at += 1;
            }
        }
    }
    let signs = ["/etc/passwd", "/etc/shadow", "/bin/cat", "/bin/sh", "/bin/bash", "/bin/nc"];
    if plain.len() != text.low.len() && text.has(Marks::CHAIN.and(Marks::AMPERSAND).and(Marks::DOLLAR)) {
        seen.hit_if(runs_spelt(&plain), Rule::CommandHidden);
    }
    seen.hit_if(
        text.has(Marks::SLASH) && plain.len() != text.low.len() && signs.iter().any(|sign| has(&plain, sign) && !has(text.low, sign)),
        Rule::CommandHidden,
    );
}

/// Whether a value that was made plain begins with a separator and a command that ends it or has a path.
fn runs_spelt(plain: &[u8]) -> bool {
    let start = plain.iter().take_while(|byte| b";|& ".contains(byte)).count();
    let rest = tail(plain, start);
    let word = rest.iter().take(12).take_while(|byte| byte.is_ascii_lowercase()).count();
    let name = window(rest, 0, word);
    let commands = ["id", "ls", "cat", "whoami", "uname", "sleep", "wget", "curl", "nc", "ping", "bash", "sh", "ps", "ifconfig", "pwd"];
    let behind = tail(rest, word).trim_ascii();
    let taken = behind.is_empty() || begins(behind, &["/", "-", ";", "|", "&", "#", "http", "$"]) || behind.iter().all(u8::is_ascii_digit);
    plain.iter().take(start).any(|byte| *byte != b' ') && taken && commands.iter().any(|known| name == known.as_bytes())
}

/// A function definition that old shells run when it stands in a variable.
pub fn shellshock(text: &Text<'_>, seen: &mut Seen) {
    let low = text.low.trim_ascii_start();
    seen.hit_if(begins(low, &["() {", "(){", "() { "]) && has_any(window(low, 0, 64), &[":;", ": ;", "_;", "};"]), Rule::CommandShellshock);
}

/// Calls of programs that run commands or read files.
fn code(text: &Text<'_>, seen: &mut Seen) {
    let low = text.low;
    let asp = text.has(Marks::ANGLE) && !text.is_long() && has_any(low, &["<% eval", "<%eval"]);
    seen.hit_if(asp || text.has(Marks::ANGLE) && has_any(low, &["<?php", "<?="]) && is_told_by_php(text), Rule::CommandCode);
    if !text.kinds.any(Kind::CODE) {
        return;
    }
    seen.hit_if(has(low, "process.binding("), Rule::CommandCode);
    seen.hit_if(has(low, "response.write(") && has_any(low, &["response.end", "server.createobject("]), Rule::CommandCode);
    if text.is_long() {
        return;
    }
    for hit in text.of(Kind::CODE) {
        let (next, at) = text.next(hit.end);
        let rest = text.from(hit.end);
        let inside = tail(low, at + 1);
        let quoted = matches!(byte(inside, 0), b'\'' | b'"' | b'$' | b'`')
            || begins(inside, &["base64", "chr(", "hex2bin", "gzinflate", "str_rot13", "request", "req.", "params", "compile("]);
        let method = matches!(text.prior(hit.start), b'.' | b'$');
        let is_call = match text.word(hit) {
            b"passthru" | b"shell_exec" | b"proc_open" | b"pcntl_exec" | b"call_user_func" | b"create_function" | b"gzinflate"
            | b"str_rot13" => next == b'(' && (text.word(hit) != b"call_user_func" || quoted),
            b"exec" | b"eval" if method && !has_any(low, &["child_process", "runtime", "os.", "kernel"]) => {
                next == b'(' && begins(inside, &["request", "req.", "params"])
            }
            b"system" | b"popen" | b"assert" | b"exec" | b"eval" => next == b'(' && quoted,
            b"exit" | b"die" => next == b'(' && begins(inside, &["md5(", "phpinfo(", "print("]),
            b"phpinfo" => rest.starts_with(b"()"),
            b"base64_decode" | b"file_get_contents" | b"file_put_contents" | b"include" | b"require" | b"require_once"
            | b"include_once" => {
                next == b'('
                    && quoted
                    && has_any(window(inside, 0, 64), &["http:", "https:", "php:", "/etc", "child_process", "$_", "data:", "=="])
            }
            b"getruntime" => begins(rest, &["(", "\""]) && !matches!(text.prior(hit.start), b':' | b' '),
            b"processbuilder" => next == b'(',
            b"subprocess" => begins(rest, &[".popen", ".call", ".check", ".run"]),
            b"__import__" => next == b'(',
            b"child_process" | b"execsync" | b"spawnsync" => has_any(low, &["require", "exec", "spawn"]),
            b"print" | b"md5" => text.prior(hit.start) == b'@' || (next == b'(' && text.low.starts_with(b"${@")),
            b"server" | b"response" | b"wscript" => {
                begins(rest, &[".createobject", ".write(", ".end", ".shell", ".scripttimeout"]) && quoted_or_open(text)
            }
            b"gethostbyname" => next == b'(',
            _ => false,
        };
        seen.hit_if(is_call, Rule::CommandCode);
    }
}

/// Whether a page of PHP runs what it is given; in a short value, whether it
/// is PHP alone and no file's head, or does what a template does not.
fn is_told_by_php(text: &Text<'_>) -> bool {
    let asked = text.has(Marks::DOLLAR) && has_any(text.low, &["$_get", "$_post", "$_request", "$_cookie", "$_server", "$_files"]);
    let is_call = |hit: &Hit| {
        !matches!(text.prior(hit.start), b'>' | b':' | b'$') && matches!(text.next(hit.end).0, b'(' | b'\'' | b'"' | b'$' | b'`')
    };
    let mut calls = text.of(Kind::CODE).filter(is_call);
    if text.is_long() {
        let runs = |hit: Hit| {
            let known = ["system", "eval", "exec", "passthru", "shell_exec", "popen", "proc_open", "assert", "create_function"];
            text.next(hit.end).0 == b'(' && known.iter().any(|known| text.word(hit) == known.as_bytes())
        };
        return calls.any(runs) && (asked || text.kinds.any(Kind::CODE) && has_any(text.low, &["base64_decode(", "gzinflate("]));
    }
    let head = begins(text.low, &["<?php\n", "<?php\r", "<?php /*"]) || text.low == b"<?php";
    let says = ["echo '", "echo \"", "echo(", "print", "<?=`", "<?= `", "echo `", "<?php `", "<?php $_"];
    asked || calls.next().is_some() || has_any(text.low, &says) || text.low.starts_with(b"<?") && !head
}

fn quoted_or_open(text: &Text<'_>) -> bool {
    text.has(Marks::QUOTE) && text.has(Marks::PAREN)
}
