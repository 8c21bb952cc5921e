//! What the shield costs for an honest request: without a body, with 1 KB of JSON, with a long text, and for an attack.

#![allow(clippy::expect_used, reason = "the requests are made here; what cannot be built ends the bench")]

use archway::http::{HeaderMap, HeaderName, HeaderValue};
use archway::threat::settings::Settings;
use archway::threat::{Parts, inspect};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// What a browser sends.
const FIELDS: &[(&str, &str)] = &[
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("accept", "application/json, text/plain, */*"),
    ("accept-language", "de-CH,de;q=0.8,en-US;q=0.5,en;q=0.3"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("content-type", "application/json"),
    ("referer", "https://shop.example/orders/17?tab=items"),
    ("origin", "https://shop.example"),
    ("cookie", "session=s%3Aq8vZ2abcDEF.kQ1zLmN0pQrStUvWx; theme=dark; _ga=GA1.2.1234567890.1700000000"),
    ("sec-fetch-mode", "cors"),
    ("x-request-id", "48d4427bbc8d2d15d46cc19b85281539"),
];

/// An order of 1 KB, as an API takes it.
fn order() -> String {
    let item = |number: usize| {
        let name = format!("Anvil, cast iron, size {number}");
        serde_json::json!({ "sku": format!("AN-{number:05}"), "name": name, "quantity": 2, "price": "149.90", "gift": false })
    };
    let order = serde_json::json!({
        "id": "3f0e9d3c-6a53-4b1f-9f6a-9c1a2b3d4e5f",
        "customer": { "name": "Seán O'Brien", "email": "sean+orders@example.com", "phone": "+41 44 668 18 00" },
        "address": { "street": "Rue de l'Église 7", "city": "Genève", "postcode": "1204", "country": "CH" },
        "note": "Please ring twice; if nobody's there, leave it with the neighbours (2nd floor).",
        "created": "2026-11-25T18:30:00.123Z",
        "items": (1..=6).map(item).collect::<Vec<_>>(),
    });
    order.to_string()
}

fn run(bencher: Bencher<'_, '_>, query: Option<&str>, body: &str) {
    let mut headers = HeaderMap::new();
    for (name, value) in FIELDS {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let settings = Settings::default();
    let parts =
        Parts { host: "api.example", route: "shop: POST /orders", path: "/v1/orders", query, headers: &headers, body: body.as_bytes() };
    bencher.bench_local(|| black_box(inspect(black_box(&parts), &settings)));
}

#[divan::bench]
fn without_a_body(bencher: Bencher<'_, '_>) {
    run(bencher, Some("page=2&sort=-created&q=anvil+cast+iron"), "");
}

#[divan::bench]
fn one_kilobyte_of_json(bencher: Bencher<'_, '_>) {
    let order = order();
    assert!((900..1_200).contains(&order.len()), "{} bytes", order.len());
    run(bencher, Some("page=2"), &order);
}

#[divan::bench]
fn a_text_of_ten_kilobytes(bencher: Bencher<'_, '_>) {
    let text = "The committee met on Tuesday, and nobody wanted the job; everybody had an opinion. ".repeat(125);
    run(bencher, None, &serde_json::json!({ "text": text }).to_string());
}

#[divan::bench]
fn an_attack(bencher: Bencher<'_, '_>) {
    run(bencher, Some("id=1%27+union+select+pin+from+cards--"), "");
}
