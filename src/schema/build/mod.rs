//! From schemas and OpenAPI documents to trees; part of the native command. Everything is read from the routes directory: nothing
//! is fetched.

pub mod automaton;
pub mod judge;
pub mod library;
pub mod locate;
pub mod nodes;
pub mod openapi;
pub mod pattern;
pub mod shapes;
pub mod version3;

/// What is wrong, and where in which document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Index of the document in its [`library::Library`].
    pub document: usize,
    /// Where in it, as a JSON Pointer.
    pub pointer: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Wrong {
    /// An error at a place.
    pub fn at(place: &library::Place, message: impl Into<String>) -> Self {
        Self { document: place.document, pointer: place.pointer.clone(), message: message.into() }
    }
}

/// For whom something is: what is read-only is not asked of a client, what is write-only not of an origin (OpenAPI).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// For requests.
    Request,
    /// For responses.
    Response,
}

#[cfg(test)]
pub(crate) mod tests;
