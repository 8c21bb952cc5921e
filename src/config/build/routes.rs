//! Routes put together: names looked up, chains ordered, origins found; the runtime form, and the plan that explains it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::chain::{self, Level, Link, Owner};
use super::compiling::{Context, Need};
use super::environment::Deployment;
use super::files::{ApiEntry, RouteEntry, Scope, Written};
use super::instances::{Compilable, Instances};
use super::matching::{self, Matcher};
use super::nesting;
use super::origins::OriginEntry;
use super::own_paths;
use super::plan::{Definition, RoutePlan};
use super::policies::{PolicyEntry, Use};
use super::schemas;
use crate::auth::consumer::Consumer;
use crate::config::runtime::{self, ApiForm, GatewayForm, OriginForm, PolicyForm, RouteForm};
use crate::config::template::Template;
use crate::config::text::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::config::text::names::{list, nearest};
use crate::config::text::source::{Place, Source};
use crate::http::path_template;

/// The form with everything beside it.
#[derive(Debug)]
pub struct Assembled {
    /// The runtime form; whole only where nothing was reported.
    pub form: GatewayForm,
    /// In the order of the form's routes.
    pub plans: Vec<RoutePlan>,
    /// Variables and secrets.
    pub needs: Vec<Need>,
    /// Where each policy of the form was written.
    pub policies: Vec<Definition>,
    /// Where each origin of the form was written.
    pub origins: Vec<Definition>,
}

struct Assembly<'a, 'c> {
    sources: &'c [Source],
    written: &'a Written<'a>,
    policies: Instances<'a, PolicyEntry<'a>>,
    origins: Instances<'a, OriginEntry<'a>>,
    context: Context<'c>,
    lacking: chain::Lacking,
    routes: Vec<(RouteForm, RoutePlan)>,
    ids: HashMap<String, usize>,
}

/// Puts everything together. Every policy and origin that has a name is compiled, used or not; the form holds those in use.
pub fn assemble<'a>(
    sources: &[Source],
    written: &'a Written<'a>,
    consumers: Vec<Consumer>,
    deployment: Option<&Deployment>,
    diagnostics: &mut Diagnostics,
) -> Assembled {
    let context = Context { deployment, diagnostics, needs: BTreeMap::new() };
    let (policies, origins) = (Instances::default(), Instances::default());
    let (lacking, routes, ids) = (BTreeMap::new(), Vec::new(), HashMap::new());
    let mut assembly = Assembly { sources, written, policies, origins, context, lacking, routes, ids };
    assembly.everything_named(&written.shared, None);
    let shared: Vec<Link> = assembly.links(&written.shared.uses, (None, &written.shared), Level::Gateway, "gateway");
    for (index, api) in written.apis.iter().enumerate() {
        assembly.api(index, api, &shared);
    }
    assembly.finish(consumers)
}

impl<'a> Assembly<'a, '_> {
    fn everything_named(&mut self, scope: &'a Scope<'a>, api: Option<usize>) {
        for (name, policy) in &scope.policies {
            self.policies.named(&format!("{}.{name}", scope.name), api, policy, &mut self.context);
        }
        for (name, origin) in &scope.origins {
            self.origins.named(&format!("{}.{name}", scope.name), api, origin, &mut self.context);
        }
    }

    fn api(&mut self, index: usize, api: &'a ApiEntry<'a>, shared: &[Link]) {
        self.everything_named(&api.scope, Some(index));
        let own = self.links(&api.scope.uses, (Some(index), &api.scope), Level::Api, &api.scope.name);
        let inherited: Vec<Link> = shared.iter().cloned().chain(own).collect();
        for route in &api.routes {
            self.route((index, api), route, &inherited);
        }
    }

    fn route(&mut self, (index, api): (usize, &'a ApiEntry<'a>), route: &'a RouteEntry<'a>, inherited: &[Link]) {
        let Some(source) = self.sources.get(api.file) else { return };
        let encoded_slash = self.written.settings.encoded_slash;
        let matcher = matching::matcher((api.file, source), api, route, encoded_slash, self.context.diagnostics);
        let id = self.unique_id(&api.scope.name, &route.written.matches, matcher.as_ref());
        let links = self.links(&route.uses, (Some(index), &api.scope), Level::Route, &id);
        let origin = self.origin((index, api), route, &id);
        let Some(matcher) = matcher.filter(|_| route.whole && api.whole) else { return };
        let public = route.written.public.then(|| Place::new(api.file, &route.node.descend("public").span));
        let owner = Owner { place: &matcher.place, public: public.as_ref(), params: &matcher.params };
        let diagnostics = &mut *self.context.diagnostics;
        let inherited = inherited.iter().cloned();
        let links = chain::effective(inherited, links.into_iter(), &self.policies, &owner, &mut self.lacking, diagnostics);
        if let Some(rewrite) = &route.written.rewrite {
            let place = Place::new(api.file, &route.node.descend("rewrite").span);
            let identified = chain::establishes_identity(&links, &self.policies);
            check_rewrite(place, rewrite, &owner, identified, diagnostics);
        }
        let Some((origin, origin_place)) = origin else { return };
        if let Some(instance) = self.origins.all.get(origin) {
            for param in instance.needs.params.iter().filter(|param| !matcher.params.contains(param)) {
                let message = format!("the origin reads `{{{param}}}`, which is no parameter of the path");
                let related = format!("the path has no `{{{param}}}`");
                diagnostics
                    .push(Diagnostic::new(Code::UnknownParameter, origin_place.clone(), message).related(matcher.place.clone(), related));
            }
        }
        let form = RouteForm {
            id,
            api: index,
            hosts: matcher.hosts,
            path: matcher.path,
            methods: matcher.methods,
            headers: matcher.headers,
            query: matcher.query,
            policies: links.iter().filter_map(|link| link.instance).collect(),
            origin,
            rewrite: route.written.rewrite.clone(),
        };
        self.routes.push((form, RoutePlan { place: matcher.place, public: public.is_some(), origin: origin_place, links }));
    }

    fn links(&mut self, uses: &'a [Use<'a>], (api, scope): (Option<usize>, &'a Scope<'a>), level: Level, owner: &str) -> Vec<Link> {
        let mut links = Vec::with_capacity(uses.len());
        for item in uses {
            links.push(match item {
                Use::Inline(entry) => {
                    let instance = self.policies.inline(owner, (api, &scope.name), entry, &mut self.context);
                    Link { instance, place: entry.place.clone(), level }
                }
                Use::Named(name, place) => {
                    let instance = self.named_policy(name, place, (api, scope));
                    Link { instance, place: place.clone(), level }
                }
            });
        }
        links
    }

    fn named_policy(&mut self, name: &str, place: &Place, (api, scope): (Option<usize>, &'a Scope<'a>)) -> Option<usize> {
        let shared = &self.written.shared;
        if let Some(entry) = scope.policies.get(name) {
            return self.policies.named(&format!("{}.{name}", scope.name), api, entry, &mut self.context);
        }
        if let Some(entry) = shared.policies.get(name) {
            return self.policies.named(&format!("gateway.{name}"), None, entry, &mut self.context);
        }
        let known = scope.policies.keys().chain(shared.policies.keys()).copied();
        self.context.diagnostics.push(nesting::unknown(name, place, known));
        None
    }

    fn origin(&mut self, (index, api): (usize, &'a ApiEntry<'a>), route: &'a RouteEntry<'a>, id: &str) -> Option<(usize, Place)> {
        if let Some(entry) = &route.inline_origin {
            let instance = self.origins.inline(id, (Some(index), &api.scope.name), entry, &mut self.context)?;
            return Some((instance, entry.place.clone()));
        }
        let name = route.written.origin.as_deref()?;
        let place = Place::new(api.file, &route.node.descend("origin").span);
        let shared = &self.written.shared;
        let instance = if let Some(entry) = api.scope.origins.get(name) {
            self.origins.named(&format!("{}.{name}", api.scope.name), Some(index), entry, &mut self.context)
        } else if let Some(entry) = shared.origins.get(name) {
            self.origins.named(&format!("gateway.{name}"), None, entry, &mut self.context)
        } else {
            let known: BTreeSet<&str> = api.scope.origins.keys().chain(shared.origins.keys()).copied().collect();
            let known: Vec<&str> = known.into_iter().collect();
            let unknown = Diagnostic::new(Code::UnknownName, place.clone(), format!("there is no origin called `{name}`"));
            let unknown = unknown.suggest(nearest(name, known.iter().copied()));
            let url = name.contains("://");
            self.context.diagnostics.push(match known.is_empty() {
                _ if url => unknown.help(format!("an origin has a name: `[origins.NAME]` with `targets = [{{ url = \"{name}\" }}]`")),
                true => unknown.help(format!("`[origins.{name}]` in this file or in gateway.toml would make it one")),
                false => unknown.help(format!("expected {}", list(&known))),
            });
            None
        };
        instance.map(|instance| (instance, place))
    }

    fn unique_id(&mut self, api: &str, written: &str, matcher: Option<&Matcher>) -> String {
        let id = match matcher {
            Some(matcher) if matcher.methods.is_empty() => format!("{api}: * {}", matcher.path),
            Some(matcher) => format!("{api}: {} {}", matcher.methods.join(","), matcher.path),
            None => format!("{api}: {written}"),
        };
        let count = self.ids.entry(id.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { id } else { format!("{id} ({count})") }
    }

    fn finish(mut self, consumers: Vec<Consumer>) -> Assembled {
        chain::report(self.lacking, &self.policies, self.context.diagnostics);
        let files = self.sources.iter().filter(|source| source.of_consumer).count();
        if consumers.len() == files {
            unknown_consumers(&consumers, &self.policies, self.context.diagnostics);
        }
        if self.context.diagnostics.is_empty() {
            for link in self.routes.iter().flat_map(|(_, plan)| &plan.links).filter(|link| link.instance.is_none()) {
                let message = "this policy cannot be built, and a chain without it would let through what it keeps out";
                self.context.diagnostics.push(Diagnostic::new(Code::WrongValue, link.place.clone(), message));
            }
        }
        let compiled = schemas::compile(self.sources, self.written, &self.policies, &self.routes, self.context.diagnostics);
        let api_name = |index: usize| self.written.apis.get(index).map_or(String::new(), |api| api.scope.name.clone());
        let own = own_paths::routes(&self.routes, &self.policies, api_name);
        let nothing = own.first().map(|(_, plan)| own_paths::origin(&plan.place));
        self.routes.extend(own);
        let needs = self.context.settle();
        let used: BTreeSet<usize> = self.routes.iter().flat_map(|(route, _)| route.policies.iter().copied()).collect();
        let policy_index: HashMap<usize, usize> = used.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        let used_origins: BTreeSet<usize> = self.routes.iter().map(|(route, _)| route.origin).collect();
        let origin_index: HashMap<usize, usize> = used_origins.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        let mut identity_headers = BTreeSet::new();
        let mut settings = self.written.settings.clone();
        let mut policies = Vec::new();
        let mut policy_places = Vec::new();
        for (index, instance) in used.iter().filter_map(|index| Some((index, self.policies.all.get(*index)?))) {
            let Some(policy) = instance.entry.config.clone() else { continue };
            identity_headers.extend(instance.needs.identity_headers.iter().cloned());
            add_missing(&mut settings.record.redact_headers, &instance.needs.secret_headers);
            add_missing(&mut settings.record.redact_query, &instance.needs.secret_query);
            let (mode, on_error, failures, when) =
                (instance.entry.mode, instance.entry.on_error, instance.entry.failures, instance.entry.when.clone());
            let compiled = compiled.get(index).cloned();
            policies.push(PolicyForm { id: instance.id.clone(), api: instance.api, mode, on_error, failures, when, policy, compiled });
            policy_places.push(Definition::of(instance, self.sources));
        }
        let mut origins = Vec::new();
        let mut origin_places = Vec::new();
        for instance in used_origins.iter().filter_map(|index| self.origins.all.get(*index)) {
            let Some(origin) = instance.entry.config.clone() else { continue };
            origins.push(OriginForm { id: instance.id.clone(), origin });
            origin_places.push(Definition::of(instance, self.sources));
        }
        if let Some((origin, definition)) = nothing {
            origins.push(origin);
            origin_places.push(definition);
        }
        let (mut routes, plans): (Vec<RouteForm>, Vec<RoutePlan>) = self.routes.into_iter().unzip();
        for route in &mut routes {
            route.policies.iter_mut().for_each(|index| *index = policy_index.get(index).copied().unwrap_or(*index));
            route.origin = origin_index.get(&route.origin).copied().unwrap_or(route.origin);
        }
        let apis = self.written.apis.iter().map(|api| ApiForm { name: api.scope.name.clone(), title: api.title.clone() }).collect();
        let identity_headers = identity_headers.into_iter().collect();
        let form = GatewayForm {
            version: runtime::VERSION,
            settings,
            apis,
            policies,
            origins,
            routes,
            index: Vec::new(),
            consumers,
            consumers_at: None,
            identity_headers,
        };
        Assembled { form, plans, needs, policies: policy_places, origins: origin_places }
    }
}

/// Policies that name consumers whom nobody has written.
fn unknown_consumers(consumers: &[Consumer], policies: &Instances<'_, PolicyEntry<'_>>, diagnostics: &mut Diagnostics) {
    let known: BTreeSet<&str> = consumers.iter().map(|consumer| &*consumer.name).collect();
    for instance in &policies.all {
        for (field, name) in instance.needs.consumers.iter().filter(|(_, name)| !known.contains(name.as_str())) {
            if instance.entry.elsewhere().iter().any(|(path, ..)| field.starts_with(path)) {
                continue;
            }
            let place = Place::new(instance.entry.place.file, &instance.entry.field(field).span);
            let unknown = Diagnostic::new(Code::UnknownName, place, format!("there is no consumer called `{name}`"));
            let unknown = unknown.suggest(nearest(name, known.iter().copied()));
            diagnostics.push(unknown.help("each consumer is a file in the folder `consumers` beside this one"));
        }
    }
}

fn add_missing(names: &mut Vec<String>, more: &BTreeSet<String>) {
    let missing: Vec<&String> = more.iter().filter(|name| !names.contains(name)).collect();
    names.extend(missing.into_iter().cloned());
}

fn check_rewrite(place: Place, rewrite: &str, owner: &Owner<'_>, identified: bool, diagnostics: &mut Diagnostics) {
    let template = match Template::parse(rewrite) {
        Ok(template) => template,
        Err(message) => return diagnostics.push(Diagnostic::new(Code::WrongValue, place, message)),
    };
    if let Err(message) = path_template::check(&template) {
        diagnostics.push(Diagnostic::new(Code::WrongValue, place.clone(), message));
    }
    if template.reads_identity() && !identified {
        let message = "`rewrite` reads the identity, and nothing in this route's chain establishes one";
        diagnostics.push(Diagnostic::new(Code::ChainOrder, place.clone(), message));
    }
    for param in template.params().filter(|param| !owner.params.iter().any(|known| known == param)) {
        let message = format!("`rewrite` reads `{{{param}}}`, which is no parameter of the path");
        let unknown = Diagnostic::new(Code::UnknownParameter, place.clone(), message);
        let unknown = unknown.suggest(nearest(param, owner.params.iter().map(String::as_str)));
        diagnostics.push(unknown.related(owner.place.clone(), format!("the path has no `{{{param}}}`")));
    }
}
