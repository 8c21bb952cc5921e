//! The test set's policies as a routes file: the policy `p` guards the path `/p`, and a fixed answer stands behind it.

use std::fmt::Write as _;

use serde_json::Value;

use super::cases::Cases;

/// The file of an API called `tokens`.
pub fn routes_file(cases: &Cases) -> String {
    let mut text = String::from("[api]\nname = \"tokens\"\n[origins.answer]\nstatic = { status = 200, body = \"in\" }\n");
    for (name, policy) in &cases.policies {
        let _ = writeln!(text, "[policies.{name}]\njwt = {}", inline(policy));
        let _ = writeln!(text, "[[routes]]\nmatch = \"GET /{name}\"\norigin = \"answer\"\npolicies = [\"{name}\"]");
    }
    text
}

/// A JSON value as TOML writes it on one line. Its texts are TOML's, too: both escape alike.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{} = {}", Value::from(name.as_str()), inline(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
