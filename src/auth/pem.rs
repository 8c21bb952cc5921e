//! Public keys in PEM (RFC 7468), one or several blocks in a text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::der;
use super::keys::{Key, KeySet};

/// Reads every block of a text. A line feed may also be written as the two characters `\n`, as environment variables often
/// have it.
///
/// # Errors
/// What is wrong with which block, for a human; nothing of a key is quoted.
pub fn parse(text: &str) -> Result<KeySet, String> {
    let text = text.replace("\\n", "\n");
    let mut set = KeySet::default();
    let mut rest = text.as_str();
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        let number = set.keys.len() + 1;
        let (label, body) = begun.split_once("-----").ok_or_else(|| format!("block {number} has no end of its first line"))?;
        let end = format!("-----END {label}-----");
        let (body, after) = body.split_once(&end).ok_or_else(|| format!("block {number} is not closed by `{end}`"))?;
        set.keys.push(block(label, body).map_err(|reason| format!("block {number} ({label}): {reason}"))?);
        rest = after;
    }
    if set.keys.is_empty() {
        return Err("there is no `-----BEGIN PUBLIC KEY-----` in it".to_owned());
    }
    Ok(set)
}

fn block(label: &str, body: &str) -> Result<Key, &'static str> {
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = || STANDARD.decode(&body).map_err(|_| "its contents are not base64");
    match label {
        "PUBLIC KEY" => der::public_key_info(&bytes()?),
        "RSA PUBLIC KEY" => der::rsa_public_key(&bytes()?),
        "CERTIFICATE" => Err("a certificate is not read; take its public key with `openssl x509 -pubkey -noout`"),
        _ if label.ends_with("PRIVATE KEY") => Err("a private key does not belong here; take its public key with `openssl pkey -pubout`"),
        _ => Err("only PUBLIC KEY and RSA PUBLIC KEY are read"),
    }
}
