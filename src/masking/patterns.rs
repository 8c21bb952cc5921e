//! Patterns of one's own, found in a window over what passes. In lines, a find ends with its line, and nothing is held behind one.

use regex_lite::Regex;

use super::{Action, Quotes, REDACTED, Refused, masked};

/// Passes bytes on with finds replaced.
pub struct Patterns {
    /// Names and expressions.
    patterns: Vec<(String, Regex)>,
    action: Action,
    /// The longest find, in bytes.
    window: usize,
    lines: bool,
    json: bool,
    held: Vec<u8>,
    quotes: Quotes,
}

impl Patterns {
    /// Looks for these, each up to `window` bytes long.
    pub fn new(patterns: Vec<(String, Regex)>, action: Action, window: usize, lines: bool, json: bool) -> Self {
        Self { patterns, action, window, lines, json, held: Vec::new(), quotes: Quotes::default() }
    }

    /// Takes more bytes and appends what may pass.
    ///
    /// # Errors
    /// Where something was found that may not leave.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        if self.patterns.is_empty() {
            out.extend_from_slice(bytes);
            return Ok(());
        }
        self.held.extend_from_slice(bytes);
        self.advance(false, out)
    }

    /// As [`Patterns::push`], for the end.
    ///
    /// # Errors
    /// See there.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Refused> {
        self.advance(true, out)
    }

    fn advance(&mut self, ended: bool, out: &mut Vec<u8>) -> Result<(), Refused> {
        let held = std::mem::take(&mut self.held);
        // What comes before this can be in no find that has not ended.
        let line = held.iter().rposition(|byte| *byte == b'\n').filter(|_| self.lines).map_or(0, |at| at + 1);
        let mut safe = if ended { held.len() } else { held.len().saturating_sub(self.window).max(line) };
        while safe > 0 && safe < held.len() && held.get(safe).is_some_and(|byte| byte & 0xc0 == 0x80) {
            safe -= 1;
        }
        let mut at = 0;
        while at < safe {
            // What is no UTF-8 passes, and no find goes over it.
            let rest = held.get(at..).unwrap_or_default();
            let (text, broken) = match std::str::from_utf8(rest) {
                Ok(text) => (text, 0),
                Err(error) => (
                    std::str::from_utf8(rest.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
                    error.error_len().unwrap_or(0),
                ),
            };
            let mut from = 0;
            while let Some((name, found)) = self.first(text, from) {
                if at + found.start >= safe {
                    break;
                }
                let open = !ended && at + found.end == held.len() && found.len() < self.window;
                if open && !(self.lines && found.end <= line.saturating_sub(at)) {
                    safe = at + found.start;
                    break;
                }
                self.pass(text.get(from..found.start).unwrap_or_default().as_bytes(), out);
                self.replace(&name, text.get(found.clone()).unwrap_or_default(), out)?;
                from = found.end;
            }
            let until = safe.saturating_sub(at).min(text.len()).max(from);
            self.pass(text.get(from..until).unwrap_or_default().as_bytes(), out);
            at += until;
            if until == text.len() && broken > 0 && at < safe {
                let end = at + broken;
                self.pass(held.get(at..end).unwrap_or_default(), out);
                at = end;
            } else if until < text.len() || broken == 0 {
                // A character that is not whole yet, at the end, waits or passes as it is.
                if ended {
                    self.pass(held.get(at..).unwrap_or_default(), out);
                    at = held.len();
                }
                break;
            }
        }
        self.held = held.get(at..).unwrap_or_default().to_vec();
        Ok(())
    }

    /// The first find at or behind `from`, the longest of those that begin there.
    fn first(&self, text: &str, from: usize) -> Option<(String, std::ops::Range<usize>)> {
        let finds = self.patterns.iter().filter_map(|(name, regex)| {
            let found = regex.find_at(text, from).filter(|found| !found.is_empty())?;
            Some((name, found.range()))
        });
        finds.min_by_key(|(_, found)| (found.start, usize::MAX - found.end)).map(|(name, found)| (name.clone(), found))
    }

    fn pass(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.json {
            bytes.iter().for_each(|byte| self.quotes.pass(*byte));
        }
        out.extend_from_slice(bytes);
    }

    fn replace(&mut self, name: &str, found: &str, out: &mut Vec<u8>) -> Result<(), Refused> {
        let text = match self.action {
            Action::Refuse => return Err(Refused(name.to_owned())),
            Action::Redact => REDACTED.to_owned(),
            Action::Mask => masked(found, 4),
        };
        let quoted = self.json && !self.quotes.inside() && !found.contains('"');
        let text = if quoted { format!("\"{text}\"") } else { text };
        self.pass(text.as_bytes(), out);
        Ok(())
    }
}
