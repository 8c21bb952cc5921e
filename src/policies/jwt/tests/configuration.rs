use super::*;

const JWKS: &str = "https://issuer.example/jwks.json";

fn check(more: Value, expect: Result<(), &str>) {
    let outside = outside();
    outside.environment.0.borrow_mut().insert("ISSUER".to_owned(), "http://keycloak:8080/realm".to_owned());
    outside.environment.0.borrow_mut().insert("SHORT".to_owned(), "short".to_owned());
    let config = written(json!({ "issuer": "https://issuer.example/", "jwks": JWKS }), more.clone());
    match (compiled(&outside, &config).map(|_| ()), expect) {
        (Ok(()), Ok(())) => {}
        (Err(message), Err(part)) => assert!(message.contains(part), "{more}: {message}"),
        (got, _) => panic!("{more}: {got:?}, expected {expect:?}"),
    }
}

#[test]
fn keys_come_from_exactly_one_place_that_fits() {
    let secret = json!({ "secret": "TOKEN_SECRET" });
    let ed = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE" });
    check(json!({}), Ok(()));
    check(json!({ "jwks": null }), Err("where do the keys come from?"));
    check(json!({ "pem": P256_PUBLIC }), Err("pem: the keys come from one place only: write one of jwks, pem"));
    check(json!({ "jwks": null, "pem": P256_PUBLIC }), Ok(()));
    check(json!({ "jwks": null, "pem": format!("{P256_PUBLIC}{P256_OTHER_PUBLIC}") }), Ok(()));
    check(json!({ "jwks": null, "pem": P256_PUBLIC.replace('\n', "\\n") }), Ok(()));
    check(json!({ "jwks": null, "pem": P256 }), Err("pem: block 1 (PRIVATE KEY): a private key does not belong here"));
    check(json!({ "jwks": null, "pem": "MIIB" }), Err("there is no `-----BEGIN PUBLIC KEY-----`"));
    check(json!({ "jwks": null, "pem": "-----BEGIN PUBLIC KEY-----\nAA" }), Err("not closed by `-----END PUBLIC KEY-----`"));
    check(json!({ "jwks": null, "pem": "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----" }), Err("openssl x509"));
    check(json!({ "jwks": null, "secret": secret }), Ok(()));
    check(json!({ "jwks": null, "secret": secret, "algorithms": ["HS512"] }), Err("HS512 for 64"));
    check(json!({ "jwks": null, "secret": secret, "algorithms": ["RS256"] }), Err("algorithms.0: RS256 asks for a public key"));
    check(json!({ "jwks": null, "secret": { "secret": "SHORT" } }), Err("`SHORT` cannot be used: the secret is too short"));
    check(json!({ "jwks": null, "secret": { "secret": "NONE" } }), Err("the secret `NONE` is not set"));
    check(json!({ "jwks": null, "secret": "in the file" }), Err("invalid type: string"));
    check(json!({ "algorithms": ["HS256"] }), Err("algorithms.0: HS256 asks for `secret`"));
    check(json!({ "algorithms": ["RS256", "ES256"] }), Ok(()));
    check(json!({ "algorithms": ["none"] }), Err("unknown variant `none`"));
    check(json!({ "algorithms": [] }), Err("algorithms: no algorithm means no token"));
    check(json!({ "jwks": null, "jwks_inline": { "keys": [ed] } }), Ok(()));
    check(json!({ "jwks": null, "jwks_inline": { "keys": [ed] }, "algorithms": ["EdDSA"] }), Ok(()));
    check(
        json!({ "jwks": null, "jwks_inline": { "keys": [ed] }, "algorithms": ["ES256"] }),
        Err("a key of `jwks_inline` can be used with none"),
    );
    check(json!({ "jwks": null, "jwks_inline": { "keys": [] } }), Err("there is no key"));
    check(
        json!({ "jwks": null, "jwks_inline": { "keys": [{ "kty": "oct", "k": "AA" }] } }),
        Err("keys.0: the key cannot be used: it is a shared"),
    );
}

#[test]
fn a_key_set_is_fetched_safely_or_not_at_all() {
    for (url, expect) in [
        ("https://issuer.example", Ok(())),
        ("http://localhost:9000/jwks", Ok(())),
        ("http://issuer.localhost/jwks", Ok(())),
        ("http://127.0.0.2/jwks", Ok(())),
        ("http://[::1]:9000/jwks", Ok(())),
        ("${ISSUER}/jwks", Ok(())),
        ("http://issuer.example/jwks", Err("jwks: what comes over plain http may be anybody's")),
        ("http://127.0.0.1.evil.example/jwks", Err("plain http")),
        ("http://localhost.evil.example/jwks", Err("plain http")),
        ("http://localhost@evil.example/jwks", Err("password")),
        ("issuer.example/jwks", Err("not an absolute URL")),
        ("file:///etc/passwd", Err("not an absolute URL")),
        ("https:///jwks", Err("no host")),
        ("${NONE}/jwks", Err("the variable `NONE` is not set")),
    ] {
        check(json!({ "jwks": url }), expect);
    }
}

#[test]
fn every_other_field_is_held_against_what_can_work() {
    check(json!({ "issuer": null }), Err("whose tokens are taken? Write `issuer`, or several `issuers`"));
    check(json!({ "issuer": [] }), Err("the list may not be empty"));
    check(json!({ "issuer": "" }), Err("may not be empty"));
    check(json!({ "issuer": ["https://a.example", "${ISSUER}"] }), Ok(()));
    check(json!({ "audience": ["a", "b"], "typ": "at+jwt", "required": ["email"], "max_age": "1h" }), Ok(()));
    check(json!({ "audience": 1 }), Err("expected a text or a list of texts"));
    check(json!({ "leeway": "6m" }), Err("leeway: clocks do not differ by 6m; write at most 5m"));
    check(json!({ "max_age": "0s" }), Err("max_age: every token would be too old"));
    check(json!({ "cooldown": "0s" }), Err("cooldown: 0ms is out of range; write from 1s to 1h"));
    check(json!({ "refresh": "1s" }), Err("refresh: 1s is out of range; write from 10s to 1d"));
    check(json!({ "required": [""] }), Err("required.0: it names no claim"));
    check(json!({ "scopes": ["a b"] }), Err("scopes.0: a scope is visible ASCII without spaces"));
    check(json!({ "scopes": ["a\"b"] }), Err("scopes.0"));
    check(json!({ "token": [] }), Err("token: it may stand nowhere"));
    check(json!({ "token": ["bearer", "bearer"] }), Err("token.1: it stands in the list twice"));
    check(json!({ "token": ["body"] }), Err("unknown variant `body`"));
    check(json!({ "token": [{ "header": "Authorization" }] }), Err("write \"bearer\""));
    check(json!({ "token": [{ "header": "Cookie" }] }), Err("{ cookie = \"NAME\" }"));
    check(json!({ "token": [{ "header": "x token" }] }), Err("not the name of a header field"));
    check(json!({ "token": [{ "cookie": "a;b" }] }), Err("not the name of a cookie"));
    check(json!({ "token": [{ "query": "" }] }), Err("needs a name"));
    check(json!({ "forward": { "x user": "sub" } }), Err("not the name of a header field"));
    check(json!({ "forward": { "x_user": "sub" } }), Err("hyphens"));
    check(json!({ "forward": { "Authorization": "sub" } }), Err("forward.Authorization: `authorization` has a use of its own"));
    check(json!({ "forward": { "x-forwarded-for": "sub" } }), Err("has a use of its own"));
    check(json!({ "forward": { "x-user": "" } }), Err("forward.x-user: it names no claim"));
    check(json!({ "token": [{ "header": "X-Token" }], "forward": { "x-token": "sub" } }), Err("the token is read from this field"));
    check(json!({ "audiance": "a" }), Err("unknown field `audiance`"));
}

#[test]
fn several_issuers_have_their_own_keys_and_share_the_rest() {
    let one = || json!({ "issuer": "https://a.example/", "jwks": "https://a.example/jwks" });
    let several = |mut more: Value, entries: Vec<Value>| {
        (more["issuer"], more["jwks"], more["issuers"]) = (json!(null), json!(null), json!(entries));
        more
    };
    let two = |second: Value| {
        let second = written(json!({ "issuer": "https://b.example/", "secret": { "secret": "TOKEN_SECRET" } }), second);
        several(json!({}), vec![one(), second])
    };
    check(two(json!({})), Ok(()));
    check(several(json!({ "audience": "api", "required": ["email"], "map": { "roles": "r" } }), vec![one()]), Ok(()));
    check(two(json!({ "algorithms": ["HS256"], "leeway": "1s", "max_age": "1h", "typ": "JWT", "required": ["x"] })), Ok(()));
    check(json!({ "issuers": [one()] }), Err("issuer: with `issuers`, each entry has its own `issuer`"));
    check(json!({ "issuer": null, "issuers": [one()] }), Err("jwks: with `issuers`, each entry has its own `jwks`"));
    check(several(json!({}), vec![]), Err("whose tokens are taken?"));
    check(two(json!({ "issuer": "https://a.example/" })), Err("issuers.1.issuer: `https://a.example/` stands in two entries"));
    check(two(json!({ "secret": null })), Err("issuers.1: where do the keys come from?"));
    check(two(json!({ "pem": P256_PUBLIC })), Err("issuers.1.secret: the keys come from one place only"));
    check(two(json!({ "algorithms": ["RS256"] })), Err("issuers.1.algorithms.0: RS256 asks for a public key"));
    check(two(json!({ "leeway": "6m" })), Err("issuers.1.leeway: clocks do not differ"));
    check(two(json!({ "required": [""] })), Err("issuers.1.required.0: it names no claim"));
    check(two(json!({ "scopes": ["a"] })), Err("unknown field `scopes`"));
    check(several(json!({ "algorithms": ["HS256"] }), vec![one()]), Err("issuers.0.algorithms.0: HS256 asks for `secret`"));
    check(json!({ "map": { "roles": [] } }), Err("the list may not be empty"));
    check(json!({ "map": { "role": "r" } }), Err("unknown field `role`"));
}

#[test]
fn what_the_deployment_must_have_is_known_even_where_it_has_nothing() {
    let outside = Outside::at(0);
    let config = json!({
        "issuer": "${ISSUER}", "audience": "${AUDIENCE}", "secret": { "secret": "SECRET" }, "forward": { "x-user": "sub" },
        "token": [{ "query": "t" }, { "header": "X-Token" }]
    });
    let mut compiler = Compiler::new(&*outside.environment, "a", "A");
    let Err(error) = Jwt::compile(serde_json::from_value(config).unwrap(), &mut compiler) else { panic!("it compiled") };
    assert_eq!(error.missing.as_deref(), Some("ISSUER"));
    assert_eq!(Vec::from_iter(compiler.needs.variables), ["AUDIENCE", "ISSUER"]);
    assert_eq!(Vec::from_iter(compiler.needs.secrets), ["SECRET"]);
    assert_eq!(Vec::from_iter(compiler.needs.identity_headers), ["x-user"]);
    assert_eq!(Vec::from_iter(compiler.needs.secret_headers), ["x-token"]);
    assert_eq!(Vec::from_iter(compiler.needs.secret_query), ["t"]);
}

#[test]
fn a_wrong_value_of_the_deployment_is_told_by_its_name() {
    let outside = Outside::at(0);
    for name in ["PEM", "URL", "SHORT"] {
        outside.environment.0.borrow_mut().insert(name.to_owned(), "x".to_owned());
    }
    for (keys, expect) in [
        (json!({ "pem": "${PEM}" }), Some("PEM")),
        (json!({ "jwks": "${URL}/jwks" }), Some("URL")),
        (json!({ "secret": { "secret": "SHORT" } }), Some("SHORT")),
        (json!({ "pem": "x" }), None),
    ] {
        let config = written(json!({ "issuer": "i" }), keys.clone());
        let mut compiler = Compiler::new(&*outside.environment, "a", "A");
        let Err(error) = Jwt::compile(serde_json::from_value(config).unwrap(), &mut compiler) else { panic!("{keys} compiled") };
        assert_eq!(error.missing.as_deref(), expect, "{keys}: {error}");
    }
}

#[test]
fn the_written_form_is_read_back_as_it_is_written_out() {
    let config = json!({
        "issuer": "i", "audience": ["a"], "jwks": JWKS, "token": ["bearer", { "cookie": "t" }], "forward": { "x-user": "sub" },
        "strip": true, "scopes": ["a"]
    });
    let read: Config = serde_json::from_value(config).unwrap();
    let out = serde_json::to_value(&read).unwrap();
    let again: Config = serde_json::from_value(out.clone()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), out);
    assert_eq!(out["issuer"], json!(["i"]));
}
