//! Hexadecimal (RFC 4648 section 8), in either case.

use crate::http::path::hex_value;

/// The bytes that `text` stands for; `None` where it is anything but pairs of digits.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.bytes().map(hex_value).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_digits_are_read() {
        for (text, expect) in
            [("", Some(vec![])), ("00fF10", Some(vec![0, 255, 16])), ("0", None), ("0g", None), ("0x00", None), (" 00", None), ("é", None)]
        {
            assert_eq!(decode(text), expect, "{text:?}");
        }
    }
}
