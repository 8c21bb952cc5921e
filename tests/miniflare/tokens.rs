//! The token test set through the real worker: every row that a header field can carry, with the runtime's own arithmetic.

#[allow(dead_code, reason = "shared with the native walk")]
#[path = "../tokens/cases.rs"]
mod cases;
#[path = "../tokens/written.rs"]
mod written;

use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::harness::{Ask, Reply, call, records, script, serve_with};
use cases::{Cases, Row};

/// What a row's clock may be late by before it is asked again: verdicts change with the second.
const LATE_MS: f64 = 900.0;

#[wasm_bindgen_test]
async fn every_row_has_its_verdict() {
    let cases = Cases::read();
    let secrets: Vec<(&str, &str)> = cases.secrets.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    serve_with(&written::routes_file(&cases), &secrets).await;
    let issuers = cases.published.iter().map(|(url, key_set)| {
        let authority = url.split('/').nth(2).unwrap();
        json!({ "authority": authority, "acts": [{ "body": key_set.to_string() }] })
    });
    script(issuers.collect()).await;

    // The clock goes forward only: what the worker remembers of a token holds until the token ends.
    let mut rows: Vec<&Row> = cases.rows.iter().filter(|row| row.fits_a_header()).collect();
    rows.sort_by_key(|row| row.now);
    let mut ahead_ms = 0.0;
    let mut replies: Vec<(&Row, Reply)> = Vec::new();
    for row in rows {
        loop {
            if let Some(now) = row.now {
                let step = now as f64 * 1000.0 - js_sys::Date::now() - ahead_ms;
                call::<()>("advance", &json!({ "ms": step })).await;
                ahead_ms += step;
            }
            let sent_ms = js_sys::Date::now();
            let ask = Ask::get(&format!("https://api.example.com/{}", row.policy));
            let reply = ask.header("authorization", &format!("Bearer {}", row.token)).send().await;
            if row.now.is_none() || js_sys::Date::now() - sent_ms < LATE_MS {
                replies.push((row, reply));
                break;
            }
        }
    }
    assert!(replies.len() > 120, "only {} rows were sent", replies.len());

    let records: Vec<String> = records(replies.len()).await.iter().map(ToString::to_string).collect();
    let wrong: Vec<String> = replies.iter().filter_map(|(row, reply)| wrong(row, reply, &records)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the answer to a row.
fn wrong(row: &Row, reply: &Reply, records: &[String]) -> Option<String> {
    let id = reply.header("x-request-id").unwrap();
    let record = records.iter().find(|record| record.contains(id)).unwrap();
    let right = match row.expect.as_str() {
        "ok" => reply.status == 200,
        refusal => reply.status == 401 && record.contains(&format!("{refusal}: ")),
    };
    (!right).then(|| format!("{}: {} instead of {}: {record}", row.name, reply.status, row.expect))
}
