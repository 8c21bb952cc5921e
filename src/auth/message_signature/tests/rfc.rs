//! The examples of RFC 9421: appendix B.2 to B.4, and those of section 2.

use super::*;

const B21: &str = r#"();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#;
const B22: &str =
    r#"("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#;
const B23: &str = r#"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#;
const B25: &str = r#"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
const B26: &str = r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
const B23_SIGNATURE: &str = "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==";
const B25_SIGNATURE: &str = "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=";

#[test]
fn the_signatures_of_appendix_b_2_hold() {
    for (input, signature, covers_digest) in [
        (
            B21,
            "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==",
            false,
        ),
        (
            B22,
            "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==",
            true,
        ),
        (B23, B23_SIGNATURE, true),
        (B25, B25_SIGNATURE, false),
        (B26, "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==", false),
    ] {
        let sent = Sent::rfc().signed_by("sig-b2", input, signature);
        let proof = sent.verify(&rules(&[]), NOW_S).unwrap();
        assert_eq!((proof.covers_digest, proof.until_ms), (covers_digest, (NOW_S + 330) * 1_000), "{input}");
        let other = Sent { method: "PUT", ..sent.clone() }.verify(&rules(&[]), NOW_S);
        assert_eq!(other.is_ok(), !input.contains("@method"), "{input}");
    }
    let only_full = rules(&["@method", "@target-uri", "content-digest"]);
    assert!(Sent::rfc().signed_by("sig-b23", B23, B23_SIGNATURE).verify(&only_full, NOW_S).is_ok());
    let refused = Sent::rfc().signed_by("sig-b25", B25, B25_SIGNATURE).verify(&only_full, NOW_S);
    assert_eq!(refused, Err(Refusal::NotCovered("@method".to_owned())));
}

#[test]
fn the_response_of_appendix_b_2_4_is_right_and_is_no_request() {
    let digest = "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:";
    let input = r#"("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256""#;
    let base = format!(
        "\"@status\": 200\n\"content-type\": application/json\n\"content-digest\": {digest}\n\"content-length\": 23\n\"@signature-params\": {input}"
    );
    let text = "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==";
    let signature = STANDARD.decode(text).unwrap();
    let key = &keys()["test-key-ecc-p256"].key;
    assert!(key.verifies_bytes(Jws::ES256, base.as_bytes(), &signature));
    assert!(!key.verifies_bytes(Jws::ES256, base.replace("200", "201").as_bytes(), &signature));
    assert!(!key.verifies_bytes(Jws::ES384, base.as_bytes(), &signature));
    let sent = Sent::rfc().signed_by("sig-b24", input, text).verify(&rules(&[]), NOW_S);
    assert_eq!(sent, Err(Refusal::Component("\"@status\"".to_owned(), "is no component of a request")));
}

#[test]
fn the_proxy_of_appendix_b_3_holds() {
    let certificate = ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:";
    let input = r#"("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256""#;
    let signature = "xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==";
    let sent = Sent { url: "https://service.internal.example/foo?param=Value&Pet=dog".to_owned(), ..Sent::rfc() };
    let sent = sent.with("client-cert", certificate).signed_by("ttrp", input, signature);
    assert!(sent.verify(&rules(&["@method", "@target-uri"]), NOW_S).is_ok());
    assert!(
        Sent { url: "https://service.internal.example/foo?param=Value&Pet=cat".to_owned(), ..sent }.verify(&rules(&[]), NOW_S).is_err()
    );
}

#[test]
fn the_transformations_of_appendix_b_4_hold_or_do_not() {
    let input = r#"("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519""#;
    let signature = "ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==";
    let url = "https://example.org/demo?name1=Value1&Name2=value2";
    let two = [("accept", "application/json"), ("accept", "*/*")];
    for (name, method, url, fields, holds) in [
        ("as it was sent", "GET", url, &two[..], true),
        ("a query that is not covered", "GET", "https://example.org/demo?name1=Value1&Name2=value2&param=added", &two, true),
        ("lines joined", "GET", url, &[("accept", "application/json, */*")], true),
        ("white space around", "GET", url, &[("accept", "  application/json, */*  ")], true),
        ("another method", "POST", url, &two, false),
        ("another host", "GET", "https://example.com/demo?name1=Value1&Name2=value2", &two, false),
        ("another order", "GET", url, &[("accept", "*/*"), ("accept", "application/json")], false),
    ] {
        let sent = Sent::new(method, url, fields).signed_by("transform", input, signature);
        assert_eq!(sent.verify(&rules(&[]), NOW_S).is_ok(), holds, "{name}");
    }
}

fn check(sent: &Sent, rows: &[(&str, Result<&str, &str>)]) {
    for (component, expect) in rows {
        let got = sent.base(&format!("({component})"));
        let value = got.as_ref().map(|base| base.lines().next().unwrap().strip_prefix(&format!("{component}: ")).unwrap());
        match (value, expect) {
            (Ok(value), Ok(expect)) => assert_eq!(value, *expect, "{component}"),
            (Err(Refusal::Component(_, reason)), Err(part)) => assert!(reason.contains(part), "{component}: {reason}"),
            (got, _) => panic!("{component}: {got:?}, expected {expect:?}"),
        }
    }
}

#[test]
fn components_have_the_values_of_section_2() {
    let sent = Sent::new(
        "POST",
        "https://WWW.example.com:443/path?param=value&foo=bar&baz=bat%2Dman",
        &[
            ("x-ows-header", "  Leading and trailing whitespace.   "),
            ("cache-control", "max-age=60"),
            ("cache-control", "   must-revalidate"),
            ("example-dict", r#"a=1,    b=2;x=1;y=2,   c=(a   b   c), d"#),
            ("priority", "u=1,   i"),
            ("x-empty-header", ""),
            ("example-header", "value, with, lots"),
            ("example-header", "of, commas"),
        ],
    );
    check(
        &sent,
        &[
            (r#""x-ows-header""#, Ok("Leading and trailing whitespace.")),
            (r#""cache-control""#, Ok("max-age=60, must-revalidate")),
            (r#""x-empty-header""#, Ok("")),
            (r#""example-dict""#, Ok("a=1,    b=2;x=1;y=2,   c=(a   b   c), d")),
            (r#""example-dict";key="a""#, Ok("1")),
            (r#""example-dict";key="d""#, Ok("?1")),
            (r#""example-dict";key="b""#, Ok("2;x=1;y=2")),
            (r#""example-dict";key="c""#, Ok("(a b c)")),
            (r#""example-dict";key="e""#, Err("no member")),
            (r#""example-dict";sf"#, Err("not known to be a structured field")),
            (r#""priority";sf"#, Ok("u=1, i")),
            (r#""example-header";bs"#, Ok(":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:")),
            (r#""example-header";bs;sf"#, Err("contradict")),
            (r#""x-ows-header";key="a""#, Err("not a dictionary")),
            (r#""@method""#, Ok("POST")),
            (r#""@target-uri""#, Ok("https://www.example.com/path?param=value&foo=bar&baz=bat%2Dman")),
            (r#""@authority""#, Ok("www.example.com")),
            (r#""@scheme""#, Ok("https")),
            (r#""@request-target""#, Ok("/path?param=value&foo=bar&baz=bat%2Dman")),
            (r#""@path""#, Ok("/path")),
            (r#""@query""#, Ok("?param=value&foo=bar&baz=bat%2Dman")),
            (r#""@query-param";name="baz""#, Ok("bat-man")),
            (r#""x-absent""#, Err("absent")),
            (r#""x-absent";bs"#, Err("absent")),
            (r#""X-Ows-Header""#, Err("lower case")),
            (r#""x-ows-header";tr"#, Err("not taken here")),
            (r#""x-ows-header";req"#, Err("not taken here")),
            (r#""x-ows-header";sf=?0"#, Err("not taken here")),
            (r#""@method";req"#, Err("no parameters")),
            (r#""@signature-params""#, Err("no component of a request")),
            (r#""@status""#, Err("no component of a request")),
            (r#""@query-param""#, Err("needs `name`")),
            (r#""@query-param";name="baz";req"#, Err("needs `name`")),
            ("method", Err("not a string")),
        ],
    );
    let bare = Sent::new("GET", "https://a.example", &[]);
    check(&bare, &[(r#""@query""#, Ok("?")), (r#""@path""#, Ok("/")), (r#""@request-target""#, Ok("/"))]);
}

#[test]
fn query_parameters_are_written_as_section_2_2_8_has_it() {
    let query = "var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something&twice=1&twice=2&empty=&no\
        &bad=%zz&torn=%C3&tilde=~";
    let sent = Sent::new("GET", &format!("https://a.example/parameters?{query}"), &[]);
    check(
        &sent,
        &[
            (r#""@query-param";name="var""#, Ok("this%20is%20a%20big%0Amultiline%20value")),
            (r#""@query-param";name="bar""#, Ok("with%20plus%20whitespace")),
            (r#""@query-param";name="fa%C3%A7ade%22%3A%20""#, Ok("something")),
            (r#""@query-param";name="empty""#, Ok("")),
            (r#""@query-param";name="no""#, Ok("")),
            (r#""@query-param";name="tilde""#, Ok("%7E")),
            (r#""@query-param";name="twice""#, Err("more than once")),
            (r#""@query-param";name="bad""#, Err("not encoded cleanly")),
            (r#""@query-param";name="torn""#, Err("not encoded cleanly")),
            (r#""@query-param";name="absent""#, Err("absent")),
        ],
    );
}
