//! What the recognisers find, replaced as the bytes pass. Held back is only what may still become a find: nothing behind the end of
//! a line, and never more than some hundred bytes.

use super::recognise::{Kind, Look, Ran, Run, look};
use super::{Action, Quotes, REDACTED, Refused, masked};

/// Passes bytes on with finds replaced.
pub struct Masker {
    kinds: Vec<Kind>,
    action: Action,
    /// Whether the bytes are JSON: a number that is replaced becomes a text.
    json: bool,
    held: Vec<u8>,
    before: Option<u8>,
    quotes: Quotes,
    run: Option<Run>,
}

impl Masker {
    /// Looks for these kinds.
    pub fn new(kinds: Vec<Kind>, action: Action, json: bool) -> Self {
        Self { kinds, action, json, held: Vec::new(), before: None, quotes: Quotes::default(), run: None }
    }

    /// Takes more bytes and appends what may pass.
    ///
    /// # Errors
    /// Where something was found that may not leave.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        self.held.extend_from_slice(bytes);
        self.advance(false, out)
    }

    /// As [`Masker::push`], for the end.
    ///
    /// # Errors
    /// See there.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Refused> {
        self.advance(true, out)
    }

    fn advance(&mut self, ended: bool, out: &mut Vec<u8>) -> Result<(), Refused> {
        let held = std::mem::take(&mut self.held);
        let mut at = 0;
        while let Some(byte) = held.get(at).copied() {
            match self.run.as_mut().map(|run| run.step(byte)) {
                Some(Ran::On) => {
                    at += 1;
                    continue;
                }
                Some(Ran::Behind) => {
                    self.run = None;
                    at += 1;
                    continue;
                }
                Some(Ran::Before) | None => self.run = None,
            }
            let rest = held.get(at..).unwrap_or_default();
            match look(rest, self.before, ended, &self.kinds) {
                Look::Nothing => {
                    self.pass(byte, out);
                    at += 1;
                }
                Look::More => break,
                Look::Found(kind, length) => {
                    self.replace(kind, rest.get(..length).unwrap_or_default(), out)?;
                    at += length;
                }
                Look::Begins(kind, length) => {
                    self.replace(kind, b"", out)?;
                    self.run = Some(Run::of(kind));
                    at += length;
                }
            }
        }
        self.held = held.get(at..).unwrap_or_default().to_vec();
        Ok(())
    }

    fn pass(&mut self, byte: u8, out: &mut Vec<u8>) {
        // The letter of an escape, as in `\n`, is no part of the word that follows.
        let escape = self.json && self.quotes.escaped;
        if self.json {
            self.quotes.pass(byte);
        }
        self.before = Some(if escape { b' ' } else { byte });
        out.push(byte);
    }

    fn replace(&mut self, kind: Kind, found: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        let text = match self.action {
            Action::Refuse => return Err(Refused(kind.name().to_owned())),
            Action::Redact => REDACTED.to_owned(),
            Action::Mask if kind.keeps() == 0 => "****".to_owned(),
            Action::Mask => masked(&String::from_utf8_lossy(found), kind.keeps()),
        };
        let quoted = self.json && !self.quotes.inside();
        out.extend_from_slice(if quoted { b"\"" } else { b"" });
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(if quoted { b"\"" } else { b"" });
        self.before = Some(b'*');
        Ok(())
    }
}
