//! Every rule of the audit. Names are stable: ignore lists and programs know them.

use clap::ValueEnum;
use serde::Serialize;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A weakness that needs another one to matter.
    Low,
    /// A weakness.
    Medium,
    /// An open door.
    High,
}

impl Severity {
    /// In lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Lower case with hyphens.
    pub name: &'static str,
    /// How grave a finding of it is, where nothing else is said.
    pub severity: Severity,
    /// What is weak, and what to do about it.
    pub about: &'static str,
}

/// Every rule, the gravest first.
pub const RULES: &[Rule] = &[
    Rule {
        name: "open-write",
        severity: Severity::High,
        about: "Anyone may call a route that changes something: add an identity policy, or a decision point.",
    },
    Rule {
        name: "identity-in-report-mode",
        severity: Severity::High,
        about: "An identity policy only tells what it would have refused: let it act.",
    },
    Rule {
        name: "jwt-without-audience",
        severity: Severity::High,
        about: "Tokens that the issuer made for any other service pass here: name the audience (RFC 8725 section 3.9).",
    },
    Rule {
        name: "trusts-everyone",
        severity: Severity::High,
        about: "Every peer is a trusted proxy, so every client says itself where it comes from: name the proxies' networks.",
    },
    Rule {
        name: "cors-credentials-for-many",
        severity: Severity::High,
        about: "Pages of many origins may act with their visitors' cookies: name the origins.",
    },
    Rule {
        name: "report-mode",
        severity: Severity::Medium,
        about: "A shield only tells what it would have refused: let it act when its reports are as they should be.",
    },
    Rule {
        name: "fails-open",
        severity: Severity::Medium,
        about: "A check that cannot be made lets everyone pass: leave `on_error` at `deny`.",
    },
    Rule {
        name: "plain-http-origin",
        severity: Severity::Medium,
        about: "Requests go to the origin unencrypted: use https beyond this machine.",
    },
    Rule {
        name: "token-in-query",
        severity: Severity::Medium,
        about: "A credential stands in URLs, which are logged and handed on: take it from a header field.",
    },
    Rule {
        name: "no-body-limit",
        severity: Severity::Medium,
        about: "Bodies of many megabytes go to the origin: set `body_limit`, or lower `limits.body` in gateway.toml.",
    },
    Rule { name: "no-rate-limit", severity: Severity::Medium, about: "One caller may take all there is: add `rate_limit`." },
    Rule {
        name: "no-csrf",
        severity: Severity::Medium,
        about: "Pages of other sites may have browsers send what changes something, with their visitors' cookies: add `csrf`.",
    },
    Rule {
        name: "unsigned-body",
        severity: Severity::Medium,
        about: "A signature says nothing of the body, which anyone on the way may change: leave `unsigned_body` off.",
    },
    Rule {
        name: "unlimited-guessing",
        severity: Severity::Medium,
        about: "Keys and passwords may be tried as often as one likes: leave `failures` at its default, or set a rate.",
    },
    Rule {
        name: "shared-token-secret",
        severity: Severity::Medium,
        about: "Everyone who checks these tokens could make them: have the issuer sign with a private key.",
    },
    Rule {
        name: "long-lived-key",
        severity: Severity::Medium,
        about: "A key of a consumer never ends, or only after more than a year: let it expire, and rotate.",
    },
    Rule {
        name: "no-rights",
        severity: Severity::Low,
        about: "Everyone who is known may change something: say who may, with `require` or `ask`.",
    },
    Rule {
        name: "replays",
        severity: Severity::Low,
        about: "Who has seen a signed request may send it again while its signature holds: leave `replay` off.",
    },
    Rule {
        name: "conditional-identity",
        severity: Severity::Low,
        about: "An identity policy acts under a condition alone: see to it that the others need none.",
    },
    Rule {
        name: "verdict-kept-long",
        severity: Severity::Low,
        about: "A right that is taken away is still had for minutes: remember verdicts for less.",
    },
    Rule { name: "open-read", severity: Severity::Info, about: "Anyone may read this." },
    Rule { name: "anonymous-alternative", severity: Severity::Info, about: "Who proves nothing is let in as `anonymous`." },
    Rule { name: "no-waf", severity: Severity::Info, about: "Nothing looks for attacks in what anyone may send: add `waf`." },
    Rule {
        name: "encoded-slashes",
        severity: Severity::Info,
        about: "Encoded slashes are handed on: every origin must take them for part of a segment.",
    },
    Rule {
        name: "idle-ignore",
        severity: Severity::Info,
        about: "An entry of the ignore list is about nothing that is found: take it away.",
    },
];

/// The rule of this name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_the_gravest_come_first() {
        let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
        assert!(RULES.windows(2).all(|pair| pair[0].severity >= pair[1].severity));
        for rule in RULES {
            assert!(rule.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && rule.about.ends_with('.'), "{}", rule.name);
        }
    }
}
