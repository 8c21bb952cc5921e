//! One request after the other through one cache.

use super::Edge;

const FRESH: &str = "200 one | cache-control: max-age=60";

/// Requests with their second, the origin's answer (none where it must not be asked) and what the client sees.
fn check(config: &str, steps: &[(u64, &str, &str, &str)]) {
    let edge = Edge::with(config);
    for (at_s, request, origin, expect) in steps {
        edge.check(*at_s, request, origin, expect);
    }
}

#[test]
fn a_response_is_used_while_it_is_fresh() {
    check(
        "{}",
        &[
            (0, "GET /a", FRESH, "200 one [fwd=uri-miss; stored]"),
            (1, "GET /a", "", "200 one [hit; ttl=59] 1"),
            (59, "GET /a", "", "200 one [hit; ttl=1] 59"),
            (60, "GET /a", "200 two | cache-control: max-age=60", "200 two [fwd=uri-miss; stored]"),
            (61, "GET /a", "", "200 two [hit; ttl=59] 1"),
        ],
    );
    check(
        "{}",
        &[
            (0, "GET /a", "200 one | cache-control: max-age=60 | age: 50", "200 one [fwd=uri-miss; stored] 50"),
            (9, "GET /a", "", "200 one [hit; ttl=1] 59"),
            (10, "GET /a", FRESH, "200 one [fwd=uri-miss; stored]"),
        ],
    );
}

#[test]
fn what_may_not_be_stored_is_asked_for_again() {
    for (origin, reason) in [
        ("200 one", "the response does not say how long it is fresh"),
        ("200 one | cache-control: no-store, max-age=60", "the response forbids it"),
        ("200 one | cache-control: max-age=60 | set-cookie: a=b", "the response sets a cookie"),
        ("200 one | cache-control: max-age=60 | vary: *", "the response varies by everything"),
    ] {
        let expect = format!("200 one [fwd=uri-miss; detail=\"{reason}\"]");
        check("{}", &[(0, "GET /a", origin, &expect), (0, "GET /a", origin, &expect)]);
    }
}

#[test]
fn the_request_has_a_say() {
    check(
        "{}",
        &[
            (0, "GET /a | cache-control: only-if-cached", "", "not-cached"),
            (0, "GET /a", FRESH, "200 one [fwd=uri-miss; stored]"),
            (20, "GET /a | cache-control: only-if-cached", "", "200 one [hit; ttl=40] 20"),
            (20, "GET /a | cache-control: only-if-cached, max-age=5", "", "not-cached"),
            (20, "GET /a | cache-control: max-age=20", "", "200 one [hit; ttl=40] 20"),
            (20, "GET /a | cache-control: min-fresh=41", "200 two | cache-control: max-age=60", "200 two [fwd=request; stored]"),
            (20, "GET /a | cache-control: no-cache", "200 three | cache-control: max-age=60", "200 three [fwd=request; stored]"),
            (20, "GET /a | cache-control: no-store", "200 four | cache-control: max-age=60", "200 four [fwd=request]"),
            (20, "GET /a | pragma: no-cache", "200 five | cache-control: max-age=60", "200 five [fwd=request; stored]"),
            (20, "GET /a", "", "200 five [hit; ttl=60] 0"),
        ],
    );
}

#[test]
fn ranges_bodies_and_upgrades_go_past_the_cache() {
    let partial = "206 o | content-range: bytes 0-0/3 | cache-control: max-age=60";
    check(
        "{}",
        &[
            (0, "GET /a", FRESH, "200 one [fwd=uri-miss; stored]"),
            (1, "GET /a | range: bytes=0-0", partial, "206 o [fwd=bypass]"),
            (1, "GET /a | if-match: \"1\"", FRESH, "200 one [fwd=bypass]"),
            (1, "GET /a | upgrade: websocket", "101", "101  [fwd=bypass]"),
            (1, "OPTIONS /a", "204", "204  [fwd=method]"),
            (1, "GET /a", "", "200 one [hit; ttl=59] 1"),
        ],
    );
}

#[test]
fn head_is_answered_from_what_get_stored_and_stores_nothing() {
    check(
        "{}",
        &[
            (0, "HEAD /a", FRESH, "200 one [fwd=uri-miss; detail=\"the request is HEAD\"]"),
            (0, "GET /a", FRESH, "200 one [fwd=uri-miss; stored]"),
            (1, "HEAD /a", "", "200  [hit; ttl=59] 1"),
            (1, "GET /a", "", "200 one [hit; ttl=59] 1"),
        ],
    );
}

#[test]
fn variants_are_kept_apart() {
    let origin = |language: &str| format!("200 {language} | cache-control: max-age=60 | vary: accept-language");
    check(
        "{}",
        &[
            (0, "GET /a | accept-language: de", &origin("de"), "200 de [fwd=uri-miss; stored]"),
            (1, "GET /a | accept-language: en", &origin("en"), "200 en [fwd=vary-miss; stored]"),
            (2, "GET /a", &origin("none"), "200 none [fwd=vary-miss; stored]"),
            (3, "GET /a | accept-language: de", "", "200 de [hit; ttl=57] 3"),
            (3, "GET /a | accept-language: en | accept: x", "", "200 en [hit; ttl=58] 2"),
            (3, "GET /a", "", "200 none [hit; ttl=59] 1"),
            // It begins to vary by more: what is stored is found no longer, and nothing is confused.
            (4, "GET /a | accept-language: fr", "200 fr | cache-control: max-age=60 | vary: accept", "200 fr [fwd=vary-miss; stored]"),
            (4, "GET /a | accept-language: de", &origin("de2"), "200 de2 [fwd=vary-miss; stored]"),
            (5, "GET /a | accept-language: fr", "", "200 fr [hit; ttl=59] 1"),
        ],
    );
}

#[test]
fn a_change_makes_the_gateway_forget() {
    for (request, origin, forgets) in [
        ("POST /a", "201", true),
        ("PUT /a", "204", true),
        ("DELETE /a", "200 gone", true),
        ("PATCH /a", "303", true),
        ("PURGE /a", "200", true),
        ("POST /a", "409", false),
        ("POST /a", "500", false),
        ("POST /a", "refuse", false),
        ("POST /b", "201", false),
        ("GET /a | range: bytes=0-0", "206", false),
    ] {
        let edge = Edge::with("{}");
        edge.send("GET /a", FRESH).unwrap();
        edge.send(request, origin).unwrap();
        let got = edge.send("GET /a", FRESH).unwrap();
        assert_eq!(got.origin_saw.is_some(), forgets, "{request} {origin}");
    }
}

#[test]
fn a_change_reaches_every_variant_and_the_callers_own_copy() {
    let varying = "200 one | cache-control: max-age=60 | vary: accept";
    check(
        "{}",
        &[
            (0, "GET /a | accept: x", varying, "200 one [fwd=uri-miss; stored]"),
            (0, "GET /a | accept: y", varying, "200 one [fwd=vary-miss; stored]"),
            (1, "PUT /a", "204", "204  [fwd=method]"),
            (1, "GET /a | accept: x", varying, "200 one [fwd=uri-miss; stored]"),
            (1, "GET /a | accept: y", varying, "200 one [fwd=vary-miss; stored]"),
        ],
    );
    check(
        "{}",
        &[
            (0, "GET /a", FRESH, "200 one [fwd=uri-miss; stored]"),
            (0, "GET /a | as: anna", FRESH, "200 one [fwd=uri-miss; stored]"),
            (0, "GET /a | as: ben", FRESH, "200 one [fwd=uri-miss; stored]"),
            (1, "PUT /a | as: anna", "204", "204  [fwd=method]"),
            (1, "GET /a | as: ben", "", "200 one [hit; ttl=59] 1"),
            (1, "GET /a | as: anna", FRESH, "200 one [fwd=uri-miss; stored]"),
            (1, "GET /a", FRESH, "200 one [fwd=uri-miss; stored]"),
        ],
    );
}

#[test]
fn identities_never_share_unless_told_to() {
    let anna = "GET /a | as: anna | authorization: Bearer a";
    check(
        "{}",
        &[
            (0, anna, FRESH, "200 one [fwd=uri-miss; stored]"),
            (1, "GET /a | as: ben", "200 two | cache-control: max-age=60", "200 two [fwd=uri-miss; stored]"),
            (1, "GET /a", "200 three | cache-control: max-age=60", "200 three [fwd=uri-miss; stored]"),
            (2, anna, "", "200 one [hit; ttl=58] 2"),
            (2, "GET /a | as: ben", "", "200 two [hit; ttl=59] 1"),
        ],
    );
    check(
        r#"{"identity":"shared"}"#,
        &[(0, anna, FRESH, "200 one [fwd=uri-miss; stored]"), (1, "GET /a | as: ben", "", "200 one [hit; ttl=59] 1")],
    );
}

#[test]
fn credentials_without_an_identity_policy_are_nobodys_to_share() {
    for name in ["authorization", "cookie"] {
        let refused = "200 one [fwd=uri-miss; detail=\"the request has credentials\"]";
        let request = format!("GET /a | {name}: x");
        for config in ["{}", r#"{"ttl":"60s"}"#] {
            check(
                config,
                &[
                    (0, &request, FRESH, refused),
                    (0, &request, "200 one | cache-control: public, max-age=60", "200 one [fwd=uri-miss; stored]"),
                ],
            );
        }
        let other = format!("GET /a | {name}: y");
        check(
            &format!(r#"{{"headers":["{name}"]}}"#),
            &[
                (0, &request, FRESH, "200 one [fwd=uri-miss; stored]"),
                (0, &other, FRESH, "200 one [fwd=uri-miss; stored]"),
                (0, &request, "", "200 one [hit; ttl=60] 0"),
            ],
        );
    }
}

#[test]
fn routes_of_one_path_do_not_share() {
    check(
        "{}",
        &[
            (0, "GET /a | if: x-version=2", FRESH, "200 one [fwd=uri-miss; stored]"),
            (0, "GET /a", "200 two | cache-control: max-age=60", "200 two [fwd=uri-miss; stored]"),
            (0, "GET /a | if: x-version=2", "", "200 one [hit; ttl=60] 0"),
        ],
    );
}

#[test]
fn the_chosen_query_and_fields_tell_responses_apart() {
    check(
        r#"{"query":["page"],"headers":["x-tenant"]}"#,
        &[
            (0, "GET /a?page=1&utm=x", FRESH, "200 one [fwd=uri-miss; stored]"),
            (0, "GET /a?utm=y&page=1", "", "200 one [hit; ttl=60] 0"),
            (0, "GET /a?page=2", FRESH, "200 one [fwd=uri-miss; stored]"),
            (0, "GET /a?page=1 | x-tenant: t", FRESH, "200 one [fwd=uri-miss; stored]"),
        ],
    );
}

#[test]
fn refusals_of_the_gateway_are_not_stored() {
    let edge = Edge::with(r#"{"ttl":"60s"}"#);
    edge.send("GET /a", "refuse").unwrap();
    edge.check(0, "GET /a", FRESH, "200 one [fwd=uri-miss; stored]");
}
