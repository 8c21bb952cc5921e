//! `archway key`: API keys are made, listed and revoked in the consumers files.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::consumers::File;
use super::{Failure, Format};
use crate::auth::api_key;
use crate::config::text::document::{Node, Value};
use crate::config::timestamp::Timestamp;
use crate::config::values::Duration;

/// What is to be done with keys.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Makes a key, prints it once, and writes its hash into the consumer's file.
    New(New),
    /// Lists every key, without its hash.
    List(Routes),
    /// Disables a key from the next deployment on; its table stays.
    Revoke {
        /// The key's id, its third part.
        id: String,
        /// Where it stands.
        #[command(flatten)]
        routes: Routes,
    },
}

/// Which routes files.
#[derive(Debug, Args)]
pub struct Routes {
    /// The directory of the routes files; consumers are in its folder `consumers`.
    #[arg(long, value_name = "DIR", default_value = "routes")]
    pub routes: PathBuf,
}

/// A new key.
#[derive(Debug, Args)]
pub struct New {
    /// Whose it is; its file is made where there is none.
    #[arg(long, value_name = "NAME")]
    consumer: String,
    /// What it is for, such as `live` or `test`.
    #[arg(long, value_name = "NAME", default_value = "live")]
    env: String,
    /// How long it holds, such as 90d; for ever where absent.
    #[arg(long, value_name = "DURATION")]
    expires: Option<Duration>,
    #[command(flatten)]
    routes: Routes,
}

/// Does it.
///
/// # Errors
/// Where a file cannot be read or written, or an argument is malformed.
pub fn run(action: &Action, format: Format) -> Result<(), Failure> {
    match action {
        Action::New(arguments) => new(arguments, format),
        Action::List(routes) => list(routes, format),
        Action::Revoke { id, routes } => revoke(id, routes),
    }
}

#[allow(clippy::disallowed_methods, reason = "a command has no clock but the machine's")]
fn new(arguments: &New, format: Format) -> Result<(), Failure> {
    if !api_key::is_environment(&arguments.env) {
        return Err(Failure::Usage(format!("`--env {}`: expected 1 to 16 of a to z and 0 to 9", arguments.env)));
    }
    let file = File::of_consumer(&arguments.routes.routes, &arguments.consumer)?;
    let mut random = [0; api_key::RANDOM];
    getrandom::getrandom(&mut random).map_err(|error| Failure::Usage(format!("no randomness: {error}")))?;
    let key = api_key::make(&arguments.env, &random);
    let id = api_key::read(&key).map(|written| written.id.to_owned()).map_err(|_| Failure::Usage("the key is malformed".to_owned()))?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_err(|error| Failure::Usage(error.to_string()))?;
    let expires = arguments.expires.map(|expires| Timestamp::from_ms((now.as_secs() * 1_000).saturating_add(expires.ms())));
    let mut lines =
        vec![format!("id = \"{id}\""), format!("hash = \"{}\"", api_key::digest(&key)), format!("environment = \"{}\"", arguments.env)];
    lines.extend(expires.map(|expires| format!("expires = \"{expires}\"")));
    let file = file.with_table("keys", &lines)?;
    file.write()?;
    let path = file.path.display().to_string();
    match format {
        Format::Text => {
            anstream::println!("{key}");
            anstream::eprintln!("This is shown once. Its hash stands in {path}, under the id {id}.");
        }
        Format::Json => anstream::println!("{:#}", json!({ "key": key, "id": id, "consumer": arguments.consumer, "file": path })),
    }
    Ok(())
}

fn list(routes: &Routes, format: Format) -> Result<(), Failure> {
    let files = File::all(&routes.routes)?;
    let text = |node: &Node, key: &str| node.entry(key).and_then(|entry| entry.node.text()).map(str::to_owned);
    let says = |node: &Node, key: &str| node.entry(key).is_some_and(|entry| matches!(entry.node.value, Value::Boolean(true)));
    let mut rows = Vec::new();
    for file in &files {
        let disabled = says(file.root.descend("consumer"), "disabled");
        for key in file.list("keys") {
            rows.push(json!({
                "id": text(key, "id"), "consumer": file.name(), "environment": text(key, "environment"),
                "not_before": text(key, "not_before"), "expires": text(key, "expires"), "disabled": disabled || says(key, "disabled"),
            }));
        }
    }
    if format == Format::Json {
        anstream::println!("{:#}", serde_json::Value::Array(rows));
        return Ok(());
    }
    for row in &rows {
        let word = |name: &str| row.get(name).and_then(serde_json::Value::as_str).unwrap_or("-");
        let disabled = row.get("disabled").and_then(serde_json::Value::as_bool).unwrap_or_default();
        let until = if disabled { "disabled".to_owned() } else { format!("until {}", word("expires")) };
        anstream::println!("{}  {:<16}  {:<8}  {until}", word("id"), word("consumer"), word("environment"));
    }
    Ok(())
}

fn revoke(id: &str, routes: &Routes) -> Result<(), Failure> {
    for file in File::all(&routes.routes)? {
        let found = file.list("keys").iter().find(|key| key.entry("id").and_then(|entry| entry.node.text()) == Some(id));
        let Some(key) = found else { continue };
        file.with_value(key, "id", "disabled", "true")?.write()?;
        anstream::println!("{id} of {} is disabled in {}", file.name(), file.path.display());
        return Ok(());
    }
    Err(Failure::Usage(format!("no key has the id `{id}`; `archway key list` lists them")))
}
