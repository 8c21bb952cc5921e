//! Content codings of a body (RFC 9110 section 8.4.1), undone in memory and within a bound.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, ZlibDecoder};
use flate2::read::MultiGzDecoder;

use super::{HeaderMap, header};

/// The codings that are undone, as `Accept-Encoding` lists them.
pub const KNOWN: &str = "gzip, deflate";

/// The most codings, one around the other, that are undone.
const MOST: usize = 3;

/// What a body says once its codings are undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// At most as many bytes as were asked for.
    pub bytes: Bytes,
    /// Whether that is all.
    pub whole: bool,
}

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undecodable {
    /// It has a coding that is not known here, or too many of them.
    Unknown,
    /// It is not what its coding says.
    Broken,
}

/// Undoes the codings of a body, or of its beginning where it is not `whole`: `gzip` and `deflate`. No more than `max` bytes are made of
/// it. What is not coded is handed back as it is.
///
/// # Errors
/// Where a coding is not known, or the bytes are not coded so.
pub fn decoded(headers: &HeaderMap, body: Bytes, whole: bool, max: u64) -> Result<Decoded, Undecodable> {
    let mut decoded = Decoded { bytes: body, whole };
    let codings = codings(headers)?;
    // A body without bytes is nothing, whatever is said of it.
    if decoded.bytes.is_empty() {
        return Ok(decoded);
    }
    for coding in codings.iter().rev() {
        decoded = match coding.as_str() {
            "gzip" | "x-gzip" => inflated(MultiGzDecoder::new(&*decoded.bytes), |_| false, decoded.whole, max)?,
            "deflate" if is_zlib(&decoded.bytes) => {
                inflated(ZlibDecoder::new(&*decoded.bytes), |zlib| !zlib.get_ref().is_empty(), decoded.whole, max)?
            }
            // Some senders leave the frame away (RFC 9110 section 8.4.1.2), and many readers take it.
            "deflate" => inflated(DeflateDecoder::new(&*decoded.bytes), |raw| !raw.get_ref().is_empty(), decoded.whole, max)?,
            _ => return Err(Undecodable::Unknown),
        };
    }
    Ok(decoded)
}

/// The codings in the order in which they were applied; `identity` is none.
fn codings(headers: &HeaderMap) -> Result<Vec<String>, Undecodable> {
    let mut codings = Vec::new();
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let value = value.to_str().map_err(|_| Undecodable::Unknown)?;
        codings.extend(
            value.split(',').map(|coding| coding.trim().to_ascii_lowercase()).filter(|coding| !matches!(&**coding, "" | "identity")),
        );
    }
    if codings.len() > MOST {
        return Err(Undecodable::Unknown);
    }
    Ok(codings)
}

/// `goes_on` tells whether there is something behind the end of what was coded: readers that know no end would read it, too.
fn inflated<R: Read>(mut reader: R, goes_on: impl Fn(&R) -> bool, whole: bool, max: u64) -> Result<Decoded, Undecodable> {
    let mut bytes = Vec::new();
    let ended = reader.by_ref().take(max.saturating_add(1)).read_to_end(&mut bytes);
    let is_longer = bytes.len() as u64 > max;
    bytes.truncate(usize::try_from(max).unwrap_or(usize::MAX));
    // The end of a beginning is no error.
    match ended {
        Err(_) if whole && !is_longer => Err(Undecodable::Broken),
        Ok(_) if whole && !is_longer && goes_on(&reader) => Err(Undecodable::Broken),
        _ => Ok(Decoded { bytes: bytes.into(), whole: whole && !is_longer }),
    }
}

/// Whether the bytes begin with the head of a zlib frame (RFC 1950 section 2.2).
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [method, flags, ..] if method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeaderValue;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn raw(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(codings: &[&str], body: Vec<u8>, whole: bool, max: u64) -> Result<(String, bool), Undecodable> {
        let mut headers = HeaderMap::new();
        for coding in codings {
            headers.append(header::CONTENT_ENCODING, HeaderValue::try_from(*coding).unwrap());
        }
        decoded(&headers, body.into(), whole, max).map(|read| (String::from_utf8_lossy(&read.bytes).into_owned(), read.whole))
    }

    #[test]
    fn codings_are_undone() {
        let two = [gzip(b"he"), gzip(b"llo")].concat();
        let truncated = gzip(b"hello world, hello world").split_at(20).0.to_vec();
        for (name, codings, body, whole, max, expect) in [
            ("none", &[][..], b"hello".to_vec(), true, 9, Ok(("hello", true))),
            ("none, a beginning", &[], b"hello".to_vec(), false, 9, Ok(("hello", false))),
            ("identity", &["identity"], b"hello".to_vec(), true, 9, Ok(("hello", true))),
            ("gzip", &["gzip"], gzip(b"hello"), true, 9, Ok(("hello", true))),
            ("its old name", &["X-GZip"], gzip(b"hello"), true, 9, Ok(("hello", true))),
            ("two members", &["gzip"], two, true, 9, Ok(("hello", true))),
            ("deflate", &["deflate"], zlib(b"hello"), true, 9, Ok(("hello", true))),
            ("deflate without a frame", &["deflate"], raw(b"hello"), true, 9, Ok(("hello", true))),
            ("one in the other", &["gzip, deflate"], zlib(&gzip(b"hello")), true, 99, Ok(("hello", true))),
            ("in two fields", &["gzip", "gzip"], gzip(&gzip(b"hello")), true, 99, Ok(("hello", true))),
            ("as long as may be", &["gzip"], gzip(b"hello"), true, 5, Ok(("hello", true))),
            ("longer", &["gzip"], gzip(b"hello"), true, 4, Ok(("hell", false))),
            ("nothing at all", &["gzip"], Vec::new(), true, 9, Ok(("", true))),
            ("no gzip", &["gzip"], b"hello".to_vec(), true, 9, Err(Undecodable::Broken)),
            ("something behind it", &["gzip"], [gzip(b"hello"), b"<script>".to_vec()].concat(), true, 9, Err(Undecodable::Broken)),
            ("something behind a frame", &["deflate"], [zlib(b"hello"), b"{}".to_vec()].concat(), true, 9, Err(Undecodable::Broken)),
            ("something behind no frame", &["deflate"], [raw(b"hello"), b"{}".to_vec()].concat(), true, 9, Err(Undecodable::Broken)),
            ("broken off", &["gzip"], truncated, true, 99, Err(Undecodable::Broken)),
            ("another one", &["br"], b"hello".to_vec(), true, 9, Err(Undecodable::Unknown)),
            ("another one inside", &["zstd, gzip"], gzip(b"hello"), true, 9, Err(Undecodable::Unknown)),
            ("too many", &["gzip, gzip, gzip, gzip"], b"hello".to_vec(), true, 9, Err(Undecodable::Unknown)),
        ] {
            let expect = expect.map(|(text, whole): (&str, bool)| (text.to_owned(), whole));
            assert_eq!(read(codings, body, whole, max), expect, "{name}");
        }
    }

    #[test]
    fn the_beginning_of_a_coded_body_is_read_as_far_as_it_goes() {
        let text = "a beginning of something".repeat(2_000);
        let body = gzip(text.as_bytes());
        let (read, whole) = read(&["gzip"], body.split_at(body.len() - 12).0.to_vec(), false, 1 << 20).unwrap();
        assert!(!whole && !read.is_empty() && text.starts_with(&read), "{} bytes", read.len());
    }

    proptest! {
        #[test]
        fn no_body_makes_more_than_it_may(body: Vec<u8>, max in 0u64..64, coding in prop::sample::select(&["gzip", "deflate", "gzip, deflate"][..])) {
            for body in [body.clone(), gzip(&body), zlib(&body), zlib(&gzip(&body))] {
                if let Ok((read, _)) = read(&[coding], body, true, max) {
                    // Bytes that are no text are shown as three each.
                    prop_assert!(read.len() as u64 <= 3 * max);
                }
            }
        }
    }
}
