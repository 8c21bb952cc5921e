//! What an inspection found.

use super::decode::Layers;
use super::rules::Rule;
use super::settings::Class;
use std::fmt;

/// A rule that saw something. What it saw is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// Where: `path`, `query:id`, `header:referer`, `cookie:sid`, `body:user.name`; `query` or `body` alone for a name. Names are
    /// cut, and what is not fit for a log stands as `?`.
    pub place: String,
    /// What had been decoded to see it.
    pub layers: Layers,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.rule.id(), self.place, self.rule.score())?;
        if self.layers.is_none() { Ok(()) } else { write!(f, " through {}", self.layers) }
    }
}

/// What an inspection found, all of it or the first of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The rules that saw something, in the order of the request; no more than [`Report::MOST`].
    pub findings: Vec<Finding>,
    /// For each class that has one, the highest score that one value reached.
    pub scores: Vec<(Class, u32)>,
    /// Bytes that were looked at, in every layer: what bounds the work.
    pub work: u64,
}

impl Report {
    /// The most findings that are kept.
    pub const MOST: usize = 32;

    /// The class with the highest score.
    pub fn worst(&self) -> Option<(Class, u32)> {
        self.scores.iter().copied().max_by_key(|(_, score)| *score)
    }

    /// Whether a class has reached `threshold`.
    pub fn is_attack(&self, threshold: u32) -> bool {
        self.worst().is_some_and(|(_, score)| score >= threshold)
    }

    /// Counts a value's score for a class.
    pub(super) fn count(&mut self, class: Class, score: u32) {
        match self.scores.iter_mut().find(|(known, _)| *known == class) {
            Some((_, highest)) => *highest = (*highest).max(score),
            None => self.scores.push((class, score)),
        }
    }
}

/// Where a value stands. Borrowed from the request, so that a clean value costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The part of the request.
    pub part: Part,
    /// The field's name; empty for the part itself, or where the value is a name.
    pub name: &'a str,
    /// Whether the value is a name.
    pub is_name: bool,
}

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Part {
    Path,
    Query,
    Header,
    Cookie,
    Body,
}

impl<'a> Place<'a> {
    /// The value of a field.
    pub const fn of(part: Part, name: &'a str) -> Self {
        Self { part, name, is_name: false }
    }

    /// A name.
    pub const fn name(part: Part) -> Self {
        Self { part, name: "", is_name: true }
    }
}

/// The most bytes of a name that a record shows.
const LONGEST_NAME: usize = 64;

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.part {
            Part::Path => "path",
            Part::Query => "query",
            Part::Header => "header",
            Part::Cookie => "cookie",
            Part::Body => "body",
        })?;
        if self.name.is_empty() {
            return Ok(());
        }
        f.write_str(":")?;
        let fit = |c: char| if c.is_ascii_alphanumeric() || "-_.[]$@ ".contains(c) { c } else { '?' };
        self.name.chars().take(LONGEST_NAME).try_for_each(|c| fmt::Write::write_char(f, fit(c)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_fit_for_a_log() {
        assert_eq!(Place::of(Part::Query, "id").to_string(), "query:id");
        assert_eq!(Place::name(Part::Query).to_string(), "query");
        assert_eq!(Place::of(Part::Body, "a\n<script>").to_string(), "body:a??script?");
        assert_eq!(Place::of(Part::Body, &"a".repeat(99)).to_string().len(), 5 + LONGEST_NAME);
    }

    #[test]
    fn the_worst_class_decides() {
        let mut report = Report::default();
        assert!(!report.is_attack(1));
        report.count(Class::Sqli, 4);
        report.count(Class::Xss, 4);
        report.count(Class::Sqli, 3);
        assert!(report.is_attack(4) && !report.is_attack(5), "classes do not add up, nor do values");
    }
}
