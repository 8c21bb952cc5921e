//! What a hostile body can be: pure detectors, linear in what they are given.

pub mod agents;
pub mod json;
pub mod xml;
