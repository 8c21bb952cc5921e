//! Lets in or keeps out by country, continent and network of the client, as the edge knows them (403).
//!
//! The edge knows the place of the address at the other end of the connection. Behind a trusted proxy that is the proxy's, so that
//! nothing is known of the client's.

use super::prelude::*;
use crate::http::edge::EdgeFacts;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { shields: Some(Shields::Requests), everywhere: true, ..Facts::of("geo") };

/// `{ geo = { allow = { countries = ["CH", "LI"] }, deny = { asns = [64496] } } }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Places that are let in; where there are any, nobody else is.
    #[serde(default)]
    allow: Places,
    /// Places that are kept out, also where `allow` has them.
    #[serde(default)]
    deny: Places,
    /// What comes of a client of whom the edge does not know what is asked for; by default it is kept out where `allow` has a place, and
    /// let in otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unknown: Option<Unknown>,
}

/// Places: a client in any of them is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// By ISO 3166-1 alpha-2: `CH`; `T1` for Tor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    countries: Vec<String>,
    /// `AF`, `AN`, `AS`, `EU`, `NA`, `OC`, `SA`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    continents: Vec<String>,
    /// Numbers of networks (autonomous systems).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    asns: Vec<u32>,
}

/// What comes of a client of whom nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// It is let in.
    Allow,
    /// It is kept out.
    Deny,
}

const CONTINENTS: &[&str] = &["AF", "AN", "AS", "EU", "NA", "OC", "SA"];

/// Whether a client is in one of some places.
#[derive(Debug, PartialEq, Eq)]
enum Match {
    /// It is; what was recognised.
    In(String),
    NotIn,
    /// The edge does not know all that would have to be known.
    Unknown,
}

impl Places {
    fn is_empty(&self) -> bool {
        self.countries.is_empty() && self.continents.is_empty() && self.asns.is_empty()
    }

    fn check(&self, field: &str) -> Result<(), ConfigError> {
        let at = |list: &str, index: usize, message: String| Err(ConfigError::at(format!("{field}.{list}.{index}"), message));
        for (index, country) in self.countries.iter().enumerate() {
            let fits = country == "T1" || (country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()));
            if !fits || country == "XX" {
                return at("countries", index, format!("`{country}` is no country; write two capital letters such as \"CH\""));
            }
        }
        for (index, continent) in self.continents.iter().enumerate() {
            if !CONTINENTS.contains(&continent.as_str()) {
                return at("continents", index, format!("`{continent}` is no continent; write one of {}", CONTINENTS.join(", ")));
            }
        }
        Ok(())
    }

    fn find(&self, facts: &EdgeFacts) -> Match {
        // The edge's own way of saying that it does not know.
        let country = facts.country.as_deref().filter(|country| *country != "XX");
        if let Some(country) = country.filter(|country| self.countries.iter().any(|known| known == country)) {
            return Match::In(format!("the country {country}"));
        }
        if let Some(continent) = facts.continent.as_deref().filter(|continent| self.continents.iter().any(|known| known == continent)) {
            return Match::In(format!("the continent {continent}"));
        }
        if let Some(asn) = facts.asn.filter(|asn| self.asns.contains(asn)) {
            return Match::In(format!("the network AS{asn}"));
        }
        let lacks = (!self.countries.is_empty() && country.is_none())
            || (!self.continents.is_empty() && facts.continent.is_none())
            || (!self.asns.is_empty() && facts.asn.is_none());
        if lacks { Match::Unknown } else { Match::NotIn }
    }
}

/// The places.
pub struct Geo {
    allow: Places,
    deny: Places,
    unknown: Unknown,
}

impl Geo {
    /// # Errors
    /// Where there is no place at all, or one is none.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let Config { allow, deny, unknown } = config;
        if allow.is_empty() && deny.is_empty() {
            return Err(ConfigError::at("", "neither `allow` nor `deny` has a place, so this filters nothing"));
        }
        allow.check("allow")?;
        deny.check("deny")?;
        compiler.needs.edge = true;
        let unknown = unknown.unwrap_or(if allow.is_empty() { Unknown::Allow } else { Unknown::Deny });
        Ok(Self { allow, deny, unknown })
    }

    fn decide(&self, facts: &EdgeFacts) -> Result<(), String> {
        let unknown = || match self.unknown {
            Unknown::Allow => Ok(()),
            Unknown::Deny => Err("where the client is is not known".to_owned()),
        };
        match self.deny.find(facts) {
            Match::In(place) => return Err(format!("{place} is denied")),
            Match::Unknown => unknown()?,
            Match::NotIn => {}
        }
        if self.allow.is_empty() {
            return Ok(());
        }
        match self.allow.find(facts) {
            Match::In(_) => Ok(()),
            Match::NotIn => Err("the client is in no place that is allowed".to_owned()),
            Match::Unknown => unknown(),
        }
    }
}

#[async_trait(?Send)]
impl Policy for Geo {
    async fn on_request(&self, cx: &mut Exchange<'_>, _: &mut Request) -> Result<Flow, GatewayError> {
        let nothing = EdgeFacts::default();
        let facts = if cx.client.address == cx.peer { cx.edge() } else { &nothing };
        self.decide(facts).map(|()| Flow::Next).map_err(|log| GatewayError::AddressDenied { log })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;
    use futures::executor::block_on;

    fn check(toml: &str, facts: &'static str, expect: Result<(), &str>) {
        let scene = Scene::of("GET", "https://api.example/", &[]).seen_by_the_edge(facts);
        let policy = scene.compile(toml, Geo::compile).unwrap();
        let got = block_on(policy.on_request(&mut scene.exchange(), &mut scene.request()));
        match expect {
            Ok(()) => assert!(matches!(got, Ok(Flow::Next)), "{toml} {facts}: {got:?}"),
            Err(part) => {
                assert!(matches!(&got, Err(GatewayError::AddressDenied { log }) if log.contains(part)), "{toml} {facts}: {got:?}");
            }
        }
    }

    #[test]
    fn deny_wins_allow_is_a_closed_list_and_who_is_not_known_is_kept_out_of_it() {
        let (swiss, french, nobody) =
            (r#"{"country":"CH","continent":"EU","asn":13030}"#, r#"{"country":"FR","continent":"EU","asn":3215}"#, "{}");
        let tor = r#"{"country":"T1"}"#;
        let unknown = r#"{"country":"XX"}"#;
        let swiss_only = "allow.countries = ['CH']";
        check(swiss_only, swiss, Ok(()));
        check(swiss_only, french, Err("no place that is allowed"));
        check(swiss_only, nobody, Err("not known"));
        check(swiss_only, unknown, Err("not known"));
        check(swiss_only, "nonsense", Err("not known"));
        check("unknown = 'allow'\nallow.countries = ['CH']", nobody, Ok(()));
        check("unknown = 'allow'\nallow.countries = ['CH']", french, Err("no place"));
        let europe_without = "allow.continents = ['EU']\ndeny = { countries = ['FR'], asns = [64496] }";
        check(europe_without, swiss, Ok(()));
        check(europe_without, french, Err("the country FR is denied"));
        check(europe_without, r#"{"country":"CH","continent":"EU","asn":64496}"#, Err("AS64496 is denied"));
        check(europe_without, r#"{"country":"CH","continent":"EU"}"#, Err("not known"));
        check("deny.countries = ['T1', 'KP']", tor, Err("T1 is denied"));
        check("deny.countries = ['T1', 'KP']", swiss, Ok(()));
        check("deny.countries = ['T1', 'KP']", nobody, Ok(()));
        check("unknown = 'deny'\ndeny.countries = ['T1']", nobody, Err("not known"));
        check("unknown = 'deny'\ndeny.countries = ['T1']", swiss, Ok(()));
        check("allow.asns = [13030]", swiss, Ok(()));
        check("allow = { asns = [13030], countries = ['FR'] }", french, Ok(()));
    }

    #[test]
    fn behind_a_proxy_the_place_is_not_known() {
        let mut scene =
            Scene::of("GET", "https://api.example/", &[("x-forwarded-for", "198.51.100.7")]).seen_by_the_edge(r#"{"country":"CH"}"#);
        scene.settings.client.trusted_proxies = vec!["192.0.2.0/24".parse().unwrap()];
        let policy = scene.compile("allow.countries = ['CH']", Geo::compile).unwrap();
        let got = block_on(policy.on_request(&mut scene.exchange(), &mut scene.request()));
        assert!(matches!(&got, Err(GatewayError::AddressDenied { log }) if log.contains("not known")), "{got:?}");
    }

    #[test]
    fn what_filters_nothing_or_nowhere_is_refused() {
        let rows = [
            ("", "filters nothing"),
            ("unknown = 'deny'", "filters nothing"),
            ("allow.countries = ['ch']", "two capital letters"),
            ("allow.countries = ['CHE']", "two capital letters"),
            ("deny.countries = ['XX']", "no country"),
            ("deny.continents = ['Europe']", "no continent"),
            ("deny.asns = [-1]", "invalid value"),
            ("deny.cities = []", "unknown field"),
        ];
        Scene::refuses(&rows, Geo::compile);
    }
}
