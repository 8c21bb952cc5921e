use super::*;

#[test]
fn files_of_variables_are_read() {
    for (text, expect) in [
        ("A=1\n\n# comment\n B = two words \n", Ok(vec![("A", "1"), ("B", "two words")])),
        ("\u{feff}export A=\"x=y\"\r\nB='\"'\r\n", Ok(vec![("A", "x=y"), ("B", "\"")])),
        ("KEY=\"-----BEGIN\\nabc\\n\"", Ok(vec![("KEY", "-----BEGIN\nabc\n")])),
        ("A=", Ok(vec![("A", "")])),
        ("A=\"one\ntwo==\nthree\"\nB=1", Ok(vec![("A", "one\ntwo==\nthree"), ("B", "1")])),
        ("A='one\r\ntwo'\r\n", Ok(vec![("A", "one\ntwo")])),
        ("A=\"half\nB=\"whole\"", Ok(vec![("A", "\"half"), ("B", "whole")])),
        (r#"A="a\"b\\n\x$c""#, Ok(vec![("A", r#"a"b\n\x$c"#)])),
        (r#"A=it's "x" #1"#, Ok(vec![("A", r#"it's "x" #1"#)])),
        ("A=1\nsecret", Err("line 2: expected NAME=value")),
        ("a b=1", Err("line 1: expected NAME=value")),
        ("1A=1", Err("line 1: expected NAME=value")),
        ("=1", Err("line 1: expected NAME=value")),
    ] {
        let got = Deployment::parse(text);
        match expect {
            Ok(expect) => {
                let expect = expect.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                assert_eq!(got, Ok(Deployment(expect)), "{text}");
            }
            Err(part) => {
                assert!(got.as_ref().is_err_and(|message| message.contains(part) && !message.contains("secret")), "{text}: {got:?}")
            }
        }
    }
}

/// Compiles `text` as a field that must satisfy `right`, and says whether that passes and what it needs.
fn check(text: &str, right: impl Fn(&str) -> bool, expect: (bool, &[&str])) {
    let named = |_: &str| {
        let names: Vec<String> = text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
        (names, !text.starts_with("${"))
    };
    let Sketch { needs, result, .. } = sketch("id", named, |compiler| {
        let resolved = compiler.text("field", text)?;
        if right(&resolved) { Ok(()) } else { Err(ConfigError::at("field", "wrong")) }
    });
    assert_eq!((result.is_ok(), needs.variables.iter().map(String::as_str).collect::<Vec<_>>()), (expect.0, expect.1.to_vec()), "{text}");
}

#[test]
fn unknown_values_are_judged_as_far_as_they_can_be() {
    check("https://a.example", |text| text.starts_with("https://"), (true, &[]));
    check("a.example", |text| text.starts_with("https://"), (false, &[]));
    check("${URL}", |text| text.starts_with("https://"), (true, &["URL"]));
    check("https://${HOST}", |text| text.starts_with("https://"), (true, &["HOST"]));
    check("${PORT}", |text| text.parse::<u16>().is_ok(), (true, &["PORT"]));
    check("ftp://${HOST}", |text| text.starts_with("https://"), (false, &["HOST"]));
    check("${ODD}", |text| text == "something that nobody guesses", (true, &["ODD"]));
}

#[test]
fn what_is_needed_is_known_although_no_stand_in_fits() {
    let named = |_: &str| (vec!["PEM".to_owned()], false);
    let Sketch { needs, result, gave_up } = sketch("id", named, |compiler| {
        compiler.needs.identity_headers.insert("x-user".to_owned());
        compiler.text("pem", "${PEM}").and_then(|_| Err(ConfigError::at("pem", "there is no key in it")))
    });
    assert_eq!((result, gave_up), (Ok(()), true));
    assert_eq!(Vec::from_iter(needs.variables), ["PEM"]);
    assert_eq!(Vec::from_iter(needs.identity_headers), ["x-user"], "clients must not be able to send it");
}
