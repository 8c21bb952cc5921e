//! Why a route won: the plain definition of routing, which looks at every route and which the table is held against.

use std::fmt;

use super::condition::{Expressions, HeaderCondition, QueryCondition};
use super::host::{HostPattern, HostRank};
use super::pattern::{Pattern, shape_of};
use super::precedence::{ConditionRank, MethodRank, Shape};
use crate::config::runtime::{GatewayForm, RouteForm};
use crate::http::{HeaderMap, Method, Target};

/// A route whose path matches a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its index in [`GatewayForm::routes`].
    pub route: usize,
    /// What became of it.
    pub outcome: Outcome,
}

/// Why a route won or lost. As text it completes "this route ...".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It won.
    Wins,
    /// It takes the request as well, but another route comes before it.
    Precedes {
        /// The route that won.
        winner: usize,
        /// What the winner has before it.
        rule: &'static str,
    },
    /// A condition on this header field does not hold.
    Header(String),
    /// A condition on this query parameter does not hold.
    Query(String),
    /// It does not take the method.
    Method,
    /// It is for other hosts.
    Host,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wins => f.write_str("wins"),
            Self::Precedes { rule, .. } => write!(f, "takes this request too, but the winner has {rule}"),
            Self::Header(name) => write!(f, "has a condition on the header field `{name}` that does not hold"),
            Self::Query(name) => write!(f, "has a condition on the query parameter `{name}` that does not hold"),
            Self::Method => f.write_str("does not take this method"),
            Self::Host => f.write_str("is for other hosts"),
        }
    }
}

/// Every route whose path matches: the winner, then those that take the request as well in order of precedence, then those whose
/// conditions, method or hosts do not fit.
///
/// # Errors
/// Where a route cannot be built; [`super::table::Table::build`] says the same.
pub fn candidates(form: &GatewayForm, target: &Target, method: &Method, headers: &HeaderMap) -> Result<Vec<Candidate>, String> {
    let mut expressions = Expressions::default();
    let mut taking: Vec<(Rank, usize)> = Vec::new();
    let mut losing = Vec::new();
    for (route, candidate) in form.routes.iter().enumerate() {
        let pattern = Pattern::parse(&candidate.path, form.settings.encoded_slash).map_err(|error| error.message)?;
        if !pattern.matches(&target.path) {
            continue;
        }
        match judge(candidate, target, method, headers, &mut expressions)? {
            Ok((host, method)) => {
                let (headers, query) = (std::cmp::Reverse(candidate.headers.len()), std::cmp::Reverse(candidate.query.len()));
                let conditions = ConditionRank { headers, query, order: route };
                taking.push((Rank { host, shape: shape_of(&candidate.path), method, conditions }, route));
            }
            Err(outcome) => losing.push(Candidate { route, outcome }),
        }
    }
    taking.sort();
    losing.sort_by_key(|candidate| candidate.outcome.clone());
    let first = taking.first().copied();
    let outcome = |rank: Rank| match first {
        Some((best, winner)) if best != rank => Outcome::Precedes { winner, rule: best.advantage_over(rank) },
        _ => Outcome::Wins,
    };
    Ok(taking.iter().map(|(rank, route)| Candidate { route: *route, outcome: outcome(*rank) }).chain(losing).collect())
}

/// All that decides between routes, most important first. The least wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    host: HostRank,
    shape: Shape,
    method: MethodRank,
    conditions: ConditionRank,
}

impl Rank {
    fn advantage_over(self, other: Self) -> &'static str {
        if self.host != other.host {
            "the host named more closely"
        } else if let Some(rule) = self.shape.difference(other.shape) {
            rule
        } else if self.method != other.method {
            "the method named"
        } else if self.conditions.headers != other.conditions.headers {
            "more conditions on header fields"
        } else if self.conditions.query != other.conditions.query {
            "more conditions on the query"
        } else {
            "an earlier place in the files"
        }
    }
}

/// How a route whose path matches takes the request, or why not.
fn judge(
    route: &RouteForm,
    target: &Target,
    method: &Method,
    headers: &HeaderMap,
    expressions: &mut Expressions,
) -> Result<Result<(HostRank, MethodRank), Outcome>, String> {
    let mut host = route.hosts.is_empty().then_some(HostRank::Every);
    for named in &route.hosts {
        host = [host, HostPattern::parse(named)?.rank(target.host())].into_iter().flatten().min();
    }
    let Some(host) = host else { return Ok(Err(Outcome::Host)) };
    let methods: Vec<Method> = route.methods.iter().filter_map(|name| Method::from_bytes(name.as_bytes()).ok()).collect();
    let Some(method) = MethodRank::of(&methods, method) else { return Ok(Err(Outcome::Method)) };
    for condition in &route.headers {
        let condition = HeaderCondition::compile(condition, expressions)?;
        if !condition.holds(headers) {
            return Ok(Err(Outcome::Header(condition.name().to_owned())));
        }
    }
    for condition in &route.query {
        let condition = QueryCondition::compile(condition, expressions)?;
        if !condition.holds(target.query.as_deref()) {
            return Ok(Err(Outcome::Query(condition.name().to_owned())));
        }
    }
    Ok(Ok((host, method)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::sample::{gateway, request};

    fn check(routes: &[&str], line: &str, expect: &[(usize, &str)]) {
        let (method, target, headers) = request(line);
        let found = candidates(&gateway(routes.iter().copied()), &target, &method, &headers).unwrap();
        let found: Vec<(usize, String)> = found.into_iter().map(|candidate| (candidate.route, candidate.outcome.to_string())).collect();
        let expect: Vec<(usize, String)> = expect.iter().map(|(route, text)| (*route, (*text).to_owned())).collect();
        assert_eq!(found, expect, "{line}");
    }

    fn precedes(rule: &str) -> String {
        format!("takes this request too, but the winner has {rule}")
    }

    #[test]
    fn the_winner_comes_first_and_the_others_say_why_they_lost() {
        let routes =
            ["* GET /{*r}", "* POST /a/b", "i GET /a/b", "* GET /a/b h:x", "* GET /a/b q:y", "* GET /a/{z}", "* GET /a/b", "* GET /c"];
        check(
            &routes,
            "GET http://h/a/b?y=1",
            &[
                (4, "wins"),
                (6, &precedes("more conditions on the query")),
                (5, &precedes("an exact path")),
                (0, &precedes("an exact path")),
                (3, "has a condition on the header field `x` that does not hold"),
                (1, "does not take this method"),
                (2, "is for other hosts"),
            ],
        );
        check(
            &routes,
            "GET http://i/a/b x:1",
            &[
                (2, "wins"),
                (3, &precedes("the host named more closely")),
                (6, &precedes("the host named more closely")),
                (5, &precedes("the host named more closely")),
                (0, &precedes("the host named more closely")),
                (4, "has a condition on the query parameter `y` that does not hold"),
                (1, "does not take this method"),
            ],
        );
        check(&["* * /a", "* GET /a"], "GET http://h/a", &[(1, "wins"), (0, &precedes("the method named"))]);
        check(&["* GET /a h:x", "* GET /a h:x=1"], "GET http://h/a x:1", &[(0, "wins"), (1, &precedes("an earlier place in the files"))]);
        check(&["* GET /a", "* GET /a h:x"], "GET http://h/a x:1", &[(1, "wins"), (0, &precedes("more conditions on header fields"))]);
        check(&["* GET /a"], "GET http://h/b", &[]);
    }
}
