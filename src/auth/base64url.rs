//! Strict base64url (RFC 4648 section 5, RFC 7515 section 2): one spelling for each sequence of bytes.
//!
//! No padding, no white space, no other alphabet, and no stray bits in the last character: a token that was altered without
//! changing its meaning is refused, so that a token has exactly one text.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const STRICT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(false),
);

/// The bytes that `text` stands for; `None` where it is not their one spelling.
pub fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    STRICT.decode(text).ok()
}

/// The one spelling of these bytes.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    STRICT.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// The definition, bit by bit.
    fn model(text: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let (mut bits, mut held) = (0u32, 0u32);
        for character in text {
            let value = ALPHABET.iter().position(|known| known == character)? as u32;
            bits = (bits << 6) | value;
            held += 6;
            if held >= 8 {
                held -= 8;
                bytes.push((bits >> held) as u8);
                bits &= (1 << held) - 1;
            }
        }
        (held < 6 && bits == 0).then_some(bytes)
    }

    #[test]
    fn only_the_one_spelling_is_read() {
        for (text, expect) in [
            ("", Some("")),
            ("Zg", Some("f")),
            ("Zm9v", Some("foo")),
            ("Zh", None),
            ("Zg==", None),
            ("Zg=", None),
            ("Z", None),
            ("Zm9v\n", None),
            (" Zm9v", None),
            ("Zm 9v", None),
            ("Zm9v.", None),
            ("+/+/", None),
            ("Zm9vé", None),
        ] {
            assert_eq!(decode(text), expect.map(|bytes| bytes.as_bytes().to_vec()), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn decoding_agrees_with_the_definition(text in "[A-Za-z0-9_=+/ -]{0,24}") {
            prop_assert_eq!(decode(&text), model(text.as_bytes()));
        }

        #[test]
        fn clean_text_agrees_with_the_definition(text in "[A-Za-z0-9_-]{0,24}") {
            prop_assert_eq!(decode(&text), model(text.as_bytes()));
        }

        #[test]
        fn what_is_encoded_is_read_back(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(decode(encode(&bytes)), Some(bytes));
        }
    }
}
