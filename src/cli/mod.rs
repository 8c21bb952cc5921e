//! The native command: `archway check`, `audit`, `compile`, `explain`, `routes`, `schema`, `reference`, `key`, `password`, `token`.
//!
//! Exit codes: 0 all is well, 1 there are problems, 2 the command was used wrongly.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::build::environment::Deployment;
use crate::http::problem_table;

pub mod audit;
pub mod check;
pub mod compile;
pub mod consumers;
pub mod explain;
pub mod key;
pub mod password;
pub mod reference;
pub mod routes;
pub mod schema;
pub mod token;
pub mod who;

/// An API gateway for the edge: checks, compiles and explains routes files.
#[derive(Debug, Parser)]
#[command(name = "archway", version, propagate_version = true, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 all is well, 1 there are problems, 2 the command was used wrongly.")]
struct Command {
    #[command(subcommand)]
    action: Action,
    /// How results and errors are written.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How results and errors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document, for programs.
    Json,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Checks the routes files and reports everything that is wrong with them.
    Check(check::Arguments),
    /// Tells who can reach each route, and what is weak.
    Audit(audit::Arguments),
    /// Compiles the routes files into the one JSON file that the worker loads.
    Compile {
        #[command(flatten)]
        directory: Directory,
        /// The file to write; nothing is written where there are errors.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Says which route takes a request and why, with its whole chain and where each setting was written.
    Explain(explain::Arguments),
    /// Lists every route.
    Routes(Directory),
    /// Prints the JSON Schema of the routes files, so that editors complete them.
    Schema {
        /// Which file's.
        #[arg(value_enum, default_value_t = schema::Which::Api)]
        of: schema::Which,
    },
    /// Prints the reference of the routes files, and the table of problems, as Markdown.
    Reference,
    /// Makes, lists and revokes API keys in the consumers files.
    #[command(subcommand)]
    Key(key::Action),
    /// Hashes a password, for a user in the consumers files.
    Password(password::Arguments),
    /// Mints a token for development, or makes a key for it.
    Token(token::Arguments),
}

/// Which routes files, for which deployment.
#[derive(Debug, Args)]
pub struct Directory {
    /// The directory of the routes files.
    #[arg(value_name = "DIR", default_value = "routes")]
    pub routes: PathBuf,
    /// A file of NAME=value lines with the deployment's variables and secrets: each one that is needed must be there.
    #[arg(long, value_name = "FILE")]
    pub vars: Option<PathBuf>,
}

/// Why a command did not do its work.
#[derive(Debug)]
pub enum Failure {
    /// There are problems, and they have been shown.
    Shown,
    /// It was used wrongly, or a file could not be read or written.
    Usage(String),
}

/// Runs the command with the arguments of the process.
pub fn run() -> ExitCode {
    let command = Command::parse();
    let result = match command.action {
        Action::Check(arguments) => check::run(&arguments, command.format),
        Action::Audit(arguments) => audit::run(&arguments, command.format),
        Action::Compile { directory, output } => compile::run(&directory, &output, command.format),
        Action::Explain(arguments) => explain::run(&arguments, command.format),
        Action::Routes(directory) => routes::run(&directory, command.format),
        Action::Schema { of } => schema::run(of),
        Action::Reference => {
            anstream::print!("{}\n### Problems\n\n{}", reference::markdown().trim_end(), problem_table::markdown());
            Ok(())
        }
        Action::Key(action) => key::run(&action, command.format),
        Action::Password(arguments) => password::run(&arguments, command.format),
        Action::Token(arguments) => token::run(&arguments, command.format),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Shown) => ExitCode::from(1),
        Err(Failure::Usage(message)) => {
            anstream::eprintln!("archway: {message}");
            ExitCode::from(2)
        }
    }
}

/// Reads a file of variables and secrets.
///
/// # Errors
/// Where it cannot be read, or a line in it is wrong.
pub fn deployment(file: Option<&Path>) -> Result<Option<Deployment>, Failure> {
    let Some(file) = file else { return Ok(None) };
    let text = std::fs::read_to_string(file).map_err(|error| Failure::Usage(format!("`{}` cannot be read: {error}", file.display())))?;
    Deployment::parse(&text).map(Some).map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))
}
