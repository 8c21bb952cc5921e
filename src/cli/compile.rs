//! `archway compile`: the runtime form in a file.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::config::packed;

use super::{Directory, Failure, Format, check};

/// Compiles a directory into `output`: all of it, or nothing.
///
/// # Errors
/// Where there are problems, or the file cannot be written.
pub fn run(directory: &Directory, output: &Path, format: Format) -> Result<(), Failure> {
    let outcome = check::outcome(directory, format)?;
    let text = outcome.form.as_ref().map_or(Ok(String::new()), packed::pack).map_err(Failure::Usage)?;
    write(output, &text).map_err(|error| Failure::Usage(format!("`{}` cannot be written: {error}", output.display())))?;
    let routes = outcome.form.map_or(0, |form| form.routes.len());
    match format {
        Format::Text => anstream::println!("{routes} routes written to {}, {} bytes", output.display(), text.len()),
        Format::Json => {
            anstream::println!("{:#}", json!({ "ok": true, "errors": [], "routes": routes, "file": output.display().to_string() }));
        }
    }
    Ok(())
}

/// Writes beside the file first and renames, so that a reader sees the old text or the new one.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    fs::write(&beside, text)?;
    fs::rename(&beside, file).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}
