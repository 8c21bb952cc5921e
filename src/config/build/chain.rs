//! The effective chain of a route, and the orders that cannot work.

use std::collections::BTreeMap;

use super::instances::Instances;
use super::policies::PolicyEntry;
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::source::Place;
use crate::expr::Condition;
use crate::policies::{FACTS, Mode, PolicyConfig};

/// How often one request may leave the worker on every plan of the platform; the origin's own call is one of them.
const MOST_SUBREQUESTS: usize = 50;

/// Where a policy was put on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// By gateway.toml, on every route.
    Gateway,
    /// By the API, on each of its routes.
    Api,
    /// By the route itself.
    Route,
}

/// A policy in a chain.
#[derive(Debug, Clone)]
pub struct Link {
    /// Index of the instance; `None` where it is broken or unknown.
    pub instance: Option<usize>,
    /// Where it is used.
    pub place: Place,
    /// Who put it there.
    pub level: Level,
}

/// A route, as far as its chain must fit it.
pub struct Owner<'a> {
    /// Where the route says what it matches.
    pub place: &'a Place,
    /// Whether it says that it is public, and where.
    pub public: Option<&'a Place>,
    /// Its path parameters.
    pub params: &'a [String],
}

/// Parameters that policies read and routes lack: by instance and parameter, the policy's use, the first route and how many.
pub type Lacking = BTreeMap<(usize, String), (Place, Place, usize)>;

/// Orders the policies of a route, leaves out what `public = true` leaves out, and reports what cannot work.
pub fn effective(
    inherited: impl Iterator<Item = Link>,
    own: impl Iterator<Item = Link>,
    instances: &Instances<'_, PolicyEntry<'_>>,
    owner: &Owner<'_>,
    lacking: &mut Lacking,
    diagnostics: &mut Diagnostics,
) -> Vec<Link> {
    let of = |link: &Link| link.instance.and_then(|index| instances.all.get(index));
    let kind = |link: &Link| of(link).and_then(|instance| instance.entry.facts).map_or("", |facts| facts.name);
    let identifies = |link: &Link| of(link).and_then(|instance| instance.entry.facts).is_some_and(|facts| facts.identity);
    let anyone = |link: &Link| of(link).and_then(|instance| instance.entry.config.as_ref()).is_some_and(PolicyConfig::lets_anyone_in);
    let enforces = |link: &Link| identifies(link) && !anyone(link) && of(link).is_some_and(|instance| instance.entry.mode == Mode::Enforce);
    let always = |link: &Link| of(link).is_some_and(|instance| instance.entry.when.is_none());
    let protects = |link: &Link| enforces(link) && always(link);
    let mut chain: Vec<Link> =
        inherited.filter(|link| owner.public.is_none() || !(enforces(link) || kind(link) == "require")).chain(own).collect();
    chain.sort_by_key(|link| match kind(link) {
        "request_id" => 0,
        "cors" => 1,
        "security_headers" => 2,
        _ => 3,
    });
    match (owner.public, chain.iter().find(|link| protects(link))) {
        (Some(public), Some(link)) => {
            let message = format!("`{}` asks who is calling, but the route is public", kind(link));
            let conflict = Diagnostic::new(Code::Conflict, link.place.clone(), message).related(public.clone(), "said to be public here");
            diagnostics.push(conflict.help("take one of the two away"));
        }
        (None, None) if chain.iter().all(|link| link.instance.is_some()) => {
            let sometimes = chain.iter().find(|link| enforces(link));
            diagnostics.push(not_public(owner, chain.iter().find(|link| anyone(link)), sometimes));
        }
        _ => {}
    }
    once(&chain, kind, always, diagnostics);
    // A failed proof is told to two objects: the address's and the account's.
    let failed = |link: &Link| if of(link).is_some_and(|instance| instance.entry.failures.is_some()) { 2 } else { 0 };
    let cost =
        |link: &Link| failed(link) + of(link).and_then(|instance| instance.entry.config.as_ref()).map_or(0, PolicyConfig::subrequests);
    budget(&chain, cost, owner, diagnostics);
    let broken = chain.iter().any(|link| link.instance.is_none());
    let first_identity = chain.iter().position(identifies);
    for (index, link) in chain.iter().enumerate() {
        let Some(instance) = of(link) else { continue };
        if instance.needs.identity && !broken && first_identity.is_none_or(|first| first >= index) && !spared(owner, link, instance.entry) {
            needs_identity(link, kind(link), first_identity.and_then(|first| chain.get(first)), owner, diagnostics);
        }
        if kind(link) == "cache"
            && let Some(later) = chain.iter().skip(index).find(|link| identifies(link))
        {
            diagnostics.push(
                Diagnostic::new(Code::ChainOrder, link.place.clone(), format!("`cache` stands before `{}`", kind(later)))
                    .label("would answer before anyone is asked who is calling")
                    .related(later.place.clone(), "must come first"),
            );
        }
        for param in instance.needs.params.iter().filter(|param| !owner.params.contains(param)) {
            let key = (link.instance.unwrap_or_default(), param.clone());
            lacking.entry(key).or_insert_with(|| (link.place.clone(), owner.place.clone(), 0)).2 += 1;
        }
    }
    chain
}

/// Whether the identity may be known behind the chain, as far as that can be told: a broken policy may establish it.
pub fn establishes_identity(chain: &[Link], instances: &Instances<'_, PolicyEntry<'_>>) -> bool {
    chain.iter().any(|link| match link.instance.and_then(|index| instances.all.get(index)) {
        Some(instance) => instance.entry.facts.is_some_and(|facts| facts.identity),
        None => true,
    })
}

/// A public route may inherit header edits that read claims: what is absent is left out.
fn spared(owner: &Owner<'_>, link: &Link, policy: &PolicyEntry<'_>) -> bool {
    let edits = policy.facts.is_some_and(|facts| matches!(facts.name, "headers" | "identity_headers"))
        && !policy.when.as_ref().is_some_and(Condition::reads_identity);
    owner.public.is_some() && link.level != Level::Route && edits
}

/// A route without a policy that asks everyone: `open` lets everyone in, `sometimes` asks under a condition.
fn not_public(owner: &Owner<'_>, open: Option<&Link>, sometimes: Option<&Link>) -> Diagnostic {
    let message = match (open, sometimes) {
        (Some(_), _) => "everyone who proves nothing is let in as `anonymous`",
        (None, Some(_)) => "nothing in this route's chain always asks who is calling",
        (None, None) => "nothing in this route's chain asks who is calling",
    };
    let not_public = Diagnostic::new(Code::NotPublic, owner.place.clone(), message).label("anyone could call this");
    let add = "add an identity policy such as `jwt`, or say `public = true`";
    match (open, sometimes) {
        (Some(link), _) => not_public.related(link.place.clone(), "lets everyone in").help("say `public = true`, or take `anonymous` away"),
        (None, Some(link)) => not_public.related(link.place.clone(), "has `when`, and lets pass whom that does not concern").help(add),
        (None, None) => not_public.help(add),
    }
}

fn once<'k>(chain: &[Link], kind: impl Fn(&Link) -> &'k str, always: impl Fn(&Link) -> bool, diagnostics: &mut Diagnostics) {
    for (index, link) in chain.iter().enumerate().filter(|(_, link)| link.instance.is_some() && !is_once(kind(link))) {
        if let Some(first) = chain.iter().take(index).find(|other| other.instance == link.instance) {
            let message = format!("the same `{}` stands in this chain twice", kind(link));
            let twice = Diagnostic::new(Code::ChainOrder, link.place.clone(), message).related(first.place.clone(), "already here");
            diagnostics.push(twice.help("take one of the two away"));
        }
    }
    for name in FACTS.iter().filter(|facts| facts.once).map(|facts| facts.name) {
        let mut uses = chain.iter().filter(|link| kind(link) == name);
        let (first, second) = (uses.next(), uses.next());
        if let (Some(first), Some(second)) = (first, second)
            && chain.iter().any(|link| kind(link) == name && always(link))
        {
            let message = format!("`{name}` stands in this chain twice");
            let twice = Diagnostic::new(Code::ChainOrder, second.place.clone(), message).related(first.place.clone(), "already here");
            diagnostics.push(twice.help("a chain has it once; take one of them away, or give each a `when`"));
        }
    }
}

fn is_once(kind: &str) -> bool {
    FACTS.iter().any(|facts| facts.once && facts.name == kind)
}

fn budget(chain: &[Link], cost: impl Fn(&Link) -> usize, owner: &Owner<'_>, diagnostics: &mut Diagnostics) {
    let needed = 1 + chain.iter().map(cost).sum::<usize>();
    if needed > MOST_SUBREQUESTS {
        let message = format!("this route may need {needed} subrequests for one request, and the platform allows {MOST_SUBREQUESTS}");
        let help = "a policy that asks who is calling may need some, a `rate_limit` one, a `cache` two, the origin one";
        diagnostics.push(Diagnostic::new(Code::TooManySubrequests, owner.place.clone(), message).help(help));
    }
}

fn needs_identity(link: &Link, kind: &str, identity: Option<&Link>, owner: &Owner<'_>, diagnostics: &mut Diagnostics) {
    let message = format!("`{kind}` reads the identity before it is established");
    let diagnostic = Diagnostic::new(Code::ChainOrder, link.place.clone(), message);
    diagnostics.push(match (identity, owner.public) {
        (Some(identity), _) => {
            diagnostic.related(identity.place.clone(), "established only here").help("move it behind the identity policy")
        }
        (None, Some(public)) => diagnostic
            .related(public.clone(), "a public route has no identity")
            .help("take `public` away and put an identity policy before it, or read something else here"),
        (None, None) => diagnostic.related(owner.place.clone(), "nothing establishes one in this route's chain"),
    });
}

/// Reports what [`Lacking`] has collected.
pub fn report(lacking: Lacking, instances: &Instances<'_, PolicyEntry<'_>>, diagnostics: &mut Diagnostics) {
    for ((index, param), (used, route, count)) in lacking {
        let kind = instances.all.get(index).map_or("policy", |instance| instance.entry.facts.map_or("policy", |facts| facts.name));
        let message = format!("`{kind}` reads `{{{param}}}`, which is no parameter of the path");
        let diagnostic = Diagnostic::new(Code::UnknownParameter, used, message).related(route, format!("the path has no `{{{param}}}`"));
        diagnostics.push(if count > 1 { diagnostic.help(format!("{} more routes lack it", count - 1)) } else { diagnostic });
    }
}
