//! Values that are programs of a shell or of `make`: in them a command behind a separator means little.

use crate::threat::text::{Hit, Text, begins, byte, has_any, is_word, skip, tail, window};
use crate::threat::words::Kind;

/// Words that a line of a script begins with.
const KEYWORDS: &[&str] = &[
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "export", "local", "test", "trap",
    "readonly", "return", "function",
];

/// Whether a text is a line of a script: indented, begun with a shell's keyword or an assignment; or a paragraph of one.
pub fn is_script(text: &Text<'_>) -> bool {
    let low = text.low;
    let word = low.iter().take(12).take_while(|byte| is_word(**byte)).count();
    let keyword = matches!(byte(low, word), b' ' | b'\n' | 0) && KEYWORDS.iter().any(|known| low.get(..word) == Some(known.as_bytes()));
    let tab = text.raw.starts_with(b"\t") && !matches!(byte(low, 1), b';' | b'|' | b'&' | b'`' | b'$' | b'\n' | b'\r');
    keyword
        || tab
        || is_instruction(text.raw)
        || begins(low, &["  ", "#!", "[ ", "[[ ", "} ", "{ ", "{\n", "set -"])
        || is_function(low)
        || is_assigned(text)
        || is_paragraph(text)
}

/// Whether it is a line of a recipe for containers, which has its words in capitals: `RUN make && rm -rf /tmp/a`.
pub fn is_instruction(raw: &[u8]) -> bool {
    begins(raw.trim_ascii_start(), &["RUN ", "CMD ", "ENTRYPOINT ", "HEALTHCHECK ", "SHELL "])
}

/// Whether it begins with a function's head, `name() {`.
fn is_function(low: &[u8]) -> bool {
    let name = low.iter().take(48).take_while(|byte| is_word(**byte)).count();
    tail(low, name).strip_prefix(b"()").is_some_and(|behind| name > 1 && matches!(skip(behind, 0).0, b'{' | b'\n'))
}

/// Whether a variable is set: to what a command says, where it has a longer name; to anything, where its name is in capitals.
fn is_assigned(text: &Text<'_>) -> bool {
    let low = text.low;
    let name = low.iter().take(48).take_while(|byte| is_word(**byte)).count();
    let behind = tail(low, name);
    let capitals = name > 1 && text.raw.iter().take(name).all(|byte| byte.is_ascii_uppercase() || *byte == b'_' || byte.is_ascii_digit());
    let told = begins(behind, &["=`", "=$(", "=\"$(", "=\"`"]) && low.len() > name + 16;
    let made = name > 0 && begins(behind, &[" = ", " := ", " ?= ", " += ", ":=", "?="]);
    told && (name > 2 || capitals)
        || capitals && !low.starts_with(b"ifs") && behind.starts_with(b"=") && !begins(behind, &["=$(", "=`"]) && !low.contains(&b';')
        || made && byte(text.raw, 0).is_ascii_uppercase()
}

/// Whether there are several lines, and the first is more than a value: a command with its arguments, a comment, a function's head or
/// a target of `make`.
fn is_paragraph(text: &Text<'_>) -> bool {
    let low = text.low;
    let Some(end) = low.iter().position(|byte| *byte == b'\n') else { return false };
    let first = low.get(..end).unwrap_or_default().trim_ascii();
    let value = first.split(|byte| matches!(byte, b';' | b'|' | b'&')).next().unwrap_or_default().trim_ascii_end();
    let begun = byte(first, 0).is_ascii_lowercase()
        || matches!(byte(first, 0), b'#' | b'_' | b'.' | b'@' | b'-')
        || low.starts_with(b"$(") && byte(text.raw, 2).is_ascii_uppercase();
    begun && !tail(low, end).trim_ascii().is_empty() && (value.contains(&b' ') || matches!(first.last(), Some(b':' | b'{')))
}

/// Whether a command, the separator before it ending at `at`, goes on with what a line of a script began: a filter behind a pipe, or
/// a command whose arguments are worked out; and reaches for nothing that lies elsewhere.
pub fn is_step(text: &Text<'_>, hit: Hit, at: usize) -> bool {
    let low = text.low;
    let before = low.get(..at).unwrap_or_default().trim_ascii();
    let line = before.strip_suffix(b"|").unwrap_or(before);
    let begun = byte(line, 0).is_ascii_lowercase() && window(line, 0, 64).trim_ascii_end().contains(&b' ');
    let near = window(low, hit.end, 64);
    let len = near.iter().position(|byte| matches!(byte, b'|' | b';' | b'&' | b'\n' | b')' | b'`')).unwrap_or(near.len());
    let arguments = window(near, 0, len);
    if !begun || len == 0 || has_any(arguments, &[" /", "http:", "https:", "etc/", "\\x", "$ifs", "${ifs"]) {
        return false;
    }
    let filters =
        ["grep", "egrep", "sed", "awk", "cut", "tr", "sort", "uniq", "head", "tail", "wc", "xargs", "tee", "base64", "jq", "nl", "rev"];
    let piped = before.ends_with(b"|") && !line.ends_with(b"|");
    let filter = piped && filters.iter().any(|known| text.word(hit) == known.as_bytes());
    let commanded = text
        .hits
        .first()
        .is_some_and(|first| first.start == 0 && first.kind.any(Kind::COMMAND.or(Kind::COMMAND_WORD)) && byte(low, first.end) == b' ');
    filter || commanded && arguments.iter().any(|byte| matches!(byte, b'"' | b'\'' | b'$'))
}

/// Whether what looks like a command within `$( )` is a variable or a function of `make`: `$(RM)`, `$(eval $(call a))`.
pub fn is_variable(text: &Text<'_>, hit: Hit) -> bool {
    let name = text.raw.get(hit.start..hit.end).unwrap_or_default();
    let rest = text.from(hit.end);
    name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_') && rest.starts_with(b")")
        || rest.starts_with(b" $(call ")
}

/// Whether it is a tool that builds and tests, with a file of its own: `node test/unit`, `npm run all`.
pub fn is_build(text: &Text<'_>, hit: Hit) -> bool {
    let tools = ["node", "npm", "npx", "yarn", "pnpm", "git", "docker", "make", "cargo", "go", "mvn", "pip", "tsc", "python", "python3"];
    let rest = text.from(hit.end).trim_ascii_start();
    let own = !begins(rest, &["-e", "-c", "-m http", "-r", "/", "<", "$", "http"]) && !has_any(window(rest, 0, 64), &["http:", "https:"]);
    own && tools.iter().any(|tool| text.word(hit) == tool.as_bytes())
}
