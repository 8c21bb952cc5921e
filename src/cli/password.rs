//! `archway password`: hashes of passwords, for the users of the consumers files.

use std::io::Read as _;

use clap::Args;
use serde_json::json;

use super::consumers::File;
use super::key::Routes;
use super::{Failure, Format};
use crate::auth::password::{PasswordHash, SALT, USUAL, scrypt};

/// The fewest characters of a password (NIST SP 800-63B section 3.1.1.2, for a password beside nothing else).
const FEWEST: usize = 15;

/// Whose password it is.
#[derive(Debug, Args)]
#[command(after_help = "The password is read from stdin, one line. It has at least 15 characters.")]
pub struct Arguments {
    /// The consumer whose file the user is written into; only printed where absent.
    #[arg(long, value_name = "NAME", requires = "user")]
    consumer: Option<String>,
    /// The user's name; an earlier password is replaced.
    #[arg(long, value_name = "NAME", requires = "consumer")]
    user: Option<String>,
    #[command(flatten)]
    routes: Routes,
}

/// Hashes the password on stdin.
///
/// # Errors
/// Where it is too short, or the file cannot be read or written.
pub fn run(arguments: &Arguments, format: Format) -> Result<(), Failure> {
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password).map_err(|error| Failure::Usage(format!("no password on stdin: {error}")))?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.chars().count() < FEWEST || password.chars().any(char::is_control) {
        return Err(Failure::Usage(format!("a password has at least {FEWEST} characters, in one line")));
    }
    let mut salt = vec![0; SALT];
    getrandom::getrandom(&mut salt).map_err(|error| Failure::Usage(format!("no randomness: {error}")))?;
    let hash = scrypt(password.as_bytes(), &salt, USUAL).map_err(Failure::Usage)?;
    let hash = PasswordHash::of(USUAL, salt, hash).to_string();
    let (Some(consumer), Some(user)) = (&arguments.consumer, &arguments.user) else {
        anstream::println!("{hash}");
        return Ok(());
    };
    let file = File::of_consumer(&arguments.routes.routes, consumer)?;
    let known = file.list("users").iter().find(|known| known.entry("name").and_then(|entry| entry.node.text()) == Some(user));
    let file = match known {
        Some(known) => file.with_value(known, "name", "password", &format!("\"{hash}\""))?,
        None => file.with_table("users", &[format!("name = {}", json!(user)), format!("password = \"{hash}\"")])?,
    };
    file.write()?;
    let path = file.path.display().to_string();
    match format {
        Format::Text => anstream::println!("{user} of {consumer} has this password in {path}"),
        Format::Json => anstream::println!("{:#}", json!({ "user": user, "consumer": consumer, "file": path })),
    }
    Ok(())
}
