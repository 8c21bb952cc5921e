//! The detectors: each looks at one value, in one layer of decoding, for the signs of its classes. Each passes over the value a
//! fixed number of times and looks around a sign no farther than a fixed distance, so the work is linear in the value's length.

mod breaks;
mod command;
mod everyday;
mod harmless;
mod markup;
mod objects;
mod opening;
mod query;
mod redirect;
mod script;
mod sqli;
mod ssrf;
mod template;
mod traversal;
mod wire;
mod xss;

use super::decode::Layers;
use super::report::Place;
use super::rules::Rule;
use super::settings::{Class, Level, Settings};
use super::text::{Marks, Text};

/// Which rules count.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    level: Level,
    classes: u16,
}

impl Wanted {
    /// What these settings ask for.
    pub fn of(settings: &Settings) -> Self {
        Self { level: settings.level, classes: settings.classes.iter().fold(0, |all, class| all | bit(*class)) }
    }

    fn has(self, rule: Rule) -> bool {
        rule.level() <= self.level && self.classes & bit(rule.class()) != 0
    }
}

fn bit(class: Class) -> u16 {
    1 << class as u16
}

/// What was seen in one value, through which layers.
#[derive(Debug)]
pub struct Seen {
    wanted: Wanted,
    /// Each rule once, with the layers it was first seen through.
    pub found: Vec<(Rule, Layers)>,
    /// The layers that were taken off by now.
    pub layers: Layers,
}

impl Seen {
    /// Nothing yet.
    pub const fn nothing(wanted: Wanted) -> Self {
        Self { wanted, found: Vec::new(), layers: Layers::NONE }
    }

    /// Whether it counts what a rule sees; nobody need look where it does not.
    pub fn wants(&self, rule: Rule) -> bool {
        self.wanted.has(rule)
    }

    /// A rule has seen something.
    pub fn hit(&mut self, rule: Rule) {
        if self.wants(rule) && !self.found.iter().any(|(known, _)| *known == rule) {
            self.found.push((rule, self.layers));
        }
    }

    /// The same, where `is` holds.
    pub fn hit_if(&mut self, is: bool, rule: Rule) {
        if is {
            self.hit(rule);
        }
    }
}

/// What a detector knows of a value besides its text.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// The host that the request was sent to.
    pub host: &'a str,
    /// Whether it is structured, and its parts are looked at by themselves.
    pub structured: bool,
}

/// Everything that one layer of a value shows.
pub fn look(text: &Text<'_>, around: Around<'_>, seen: &mut Seen) {
    if !around.structured {
        sqli::look(text, seen);
        if text.has(Marks::ANGLE.and(Marks::EQUALS).and(Marks::COLON).and(Marks::PAREN).and(Marks::BACKTICK).and(Marks::BRACE)) {
            xss::look(text, seen);
        }
        command::look(text, seen);
    }
    traversal::look(text, around, seen);
    if text.has(Marks::COLON.and(Marks::DASHES)) || text.marks.any(Marks::SLASH) || !text.hits.is_empty() {
        ssrf::look(text, around, seen);
    }
    if text.has(Marks::BRACE.and(Marks::DOLLAR).and(Marks::ANGLE).and(Marks::UNDERSCORES).and(Marks::HASH)) {
        template::look(text, seen);
    }
    query::look(text, around, seen);
    if text.has(Marks::LINE) {
        wire::look(text, seen);
    }
    if text.has(Marks::COLON) && text.has(Marks::BACKSLASH.and(Marks::HIGH)) {
        wire::written(text, seen);
    }
    if text.has(Marks::ANGLE) {
        markup::look(text, seen);
    }
    objects::look(text, around, seen);
    redirect::look(text, around, seen);
}

/// Header fields with a grammar of their own: only what strikes wherever a field is logged or handed to a shell.
pub fn look_at_grammar(text: &Text<'_>, seen: &mut Seen) {
    template::lookup(text, seen);
    command::shellshock(text, seen);
    template::look(text, seen);
    ssrf::callback(text, seen);
}

/// What is asked of SQL alone, once comments are taken out.
pub fn look_without_comments(text: &Text<'_>, seen: &mut Seen) {
    sqli::look(text, seen);
    if text.has(Marks::ANGLE.and(Marks::EQUALS)) {
        xss::look(text, seen);
    }
}

pub use objects::raw as look_at_raw;
pub use wire::scanner as look_at_agent;
