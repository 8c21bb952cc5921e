//! Which claims of a token, or members of an introspection answer, say what its bearer may do: scopes, roles and groups.

use serde_json::{Map, Value};

/// Where scopes, roles and groups stand, each at one place or several: names of claims or paths into them (see [`at`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Where scopes stand; `None` for `scope` (RFC 8693 section 4.2), or `scp` where there is no `scope`.
    pub scopes: Option<Vec<String>>,
    /// Where roles stand.
    pub roles: Vec<String>,
    /// Where groups stand.
    pub groups: Vec<String>,
}

impl Default for Mapping {
    /// `roles` and `groups` (RFC 9068 section 2.2.3.1).
    fn default() -> Self {
        Self { scopes: None, roles: vec!["roles".to_owned()], groups: vec!["groups".to_owned()] }
    }
}

impl Mapping {
    /// The scopes that the claims grant.
    pub fn scopes(&self, claims: &Map<String, Value>) -> Vec<String> {
        match &self.scopes {
            Some(paths) => collect(claims, paths),
            None => match claims.get("scope").or_else(|| claims.get("scp")) {
                Some(Value::String(text)) => words(text, ' '),
                Some(other) => texts(other),
                None => Vec::new(),
            },
        }
    }

    /// The roles that they name.
    pub fn roles(&self, claims: &Map<String, Value>) -> Vec<String> {
        collect(claims, &self.roles)
    }

    /// The groups that they name.
    pub fn groups(&self, claims: &Map<String, Value>) -> Vec<String> {
        collect(claims, &self.groups)
    }
}

/// A claim by its name, or by a path of names joined by dots, which may have dots themselves: `resource_access.my.api.roles` leads
/// into a member called `my.api`, too. Of several that fit, the one with the longest first name is taken.
pub fn at<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    path.rmatch_indices('.').find_map(|(dot, _)| {
        let (name, rest) = path.split_at(dot);
        at(claims.get(name)?.as_object()?, rest.get(1..)?)
    })
}

fn collect(claims: &Map<String, Value>, paths: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for text in paths.iter().filter_map(|path| at(claims, path)).flat_map(texts) {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

/// A list of strings as it is; a text split at its commas, or at its spaces where it has none. Anything else has no texts, a list
/// with anything else in it neither.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => words(text, if text.contains(',') { ',' } else { ' ' }),
        Value::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            texts.unwrap_or_default().into_iter().filter(|text| !text.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}

fn words(text: &str, separator: char) -> Vec<String> {
    text.split(separator).map(|word| word.trim_matches(' ')).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn claims_are_found_by_name_and_by_path() {
        let claims = json!({
            "realm_access": { "roles": ["a"] }, "resource_access": { "my.api": { "roles": ["b"] }, "my": { "api": { "groups": ["c"] } } },
            "https://x.example/roles": ["d"], "a.b": { "c": 1 }, "a": { "b": { "c": 2, "d": 3 } }, "list": [{ "x": 1 }], "text": "t"
        });
        for (path, expect) in [
            ("realm_access.roles", Some(json!(["a"]))),
            ("resource_access.my.api.roles", Some(json!(["b"]))),
            ("resource_access.my.api.groups", Some(json!(["c"]))),
            ("https://x.example/roles", Some(json!(["d"]))),
            ("a.b.c", Some(json!(1))),
            ("a.b.d", Some(json!(3))),
            ("a.b", Some(json!({ "c": 1 }))),
            ("list.0.x", None),
            ("text.t", None),
            ("", None),
            (".", None),
            ("realm_access.", None),
            (".realm_access", None),
        ] {
            assert_eq!(at(claims.as_object().unwrap(), path).cloned(), expect, "{path}");
        }
    }

    #[test]
    fn texts_and_lists_name_scopes_roles_and_groups() {
        let names = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let mapping = Mapping { scopes: Some(names(&["perms"])), roles: names(&["r", "realm.roles"]), groups: names(&["groups"]) };
        for (claims, scopes, roles, groups) in [
            (json!({}), vec![], vec![], vec![]),
            (
                json!({ "perms": "a b  c", "r": "x, y,,z", "groups": "/one/two" }),
                vec!["a", "b", "c"],
                vec!["x", "y", "z"],
                vec!["/one/two"],
            ),
            (json!({ "r": ["x", "y"], "realm": { "roles": ["y", "z"] } }), vec![], vec!["x", "y", "z"], vec![]),
            (
                json!({ "r": ["with space", "with,comma", ""], "groups": "Domain Users,Admins" }),
                vec![],
                vec!["with space", "with,comma"],
                vec!["Domain Users", "Admins"],
            ),
            (json!({ "perms": { "admin": true }, "r": ["a", 1], "groups": true, "scope": "unmapped" }), vec![], vec![], vec![]),
        ] {
            let object = claims.as_object().unwrap();
            let got = (mapping.scopes(object), mapping.roles(object), mapping.groups(object));
            assert_eq!(got, (names(&scopes), names(&roles), names(&groups)), "{claims}");
        }
    }

    #[test]
    fn scopes_are_where_the_standards_have_them_unless_said_otherwise() {
        for (claims, expect) in [
            (json!({ "scope": "a  b,c d" }), vec!["a", "b,c", "d"]),
            (json!({ "scp": ["a", "b"] }), vec!["a", "b"]),
            (json!({ "scope": "a", "scp": "b" }), vec!["a"]),
            (json!({ "scope": ["a", 1] }), vec![]),
            (json!({ "scope": { "a": true } }), vec![]),
            (json!({}), vec![]),
        ] {
            assert_eq!(Mapping::default().scopes(claims.as_object().unwrap()), expect, "{claims}");
        }
        let claims = json!({ "roles": "r", "groups": ["g"] });
        let (mapping, object) = (Mapping::default(), claims.as_object().unwrap());
        assert_eq!((mapping.roles(object), mapping.groups(object)), (vec!["r".to_owned()], vec!["g".to_owned()]));
    }

    proptest! {
        #[test]
        fn every_member_is_found_by_its_path(names in prop::collection::vec("[a-c.]{1,3}", 1..5)) {
            let value = names.iter().rev().fold(json!(7), |inner, name| json!({ name: inner }));
            prop_assert_eq!(at(value.as_object().unwrap(), &names.join(".")), Some(&json!(7)));
        }
    }
}
