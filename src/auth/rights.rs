//! What a caller may do: scopes, roles that imply others, groups and consumers, held against what is asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::Identity;

/// Which roles each role implies, all of them: what an implied role implies is implied as well.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Roles(pub BTreeMap<String, BTreeSet<String>>);

impl Roles {
    /// Follows every role through what it implies directly.
    ///
    /// # Errors
    /// The first circle: its roles in order, the first one again at the end.
    pub fn of(direct: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<String>> {
        let mut closed = BTreeMap::new();
        for role in direct.keys() {
            let mut implied = BTreeSet::new();
            follow(role, direct, &mut vec![role.clone()], &mut implied)?;
            closed.insert(role.clone(), implied);
        }
        Ok(Self(closed))
    }

    /// Whether somebody with these roles has `role`: as one of them, or implied by one of them.
    pub fn has(&self, roles: &[String], role: &str) -> bool {
        roles.iter().any(|own| own == role || self.0.get(own).is_some_and(|implied| implied.contains(role)))
    }

    /// These roles and all that they imply, each once, in the order of their names.
    pub fn all<'a>(&'a self, roles: &'a [String]) -> BTreeSet<&'a str> {
        let implied = roles.iter().filter_map(|role| self.0.get(role)).flatten();
        roles.iter().chain(implied).map(String::as_str).collect()
    }

    /// Whether no role implies another.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn follow(
    role: &str,
    direct: &BTreeMap<String, Vec<String>>,
    way: &mut Vec<String>,
    implied: &mut BTreeSet<String>,
) -> Result<(), Vec<String>> {
    for next in direct.get(role).into_iter().flatten() {
        if let Some(at) = way.iter().position(|earlier| earlier == next) {
            return Err(way.iter().skip(at).chain([next]).cloned().collect());
        }
        if implied.insert(next.clone()) {
            way.push(next.clone());
            follow(next, direct, way, implied)?;
            way.pop();
        }
    }
    Ok(())
}

/// What a caller must have of one sort of right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// All of these.
    pub all: Vec<String>,
    /// One of these, where there are any.
    pub any: Vec<String>,
}

impl Wanted {
    /// What would do, where the caller does not have it: the first of `all` that is missing, or every one of `any`.
    pub fn missing(&self, has: impl Fn(&str) -> bool) -> Option<Vec<&str>> {
        if let Some(name) = self.all.iter().find(|name| !has(name)) {
            return Some(vec![name]);
        }
        (!self.any.is_empty() && !self.any.iter().any(|name| has(name))).then(|| self.any.iter().map(String::as_str).collect())
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty()
    }
}

/// Everything that a caller must be and have. What is empty is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// Scopes of the proof.
    pub scopes: Wanted,
    /// Roles, implied ones included.
    pub roles: Wanted,
    /// Groups.
    pub groups: Wanted,
    /// The only consumers, where there are any.
    pub allow: Vec<String>,
    /// Consumers that are kept out, also where `allow` has them.
    pub deny: Vec<String>,
    /// The only kinds of proof, where there are any.
    pub kinds: Vec<String>,
}

/// What a caller lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack<'a> {
    /// Scopes: one of these would do.
    Scope(Vec<&'a str>),
    /// Roles: one of these would do.
    Role(Vec<&'a str>),
    /// Groups: one of these would do.
    Group(Vec<&'a str>),
    /// The consumer is not let in; `None` where the proof belongs to none.
    Consumer(Option<&'a str>),
    /// The proof is of another kind.
    Kind(&'a str),
}

impl Rights {
    /// What the caller lacks first: kind, consumer, groups, roles, scopes.
    pub fn lack<'a>(&'a self, identity: &'a Identity, roles: &Roles) -> Option<Lack<'a>> {
        if !self.kinds.is_empty() && !self.kinds.iter().any(|kind| kind == identity.kind) {
            return Some(Lack::Kind(identity.kind));
        }
        let consumer = identity.consumer.as_deref();
        let named = |names: &[String]| consumer.is_some_and(|consumer| names.iter().any(|name| name == consumer));
        if named(&self.deny) || (!self.allow.is_empty() && !named(&self.allow)) {
            return Some(Lack::Consumer(consumer));
        }
        if let Some(groups) = self.groups.missing(|group| identity.groups.iter().any(|own| own == group)) {
            return Some(Lack::Group(groups));
        }
        if let Some(missing) = self.roles.missing(|role| roles.has(&identity.roles, role)) {
            return Some(Lack::Role(missing));
        }
        self.scopes.missing(|scope| identity.scopes.iter().any(|own| own == scope)).map(Lack::Scope)
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        let Self { scopes, roles, groups, allow, deny, kinds } = self;
        scopes.is_empty() && roles.is_empty() && groups.is_empty() && allow.is_empty() && deny.is_empty() && kinds.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn direct(lines: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
        lines.iter().map(|(role, implied)| ((*role).to_owned(), words(implied))).collect()
    }

    #[test]
    fn a_role_implies_what_its_roles_imply_and_nothing_upwards() {
        let roles = Roles::of(&direct(&[("admin", "editor clerk"), ("editor", "reader"), ("clerk", "reader")])).unwrap();
        for (own, role, expect) in [
            ("admin", "admin", true),
            ("admin", "editor", true),
            ("admin", "reader", true),
            ("editor", "reader", true),
            ("editor", "admin", false),
            ("editor", "clerk", false),
            ("reader", "editor", false),
            ("other reader", "reader", true),
            ("", "reader", false),
            ("Admin", "editor", false),
        ] {
            assert_eq!(roles.has(&words(own), role), expect, "{own} as {role}");
        }
    }

    #[test]
    fn circles_are_told() {
        for (lines, expect) in
            [(vec![("a", "a")], "a a"), (vec![("a", "b"), ("b", "c"), ("c", "b")], "b c b"), (vec![("a", "x b"), ("b", "a")], "a b a")]
        {
            assert_eq!(Roles::of(&direct(&lines)), Err(words(expect)), "{lines:?}");
        }
        assert!(Roles::of(&direct(&[("a", "b c"), ("b", "d"), ("c", "d")])).is_ok(), "two ways to one role are no circle");
    }

    fn check(rights: &Rights, expect: Option<&Lack<'_>>) {
        let some = |text: &str| words(text).into();
        let identity = Identity {
            kind: "api_key",
            consumer: Some("acme".into()),
            scopes: some("a:read a:write"),
            roles: some("admin"),
            groups: some("blue green"),
            ..Identity::default()
        };
        let roles = Roles::of(&direct(&[("admin", "editor")])).unwrap();
        assert_eq!(rights.lack(&identity, &roles).as_ref(), expect, "{rights:?}");
    }

    #[test]
    fn what_is_lacking_is_named() {
        let wanted = |all: &str, any: &str| Wanted { all: words(all), any: words(any) };
        let none = Rights::default;
        check(&none(), None);
        check(&Rights { scopes: wanted("a:read", "a:write b"), ..none() }, None);
        check(&Rights { scopes: wanted("a:read a:admin", ""), ..none() }, Some(&Lack::Scope(vec!["a:admin"])));
        check(&Rights { scopes: wanted("", "b c"), ..none() }, Some(&Lack::Scope(vec!["b", "c"])));
        check(&Rights { scopes: wanted("a", ""), ..none() }, Some(&Lack::Scope(vec!["a"])));
        check(&Rights { roles: wanted("admin editor", ""), ..none() }, None);
        check(&Rights { roles: wanted("owner", ""), ..none() }, Some(&Lack::Role(vec!["owner"])));
        check(&Rights { groups: wanted("blue", "red green"), ..none() }, None);
        check(&Rights { groups: wanted("red", ""), ..none() }, Some(&Lack::Group(vec!["red"])));
        check(&Rights { allow: words("acme other"), ..none() }, None);
        check(&Rights { allow: words("other"), ..none() }, Some(&Lack::Consumer(Some("acme"))));
        check(&Rights { allow: words("acme"), deny: words("acme"), ..none() }, Some(&Lack::Consumer(Some("acme"))));
        check(&Rights { deny: words("other"), ..none() }, None);
        check(&Rights { kinds: words("jwt"), ..none() }, Some(&Lack::Kind("api_key")));
        let nobody = Rights { allow: words("acme"), ..none() };
        assert_eq!(nobody.lack(&Identity::default(), &Roles::default()), Some(Lack::Consumer(None)), "no consumer is not on the list");
        assert_eq!(Rights { deny: words("acme"), ..none() }.lack(&Identity::default(), &Roles::default()), None);
    }

    proptest! {
        /// Closing terminates on any graph, and a closed hierarchy is transitive.
        #[test]
        fn hierarchies_are_transitive(edges in prop::collection::vec((0u8..8, 0u8..8), 0..20)) {
            let mut direct: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (from, to) in edges {
                direct.entry(from.to_string()).or_default().push(to.to_string());
            }
            if let Ok(roles) = Roles::of(&direct) {
                for (role, implied) in &roles.0 {
                    prop_assert!(!implied.contains(role));
                    for next in implied.iter().filter_map(|next| roles.0.get(next)) {
                        prop_assert!(next.is_subset(implied));
                    }
                }
            }
        }
    }
}
