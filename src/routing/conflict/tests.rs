use super::*;
use crate::routing::explain::{Outcome, candidates};
use crate::routing::sample::{gateway, request, request_line, route_line};
use proptest::prelude::*;

fn check(routes: &[&str], expect: &[&str]) {
    let form = gateway(routes.iter().copied());
    let found: Vec<String> = conflicts(&form.routes, form.settings.encoded_slash)
        .into_iter()
        .map(|conflict| match conflict {
            Conflict::Ambiguous { route, earlier, method, host } => {
                format!("{route} and {earlier} claim {} on {}", method.as_deref().unwrap_or("*"), host.as_deref().unwrap_or("*"))
            }
            Conflict::Unreachable { route, hidden_by } => format!("{route} is hidden by {hidden_by:?}"),
        })
        .collect();
    assert_eq!(found, expect, "{routes:?}");
}

#[test]
fn routes_that_claim_the_same_are_ambiguous() {
    check(&["* GET /a/{x}", "* GET /a/{y}/"], &["1 and 0 claim GET on *"]);
    check(&["* GET /%61", "* GET /a"], &["1 and 0 claim GET on *"]);
    check(&["* * /a", "* * /a"], &["1 and 0 claim * on *"]);
    check(&["* GET,POST /a", "* POST,PUT /a"], &["1 and 0 claim POST on *"]);
    check(&["a.h,b.h GET /a", "B.H,c.h GET /a"], &["1 and 0 claim GET on B.H"]);
    check(&["* GET /a h:x=1 h:y", "* GET /a h:y h:x=1"], &["1 and 0 claim GET on *"]);
    check(&["* GET /a", "* POST /a", "* GET,POST /a"], &["2 and 0 claim GET on *", "2 and 1 claim POST on *"]);
}

#[test]
fn routes_that_can_be_told_apart_are_not() {
    check(&["* GET /a", "* POST /a", "* * /a", "* HEAD /a", "h GET /a", "*.h GET /a"], &[]);
    check(&["* GET /a/{x}", "* GET /a/b", "* GET /{x}/b", "* GET /a/{*r}", "* GET /{*r}"], &[]);
    check(&["* GET /a", "* GET /a h:x", "* GET /a q:x", "* GET /a h:x=1 q:x"], &[]);
    check(&["* GET /a h:x=1", "* GET /a h:x=2", "* GET /a h:x", "* GET /a h:!x", "* GET /a q:x~1"], &[]);
    check(&["* GET a", "* GET a"], &[]);
}

#[test]
fn routes_behind_looser_ones_are_unreachable() {
    check(&["* GET /a h:x", "* GET /a h:x=1"], &["1 is hidden by [0]"]);
    check(&["* GET /a h:x", "* GET /a h:x~1"], &["1 is hidden by [0]"]);
    check(&["* GET /a q:x~^[0-9]+$", "* GET /a q:x=12", "* GET /a q:x=b"], &["1 is hidden by [0]"]);
    check(&["* GET /a h:x q:y", "* GET /a h:x=1 q:y=2"], &["1 is hidden by [0]"]);
    check(&["* GET /a h:x", "* POST /a h:x", "* POST,GET /a h:x=1"], &["2 is hidden by [0, 1]"]);
    check(&["* GET /a h:x", "* POST,GET /a h:x=1"], &[]);
    check(&["h GET /a h:x", "h,i GET /a h:x=1"], &[]);
    check(&["* GET /a h:!x", "* GET /a h:x=1"], &[]);
}

proptest! {
    #[test]
    fn what_is_unreachable_never_wins_and_what_is_not_ambiguous_is_decided(
        routes in prop::collection::vec(route_line(), 1..24),
        requests in prop::collection::vec(request_line(), 8),
    ) {
        let form = gateway(routes.iter().map(String::as_str));
        let found = conflicts(&form.routes, form.settings.encoded_slash);
        for line in &requests {
            let (method, target, headers) = request(line);
            for candidate in candidates(&form, &target, &method, &headers).unwrap() {
                match candidate.outcome {
                    Outcome::Wins => {
                        let hidden = found.iter().any(|conflict| matches!(conflict, Conflict::Unreachable { route, .. } if *route == candidate.route));
                        prop_assert!(!hidden, "{}: {}", line, routes[candidate.route]);
                    }
                    Outcome::Precedes { winner, rule: "an earlier place in the files" } => {
                        let (one, other) = (Conditions::of(&form.routes[winner]), Conditions::of(&form.routes[candidate.route]));
                        let told = found.iter().any(|conflict| matches!(conflict, Conflict::Ambiguous { route, .. } if *route == candidate.route));
                        prop_assert!(told || one != other, "{}: {} and {}", line, routes[winner], routes[candidate.route]);
                    }
                    _ => {}
                }
            }
        }
    }
}
