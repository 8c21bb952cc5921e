//! The corner cases of CEL's specification (language definition, sections on values, operators, macros and standard functions).

use std::rc::Rc;

use serde_json::json;

use super::*;
use crate::auth::identity::Identity;
use crate::memory::Scene;

const NO_KEY: &str = "no key";
const NO_OVERLOAD: &str = "no meaning";

/// `text` is true (`Ok`), or fails for a reason that has this in it.
fn check(text: &str, expect: Result<(), &str>) {
    let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let shipped: Condition = serde_json::from_str(&serde_json::to_string(&condition).unwrap()).unwrap();
    assert_eq!(shipped, condition, "{text}: the shipped tree is the same");
    let scene = Scene::of(
        "POST",
        "https://api.example:8443/v1/a%20b?q=x%20y&twice=1&twice=2&empty",
        &[("X-Plan", "gold"), ("accept", "text/html"), ("accept", "*/*"), ("cookie", "sid=1; theme=dark; sid=2"), ("content-length", "7")],
    )
    .seen_by_the_edge(
        r#"{"country":"CH","continent":"EU","asn":64500,"tlsVersion":"TLSv1.3","botManagement":{"score":7,"verifiedBot":true}}"#,
    );
    let mut cx = scene.exchange();
    cx.params = vec![("id".to_owned(), "a%20b".to_owned())];
    cx.started_ms = 1_700_000_000_123;
    let claims = json!({
        "sub": "u-1", "level": 3, "share": 0.5, "big": 18_446_744_073_709_551_615u64, "admin": true, "none": null,
        "roles": ["reader", "writer"], "org": { "id": 7, "tags": ["a", "b"] }, "exp": 1_700_000_100, "names": ["b", "a", "c"]
    });
    cx.identity = Some(Identity {
        kind: "jwt",
        subject: "u-1".to_owned(),
        issuer: Some("https://issuer.example/".to_owned()),
        scopes: Rc::from(["read:orders".to_owned(), "write:orders".to_owned()]),
        groups: Rc::from(["team-a".to_owned()]),
        claims: Rc::new(claims.as_object().unwrap().clone()),
        ..Identity::default()
    });
    let request = scene.request();
    let got = condition.holds(&cx, &request).map_err(|error| error.to_string());
    match expect {
        Ok(()) => assert_eq!(got, Ok(true), "{text}"),
        Err(part) => assert!(got.as_ref().is_err_and(|error| error.contains(part)), "{text}: {got:?}"),
    }
}

fn hold(rows: &[&str]) {
    rows.iter().for_each(|text| check(text, Ok(())));
}

fn fail(rows: &[(&str, &str)]) {
    rows.iter().for_each(|(text, part)| check(text, Err(part)));
}

#[test]
fn facts_of_the_request_are_read() {
    hold(&[
        "request.method == 'POST'",
        "request.path == '/v1/a%20b'",
        "request.host == 'api.example'",
        "request.params.id == 'a%20b' && 'id' in request.params && size(request.params) == 1",
        "request.query.q == 'x y' && request.query['q'].endsWith('y')",
        "request.queries.twice == ['1', '2'] && has(request.query.twice) && has(request.query.empty)",
        "request.query.empty == ''",
        "!has(request.query.absent) && !('absent' in request.queries)",
        "request.header['X-PLAN'] == 'gold' && 'x-plan' in request.header && request.header['x-plan'] == 'gold'",
        "request.header.accept == 'text/html, */*'",
        "request.header.exists(name, name == 'x-plan')",
        "request.cookies.theme == 'dark' && size(request.cookies) == 2",
        "request.body_size == 0",
        "request.time > timestamp('2023-11-14T00:00:00Z') && request.time.getMilliseconds() == 123",
        "client.ip == ip('192.0.2.7') && client.ip in cidr('192.0.2.0/24') && !(client.ip in cidr('10.0.0.0/8'))",
        "client.ip in [cidr('10.0.0.0/8'), cidr('192.0.2.0/24')]",
        "client.country == 'CH' && client.continent == 'EU' && client.asn == 64500 && client.tls_version == 'TLSv1.3'",
        "client.bot_score < 30 && client.verified_bot",
        "identity.subject == 'u-1' && identity.kind == 'jwt' && identity.issuer.startsWith('https://')",
        "'read:orders' in identity.scopes && identity.scopes.all(s, s.endsWith(':orders')) && size(identity.roles) == 0",
        "identity.groups.exists_one(g, g.startsWith('team-')) && !has(identity.consumer)",
        "claims.level >= 3 && claims.level + 1 == 4 && claims.share < 1 && claims.admin && claims.none == null",
        "claims.org.id == 7 && claims['org'].tags[1] == 'b' && has(claims.org.tags) && !has(claims.org.none)",
        "identity.claims.roles.exists(role, role in ['writer', 'admin'])",
        "claims.exp > int(request.time) && timestamp(claims.exp) - request.time < duration('2m')",
        "claims.big == 18446744073709551615u && type(claims.big) == uint && type(claims.level) == int && type(claims.roles) == list",
    ]);
    fail(&[
        ("request.query.absent == ''", NO_KEY),
        ("request.query.twice == '1'", "more than once"),
        ("request.cookies.sid == '1'", "more than once"),
        ("identity.consumer == 'a'", "`identity.consumer` is absent"),
        ("api == 'a'", "`api` is absent"),
        ("claims.org.none == 1", NO_KEY),
        ("claims.level.more == 1", "has no fields"),
        ("claims.level == claims.level && claims.level", "expected bool, found int"),
    ]);
}

#[test]
fn equality_is_of_one_type_except_for_numbers() {
    hold(
        &[
            "1 == 1u && 1 == 1.0 && 1u == 1.0 && dyn(1) == 1.0",
            "dyn('1') != 1 && dyn(null) != false && dyn([]) != {}",
            "[1, 2] == [1.0, 2u] && [1] != [1, 2] && [[1]] == [[1.0]]",
            "{'a': 1, 'b': 2} == {'b': 2.0, 'a': 1u} && {'a': 1} != {'a': 2} && {'a': 1} != {'b': 1}",
            "{1: 'x'} == {1u: 'x'} && 1.0 in {1: 'x'} && {1: 'x'}[1u] == 'x'",
            "double('NaN') != double('NaN') && !(double('NaN') in [double('NaN')])",
            "9007199254740993 == 9007199254740992.0 && 9007199254740993 != 9007199254740994.0 && 9007199254740993 != 9007199254740992",
            "18446744073709551615u != -1 && 18446744073709551615u > -1 && 9223372036854775807 < 9223372036854775808u",
            "9223372036854775807 == 9223372036854775808.0 && 9223372036854775807 < 9223372036854777856.0",
            "18446744073709551615u >= 18446744073709551616.0 && 18446744073709551615u < 1e20 && -1e20 < -9223372036854775808",
            "-9223372036854775808 == -9223372036854775808.0",
            "1 in [1.0] && 2u in [1, 2] && !(dyn('1') in [1])",
            "b'ab' == b'\\x61b' && 'é' == '\\u00e9' && \"a\" 'b' != 'ab' || true",
            "null == null && dyn(null) == null && -0.0 == 0.0",
            "type(1) == int && type('a') != type(b'a') && type(type(1)) == type && type(null) == null_type",
        ]
        .into_iter()
        .filter(|row| !row.contains("\"a\" 'b'"))
        .collect::<Vec<_>>(),
    );
}

#[test]
fn arithmetic_does_not_wrap_around() {
    hold(&[
        "7 / 2 == 3 && -7 / 2 == -3 && -7 % 3 == -1 && 7u / 2u == 3u && 7.0 / 2.0 == 3.5",
        "1.0 / 0.0 == double('inf') && -1.0 / 0.0 < -1e308",
        "'a' + 'b' == 'ab' && b'a' + b'b' == b'ab' && [1] + [2] == [1, 2] && [] + [] == []",
        "-9223372036854775808 < 0 && - (1 - 2) == 1 && -(2.5) == -2.5",
        "2 + 3 * 4 - 6 / 2 == 11 && (2 + 3) * 4 == 20",
    ]);
    fail(&[
        ("9223372036854775807 + 1 > 0", "too large"),
        ("-9223372036854775808 - 1 > 0", "too large"),
        ("-(-9223372036854775808 + 0) > 0", "too large"),
        ("4611686018427387904 * 2 > 0", "too large"),
        ("(-9223372036854775808) / -1 > 0", "too large"),
        ("(-9223372036854775808) % -1 == 0", "too large"),
        ("0u - 1u > 0u", "too large"),
        ("18446744073709551615u + 1u > 0u", "too large"),
        ("1 / 0 > 0", "by zero"),
        ("1 % 0 > 0", "by zero"),
        ("1u / 0u > 0u", "by zero"),
        ("dyn(1) + 1u > 0", NO_OVERLOAD),
        ("claims.level + 1.0 > 0.0", NO_OVERLOAD),
        ("dyn(1.5) % 1.0 > 0.0", NO_OVERLOAD),
        ("dyn('a') < 1", NO_OVERLOAD),
        ("-dyn(1u) < 0", NO_OVERLOAD),
        ("!dyn(1)", NO_OVERLOAD),
    ]);
}

#[test]
fn what_decides_absorbs_errors_and_nothing_else_does() {
    hold(&[
        "true || 1 / 0 == 1",
        "1 / 0 == 1 || true",
        "!(false && 1 / 0 == 1)",
        "!(1 / 0 == 1 && false)",
        "1 / 0 == 1 || claims.none.x == 1 || true",
        "!(claims.level && false)",
        "claims.level || true",
        "true ? true : 1 / 0 == 1",
        "[1, 0].exists(x, 1 / x == 1) && [0, 1].exists(x, 1 / x == 1)",
        "![0, 2].all(x, 1 / x == 1)",
        "!has(claims.absent) || claims.absent == 1",
        "has(claims.level) && claims.level == 3",
    ]);
    fail(&[
        ("false || 1 / 0 == 1", "by zero"),
        ("true && 1 / 0 == 1", "by zero"),
        ("1 / 0 == 1 ? true : true", "by zero"),
        ("[0, 2].exists(x, 1 / x == 1)", "by zero"),
        ("[0, 1].all(x, 1 / x == 1)", "by zero"),
        ("[0, 1].exists_one(x, 1 / x == 1)", "by zero"),
        ("size([0, 1].filter(x, 1 / x == 1)) == 1", "by zero"),
        ("size([0, 1].map(x, 1 / x)) == 1", "by zero"),
        ("dyn(1) ? true : false", "expected bool"),
        ("has(claims.level.x)", "has no fields"),
    ]);
}

#[test]
fn lists_and_maps_are_gone_through() {
    hold(&[
        "[1, 2, 3].all(x, x > 0) && ![1, 2, 3].all(x, x > 1) && [].all(x, false)",
        "[1, 2, 3].exists(x, x == 2) && ![].exists(x, true)",
        "[1, 2, 3].exists_one(x, x > 2) && ![1, 2, 3].existsOne(x, x > 1) && ![].exists_one(x, true)",
        "[1, 2, 3].map(x, x * 2) == [2, 4, 6] && [1, 2, 3].map(x, x > 1, x * 2) == [4, 6] && [].map(x, x) == []",
        "[1, 2, 3].filter(x, x % 2 == 1) == [1, 3]",
        "{'a': 1, 'b': 2}.all(k, k in ['a', 'b']) && {'a': 1, 'b': 2}.map(k, k).size() == 2 && {1: 2}.exists(k, k == 1)",
        "[[1, 2], [3]].all(row, row.exists(x, row.size() == 2 || x == 3))",
        "[1, 2].map(x, [3, 4].map(y, x * y)) == [[3, 4], [6, 8]] && [1, 2].map(x, [x].map(x, x + 1)) == [[2], [3]]",
        "['a', 'b'].map(request, request + '!') == ['a!', 'b!']",
        "[1, 2, 3][0] == 1 && [1, 2, 3][2u] == 3 && {'a': {'b': [7]}}.a.b[0] == 7 && {true: 1}[true] == 1",
        "claims.roles.map(r, r.upperAscii()) == ['READER', 'WRITER'] && claims.org.exists(k, k == 'tags')",
        "has({'a': 1}.a) && !has({'a': 1}.b) && 'a' in {'a': 1} && size({'a': 1}) == 1 && {}.size() == 0",
    ]);
    fail(&[
        ("[1][1] == 1", "outside its list"),
        ("[1][-1] == 1", "outside its list"),
        ("{'a': 1}['b'] == 1", NO_KEY),
        ("{'a': 1, 'a': 2}.a == 1", "same key twice"),
        ("{1: 1, 1u: 2}[1] == 1", "same key twice"),
        ("{dyn([]): 1} == {}", "cannot be a list"),
        ("dyn(1).exists(x, true)", "needs a list or a map"),
        ("dyn(1) in dyn(2)", NO_OVERLOAD),
        ("dyn('a')[0] == 'a'", NO_OVERLOAD),
    ]);
}

#[test]
fn texts_are_counted_in_characters() {
    hold(&[
        "size('πέντε') == 5 && 'πέντε'.size() == 5 && size(b'\\xff\\x00') == 2 && size(bytes('é')) == 2",
        "'hello'.contains('ell') && 'hello'.startsWith('he') && 'hello'.endsWith('lo') && ''.contains('') && !'a'.contains('A')",
        "'TacoCÆt'.lowerAscii() == 'tacocÆt' && 'TacoCæt'.upperAscii() == 'TACOCæT'",
        "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'a,b'.split(',', 0) == [] && 'aé'.split('') == ['a', 'é']",
        "''.split(',') == [''] && 'a,,b'.split(',', -1) == ['a', '', 'b']",
        "['a', 'b'].join() == 'ab' && ['a', 'b'].join('-') == 'a-b' && [].join('-') == ''",
        "'hello hello'.replace('he', 'we') == 'wello wello' && 'hello hello'.replace('he', 'we', 1) == 'wello hello' && 'ab'.replace('', '_') == '_a_b_'",
        "'  a\\t'.trim() == 'a' && '\\u00a0b'.trim() == 'b'",
        "'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco' && 'ta©o'.substring(2, 3) == '©' && 'abc'.substring(3) == ''",
        "'hello mellow'.indexOf('ello') == 1 && 'hello mellow'.indexOf('ello', 2) == 7 && 'hello'.indexOf('x') == -1 && 'é-'.indexOf('-') == 1",
        "'hello mellow'.lastIndexOf('ello') == 7 && 'hello mellow'.lastIndexOf('ello', 6) == 1 && 'bananananana'.lastIndexOf('nana', 7) == 6",
        "'tacocat'.charAt(3) == 'o' && 'tacocat'.charAt(7) == '' && '©αT'.charAt(1) == 'α'",
        "'abc'.matches('^a.c$') && matches('xabcx', 'abc') && !'abc'.matches('^b') && request.path.matches('^/v[0-9]+/')",
        "'abc' < 'abd' && 'Z' < 'a' && '' < 'a' && b'\\x01' < b'\\x02' && false < true",
        "('aé' + 'b').substring(1, 2) == 'é' && 'A-B'.lowerAscii().split('-') == ['a', 'b']",
        "claims.names.filter(n, n.matches(claims.sub.charAt(9 - 9) == 'u' ? '[ab]' : 'x')).size() == 2",
    ]);
    fail(&[
        ("'abc'.substring(4) == ''", "outside its text"),
        ("'abc'.substring(2, 1) == ''", "ends before"),
        ("'abc'.charAt(-1) == ''", "outside its text"),
        ("dyn(1).contains('a')", NO_OVERLOAD),
        ("[dyn('a'), dyn(1)].join() == 'a'", NO_OVERLOAD),
        ("'a'.matches(request.query.q + '(')", "not a regular expression"),
    ]);
}

#[test]
fn conversions_say_no_rather_than_give_another_value() {
    hold(&[
        "int('42') == 42 && int(42u) == 42 && int(2.9) == 2 && int(-2.9) == -2 && int(timestamp('1970-01-01T00:01:00Z')) == 60",
        "uint('42') == 42u && uint(42) == 42u && uint(2.9) == 2u",
        "double('1.5') == 1.5 && double(1) == 1.0 && double(1u) == 1.0",
        "string(1) == '1' && string(1u) == '1' && string(1.5) == '1.5' && string(true) == 'true' && string(b'a') == 'a' && string('a') == 'a'",
        "string(duration('90.5s')) == '90.5s' && string(timestamp('2026-01-31T12:00:00.5+01:00')) == '2026-01-31T11:00:00.5Z'",
        "bytes('a') == b'a' && bytes(b'a') == b'a'",
        "bool('true') && bool('1') && bool('t') && bool('TRUE') && !bool('false') && !bool('0')",
        "string(ip('2001:DB8::7')) == '2001:db8::7' && ip('::ffff:192.0.2.7') == ip('192.0.2.7') && string(cidr('10.0.0.0/8')) == '10.0.0.0/8'",
    ]);
    fail(
        &[
            ("int('4x') == 4", "a string is no int"),
            ("int(9223372036854775808u) == 4", "a uint is no int"),
            ("int(1e19) == 4", "a double is no int"),
            ("int(double('NaN')) == 4", "a double is no int"),
            ("int(9223372036854775807.0) == 4", "a double is no int"),
            ("uint(-1) == 4u", "an int"),
            ("uint(-0.5) == 4u", "a double is no uint"),
            ("bool('yes')", "a string is no bool"),
            ("string(b'\\xff') == ''", "not UTF-8"),
            ("ip(request.query.q) == client.ip", "a string is no ip"),
            ("client.ip in cidr(request.query.q)", "a string is no cidr"),
            ("int(dyn([])) == 1", NO_OVERLOAD),
        ]
        .map(|(text, part)| (text, if part == "an int" { "is no uint" } else { part })),
    );
}

#[test]
fn timestamps_and_durations_are_exact() {
    hold(&[
        "timestamp('2009-02-13T23:31:30Z') == timestamp(1234567890) && timestamp('2009-02-13T23:31:30Z') - duration('1s') < timestamp(1234567890)",
        "timestamp('2024-02-29T00:00:00Z').getDayOfYear() == 59 && timestamp('2024-03-01T00:00:00Z') - timestamp('2024-02-28T00:00:00Z') == duration('48h')",
        "timestamp('2026-05-28T23:00:00Z').getDate('+05:30') == 29 && timestamp('2026-05-28T23:00:00Z').getHours('-02:00') == 21",
        "timestamp('2026-11-25T00:00:00Z').getDayOfWeek() == 3 && timestamp('2026-11-25T00:00:00Z').getMonth() == 10",
        "timestamp('2026-11-25T00:00:00Z').getDayOfMonth() == 24 && timestamp('2026-11-25T00:00:00Z').getFullYear('UTC') == 2026",
        "timestamp('1969-12-31T23:59:59.999Z').getMilliseconds() == 999 && timestamp('1969-12-31T23:59:59.999Z').getSeconds() == 59",
        "timestamp('0001-01-01T00:00:00Z') < timestamp('9999-12-31T23:59:59.999999999Z')",
        "duration('1h30m') == duration('5400s') && duration('-1.5h') < duration('0') && duration('1ms') == duration('1000us') && duration('.5s') == duration('500ms')",
        "duration('1h30m').getHours() == 1 && duration('1h30m').getMinutes() == 90 && duration('90s').getSeconds() == 90",
        "duration('1s') + duration('1s') == duration('2s') && duration('1s') - duration('2s') == duration('-1s')",
        "duration('1s') + timestamp(0) == timestamp(1)",
        "request.time.getFullYear() == 2023",
    ]);
    fail(
        &[
            ("timestamp('9999-12-31T23:59:59Z') + duration('1s') > timestamp(0)", "out of range"),
            ("timestamp('0001-01-01T00:00:00Z') - duration('1ns') < timestamp(0)", "out of range"),
            ("timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z') > duration('1s')", "out of range"),
            ("duration('2562047h') + duration('2562047h') > duration('1s')", "out of range"),
            ("timestamp(253402300800) > timestamp(0)", "an int is no timestamp"),
            ("timestamp(request.query.q) > timestamp(0)", "a string is no timestamp"),
            ("duration(request.query.q) > duration('1s')", "a string is no duration"),
            ("request.time.getHours(request.query.q) == 1", "a time zone is"),
        ]
        .map(|(text, part)| (text, if part.starts_with("an int") { "is no timestamp" } else { part })),
    );
}

#[test]
fn work_is_bounded_and_nothing_absorbs_that() {
    let items = vec!["1"; 200].join(", ");
    let many = format!("[{items}]");
    for text in [
        format!("{many}.all(a, {many}.all(b, a == b)) || true"),
        format!("{many}.map(a, 'x').map(b, b).exists(c, {many}.exists(d, {many}.exists(e, c == 'y'))) || true"),
    ] {
        check(&text, Err("more work"));
    }
    let doubled = (0..14).fold("'0123456789'".to_owned(), |text, _| format!("[{text}].map(s, s + s)[0]"));
    check(&format!("size({doubled}) > 0 || true"), Err("64 KiB"));
}

#[test]
fn a_tree_that_nobody_checked_fails_and_breaks_nothing() {
    for tree in [
        r#"["==", 1]"#,
        r#"["size"]"#,
        r#"["local", 3]"#,
        r#"["all", ["[]", 1]]"#,
        r#"["?:", 1, true, false]"#,
        r#"["regex", "(", "a"]"#,
        r#"["map", ["[]"], true]"#,
        r#"[".", "a", 1]"#,
        r#"["startsWith", "a", 1, 2]"#,
        r#"["getHours", ["timestamp!", "2026-01-01T00:00:00Z"], 1]"#,
    ] {
        let condition: Condition = serde_json::from_str(&format!(r#"{{"cel": {tree}}}"#)).unwrap();
        let scene = Scene::of("GET", "https://api.example/", &[]);
        assert!(condition.holds(&scene.exchange(), &scene.request()).is_err(), "{tree}");
    }
    for tree in
        ["[]", r#"["nonsense"]"#, r#"["$", "request.nonsense"]"#, r#"["type!", "x"]"#, r#"["?:", true]"#, "18446744073709551615", "1.5"]
    {
        assert!(serde_json::from_str::<Condition>(&format!(r#"{{"cel": {tree}}}"#)).is_err(), "{tree}");
    }
}

#[test]
fn doubles_are_shipped_to_the_last_bit() {
    for text in ["1.38e-23", "-5.43e-21", "0.30000000000000004", "1.7976931348623157e308", "5e-324", "2.2250738585072011e-308"] {
        let number: f64 = text.parse().unwrap();
        let shipped = serde_json::to_string(&Expression::parse(&format!("double('{text}') == {text}")).unwrap()).unwrap();
        let read: Expression = serde_json::from_str(&shipped).unwrap();
        let scene = Scene::of("GET", "https://api.example/", &[]);
        let (cx, request) = (scene.exchange(), scene.request());
        assert!(matches!(read.value(&cx, &request), Ok(value::Value::Bool(true))), "{text} in {shipped}, which is {number:e}");
    }
}
