//! Hashes of passwords as text: `$scrypt$ln=14,r=8,p=5$SALT$HASH` (scrypt, RFC 7914, in the PHC string format), salt and hash in base64
//! without padding.
//!
//! Three sets of parameters pass, those of OWASP's password storage advice that fit an isolate's memory: each takes about as long
//! as the others, in 8, 16 or 32 MiB. Others are refused where the file is read, so that a request never costs more than is known.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::equal::equal;

/// Bytes of a hash.
pub const HASH: usize = 32;

/// Bytes of a salt that is made here.
pub const SALT: usize = 16;

/// What scrypt is run with (RFC 7914 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// The logarithm of the cost, base 2.
    pub ln: u8,
    /// The block size.
    pub r: u32,
    /// The parallelisation.
    pub p: u32,
}

/// What new hashes are made with.
pub const USUAL: Parameters = Parameters { ln: 14, r: 8, p: 5 };

const ACCEPTED: [Parameters; 3] = [Parameters { ln: 13, r: 8, p: 10 }, USUAL, Parameters { ln: 15, r: 8, p: 3 }];

/// The hash of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    /// What it was made with.
    pub parameters: Parameters,
    /// Makes equal passwords differ.
    pub salt: Vec<u8>,
    hash: [u8; HASH],
}

impl PasswordHash {
    /// A hash that was just made.
    pub fn of(parameters: Parameters, salt: Vec<u8>, hash: [u8; HASH]) -> Self {
        Self { parameters, salt, hash }
    }

    /// Stands for the hash of a user that nobody has: it costs what a real one costs, and no password fits.
    pub fn nobody() -> Self {
        Self { parameters: USUAL, salt: vec![0; SALT], hash: [0; HASH] }
    }

    /// Whether this is the same hash, in constant time.
    pub fn is(&self, hash: &[u8; HASH]) -> bool {
        equal(&self.hash, hash)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordHash({:?})", self.parameters)
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parameters { ln, r, p } = self.parameters;
        write!(f, "$scrypt$ln={ln},r={r},p={p}${}${}", STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(self.hash))
    }
}

impl FromStr for PasswordHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "this is not the hash of a password; `archway password` makes one";
        let mut parts = text.strip_prefix("$scrypt$").ok_or(FORM)?.split('$');
        let (Some(parameters), Some(salt), Some(hash), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(FORM);
        };
        let written = |known: &&Parameters| parameters == format!("ln={},r={},p={}", known.ln, known.r, known.p);
        let parameters = ACCEPTED.iter().find(written).ok_or(
            "scrypt with these parameters is too weak or takes too much memory; ln=14,r=8,p=5 is usual, ln=13,r=8,p=10 and ln=15,r=8,p=3 pass",
        )?;
        let salt = STANDARD_NO_PAD.decode(salt).ok().filter(|salt| (SALT..=64).contains(&salt.len())).ok_or(FORM)?;
        let hash = STANDARD_NO_PAD.decode(hash).ok().and_then(|hash| hash.try_into().ok()).ok_or(FORM)?;
        Ok(Self { parameters: *parameters, salt, hash })
    }
}

/// Runs scrypt on this machine.
#[cfg(not(target_arch = "wasm32"))]
pub fn scrypt(password: &[u8], salt: &[u8], parameters: Parameters) -> Result<[u8; HASH], String> {
    let Parameters { ln, r, p } = parameters;
    let mut hash = [0; HASH];
    let parameters = scrypt::Params::new(ln, r, p, HASH).map_err(|error| error.to_string())?;
    scrypt::scrypt(password, salt, &parameters, &mut hash).map_err(|error| error.to_string())?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hashes_are_read_and_weak_ones_are_not() {
        let (salt, hash) = ("AAAAAAAAAAAAAAAAAAAAAA", "A".repeat(43));
        for (parameters, expect) in [
            ("ln=14,r=8,p=5", true),
            ("ln=13,r=8,p=10", true),
            ("ln=15,r=8,p=3", true),
            ("ln=14,r=8,p=1", false),
            ("ln=17,r=8,p=1", false),
            ("r=8,ln=14,p=5", false),
            ("", false),
        ] {
            let text = format!("$scrypt${parameters}${salt}${hash}");
            let read = text.parse::<PasswordHash>();
            assert_eq!(read.as_ref().map(ToString::to_string).ok(), expect.then_some(text.clone()), "{text}");
        }
        for text in [
            format!("$scrypt$ln=14,r=8,p=5${salt}$"),
            format!("$scrypt$ln=14,r=8,p=5$AAAA${hash}"),
            format!("$scrypt$ln=14,r=8,p=5${salt}${hash}$"),
            format!("$argon2id$v=19$m=65536,t=2,p=1${salt}${hash}"),
            "secret".to_owned(),
            String::new(),
        ] {
            assert!(text.parse::<PasswordHash>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_hash_is_never_shown_for_debugging() {
        assert_eq!(format!("{:?}", PasswordHash::nobody()), "PasswordHash(Parameters { ln: 14, r: 8, p: 5 })");
    }

    proptest! {
        #[test]
        fn every_hash_is_read_back(salt in prop::collection::vec(any::<u8>(), SALT..=64), hash in prop::array::uniform32(any::<u8>())) {
            let made = PasswordHash::of(USUAL, salt, hash);
            let read: PasswordHash = made.to_string().parse().unwrap();
            prop_assert!(read == made && read.is(&hash));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "(\\$scrypt\\$)?.{0,60}") {
            let _ = text.parse::<PasswordHash>();
        }
    }
}
