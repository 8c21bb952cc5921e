//! Why an expression has no value, and how much work it may take.

use std::borrow::Cow;
use std::fmt;

/// Why an expression has no value for a request. The text names types, keys and variables, never a value of the request: it goes
/// to the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    /// What happened.
    pub message: Cow<'static, str>,
    /// Whether the work ran out: then nothing absorbs it, neither `||` nor `&&`.
    pub exhausted: bool,
}

impl EvalError {
    /// An error that `||` and `&&` absorb where the other side decides.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), exhausted: false }
    }

    /// The work ran out.
    pub fn exhausted(message: &'static str) -> Self {
        Self { message: message.into(), exhausted: true }
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Steps of one evaluation: nodes of the tree, items of lists, and pieces of text that are looked at.
const MOST_STEPS: u32 = 10_000;

/// The most items that a list or a map made by an expression may have.
pub const MOST_ITEMS: usize = 1_000;

/// The most bytes that a text or a byte string made by an expression may have.
pub const MOST_BYTES: usize = 64 << 10;

/// The work that is left of one evaluation.
#[derive(Debug)]
pub struct Budget(u32);

impl Default for Budget {
    fn default() -> Self {
        Self(MOST_STEPS)
    }
}

impl Budget {
    /// Takes `steps` away.
    ///
    /// # Errors
    /// Where fewer are left.
    pub fn spend(&mut self, steps: usize) -> Result<(), EvalError> {
        let left = u32::try_from(steps).ok().and_then(|steps| self.0.checked_sub(steps));
        self.0 = left.ok_or(EvalError::exhausted("the expression takes more work than one request may ask"))?;
        Ok(())
    }

    /// Takes away what looking at so many bytes costs.
    ///
    /// # Errors
    /// As [`Budget::spend`].
    pub fn read(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.spend(bytes / 64)
    }

    /// Takes away what making so many bytes costs.
    ///
    /// # Errors
    /// As [`Budget::spend`], or where they are more than [`MOST_BYTES`].
    pub fn make(&mut self, bytes: usize) -> Result<(), EvalError> {
        if bytes > MOST_BYTES {
            return Err(EvalError::exhausted("the expression makes a text of more than 64 KiB"));
        }
        self.read(bytes)
    }

    /// Takes away what a list of so many items costs.
    ///
    /// # Errors
    /// As [`Budget::spend`], or where they are more than [`MOST_ITEMS`].
    pub fn list(&mut self, items: usize) -> Result<(), EvalError> {
        if items > MOST_ITEMS {
            return Err(EvalError::exhausted("the expression makes a list of more than 1,000 items"));
        }
        self.spend(items)
    }
}
