//! The routes of a table. Each is built when a request first needs it: a worker with thousands of them uses few at a time.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::rc::Rc;

use super::Route;
use super::condition::{Expressions, HeaderCondition, QueryCondition};
use super::pattern::Pattern;
use super::precedence::ConditionRank;
use super::table::BuiltOrigin;
use crate::config::runtime::{ApiForm, EncodedSlash, RouteForm};
use crate::config::template::Template;
use crate::http::Method;
use crate::policies::guard::Guarded;

/// All routes, in the order of the files.
pub(super) struct Routes {
    forms: Vec<RouteForm>,
    built: Vec<OnceCell<Box<Result<Entry, String>>>>,
    apis: Vec<Rc<str>>,
    policies: Vec<Rc<Guarded>>,
    origins: Vec<BuiltOrigin>,
    encoded_slash: EncodedSlash,
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

impl Routes {
    pub(super) fn new(
        forms: Vec<RouteForm>,
        apis: &[ApiForm],
        policies: Vec<Rc<Guarded>>,
        origins: Vec<BuiltOrigin>,
        encoded_slash: EncodedSlash,
    ) -> Self {
        let mut built = Vec::new();
        built.resize_with(forms.len(), OnceCell::new);
        let apis = apis.iter().map(|api| api.name.as_str().into()).collect();
        Self { forms, built, apis, policies, origins, encoded_slash }
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn len(&self) -> usize {
        self.forms.len()
    }

    /// A route by its place in the files.
    ///
    /// # Errors
    /// What is wrong with it, its name first.
    pub(super) fn get(&self, index: usize) -> Result<&Entry, String> {
        let (Some(cell), Some(form)) = (self.built.get(index), self.forms.get(index)) else {
            return Err(format!("there is no route {index}"));
        };
        let built = cell.get_or_init(|| Box::new(self.entry(form).map_err(|error| format!("route `{}`: {error}", form.id))));
        built.as_ref().as_ref().map_err(String::clone)
    }

    /// The canonical pattern of a route.
    ///
    /// # Errors
    /// Where its path is not a pattern.
    pub(super) fn canonical(&self, index: usize) -> Result<String, String> {
        let form = self.forms.get(index).ok_or_else(|| format!("there is no route {index}"))?;
        let pattern = Pattern::parse(&form.path, self.encoded_slash).map_err(|error| format!("route `{}`: {}", form.id, error.message))?;
        Ok(pattern.canonical())
    }

    /// What decides among routes of one pattern.
    pub(super) fn rank(&self, index: usize) -> ConditionRank {
        let (headers, query) = self.forms.get(index).map_or((0, 0), |form| (form.headers.len(), form.query.len()));
        ConditionRank { headers: Reverse(headers), query: Reverse(query), order: index }
    }

    fn entry(&self, form: &RouteForm) -> Result<Entry, String> {
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
