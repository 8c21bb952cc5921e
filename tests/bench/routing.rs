//! What routing costs with 10,000 routes: loading them, finding one, missing all, and checking them for conflicts.
//!
//! The routes are spread over 40 APIs and 21 sets of hosts, with the paths, policies and conditions that real catalogues have.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "the catalogue is made here; what cannot be built ends the bench")]

use archway::config::packed;
use archway::config::runtime::{EncodedSlash, GatewayForm, VERSION};
use archway::gateway::Gateway;
use archway::http::{HeaderMap, Method, Target};
use archway::memory::Outside;
use archway::routing::conflict;
use archway::routing::table::{BuiltOrigin, Table};
use divan::{Bencher, black_box};
use serde_json::{Value, json};

const APIS: usize = 40;
const ROUTES_PER_API: usize = 250;

fn main() {
    divan::main();
}

/// One route of an API; ten of them make up the paths of one resource.
fn route(api: usize, number: usize) -> Value {
    let resource = format!("resource-{:02}", number / 10);
    let (method, path) = match number % 10 {
        0 => ("GET", format!("/v1/{resource}")),
        1 => ("POST", format!("/v1/{resource}")),
        2 => ("GET", format!("/v1/{resource}/{{id}}")),
        3 => ("PUT", format!("/v1/{resource}/{{id}}")),
        4 => ("DELETE", format!("/v1/{resource}/{{id}}")),
        5 => ("GET", format!("/v1/{resource}/search")),
        6 => ("GET", format!("/v1/{resource}/{{id}}/items/{{item_id}}")),
        7 => ("GET", format!("/v1/{resource}/{{id}}/items/{{item_id}}/history/latest")),
        8 => ("GET", format!("/v1/{resource}/{{id}}/items")),
        _ => ("GET", format!("/v1/{resource}/files/{{*rest}}")),
    };
    let path = if api.is_multiple_of(2) { path } else { path.replacen("/v1", &format!("/api-{api:02}"), 1) };
    let mut route = json!({
        "id": format!("api-{api:02}: {method} {path}"), "api": api, "path": path, "methods": [method], "policies": [0, 1 + api], "origin": api,
    });
    if api.is_multiple_of(2) {
        route["hosts"] = json!([format!("api-{api:02}.example.com"), format!("*.api-{api:02}.example.net")]);
    }
    if number.is_multiple_of(50) {
        route["headers"] = json!([{ "name": "x-version", "is": { "exact": "2" } }]);
    }
    route
}

fn catalogue() -> String {
    let policy = |id: String, max: &str| json!({ "id": id, "on_error": "deny", "policy": { "body_limit": max } });
    let form = json!({
        "version": VERSION,
        "settings": archway::config::runtime::Settings::default(),
        "apis": (0..APIS).map(|api| json!({ "name": format!("api-{api:02}"), "title": format!("API {api}") })).collect::<Vec<_>>(),
        "policies": (0..=APIS).map(|number| policy(format!("policy-{number}"), "64KB")).collect::<Vec<_>>(),
        "origins": (0..APIS).map(|api| json!({ "id": format!("origin-{api}"), "origin": { "static": {} } })).collect::<Vec<_>>(),
        "routes": (0..APIS).flat_map(|api| (0..ROUTES_PER_API).map(move |number| route(api, number))).collect::<Vec<_>>(),
        "identity_headers": [],
    });
    form.to_string()
}

fn form() -> GatewayForm {
    serde_json::from_str(&catalogue()).expect("the catalogue is a runtime form")
}

/// The table alone; its policies and origins answer nothing.
fn table() -> Table {
    let (text, origins) = without_policies(form());
    let (form, lines) = packed::unpack(&text).expect("the catalogue is a runtime form");
    Table::build(&form, lines, Vec::new(), origins).expect("the catalogue can be built")
}

fn without_policies(mut form: GatewayForm) -> (String, Vec<BuiltOrigin>) {
    form.routes.iter_mut().for_each(|route| route.policies.clear());
    let origins = form.origins.iter().map(|origin| (origin.id.as_str().into(), Err("not in this bench".to_owned()))).collect();
    (packed::pack(&form).expect("the catalogue can be written"), origins)
}

#[divan::bench]
fn load_gateway(bencher: Bencher) {
    let text = packed::pack(&form()).expect("the catalogue can be written");
    let outside = Outside::at(0);
    assert!(Gateway::load(&text, outside.ports()).is_ok());
    bencher.bench_local(|| Gateway::load(black_box(&text), outside.ports()));
}

/// What the first requests do afterwards, bit by bit: here all of it.
#[divan::bench]
fn complete_table(bencher: Bencher) {
    bencher.with_inputs(table).bench_local_refs(|table| table.complete());
}

#[divan::bench]
fn check_conflicts(bencher: Bencher) {
    let routes = form().routes;
    bencher.bench_local(|| conflict::conflicts(black_box(&routes), EncodedSlash::Refuse));
}

#[divan::bench(args = [
    "GET https://api-20.example.com/v1/resource-13",
    "GET https://api-20.example.com/v1/resource-13/42",
    "GET https://api-20.example.com/v1/resource-13/42/items/7/history/latest",
    "GET https://api-20.example.com/v1/resource-13/files/a/b/c/d.txt",
    "GET https://eu.api-20.example.net/v1/resource-13/42",
    "GET https://any.example.org/api-21/resource-13/42",
    "DELETE https://api-20.example.com/v1/resource-13",
    "GET https://api-20.example.com/v2/resource-13/42",
    "GET https://any.example.org/nothing/of/this/kind",
])]
fn find(bencher: Bencher, request: &str) {
    let table = table();
    assert_eq!(table.complete(), Ok(()));
    let (method, url) = request.split_once(' ').expect("a method and a URL");
    let method: Method = method.parse().expect("a method");
    let target = Target::parse(url, EncodedSlash::Refuse).expect("a URL");
    let headers = HeaderMap::new();
    bencher.bench_local(|| table.find(black_box(&target), black_box(&method), black_box(&headers)));
}

#[divan::bench(args = ["https://api.example.com/v1/products/42", "https://api.example.com/v1/../v1//products/%34%32/?q=1"])]
fn parse_target(bencher: Bencher, url: &str) {
    bencher.bench_local(|| Target::parse(black_box(url), EncodedSlash::Refuse));
}
