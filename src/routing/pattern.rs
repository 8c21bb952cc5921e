//! Path patterns: `/v1/products/{id}`, `/files/{*rest}`.
//!
//! `{name}` is one whole segment that is not empty; `{*name}` is the rest of the path, at least one segment, and stands last.
//! Literals have the one spelling of [`crate::http::path`]. A trailing slash does not make another pattern.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

use super::precedence::Shape;
use crate::config::runtime::EncodedSlash;
use crate::http::path;

/// The most segments a pattern may have.
pub const MOST_SEGMENTS: usize = 64;
/// The most parameters a pattern may have, the rest not counted; matchit takes no more.
pub const MOST_PARAMS: usize = 24;
/// Names that templates read otherwise, so that a parameter of this name could never be used.
const TAKEN: &[&str] = &["path", "request_id", "client_ip", "host", "method", "query", "route", "api"];

/// A parsed pattern; names and unchanged literals are borrowed from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern<'a> {
    /// The segments, in order; none for `/`.
    pub segments: Vec<Segment<'a>>,
    /// Whether the written form, where it is more than `/`, ends with a slash, which is then what the origin sees.
    pub trailing_slash: bool,
}

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment<'a> {
    /// This text, in its one spelling.
    Literal(Cow<'a, str>),
    /// Any one segment.
    Param(&'a str),
    /// What is left of the path.
    Rest(&'a str),
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// Where, in bytes of the pattern's text.
    pub span: Range<usize>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl<'a> Pattern<'a> {
    /// Parses a pattern.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn parse(text: &'a str, encoded_slash: EncodedSlash) -> Result<Self, PatternError> {
        let error = |span: Range<usize>, message: String| Err(PatternError { span, message });
        let Some(path) = text.strip_prefix('/') else {
            return error(0..text.len(), format!("the path `{text}` does not begin with `/`"));
        };
        if let Some(at) = text.find(['?', '#']) {
            return error(at..text.len(), "a path has no query and no fragment; conditions on the query stand in `query`".to_owned());
        }
        let trailing_slash = path.ends_with('/');
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut segments: Vec<Segment<'a>> = Vec::with_capacity(path.bytes().filter(|byte| *byte == b'/').count() + 1);
        let mut start = 1;
        for written in path.split('/').filter(|_| text != "/") {
            let span = start..start + written.len();
            start = span.end + 1;
            if let Some(Segment::Rest(name)) = segments.last() {
                return error(span, format!("nothing can follow `{{*{name}}}`, which is the rest of the path"));
            }
            let segment = Segment::parse(written, encoded_slash).map_err(|message| PatternError { span: span.clone(), message })?;
            if let Some(name) = segment.name().filter(|name| segments.iter().any(|other| other.name() == Some(name))) {
                return error(span, format!("the parameter `{name}` stands here twice"));
            }
            segments.push(segment);
        }
        if let (true, Some(Segment::Rest(name))) = (trailing_slash, segments.last()) {
            return error(text.len() - 1..text.len(), format!("nothing can follow `{{*{name}}}`, which is the rest of the path"));
        }
        if segments.len() > MOST_SEGMENTS || segments.iter().filter(|segment| matches!(segment, Segment::Param(_))).count() > MOST_PARAMS {
            return error(0..text.len(), format!("a path has at most {MOST_SEGMENTS} segments and {MOST_PARAMS} parameters"));
        }
        Ok(Self { segments, trailing_slash })
    }

    /// The same text for every pattern that matches the same paths: `/a/{p}/{*r}`.
    pub fn canonical(&self) -> String {
        let mut text = String::with_capacity(64);
        for segment in &self.segments {
            let _ = match segment {
                Segment::Literal(literal) => write!(text, "/{literal}"),
                Segment::Param(_) => write!(text, "/{{p}}"),
                Segment::Rest(_) => write!(text, "/{{*r}}"),
            };
        }
        if text.is_empty() {
            text.push('/');
        }
        text
    }

    /// The names of the parameters, in order; that of the rest is last.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.segments.iter().filter_map(Segment::name)
    }

    /// Whether a normalised path matches: the plain definition, which the table is held against.
    pub fn matches(&self, path: &str) -> bool {
        let trimmed = path.strip_suffix('/').unwrap_or(path);
        let mut given = trimmed.split('/').skip(1);
        for segment in &self.segments {
            let matched = match (segment, given.next()) {
                (Segment::Rest(_), rest) => return rest.is_some(),
                (Segment::Param(_), value) => value.is_some(),
                (Segment::Literal(literal), value) => value == Some(literal),
            };
            if !matched {
                return false;
            }
        }
        given.next().is_none()
    }
}

/// Which segments of a well-formed pattern are literal, as precedence looks at it; nothing is checked or copied.
pub fn shape_of(text: &str) -> Shape {
    let mut shape = Shape::default();
    for segment in text.split('/').filter(|segment| !segment.is_empty()) {
        shape.push(!segment.starts_with('{'), segment.starts_with("{*"));
    }
    shape
}

impl<'a> Segment<'a> {
    /// The parameter's name.
    pub fn name(&self) -> Option<&'a str> {
        match self {
            Self::Literal(_) => None,
            Self::Param(name) | Self::Rest(name) => Some(name),
        }
    }

    fn parse(written: &'a str, encoded_slash: EncodedSlash) -> Result<Self, String> {
        if let Some(inner) = written.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let (name, rest) = inner.strip_prefix('*').map_or((inner, false), |name| (name, true));
            return Self::named(written, name, rest);
        }
        if written.contains(['{', '}']) {
            return Err(format!("`{written}`: a parameter is a whole segment, such as `{{id}}`; write %7B and %7D for plain braces"));
        }
        match written {
            "" => Err("a path has no empty segment; requests with several slashes in a row match as if there were one".to_owned()),
            "*" | "**" => Err(format!("`{written}` is not a wildcard; write `{{name}}` for one segment, `{{*rest}}` for the rest")),
            _ if written.starts_with(':') => {
                Err(format!("`{written}` is not a parameter; write `{{{}}}`", written.trim_start_matches(':')))
            }
            _ => match path::normalise_segment(written, encoded_slash) {
                Err(error) => Err(error.reason().trim_end_matches('.').replacen("The", "the", 1)),
                Ok(literal) if literal == "." || literal == ".." => {
                    Err(format!("`{written}` is resolved in every request before it is matched; write the path without it"))
                }
                Ok(literal) => Ok(Self::Literal(literal)),
            },
        }
    }

    fn named(written: &str, name: &'a str, rest: bool) -> Result<Self, String> {
        let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if !begins || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(format!("`{written}`: a parameter's name has letters, digits and `_`, and does not begin with a digit"));
        }
        if TAKEN.contains(&name) {
            return Err(format!("`{written}`: templates read `{{{name}}}` as something else; give the parameter another name"));
        }
        Ok(if rest { Self::Rest(name) } else { Self::Param(name) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expect: Result<(&str, &[&str]), (&str, &str)>) {
        let got = Pattern::parse(text, EncodedSlash::Refuse);
        match (got, expect) {
            (Ok(pattern), Ok((canonical, names))) => {
                assert_eq!(pattern.canonical(), canonical, "{text}");
                assert_eq!(pattern.names().collect::<Vec<_>>(), names, "{text}");
                assert_eq!(pattern.trailing_slash, text.len() > 1 && text.ends_with('/'), "{text}");
            }
            (Err(error), Err((place, part))) => {
                assert_eq!(&text[error.span], place, "{text}");
                assert!(error.message.contains(part), "{text}: {}", error.message);
            }
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn patterns_are_read() {
        check("/", Ok(("/", &[])));
        check("/a", Ok(("/a", &[])));
        check("/a/", Ok(("/a", &[])));
        check("/v1/products/{id}", Ok(("/v1/products/{p}", &["id"])));
        check("/{a}/x/{b}/", Ok(("/{p}/x/{p}", &["a", "b"])));
        check("/files/{dir}/{*rest}", Ok(("/files/{p}/{*r}", &["dir", "rest"])));
        check("/%7Euser/caf\u{e9}/a%3ab", Ok(("/~user/caf%C3%A9/a%3Ab", &[])));
        check("/v1/items:batch", Ok(("/v1/items:batch", &[])));
        check("a", Err(("a", "does not begin with `/`")));
        check("", Err(("", "does not begin with `/`")));
        check("/a?x=1", Err(("?x=1", "stand in `query`")));
        check("/a//b", Err(("", "empty segment")));
        check("//", Err(("", "empty segment")));
        check("/a/../b", Err(("..", "resolved in every request")));
        check("/a/%2e", Err(("%2e", "resolved in every request")));
        check("/a/{id", Err(("{id", "whole segment")));
        check("/a/id}", Err(("id}", "whole segment")));
        check("/a/x{id}", Err(("x{id}", "whole segment")));
        check("/a/{}", Err(("{}", "name has letters")));
        check("/a/{*}", Err(("{*}", "name has letters")));
        check("/a/{1a}", Err(("{1a}", "name has letters")));
        check("/a/{a-b}", Err(("{a-b}", "name has letters")));
        check("/a/{path}", Err(("{path}", "another name")));
        check("/{id}/{id}", Err(("{id}", "twice")));
        check("/{*rest}/b", Err(("b", "nothing can follow")));
        check("/{*rest}/", Err(("/", "nothing can follow")));
        check("/a/*", Err(("*", "{*rest}")));
        check("/a/:id", Err((":id", "write `{id}`")));
        check("/a%2Fb", Err(("a%2Fb", "%2F")));
        check("/a%zz", Err(("a%zz", "hexadecimal")));
        check(&"/a".repeat(65), Err((&"/a".repeat(65), "at most 64")));
    }

    #[test]
    fn patterns_match() {
        for (pattern, path, expect) in [
            ("/", "/", true),
            ("/", "/a", false),
            ("/a", "/a/", true),
            ("/a/", "/a", true),
            ("/a/{x}", "/a/b", true),
            ("/a/{x}", "/a/", false),
            ("/a/{x}", "/a/b/c", false),
            ("/a/{*x}", "/a/b/c/", true),
            ("/a/{*x}", "/a/", false),
            ("/{*x}", "/", false),
        ] {
            assert_eq!(Pattern::parse(pattern, EncodedSlash::Refuse).unwrap().matches(path), expect, "{pattern} on {path}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "/?([a{}*:/.%]|.){0,30}") {
            if let Err(error) = Pattern::parse(&text, EncodedSlash::Keep) {
                prop_assert!(text.get(error.span).is_some());
            }
        }
    }
}
