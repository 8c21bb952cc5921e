//! Whether a body is the one that `Content-Digest` names (RFC 9530).

use sha2::{Digest, Sha256, Sha512};

use crate::http::structured::{self, Bare, Item, Member};

/// Holds a body against every digest of the field that is made with SHA-256 or SHA-512; others are passed over, as section 5 of the
/// standard lets them be.
///
/// # Errors
/// Where the field cannot be read, has neither of the two, or any of them is another body's.
pub fn verify(field: &str, body: &[u8]) -> Result<(), &'static str> {
    let digests = structured::dictionary(field).map_err(|_| "Content-Digest cannot be read")?;
    let mut known = 0;
    for (name, member) in &digests.members {
        let expected = match name.as_str() {
            "sha-256" => Sha256::digest(body).to_vec(),
            "sha-512" => Sha512::digest(body).to_vec(),
            _ => continue,
        };
        known += 1;
        match member {
            Member::Item(Item { value: Bare::Bytes(digest), .. }) if *digest == expected => {}
            _ => return Err("the body is not the one that Content-Digest names"),
        }
    }
    if known == 0 { Err("Content-Digest has neither sha-256 nor sha-512") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9421 appendix B.2 and RFC 9530 appendix B.
    const RFC: &str = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
    const LINE: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    const NONE: &str = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

    #[test]
    fn every_known_digest_must_be_that_of_the_body() {
        let (hello, line) = (r#"{"hello": "world"}"#, "{\"hello\": \"world\"}\n");
        for (field, body, expect) in [
            (RFC.to_owned(), hello, Ok(())),
            (LINE.to_owned(), line, Ok(())),
            (NONE.to_owned(), "", Ok(())),
            (LINE.to_owned(), hello, Err("not the one")),
            (NONE.to_owned(), "x", Err("not the one")),
            (format!("unixsum=:AAAA:, {LINE}, md5=1"), line, Ok(())),
            (format!("{LINE}, {RFC}"), line, Err("not the one")),
            (format!("{RFC}, {LINE}"), line, Err("not the one")),
            ("md5=:AAAA:".to_owned(), line, Err("neither")),
            ("sha-256=:AAAA:".to_owned(), line, Err("not the one")),
            ("sha-256=\"RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=\"".to_owned(), line, Err("not the one")),
            ("sha-256".to_owned(), line, Err("not the one")),
            (String::new(), "", Err("neither")),
            ("SHA-256=RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=".to_owned(), line, Err("cannot be read")),
        ] {
            match (verify(&field, body.as_bytes()), expect) {
                (Ok(()), Ok(())) => {}
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{field}: {reason}"),
                (got, _) => panic!("{field}: {got:?}"),
            }
        }
    }
}
