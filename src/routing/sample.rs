//! Small gateways for the tests of routing.

use std::rc::Rc;

use proptest::prelude::*;

use crate::config::compiler::{Compiler, ConfigError};
use crate::config::packed;
use crate::config::runtime::{ApiForm, ConditionForm, GatewayForm, OriginForm, RouteForm, Settings, TestForm, VERSION};
use crate::http::{HeaderMap, HeaderName, HeaderValue, Method, Target};
use crate::origins::OriginConfig;
use crate::ports::Environment;
use crate::routing::table::{BuiltOrigin, Table};

struct NoEnvironment;

impl Environment for NoEnvironment {
    fn get(&self, _: &str) -> Option<String> {
        None
    }
}

/// A route written in one line: `host,host GET,POST /path h:name=value q:name q:!name h:name~regex`; `*` stands for every host or method.
pub fn route(line: &str) -> RouteForm {
    let mut words = line.split(' ');
    let mut list = || -> Vec<String> { words.next().unwrap().split(',').filter(|word| *word != "*").map(str::to_owned).collect() };
    let (hosts, methods) = (list(), list());
    let path = words.next().unwrap().to_owned();
    let (mut headers, mut query) = (Vec::new(), Vec::new());
    for word in words {
        let (kind, text) = word.split_once(':').unwrap();
        let (name, test) = match (text.split_once('='), text.split_once('~'), text.strip_prefix('!')) {
            (Some((name, value)), _, _) => (name, TestForm::Exact(value.to_owned())),
            (_, Some((name, regex)), _) => (name, TestForm::Regex(regex.to_owned())),
            (_, _, Some(name)) => (name, TestForm::Present(false)),
            _ => (text, TestForm::Present(true)),
        };
        let list = if kind == "h" { &mut headers } else { &mut query };
        list.push(ConditionForm { name: name.to_owned(), test });
    }
    RouteForm { id: line.to_owned(), api: 0, hosts, path, methods, headers, query, policies: Vec::new(), origin: 0, rewrite: None }
}

/// A gateway of routes written as for [`route`].
pub fn gateway<'a>(lines: impl IntoIterator<Item = &'a str>) -> GatewayForm {
    let origin: OriginConfig = serde_json::from_str(r#"{ "static": {} }"#).unwrap();
    GatewayForm {
        version: VERSION,
        settings: Settings::default(),
        apis: vec![ApiForm { name: "a".to_owned(), title: "A".to_owned() }],
        policies: Vec::new(),
        origins: vec![OriginForm { id: "a.o".to_owned(), origin }],
        routes: lines.into_iter().map(route).collect(),
        index: Vec::new(),
        consumers: Vec::new(),
        consumers_at: None,
        identity_headers: Vec::new(),
    }
}

/// The table of a gateway, complete.
pub fn table(form: &GatewayForm) -> Result<Table, String> {
    let build = |origin: &OriginForm| -> Result<BuiltOrigin, ConfigError> {
        let mut compiler = Compiler::new(&NoEnvironment, &origin.id, "");
        Ok((Rc::from(origin.id.as_str()), Ok(origin.origin.compile(&mut compiler)?)))
    };
    let origins: Result<Vec<_>, _> = form.origins.iter().map(build).collect();
    let text = packed::pack(form)?;
    let (form, lines) = packed::unpack(&text)?;
    let table = Table::build(&form, lines, Vec::new(), origins.unwrap())?;
    table.complete()?;
    Ok(table)
}

/// A request written in one line: `GET https://host/path?query name:value`.
pub fn request(line: &str) -> (Method, Target, HeaderMap) {
    let mut words = line.split(' ');
    let method = words.next().unwrap().parse().unwrap();
    let target = Target::parse(words.next().unwrap(), Settings::default().encoded_slash).unwrap();
    let headers = words.map(|word| {
        let (name, value) = word.split_once(':').unwrap();
        (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
    });
    (method, target, headers.collect())
}

/// Routes that often overlap, written as for [`route`].
pub fn route_line() -> impl Strategy<Value = String> {
    let host = prop::sample::select(&["*", "*", "a.h", "*.h", "*.a.h", "a.h,b.h"][..]);
    let method = prop::sample::select(&["*", "GET", "POST", "HEAD", "GET,POST"][..]);
    let segment = |n: usize| prop::sample::select(&["a", "b", "{x}", "{x}"][..]).prop_map(move |s| s.replace('x', &format!("x{n}")));
    let path = (0usize..5, segment(0), segment(1), segment(2), segment(3), prop::sample::select(&["", "/", "/{*r}"][..])).prop_map(
        |(length, a, b, c, d, end)| {
            let path: String = [a, b, c, d].iter().take(length).map(|segment| format!("/{segment}")).collect();
            if path.is_empty() && end.is_empty() { "/".to_owned() } else { path + end }
        },
    );
    let condition = prop::sample::select(&["h:k=1", "h:k", "h:!k", "h:k~[12]", "q:j=1", "q:j", "q:!j", "h:l", "q:m"][..]);
    (host, method, path, prop::collection::vec(condition, 0..3)).prop_map(|(host, method, path, mut conditions)| {
        // A routes file has one condition for a name: they are the keys of a table.
        let mut named = std::collections::BTreeSet::new();
        conditions.retain(|condition| named.insert(condition.replace('!', "")[..3].to_owned()));
        [&[host, method, &path], &conditions[..]].concat().join(" ")
    })
}

/// Requests that [`route_line`]'s routes may take, written as for [`request`].
pub fn request_line() -> impl Strategy<Value = String> {
    let method = prop::sample::select(&["GET", "POST", "HEAD", "PUT"][..]);
    let host = prop::sample::select(&["h", "a.h", "b.h", "c.a.h", "other"][..]);
    let path = prop::collection::vec(prop::sample::select(&["a", "b", "c", "%61"][..]), 0..6).prop_map(|path| path.join("/"));
    let end = prop::sample::select(&["", "/", "?j=1", "/?j=2&m", "?j=2&j=1"][..]);
    let headers = prop::sample::select(&["", " k:1", " k:3", " k:2 l:1", " k:3 k:1"][..]);
    (method, host, path, end, headers).prop_map(|(method, host, path, end, headers)| format!("{method} http://{host}/{path}{end}{headers}"))
}
