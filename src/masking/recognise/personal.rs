//! Personal data: numbers with check digits, addresses, telephones.

use super::{Kind, Look, is_local, is_token, is_upper, is_word};

/// Reads digits in groups: how many bytes, and the digits. Groups are parted by one of `between`, once at a time.
fn grouped(bytes: &[u8], between: &[u8], most: usize) -> (usize, Vec<u8>) {
    let mut digits = Vec::with_capacity(most + 1);
    let mut end = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_digit() {
            digits.push(byte - b'0');
            end = at + 1;
            if digits.len() > most {
                break;
            }
        } else if !between.contains(byte) || at != end || digits.is_empty() {
            break;
        }
    }
    (end, digits)
}

/// Whether a group that has been read could go on behind the bytes that are there.
fn goes_on(bytes: &[u8], end: usize, between: &[u8]) -> bool {
    match bytes.get(end..) {
        Some([]) => true,
        Some([only]) => between.contains(only),
        _ => false,
    }
}

/// A payment card's number.
pub fn card(bytes: &[u8], ended: bool) -> Look {
    let (end, digits) = grouped(bytes, b" -", 19);
    if digits.len() > 19 {
        return Look::Nothing;
    }
    if !ended && goes_on(bytes, end, b" -.") {
        return Look::More;
    }
    // A group that follows may belong to something else: the longest number whose sum is right counts.
    let boundary = |end: usize| {
        !matches!(bytes.get(end..), Some([b'.', next, ..]) if next.is_ascii_digit()) && !bytes.get(end).copied().is_some_and(is_word)
    };
    let mut count = 0;
    let mut found = Look::Nothing;
    for (at, byte) in bytes.iter().enumerate().take(end) {
        count += usize::from(byte.is_ascii_digit());
        let group_ends = !bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let number = digits.get(..count).unwrap_or_default();
        if byte.is_ascii_digit() && group_ends && is_card(number) && boundary(at + 1) {
            found = Look::Found(Kind::PaymentCard, at + 1);
        }
    }
    found
}

fn is_card(digits: &[u8]) -> bool {
    let begins = |count: usize| digits.iter().take(count).fold(0u32, |number, digit| number * 10 + u32::from(*digit));
    let known = match digits.len() {
        13 | 19 => begins(1) == 4 || matches!(begins(2), 50 | 56..=58 | 60..=69),
        14 => matches!(begins(2), 30 | 36 | 38 | 39),
        15 => matches!(begins(2), 34 | 37),
        16 => begins(1) == 4 || matches!(begins(2), 35 | 50..=58 | 60..=69) || (2221..=2720).contains(&begins(4)),
        17 | 18 => matches!(begins(2), 50 | 56..=58 | 60..=69),
        _ => false,
    };
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits.iter().rev().enumerate().map(|(at, digit)| u32::from(if at % 2 == 1 { doubled(*digit) } else { *digit })).sum();
    known && sum.is_multiple_of(10)
}

/// An IBAN.
pub fn iban(bytes: &[u8], ended: bool) -> Look {
    let mut rest = 0u32;
    let mut head = 0u32;
    let mut count = 0usize;
    let mut found = Look::Nothing;
    // The first four characters count last: their value waits until the others are in.
    for (at, byte) in bytes.iter().enumerate() {
        let grouped = *byte == b' ' && count > 0 && count.is_multiple_of(4) && bytes.get(at.saturating_sub(1)) != Some(&b' ');
        if grouped {
            continue;
        }
        let right = match count {
            0 | 1 => byte.is_ascii_uppercase(),
            2 | 3 => byte.is_ascii_digit(),
            _ => is_upper(*byte),
        };
        if !right || count == 34 {
            break;
        }
        let value = |number: u32| match byte {
            b'0'..=b'9' => (number * 10 + u32::from(byte - b'0')) % 97,
            _ => (number * 100 + u32::from(byte - b'A') + 10) % 97,
        };
        if count < 4 {
            head = value(head);
        } else {
            rest = value(rest);
        }
        count += 1;
        let ends = !bytes.get(at + 1).copied().is_some_and(is_word);
        // Two letters and two digits make six digits.
        if ends && (15..=34).contains(&count) && (rest * 1_000_000 % 97 + head) % 97 == 1 {
            found = Look::Found(Kind::Iban, at + 1);
        }
        if at + 1 == bytes.len() && !ended {
            return Look::More;
        }
    }
    let waits = !ended
        && count > 0
        && bytes.last() == Some(&b' ')
        && bytes.len() <= 43
        && bytes.iter().all(|byte| is_upper(*byte) || *byte == b' ');
    if waits { Look::More } else { found }
}

/// An e-mail address.
pub fn email(bytes: &[u8], ended: bool) -> Look {
    let local = bytes.iter().take(65).take_while(|byte| is_local(**byte)).count();
    match bytes.get(local) {
        None if local < 65 && !ended => return Look::More,
        Some(b'@') if local <= 64 => {}
        _ => return Look::Nothing,
    }
    let domain = bytes.get(local + 1..).unwrap_or_default();
    let length = domain.iter().take(254).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')).count();
    if length == domain.len() && length < 254 && !ended {
        return Look::More;
    }
    // A full stop or hyphen behind an address belongs to the sentence.
    let name = domain.get(..length).unwrap_or_default();
    let name = name.strip_suffix(b".").or(name.strip_suffix(b"-")).unwrap_or(name);
    let labels: Vec<&[u8]> = name.split(|byte| *byte == b'.').collect();
    let right = labels.len() >= 2
        && labels.iter().all(|label| !label.is_empty() && label.len() <= 63)
        && labels.last().is_some_and(|last| last.len() >= 2 && last.iter().all(u8::is_ascii_alphabetic));
    if right { Look::Found(Kind::Email, local + 1 + name.len()) } else { Look::Nothing }
}

/// A telephone number.
pub fn phone(bytes: &[u8], ended: bool) -> Look {
    let between = b" -.()";
    let rest = bytes.get(1..).unwrap_or_default();
    let (mut digits, mut end, mut at) = (0usize, 0usize, 0usize);
    let mut parted = 0usize;
    while let Some(byte) = rest.get(at) {
        if byte.is_ascii_digit() {
            if digits == 0 && *byte == b'0' {
                return Look::Nothing;
            }
            digits += 1;
            parted = 0;
            end = at + 1;
        } else if between.contains(byte) && parted < 2 && digits > 0 {
            parted += 1;
        } else {
            break;
        }
        at += 1;
        if digits > 15 {
            return Look::Nothing;
        }
    }
    if at == rest.len() && !ended {
        return Look::More;
    }
    let bounded = !rest.get(end).copied().is_some_and(is_word);
    if (8..=15).contains(&digits) && bounded { Look::Found(Kind::Phone, end + 1) } else { Look::Nothing }
}

/// A social security number.
pub fn us_ssn(bytes: &[u8], ended: bool) -> Look {
    let form = b"ddd-dd-dddd";
    for (at, expected) in form.iter().enumerate() {
        match bytes.get(at) {
            None => return if ended { Look::Nothing } else { Look::More },
            Some(byte) if (*expected == b'd' && byte.is_ascii_digit()) || byte == expected && *byte == b'-' => {}
            Some(_) => return Look::Nothing,
        }
    }
    match bytes.get(form.len()) {
        None if !ended => return Look::More,
        Some(next) if is_token(*next) => return Look::Nothing,
        _ => {}
    }
    let text = bytes.get(..form.len()).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    let right = !text.starts_with("000")
        && !text.starts_with("666")
        && !text.starts_with('9')
        && text.get(4..6) != Some("00")
        && !text.ends_with("0000");
    if right { Look::Found(Kind::UsSsn, form.len()) } else { Look::Nothing }
}
