//! What is refused before there is a request, and where the caret stands.

use proptest::prelude::*;

use super::*;

/// `text` is refused at `word`, for a reason that has `part` in it.
#[track_caller]
fn refused(text: &str, word: &str, part: &str) -> Misread {
    let error = condition(text).expect_err(text);
    assert_eq!(text.get(error.span.clone()), Some(word), "{text}: {error}");
    assert!(error.message.contains(part), "{text}: {error}");
    assert_eq!(Misread::read(&error.to_string()), Some(error.clone()), "{text}");
    error
}

#[test]
fn a_wrong_name_is_shown_and_the_nearest_right_one_offered() {
    for (text, word, part, nearest) in [
        ("request.heder.x == 'a'", "heder", "`request` has no `heder`", Some("header")),
        ("reqest.method == 'GET'", "reqest", "no variable `reqest`", Some("request")),
        ("true && client. countri == 'CH'", "countri", "`client` has no `countri`", Some("country")),
        ("path == '/'", "path", "no variable `path`", Some("request.path")),
        ("claim.sub == 'a'", "claim", "no variable `claim`", Some("claims")),
        ("request.path.startWith('/')", "startWith", "no function `startWith`", Some("startsWith")),
        ("siz(request.path) > 1", "siz", "no function `siz`", Some("size")),
        ("identity.scopes.exist(s, s == 'a')", "exist", "no function `exist`", Some("exists")),
        ("['é'].exists(x, xx == 'a')", "xx", "no variable `xx`", None),
        ("identity.scopes.exists(scope, scop == 'a')", "scop", "no variable `scop`", Some("scope")),
        ("has(request.query.x) && has(request.qery.x)", "qery", "has no `qery`", Some("query")),
        ("strings.quote('a') == 'a'", "quote", "no function `quote`", None),
    ] {
        assert_eq!(refused(text, word, part).suggestion.as_deref(), nearest, "{text}");
    }
}

#[test]
fn types_are_checked_as_far_as_they_are_known() {
    for (text, word, part) in [
        ("request.method", "request.method", "says true or false, and this gives a string"),
        ("  size(request.path) ", "size(request.path)", "this gives an int"),
        ("request.method == 1", "==", "a string never equals an int"),
        ("client.ip == '192.0.2.7'", "==", "an ip never equals a string"),
        ("request.method < 1", "<", "have no order"),
        ("request.method + 1 == ''", "+", "`+` has no meaning for a string and an int"),
        ("1 + 1.5 > 2.0", "+", "`+` has no meaning for an int and a double"),
        ("request.method && true", "request.method", "must be true or false, and is a string"),
        ("true || (true && size('a'))", "size('a')", "must be true or false, and is an int"),
        ("!request.method", "!", "needs true or false"),
        ("-request.method == ''", "-", "needs an int or a double"),
        ("size('a') ? true : false", "size('a')", "must be true or false"),
        ("1 in identity.scopes", "in", "an int is never in a list of string"),
        ("'a' in request.path", "in", "and this is a string"),
        ("client.ip in cidr('10.0.0.0/8') && 'a' in cidr('10.0.0.0/8')", "in", "a string is never in a cidr"),
        ("request.path[0] == 'a'", "[", "has nothing at"),
        ("identity.scopes['a'] == 'a'", "[", "a place in a list is an int"),
        ("request.query[1] == 'a'", "[", "a key of this map is a string"),
        ("request.path.size == 1", "size", "a string has no fields"),
        ("request.path.contains(1)", "contains", "cannot be called like this, with string, int"),
        ("contains(request.path, 'a')", "contains", "cannot be called like this"),
        ("request.path.exists(c, true)", "request.path", "goes through a list or a map, and this is a string"),
        ("identity.scopes.exists(true)", "exists", "needs a variable"),
        ("identity.scopes.exists('a', true)", "exists", "needs a variable"),
        ("identity.scopes.all(s, s)", "s", "must be true or false, and is a string"),
        ("size(request) > 1", "request", "is a group of facts"),
        ("has('a')", "'a'", "asks about a field"),
        ("has(request.header['a'])", "request.header['a']", "asks about a field"),
        ("{[1]: 2} == {}", "[1]", "a key of a map cannot be a list of int"),
        ("Foo{a: 1} == 1", "{", "makes no messages"),
    ] {
        refused(text, word, part);
    }
}

#[test]
fn what_is_written_out_is_tried_at_once() {
    for (text, word, part) in [
        ("client.ip in cidr('10.0.0.0/33')", "'10.0.0.0/33'", "33 bits"),
        ("client.ip in cidr('10.0.0.1/8')", "'10.0.0.1/8'", "the network is \"10.0.0.0/8\""),
        ("client.ip == ip('10.0.0')", "'10.0.0'", "is not an address"),
        ("request.time > timestamp('2026-13-01')", "'2026-13-01'", "is not a timestamp"),
        ("request.time > request.time + duration('5 min')", "'5 min'", "is not a duration"),
        ("request.path.matches('(')", "'('", "is not a regular expression"),
        ("request.path.matches('((a{99}){99}){9}')", "'((a{99}){99}){9}'", "is not a regular expression"),
        ("request.time.getHours('Europe/Zurich') > 1", "'Europe/Zurich'", "is not a time zone"),
        ("request.path == '${PATH}'", "${", "not filled in"),
    ] {
        refused(text, word, part);
    }
}

#[test]
fn what_is_not_cel_is_shown_where_it_goes_wrong() {
    for (text, word, part) in [
        ("", "", "cannot be empty"),
        ("request.method ==", "", "ends too early"),
        ("request.method = 'GET'", "=", "not CEL"),
        ("true and false", "and", "not CEL"),
        ("(true", "", "ends too early"),
        ("true)", ")", "not CEL"),
        ("request.?method == 'a'", ".", "unsupported syntax"),
        ("99999999999999999999 > 1", "99999999999999999999", "invalid int literal"),
        ("'a\\q' == 'a'", "'", "cannot be read from here on"),
        ("if == 1", "if", "reserved"),
        ("'é' == 'é' &&& true", "&", "not CEL"),
        ("true &&\n fals\u{e9}", "\u{e9}", "not CEL"),
    ] {
        refused(text, word, part);
    }
    assert_eq!(refused("request.method = 'GET'", "=", "").help.as_deref(), Some("equality is `==`"));
    assert_eq!(refused("true and false", "and", "").help.as_deref(), Some("write `&&`"));
    let deep = format!("{}true{}", "(true || ".repeat(40), ")".repeat(40));
    assert!(condition(&deep).is_ok());
    let deep = format!("{}1 == 1", "1 + ".repeat(100));
    assert!(condition(&deep).expect_err("deep").message.contains("too deep"));
    assert!(condition(&"x".repeat(5000)).expect_err("long").message.contains("at most"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_breaks_the_reader(parts in prop::collection::vec(
        prop_oneof![
            Just("request.path"), Just("claims.a"), Just("'a\u{e9}'"), Just("("), Just(")"), Just("["), Just("]"), Just("{"), Just("}"), Just("&&"),
            Just("."), Just("?"), Just(":"), Just(","), Just("1"), Just("-"), Just(" in "), Just("exists(x, x)"), Just("has("), Just("\\"), Just("\n"),
            Just("==") , Just("'"), Just("\""), Just("b'"), Just("\u{1f431}"), Just("$"), Just("matches"), Just("0x"), Just("1e999"),
        ], 0..12)) {
        let text = parts.concat();
        if let Err(error) = expression(&text) {
            prop_assert!(text.get(error.span.clone()).is_some(), "{}: {}", text, error);
        }
    }
}
