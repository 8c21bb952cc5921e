//! One value after the other: the quick look that lets most of them pass, the layers of decoding, and the score.

use super::decode::{self, Layers, base64};
use super::detect::{self, Around, Seen, Wanted};
use super::report::{Finding, Part, Place, Report};
use super::settings::{Except, Settings, matches};
use super::text::{self, Hit, Marks, Text};
use super::{Parts, body::json};

/// How often escapes are taken off a value, besides what its place means.
const ROUNDS: usize = 3;

/// How deep values within values are looked into: base64 of JSON of base64.
const DEPTH: usize = 3;

/// What an inspection carries along: the settings, what was found, and room that is used again for each value.
pub struct Inspector<'a> {
    wanted: Wanted,
    except: Vec<&'a Except>,
    host: &'a str,
    /// What was found so far.
    pub report: Report,
    low: Vec<u8>,
    hits: Vec<Hit>,
}

impl<'a> Inspector<'a> {
    /// For one request.
    pub fn new(parts: &Parts<'a>, settings: &'a Settings) -> Self {
        let on_route = |except: &&Except| except.route.as_deref().is_none_or(|route| matches(route, parts.route));
        let except = settings.except.iter().filter(on_route).collect();
        let host = parts.host.split(':').next().unwrap_or_default();
        Self { wanted: Wanted::of(settings), except, host, report: Report::default(), low: Vec::new(), hits: Vec::new() }
    }

    /// Looks at a value. One of letters, digits, dots and dashes is passed over, unless it is base64 of a text.
    pub fn value(&mut self, place: Place<'_>, raw: &[u8]) {
        let marks = Marks::of(raw);
        self.report.work += raw.len() as u64;
        let quiet = Marks::COLON.and(Marks::HIGH);
        if marks.only(quiet) && place.part != Part::Path && raw.len() < 8 {
            return;
        }
        let mut seen = Seen::nothing(self.wanted);
        self.layers(place, raw, marks, DEPTH, &mut seen);
        self.settle(place, seen);
    }

    /// Looks at a header field whose grammar is its own: only for what strikes wherever it is logged.
    pub fn grammar(&mut self, place: Place<'_>, raw: &[u8]) {
        let marks = Marks::of(raw);
        self.report.work += raw.len() as u64;
        if !marks.any(Marks::BRACE.and(Marks::DOLLAR)) {
            return;
        }
        let mut seen = Seen::nothing(self.wanted);
        self.read(raw, marks, |text| detect::look_at_grammar(text, &mut seen));
        self.settle(place, seen);
    }

    /// Looks at what a client says it is.
    pub fn agent(&mut self, place: Place<'_>, raw: &[u8]) {
        let mut seen = Seen::nothing(self.wanted);
        self.read(raw, Marks::of(raw), |text| detect::look_at_agent(text, &mut seen));
        self.settle(place, seen);
        self.value(place, raw);
    }

    /// The value as it is, then as what is within it.
    fn layers(&mut self, place: Place<'_>, raw: &[u8], marks: Marks, depth: usize, seen: &mut Seen) {
        detect::look_at_raw(raw, seen);
        self.within(place, raw, marks, depth, seen);
        let quiet = marks.only(Marks::COLON.and(Marks::HIGH)) && place.part != Part::Path;
        if quiet && !marks.any(Marks::HIGH) {
            return;
        }
        let structured = self.nested(place, raw, depth, seen);
        self.one(place, raw, marks, structured, seen);
        let outside = seen.layers;
        let (mut current, mut next) = (Vec::new(), Vec::new());
        let mut marks = marks;
        for round in 0..ROUNDS {
            let encodes = Marks::PERCENT.and(Marks::AMPERSAND).and(Marks::BACKSLASH).and(Marks::PLUS).and(Marks::HIGH);
            if !marks.any(encodes) {
                break;
            }
            let layer = decode::layer(if round == 0 { raw } else { &current }, &mut next);
            if layer.is_none() {
                break;
            }
            std::mem::swap(&mut current, &mut next);
            seen.layers = seen.layers.and(layer);
            marks = Marks::of(&current);
            self.one(place, &current, marks, false, seen);
            self.within(place, &current, marks, depth, seen);
        }
        let last = if current.is_empty() { raw } else { &current };
        if marks.any(Marks::PLUS) && !marks.any(Marks::SPACE) && last.iter().filter(|byte| **byte == b'+').count() > 1 {
            let spaced: Vec<u8> = last.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
            seen.layers = seen.layers.and(Layers::PLUS);
            self.one(place, &spaced, Marks::of(&spaced), false, seen);
        }
        seen.layers = outside;
    }

    /// What is within base64.
    fn within(&mut self, place: Place<'_>, raw: &[u8], marks: Marks, depth: usize, seen: &mut Seen) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let inside = if marks.only(base64::MARKS) {
            base64::decode(raw)
        } else if marks.any(Marks::COLON) {
            base64::in_data_url(raw)
        } else {
            None
        };
        if let Some(inside) = inside {
            let outside = seen.layers;
            seen.layers = outside.and(Layers::BASE64);
            self.report.work += inside.len() as u64;
            self.layers(place, &inside, Marks::of(&inside), depth, seen);
            seen.layers = outside;
        }
    }

    /// What is within JSON within a value. Whether it is JSON, whose parts have been looked at.
    fn nested(&mut self, place: Place<'_>, raw: &[u8], depth: usize, seen: &mut Seen) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        if !json::looks_like(raw) || json::walk(raw, &mut |_, _, _| {}).is_err() {
            return false;
        }
        let outside = seen.layers;
        seen.layers = outside.and(Layers::NESTED);
        let _ = json::walk(raw, &mut |_, is_name, text| {
            self.report.work += text.len() as u64;
            let marks = Marks::of(text);
            if !(is_name && marks.none()) {
                self.layers(Place { is_name, ..place }, text, marks, depth, seen);
            }
        });
        seen.layers = outside;
        true
    }

    /// One layer, and the same without comments.
    fn one(&mut self, place: Place<'_>, raw: &[u8], marks: Marks, structured: bool, seen: &mut Seen) {
        self.report.work += raw.len() as u64;
        let around = Around { place, host: self.host, structured };
        self.read(raw, marks, |text| detect::look(text, around, seen));
        let commented = marks.any(Marks::SLASH) && marks.any(Marks::OTHER) || marks.any(Marks::ANGLE);
        let mut whole = Vec::new();
        if commented
            && !structured
            && (text::has(raw, "/*") || text::has(raw, "<>") || text::has(raw, "<x>"))
            && decode::without_comments(raw, &mut whole)
        {
            let outside = seen.layers;
            seen.layers = outside.and(Layers::COMMENT);
            self.read(&whole, Marks::of(&whole), |text| detect::look_without_comments(text, seen));
            if decode::spaced_comments(raw, &mut whole) {
                self.read(&whole, Marks::of(&whole), |text| detect::look_without_comments(text, seen));
            }
            seen.layers = outside;
        }
    }

    fn read(&mut self, raw: &[u8], marks: Marks, look: impl FnOnce(&Text<'_>)) {
        text::lower(raw, &mut self.low);
        let (shape, kinds) = text::read(&self.low, &mut self.hits);
        look(&Text { raw, low: &self.low, marks, shape, hits: &self.hits, kinds });
    }

    /// Adds up what counts of a value, and keeps the findings.
    fn settle(&mut self, place: Place<'_>, seen: Seen) {
        if seen.found.is_empty() {
            return;
        }
        let name = place.to_string();
        let counted: Vec<_> = seen
            .found
            .into_iter()
            .filter(|(rule, _)| !self.except.iter().any(|except| except.covers(rule.id(), rule.class().name(), &name)))
            .collect();
        for (rule, _) in &counted {
            let same = counted.iter().filter(|(other, _)| other.class() == rule.class());
            self.report.count(rule.class(), same.map(|(other, _)| other.score()).sum());
        }
        for (rule, layers) in counted {
            if self.report.findings.len() < Report::MOST {
                self.report.findings.push(Finding { rule, place: name.clone(), layers });
            }
        }
    }
}
