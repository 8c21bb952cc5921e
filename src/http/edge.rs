//! What the edge knows of a client's connection besides its address: place, network, TLS, certificate, and how much it looks like
//! a program.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

/// Facts of one connection. Whatever the edge does not say is absent: a bare workerd says next to nothing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EdgeFacts {
    /// The country by ISO 3166-1 alpha-2; `T1` for Tor.
    pub country: Option<String>,
    /// The continent: `AF`, `AN`, `AS`, `EU`, `NA`, `OC`, `SA`.
    pub continent: Option<String>,
    /// The number of the client's network (autonomous system).
    pub asn: Option<u32>,
    /// Who runs that network.
    pub as_organization: Option<String>,
    /// `TLSv1.3`, ...
    pub tls_version: Option<String>,
    /// `HTTP/2`, ...
    pub http_protocol: Option<String>,
    /// How much the client looks like a program.
    pub bot_management: Option<BotFacts>,
    /// The client's certificate.
    pub tls_client_auth: Option<ClientCertificate>,
}

/// How much a client looks like a program.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BotFacts {
    /// From 1, certainly a program, to 99, certainly a person.
    pub score: Option<u8>,
    /// Whether it is a crawler that the edge has verified.
    pub verified_bot: bool,
}

/// A client's certificate as the edge has seen it. All texts are as the edge writes them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientCertificate {
    /// `1` where a certificate was presented.
    pub cert_presented: String,
    /// `SUCCESS`, `NONE`, or `FAILED:` and a reason.
    pub cert_verified: String,
    /// `1` where it is revoked. A certificate can be verified and revoked at once.
    pub cert_revoked: String,
    /// The subject's distinguished name (RFC 2253).
    #[serde(rename = "certSubjectDNRFC2253")]
    pub subject: String,
    /// The issuer's distinguished name (RFC 2253).
    #[serde(rename = "certIssuerDNRFC2253")]
    pub issuer: String,
    /// The serial number, hexadecimal.
    pub cert_serial: String,
    /// SHA-256 of the certificate, hexadecimal.
    #[serde(rename = "certFingerprintSHA256")]
    pub fingerprint: String,
    /// `Dec 22 19:39:00 2018 GMT`.
    pub cert_not_before: String,
    /// As [`ClientCertificate::cert_not_before`].
    pub cert_not_after: String,
    /// The certificate itself, a byte sequence of a structured field (RFC 9440): base64 between colons. Empty where it is too long.
    #[serde(rename = "certRFC9440")]
    pub der: String,
}

/// Where the facts come from; asked at most once for a request, and only by what needs them.
#[derive(Clone, Default)]
pub struct EdgeSource(Option<Rc<dyn Fn() -> Option<String>>>);

impl EdgeSource {
    /// Facts that `read` gives as JSON.
    pub fn new(read: impl Fn() -> Option<String> + 'static) -> Self {
        Self(Some(Rc::new(read)))
    }

    /// The facts. What cannot be read is as good as not said.
    pub fn read(&self) -> EdgeFacts {
        let text = self.0.as_ref().and_then(|read| read());
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for EdgeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EdgeSource")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_and_strange_ones_are_not_there() {
        let read = |text: &'static str| EdgeSource::new(move || Some(text.to_owned())).read();
        let facts = read(
            r#"{"country":"CH","asn":13030,"tlsVersion":"TLSv1.3","botManagement":{"score":7,"verifiedBot":false},"more":[1],
            "tlsClientAuth":{"certPresented":"1","certVerified":"SUCCESS","certRevoked":"0","certSubjectDNRFC2253":"CN=a"}}"#,
        );
        assert_eq!((facts.country.as_deref(), facts.asn, facts.tls_version.as_deref()), (Some("CH"), Some(13030), Some("TLSv1.3")));
        assert_eq!(facts.bot_management.unwrap().score, Some(7));
        assert_eq!(facts.tls_client_auth.unwrap().subject, "CN=a");
        assert_eq!(read("nonsense"), EdgeFacts::default());
        assert_eq!(EdgeSource::default().read(), EdgeFacts::default());
    }
}
