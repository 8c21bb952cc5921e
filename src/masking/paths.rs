//! Whole members of JSON, by path, replaced as the bytes pass: nothing is held back, and several texts in a row (JSON in lines) are
//! read one after the other.

use super::{Action, REDACTED, Refused};

/// The longest member name that is kept for comparison, in bytes as written.
const LONGEST_NAME: usize = 1_024;

/// The deepest nesting that is followed; what is deeper does not leave.
const DEEPEST: usize = 512;

/// A path: `$.user.ssn`, `$..password`, `$.cards[*].number`, `$.list[0]`, `$['a b']`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
    Any,
    /// Any number of steps, none included.
    Deep,
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it, for a human.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a path; write `$.user.ssn`, `$..password` or `$.cards[*].number`");
        let mut rest = text.strip_prefix('$').ok_or_else(wrong)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("..") {
                steps.push(Step::Deep);
                rest = after;
                if rest.starts_with('[') {
                    continue;
                }
            } else if let Some(after) = rest.strip_prefix('.') {
                rest = after;
            } else if let Some(after) = rest.strip_prefix('[') {
                let (inside, after) = after.split_once(']').ok_or_else(wrong)?;
                let quoted = ['\'', '"'].iter().find_map(|quote| inside.strip_prefix(*quote)?.strip_suffix(*quote));
                steps.push(match (inside, quoted) {
                    ("*", _) => Step::Any,
                    (_, Some(name)) => Step::Name(name.to_owned()),
                    (index, None) => Step::Index(index.parse().map_err(|_| wrong())?),
                });
                rest = after;
                continue;
            } else {
                return Err(wrong());
            }
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if name.is_empty() {
                return Err(wrong());
            }
            steps.push(if name == "*" { Step::Any } else { Step::Name(name.to_owned()) });
            rest = after;
        }
        if matches!(steps.last(), None | Some(Step::Deep)) { Err(wrong()) } else { Ok(Self(steps)) }
    }

    fn matches(&self, open: &[Open]) -> bool {
        // Which steps of the path may come next, walked along what is open.
        let mut next: Vec<usize> = vec![0];
        for open in open {
            let mut following = Vec::new();
            for at in next {
                let deep = self.0.get(at) == Some(&Step::Deep);
                if deep {
                    following.push(at);
                }
                let at = at + usize::from(deep);
                let fits = match (self.0.get(at), open) {
                    (Some(Step::Any), _) => true,
                    (Some(Step::Name(name)), Open::Object { name: known, .. }) => name.as_bytes() == known.as_slice(),
                    (Some(Step::Index(index)), Open::Array { index: known }) => index == known,
                    _ => false,
                };
                if fits {
                    following.push(at + 1);
                }
            }
            following.dedup();
            next = following;
        }
        next.contains(&self.0.len())
    }
}

#[derive(Debug)]
enum Open {
    Object { name: Vec<u8>, wants_name: bool },
    Array { index: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Name,
    Value,
}

/// Passes JSON on with what the paths lead to replaced.
pub struct Paths {
    paths: Vec<Path>,
    action: Action,
    open: Vec<Open>,
    text: Option<(Text, bool)>,
    /// Whether a number or a word is being read.
    plain: bool,
    /// The depth of the value that is left out.
    skips: Option<usize>,
}

impl Paths {
    /// Replaces what these lead to.
    pub fn new(paths: Vec<Path>, action: Action) -> Self {
        Self { paths, action, open: Vec::new(), text: None, plain: false, skips: None }
    }

    /// Begins anew: another text comes.
    pub fn reset(&mut self) {
        self.open.clear();
        (self.text, self.plain, self.skips) = (None, false, None);
    }

    /// Takes more bytes and appends what may pass.
    ///
    /// # Errors
    /// Where a path leads to something that may not leave, or the nesting is too deep to follow.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        if self.paths.is_empty() {
            out.extend_from_slice(bytes);
            return Ok(());
        }
        bytes.iter().try_for_each(|byte| self.byte(*byte, out))
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), Refused> {
        if let Some((text, escaped)) = self.text {
            self.emit(byte, out);
            if text == Text::Name
                && let Some(Open::Object { name, .. }) = self.open.last_mut()
                && (byte != b'"' || escaped)
                && name.len() < LONGEST_NAME
            {
                name.push(byte);
            }
            match byte {
                _ if escaped => self.text = Some((text, false)),
                b'\\' => self.text = Some((text, true)),
                b'"' => {
                    self.text = None;
                    match text {
                        Text::Name => self.name_ends(),
                        Text::Value => self.value_ends(),
                    }
                }
                _ => {}
            }
            return Ok(());
        }
        if self.plain && matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n') {
            self.plain = false;
            self.value_ends();
        }
        match byte {
            b'"' => match self.open.last_mut() {
                Some(Open::Object { name, wants_name: wants @ true }) => {
                    *wants = false;
                    name.clear();
                    self.text = Some((Text::Name, false));
                }
                _ => {
                    self.value_begins(out)?;
                    self.text = Some((Text::Value, false));
                }
            },
            b'{' | b'[' => {
                self.value_begins(out)?;
                if self.open.len() >= DEEPEST {
                    return Err(Refused("nesting too deep to follow".to_owned()));
                }
                self.emit(byte, out);
                self.open.push(if byte == b'{' { Open::Object { name: Vec::new(), wants_name: true } } else { Open::Array { index: 0 } });
                return Ok(());
            }
            b'}' | b']' => {
                self.open.pop();
                self.emit(byte, out);
                self.value_ends();
                return Ok(());
            }
            b',' => match self.open.last_mut() {
                Some(Open::Array { index }) => *index += 1,
                Some(Open::Object { wants_name, .. }) => *wants_name = true,
                None => {}
            },
            b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
            _ if self.plain => {}
            _ => {
                self.value_begins(out)?;
                self.plain = true;
            }
        }
        self.emit(byte, out);
        Ok(())
    }

    fn emit(&self, byte: u8, out: &mut Vec<u8>) {
        if self.skips.is_none() {
            out.push(byte);
        }
    }

    fn name_ends(&mut self) {
        if let Some(Open::Object { name, .. }) = self.open.last_mut()
            && name.contains(&b'\\')
        {
            let quoted = [b"\"", name.as_slice(), b"\""].concat();
            *name = serde_json::from_slice::<String>(&quoted).unwrap_or_default().into_bytes();
        }
    }

    fn value_begins(&mut self, out: &mut Vec<u8>) -> Result<(), Refused> {
        if self.skips.is_some() || !self.paths.iter().any(|path| path.matches(&self.open)) {
            return Ok(());
        }
        match self.action {
            Action::Refuse => return Err(Refused("a member that a path leads to".to_owned())),
            Action::Redact => out.extend_from_slice(format!("\"{REDACTED}\"").as_bytes()),
            Action::Mask => out.extend_from_slice(b"\"****\""),
        }
        self.skips = Some(self.open.len());
        Ok(())
    }

    fn value_ends(&mut self) {
        if self.skips == Some(self.open.len()) {
            self.skips = None;
        }
    }
}
