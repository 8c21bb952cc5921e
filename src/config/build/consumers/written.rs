//! The consumers files as they are written.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::auth::consumer::Term;
use crate::config::timestamp::Timestamp;

/// A consumer's file.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "A consumer of the gateway")]
#[serde(deny_unknown_fields)]
pub struct ConsumerFile {
    /// Who it is.
    pub consumer: WrittenConsumer,
    /// Its API keys.
    #[serde(default)]
    pub keys: Vec<WrittenKey>,
    /// Its users with passwords.
    #[serde(default)]
    pub users: Vec<WrittenUser>,
    /// Its client certificates.
    #[serde(default)]
    pub certificates: Vec<WrittenCertificate>,
    /// What tokens of others call it.
    #[serde(default)]
    pub clients: Vec<WrittenClient>,
}

/// `[consumer]`: who it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Consumer")]
pub struct WrittenConsumer {
    /// Its name, of letters, digits, `-`, `_`, `.` and `@`; no other consumer has it.
    #[schemars(regex(pattern = "^[A-Za-z0-9._@-]{1,128}$"))]
    pub name: String,
    /// Its groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Its roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What it may do.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Anything else about it: the claims of its identity. `sub` is always the name.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// Whether none of its proofs hold.
    #[serde(default)]
    pub disabled: bool,
}

/// Proofs of a consumer, each of which has a time of its own.
macro_rules! proofs {
    ($($(#[$about:meta])+ $name:ident as $title:literal { $($fields:tt)+ })+) => {$(
        $(#[$about])+
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(rename = $title)]
        pub struct $name {
            $($fields)+
            /// From when on it holds.
            #[serde(default)]
            pub not_before: Option<Timestamp>,
            /// The first moment at which it holds no longer.
            #[serde(default)]
            pub expires: Option<Timestamp>,
            /// Whether it holds no longer, whatever the time.
            #[serde(default)]
            pub disabled: bool,
        }

        impl $name {
            /// When it holds.
            pub fn term(&self) -> Term {
                Term { disabled: self.disabled, not_before: self.not_before, expires: self.expires }
            }
        }
    )+};
}

proofs! {
    /// `[[keys]]`: an API key. `archway key new` writes it; several overlap while one takes another's place.
    WrittenKey as "Key" {
        /// Its id, the third part of the key.
        pub id: String,
        /// SHA-256 of the whole key, in hexadecimal.
        pub hash: String,
        /// Its environment, the second part of the key; only for whoever reads this file.
        #[serde(default)]
        #[allow(dead_code, reason = "the key itself says so; here it is for people")]
        pub environment: Option<String>,
    }

    /// `[[users]]`: a user name and a password.
    WrittenUser as "User" {
        /// The name; no user of another consumer has it. It has no colon.
        pub name: String,
        /// The hash of the password, as `archway password` writes it.
        pub password: String,
    }

    /// `[[certificates]]`: a client certificate, by exactly one of `fingerprint`, `subject` and `san`. Its own time counts as well.
    WrittenCertificate as "Certificate" {
        /// SHA-256 of the certificate, in hexadecimal; colons may stand in it.
        #[serde(default)]
        pub fingerprint: Option<String>,
        /// The subject's distinguished name (RFC 4514): `CN=web,O=Acme`. A `*` stands for anything within a value.
        #[serde(default)]
        pub subject: Option<String>,
        /// One of the subject's alternative names: `*.acme.example`, `spiffe://acme.example/web`. A `*` stands for anything within a
        /// label or segment.
        #[serde(default)]
        pub san: Option<String>,
    }

    /// `[[clients]]`: what tokens of others call the consumer, where a policy has a `consumer_claim`. A consumer without any is called
    /// by its name.
    WrittenClient as "Client" {
        /// The claim's value, exactly.
        pub id: String,
        /// Whose tokens call it so, by their `iss`; everyone's where absent.
        #[serde(default)]
        pub issuer: Option<String>,
    }
}
