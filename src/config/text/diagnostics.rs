//! What is wrong with the routes files, all of it at once.

use std::collections::HashSet;

use super::source::Place;

macro_rules! codes {
    ($($(#[doc = $about:literal])+ $variant:ident = $name:literal;)+) => {
        /// The kind of an error; its name is stable, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $about])+ $variant,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

codes! {
    /// A file or directory cannot be read.
    Unreadable = "unreadable";
    /// The text is not TOML 1.1.
    Syntax = "syntax";
    /// A key or table is there twice.
    DuplicateKey = "duplicate-key";
    /// A key that means nothing here.
    UnknownKey = "unknown-key";
    /// A key that must be there.
    MissingKey = "missing-key";
    /// A value of another type, or outside what is allowed.
    WrongValue = "wrong-value";
    /// A name that nothing has.
    UnknownName = "unknown-name";
    /// A name that two things have.
    DuplicateName = "duplicate-name";
    /// Something that a later version will have.
    Later = "not-yet";
    /// Keys that exclude each other.
    Conflict = "conflicting-keys";
    /// Names that lead back to themselves.
    Circle = "circle";
    /// A route that anyone may call, and does not say so.
    NotPublic = "not-public";
    /// A chain in an order that cannot work.
    ChainOrder = "chain-order";
    /// A chain that asks more of the platform than one request may.
    TooManySubrequests = "too-many-subrequests";
    /// A path parameter that the route lacks.
    UnknownParameter = "unknown-parameter";
    /// Two routes for the same requests.
    DuplicateRoute = "duplicate-route";
    /// Two routes of which neither goes first.
    AmbiguousRoute = "ambiguous-route";
    /// A route that no request reaches.
    UnreachableRoute = "unreachable-route";
    /// A variable or secret that the deployment lacks.
    MissingVariable = "missing-variable";
}

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// Where; `None` where there is no file to show.
    pub place: Option<Place>,
    /// What is wrong, in one line.
    pub message: String,
    /// Said under the word itself.
    pub label: Option<String>,
    /// The nearest right name.
    pub suggestion: Option<String>,
    /// What would be right.
    pub help: Vec<String>,
    /// The bytes it is about of the text that stands at its place, until [`super::within::place`] has put it there.
    pub within: Option<std::ops::Range<usize>>,
    /// Whether what stands there is not shown.
    pub concealed: bool,
    /// Other places that have a part in it.
    pub related: Vec<(Place, String)>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn new(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { place: Some(place), ..Self::without_place(code, message) }
    }

    /// An error about something that is no text.
    pub fn without_place(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            place: None,
            message: message.into(),
            label: None,
            suggestion: None,
            help: Vec::new(),
            within: None,
            concealed: false,
            related: Vec::new(),
        }
    }

    /// Says more under the word.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Offers the nearest right name, if there is one.
    pub fn suggest(mut self, name: Option<&str>) -> Self {
        if let Some(name) = name {
            self.label = Some(format!("did you mean `{name}`?"));
            self.suggestion = Some(name.to_owned());
        }
        self
    }

    /// Says what would be right.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Shows another place.
    pub fn related(mut self, place: Place, message: impl Into<String>) -> Self {
        self.related.push((place, message.into()));
        self
    }
}

/// Collects errors; the same error at the same place counts once.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    seen: HashSet<(Code, Option<Place>, String)>,
}

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.seen.insert((diagnostic.code, diagnostic.place.clone(), diagnostic.message.clone())) {
            self.found.push(diagnostic);
        }
    }

    /// Whether all is well.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// All, in the order of files and lines.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by(|a, b| a.place.cmp(&b.place));
        self.found
    }
}
