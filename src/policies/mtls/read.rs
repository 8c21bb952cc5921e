//! How a verified certificate is told of: by the edge, in `Client-Cert` (RFC 9440), or in `X-Forwarded-Client-Cert`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::auth::certificate::Presented;
use crate::auth::x509;
use crate::config::timestamp::Timestamp;
use crate::http::HeaderValue;
use crate::http::edge::ClientCertificate;
use crate::http::query;

/// What is there, nothing, or why it must not be believed; that is for the log.
pub type Read = Result<Option<Presented>, &'static str>;

/// What the edge says: it must have been presented and verified, and must not be revoked.
pub fn from_edge(certificate: Option<&ClientCertificate>) -> Read {
    let Some(certificate) = certificate.filter(|certificate| certificate.cert_presented == "1") else { return Ok(None) };
    if certificate.cert_verified != "SUCCESS" {
        return Err("the edge could not verify the certificate");
    }
    if certificate.cert_revoked != "0" {
        return Err("the certificate is revoked");
    }
    let fingerprint = certificate.fingerprint.to_ascii_lowercase();
    if !certificate.der.is_empty() {
        let presented = sequence(&certificate.der).ok_or("the edge's copy of the certificate cannot be read")?;
        return if presented.fingerprint == fingerprint { Ok(Some(presented)) } else { Err("the edge tells of two certificates") };
    }
    let moment = |text: &str| Timestamp::of_certificate(text).ok_or("the certificate's time cannot be read");
    if fingerprint.len() != 64 {
        return Err("the edge does not tell the certificate's fingerprint");
    }
    Ok(Some(Presented {
        fingerprint,
        subject: certificate.subject.clone(),
        issuer: certificate.issuer.clone(),
        serial: certificate.cert_serial.to_ascii_lowercase(),
        sans: Vec::new(),
        not_before: Some(moment(&certificate.cert_not_before)?),
        not_after: Some(moment(&certificate.cert_not_after)?),
    }))
}

/// `Client-Cert`: one byte sequence (RFC 9440 section 2.2), or PEM in percent escapes.
pub fn from_client_cert(fields: &[HeaderValue]) -> Read {
    match fields {
        [] => Ok(None),
        [field] => {
            let text = field.to_str().ok();
            let read = |text: &str| if text.starts_with("-----") { escaped_pem(text) } else { sequence(text) };
            text.and_then(read).map(Some).ok_or("Client-Cert cannot be read")
        }
        _ => Err("it has more than one Client-Cert"),
    }
}

/// `X-Forwarded-Client-Cert`: exactly one element, with `Hash`, and `Subject`, `URI`, `DNS` and `Cert` where there are any. What can be
/// there once only and is there twice may have come in with a name of the certificate.
pub fn from_forwarded(fields: &[HeaderValue]) -> Read {
    const WRONG: &str = "X-Forwarded-Client-Cert cannot be read";
    let field = match fields {
        [] => return Ok(None),
        [field] => field.to_str().map_err(|_| WRONG)?,
        _ => return Err("it has more than one X-Forwarded-Client-Cert"),
    };
    let mut presented = Presented::default();
    let mut whole = None;
    for (name, value) in pairs(field).ok_or(WRONG)? {
        match name.to_ascii_lowercase().as_str() {
            "hash" if !presented.fingerprint.is_empty() => return Err(WRONG),
            "hash" => presented.fingerprint = value.to_ascii_lowercase(),
            "subject" if !presented.subject.is_empty() => return Err(WRONG),
            "subject" => presented.subject = value,
            "uri" | "dns" if !value.is_empty() => presented.sans.push(value),
            "cert" if whole.is_some() => return Err(WRONG),
            "cert" => whole = Some(escaped_pem(&value).ok_or(WRONG)?),
            _ => {}
        }
    }
    match whole {
        Some(whole) if presented.fingerprint.is_empty() || presented.fingerprint == whole.fingerprint => Ok(Some(whole)),
        Some(_) => Err("X-Forwarded-Client-Cert tells of two certificates"),
        None if presented.fingerprint.len() == 64 => Ok(Some(presented)),
        None => Err("X-Forwarded-Client-Cert has no Hash"),
    }
}

/// A certificate in PEM, in percent escapes, and nothing else.
fn escaped_pem(text: &str) -> Option<Presented> {
    let pem = query::decode(&text.replace('+', "%2B")).into_owned();
    let parts: Vec<&str> = pem.trim().split("-----").collect();
    let ["", "BEGIN CERTIFICATE", body, "END CERTIFICATE", ""] = parts.as_slice() else { return None };
    let body: String = body.split_ascii_whitespace().collect();
    x509::read(&STANDARD.decode(body).ok()?)
}

/// A byte sequence of a structured field (RFC 9651 section 3.3.5), parameters left aside, that is a certificate.
fn sequence(text: &str) -> Option<Presented> {
    let (bytes, parameters) = text.trim().strip_prefix(':')?.split_once(':')?;
    if !parameters.is_empty() && !parameters.starts_with(';') {
        return None;
    }
    x509::read(&STANDARD.decode(bytes).ok()?)
}

/// The pairs `Name=value` of the only element; `None` where there are more elements, or a quote is not closed.
fn pairs(field: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = vec![(String::new(), String::new())];
    let (mut in_value, mut quoted) = (false, false);
    let mut characters = field.chars();
    while let Some(c) = characters.next() {
        let (name, value) = pairs.last_mut()?;
        match c {
            '"' if in_value => quoted = !quoted,
            '\\' if quoted => value.push(characters.next()?),
            _ if quoted => value.push(c),
            ',' => return None,
            ';' => {
                pairs.push((String::new(), String::new()));
                in_value = false;
            }
            '=' if !in_value => in_value = true,
            _ if in_value => value.push(c),
            _ => name.push(c),
        }
    }
    (!quoted).then_some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_element_is_split_into_pairs() {
        let of = |field: &str| {
            pairs(field).map(|pairs| pairs.iter().map(|(name, value)| format!("{name}|{value}")).collect::<Vec<_>>().join(" "))
        };
        for (field, expect) in [
            ("Hash=ab;Subject=\"CN=a,O=B\";URI=", Some("Hash|ab Subject|CN=a,O=B URI|")),
            (r#"Subject="CN=a\"b\\c""#, Some(r#"Subject|CN=a"b\c"#)),
            ("Hash=ab,Hash=cd", None),
            ("Subject=\"CN=a", None),
            ("Subject=\"CN=a\\", None),
            ("", Some("|")),
        ] {
            assert_eq!(of(field).as_deref(), expect, "{field}");
        }
    }

    proptest! {
        #[test]
        fn no_field_breaks_the_readers(text in "[A-Za-z=;,:\\\\\"%0-9+/ -]{0,60}") {
            let field = [HeaderValue::from_str(&text).unwrap()];
            let _ = (from_forwarded(&field), from_client_cert(&field));
        }
    }
}
