//! Tokens that are bound to a key: to the client's certificate (RFC 8705), or to a key that makes a proof for each request
//! (DPoP, RFC 9449).

use crate::auth::binding::{Binding, holds_certificate};
use crate::auth::dpop::{self, Asked};
use crate::auth::identity::Identity;
use crate::config::compiler::{Compiler, ConfigError};
use crate::config::values::{Duration, Secret};
use crate::error::{Challenge, GatewayError};
use crate::exchange::Exchange;
use crate::http::{HeaderName, HeaderValue, Request};
use serde::{Deserialize, Serialize};

/// The space of ids that replayed proofs are found in: proofs are for one URL, so all policies share it.
const SPACE: &str = "dpop";
const PROOF: &str = "dpop";
const NOT_PROVED: &str = "The DPoP proof is missing, malformed, or not for this request.";
const NONCE_ASKED: &str = "The DPoP proof needs the nonce that this response gives.";

/// `{ by = ["certificate", "dpop"], required = true }`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BoundConfig {
    /// What a token may be bound to: the client's certificate, as the edge has seen it, or a key that proves itself by DPoP. A token
    /// that is bound in another way is refused.
    pub by: Vec<Way>,
    /// Whether a token that is bound to nothing is refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// How far the time of a DPoP proof may lie from now; 5s to 10m.
    #[serde(default = "default_window")]
    pub window: Duration,
    /// The name of a secret, at least 32 bytes, that nonces for DPoP proofs are made with; where it is not written, proofs need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Secret>,
    /// Whether a DPoP proof is remembered, so that it passes once only: one call to an object for each request.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub replay: bool,
}

/// A way in which a token is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// To the client's TLS certificate (`cnf` with `x5t#S256`).
    Certificate,
    /// To a key of the client's (`cnf` with `jkt`); the token then comes as `Authorization: DPoP ...`.
    Dpop,
}

fn default_window() -> Duration {
    Duration::from_ms(60_000)
}

fn yes() -> bool {
    true
}

/// The compiled form.
pub struct Bound {
    certificate: bool,
    pub(super) dpop: bool,
    required: bool,
    window_ms: u64,
    nonce: Option<Vec<u8>>,
    replay: bool,
}

impl Bound {
    /// # Errors
    /// Where there is no way, one is written twice, or the rest cannot work.
    pub fn compile(config: &BoundConfig, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        if config.by.is_empty() {
            return Err(ConfigError::at("bound.by", "there is no way; write \"certificate\", \"dpop\" or both"));
        }
        if let Some(index) = config.by.iter().enumerate().position(|(index, way)| config.by.iter().take(index).any(|known| known == way)) {
            return Err(ConfigError::at(format!("bound.by.{index}"), "it stands in the list twice"));
        }
        if !(5_000..=600_000).contains(&config.window.ms()) {
            return Err(ConfigError::at("bound.window", format!("{} is out of range; write from 5s to 10m", config.window)));
        }
        let (certificate, dpop) = (config.by.contains(&Way::Certificate), config.by.contains(&Way::Dpop));
        if config.nonce.is_some() && !dpop {
            return Err(ConfigError::at("bound.nonce", "a nonce is for DPoP proofs; write \"dpop\" in `by`"));
        }
        compiler.needs.edge |= certificate;
        if dpop {
            compiler.needs.secret_headers.insert(PROOF.to_owned());
        }
        let nonce = config.nonce.as_ref().map(|secret| nonce_secret(secret, compiler)).transpose()?;
        Ok(Self { certificate, dpop, required: config.required, window_ms: config.window.ms(), nonce, replay: config.replay })
    }

    /// Whether a token may come as a plain bearer token: unbound, or bound to a certificate.
    pub(super) fn takes_plain(&self) -> bool {
        self.certificate || !self.required
    }

    /// The bare challenge, with the algorithms that a proof may be signed with (RFC 9449 section 7.1).
    pub(super) fn challenge(&self, realm: &str) -> Option<Challenge> {
        let algorithms = || dpop::ALGORITHMS.iter().flat_map(|algorithm| algorithm.names()).copied().collect::<Vec<_>>().join(" ");
        self.dpop.then(|| Challenge { scheme: "DPoP", realm: realm.to_owned(), more: vec![("algs", algorithms())], ..Challenge::default() })
    }
}

fn nonce_secret(secret: &Secret, compiler: &mut Compiler<'_>) -> Result<Vec<u8>, ConfigError> {
    let value = compiler.secret("bound.nonce", secret)?;
    if value.len() < 32 {
        let message = format!("`{}` is too short: write at least 32 bytes", secret.secret);
        return Err(ConfigError { missing: Some(secret.secret.clone()), ..ConfigError::at("bound.nonce", message) });
    }
    Ok(value.into_bytes())
}

/// Why a bound token does not pass.
pub(super) enum Unbound {
    /// The token is not bound as it must be, or is used by somebody else; the text is for the log.
    Token(&'static str),
    /// The proof does not hold: the error code for the client, what it is told, and why, for the log.
    Proof(&'static str, &'static str, String),
    /// Nobody could say whether the proof was used before.
    Outage(GatewayError),
}

/// Holds what a token is bound to against what the client has proved.
pub(super) async fn check(
    bound: Option<&Bound>,
    cx: &mut Exchange<'_>,
    request: &Request,
    identity: &Identity,
    token: &str,
    by_dpop: bool,
    policy: &str,
) -> Result<(), Unbound> {
    let binding = Binding::of(&identity.claims).map_err(Unbound::Token)?;
    let Some(Binding { certificate, key }) = binding else {
        return match (by_dpop, bound.is_some_and(|bound| bound.required)) {
            (true, _) => Err(Unbound::Token("it came as DPoP and is bound to no key")),
            (_, true) => Err(Unbound::Token("it is bound to nothing")),
            _ => Ok(()),
        };
    };
    let Some(bound) = bound else { return Err(Unbound::Token("it is bound to a key, and nobody asks for one here")) };
    if let Some(digest) = certificate {
        if !bound.certificate {
            return Err(Unbound::Token("it is bound to a certificate, which is not looked at here"));
        }
        if !holds_certificate(cx.edge().tls_client_auth.as_ref(), &digest) {
            return Err(Unbound::Token("it is bound to another client's certificate"));
        }
    }
    match key {
        Some(_) if !bound.dpop => Err(Unbound::Token("it is bound to a key that proves itself by DPoP, which is not looked at here")),
        Some(_) if !by_dpop => Err(Unbound::Token("it is bound to a key and came without its proof")),
        Some(key) => bound.proved(cx, request, &key, token, policy).await,
        None if by_dpop => Err(Unbound::Token("it came as DPoP and is bound to no key")),
        None => Ok(()),
    }
}

impl Bound {
    async fn proved(&self, cx: &mut Exchange<'_>, request: &Request, key: &[u8; 32], token: &str, policy: &str) -> Result<(), Unbound> {
        let wrong = |reason: String| Unbound::Proof("invalid_dpop_proof", NOT_PROVED, reason);
        let now_ms = cx.ports.clock.now_ms();
        let fresh = self.nonce.as_ref().map(|secret| dpop::nonce(secret, now_ms));
        if let Some(value) = fresh.and_then(|fresh| HeaderValue::try_from(fresh).ok()) {
            cx.reply_headers.push((HeaderName::from_static("dpop-nonce"), value));
        }
        let mut fields = request.headers.get_all(PROOF).iter();
        let (Some(field), None) = (fields.next(), fields.next()) else {
            return Err(wrong("the request does not have exactly one DPoP field".to_owned()));
        };
        let field = field.to_str().map_err(|_| wrong("the DPoP field is not ASCII".to_owned()))?;
        let Some(target) = &cx.target else { return Err(wrong("the request has no target".to_owned())) };
        let asked = Asked {
            method: cx.method.as_str(),
            target,
            encoded_slash: cx.settings.encoded_slash,
            token,
            key,
            now_ms,
            window_ms: self.window_ms,
        };
        let proved = dpop::check(field, &asked).map_err(wrong)?;
        if let Some(secret) = &self.nonce
            && !proved.nonce.as_ref().is_some_and(|nonce| dpop::nonce_holds(secret, nonce, now_ms))
        {
            let log = "the DPoP proof has no nonce, or an old one".to_owned();
            return Err(Unbound::Proof("use_dpop_nonce", NONCE_ASKED, log));
        }
        if !self.replay {
            return Ok(());
        }
        match cx.ports.replay.first_time(SPACE, &proved.id, proved.until_ms).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(wrong("the DPoP proof was used before".to_owned())),
            Err(error) => Err(Unbound::Outage(GatewayError::PolicyUnavailable { policy: policy.to_owned(), log: error.to_string() })),
        }
    }
}
