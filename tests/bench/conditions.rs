//! What conditions cost: a typical one that reads the request, one that reads claims, and one with a pattern.

#![allow(clippy::expect_used, reason = "the conditions stand here; what cannot be built ends the bench")]

use std::rc::Rc;

use archway::auth::identity::Identity;
use archway::expr::Condition;
use archway::memory::Scene;
use divan::{Bencher, black_box};
use serde_json::json;

fn main() {
    divan::main();
}

const CONDITIONS: &[(&str, &str)] = &[
    ("request", "request.method in ['POST', 'PUT'] && !request.path.startsWith('/status') && has(request.header.origin)"),
    ("network", "client.ip in cidr('10.0.0.0/8') || client.ip in [cidr('192.0.2.0/24'), cidr('2001:db8::/32')]"),
    ("claims", "claims.org.plan == 'gold' && identity.scopes.exists(scope, scope == 'write:orders') && claims.level >= 3"),
    ("pattern", "request.path.matches('^/v[0-9]+/orders/[0-9a-f-]+$')"),
];

#[divan::bench(args = CONDITIONS.iter().map(|(name, _)| *name))]
fn holds(bencher: Bencher<'_, '_>, name: &str) {
    let text = CONDITIONS.iter().find(|(known, _)| *known == name).map_or("true", |(_, text)| *text);
    let condition = Condition::parse(text).expect("a condition");
    let scene = Scene::of("POST", "https://api.example/v1/orders/7f3a-11?page=2", &[("origin", "https://shop.example"), ("accept", "*/*")]);
    let mut cx = scene.exchange();
    let claims = json!({ "org": { "plan": "gold" }, "level": 3 });
    cx.identity = Some(Identity {
        scopes: Rc::from(["read:orders".to_owned(), "write:orders".to_owned()]),
        claims: Rc::new(claims.as_object().cloned().unwrap_or_default()),
        ..Identity::default()
    });
    let request = scene.request();
    bencher.bench_local(|| black_box(condition.holds(black_box(&cx), black_box(&request))).is_ok_and(|holds| holds));
}

#[divan::bench]
fn load() -> Condition {
    let tree = r#"{"cel":["&&",["in",["$","request.method"],["[]","POST","PUT"]],["!",["startsWith",["$","request.path"],"/status"]]]}"#;
    serde_json::from_str(black_box(tree)).expect("a tree")
}
