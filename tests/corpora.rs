//! The fuzz targets' corpora, run through the same entries; and bytes of any kind, also such as are nearly in a corpus.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "fuzz/entries.rs"]
mod entries;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(name)
}

fn names(path: &Path) -> BTreeSet<String> {
    let found = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    found.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let path = directory("corpus").join(name);
    names(&path).iter().map(|file| fs::read(path.join(file)).unwrap()).collect()
}

#[test]
fn every_entry_has_a_target_and_a_corpus() {
    let entries: BTreeSet<String> = entries::ENTRIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&directory("targets")), entries);
    assert_eq!(names(&directory("corpus")), entries);
    let manifest = fs::read_to_string(directory("Cargo.toml")).unwrap();
    for name in &entries {
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
        assert!(
            fs::read_to_string(directory("targets").join(format!("{name}.rs"))).unwrap().contains(&format!("run(\"{name}\"")),
            "{name}"
        );
    }
}

#[test]
fn the_corpora_hold() {
    for (name, _) in entries::ENTRIES {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name}");
        corpus.iter().for_each(|data| entries::run(name, data));
    }
}

#[test]
fn bytes_of_any_kind_hold() {
    for (name, entry) in entries::ENTRIES {
        let seeds = corpus(name);
        let near = (0..seeds.len(), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 0..6)).prop_map(
            move |(seed, edits)| {
                let mut data = seeds[seed].clone();
                for (index, byte, kind) in edits {
                    let at = index.index(data.len() + 1);
                    match kind {
                        0 => data.insert(at, byte),
                        1 if at < data.len() => data[at] = byte,
                        _ => data.truncate(at),
                    }
                }
                data
            },
        );
        let any = prop::collection::vec(any::<u8>(), 0..64);
        // Each of these makes a signature first, which takes long where nothing is optimised.
        let cases = if ["dpop", "oidc"].contains(name) { 40 } else { 400 };
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        runner
            .run(&prop_oneof![3 => near, 1 => any], |data| {
                entry(&data);
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
