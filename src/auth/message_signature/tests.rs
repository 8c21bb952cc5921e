use jsonwebtoken::{Algorithm as SignWith, EncodingKey};

use super::*;
use crate::auth::{base64url, pem};
use crate::config::runtime::EncodedSlash;
use crate::http::{HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

mod attacks;
mod rfc;

const NOW_S: u64 = 1_618_884_473;
const SECRET: &str = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";

/// The keys of RFC 9421 appendix B.1, by their names there.
fn keys() -> BTreeMap<String, TrustedKey> {
    let public = |name: &str, body: &str, algorithm| {
        let text = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----");
        (name.to_owned(), TrustedKey { key: pem::parse(&text).unwrap().keys.remove(0), algorithm })
    };
    let rsa_pss = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+\
        oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W\
        Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI2wIDAQAB";
    let p256 =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==";
    let ed25519 = "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
    let secret = Key::secret(&STANDARD.decode(SECRET).unwrap(), &[Jws::HS256]).unwrap();
    BTreeMap::from([
        public("test-key-rsa-pss", rsa_pss, Algorithm::RsaPssSha512),
        public("test-key-ecc-p256", p256, Algorithm::EcdsaP256Sha256),
        public("test-key-ed25519", ed25519, Algorithm::Ed25519),
        ("test-shared-secret".to_owned(), TrustedKey { key: secret, algorithm: Algorithm::HmacSha256 }),
    ])
}

fn rules(covered: &[&str]) -> Rules {
    let covered = covered.iter().map(|name| Coverage::parse(name).unwrap()).collect();
    Rules { covered, max_age_ms: 300_000, leeway_ms: 30_000, tag: None, nonce: false }
}

/// A request of somebody's.
#[derive(Clone)]
struct Sent {
    method: &'static str,
    url: String,
    fields: Vec<(String, String)>,
}

impl Sent {
    fn new(method: &'static str, url: &str, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { method, url: url.to_owned(), fields }
    }

    /// The request of appendix B.2.
    fn rfc() -> Self {
        let digest = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
        let fields = [
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("content-type", "application/json"),
            ("content-digest", digest),
            ("content-length", "18"),
        ];
        Self::new("POST", "https://example.com/foo?param=Value&Pet=dog", &fields)
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    fn signed_by(self, label: &str, input: &str, signature: &str) -> Self {
        self.with("signature-input", &format!("{label}={input}")).with("signature", &format!("{label}=:{signature}:"))
    }

    /// Signs with the shared secret, whatever the input says.
    fn signed(self, input: &str) -> Self {
        let signature = self.signature(input);
        self.signed_by("sig", input, &signature)
    }

    fn signature(&self, input: &str) -> String {
        let base = self.base(input).unwrap();
        let key = EncodingKey::from_secret(&STANDARD.decode(SECRET).unwrap());
        let signature = jsonwebtoken::crypto::sign(base.as_bytes(), &key, SignWith::HS256).unwrap();
        STANDARD.encode(base64url::decode(signature).unwrap())
    }

    fn base(&self, input: &str) -> Result<String, Refusal> {
        let input = structured::dictionary(&format!("sig={input}")).unwrap();
        let Some(Member::List(input)) = input.get("sig") else { panic!("not an inner list") };
        self.ask(|message| base::of(message, input))
    }

    fn ask<T>(&self, ask: impl Fn(&Message<'_>) -> T) -> T {
        let target = Target::parse(&self.url, EncodedSlash::Refuse).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in &self.fields {
            headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        ask(&Message { method: self.method, target: &target, headers: &headers })
    }

    fn verify(&self, rules: &Rules, now_s: u64) -> Result<Proof, Refusal> {
        self.ask(|message| verify(message, &keys(), rules, now_s * 1_000))
    }
}
