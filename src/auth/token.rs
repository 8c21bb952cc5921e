//! Tokens in the compact serialisation of JWS (RFC 7515 section 3.1), read strictly.
//!
//! Reading says nothing about whether a token holds: its claims stay unread until a key has verified it. What a header says
//! about keys (`jwk`, `jku`, `x5u`, `x5c`) is never used; `kid` only chooses among keys that are trusted already.

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::base64url;
use super::json;
use super::refusal::Refusal;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 16 << 10;
/// The longest header part, in characters of base64url.
const MAX_HEADER: usize = 8 << 10;
/// The longest `kid`, in bytes.
const MAX_KID: usize = 512;
const HEADER_DEPTH: usize = 8;
const CLAIMS_DEPTH: usize = 16;

/// A token whose form is right; whether it holds is not yet known.
#[derive(Debug, Clone, PartialEq)]
pub struct Token<'a> {
    signed: &'a str,
    signature: &'a str,
    payload: Vec<u8>,
    /// What the header says; the key decides whether it may be used.
    pub algorithm: Algorithm,
    /// `kid`, which chooses among trusted keys.
    pub kid: Option<String>,
    /// `typ`, as written.
    pub typ: Option<String>,
}

impl<'a> Token<'a> {
    /// Reads the compact form and the header.
    ///
    /// # Errors
    /// The first thing that is not right about its form.
    pub fn parse(text: &'a str) -> Result<Self, Refusal> {
        Self::with_header(text).map(|(token, _)| token)
    }

    /// As [`Token::parse`], with the whole header: for proofs that carry their own key (RFC 9449 section 4.2). No access token does.
    ///
    /// # Errors
    /// The first thing that is not right about its form.
    pub fn with_header(text: &'a str) -> Result<(Self, Map<String, Value>), Refusal> {
        if text.len() > MAX_TOKEN {
            return Err(Refusal::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Refusal::NotThreeParts)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::NotThreeParts)?;
        if payload.contains('.') {
            return Err(Refusal::NotThreeParts);
        }
        if header.len() > MAX_HEADER {
            return Err(Refusal::TooLong);
        }
        let header = base64url::decode(header).ok_or(Refusal::NotBase64url)?;
        let header = json::object(&header, HEADER_DEPTH).map_err(Refusal::HeaderMalformed)?;
        let algorithm = algorithm(&header)?;
        if header.contains_key("crit") {
            return Err(Refusal::CriticalExtension);
        }
        if header.get("b64").is_some_and(|b64| *b64 != Value::Bool(true)) {
            return Err(Refusal::CriticalExtension);
        }
        let kid = text_member(&header, "kid", "has a `kid` that is not a string")?;
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(Refusal::HeaderMalformed("has a `kid` that is too long"));
        }
        let typ = text_member(&header, "typ", "has a `typ` that is not a string")?;
        let payload = base64url::decode(payload).ok_or(Refusal::NotBase64url)?;
        base64url::decode(signature).ok_or(Refusal::NotBase64url)?;
        Ok((Self { signed, signature, payload, algorithm, kid, typ }, header))
    }

    /// What the signature is over: header and payload as they stand in the token.
    pub fn signed(&self) -> &'a [u8] {
        self.signed.as_bytes()
    }

    /// The signature in base64url.
    pub fn signature(&self) -> &'a str {
        self.signature
    }

    /// The `iss` that the token claims to have, unverified: good for nothing but choosing whose rules it is held against.
    ///
    /// # Errors
    /// Where the claims are not a strict JSON object, or `iss` is missing or no string.
    pub fn claimed_issuer(&self) -> Result<String, Refusal> {
        match self.claims()?.remove("iss") {
            Some(Value::String(issuer)) => Ok(issuer),
            None | Some(Value::Null) => Err(Refusal::ClaimMissing("iss".to_owned())),
            Some(_) => Err(Refusal::ClaimNotRight("iss")),
        }
    }

    /// Reads the claims set (RFC 7519 section 4). Only to be asked for once the signature holds.
    ///
    /// # Errors
    /// [`Refusal::ClaimsMalformed`] where it is not a strict JSON object.
    pub fn claims(&self) -> Result<Map<String, Value>, Refusal> {
        json::object(&self.payload, CLAIMS_DEPTH).map_err(Refusal::ClaimsMalformed)
    }
}

fn algorithm(header: &Map<String, Value>) -> Result<Algorithm, Refusal> {
    let Some(Value::String(name)) = header.get("alg") else {
        return Err(Refusal::HeaderMalformed("has no `alg` that is a string"));
    };
    if name.is_empty() || name.eq_ignore_ascii_case("none") {
        return Err(Refusal::Unsigned);
    }
    Algorithm::from_name(name).ok_or(Refusal::UnknownAlgorithm)
}

fn text_member(header: &Map<String, Value>, name: &str, wrong: &'static str) -> Result<Option<String>, Refusal> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::HeaderMalformed(wrong)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(header: &str, expect: Result<Algorithm, &str>) {
        let text = format!("{}.e30.AA", base64url::encode(header));
        let got = Token::parse(&text).map(|token| token.algorithm).map_err(|refusal| refusal.name());
        assert_eq!(got, expect, "{header}");
    }

    #[test]
    fn headers_are_read_strictly() {
        check(r#"{"alg":"RS256"}"#, Ok(Algorithm::RS256));
        check(r#"{"alg":"ES384","typ":"at+jwt","kid":"a"}"#, Ok(Algorithm::ES384));
        check(r#"{"alg":"RS256","jwk":{"kty":"oct","k":"AA"},"jku":"https://evil.example","x5c":["AA"]}"#, Ok(Algorithm::RS256));
        check(r#"{"alg":"RS256","b64":true}"#, Ok(Algorithm::RS256));
        check(r#"{"alg":"RS256","b64":false}"#, Err("critical-extension"));
        check(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, Err("critical-extension"));
        check(r#"{"alg":"RS256","crit":[]}"#, Err("critical-extension"));
        check(r#"{"alg":"none"}"#, Err("unsigned"));
        check(r#"{"alg":"nOnE"}"#, Err("unsigned"));
        check(r#"{"alg":""}"#, Err("unsigned"));
        check(r#"{"alg":"none "}"#, Err("unknown-algorithm"));
        check(r#"{"alg":"rs256"}"#, Err("unknown-algorithm"));
        check(r#"{"alg":["RS256"]}"#, Err("header-malformed"));
        check(r#"{}"#, Err("header-malformed"));
        check(r#"{"alg":"RS256","alg":"none"}"#, Err("header-malformed"));
        check(r#"{"alg":"RS256","kid":1}"#, Err("header-malformed"));
        check(r#"{"alg":"RS256","typ":null}"#, Err("header-malformed"));
        check(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(513)), Err("header-malformed"));
        check(&format!(r#"{{"alg":"RS256","x":"{}"}}"#, "k".repeat(8 << 10)), Err("too-long"));
    }

    #[test]
    fn only_three_strict_parts_are_a_token() {
        let header = base64url::encode(r#"{"alg":"RS256"}"#);
        for (text, expect) in [
            (String::new(), "not-three-parts"),
            (header.clone(), "not-three-parts"),
            (format!("{header}.e30"), "not-three-parts"),
            (format!("{header}.e30.AA.AA"), "not-three-parts"),
            (format!("{header}.e30.AA.AA.AA"), "not-three-parts"),
            (format!("{header}.e30.AA=="), "not-base64url"),
            (format!("{header}.e30.AB"), "not-base64url"),
            (format!("{header}=.e30.AA"), "not-base64url"),
            (format!("{header}.e30=.AA"), "not-base64url"),
            (format!("{header}.e30 .AA"), "not-base64url"),
            (format!(" {header}.e30.AA"), "not-base64url"),
            (format!("{header}.e30.AA\n"), "not-base64url"),
            (format!("{header}.e30.{}", "A".repeat(MAX_TOKEN)), "too-long"),
            ("..".to_owned(), "header-malformed"),
        ] {
            assert_eq!(Token::parse(&text).map_err(|refusal| refusal.name()), Err(expect), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in ".{0,200}") {
            let _ = Token::parse(&text);
        }

        #[test]
        fn no_header_breaks_the_reader(header in r#"\{"alg":"(RS256|none)".{0,80}\}"#, payload in ".{0,80}") {
            let text = format!("{}.{}.AA", base64url::encode(header), base64url::encode(payload));
            if let Ok(token) = Token::parse(&text) {
                let _ = token.claims();
            }
        }
    }
}
