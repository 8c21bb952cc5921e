//! Which of several matching routes wins: the order of the Kubernetes Gateway API's HTTPRoute, for path templates.
//!
//! 1. The host: by name, then by the longest wildcard, then for every host ([`super::host::HostRank`]).
//! 2. The path ([`Shape`]): most literal segments, so an exact path first; then the one whose literals stand further left; then one
//!    without a rest; then the longer one.
//! 3. The method: named, then `GET` for `HEAD`, then any ([`MethodRank`]).
//! 4. Most header conditions. 5. Most query conditions. 6. The order of the files.
//!
//! Two patterns of one shape never match the same path, so a path's shapes alone decide step 2, and it has no ties.

use std::cmp::{Ordering, Reverse};

use crate::http::Method;

/// Which segments of a pattern are literal. The least wins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Shape {
    /// One bit per segment, the first one highest; set where it is literal.
    literals: u64,
    /// Segments, without the rest.
    segments: u32,
    /// Whether a rest follows them.
    rest: bool,
}

impl Shape {
    /// Adds the next segment.
    pub fn push(&mut self, literal: bool, rest: bool) {
        if rest {
            self.rest = true;
            return;
        }
        if literal {
            self.literals |= 1u64.checked_shl(63u32.saturating_sub(self.segments)).unwrap_or_default();
        }
        self.segments += 1;
    }

    /// Whether a path of so many segments can match.
    pub fn fits(self, segments: usize) -> bool {
        let own = self.segments as usize;
        if self.rest { segments > own } else { segments == own }
    }

    /// Whether the segment at this place, counted from 0, is literal.
    pub fn is_literal(self, place: usize) -> bool {
        place < 64 && self.literals & (1 << (63 - place)) != 0
    }

    /// Whether it ends with a rest.
    pub fn has_rest(self) -> bool {
        self.rest
    }

    /// What tells two shapes apart, most important first, with its name.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn difference(self, other: Self) -> Option<&'static str> {
        if self == other {
            return None;
        }
        let exact = |shape: Self| !shape.rest && shape.literals.count_ones() == shape.segments;
        Some(if exact(self) != exact(other) {
            "an exact path"
        } else if self.literals.count_ones() != other.literals.count_ones() {
            "more literal segments"
        } else if self.literals != other.literals {
            "literal segments further left"
        } else if self.rest != other.rest {
            "no rest of the path"
        } else {
            "more segments before the rest"
        })
    }
}

impl Ord for Shape {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |shape: &Self| (Reverse(shape.literals.count_ones()), Reverse(shape.literals), shape.rest, Reverse(shape.segments));
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Shape {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How a route takes a method. The least wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MethodRank {
    /// It names it.
    Named,
    /// It names `GET`, and `HEAD` follows `GET` (RFC 9110 section 9.3.2).
    GetForHead,
    /// It takes every method.
    Any,
}

impl MethodRank {
    /// How a route with these methods, none for all, takes `method`.
    pub fn of(methods: &[Method], method: &Method) -> Option<Self> {
        if methods.is_empty() {
            // These two are not for origins (RFC 9110 sections 9.3.6 and 9.3.8), unless a route names them.
            if matches!(*method, Method::CONNECT | Method::TRACE) { None } else { Some(Self::Any) }
        } else if methods.contains(method) {
            Some(Self::Named)
        } else if *method == Method::HEAD && methods.contains(&Method::GET) {
            Some(Self::GetForHead)
        } else {
            None
        }
    }
}

/// Steps 4 to 6, in this order. The least wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConditionRank {
    /// Conditions on header fields.
    pub headers: Reverse<usize>,
    /// Conditions on query parameters.
    pub query: Reverse<usize>,
    /// Place in the files.
    pub order: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::pattern::shape_of;

    #[test]
    fn shapes_have_one_order() {
        let order =
            ["/a/b/c", "/a/{x}/c", "/{x}/b/c", "/a/{x}/{y}", "/a/{x}/{*r}", "/a/{*r}", "/{x}/b/{*r}", "/{x}/{y}/c", "/{x}/{*r}", "/{*r}"];
        let shapes: Vec<Shape> = order.iter().map(|text| shape_of(text)).collect();
        assert!(shapes.is_sorted() && shapes.windows(2).all(|pair| pair[0] != pair[1]), "{shapes:?}");
        let difference = |a: usize, b: usize| shapes[a].difference(shapes[b]);
        assert_eq!(difference(0, 1), Some("an exact path"));
        assert_eq!(difference(2, 3), Some("more literal segments"));
        assert_eq!(difference(1, 2), Some("literal segments further left"));
        assert_eq!(difference(3, 4), Some("no rest of the path"));
        assert_eq!(difference(4, 5), Some("more segments before the rest"));
        assert_eq!(difference(5, 5), None);
    }

    #[test]
    fn head_follows_get() {
        let check =
            |methods: &[Method], method: Method, expect| assert_eq!(MethodRank::of(methods, &method), expect, "{methods:?} {method}");
        check(&[Method::GET], Method::GET, Some(MethodRank::Named));
        check(&[Method::GET], Method::HEAD, Some(MethodRank::GetForHead));
        check(&[Method::GET, Method::HEAD], Method::HEAD, Some(MethodRank::Named));
        check(&[Method::POST], Method::HEAD, None);
        check(&[], Method::HEAD, Some(MethodRank::Any));
    }
}
