//! A response's bytes through paths, recognisers and patterns, in this order. Of server-sent events the data of each is a text of
//! its own.

use bytes::Bytes;

use super::Refused;
use super::masker::Masker;
use super::paths::Paths;
use super::patterns::Patterns;
use crate::http::body::{BodyError, Transform};

/// What a response is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON text, or one in each line.
    Json,
    /// Server-sent events.
    Events,
    /// Any other text.
    Text,
}

/// Where in a line of server-sent events the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// So many bytes of `data:` were seen.
    Field(usize),
    Data,
    Other,
}

/// Everything that is looked for in one response.
pub struct Stream {
    form: Form,
    line: Line,
    paths: Paths,
    masker: Masker,
    patterns: Patterns,
}

impl Stream {
    /// A response of this form.
    pub fn new(form: Form, paths: Paths, masker: Masker, patterns: Patterns) -> Self {
        Self { form, line: Line::Field(0), paths, masker, patterns }
    }

    fn members(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        match self.form {
            Form::Json => self.paths.push(bytes, out),
            Form::Text => {
                out.extend_from_slice(bytes);
                Ok(())
            }
            Form::Events => bytes.iter().try_for_each(|byte| self.event_byte(*byte, out)),
        }
    }

    fn event_byte(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), Refused> {
        if matches!(byte, b'\n' | b'\r') {
            self.line = Line::Field(0);
            self.paths.reset();
            out.push(byte);
            return Ok(());
        }
        match self.line {
            Line::Data => return self.paths.push(&[byte], out),
            Line::Field(seen) => {
                let name = b"data:";
                self.line = match name.get(seen) {
                    Some(expected) if *expected == byte && seen + 1 == name.len() => Line::Data,
                    Some(expected) if *expected == byte => Line::Field(seen + 1),
                    _ => Line::Other,
                };
            }
            Line::Other => {}
        }
        out.push(byte);
        Ok(())
    }

    fn pass(&mut self, bytes: &[u8], ended: bool) -> Result<Bytes, Refused> {
        let (mut members, mut found, mut out) = (Vec::with_capacity(bytes.len()), Vec::with_capacity(bytes.len()), Vec::new());
        self.members(bytes, &mut members)?;
        self.masker.push(&members, &mut found)?;
        if ended {
            self.masker.end(&mut found)?;
        }
        self.patterns.push(&found, &mut out)?;
        if ended {
            self.patterns.end(&mut out)?;
        }
        Ok(out.into())
    }
}

impl Transform for Stream {
    fn push(&mut self, bytes: &[u8]) -> Result<Bytes, BodyError> {
        self.pass(bytes, false).map_err(|Refused(kind)| BodyError::Broken(format!("it has what may not leave: {kind}")))
    }

    fn end(&mut self) -> Result<Bytes, BodyError> {
        self.pass(b"", true).map_err(|Refused(kind)| BodyError::Broken(format!("it has what may not leave: {kind}")))
    }
}
