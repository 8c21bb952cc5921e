use super::*;
use proptest::prelude::*;

/// Reads `text` as a dictionary, a list and an item, and holds each against its canonical spelling; `None` where it is none.
fn check(read: impl Fn(&str) -> Result<String, Malformed>, rows: &[(&str, Option<&str>)]) {
    for (text, expect) in rows {
        let got = read(text);
        assert_eq!(got.as_deref().ok(), *expect, "{text:?}: {got:?}");
        if let Ok(canonical) = got {
            assert_eq!(read(&canonical), Ok(canonical.clone()), "{text:?} is not stable");
        }
    }
}

#[test]
fn items_are_read() {
    let long = "1".repeat(16);
    check(
        |text| item(text).map(|item| item.to_string()),
        &[
            ("42", Some("42")),
            (" -42 ", Some("-42")),
            ("0042", Some("42")),
            ("-0", Some("0")),
            ("--1", None),
            ("-", None),
            ("999999999999999", Some("999999999999999")),
            (&long, None),
            ("1.5", Some("1.5")),
            ("-1.000", Some("-1.0")),
            ("1.0625", None),
            ("1.", None),
            (".5", None),
            ("123456789012.1", Some("123456789012.1")),
            ("1234567890123.1", None),
            (r#""a \"b\" \\""#, Some(r#""a \"b\" \\""#)),
            (r#""a"#, None),
            (r#""\a""#, None),
            ("\"a\tb\"", None),
            ("\"é\"", None),
            ("tok/en:1", Some("tok/en:1")),
            ("*a", Some("*a")),
            ("1a", None),
            (":aGk=:", Some(":aGk=:")),
            ("::", Some("::")),
            (":aGk:", None),
            (":aGl=:", None),
            (":a b:", None),
            (":aGk=", None),
            ("?1", Some("?1")),
            ("?0", Some("?0")),
            ("?2", None),
            ("?", None),
            ("@1659578233", Some("@1659578233")),
            ("@1.5", None),
            (r#"%"f%c3%bc""#, Some(r#"%"f%c3%bc""#)),
            (r#"%"f%C3%BC""#, None),
            (r#"%"%ff""#, None),
            (r#"%"%c""#, None),
            (r#"%"100%25""#, Some(r#"%"100%25""#)),
            ("a;b;c=1; d=?0;c=2", Some("a;b;c=2;d=?0")),
            ("a ;b", None),
            ("a;B", None),
            ("a;", None),
            ("", None),
            ("a,b", None),
            ("a b", None),
        ],
    );
}

/// The least that a reader must take, by RFC 9651 sections 3.1 to 3.3.
#[test]
fn what_the_standard_asks_for_is_taken() {
    let key = "k".repeat(64);
    for (case, text) in [
        ("a list of 1024 members", vec!["a"; 1024].join(", ")),
        ("an inner list of 256 items", format!("({})", vec!["a"; 256].join(" "))),
        ("a name of 64 characters in parameters", format!("a;{key}=1")),
        ("256 parameters", format!("a{}", (0..256).map(|index| format!(";b{index}")).collect::<String>())),
        ("a string of 1024 characters", format!("\"{}\"", "a".repeat(1024))),
        ("a string of 1024 characters that are all escaped", format!("\"{}\"", "\\\"".repeat(1024))),
        ("a token of 512 characters", "a".repeat(512)),
        ("16384 bytes", Bare::Bytes(vec![7; 16384]).to_string()),
        ("1024 characters of any text", Bare::Display("é".repeat(1024)).to_string()),
    ] {
        assert_eq!(list(&text).map(|list| list.to_string()), Ok(text), "{case}");
    }
    for (case, text) in [
        ("a dictionary of 1024 members", (0..1024).map(|index| format!("a{index}=1")).collect::<Vec<_>>().join(", ")),
        ("a name of 64 characters", format!("{key}=1")),
    ] {
        assert_eq!(dictionary(&text).map(|dictionary| dictionary.to_string()), Ok(text), "{case}");
    }
}

#[test]
fn lists_are_read() {
    let many = |count: usize| vec!["a"; count].join(", ");
    check(
        |text| list(text).map(|list| list.to_string()),
        &[
            ("", Some("")),
            ("  ", Some("")),
            ("a,b ,\t c", Some("a, b, c")),
            ("a,", None),
            (",a", None),
            ("a,,b", None),
            ("a b", None),
            (r#"("a" "b";x);y, ()"#, Some(r#"("a" "b";x);y, ()"#)),
            ("( a   b )", Some("(a b)")),
            ("(a", None),
            ("(a\tb)", None),
            ("(a,b)", None),
            (r#"("a""b")"#, None),
            ("((a))", None),
            (&many(MOST_MEMBERS), Some(&many(MOST_MEMBERS))),
            (&many(MOST_MEMBERS + 1), None),
            (&format!("({}", "a ".repeat(MOST_MEMBERS + 1)), None),
            (&" ".repeat(MOST_BYTES + 1), None),
        ],
    );
}

#[test]
fn dictionaries_are_read() {
    let names = |count: usize| (0..count).map(|index| format!("a{index}")).collect::<Vec<_>>().join(", ");
    let parameters = |count: usize| format!("a{}", (0..count).map(|index| format!(";b{index}")).collect::<String>());
    check(
        |text| dictionary(text).map(|dictionary| dictionary.to_string()),
        &[
            ("", Some("")),
            ("a=1,b, c;x=2", Some("a=1, b, c;x=2")),
            ("a=?1;x", Some("a;x")),
            ("a=1, b=2, a=3", Some("a=3, b=2")),
            ("a =1", None),
            ("a= 1", None),
            ("A=1", None),
            ("a=1 b=2", None),
            ("a=1,", None),
            ("a=", None),
            (r#"sig=("@method" "x";sf);created=1;keyid="k""#, Some(r#"sig=("@method" "x";sf);created=1;keyid="k""#)),
            (&names(MOST_MEMBERS), Some(&names(MOST_MEMBERS))),
            (&names(MOST_MEMBERS + 1), None),
            (&parameters(MOST_PARAMETERS), Some(&parameters(MOST_PARAMETERS))),
            (&parameters(MOST_PARAMETERS + 1), None),
        ],
    );
    assert!(dictionary("a=1, a=2").unwrap().repeated);
    for place in [0, 7, 8, 9, 40] {
        let text = format!("{}, a{place}=x", names(41));
        let read = dictionary(&text).unwrap();
        assert!(read.repeated, "{place}");
        assert_eq!(read.members.len(), 41, "{place}");
        assert_eq!(read.get(&format!("a{place}")).map(ToString::to_string).as_deref(), Some("x"), "{place}");
        assert_eq!(read.to_string(), names(41).replacen(&format!("a{place}"), &format!("a{place}=x"), 1), "{place} keeps its place");
    }
    assert!(!dictionary("a=1, b=2").unwrap().repeated);
}

fn bare() -> impl Strategy<Value = Bare> {
    prop_oneof![
        (-999_999_999_999_999i64..=999_999_999_999_999).prop_map(Bare::Integer),
        (-999_999_999_999_999i64..=999_999_999_999_999).prop_map(Bare::Decimal),
        "[ -~]{0,12}".prop_map(Bare::String),
        "[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]{0,8}".prop_map(Bare::Token),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Bare::Bytes),
        any::<bool>().prop_map(Bare::Boolean),
        (-999_999_999_999_999i64..=999_999_999_999_999).prop_map(Bare::Date),
        ".{0,8}".prop_map(Bare::Display),
    ]
}

fn parameters() -> impl Strategy<Value = Parameters> {
    prop::collection::btree_map("[a-z*][a-z0-9_.*-]{0,4}", bare(), 0..4).prop_map(|map| Parameters(map.into_iter().collect()))
}

fn an_item() -> impl Strategy<Value = Item> {
    (bare(), parameters()).prop_map(|(value, parameters)| Item { value, parameters })
}

fn member() -> impl Strategy<Value = Member> {
    prop_oneof![
        an_item().prop_map(Member::Item),
        (prop::collection::vec(an_item(), 0..4), parameters())
            .prop_map(|(items, parameters)| Member::List(InnerList { items, parameters })),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        members in prop::collection::vec(member(), 0..4),
        named in prop::collection::btree_map("[a-z*][a-z0-9_.*-]{0,4}", member(), 0..4),
        one in an_item(),
    ) {
        let written = List(members);
        prop_assert_eq!(list(&written.to_string()), Ok(written));
        let written = Dictionary { members: named.into_iter().collect(), repeated: false };
        prop_assert_eq!(dictionary(&written.to_string()), Ok(written));
        prop_assert_eq!(item(&one.to_string()), Ok(one));
    }

    #[test]
    fn whatever_is_read_has_one_spelling(text in r#"[a-c0-2"\\:;=,()?@%. *-]{0,24}"#) {
        if let Ok(read) = dictionary(&text) {
            prop_assert_eq!(dictionary(&read.to_string()), Ok(Dictionary { repeated: false, ..read }));
        }
        if let Ok(read) = list(&text) {
            prop_assert_eq!(list(&read.to_string()), Ok(read));
        }
        if let Ok(read) = item(&text) {
            prop_assert_eq!(item(&read.to_string()), Ok(read));
        }
    }
}
