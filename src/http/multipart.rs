//! Multipart forms (RFC 7578, RFC 2046 section 5.1), read strictly: a body that two readers could take for two forms is none.

use super::Media;

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'b> {
    /// The field's name.
    pub name: String,
    /// Whether it has a file name.
    pub is_file: bool,
    /// Its type, where it says one.
    pub media: Option<Media>,
    /// What it holds.
    pub bytes: &'b [u8],
}

/// The most parts of a form.
const MOST: usize = 1_000;

/// The longest head of a part, in bytes.
const HEAD: usize = 8 << 10;

/// The parts of a form, in one pass.
///
/// # Errors
/// Why it is none.
pub fn pieces<'b>(boundary: &str, body: &'b [u8]) -> Result<Vec<Piece<'b>>, &'static str> {
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let first = delimiter.get(2..).unwrap_or_default();
    // What stands before the first boundary is nobody's.
    let start = if body.starts_with(first) { 0 } else { find(body, &delimiter).ok_or("does not have its boundary")? + 2 };
    let mut rest = body.get(start + first.len()..).unwrap_or_default();
    let mut found = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(found);
        }
        let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        rest = rest.get(space..).and_then(|rest| rest.strip_prefix(b"\r\n")).ok_or("has a boundary that does not end its line")?;
        let end = find(rest, &delimiter).ok_or("does not end with its boundary")?;
        let part = rest.get(..end).unwrap_or_default();
        if found.len() == MOST {
            return Err("has too many parts");
        }
        found.push(piece(part)?);
        rest = rest.get(end + delimiter.len()..).unwrap_or_default();
    }
}

fn piece(part: &[u8]) -> Result<Piece<'_>, &'static str> {
    let (head, bytes) = match part.strip_prefix(b"\r\n") {
        Some(bytes) => (&[][..], bytes),
        None => {
            let end =
                find(part.get(..HEAD.min(part.len())).unwrap_or_default(), b"\r\n\r\n").ok_or("has a part whose head does not end")?;
            (part.get(..end).unwrap_or_default(), part.get(end + 4..).unwrap_or_default())
        }
    };
    let head = std::str::from_utf8(head).map_err(|_| "has a part whose head is not UTF-8")?;
    let mut piece = Piece { name: String::new(), is_file: false, media: None, bytes };
    let mut named = false;
    for line in head.split("\r\n") {
        let (field, value) = line.split_once(':').ok_or("has a part whose head is no header")?;
        match field.to_ascii_lowercase().as_str() {
            "content-disposition" => {
                if named {
                    return Err("has a part with two dispositions");
                }
                named = true;
                (piece.name, piece.is_file) = disposition(value)?;
            }
            "content-type" if piece.media.is_some() => return Err("has a part with two types"),
            "content-type" => piece.media = Some(Media::parse(value.trim()).ok_or("has a part whose type cannot be read")?),
            "content-transfer-encoding" if !matches!(value.trim(), "7bit" | "8bit" | "binary") => {
                return Err("has a part with an encoding of its own");
            }
            _ => {}
        }
    }
    if named { Ok(piece) } else { Err("has a part without a name") }
}

/// The name, and whether there is a file name: `form-data; name="a"; filename="b"`.
fn disposition(value: &str) -> Result<(String, bool), &'static str> {
    const BROKEN: &str = "has a part whose disposition cannot be read";
    let (kind, mut rest) = value.trim().split_once(';').ok_or(BROKEN)?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(BROKEN);
    }
    let (mut name, mut is_file) = (None, false);
    while !rest.trim().is_empty() {
        let (key, value) = rest.trim_start().split_once('=').ok_or(BROKEN)?;
        let (text, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted_text(quoted).ok_or(BROKEN)?,
            None => {
                let end = value.find(';').unwrap_or(value.len());
                (value.get(..end).unwrap_or_default().trim().to_owned(), value.get(end..).unwrap_or_default())
            }
        };
        match key.trim().to_ascii_lowercase().as_str() {
            "name" if name.is_some() => return Err("has a part with two names"),
            "name" => name = Some(text),
            "filename" | "filename*" => is_file = true,
            _ => {}
        }
        let after = after.trim_start();
        rest = if after.is_empty() { after } else { after.strip_prefix(';').ok_or(BROKEN)? };
    }
    Ok((name.ok_or("has a part without a name")?, is_file))
}

/// A text up to its closing quote, and what follows. Browsers write `%22` for a quote in a name, others a backslash before it.
fn quoted_text(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((text, quoted.get(at + 1..)?)),
            '\\' => text.push(chars.next()?.1),
            c => text.push(c),
        }
    }
    None
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == first)?;
        if bytes.get(at..)?.starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> Result<Vec<String>, &'static str> {
        let told = |piece: Piece<'_>| {
            let media = piece.media.map(|media| media.essence).unwrap_or_default();
            format!("{}{} {media} {}", piece.name, if piece.is_file { "*" } else { "" }, String::from_utf8_lossy(piece.bytes))
        };
        pieces("b", body.as_bytes()).map(|pieces| pieces.into_iter().map(told).collect())
    }

    #[test]
    fn forms_are_read_as_they_are_sent() {
        let part = |head: &str, text: &str| format!("--b\r\n{head}\r\n\r\n{text}\r\n");
        let named = |rest: &str| format!("Content-Disposition: form-data; {rest}");
        for (body, expect) in [
            (format!("{}--b--\r\n", part(&named("name=\"a\""), "1")), Ok(&["a  1"][..])),
            (format!("hello\r\n{}--b-- bye", part(&named("name=a"), "")), Ok(&["a  "])),
            (
                format!(
                    "{}{}--b--",
                    part(&named("name=\"a;\\\"=\"; filename=\"x.png\"\r\nContent-Type: image/png"), "\r\n--\r\nx"),
                    part(&named("name=\"b\"; filename*=UTF-8''x"), "y")
                ),
                Ok(&["a;\"=* image/png \r\n--\r\nx", "b*  y"]),
            ),
            ("--b--".to_owned(), Ok(&[])),
            ("".to_owned(), Err("does not have its boundary")),
            ("--c--".to_owned(), Err("does not have its boundary")),
            (part(&named("name=\"a\""), "1"), Err("does not end with its boundary")),
            ("--bc\r\n\r\n--b--".to_owned(), Err("has a boundary that does not end its line")),
            (format!("{}--b--", part("Content-Type: text/plain", "1")), Err("has a part without a name")),
            ("--b\r\n\r\nx\r\n--b--".to_owned(), Err("has a part whose head is no header")),
            (format!("{}--b--", part(&named("filename=x"), "1")), Err("has a part without a name")),
            (format!("{}--b--", part(&named("name=a; name=b"), "1")), Err("has a part with two names")),
            (
                format!("{}--b--", part(&format!("{}\r\n{}", named("name=a"), named("name=b")), "1")),
                Err("has a part with two dispositions"),
            ),
            (format!("{}--b--", part(&named("name=\"a"), "1")), Err("has a part whose disposition cannot be read")),
            (format!("{}--b--", part("Content-Disposition: attachment; name=a", "1")), Err("has a part whose disposition cannot be read")),
            (format!("{}--b--", part(&named("name=a\r\nContent-Type: a/b\r\nContent-Type: c/d"), "1")), Err("has a part with two types")),
            (
                format!("{}--b--", part(&named("name=a\r\nContent-Transfer-Encoding: base64"), "1")),
                Err("has a part with an encoding of its own"),
            ),
            (format!("--b\r\n{}\r\n--b--", named("name=a")), Err("has a part whose head does not end")),
        ] {
            let expect = expect.map(|expect| expect.iter().map(|text| (*text).to_owned()).collect());
            assert_eq!(told(&body), expect, "{body:?}");
        }
    }
}
