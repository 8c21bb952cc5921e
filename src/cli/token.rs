//! `archway token`: development tokens (RFC 7519), their keys, and the key sets (RFC 7517) that go with them.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};

use super::{Failure, Format};
use crate::config::values::Duration;

/// What a token says, and what signs it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The algorithm; that of the key where absent.
    #[arg(long, value_enum, ignore_case = true)]
    alg: Option<Alg>,
    /// A shared secret, for HS256, HS384 and HS512.
    #[arg(long, value_name = "TEXT", conflicts_with = "key")]
    secret: Option<String>,
    /// A PEM file with a private key, for everything else.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Makes an Ed25519 key, writes it to this file, which must not be there yet, and prints its key set.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["alg", "secret", "key"])]
    new_key: Option<PathBuf>,
    /// Prints the key set of `--key` in place of a token.
    #[arg(long, requires = "key")]
    jwks: bool,
    /// The key's name in the token's header; the thumbprint of the key where absent (RFC 7638). Shared secrets have none.
    #[arg(long, value_name = "NAME")]
    kid: Option<String>,
    /// The token's type in its header.
    #[arg(long, default_value = "JWT")]
    typ: String,
    /// Whom the token is about.
    #[arg(long, default_value = "developer")]
    sub: String,
    /// Who issued it.
    #[arg(long)]
    iss: Option<String>,
    /// Whom it is for; may be said more than once.
    #[arg(long)]
    aud: Vec<String>,
    /// Scopes, separated by spaces.
    #[arg(long)]
    scope: Option<String>,
    /// Any other claim; a value that is JSON is taken as JSON, and a dotted name leads into objects.
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    claims: Vec<String>,
    /// How long it holds.
    #[arg(long, default_value = "1h")]
    expires: Duration,
}

/// A signature algorithm (RFC 7518 section 3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "they have the names of their standards")]
pub enum Alg {
    #[value(name = "HS256")]
    Hs256,
    #[value(name = "HS384")]
    Hs384,
    #[value(name = "HS512")]
    Hs512,
    #[value(name = "RS256")]
    Rs256,
    #[value(name = "RS384")]
    Rs384,
    #[value(name = "RS512")]
    Rs512,
    #[value(name = "PS256")]
    Ps256,
    #[value(name = "PS384")]
    Ps384,
    #[value(name = "PS512")]
    Ps512,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "ES384")]
    Es384,
    #[value(name = "EdDSA")]
    EdDsa,
}

impl From<Alg> for Algorithm {
    fn from(alg: Alg) -> Self {
        match alg {
            Alg::Hs256 => Self::HS256,
            Alg::Hs384 => Self::HS384,
            Alg::Hs512 => Self::HS512,
            Alg::Rs256 => Self::RS256,
            Alg::Rs384 => Self::RS384,
            Alg::Rs512 => Self::RS512,
            Alg::Ps256 => Self::PS256,
            Alg::Ps384 => Self::PS384,
            Alg::Ps512 => Self::PS512,
            Alg::Es256 => Self::ES256,
            Alg::Es384 => Self::ES384,
            Alg::EdDsa => Self::EdDSA,
        }
    }
}

/// Mints a token, or makes a key, and prints it.
///
/// # Errors
/// Where the key cannot be read or does not fit the algorithm, or an argument is malformed.
#[allow(clippy::disallowed_methods, reason = "a command has no clock but the machine's")]
pub fn run(arguments: &Arguments, format: Format) -> Result<(), Failure> {
    if let Some(file) = &arguments.new_key {
        let mut seed = [0; 32];
        getrandom::getrandom(&mut seed).map_err(|error| usage("no randomness", error))?;
        let pem = new_key(&seed);
        create(file, &pem).map_err(|error| Failure::Usage(format!("`{}` cannot be written: {error}", file.display())))?;
        let key = SigningKey::from_pem(&pem, None)?;
        anstream::println!("{:#}", key.key_set(arguments.kid.as_deref())?);
        return Ok(());
    }
    let key = match (&arguments.secret, &arguments.key) {
        (Some(secret), _) => SigningKey::from_secret(secret, arguments.alg)?,
        (None, Some(file)) => {
            let pem = fs::read_to_string(file).map_err(|error| Failure::Usage(format!("`{}` cannot be read: {error}", file.display())))?;
            SigningKey::from_pem(&pem, arguments.alg)?
        }
        (None, None) => return Err(Failure::Usage("a token needs `--secret TEXT` or `--key FILE`; `--new-key FILE` makes one".to_owned())),
    };
    if arguments.jwks {
        anstream::println!("{:#}", key.key_set(arguments.kid.as_deref())?);
        return Ok(());
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_err(|error| usage("the clock", error))?;
    let claims = claims(arguments, now.as_secs())?;
    let token = key.sign(&claims, arguments)?;
    match format {
        Format::Text => anstream::println!("{token}"),
        Format::Json => anstream::println!("{:#}", json!({ "token": token, "claims": claims })),
    }
    Ok(())
}

/// The claims of a token that is issued at `now_s`, in seconds since the epoch.
fn claims(arguments: &Arguments, now_s: u64) -> Result<Map<String, Value>, Failure> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), arguments.sub.clone().into());
    if let Some(issuer) = &arguments.iss {
        claims.insert("iss".to_owned(), issuer.clone().into());
    }
    match arguments.aud.as_slice() {
        [] => {}
        [audience] => drop(claims.insert("aud".to_owned(), audience.clone().into())),
        several => drop(claims.insert("aud".to_owned(), several.into())),
    }
    if let Some(scope) = &arguments.scope {
        claims.insert("scope".to_owned(), scope.clone().into());
    }
    claims.insert("iat".to_owned(), now_s.into());
    claims.insert("exp".to_owned(), (now_s + arguments.expires.seconds()).into());
    for claim in &arguments.claims {
        let (name, value) = claim.split_once('=').ok_or_else(|| Failure::Usage(format!("`--claim {claim}`: expected NAME=VALUE")))?;
        insert(&mut claims, name, serde_json::from_str(value).unwrap_or_else(|_| value.into()));
    }
    Ok(claims)
}

fn insert(object: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => drop(object.insert(name.to_owned(), value)),
        Some((first, rest)) => {
            let inner = object.entry(first.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Some(inner) = inner.as_object_mut() {
                insert(inner, rest, value);
            }
        }
    }
}

struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
    public: bool,
}

impl SigningKey {
    fn from_secret(secret: &str, alg: Option<Alg>) -> Result<Self, Failure> {
        let algorithm = alg.map_or(Algorithm::HS256, Algorithm::from);
        if !matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
            return Err(Failure::Usage(format!("{algorithm:?} needs `--key FILE`; a secret is for HS256, HS384 and HS512")));
        }
        Ok(Self { key: EncodingKey::from_secret(secret.as_bytes()), algorithm, public: false })
    }

    fn from_pem(pem: &str, alg: Option<Alg>) -> Result<Self, Failure> {
        let bytes = pem.as_bytes();
        let rsa = || EncodingKey::from_rsa_pem(bytes);
        let elliptic = || EncodingKey::from_ec_pem(bytes);
        let (key, default) = if let Ok(key) = EncodingKey::from_ed_pem(bytes) {
            (key, Algorithm::EdDSA)
        } else if let Ok(key) = elliptic() {
            let p384 = Jwk::from_encoding_key(&key, Algorithm::ES256).is_err();
            (key, if p384 { Algorithm::ES384 } else { Algorithm::ES256 })
        } else {
            let wrong = |_| {
                let form = "expected PKCS #8 (`-----BEGIN PRIVATE KEY-----`), which `openssl pkcs8 -topk8 -nocrypt` makes of others";
                Failure::Usage(format!("this is not a PEM file with a private key: {form}"))
            };
            (rsa().map_err(wrong)?, Algorithm::RS256)
        };
        let algorithm = alg.map_or(default, Algorithm::from);
        let family = |algorithm: Algorithm| match algorithm {
            Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 | Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512 => "RSA",
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => "a shared secret",
            Algorithm::ES256 => "P-256",
            Algorithm::ES384 => "P-384",
            Algorithm::EdDSA => "Ed25519",
            _ => "another key",
        };
        if family(algorithm) != family(default) {
            return Err(Failure::Usage(format!("{algorithm:?} needs {}, and this key is {}", family(algorithm), family(default))));
        }
        Ok(Self { key, algorithm, public: true })
    }

    fn public_key(&self, kid: Option<&str>) -> Result<Jwk, Failure> {
        let wrong = |error| usage("the key cannot be used", error);
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).map_err(wrong)?;
        let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256).map_err(wrong)?;
        jwk.common.key_id = Some(kid.map_or(thumbprint, str::to_owned));
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(jwk)
    }

    fn key_set(&self, kid: Option<&str>) -> Result<Value, Failure> {
        Ok(json!({ "keys": [self.public_key(kid)?] }))
    }

    fn sign(&self, claims: &Map<String, Value>, arguments: &Arguments) -> Result<String, Failure> {
        let mut header = Header::new(self.algorithm);
        header.typ = Some(arguments.typ.clone());
        header.kid = match self.public {
            true => self.public_key(arguments.kid.as_deref())?.common.key_id,
            false => arguments.kid.clone(),
        };
        jsonwebtoken::encode(&header, claims, &self.key).map_err(|error| usage("the token cannot be signed", error))
    }
}

/// An Ed25519 private key in PKCS #8 (RFC 8410 section 7), as PEM.
fn new_key(seed: &[u8; 32]) -> String {
    let mut der = vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    der.extend_from_slice(seed);
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

fn create(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}

fn usage(what: &str, error: impl std::fmt::Display) -> Failure {
    Failure::Usage(format!("{what}: {error}"))
}

#[cfg(test)]
mod tests;
