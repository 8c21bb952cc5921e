//! One login on its way to the provider and back.
//!
//! All that has to come back is drawn from one secret that stays in a cookie of the browser that began: `state`, which the provider
//! sends back and anybody may see; `nonce`, which it puts into the ID token; and the verifier of PKCE (RFC 7636), which it holds the
//! code against. Each is a digest, so none tells another one. Nothing is kept at the gateway, and each tab has a login of its own.

use sha2::{Digest, Sha256};

use crate::auth::base64url;
use crate::http::Target;

/// How long a login may take, in milliseconds.
pub const LONGEST_MS: u64 = 600_000;
/// How many logins a browser may have under way; the oldest make room, since cookies are sent with every request.
pub const MOST: usize = 5;
/// The longest path and query that are kept, in bytes. Of a longer one the path is, and the front page where that is too long too.
const MOST_PATH: usize = 2_000;

/// A login that has begun.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    secret: [u8; 32],
    /// When it began, in seconds since the epoch.
    pub began_s: u64,
    /// Where the browser wanted to go: a path of the gateway's own origin, and a query.
    pub deep_link: String,
}

impl Login {
    /// Begins one with a fresh secret, for a browser that wants to go to `target`.
    pub fn begin(secret: [u8; 32], now_ms: u64, target: &Target) -> Self {
        let whole = target.path_and_query();
        let candidates = [whole, target.path.clone()];
        let deep_link = candidates.into_iter().find(|link| link.len() <= MOST_PATH && is_local(link)).unwrap_or_else(|| "/".to_owned());
        Self { secret, began_s: now_ms / 1000, deep_link }
    }

    /// `state` (RFC 6749 section 4.1.1).
    pub fn state(&self) -> String {
        self.derived(b"state")
    }

    /// `nonce` (OpenID Connect Core section 3.1.2.1).
    pub fn nonce(&self) -> String {
        self.derived(b"nonce")
    }

    /// `code_verifier` (RFC 7636 section 4.1).
    pub fn verifier(&self) -> String {
        self.derived(b"verifier")
    }

    /// `code_challenge` by S256 (RFC 7636 section 4.2).
    pub fn challenge(&self) -> String {
        base64url::encode(Sha256::digest(self.verifier()))
    }

    /// What the cookie holds.
    pub fn text(&self) -> String {
        format!("{}.{}.{}", base64url::encode(self.secret), self.began_s, base64url::encode(&self.deep_link))
    }

    /// Reads a cookie. A place that is not on the gateway's own origin is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (secret, began_s, deep_link) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let secret = base64url::decode(secret)?.try_into().ok()?;
        let deep_link = String::from_utf8(base64url::decode(deep_link)?).ok().filter(|link| is_local(link))?;
        Some(Self { secret, began_s: began_s.parse().ok()?, deep_link })
    }

    /// Whether it began too long ago, or is not from here.
    pub fn is_over(&self, now_ms: u64) -> bool {
        let began_ms = self.began_s.saturating_mul(1000);
        now_ms >= began_ms.saturating_add(LONGEST_MS) || began_ms > now_ms.saturating_add(1_000)
    }

    /// When it is over, in milliseconds since the epoch.
    pub fn until_ms(&self) -> u64 {
        self.began_s.saturating_mul(1000).saturating_add(LONGEST_MS)
    }

    fn derived(&self, what: &[u8]) -> String {
        let mut digest = Sha256::new();
        digest.update(what);
        digest.update([0]);
        digest.update(self.secret);
        base64url::encode(digest.finalize())
    }
}

/// Whether a browser that is sent there stays on the origin: one slash, and nothing that it could take for a second one.
fn is_local(link: &str) -> bool {
    let visible = link.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'\\');
    visible && link.starts_with('/') && !link.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::runtime::EncodedSlash;
    use proptest::prelude::*;

    const NOW_MS: u64 = 1_800_000_000_000;

    fn target(url: &str) -> Target {
        Target::parse(url, EncodedSlash::Keep).unwrap()
    }

    #[test]
    fn everything_comes_from_the_secret_and_nothing_tells_it() {
        let login = Login::begin([1; 32], NOW_MS, &target("https://app.example/a?b=c&d"));
        let other = Login::begin([2; 32], NOW_MS, &target("https://app.example/a?b=c&d"));
        let drawn = [login.state(), login.nonce(), login.verifier(), login.challenge(), other.state(), other.nonce(), other.verifier()];
        for (index, text) in drawn.iter().enumerate() {
            assert_eq!(text.len(), 43);
            assert!(!login.text().contains(text.as_str()) && drawn.iter().skip(index + 1).all(|later| later != text));
        }
        let read = Login::parse(&login.text()).unwrap();
        assert_eq!((read.state(), read.nonce(), read.deep_link.as_str()), (login.state(), login.nonce(), "/a?b=c&d"));
        assert_eq!(login.challenge(), base64url::encode(Sha256::digest(login.verifier().as_bytes())));
    }

    #[test]
    fn a_deep_link_stays_on_the_origin() {
        for (url, expect) in [
            ("https://app.example/", "/"),
            ("https://app.example/a/b?c=https://evil.example", "/a/b?c=https://evil.example"),
            ("https://app.example//evil.example/x", "/evil.example/x"),
            ("https://app.example/%2F%2Fevil.example", "/%2F%2Fevil.example"),
            ("https://app.example/\\evil.example", "/%5Cevil.example"),
            ("https://app.example/a?b=\\", "/a"),
        ] {
            assert_eq!(Login::begin([0; 32], NOW_MS, &target(url)).deep_link, expect, "{url}");
        }
        let long = format!("https://app.example/a?{}", "b".repeat(3_000));
        assert_eq!(Login::begin([0; 32], NOW_MS, &target(&long)).deep_link, "/a");
        let longer = format!("https://app.example/{}", "b".repeat(3_000));
        assert_eq!(Login::begin([0; 32], NOW_MS, &target(&longer)).deep_link, "/");

        let cookie = |link: &str| format!("{}.1800000000.{}", base64url::encode([0; 32]), base64url::encode(link));
        for link in
            ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "", "a", "/a\r\nset-cookie: x=y", "/é"]
        {
            assert!(Login::parse(&cookie(link)).is_none(), "{link:?}");
        }
        assert!(Login::parse(&cookie("/a")).is_some());
    }

    #[test]
    fn only_a_cookie_of_the_right_form_is_read() {
        let good = Login::begin([1; 32], NOW_MS, &target("https://app.example/a")).text();
        for text in [String::new(), ".".into(), "..".into(), format!("{good}."), format!("A{good}"), good.replace("1800000000", "-1")] {
            assert!(Login::parse(&text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_login_is_over_after_a_while() {
        let login = Login::begin([1; 32], NOW_MS, &target("https://app.example/"));
        for (later_ms, over) in [(0, false), (LONGEST_MS - 1, false), (LONGEST_MS, true), (LONGEST_MS * 100, true)] {
            assert_eq!(login.is_over(NOW_MS + later_ms), over, "{later_ms}");
        }
        assert!(login.is_over(NOW_MS - 2_000), "it is not from the future");
        assert!(Login { began_s: u64::MAX, ..login }.is_over(NOW_MS));
    }

    proptest! {
        #[test]
        fn no_cookie_breaks_the_reader(text in "[A-Za-z0-9_.-]{0,80}") {
            if let Some(login) = Login::parse(&text) {
                prop_assert!(is_local(&login.deep_link));
            }
        }
    }
}
