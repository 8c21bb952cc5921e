//! Lets in or keeps out by the client's address (403). Behind trusted proxies that is the address which they report.

use super::prelude::*;
use crate::http::address::Cidr;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { shields: Some(Shields::Requests), everywhere: true, ..Facts::of("ip_filter") };

/// `{ ip_filter = { allow = ["10.0.0.0/8"] } }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Networks that are let in; where there are any, nobody else is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow: Vec<Cidr>,
    /// Networks that are kept out, also where `allow` has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deny: Vec<Cidr>,
}

/// The networks.
pub struct IpFilter {
    allow: Vec<Cidr>,
    deny: Vec<Cidr>,
}

impl IpFilter {
    /// # Errors
    /// Where there is no network at all.
    pub fn compile(config: Config, _: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let Config { allow, deny } = config;
        if allow.is_empty() && deny.is_empty() {
            return Err(ConfigError::at("", "neither `allow` nor `deny` has a network, so this filters nothing"));
        }
        Ok(Self { allow, deny })
    }
}

#[async_trait(?Send)]
impl Policy for IpFilter {
    async fn on_request(&self, cx: &mut Exchange<'_>, _: &mut Request) -> Result<Flow, GatewayError> {
        let refuse = |log: String| Err(GatewayError::AddressDenied { log });
        let Some(address) = cx.client.address else { return refuse("the client's address is not known".to_owned()) };
        if let Some(network) = self.deny.iter().find(|network| network.contains(address)) {
            return refuse(format!("{address} is in {network}, which is denied"));
        }
        if !self.allow.is_empty() && !self.allow.iter().any(|network| network.contains(address)) {
            return refuse(format!("{address} is in no network that is allowed"));
        }
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;
    use futures::executor::block_on;

    fn check(toml: &str, address: Option<&str>, expect: Result<(), &str>) {
        let scene = Scene::of("GET", "https://api.example/", &[]);
        let policy = scene.compile(toml, IpFilter::compile).unwrap();
        let (mut cx, mut request) = (scene.exchange(), scene.request());
        cx.client.address = address.map(|address| address.parse().unwrap());
        let got = block_on(policy.on_request(&mut cx, &mut request));
        match expect {
            Ok(()) => assert!(matches!(got, Ok(Flow::Next)), "{toml} {address:?}"),
            Err(part) => {
                assert!(matches!(got, Err(GatewayError::AddressDenied { log }) if log.contains(part)), "{toml} {address:?}");
            }
        }
    }

    #[test]
    fn deny_wins_and_allow_is_a_closed_list() {
        let both = "allow = ['10.0.0.0/8', '2001:db8::/32']\ndeny = ['10.6.0.0/16']";
        check(both, Some("10.1.2.3"), Ok(()));
        check(both, Some("::ffff:10.1.2.3"), Ok(()));
        check(both, Some("2001:db8::1"), Ok(()));
        check(both, Some("10.6.0.1"), Err("10.6.0.0/16, which is denied"));
        check(both, Some("192.0.2.7"), Err("no network that is allowed"));
        check(both, None, Err("not known"));
        check("deny = ['10.0.0.0/8']", Some("192.0.2.7"), Ok(()));
        check("deny = ['10.0.0.0/8']", Some("::ffff:10.0.0.1"), Err("denied"));
        check("deny = ['10.0.0.0/8']", None, Err("not known"));
    }

    #[test]
    fn what_filters_nothing_is_refused() {
        let rows = [("", "filters nothing"), ("allow = ['10.0.0.1/8']", "10.0.0.0/8"), ("block = []", "unknown field")];
        Scene::refuses(&rows, IpFilter::compile);
    }
}
