//! Why a token was refused: for the record alone, and without anything that stood in the token.

use std::fmt;

/// Why a token was refused. The client is told no more than that its token is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant's text stands in `described`")]
pub enum Refusal {
    TooLong,
    NotThreeParts,
    NotBase64url,
    HeaderMalformed(&'static str),
    ClaimsMalformed(&'static str),
    Unsigned,
    UnknownAlgorithm,
    CriticalExtension,
    WrongType,
    UnknownKey,
    NoKeyFits,
    TooManyKeysFit,
    /// The key that the token names does not verify it.
    BadSignature,
    /// The token names no key, or the keys have no names, and none of them verifies it.
    NoKeyVerifies,
    /// With the claim's name.
    ClaimMissing(String),
    /// With the claim's name.
    ClaimNotRight(&'static str),
    WrongIssuer,
    WrongAudience,
    Expired,
    NotYetValid,
    IssuedInFuture,
    TooOld,
    NotAToken,
    Inactive,
    Withdrawn,
}

impl Refusal {
    /// A stable name, for metrics and tests.
    pub fn name(&self) -> &'static str {
        self.described().0
    }

    /// Whether the issuer may have newer keys under which the token holds.
    pub fn newer_keys_may_help(&self) -> bool {
        matches!(self, Self::UnknownKey | Self::NoKeyVerifies)
    }

    /// Whether the token was right in everything but its time: no guess.
    pub fn is_of_its_time(&self) -> bool {
        matches!(self, Self::Expired | Self::NotYetValid | Self::IssuedInFuture | Self::TooOld)
    }

    fn described(&self) -> (&'static str, &'static str) {
        match self {
            Self::TooLong => ("too-long", "it is longer than a token may be"),
            Self::NotThreeParts => ("not-three-parts", "it does not have exactly three parts"),
            Self::NotBase64url => ("not-base64url", "a part of it is not strict base64url"),
            Self::HeaderMalformed(_) => ("header-malformed", "its header"),
            Self::ClaimsMalformed(_) => ("claims-malformed", "its claims set"),
            Self::Unsigned => ("unsigned", "it says that it is not signed"),
            Self::UnknownAlgorithm => ("unknown-algorithm", "its algorithm is not known here"),
            Self::CriticalExtension => ("critical-extension", "it asks for an extension that is not known here"),
            Self::WrongType => ("wrong-type", "its `typ` is not accepted here"),
            Self::UnknownKey => ("unknown-key", "no key has the `kid` that it names"),
            Self::NoKeyFits => ("no-key-fits", "no key may be used with its algorithm"),
            Self::TooManyKeysFit => ("too-many-keys-fit", "too many keys fit it to try them all"),
            Self::BadSignature => ("bad-signature", "its signature does not hold"),
            Self::NoKeyVerifies => ("bad-signature", "no key verifies its signature"),
            Self::ClaimMissing(_) => ("claim-missing", "a claim is missing"),
            Self::ClaimNotRight(_) => ("claim-malformed", "a claim is not of the right form"),
            Self::WrongIssuer => ("wrong-issuer", "its `iss` is not accepted here"),
            Self::WrongAudience => ("wrong-audience", "its `aud` does not name this API"),
            Self::Expired => ("expired", "it has expired"),
            Self::NotYetValid => ("not-yet-valid", "it is not valid yet"),
            Self::IssuedInFuture => ("issued-in-future", "it was issued in the future"),
            Self::TooOld => ("too-old", "it was issued too long ago"),
            Self::NotAToken => ("not-a-token", "it has characters that no token has, or none at all"),
            Self::Withdrawn => ("withdrawn", "it was withdrawn before its end"),
            Self::Inactive => ("inactive", "its issuer says that it is not active"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, text) = self.described();
        match self {
            Self::HeaderMalformed(reason) | Self::ClaimsMalformed(reason) => write!(f, "{name}: {text} {reason}"),
            Self::ClaimMissing(claim) => write!(f, "{name}: {text}: {claim}"),
            Self::ClaimNotRight(claim) => write!(f, "{name}: {text}: {claim}"),
            _ => write!(f, "{name}: {text}"),
        }
    }
}
