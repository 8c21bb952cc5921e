//! As much of an X.509 certificate (RFC 5280) as says whose it is: names, alternative names, time. Signatures are not looked at: whoever
//! hands the certificate over has verified it.

use std::net::{Ipv4Addr, Ipv6Addr};

use sha2::{Digest as _, Sha256};

use super::certificate::Presented;
use super::der::{INTEGER, OBJECT_IDENTIFIER, SEQUENCE, any, take};
use crate::config::timestamp::Timestamp;
use crate::observe::trace;

const BOOLEAN: u8 = 0x01;
const OCTET_STRING: u8 = 0x04;
const SET: u8 = 0x31;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// Names of attributes in distinguished names: those of RFC 4514 section 3, and a few that OpenSSL writes by name too.
const ATTRIBUTES: &[(&[u8], &str)] = &[
    (&[0x55, 0x04, 0x03], "CN"),
    (&[0x55, 0x04, 0x04], "SN"),
    (&[0x55, 0x04, 0x05], "serialNumber"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (&[0x55, 0x04, 0x09], "street"),
    (&[0x55, 0x04, 0x0a], "O"),
    (&[0x55, 0x04, 0x0b], "OU"),
    (&[0x55, 0x04, 0x0c], "title"),
    (&[0x55, 0x04, 0x2a], "GN"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01], "UID"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19], "DC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01], "emailAddress"),
];

/// Reads a certificate in DER.
///
/// # Errors
/// `None` where it is not one.
pub fn read(der: &[u8]) -> Option<Presented> {
    let (certificate, rest) = take(der, SEQUENCE)?;
    let (body, _) = take(certificate, SEQUENCE)?;
    if !rest.is_empty() {
        return None;
    }
    let body = take(body, VERSION).map_or(body, |(_, body)| body);
    let (serial, body) = take(body, INTEGER)?;
    let (_, body) = take(body, SEQUENCE)?;
    let (issuer, body) = take(body, SEQUENCE)?;
    let (validity, body) = take(body, SEQUENCE)?;
    let (subject, body) = take(body, SEQUENCE)?;
    let (_, mut body) = take(body, SEQUENCE)?;
    let (not_before, validity) = time(validity)?;
    let (not_after, _) = time(validity)?;
    let mut sans = Vec::new();
    while !body.is_empty() {
        let (tag, contents, next) = any(body)?;
        if tag == EXTENSIONS {
            sans = alternative_names(take(contents, SEQUENCE)?.0)?;
        }
        body = next;
    }
    let serial = serial.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<u8>>();
    Some(Presented {
        fingerprint: trace::hex(&Sha256::digest(der)),
        subject: name(subject)?,
        issuer: name(issuer)?,
        serial: trace::hex(&serial),
        sans,
        not_before: Some(not_before),
        not_after: Some(not_after),
    })
}

/// A distinguished name as text (RFC 4514): the last part first.
fn name(mut parts: &[u8]) -> Option<String> {
    let mut written = Vec::new();
    while !parts.is_empty() {
        let (mut set, next) = take(parts, SET)?;
        let mut attributes = Vec::new();
        while !set.is_empty() {
            let (attribute, next) = take(set, SEQUENCE)?;
            let (kind, value) = take(attribute, OBJECT_IDENTIFIER)?;
            let (tag, contents, _) = any(value)?;
            let known = ATTRIBUTES.iter().find(|(id, _)| *id == kind).map(|(_, name)| *name);
            attributes.push(match (known, text(tag, contents)) {
                (Some(name), Some(text)) => format!("{name}={}", escaped(&text)),
                (name, _) => format!("{}=#{}", name.map_or_else(|| dotted(kind), str::to_owned), trace::hex(value)),
            });
            set = next;
        }
        written.push(attributes.join("+"));
        parts = next;
    }
    written.reverse();
    Some(written.join(","))
}

fn text(tag: u8, contents: &[u8]) -> Option<String> {
    match tag {
        0x0c | 0x13 | 0x16 => std::str::from_utf8(contents).ok().map(str::to_owned),
        0x1e => {
            let units = contents.chunks(2).map(|unit| unit.iter().fold(0u16, |unit, byte| unit << 8 | u16::from(*byte)));
            String::from_utf16(&units.collect::<Vec<_>>()).ok()
        }
        _ => None,
    }
}

/// RFC 4514 section 2.4.
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => escaped.extend(['\\', c]),
            ' ' if at == 0 || at == last => escaped.extend(['\\', c]),
            '#' if at == 0 => escaped.extend(['\\', c]),
            c if c.is_control() => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| escaped.push_str(&format!("\\{byte:02X}"))),
            c => escaped.push(c),
        }
    }
    escaped
}

fn dotted(id: &[u8]) -> String {
    let (mut numbers, mut number) = (Vec::new(), 0u64);
    for byte in id {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            match numbers.is_empty() {
                true => numbers.extend([(number / 40).min(2), number - 40 * (number / 40).min(2)]),
                false => numbers.push(number),
            }
            number = 0;
        }
    }
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// RFC 5280 section 4.1.2.5; what began before 1970 has begun.
fn time(der: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (tag, contents, rest) = any(der)?;
    let text = std::str::from_utf8(contents).ok()?;
    let text = match tag {
        UTC_TIME if text.len() == 13 => format!("{}{text}", if text.get(..1)? >= "5" { "19" } else { "20" }),
        GENERALIZED_TIME if text.len() == 15 => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let written = format!("{year}-{month}-{day}T{}:{}:{}{}", part(8, 10)?, part(10, 12)?, part(12, 14)?, part(14, 15)?);
    match written.parse() {
        Ok(moment) => Some((moment, rest)),
        Err(_) if year < "1970" => Some((Timestamp::from_ms(0), rest)),
        Err(_) => None,
    }
}

/// RFC 5280 section 4.2.1.6: names of hosts, URIs, mail and network addresses; others are left out.
fn alternative_names(mut extensions: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    while !extensions.is_empty() {
        let (extension, next) = take(extensions, SEQUENCE)?;
        let (kind, value) = take(extension, OBJECT_IDENTIFIER)?;
        if kind == SUBJECT_ALT_NAME {
            let value = take(value, BOOLEAN).map_or(value, |(_, value)| value);
            let mut list = take(take(value, OCTET_STRING)?.0, SEQUENCE)?.0;
            while !list.is_empty() {
                let (tag, contents, next) = any(list)?;
                names.extend(match tag {
                    0x81 | 0x82 | 0x86 => std::str::from_utf8(contents).ok().filter(|text| text.is_ascii()).map(str::to_owned),
                    0x87 => match contents.len() {
                        4 => <[u8; 4]>::try_from(contents).ok().map(|bytes| Ipv4Addr::from(bytes).to_string()),
                        16 => <[u8; 16]>::try_from(contents).ok().map(|bytes| Ipv6Addr::from(bytes).to_string()),
                        _ => None,
                    },
                    _ => None,
                });
                list = next;
            }
        }
        extensions = next;
    }
    Some(names)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    /// `CN=web.acme.example,O=Acme\\, Inc.,C=CH`, of 2026 to 2060.
    pub const WEB: &str = "MIIBtTCCAVugAwIBAgIEEjSrzTAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdBY21lIENBMCAXDTI2MDEwMTAwMDAwMFoYDzIwNjAwMTAxMTIwMDAwWjA9MQswCQYDVQQGEwJDSDETMBEGA1UECgwKQWNtZSwgSW5jLjEZMBcGA1UEAwwQd2ViLmFjbWUuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKPc0NWUOUIGDMRoRsXRbLzHZ6ajkyZvtUdw5W4CwkvDGmfypLtrHpKR3A5onqncEVxn7zI3sHB4m7KcTDeLEcOjcjBwMAwGA1UdEwEB/wQCMAAwYAYDVR0RBFkwV4IQd2ViLmFjbWUuZXhhbXBsZYYZc3BpZmZlOi8vYWNtZS5leGFtcGxlL3dlYoEQb3BzQGFjbWUuZXhhbXBsZYcEwAACAYcQIAENuAAAAAAAAAAAAAAAATAKBggqhkjOPQQDAgNIADBFAiBbAo8iB1T3oge0T0wwRxn9vtY/EWHLwxeAO9cWwRwgQAIhAL+yeaPzIOzkUofWUUPeF6DSLTV+LHTQoods2oVojbcR";

    /// `CN=old.acme.example`, of 2020.
    pub const OLD: &str = "MIIBKzCB0qADAgECAgEHMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB0FjbWUgQ0EwHhcNMjAwMTAxMDAwMDAwWhcNMjEwMTAxMDAwMDAwWjAbMRkwFwYDVQQDDBBvbGQuYWNtZS5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEwCZQgdzyOM954u6f2mXK2MdxJZ2ERXWS6z5QG+X2O82NGkoUed0oFo+Uofy0YmpnFgblrfVkgjO2JvNGW6jyO6MQMA4wDAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNIADBFAiBVbiIS+yTZ6CcOaFPdrTzJIt6X7ZE7Kz3PEQC2E9sC4gIhAOnS04H9hO7H/C0+Qk2pBGZPLOU8aa7Wa5QaYq6VLD36";

    #[test]
    fn a_certificate_says_whose_it_is() {
        let web = read(&STANDARD.decode(WEB).unwrap()).unwrap();
        assert_eq!(web.fingerprint, "c7272bb355af9d1b486a11117737483a18f1e4d74e834ab9e9c33c940df7844c");
        assert_eq!((&*web.subject, &*web.issuer, &*web.serial), ("CN=web.acme.example,O=Acme\\, Inc.,C=CH", "CN=Acme CA", "1234abcd"));
        assert_eq!(web.sans, ["web.acme.example", "spiffe://acme.example/web", "ops@acme.example", "192.0.2.1", "2001:db8::1"]);
        let times = [web.not_before, web.not_after].map(|moment| moment.unwrap().to_string());
        assert_eq!(times, ["2026-01-01T00:00:00Z", "2060-01-01T12:00:00Z"]);
        let old = read(&STANDARD.decode(OLD).unwrap()).unwrap();
        assert_eq!((&*old.subject, old.sans.len(), &*old.serial), ("CN=old.acme.example", 0, "07"));
    }

    #[test]
    fn parts_of_names_cannot_be_forged_by_values() {
        for (value, expect) in [
            ("a,O=Acme", "a\\,O=Acme"),
            ("a+b\"\\<>;", "a\\+b\\\"\\\\\\<\\>\\;"),
            (" a ", "\\ a\\ "),
            ("#a#", "\\#a#"),
            ("a\nb\u{0}", "a\\0Ab\\00"),
        ] {
            assert_eq!(escaped(value), expect, "{value:?}");
        }
        assert_eq!(dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01]), "1.2.840.113549.1.9.1");
        assert_eq!(dotted(&[0x88, 0x37]), "2.999");
    }

    #[test]
    fn what_is_cut_off_or_goes_on_is_none() {
        let der = STANDARD.decode(WEB).unwrap();
        for length in 0..der.len() {
            assert_eq!(read(&der[..length]), None);
        }
        assert_eq!(read(&[der.as_slice(), &[0]].concat()), None);
    }

    proptest! {
        #[test]
        fn no_changed_byte_breaks_the_reader(at in 0usize..400, byte: u8) {
            let mut der = STANDARD.decode(WEB).unwrap();
            if let Some(place) = der.get_mut(at) {
                *place = byte;
            }
            let _ = read(&der);
        }
    }
}
