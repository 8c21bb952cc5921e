//! The routes of a table. They are read and built when a request first needs them: a worker with thousands uses few at a time.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::rc::Rc;

use matchit::{Params, Router};

use super::Route;
use super::condition::{Expressions, HeaderCondition, QueryCondition};
use super::pattern::{Pattern, shape_of};
use super::precedence::{ConditionRank, Shape};
use super::table::BuiltOrigin;
use crate::config::packed::{Line, ShapeForm, bucket_of};
use crate::config::runtime::{ApiForm, EncodedSlash, RouteForm};
use crate::config::template::Template;
use crate::http::Method;
use crate::policies::guard::Guarded;

/// All routes: as text, and those that requests have asked for.
pub(super) struct Routes {
    lines: Box<str>,
    parts: Vec<Part>,
    apis: Vec<Rc<str>>,
    policies: Vec<Rc<Guarded>>,
    origins: Vec<BuiltOrigin>,
    encoded_slash: EncodedSlash,
}

/// The routes of one list of hosts that have one shape.
pub(super) struct Part {
    pub(super) shape: Shape,
    /// Where each bucket begins in the text, and where the last one ends.
    bounds: Vec<usize>,
    buckets: Vec<OnceCell<Result<Bucket, String>>>,
}

/// Routes that were read together.
pub(super) struct Bucket {
    slots: Vec<Slot>,
    /// The patterns, each with its routes, as indices into `slots`.
    router: Router<Vec<usize>>,
}

/// One route, which is built when a request first may be for it.
pub(super) struct Slot {
    form: RouteForm,
    pub(super) rank: ConditionRank,
    built: OnceCell<Result<Entry, String>>,
}

/// One route, ready to be tried.
pub(super) struct Entry {
    pub(super) route: Rc<Route>,
    pub(super) names: Box<[String]>,
    pub(super) trailing_slash: bool,
    pub(super) methods: Box<[Method]>,
    pub(super) headers: Box<[HeaderCondition]>,
    pub(super) query: Box<[QueryCondition]>,
}

impl Part {
    pub(super) fn new(form: &ShapeForm) -> Self {
        let mut buckets = Vec::new();
        buckets.resize_with(form.buckets.len().saturating_sub(1), OnceCell::new);
        Self { shape: shape_of(&form.like), bounds: form.buckets.clone(), buckets }
    }
}

impl Bucket {
    /// The routes of the pattern that has this path.
    pub(super) fn at<'p>(&self, path: &'p str) -> Option<(impl Iterator<Item = &Slot>, Params<'_, 'p>)> {
        let matched = self.router.at(path).ok()?;
        Some((matched.value.iter().filter_map(|index| self.slots.get(*index)), matched.params))
    }
}

impl Routes {
    pub(super) fn new(
        lines: Box<str>,
        parts: Vec<Part>,
        apis: &[ApiForm],
        policies: Vec<Rc<Guarded>>,
        origins: Vec<BuiltOrigin>,
        encoded_slash: EncodedSlash,
    ) -> Self {
        let apis = apis.iter().map(|api| api.name.as_str().into()).collect();
        Self { lines, parts, apis, policies, origins, encoded_slash }
    }

    /// The bucket of a part that has the routes for a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn bucket(&self, part: usize, path: &str) -> Result<&Bucket, String> {
        let part = self.parts.get(part).ok_or_else(|| format!("there is no part {part} of the routes"))?;
        self.read(part, bucket_of(part.shape, path, part.buckets.len()))
    }

    fn read<'a>(&'a self, part: &'a Part, index: usize) -> Result<&'a Bucket, String> {
        let (Some(cell), Some([from, to])) = (part.buckets.get(index), part.bounds.get(index..index + 2)) else {
            return Err(format!("there is no bucket {index} of the routes"));
        };
        let lines = || self.lines.get(*from..*to).ok_or_else(|| format!("bucket {index} of the routes lies outside of them"));
        cell.get_or_init(|| self.parse(lines()?)).as_ref().map_err(String::clone)
    }

    fn parse(&self, lines: &str) -> Result<Bucket, String> {
        let mut slots = Vec::new();
        let mut patterns: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for line in lines.lines() {
            let (order, form): Line = serde_json::from_str(line).map_err(|error| format!("a route cannot be read: {error}"))?;
            let pattern =
                Pattern::parse(&form.path, self.encoded_slash).map_err(|error| format!("route `{}`: {}", form.id, error.message))?;
            patterns.entry(pattern.canonical()).or_default().push(slots.len());
            let rank = ConditionRank { headers: Reverse(form.headers.len()), query: Reverse(form.query.len()), order };
            slots.push(Slot { form, rank, built: OnceCell::new() });
        }
        let mut router = Router::new();
        for (canonical, mut indices) in patterns {
            indices.sort_by_key(|index| slots.get(*index).map(|slot| slot.rank));
            router.insert(canonical, indices).map_err(|error| error.to_string())?;
        }
        Ok(Bucket { slots, router })
    }

    /// A route, ready to be tried.
    ///
    /// # Errors
    /// What is wrong with it, its name first.
    pub(super) fn entry<'a>(&self, slot: &'a Slot) -> Result<&'a Entry, String> {
        let built = slot.built.get_or_init(|| self.build(&slot.form).map_err(|error| format!("route `{}`: {error}", slot.form.id)));
        built.as_ref().map_err(String::clone)
    }

    /// Builds everything there is.
    ///
    /// # Errors
    /// The first thing that is wrong.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn complete(&self) -> Result<(), String> {
        for part in &self.parts {
            for index in 0..part.buckets.len() {
                self.read(part, index)?.slots.iter().try_for_each(|slot| self.entry(slot).map(drop))?;
            }
        }
        Ok(())
    }

    fn build(&self, form: &RouteForm) -> Result<Entry, String> {
        let pattern = Pattern::parse(&form.path, self.encoded_slash).map_err(|error| error.message)?;
        let method = |name: &String| Method::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is not a method"));
        let mut expressions = Expressions::default();
        Ok(Entry {
            route: Rc::new(self.route(form)?),
            names: pattern.names().map(str::to_owned).collect(),
            trailing_slash: pattern.trailing_slash,
            methods: form.methods.iter().map(method).collect::<Result<_, _>>()?,
            headers: form
                .headers
                .iter()
                .map(|condition| HeaderCondition::compile(condition, &mut expressions))
                .collect::<Result<_, _>>()?,
            query: form.query.iter().map(|condition| QueryCondition::compile(condition, &mut expressions)).collect::<Result<_, _>>()?,
        })
    }

    fn route(&self, form: &RouteForm) -> Result<Route, String> {
        let api = self.apis.get(form.api).ok_or_else(|| format!("there is no API {}", form.api))?.clone();
        let (origin_id, origin) = self.origins.get(form.origin).ok_or_else(|| format!("there is no origin {}", form.origin))?;
        let policy = |index: &usize| self.policies.get(*index).cloned().ok_or_else(|| format!("there is no policy {index}"));
        Ok(Route {
            id: form.id.as_str().into(),
            api,
            path: form.path.as_str().into(),
            conditions: conditions_text(form)?.into(),
            chain: form.policies.iter().map(policy).collect::<Result<_, _>>()?,
            origin_id: origin_id.clone(),
            origin: origin.clone(),
            rewrite: form.rewrite.as_deref().map(Template::parse).transpose()?,
        })
    }
}

/// The conditions of a route in one spelling; empty where it has none.
fn conditions_text(form: &RouteForm) -> Result<String, String> {
    if form.headers.is_empty() && form.query.is_empty() {
        return Ok(String::new());
    }
    serde_json::to_string(&(&form.headers, &form.query)).map_err(|error| error.to_string())
}
