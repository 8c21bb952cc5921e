//! The README holds: its commands exist, its examples compile, its links lead somewhere, its tables are the generated ones.

use std::collections::BTreeSet;
use std::process::Command;

use archway::cli::reference;
use archway::config::build::build;
use archway::config::build::load::{GATEWAY, directory};
use archway::config::text::source::Source;
use archway::http::problem_table;
use archway::threat::rules;

use super::examples::shown;
use super::tree::{none, read, root};

const README: &str = "README.md";

/// The fenced blocks of a language, each with the number of its first line.
fn blocks(text: &str, language: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(bool, usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        open = match (line.strip_prefix("```"), open) {
            (Some(word), None) => Some((word == language, index + 2, String::new())),
            (Some(_), Some((wanted, number, block))) => {
                found.extend(wanted.then_some((number, block)));
                None
            }
            (None, Some((wanted, number, block))) => Some((wanted, number, block + line + "\n")),
            (None, None) => None,
        };
    }
    found
}

/// The words that follow `before` anywhere in the text, up to the first character that is not of a name.
fn named<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
    let rest = text.split(before).skip(1);
    rest.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && !"-_./".contains(c)).next().unwrap().trim_end_matches(['.', '/']))
        .collect()
}

#[test]
fn generated_tables_are_the_generated_ones() {
    let mut text = read(README);
    let before = text.clone();
    for (name, table) in [("reference", reference::markdown()), ("problems", problem_table::markdown()), ("waf", rules::markdown())] {
        let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let start = text.find(&open).unwrap_or_else(|| panic!("the README has {open}")) + open.len();
        let end = start + text[start..].find(&close).unwrap_or_else(|| panic!("the README has {close}"));
        text.replace_range(start..end, &format!("\n{}\n\n", table.trim()));
    }
    if std::env::var_os("ARCHWAY_BLESS").is_some() {
        std::fs::write(root().join(README), &text).unwrap();
    } else {
        assert!(text == before, "The README's tables are old. Write them anew: ARCHWAY_BLESS=1 cargo test --test architecture");
    }
}

#[test]
fn its_scripts_exist() {
    let text = read(README);
    let found = named(&text, "scripts/").into_iter().filter(|name| !root().join("scripts").join(name).exists());
    none(&found.map(|name| format!("scripts/{name}")).collect::<Vec<_>>(), "The README names scripts that are not there:");
}

#[test]
fn its_commands_exist() {
    let text = read(README);
    let mut found = Vec::new();
    for name in named(&text, "`archway ").into_iter().chain(named(&text, "debug/archway ")) {
        let run = Command::new(env!("CARGO_BIN_EXE_archway")).args([name, "--help"]).output().unwrap();
        if !run.status.success() {
            found.push(format!("archway {name}"));
        }
    }
    none(&found, "The README names commands that are not there:");
}

#[test]
fn its_paths_exist() {
    let text = read(README);
    let links = named(&text, "](").into_iter().filter(|link| !link.is_empty());
    let inside = text.split('`').skip(1).step_by(2).filter(|code| ["src/", "tests/", "routes/"].iter().any(|room| code.starts_with(room)));
    let paths = links.chain(inside).filter(|path| !path.contains(['*', '{', ' ']) && !path.contains("NAME") && !path.contains("://"));
    let missing = paths.filter(|path| !path.starts_with("http") && !root().join(path).exists());
    none(&missing.map(str::to_owned).collect::<Vec<_>>(), "The README names files that are not there:");
}

/// A block is a whole file, or what may stand in one: its first line says `# routes/NAME.toml` or `# wrangler.toml`. The shared
/// `routes/gateway.toml` and the consumers stand beside it.
#[test]
fn its_routes_compile() {
    let blocks = blocks(&read(README), "toml");
    assert!(!blocks.is_empty(), "the README shows routes files");
    let mut found = Vec::new();
    for (number, block) in blocks {
        if block.starts_with("# wrangler.toml") {
            found.extend(block.parse::<toml::Table>().err().map(|error| format!("README.md:{number}: {error}")));
            continue;
        }
        let outcome = build(sources(&block), None);
        if !outcome.diagnostics.is_empty() {
            found.push(format!("README.md:{number}\n{}", shown(&outcome)));
        }
    }
    none(&found, "Mend the README's routes files:");
}

fn sources(block: &str) -> Vec<Source> {
    if block.starts_with("# routes/gateway.toml") {
        return vec![Source::new(GATEWAY, block), Source::new("readme.toml", "[api]\nname = \"readme\"\n")];
    }
    let mut sources = directory(&root().join("routes")).unwrap();
    sources.retain(|source| source.name.ends_with(GATEWAY) || source.of_consumer);
    let head = if block.contains("[api]") { "" } else { "[api]\nname = \"readme\"\n" };
    sources.push(Source::new("readme.toml", &format!("{head}{block}")));
    sources
}

/// What the command is shown to print is what it prints, line by line; `...` stands for lines that are left out. `archway` alone reads
/// the routes file shown last, `target/debug/archway` the repository's own.
#[test]
fn its_output_is_the_commands_own() {
    let text = read(README);
    let files = blocks(&text, "toml");
    let scratch = std::env::temp_dir().join(format!("archway-readme-{}", std::process::id()));
    let mut found = Vec::new();
    for (number, block) in blocks(&text, "") {
        for part in format!("\n{block}").split("\n$ ").skip(1) {
            let (command, output) = part.split_once('\n').unwrap_or((part, ""));
            let (own, line) = match (command.strip_prefix("target/debug/archway "), command.strip_prefix("archway ")) {
                (Some(line), _) => (true, line),
                (_, Some(line)) => (false, line),
                _ => continue,
            };
            let arguments: Vec<&str> = line.split('\'').enumerate().flat_map(|(quoted, part)| words(quoted % 2 == 1, part)).collect();
            if arguments[0] == "key" {
                continue;
            }
            let directory = if own { root().to_path_buf() } else { scratch.clone() };
            if !own {
                let (_, file) = files.iter().rfind(|(line, _)| *line < number).unwrap();
                let name = file.lines().next().unwrap().trim_start_matches("# ");
                std::fs::create_dir_all(scratch.join("routes")).unwrap();
                std::fs::write(scratch.join(name), file).unwrap();
            }
            let run = Command::new(env!("CARGO_BIN_EXE_archway")).args(&arguments).current_dir(directory).output().unwrap();
            let printed = String::from_utf8(run.stdout).unwrap();
            let mut lines = printed.lines();
            let wrong = output.lines().find(|shown| *shown != "..." && !lines.any(|line| line == *shown));
            found.extend(wrong.map(|shown| format!("README.md:{number}: `{command}` does not print `{shown}` there, but:\n{printed}")));
        }
    }
    let _ = std::fs::remove_dir_all(&scratch);
    none(&found, "The README shows what is not printed:");
}

fn words(quoted: bool, part: &str) -> Vec<&str> {
    if quoted { vec![part] } else { part.split_whitespace().collect() }
}
