//! The built-in recognisers. Each looks at where a word begins, needs a bounded number of bytes to decide, and checks what there is
//! to check: sums of card numbers and IBANs, ranges of social security numbers, alphabets and lengths of keys.

use serde::{Deserialize, Serialize};

mod personal;
mod secrets;

/// What is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Numbers of payment cards, by their beginnings, lengths and check digit (ISO/IEC 7812), also in groups.
    PaymentCard,
    /// IBANs by their check digits (ISO 13616), also in groups of four.
    Iban,
    /// E-mail addresses.
    Email,
    /// Telephone numbers that begin with `+` (E.164), also in groups.
    Phone,
    /// Social security numbers of the United States, with hyphens.
    UsSsn,
    /// JSON Web Tokens.
    Jwt,
    /// Keys that tell what they are: AWS, GitHub, Slack, Google, Stripe, and this gateway's own.
    ApiKey,
    /// Private keys in PEM.
    PrivateKey,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] =
        [Self::PaymentCard, Self::Iban, Self::Email, Self::Phone, Self::UsSsn, Self::Jwt, Self::ApiKey, Self::PrivateKey];

    /// Its name in the routes files.
    pub fn name(self) -> &'static str {
        match self {
            Self::PaymentCard => "payment_card",
            Self::Iban => "iban",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::UsSsn => "us_ssn",
            Self::Jwt => "jwt",
            Self::ApiKey => "api_key",
            Self::PrivateKey => "private_key",
        }
    }

    /// How many of its last letters and digits may stay: none of a secret.
    pub fn keeps(self) -> usize {
        if matches!(self, Self::Jwt | Self::ApiKey | Self::PrivateKey) { 0 } else { 4 }
    }
}

/// What begins at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Nothing.
    Nothing,
    /// Perhaps something: more bytes will tell.
    More,
    /// This, of so many bytes.
    Found(Kind, usize),
    /// This, beginning with so many bytes and going on: [`Run`] tells its end.
    Begins(Kind, usize),
}

/// Where something of any length ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// At the first byte that is not of a token.
    Token,
    /// Behind the words that end a key in PEM. So many of them have been seen.
    Pem(usize),
}

const PEM_END: &[u8] = b"PRIVATE KEY-----";

impl Run {
    /// How something of this kind runs on.
    pub fn of(kind: Kind) -> Self {
        if kind == Kind::PrivateKey { Self::Pem(0) } else { Self::Token }
    }

    /// What becomes of it with one more byte.
    pub fn step(&mut self, byte: u8) -> Ran {
        match self {
            Self::Token if is_token(byte) || byte == b'.' => Ran::On,
            Self::Token => Ran::Before,
            // No key has a quote in it: one that was cut short ends with the text it stands in.
            Self::Pem(_) if byte == b'"' => Ran::Before,
            Self::Pem(seen) => {
                *seen = match PEM_END.get(*seen) {
                    Some(expected) if *expected == byte => *seen + 1,
                    _ => usize::from(byte == b'P'),
                };
                if *seen == PEM_END.len() { Ran::Behind } else { Ran::On }
            }
        }
    }
}

/// Whether something of any length goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// It does.
    On,
    /// It has ended before this byte.
    Before,
    /// It ends with this byte.
    Behind,
}

fn is_upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_token(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte)
}

/// What begins at the first of `bytes`. `before` is the byte before it; `ended` says that no more will come.
pub fn look(bytes: &[u8], before: Option<u8>, ended: bool, kinds: &[Kind]) -> Look {
    let Some(first) = bytes.first().copied() else { return if ended { Look::Nothing } else { Look::More } };
    let after_word = before.is_some_and(is_word);
    let mut more = false;
    for kind in kinds {
        let begins = match kind {
            Kind::PaymentCard | Kind::UsSsn => first.is_ascii_digit() && !after_word && !matches!(before, Some(b'.' | b'+' | b'-')),
            Kind::Iban => first.is_ascii_uppercase() && !after_word,
            Kind::Email => is_local(first) && !before.is_some_and(|byte| is_local(byte) || byte == b'@'),
            Kind::Phone => first == b'+' && !after_word,
            Kind::Jwt => first == b'e' && !after_word,
            Kind::ApiKey => matches!(first, b'A' | b'a' | b'g' | b'x' | b's' | b'r' | b'w') && !before.is_some_and(is_token),
            Kind::PrivateKey => first == b'-' && before != Some(b'-'),
        };
        if !begins {
            continue;
        }
        let look = match kind {
            Kind::PaymentCard => personal::card(bytes, ended),
            Kind::Iban => personal::iban(bytes, ended),
            Kind::Email => personal::email(bytes, ended),
            Kind::Phone => personal::phone(bytes, ended),
            Kind::UsSsn => personal::us_ssn(bytes, ended),
            Kind::Jwt => secrets::jwt(bytes),
            Kind::ApiKey => secrets::api_key(bytes, ended),
            Kind::PrivateKey => secrets::private_key(bytes),
        };
        match look {
            Look::Nothing => {}
            // What could be something else as well is only known once there is more.
            Look::More if !ended => more = true,
            Look::More => {}
            found => return if more { Look::More } else { found },
        }
    }
    if more { Look::More } else { Look::Nothing }
}
