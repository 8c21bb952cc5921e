//! What somebody tries who has seen good requests, or has no key.

use super::*;
use proptest::prelude::*;

const INPUT: &str = r#"("@method" "@target-uri" "content-digest");created=1618884473;keyid="test-shared-secret""#;

fn all() -> Rules {
    rules(&["@method", "@target-uri", "content-digest"])
}

fn refusal(name: &str, sent: &Sent, rules: &Rules, now_s: u64, expect: &str) {
    match sent.verify(rules, now_s) {
        Err(refusal) => assert!(refusal.to_string().contains(expect), "{name}: {refusal}"),
        Ok(proof) => panic!("{name}: {proof:?}"),
    }
}

#[test]
fn nothing_that_was_signed_can_be_changed() {
    let good = Sent::rfc().signed(INPUT);
    assert!(good.verify(&all(), NOW_S).is_ok());
    let elsewhere = |url: &str| Sent { url: url.to_owned(), ..good.clone() };
    let field = |name: &str, from: &str, to: &str| {
        let mut sent = good.clone();
        for (known, value) in &mut sent.fields {
            if known == name {
                *value = value.replace(from, to);
            }
        }
        sent
    };
    for (name, sent) in [
        ("another method", Sent { method: "DELETE", ..good.clone() }),
        ("another path", elsewhere("https://example.com/bar?param=Value&Pet=dog")),
        ("another query", elsewhere("https://example.com/foo?param=Value&Pet=cat")),
        ("no query", elsewhere("https://example.com/foo")),
        ("another host", elsewhere("https://example.org/foo?param=Value&Pet=dog")),
        ("another port", elsewhere("https://example.com:8443/foo?param=Value&Pet=dog")),
        ("another scheme", elsewhere("http://example.com/foo?param=Value&Pet=dog")),
        ("another digest", field("content-digest", "WZDP", "WZDQ")),
        ("a second digest", good.clone().with("content-digest", "sha-256=:AAAA:")),
        ("a later time", field("signature-input", "1618884473", "1618884474")),
        ("a nonce more", field("signature-input", ";keyid", ";nonce=\"n\";keyid")),
        ("a parameter more", field("signature-input", ";keyid", ";x;keyid")),
        ("another order", field("signature-input", r#""@method" "@target-uri""#, r#""@target-uri" "@method""#)),
        ("another signature", field("signature", "sig=:", "sig=:AAAA")),
        ("an empty signature", Sent::rfc().signed_by("sig", INPUT, "")),
    ] {
        refusal(name, &sent, &all(), NOW_S, "does not hold");
    }
    assert!(elsewhere("https://EXAMPLE.com:443/%66oo?param=Value&Pet=dog").verify(&all(), NOW_S).is_ok(), "another spelling of the same");
}

#[test]
fn less_than_what_must_be_covered_does_not_do() {
    let by_secret = |components: &str| Sent::rfc().signed(&format!(r#"({components});created=1618884473;keyid="test-shared-secret""#));
    for (components, expect) in [
        (r#""@method" "@target-uri" "content-digest""#, None),
        (r#""@method" "@authority" "@path" "@query" "content-digest""#, None),
        (r#""@method" "@authority" "@request-target" "content-digest""#, None),
        (r#""content-digest";sf "@method" "@target-uri""#, None),
        ("", Some("@method")),
        (r#""@method""#, Some("@target-uri")),
        (r#""@method" "@authority" "@path""#, Some("@target-uri")),
        (r#""@method" "@path" "@query" "content-digest""#, Some("@target-uri")),
        (r#""@method" "@authority" "@path" "@query-param";name="Pet" "content-digest""#, Some("@target-uri")),
        (r#""@method" "@target-uri""#, Some("content-digest")),
        (r#""@method" "@target-uri" "content-digest";key="sha-512""#, Some("content-digest")),
    ] {
        let got = by_secret(components).verify(&all(), NOW_S);
        match expect {
            None => assert!(got.is_ok(), "{components}: {got:?}"),
            Some(missing) => assert_eq!(got, Err(Refusal::NotCovered(missing.to_owned())), "{components}"),
        }
    }
    let path_alone = rules(&["@path", "@authority"]);
    assert!(by_secret(r#""@target-uri""#).verify(&path_alone, NOW_S).is_ok());
    assert!(by_secret(r#""@request-target""#).verify(&path_alone, NOW_S).is_err());
}

#[test]
fn time_and_parameters_are_held() {
    let made = |parameters: &str| Sent::rfc().signed(&format!(r#"("@method");keyid="test-shared-secret"{parameters}"#));
    let with_nonce = Rules { nonce: true, ..rules(&[]) };
    let tagged = Rules { tag: Some("app".to_owned()), ..rules(&[]) };
    for (parameters, rules, after_s, expect) in [
        (";created=1618884473", &rules(&[]), 0, None),
        (";created=1618884473", &rules(&[]), 329, None),
        (";created=1618884473", &rules(&[]), 330, Some("too long ago")),
        (";created=1618884503", &rules(&[]), 0, None),
        (";created=1618884504", &rules(&[]), 0, Some("in the future")),
        (";created=-1", &rules(&[]), 0, Some("too long ago")),
        (";created=0", &rules(&[]), 0, Some("too long ago")),
        (";created=999999999999999", &rules(&[]), 0, Some("in the future")),
        (";created=1618884473;expires=1618884483", &rules(&[]), 39, None),
        (";created=1618884473;expires=1618884483", &rules(&[]), 40, Some("has expired")),
        (";created=1618884473;expires=9618884483", &rules(&[]), 330, Some("too long ago")),
        (";expires=9618884483", &rules(&[]), 0, Some("no `created`")),
        ("", &rules(&[]), 0, Some("no `created`")),
        (";created=\"1618884473\"", &rules(&[]), 0, Some("`created` is not of the right form")),
        (";created=1618884473.0", &rules(&[]), 0, Some("`created` is not of the right form")),
        (";created=1618884473;nonce=1", &rules(&[]), 0, Some("`nonce` is not of the right form")),
        (";created=1618884473;nonce=\"\"", &with_nonce, 0, Some("no `nonce`")),
        (";created=1618884473", &with_nonce, 0, Some("no `nonce`")),
        (";created=1618884473;nonce=\"n\"", &with_nonce, 0, None),
        (";created=1618884473;alg=\"hmac-sha256\"", &rules(&[]), 0, None),
        (";created=1618884473;alg=\"ed25519\"", &rules(&[]), 0, Some("algorithm")),
        (";created=1618884473;alg=\"none\"", &rules(&[]), 0, Some("algorithm")),
        (";created=1618884473;alg=\"\"", &rules(&[]), 0, Some("algorithm")),
        (";created=1618884473;tag=\"app\"", &tagged, 0, None),
        (";created=1618884473;tag=\"other\"", &tagged, 0, Some("no signature is by a key")),
        (";created=1618884473", &tagged, 0, Some("no signature is by a key")),
    ] {
        let sent = made(parameters);
        match expect {
            None => assert!(sent.verify(rules, NOW_S + after_s).is_ok(), "{parameters} {after_s}"),
            Some(part) => refusal(parameters, &sent, rules, NOW_S + after_s, part),
        }
    }
}

#[test]
fn what_is_unclear_is_refused() {
    let signature = Sent::rfc().signature(INPUT);
    let only = |fields: &[(&str, String)]| fields.iter().fold(Sent::rfc(), |sent, (name, value)| sent.with(name, value));
    let input = |text: String| ("signature-input", text);
    let value = |text: String| ("signature", text);
    let unknown = INPUT.replace("test-shared-secret", "somebody");
    for (name, sent, expect) in [
        ("neither field", Sent::rfc(), "no signature"),
        ("no Signature", only(&[input(format!("sig={INPUT}"))]), "no signature"),
        ("no Signature-Input", only(&[value(format!("sig=:{signature}:"))]), "no signature"),
        ("another label", only(&[input(format!("sig={INPUT}")), value(format!("gis=:{signature}:"))]), "Signature cannot be read"),
        (
            "a text for a signature",
            only(&[input(format!("sig={INPUT}")), value(format!("sig=\"{signature}\""))]),
            "Signature cannot be read",
        ),
        ("not a dictionary", only(&[input(INPUT.to_owned()), value(format!("sig=:{signature}:"))]), "Signature-Input cannot be read"),
        ("not an inner list", only(&[input("sig=\"@method\"".to_owned()), value(format!("sig=:{signature}:"))]), "Signature-Input cannot"),
        (
            "one label twice",
            only(&[input(format!("sig={INPUT}, sig={INPUT}")), value(format!("sig=:{signature}:"))]),
            "Signature-Input cannot be read",
        ),
        (
            "one label in two lines",
            only(&[input(format!("sig={INPUT}")), input(format!("sig={INPUT}")), value(format!("sig=:{signature}:"))]),
            "Signature-Input cannot be read",
        ),
        ("somebody's key", Sent::rfc().signed_by("sig", &unknown, &signature), "no signature is by a key"),
        ("no key", Sent::rfc().signed_by("sig", r#"("@method");created=1618884473"#, &signature), "no signature is by a key"),
        (
            "covered twice",
            Sent::rfc().signed_by("sig", &INPUT.replace(r#""@method""#, r#""@method" "@method""#), &signature),
            "covered twice",
        ),
    ] {
        refusal(name, &sent, &all(), NOW_S, expect);
    }
    let mut wide = String::new();
    for index in 0..=base::MOST_COMPONENTS {
        wide.push_str(&format!("\"x-{index}\" "));
    }
    let wide = INPUT.replace("(\"@method\"", &format!("({wide}\"@method\""));
    refusal("too much covered", &Sent::rfc().signed_by("sig", &wide, &signature), &all(), NOW_S, "covers too much");
}

#[test]
fn one_of_several_signatures_may_hold() {
    let good = Sent::rfc().signature(INPUT);
    let several = |before: usize, keyid: &str| {
        let bad: Vec<String> = (0..before).map(|index| format!("a{index}")).collect();
        let input = INPUT.replace("test-shared-secret", keyid);
        let inputs: Vec<String> = bad.iter().map(|label| format!("{label}={input}")).chain([format!("sig={INPUT}")]).collect();
        let values: Vec<String> = bad.iter().map(|label| format!("{label}=:AAAA:")).chain([format!("sig=:{good}:")]).collect();
        Sent::rfc().with("signature-input", &inputs.join(", ")).with("signature", &values.join(", "))
    };
    assert!(several(0, "somebody").verify(&all(), NOW_S).is_ok());
    assert!(several(20, "somebody").verify(&all(), NOW_S).is_ok(), "signatures for others cost nothing");
    assert!(several(MAX_TRIES - 1, "test-shared-secret").verify(&all(), NOW_S).is_ok());
    refusal("too many", &several(MAX_TRIES, "test-shared-secret"), &all(), NOW_S, "too many");
    refusal("what another rule asks for", &several(0, "x").with("x", "y"), &rules(&["x"]), NOW_S, "does not cover x");
}

/// A second signature of ECDSA over the same text is known by what was signed.
#[test]
fn what_must_not_come_twice_is_not_the_signature() {
    let pem = include_str!("../../../../tests/tokens/keys/p256.pem");
    let public = include_str!("../../../../tests/tokens/keys/p256.pub.pem");
    let input = INPUT.replace("test-shared-secret", "p");
    let base = Sent::rfc().base(&input).unwrap();
    let key = TrustedKey { key: pem::parse(public).unwrap().keys.remove(0), algorithm: Algorithm::EcdsaP256Sha256 };
    let keys = BTreeMap::from([("p".to_owned(), key)]);
    let proof = |signature: &[u8]| {
        let sent = Sent::rfc().signed_by("sig", &input, &STANDARD.encode(signature));
        sent.ask(|message| verify(message, &keys, &all(), NOW_S * 1_000))
    };
    let encoding = EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
    let signature = base64url::decode(jsonwebtoken::crypto::sign(base.as_bytes(), &encoding, SignWith::ES256).unwrap()).unwrap();
    // The other one has n - s in place of s.
    let order: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
        0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut other = signature.clone();
    let mut borrow = 0i32;
    for index in (0..32).rev() {
        let digit = i32::from(order[index]) - i32::from(signature[32 + index]) - borrow;
        borrow = i32::from(digit < 0);
        other[32 + index] = u8::try_from(digit & 0xff).unwrap();
    }
    assert_ne!(signature, other);
    let (first, second) = (proof(&signature).unwrap(), proof(&other).unwrap());
    assert_eq!(first.once, second.once);
    let nonce = Sent::rfc().signed(&INPUT.replace(";keyid", ";nonce=\"n\";keyid")).verify(&all(), NOW_S).unwrap();
    assert_eq!(nonce.once, "test-shared-secret nonce n");
}

proptest! {
    #[test]
    fn no_field_breaks_the_check(input in r#"sig=\([a-z@";= -]{0,30}\)(;[a-z]{1,7}=["0-9a-z]{0,6}){0,3}"#, value in "sig=:[A-Za-z0-9+/=]{0,12}:?") {
        let sent = Sent::rfc().with("signature-input", &input).with("signature", &value);
        prop_assert!(sent.verify(&rules(&[]), NOW_S).is_err());
    }
}
