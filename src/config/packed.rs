//! The runtime form as it lies in a file: JSON Lines, of which a worker reads the first one at its start and of the others only
//! those that its requests need.
//!
//! The consumers lie behind the routes, where there are any, with an index of their own ([`crate::config::shelf`]).
//!
//! The first line is the [`GatewayForm`] without its routes; [`GatewayForm::index`] says where the routes lie behind it. Routes
//! whose hosts and [`Shape`] are equal stand together, in buckets that their literal segments choose: a look-up reads one bucket for
//! each shape that fits the path, however many routes there are.

use serde::{Deserialize, Serialize};

use super::runtime::{GatewayForm, RouteForm};
use crate::routing::precedence::Shape;

/// The routes of one list of hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListForm {
    /// As [`RouteForm::hosts`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Their routes by shape.
    pub shapes: Vec<ShapeForm>,
}

/// The routes of one shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShapeForm {
    /// A path of this shape, as [`crate::routing::pattern::shape_of`] reads it.
    pub like: String,
    /// Where each bucket begins, in bytes behind the first line; and, last, where the last one ends.
    pub buckets: Vec<usize>,
}

/// One line of a bucket: the route's place in the files, and the route.
pub type Line = (usize, RouteForm);

/// Which of `count` buckets has the routes of a shape whose literals this path has (FNV-1a, 64 bits).
pub fn bucket_of(shape: Shape, path: &str, count: usize) -> usize {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for (_, literal) in path.split('/').skip(1).enumerate().filter(|(place, _)| shape.is_literal(*place)) {
        for byte in literal.bytes().chain([b'/']) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    usize::try_from(hash % (count.max(1) as u64)).unwrap_or_default()
}

/// Reads the first line; the text behind it is where the routes lie.
///
/// # Errors
/// Where it is not the first line of a runtime form.
pub fn unpack(text: &str) -> Result<(GatewayForm, &str), String> {
    let (head, routes) = text.split_once('\n').ok_or("the compiled routes have no second line")?;
    let form: GatewayForm = serde_json::from_str(head).map_err(|error| format!("the compiled routes cannot be read: {error}"))?;
    Ok((form, routes))
}

#[cfg(not(target_arch = "wasm32"))]
mod pack {
    use std::collections::BTreeMap;

    use super::{GatewayForm, Line, ListForm, ShapeForm, bucket_of};
    use crate::config::runtime::RouteForm;
    use crate::config::shelf;
    use crate::routing::host::HostPattern;
    use crate::routing::pattern::{Pattern, shape_of};

    /// As many routes as a bucket has on average; a look-up reads all of a bucket's.
    const BUCKET: usize = 16;

    /// The text of a runtime form.
    ///
    /// # Errors
    /// Where a route's host or path is not one, which checking the routes files rules out.
    pub fn pack(form: &GatewayForm) -> Result<String, String> {
        let mut lists: BTreeMap<&[String], BTreeMap<String, Vec<Packing<'_>>>> = BTreeMap::new();
        for (order, route) in form.routes.iter().enumerate() {
            let wrong = |error: &str| format!("route `{}`: {error}", route.id);
            route.hosts.iter().try_for_each(|host| HostPattern::parse(host).map(drop)).map_err(|error| wrong(&error))?;
            let pattern = Pattern::parse(&route.path, form.settings.encoded_slash).map_err(|error| wrong(&error.message))?;
            let packing = Packing { order, route, canonical: pattern.canonical() };
            let shapes = lists.entry(&route.hosts).or_default();
            shapes.entry(like(&packing.canonical)).or_default().push(packing);
        }
        let mut text = String::new();
        let mut index = Vec::new();
        for (hosts, shapes) in lists {
            let shapes = shapes.into_iter().map(|(like, routes)| shape(like, &routes, &mut text)).collect::<Result<_, _>>()?;
            index.push(ListForm { hosts: hosts.to_vec(), shapes });
        }
        let consumers_at = (!form.consumers.is_empty()).then_some(text.len());
        if consumers_at.is_some() {
            text.push_str(&shelf::pack(&form.consumers)?);
        }
        let head = GatewayForm { routes: Vec::new(), index, consumers: Vec::new(), consumers_at, ..form.clone() };
        let head = serde_json::to_string(&head).map_err(|error| error.to_string())?;
        Ok(format!("{head}\n{text}"))
    }

    struct Packing<'a> {
        order: usize,
        route: &'a RouteForm,
        canonical: String,
    }

    /// Writes the routes of one shape.
    fn shape(like: String, routes: &[Packing<'_>], text: &mut String) -> Result<ShapeForm, String> {
        let count = routes.len().div_ceil(BUCKET);
        let mut sorted: Vec<Vec<&Packing<'_>>> = vec![Vec::new(); count];
        for packing in routes {
            if let Some(bucket) = sorted.get_mut(bucket_of(shape_of(&like), &packing.canonical, count)) {
                bucket.push(packing);
            }
        }
        let mut buckets = vec![text.len()];
        for bucket in sorted {
            for Packing { order, route, .. } in bucket {
                let line: (usize, &RouteForm) = (*order, route);
                text.push_str(&serde_json::to_string(&line).map_err(|error| error.to_string())?);
                text.push('\n');
            }
            buckets.push(text.len());
        }
        Ok(ShapeForm { like, buckets })
    }

    /// The same text for every path of one shape.
    fn like(canonical: &str) -> String {
        let segment = |segment: &str| if segment.starts_with('{') { segment.to_owned() } else { "x".to_owned() };
        match canonical {
            "/" => "/".to_owned(),
            _ => canonical.split('/').skip(1).map(|text| format!("/{}", segment(text))).collect(),
        }
    }

    /// The whole form, routes in the order of the files; for whoever wants to look at all of it.
    ///
    /// # Errors
    /// As [`super::unpack`], and where a line is no route.
    pub fn whole(text: &str) -> Result<GatewayForm, String> {
        let (head, routes) = super::unpack(text)?;
        let wrong = |error: serde_json::Error| format!("the compiled routes cannot be read: {error}");
        let (routes, consumers) = routes.split_at_checked(head.consumers_at.unwrap_or(routes.len())).unwrap_or((routes, ""));
        let lines: Result<Vec<Line>, _> = routes.lines().map(serde_json::from_str).collect();
        let mut lines = lines.map_err(wrong)?;
        lines.sort_by_key(|(order, _)| *order);
        let routes = lines.into_iter().map(|(_, route)| route).collect();
        let consumers = shelf::all(consumers)?;
        Ok(GatewayForm { routes, index: Vec::new(), consumers, consumers_at: None, ..head })
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub use pack::{pack, whole};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::pattern::shape_of;
    use crate::routing::sample::{gateway, route_line};
    use proptest::prelude::*;

    #[test]
    fn routes_with_the_same_literals_lie_together_and_each_lies_in_its_bucket() {
        let lines: Vec<String> = (0..400).map(|n| format!("* GET /v{}/c{n}/{{id}}", n % 3)).collect();
        let text = pack(&gateway(lines.iter().map(String::as_str))).unwrap();
        let (head, routes) = unpack(&text).unwrap();
        let [ListForm { hosts, shapes }] = head.index.as_slice() else { panic!("{:?}", head.index) };
        let [ShapeForm { like, buckets }] = shapes.as_slice() else { panic!("{shapes:?}") };
        assert_eq!((hosts.len(), like.as_str(), buckets.len()), (0, "/x/x/{p}", 26));
        for (index, bounds) in buckets.windows(2).enumerate() {
            for line in routes[bounds[0]..bounds[1]].lines() {
                let (order, route): Line = serde_json::from_str(line).unwrap();
                assert_eq!(route.id, lines[order]);
                let path = route.path.replace("{id}", "a%2Fb");
                assert_eq!(bucket_of(shape_of(like), &path, 25), index, "{path}");
            }
        }
    }

    #[test]
    fn what_is_no_runtime_form_is_refused() {
        for (text, expect) in [("", "no second line"), ("{}", "no second line"), ("{}\n", "missing field"), ("[\n", "EOF")] {
            assert!(unpack(text).is_err_and(|error| error.contains(expect)), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_out_again(lines in prop::collection::vec(route_line(), 0..40)) {
            let form = gateway(lines.iter().map(String::as_str));
            let text = pack(&form).unwrap();
            prop_assert_eq!(serde_json::to_value(whole(&text).unwrap()).unwrap(), serde_json::to_value(&form).unwrap());
        }
    }
}
