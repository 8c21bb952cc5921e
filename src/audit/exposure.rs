//! Who can reach a route.

use serde::Serialize;

use super::view::{PolicyView, ProofView, RouteView};
use crate::config::build::own_paths::NOTHING;
use crate::policies::Mode;

/// Who can reach a route, the most exposed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// Anyone.
    Open,
    /// Anyone, but it is told whether somebody proves who it is.
    OpenKnown,
    /// Whoever another server lets in.
    Decided,
    /// Whoever proves who it is.
    Known,
    /// Whoever proves who it is and has the right.
    Entitled,
}

impl Exposure {
    /// Every one, in order.
    pub const ALL: [Self; 5] = [Self::Open, Self::OpenKnown, Self::Decided, Self::Known, Self::Entitled];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Open => "open to anyone",
            Self::OpenKnown => "open to anyone, known where somebody proves it",
            Self::Decided => "open to whom another server lets in",
            Self::Known => "open to whoever is known",
            Self::Entitled => "open to whoever is known and has the right",
        }
    }

    /// Of one route.
    pub fn of(route: &RouteView<'_>) -> Self {
        if route.origin.id == NOTHING {
            // A path at which a policy answers by itself, whoever asks.
            return Self::Open;
        }
        let acts = |policy: &&PolicyView<'_>| policy.form.mode == Mode::Enforce && policy.form.when.is_none();
        let identities: Vec<&PolicyView<'_>> = route.policies.iter().filter(|policy| policy.form.policy.facts().identity).collect();
        let known = !route.plan.public && identities.iter().any(|policy| acts(policy) && !policy.form.policy.lets_anyone_in());
        let decided = route.acting("ask").next().is_some();
        let required = route.acting("require").next().is_some();
        let scoped = || identities.iter().any(|policy| policy.proofs().iter().any(demands_scopes));
        match (known, identities.is_empty()) {
            (true, _) if decided || required || scoped() => Self::Entitled,
            (true, _) => Self::Known,
            (false, _) if decided => Self::Decided,
            (false, false) if required => Self::Entitled,
            (false, false) => Self::OpenKnown,
            (false, true) => Self::Open,
        }
    }
}

/// Whether a proof must have scopes; those of `oidc` are what the provider is asked for.
fn demands_scopes(proof: &ProofView<'_>) -> bool {
    proof.facts.name != "oidc" && proof.config.get("scopes").is_some()
}
