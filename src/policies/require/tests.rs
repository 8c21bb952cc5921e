use std::rc::Rc;

use super::*;
use crate::auth::rights::Roles;
use crate::memory::Scene;
use futures::executor::block_on;

fn identity(kind: &'static str) -> Identity {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Rc<[String]>>();
    Identity {
        kind,
        subject: "ann".to_owned(),
        consumer: Some("acme".into()),
        scopes: words(&["a:read"]),
        roles: words(&["admin"]),
        groups: words(&["blue"]),
        ..Identity::default()
    }
}

fn outcome(toml: &str, identity: Option<Identity>, challenges: Vec<Challenge>) -> (u16, Vec<String>, String) {
    let mut scene = Scene::of("GET", "https://api.example/", &[]);
    scene.settings.roles = Roles::of(&[("admin".to_owned(), vec!["editor".to_owned()])].into()).unwrap();
    let policy = scene.compile(toml, Require::compile).unwrap();
    let (mut cx, mut request) = (scene.exchange(), scene.request());
    (cx.identity, cx.challenges) = (identity, challenges);
    match block_on(policy.on_request(&mut cx, &mut request)) {
        Ok(_) => (200, Vec::new(), String::new()),
        Err(error) => {
            let verdict = error.verdict();
            let challenges = verdict.headers.iter().map(|(_, value)| value.to_str().unwrap().to_owned());
            (verdict.status.as_u16(), challenges.collect(), verdict.log)
        }
    }
}

fn check(toml: &str, expect: u16, log: &str) {
    let (status, _, said) = outcome(toml, Some(identity("jwt")), Vec::new());
    assert_eq!(status, expect, "{toml}: {said}");
    assert!(said.contains(log), "{toml}: {said}");
}

#[test]
fn demands_are_held_against_the_caller() {
    check("scopes = ['a:read']", 200, "");
    check("scopes = ['a:read', 'a:write']", 403, "lacks the scope a:write");
    check("scopes = { any = ['a:read', 'a:write'] }", 200, "");
    check("scopes = { any = ['b', 'c'] }", 403, "lacks the scope b or c");
    check("scopes = { all = ['a:read'], any = ['b'] }", 403, "lacks the scope b");
    check("roles = ['editor']", 200, "");
    check("roles = ['admin', 'editor']", 200, "");
    check("roles = ['owner']", 403, "lacks the role owner");
    check("groups = ['blue']", 200, "");
    check("groups = ['red']", 403, "not in the group red");
    check("consumers = ['acme']", 200, "");
    check("consumers = ['other']", 403, "the consumer acme, which is not let in");
    check("consumers = { deny = ['acme'] }", 403, "the consumer acme");
    check("consumers = { deny = ['other'] }", 200, "");
    check("kinds = ['jwt', 'mtls']", 200, "");
    check("kinds = ['mtls']", 403, "has proved it by jwt");
    check("scopes = ['a:read']\nroles = ['owner']", 403, "lacks the role owner");
}

#[test]
fn the_first_rule_that_applies_decides() {
    check("rules = [{ allow = { roles = ['editor'] } }]", 200, "");
    check("rules = [{ allow = { roles = ['owner'] } }]", 403, "allowed by no rule");
    check("rules = [{ deny = { groups = ['blue'] } }, { allow = {} }]", 403, "denied by rule 1");
    check("rules = [{ deny = { groups = ['red'] } }, { allow = {} }]", 200, "");
    check("rules = [{ allow = { scopes = ['a:read'] } }, { deny = {} }]", 200, "");
    check("rules = [{ deny = { groups = ['red'] } }]\ndefault = 'allow'", 200, "");
    check("rules = [{ deny = { groups = ['blue'] } }]\ndefault = 'allow'", 403, "denied by rule 1");
    check("scopes = ['a:write']\nrules = [{ allow = {} }]", 403, "lacks the scope a:write");
}

#[test]
fn conditions_hold_or_do_not_and_what_cannot_be_told_never_lets_in() {
    let absent = "request.header['x-none'] == 'a'";
    check("when = \"identity.subject == 'ann'\"", 200, "");
    check("when = \"identity.subject == 'bob'\"", 403, "does not meet the condition");
    check(&format!("when = \"{absent}\""), 403, "may or may not meet");
    check("scopes = ['b']\nwhen = \"identity.subject == 'ann'\"", 403, "lacks the scope b");
    check("rules = [{ allow = { when = \"identity.subject == 'ann'\" } }]", 200, "");
    check("rules = [{ allow = { when = \"identity.subject == 'bob'\" } }]", 403, "allowed by no rule");
    check(&format!("rules = [{{ allow = {{ when = \"{absent}\" }} }}]"), 403, "allowed by no rule");
    check(&format!("rules = [{{ deny = {{ when = \"{absent}\" }} }}, {{ allow = {{}} }}]"), 403, "denied by rule 1");
    check("rules = [{ deny = { when = \"request.method == 'PUT'\" } }, { allow = {} }]", 200, "");
    check("rules = [{ deny = { groups = ['red'], when = \"true\" } }, { allow = {} }]", 200, "");
}

#[test]
fn who_is_nobody_in_particular_is_asked_who_it_is() {
    let bearer = r#"Bearer realm="A""#.to_owned();
    let known = vec![Challenge { scheme: "Basic", realm: "K".to_owned(), ..Challenge::default() }];
    for (identity, challenges, expect) in [
        (None, Vec::new(), (401, vec![bearer.clone()])),
        (Some(Identity::anonymous()), Vec::new(), (401, vec![bearer])),
        (Some(Identity::anonymous()), known, (401, vec![r#"Basic realm="K""#.to_owned()])),
    ] {
        for toml in ["scopes = ['a']", "rules = [{ allow = { roles = ['a'] } }]"] {
            let (status, challenges, _) = outcome(toml, identity.clone(), challenges.clone());
            assert_eq!((status, challenges), expect, "{toml} {identity:?}");
        }
    }
    assert_eq!(outcome("consumers = { deny = ['acme'] }", Some(Identity::anonymous()), Vec::new()).0, 200);
}

#[test]
fn a_missing_scope_is_named_where_a_token_could_have_it() {
    let named = |scope: &str| {
        vec![format!("Bearer realm=\"A\", error=\"insufficient_scope\", error_description=\"{SCOPE_MISSING}\", scope=\"{scope}\"")]
    };
    for (toml, kind, expect) in [
        ("scopes = ['a:read', 'a:write']", "jwt", named("a:read a:write")),
        ("scopes = { any = ['b', 'c'] }", "introspect", named("b c")),
        ("scopes = ['b']", "api_key", vec![]),
        ("roles = ['b']", "jwt", vec![]),
    ] {
        let (status, challenges, _) = outcome(toml, Some(identity(kind)), Vec::new());
        assert_eq!((status, challenges), (403, expect), "{toml} {kind}");
    }
}

#[test]
fn what_asks_for_nothing_is_refused() {
    let rows = [
        ("", "nothing is asked for"),
        ("scopes = []", "scopes: there is none in it"),
        ("roles = { any = [] }", "roles: there is none in it"),
        ("groups = ['']", "groups: an empty name"),
        ("scopes = ['a b']", "without spaces"),
        ("scopes = 'a'", "a list of names, or { all"),
        ("scopes = { one = ['a'] }", "unknown field `one`"),
        ("consumers = {}", "consumers: there is none in it"),
        ("consumers = { allow = ['a'], deny = ['a'] }", "both allowed and denied"),
        ("default = 'allow'\nscopes = ['a']", "default: there are no rules"),
        ("rules = [{ allow = {} }, { deny = {} }]", "rules.0.allow: it is about everyone"),
        ("rules = [{ allow = { scopes = ['a b'] } }]", "rules.0.allow.scopes"),
        ("rules = [{ permit = {} }]", "unknown variant `permit`"),
    ];
    Scene::refuses(&rows, Require::compile);
}
