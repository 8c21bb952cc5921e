//! Query parameters as HTML forms write them: `name=value` joined by `&`, `+` for a space
//! (URL standard, application/x-www-form-urlencoded).

use std::borrow::Cow;

use super::path::hex_value;

/// Names and values of a query, decoded, in order. A parameter without `=` has an empty value; a malformed `%` stands for
/// itself, and bytes that are not UTF-8 become U+FFFD.
pub fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// One name or value, decoded; borrowed where nothing was encoded.
pub fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let escaped = || {
            let mut ahead = bytes.clone();
            Some(hex_value(ahead.next()?)? << 4 | hex_value(ahead.next()?)?)
        };
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => match escaped() {
                Some(value) => {
                    decoded.push(value);
                    bytes.nth(1);
                }
                None => decoded.push(b'%'),
            },
            other => decoded.push(other),
        }
    }
    Cow::Owned(String::from_utf8(decoded).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Appends `name=value` to a form or a query, both encoded.
pub fn push(form: &mut String, name: &str, value: &str) {
    if !form.is_empty() {
        form.push('&');
    }
    encode(form, name);
    form.push('=');
    encode(form, value);
}

/// Appends a name or a value, encoded: letters, digits and `*-._` as they are, a space as `+`, all else by `%`.
pub fn encode(form: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => form.push(char::from(byte)),
            b' ' => form.push('+'),
            other => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
                form.extend(['%', digit(other >> 4), digit(other & 15)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expect: &[(&str, &str)]) {
        let got: Vec<_> = pairs(query).collect();
        let got: Vec<_> = got.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(got, expect, "{query}");
    }

    #[test]
    fn parameters_are_decoded() {
        check("", &[]);
        check("a=1&b=2", &[("a", "1"), ("b", "2")]);
        check("a&&b=", &[("a", ""), ("b", "")]);
        check("a=1=2", &[("a", "1=2")]);
        check("a+b=c%20d", &[("a b", "c d")]);
        check("%61=%C3%a9", &[("a", "\u{e9}")]);
        check("a=100%&b=%zz&c=%4", &[("a", "100%"), ("b", "%zz"), ("c", "%4")]);
        check("a=%ff", &[("a", "\u{fffd}")]);
        check("a=%2B%26", &[("a", "+&")]);
    }

    #[test]
    fn a_form_is_encoded_for_any_reader() {
        let mut form = String::new();
        push(&mut form, "a b", "c&d=e+f%é/~");
        push(&mut form, "g", "*-._");
        assert_eq!(form, "a+b=c%26d%3De%2Bf%25%C3%A9%2F%7E&g=*-._");
        check(&form, &[("a b", "c&d=e+f%é/~"), ("g", "*-._")]);
    }
}
