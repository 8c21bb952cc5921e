//! Lets anyone in as a caller that nobody knows.
//!
//! The last choice of `any_of`: who sends no proof at all is `anonymous`. Limits by identity count such callers by address, caches
//! treat them as nobody in particular, and what asks for a right answers 401 with the proofs that would help.

use super::prelude::*;
use crate::auth::identity::Identity;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { identity: true, ..Facts::of("anonymous") };

/// `{ anonymous = {} }`
///
/// It stands last in `any_of`, or alone. It keeps nobody out: a route where nothing else does says `public = true`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// Holds nothing.
pub struct Anonymous;

impl Anonymous {
    /// # Errors
    /// None.
    pub fn compile(_: Config, _: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

#[async_trait(?Send)]
impl Policy for Anonymous {
    async fn on_request(&self, cx: &mut Exchange<'_>, _: &mut Request) -> Result<Flow, GatewayError> {
        cx.identity.get_or_insert_with(Identity::anonymous);
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;
    use futures::executor::block_on;

    #[test]
    fn nobody_is_somebody_and_somebody_stays_who_they_are() {
        let ann = Identity { kind: "jwt", subject: "ann".to_owned(), ..Identity::default() };
        for (before, kind, subject, caller) in [(None, "anonymous", "anonymous", false), (Some(ann), "jwt", "ann", true)] {
            let scene = Scene::of("GET", "https://api.example/", &[]);
            let policy = scene.compile("", Anonymous::compile).unwrap();
            let (mut cx, mut request) = (scene.exchange(), scene.request());
            cx.identity = before;
            assert!(matches!(block_on(policy.on_request(&mut cx, &mut request)), Ok(Flow::Next)));
            let identity = cx.identity.as_ref().unwrap();
            assert_eq!((identity.kind, identity.subject.as_str(), cx.caller().is_some()), (kind, subject, caller));
        }
    }
}
