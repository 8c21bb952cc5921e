//! The names of sessions: in the browser's cookies, and of the objects that hold them.
//!
//! An object is named by a digest over the provider, the client and the cookie's value. So what names an object opens no session, and
//! a session of one client is nothing to another.

use sha2::{Digest, Sha256};

use crate::auth::base64url;

/// What a cookie's name begins with where browsers then hold it to one host, https, and no other path (RFC 6265bis section 4.1.3.2).
const HOST: &str = "__Host-";

/// The value of a session's cookie: 256 random bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// From fresh random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// Reads a cookie's value; `None` where it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        base64url::decode(text)?.try_into().ok().map(Self)
    }

    /// The cookie's value.
    pub fn text(&self) -> String {
        base64url::encode(self.0)
    }
}

/// The names that belong to one client of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    binding: [u8; 32],
    cookie: String,
}

impl Names {
    /// For this client; its cookies are called `cookie`, or after a digest where that is absent.
    pub fn of(issuer: &str, client_id: &str, cookie: Option<&str>) -> Self {
        let binding = digest(&[b"client", issuer.as_bytes(), client_id.as_bytes()]);
        let tag: String = binding.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self { binding, cookie: cookie.map_or_else(|| format!("archway-{tag}"), str::to_owned) }
    }

    /// The session's cookie. Only on this machine, over plain http, it lacks the prefix that asks for https.
    pub fn session_cookie(&self, secure: bool) -> String {
        format!("{}{}", if secure { HOST } else { "" }, self.cookie)
    }

    /// The cookie of the login with this `state`.
    pub fn login_cookie(&self, state: &str, secure: bool) -> String {
        format!("{}{}", self.login_prefix(secure), state.get(..16).unwrap_or(state))
    }

    /// What the cookies of logins begin with.
    pub fn login_prefix(&self, secure: bool) -> String {
        format!("{}-login-", self.session_cookie(secure))
    }

    /// Whether a cookie is one of these, so that the origin is not shown it.
    pub fn owns(&self, cookie: &str) -> bool {
        let rest = cookie.strip_prefix(HOST).unwrap_or(cookie).strip_prefix(self.cookie.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("-login-"))
    }

    /// The object that holds a session.
    pub fn session(&self, id: &SessionId) -> String {
        self.object(b"session", &id.0)
    }

    /// The object that knows the sessions of a subject.
    pub fn of_subject(&self, subject: &str) -> String {
        self.object(b"sub", subject.as_bytes())
    }

    /// The object that knows the sessions here that began in one session at the provider.
    pub fn of_sid(&self, sid: &str) -> String {
        self.object(b"sid", sid.as_bytes())
    }

    /// The space in which a `state` or a logout token is good for one use.
    pub fn space(&self, what: &str) -> String {
        format!("oidc-{what}-{}", base64url::encode(self.binding.get(..9).unwrap_or_default()))
    }

    fn object(&self, what: &[u8], name: &[u8]) -> String {
        base64url::encode(digest(&[what, &self.binding, name]))
    }
}

/// SHA-256 over parts, each with its length before it.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_elses_session_has_the_same_name() {
        let names = Names::of("https://a.example", "app", None);
        let id = SessionId::new([7; 32]);
        assert_eq!(names.session(&id), Names::of("https://a.example", "app", Some("other")).session(&id));
        for other in [Names::of("https://a.example", "app2", None), Names::of("https://a.example/", "app", None)] {
            assert_ne!(names.session(&id), other.session(&id));
            assert_ne!(names.session_cookie(true), other.session_cookie(true));
        }
        assert_ne!(names.of_subject("a"), names.of_sid("a"));
        assert!(!names.session(&id).contains(&id.text()), "the name of the object is not the cookie");
        assert_eq!(SessionId::parse(&id.text()).map(|id| id.0), Some([7; 32]));
        for text in ["", "AA", "not base64!", &format!("{}A", id.text()), &format!("{}=", id.text())] {
            assert!(SessionId::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn cookies_are_known_by_their_names() {
        let names = Names::of("https://a.example", "app", Some("shop"));
        assert_eq!(names.session_cookie(true), "__Host-shop");
        assert_eq!(names.session_cookie(false), "shop");
        assert_eq!(names.login_cookie("0123456789abcdefXYZ", true), "__Host-shop-login-0123456789abcdef");
        for (cookie, owned) in [
            ("__Host-shop", true),
            ("shop", true),
            ("shop-login-x", true),
            ("__Host-shop-login-x", true),
            ("shopping", false),
            ("shop-logins", false),
            ("__Secure-shop", false),
            ("", false),
        ] {
            assert_eq!(names.owns(cookie), owned, "{cookie}");
        }
    }
}
