//! Functions over texts. Positions and lengths count characters (Unicode scalar values), from 0.

use super::error::{Budget, EvalError, MOST_BYTES, MOST_ITEMS};
use super::function::Function;
use super::value::{Text, Value};

/// Calls a function over texts; `None` where it has no meaning for these values.
///
/// # Errors
/// Where a position is outside the text, or the work runs out.
pub fn call<'a>(function: Function, values: &[Value<'a>], budget: &mut Budget) -> Result<Option<Value<'a>>, EvalError> {
    use Function as F;
    use Value::{Int, Text as T};
    if let Some(T(text)) = values.first() {
        budget.read(text.len())?;
    }
    Ok(Some(match (function, values) {
        (F::Contains, [T(text), T(part)]) => {
            budget.read(text.len() + part.len())?;
            Value::Bool(text.contains(&**part))
        }
        (F::StartsWith, [T(text), T(part)]) => Value::Bool(text.starts_with(&**part)),
        (F::EndsWith, [T(text), T(part)]) => Value::Bool(text.ends_with(&**part)),
        (F::LowerAscii, [T(text)]) => match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Value::made(text.to_ascii_lowercase()),
            false => T(text.clone()),
        },
        (F::UpperAscii, [T(text)]) => Value::made(text.to_ascii_uppercase()),
        (F::Trim, [T(text)]) => {
            let start = text.len() - text.trim_start().len();
            part_of(text, start, start + text.trim().len())
        }
        (F::Substring, [T(text), Int(from)]) => between(text, *from, None)?,
        (F::Substring, [T(text), Int(from), Int(to)]) => between(text, *from, Some(*to))?,
        (F::CharAt, [T(text), Int(index)]) => {
            let at = index_in(text, *index)?;
            let length = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            part_of(text, at, at + length)
        }
        (F::IndexOf, [T(text), T(part)]) => position(text, text.find(&**part)),
        (F::IndexOf, [T(text), T(part), Int(from)]) => {
            let from = index_in(text, *from)?;
            position(text, text.get(from..).and_then(|rest| rest.find(&**part)).map(|at| at + from))
        }
        (F::LastIndexOf, [T(text), T(part)]) => position(text, text.rfind(&**part)),
        (F::LastIndexOf, [T(text), T(part), Int(from)]) => {
            let from = index_in(text, *from)?;
            let end = (from + part.len()).min(text.len());
            let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
            let mut found = text.get(..end).and_then(|head| head.rfind(&**part));
            if found.is_some_and(|at| at > from) {
                found = text.get(..from).and_then(|head| head.rfind(&**part));
            }
            position(text, found)
        }
        (F::Replace, [T(text), T(old), T(new)]) => replace(text, old, new, usize::MAX, budget)?,
        (F::Replace, [T(text), T(old), T(new), Int(count)]) => replace(text, old, new, count_of(*count), budget)?,
        (F::Split, [T(text), T(separator)]) => split(text, separator, usize::MAX, budget)?,
        (F::Split, [T(text), T(separator), Int(count)]) => split(text, separator, count_of(*count), budget)?,
        (F::Join, [Value::List(_)]) => return join(values, "", budget),
        (F::Join, [Value::List(_), T(separator)]) => return join(values, separator, budget),
        _ => return Ok(None),
    }))
}

/// A negative count is none.
fn count_of(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A part of a text by its bytes, borrowed where the text is.
fn part_of<'a>(text: &Text<'a>, start: usize, end: usize) -> Value<'a> {
    match text {
        Text::Borrowed(text) => Value::text(text.get(start..end).unwrap_or_default()),
        Text::Shared(text) => Value::made(text.get(start..end).unwrap_or_default()),
    }
}

/// The byte at which a character begins; the end of the text for the position behind the last.
fn index_in(text: &str, index: i64) -> Result<usize, EvalError> {
    let outside = || EvalError::new("a position is outside its text");
    let index = usize::try_from(index).map_err(|_| outside())?;
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index).ok_or_else(outside)
}

fn position<'a>(text: &str, at: Option<usize>) -> Value<'a> {
    Value::Int(at.and_then(|at| text.get(..at)).map_or(-1, |before| before.chars().count() as i64))
}

fn between<'a>(text: &Text<'a>, from: i64, to: Option<i64>) -> Result<Value<'a>, EvalError> {
    let start = index_in(text, from)?;
    let end = to.map_or(Ok(text.len()), |to| index_in(text, to))?;
    if end < start {
        return Err(EvalError::new("a part of a text ends before it begins"));
    }
    Ok(part_of(text, start, end))
}

fn replace<'a>(text: &Text<'a>, old: &str, new: &str, count: usize, budget: &mut Budget) -> Result<Value<'a>, EvalError> {
    let found = text.matches(old).take(count).count();
    budget.spend(found)?;
    budget.make(text.len() + found.saturating_mul(new.len()))?;
    Ok(if found == 0 { Value::Text(text.clone()) } else { Value::made(text.replacen(old, new, found)) })
}

fn split<'a>(text: &Text<'a>, separator: &str, count: usize, budget: &mut Budget) -> Result<Value<'a>, EvalError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while parts.len() < count {
        let rest = text.get(at..).unwrap_or_default();
        let cut = match separator {
            "" => rest.char_indices().nth(1).map(|(next, _)| (next, next)),
            _ => rest.find(separator).map(|end| (end, end + separator.len())),
        };
        let last = parts.len() + 1 == count;
        match cut.filter(|_| !last) {
            Some((end, next)) => {
                parts.push(part_of(text, at, at + end));
                at += next;
            }
            None => {
                if !(separator.is_empty() && rest.is_empty()) {
                    parts.push(part_of(text, at, text.len()));
                }
                break;
            }
        }
        if parts.len() > MOST_ITEMS {
            break;
        }
    }
    budget.list(parts.len())?;
    Ok(Value::list(parts))
}

fn join<'a>(values: &[Value<'a>], separator: &str, budget: &mut Budget) -> Result<Option<Value<'a>>, EvalError> {
    let Some(Value::List(list)) = values.first() else { return Ok(None) };
    let mut joined = String::new();
    for (index, item) in list.items().enumerate() {
        let Value::Text(item) = item else { return Ok(None) };
        budget.spend(1 + item.len() / 64)?;
        if joined.len() + separator.len() + item.len() > MOST_BYTES {
            budget.make(joined.len() + separator.len() + item.len())?;
        }
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(&item);
    }
    Ok(Some(Value::made(joined)))
}
