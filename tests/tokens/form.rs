//! The test set's policies as a gateway: the policy `p` guards the path `/p`, and a fixed answer stands behind it.

use archway::config::runtime::{ApiForm, GatewayForm, OriginForm, PolicyForm, RouteForm, Settings, VERSION};
use archway::origins::OriginConfig;
use archway::policies::{Mode, OnError, PolicyConfig};
use serde_json::json;

use crate::cases::Cases;

/// The runtime form, which a worker loads as well.
pub fn runtime_form(cases: &Cases) -> String {
    let policies = cases.policies.iter().map(|(name, written)| PolicyForm {
        id: name.clone(),
        api: Some(0),
        mode: Mode::Enforce,
        on_error: OnError::Deny,
        policy: serde_json::from_value::<PolicyConfig>(json!({ "jwt": written })).expect(name),
    });
    let routes = cases.policies.keys().enumerate().map(|(index, name)| RouteForm {
        id: format!("tokens: GET /{name}"),
        api: 0,
        hosts: Vec::new(),
        path: format!("/{name}"),
        methods: vec!["GET".to_owned()],
        headers: Vec::new(),
        query: Vec::new(),
        policies: vec![index],
        origin: 0,
        rewrite: None,
    });
    let answer: OriginConfig = serde_json::from_value(json!({ "static": { "status": 200, "body": "in" } })).expect("the origin");
    let form = GatewayForm {
        version: VERSION,
        settings: Settings::default(),
        apis: vec![ApiForm { name: "tokens".to_owned(), title: "Tokens".to_owned() }],
        policies: policies.collect(),
        origins: vec![OriginForm { id: "tokens.answer".to_owned(), origin: answer }],
        routes: routes.collect(),
        identity_headers: Vec::new(),
    };
    serde_json::to_string(&form).expect("the form")
}
