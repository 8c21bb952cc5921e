//! Patterns as tables: an automaton that reads each byte once, where it is small enough to be shipped.

use std::collections::HashMap;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::{Input, MatchKind};

use crate::schema::pattern::{DEAD, MATCH, Pattern};

/// The most entries of a table.
const MOST: usize = 4_096;

/// How large an automaton may be before it is made smaller, in bytes.
const BUILDING: usize = 1 << 18;

/// A pattern in the dialect of `regex-lite`, as a table where that is small.
pub fn smallest(pattern: String) -> Pattern {
    table(&pattern).unwrap_or(Pattern::Text(pattern))
}

fn table(pattern: &str) -> Option<Pattern> {
    let limits = dense::Config::new().dfa_size_limit(Some(BUILDING)).determinize_size_limit(Some(4 * BUILDING));
    let config = limits.minimize(true).match_kind(MatchKind::All).start_kind(StartKind::Unanchored);
    let automaton = dense::Builder::new().configure(config).build(pattern).ok()?;
    let class = |byte: u8| automaton.byte_classes().get(byte);
    let classes: Vec<u8> = (0..=u8::MAX).filter(|byte| *byte == 0 || class(*byte) != class(*byte - 1)).collect();

    let mut states = vec![automaton.start_state_forward(&Input::new("")).ok()?];
    let mut known = HashMap::from([(*states.first()?, MATCH + 1)]);
    let mut number = |state: StateID, states: &mut Vec<StateID>| -> Option<u16> {
        if automaton.is_dead_state(state) {
            return Some(DEAD);
        }
        if automaton.is_match_state(state) {
            return Some(MATCH);
        }
        let next = MATCH + 1 + u16::try_from(states.len()).ok()?;
        Some(*known.entry(state).or_insert_with(|| {
            states.push(state);
            next
        }))
    };
    let (mut next, mut ends) = (Vec::new(), Vec::new());
    let mut done = 0;
    while let Some(state) = states.get(done).copied() {
        if automaton.is_quit_state(state) || next.len() > MOST {
            return None;
        }
        for byte in &classes {
            next.push(number(automaton.next_state(state, *byte), &mut states)?);
        }
        if automaton.is_match_state(automaton.next_eoi_state(state)) {
            ends.push(MATCH + 1 + u16::try_from(done).ok()?);
        }
        done += 1;
    }
    Some(Pattern::Table { classes, next, ends })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::build::pattern::translate;
    use crate::schema::pattern::Matcher;
    use proptest::prelude::*;

    #[test]
    fn what_is_small_is_a_table() {
        for (pattern, small) in [
            ("^sku-[0-9]+$", true),
            ("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", true),
            ("", true),
            ("\\bfoo\\b", true),
            ("^.{1,8}$", true),
            ("^[a-z]{1,2000}$", false),
            ("a.{12}b", false),
        ] {
            let made = smallest(translate(pattern).unwrap());
            assert_eq!(matches!(made, Pattern::Table { .. }), small, "{pattern}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 5_000 }))]
        #[test]
        fn a_table_matches_what_the_engine_matches(
            pattern in r"\^?(([ab1é]|\[[ab]\]|\[\^a\]|\.|\\b|\\w|\\d|\\s|\(a\|b1\)|\\p\{L\})([*+?]|\{1,2\})?){0,4}\$?",
            texts in prop::collection::vec("[ab1é \n]{0,8}", 1..12),
        ) {
            let translated = translate(&pattern);
            prop_assume!(translated.is_ok());
            let translated = translated.unwrap();
            let engine = Matcher::new(&Pattern::Text(translated.clone())).unwrap();
            let table = Matcher::new(&smallest(translated)).unwrap();
            for text in texts {
                prop_assert_eq!(table.is_match(&text), engine.is_match(&text), "{} {:?}", pattern, text);
            }
        }
    }
}
