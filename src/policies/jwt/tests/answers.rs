use super::*;

fn with_secret(more: Value) -> Value {
    let base = json!({ "issuer": "https://issuer.example/", "audience": "api", "secret": { "secret": "TOKEN_SECRET" } });
    written(base, more)
}

fn policy(outside: &Outside, more: Value) -> Jwt {
    compiled(outside, &with_secret(more)).unwrap().0
}

#[test]
fn every_answer_has_the_challenge_of_rfc_6750() {
    let outside = outside();
    let policy = policy(&outside, json!({ "scopes": ["read", "write"] }));
    let good = by_secret(json!({ "scope": "write other read" }));
    let bearer = |token: &str| format!("Bearer {token}");
    let bad = by_secret(json!({ "exp": 1 }));
    for (headers, status, challenge) in [
        (vec![bearer(&good)], 200, ""),
        (vec![], 401, r#"Bearer realm="Shop""#),
        (vec!["Basic dTpw".to_owned()], 401, r#"Bearer realm="Shop""#),
        (vec![bearer("x")], 401, r#"error="invalid_token", error_description="The access token is malformed, has expired"#),
        (vec![bearer(&bad)], 401, r#"error="invalid_token", error_description="The access token is malformed, has expired"#),
        (vec![bearer(&good), bearer(&good)], 400, r#"error="invalid_request""#),
        (vec![bearer(&by_secret(json!({ "scope": "read" })))], 403, r#"error="insufficient_scope""#),
        (vec![bearer(&by_secret(json!({ "scope": "readwrite" })))], 403, r#"scope="read write""#),
    ] {
        let fields: Vec<(&str, &str)> = headers.iter().map(|value| ("authorization", value.as_str())).collect();
        let seen = call(&outside, &policy, &fields, None);
        let Err(error) = &seen.outcome else {
            assert_eq!(status, 200, "{headers:?}");
            continue;
        };
        let verdict = error.verdict();
        assert_eq!(verdict.status.as_u16(), status, "{headers:?}");
        let (name, value) = &verdict.headers[0];
        assert_eq!(name, "www-authenticate");
        assert!(value.to_str().unwrap().contains(challenge), "{headers:?}: {value:?}");
        for header in headers.iter().filter(|header| header.len() > 20) {
            let token = header.rsplit(' ').next().unwrap();
            let told = format!("{verdict:?} {:?}", seen.notes);
            assert!(!told.contains(token) && !told.contains(token.rsplit('.').next().unwrap()), "{told}");
        }
    }
}

#[test]
fn the_identity_is_what_the_token_says() {
    let outside = outside();
    let policy = policy(&outside, json!({}));
    let seen = bearer(&outside, &policy, &by_secret(json!({ "scope": "a b", "org": { "tenant": "t" } })));
    let identity = seen.identity.unwrap();
    assert_eq!((identity.kind, identity.key().as_str()), ("jwt", "https://issuer.example/|u"));
    assert_eq!(*identity.scopes, ["a".to_owned(), "b".to_owned()]);
    assert_eq!(identity.claim_text("org.tenant").as_deref(), Some("t"));
    assert!(bearer(&outside, &policy, "x").identity.is_none());
}

#[test]
fn a_token_is_remembered_but_not_past_its_end() {
    let outside = outside();
    let policy = policy(&outside, json!({ "leeway": "10s" }));
    let token = by_secret(json!({ "exp": START_S + 100 }));
    assert_eq!(bearer(&outside, &policy, &token).verdict(), "ok");
    assert_eq!(policy.issuers[0].verified.borrow().len(), 1);
    outside.clock.advance(109_999);
    assert_eq!(bearer(&outside, &policy, &token).verdict(), "ok");
    outside.clock.advance(1);
    assert!(bearer(&outside, &policy, &token).verdict().contains("expired"));
    bearer(&outside, &policy, &by_secret(json!({ "aud": "other" })));
    assert_eq!(policy.issuers[0].verified.borrow().len(), 1);
}

#[test]
fn claims_go_to_the_origin_only_in_their_fields() {
    let outside = outside();
    let forward = json!({ "X-User": "sub", "x-tenant": "org.tenant", "x-name": "name", "x-roles": "roles", "x-none": "none" });
    let (policy, needs) = compiled(&outside, &with_secret(json!({ "forward": forward }))).unwrap();
    assert_eq!(Vec::from_iter(needs.identity_headers), ["x-name", "x-none", "x-roles", "x-tenant", "x-user"]);
    let token = by_secret(json!({ "org": { "tenant": "t" }, "name": "José\r\nx-admin: 1", "roles": ["a", "b"] }));
    let authorization = format!("Bearer {token}");
    let forged = ["x-user", "x_user", "x-none", "x_tenant", "x-name", "x_other"];
    let mut fields: Vec<(&str, &str)> = forged.iter().map(|name| (*name, "forged")).collect();
    fields.push(("authorization", &authorization));
    let seen = call(&outside, &policy, &fields, None);
    for (name, expect) in [
        ("x-user", Some("u")),
        ("x_user", None),
        ("x-tenant", Some("t")),
        ("x_tenant", None),
        ("x-roles", Some("a,b")),
        ("x-name", None),
        ("x-none", None),
        ("x-admin", None),
        ("x_other", Some("forged")),
        ("authorization", Some(authorization.as_str())),
    ] {
        assert_eq!(seen.request.header(name), expect, "{name}");
    }
    assert_eq!(seen.notes, ["shop.signed_in: a header field cannot carry name"]);
}

#[test]
fn credentials_are_stripped_by_where_they_stood() {
    let outside = outside();
    let token = by_secret(json!({}));
    let (bearer, cookie, query) = (format!("Bearer {token}"), format!("a=1; t={token}"), format!("a=1&t={token}"));
    let everywhere = json!(["bearer", { "header": "x-token" }, { "cookie": "t" }, { "query": "t" }]);
    for (strip, name, value, expect) in [
        (None, "authorization", Some(bearer.as_str()), Some(bearer.as_str())),
        (Some(true), "authorization", Some(bearer.as_str()), None),
        (None, "x-token", Some(token.as_str()), Some(token.as_str())),
        (Some(true), "x-token", Some(token.as_str()), None),
        (None, "cookie", Some(cookie.as_str()), Some("a=1")),
        (Some(false), "cookie", Some(cookie.as_str()), Some(cookie.as_str())),
        (None, "query", None, Some("a=1")),
        (Some(false), "query", None, Some(query.as_str())),
    ] {
        let policy = policy(&outside, json!({ "token": everywhere, "strip": strip }));
        let fields: Vec<(&str, &str)> = value.map(|value| (name, value)).into_iter().collect();
        let seen = call(&outside, &policy, &fields, value.is_none().then_some(query.as_str()));
        assert_eq!(seen.verdict(), "ok", "{name}");
        let left = if value.is_none() { seen.request.target.query.as_deref() } else { seen.request.header(name) };
        assert_eq!(left, expect, "{name}, strip {strip:?}");
    }
}
