//! Programs that say in `User-Agent` what they are, in groups.
//!
//! An agent is recognised by a part of that text, in any case. Whoever hides what it is is not found here.

use serde::{Deserialize, Serialize};

/// A group of programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Tools that look for weaknesses.
    Scanners,
    /// Crawlers that gather text for language models.
    AiCrawlers,
    /// Crawlers of search engines.
    SearchEngines,
    /// Crawlers that sell what they find of links and ranks.
    SeoCrawlers,
    /// Libraries and commands that programs call others with.
    Libraries,
    /// Browsers that a program drives.
    Headless,
}

/// All groups.
pub const GROUPS: &[Group] =
    &[Group::Scanners, Group::AiCrawlers, Group::SearchEngines, Group::SeoCrawlers, Group::Libraries, Group::Headless];

impl Group {
    /// What its members have in their `User-Agent`, in lower case.
    pub fn members(self) -> &'static [&'static str] {
        match self {
            Self::Scanners => &[
                "acunetix",
                "arachni",
                "burpcollaborator",
                "censysinspect",
                "commix",
                "dirbuster",
                "dirsearch",
                "expanse",
                "feroxbuster",
                "ffuf",
                "fuzz faster",
                "gobuster",
                "havij",
                "hydra",
                "internet-measurement",
                "jaeles",
                "jorgee",
                "l9explore",
                "masscan",
                "metasploit",
                "morfeus",
                "nessus",
                "netsparker",
                "nikto",
                "nmap",
                "nuclei",
                "openvas",
                "paros",
                "qualys",
                "skipfish",
                "sqlmap",
                "sqlninja",
                "w3af",
                "webinspect",
                "wfuzz",
                "whatweb",
                "wpscan",
                "xsstrike",
                "zgrab",
                "zmeu",
            ],
            Self::AiCrawlers => &[
                "ai2bot",
                "amazonbot",
                "anthropic-ai",
                "applebot-extended",
                "bytespider",
                "ccbot",
                "chatgpt-user",
                "claude-searchbot",
                "claude-user",
                "claude-web",
                "claudebot",
                "cohere-ai",
                "diffbot",
                "facebookbot",
                "google-cloudvertexbot",
                "gptbot",
                "imagesiftbot",
                "meta-externalagent",
                "meta-externalfetcher",
                "mistralai-user",
                "oai-searchbot",
                "omgili",
                "perplexity-user",
                "perplexitybot",
                "timpibot",
                "webzio-extended",
                "youbot",
            ],
            Self::SearchEngines => &[
                "adidxbot",
                "applebot",
                "baiduspider",
                "bingbot",
                "bingpreview",
                "duckduckbot",
                "google-inspectiontool",
                "googlebot",
                "mojeekbot",
                "petalbot",
                "qwant",
                "seznambot",
                "slurp",
                "sogou",
                "yandexbot",
                "yeti",
            ],
            Self::SeoCrawlers => &[
                "ahrefsbot",
                "barkrowler",
                "blexbot",
                "dataforseobot",
                "dotbot",
                "mj12bot",
                "rogerbot",
                "semrushbot",
                "serpstatbot",
                "siteauditbot",
            ],
            Self::Libraries => &[
                "aiohttp",
                "apache-httpclient",
                "axios/",
                "colly",
                "curl/",
                "go-http-client",
                "guzzlehttp",
                "httpie",
                "httpx",
                "java/",
                "libwww-perl",
                "lwp::",
                "mechanize",
                "node-fetch",
                "okhttp",
                "postmanruntime",
                "powershell",
                "python-requests",
                "python-urllib",
                "python/",
                "reqwest",
                "rest-client",
                "ruby",
                "scrapy",
                "undici",
                "urllib3",
                "wget/",
            ],
            Self::Headless => &["cypress", "headlesschrome", "phantomjs", "playwright", "puppeteer", "selenium", "slimerjs"],
        }
    }

    /// The member that an agent, in lower case, is.
    pub fn find(self, agent: &str) -> Option<&'static str> {
        self.members().iter().copied().find(|member| agent.contains(member))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn members_are_in_lower_case_in_order_and_in_one_group() {
        let mut all = BTreeSet::new();
        for group in GROUPS {
            assert!(group.members().is_sorted(), "{group:?}");
            for member in group.members() {
                assert_eq!(member.to_lowercase(), *member);
                assert!(member.len() > 3 && all.insert(*member), "{member}");
            }
        }
    }

    #[test]
    fn agents_are_found_in_their_groups_and_people_in_none() {
        let find = |agent: &str| GROUPS.iter().copied().filter(|group| group.find(&agent.to_lowercase()).is_some()).collect::<Vec<_>>();
        for (agent, groups) in [
            ("sqlmap/1.8.2#stable (https://sqlmap.org)", &[Group::Scanners][..]),
            ("Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)", &[Group::Scanners]),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
                &[Group::AiCrawlers],
            ),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", &[Group::SearchEngines]),
            ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", &[Group::SeoCrawlers]),
            ("curl/8.5.0", &[Group::Libraries]),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
                &[Group::Headless],
            ),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", &[]),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", &[]),
            ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36", &[]),
            ("", &[]),
        ] {
            assert_eq!(find(agent), groups, "{agent}");
        }
    }
}
