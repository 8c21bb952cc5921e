//! What the operators and functions do.

use regex_lite::Regex;

use super::convert;
use super::error::{Budget, EvalError};
use super::function::Function;
use super::node;
use super::operators::{arithmetic, compare, negate, no_overload};
use super::text;
use super::time::{self, Part};
use super::value::{List, Map, Value};

/// The longest pattern that is not written in the routes file, in bytes.
const LONGEST_PATTERN: usize = 256;

/// What compiling such a pattern costs.
const PATTERN_STEPS: usize = 500;

/// As how long a text such a pattern counts when it is tried.
const UNKNOWN_PATTERN: usize = 1_000;

/// The error of a key that is not there. The key is named: in a condition it is written out.
pub fn no_key(key: &Value<'_>) -> EvalError {
    match key {
        Value::Text(key) if key.len() <= 64 => EvalError::new(format!("there is no key `{}`", key.escape_debug())),
        _ => EvalError::new("there is no such key"),
    }
}

/// Whether a text has a match of `regex`, whose text has so many bytes.
///
/// # Errors
/// Where the value is no text, or the work runs out.
pub fn is_match(value: &Value<'_>, pattern: usize, regex: &Regex, budget: &mut Budget) -> Result<bool, EvalError> {
    match value {
        Value::Text(text) => {
            budget.spend(text.len().saturating_mul(pattern) / 256)?;
            Ok(regex.is_match(text))
        }
        other => Err(no_overload("matches", std::slice::from_ref(other))),
    }
}

/// Calls a function; a receiver is the first argument.
///
/// # Errors
/// Where it has no meaning for these values, or no result.
pub fn call<'a>(function: Function, values: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>, EvalError> {
    use Function as F;
    match (function, values) {
        (F::Not, [Value::Bool(value)]) => Ok(Value::Bool(!value)),
        (F::Negate, [value]) => negate(value),
        (F::Add | F::Subtract | F::Multiply | F::Divide | F::Remainder, [a, b]) => arithmetic(function, a, b, budget),
        (F::Equal, [a, b]) => a.equals(b, budget).map(Value::Bool),
        (F::NotEqual, [a, b]) => a.equals(b, budget).map(|equal| Value::Bool(!equal)),
        (F::Less | F::LessOrEqual | F::Greater | F::GreaterOrEqual, [a, b]) => compare(function, a, b, budget).map(Value::Bool),
        (F::In, [item, group]) => member(item, group, budget).map(Value::Bool),
        (F::Index, [group, key]) => at(group, key, budget),
        (F::Size, [value]) => size(value, budget),
        (F::Matches, [Value::Text(_), Value::Text(pattern)]) => {
            budget.spend(PATTERN_STEPS)?;
            let short = (pattern.len() <= LONGEST_PATTERN).then(|| node::regex(pattern).ok()).flatten();
            let regex = short.ok_or_else(|| EvalError::new("the pattern is not a regular expression, or too long a one"))?;
            values.first().map_or(Ok(Value::Bool(false)), |value| is_match(value, UNKNOWN_PATTERN, &regex, budget).map(Value::Bool))
        }
        (F::Dyn, [value]) => Ok(value.clone()),
        (F::Type, [value]) => Ok(Value::Type(value.kind())),
        (F::Int | F::Uint | F::Double | F::Text | F::Bytes | F::Bool | F::Timestamp | F::Duration | F::Ip | F::Cidr, [value]) => {
            convert::convert(function, value, budget)
        }
        (function, [Value::Timestamp(at), zone @ ..]) if part(function).is_some() => {
            let east = match zone {
                [] => Some(0),
                [Value::Text(zone)] => time::offset(zone),
                _ => None,
            };
            let east = east.ok_or_else(|| EvalError::new("a time zone is \"UTC\" or an offset such as \"+02:00\""))?;
            part(function).map(|part| Value::Int(at.part(part, east))).ok_or_else(|| no_overload(function.name(), values))
        }
        (function, [Value::Duration(span)]) => {
            let nanos = match function {
                F::GetHours => span.0 / 3_600_000_000_000,
                F::GetMinutes => span.0 / 60_000_000_000,
                F::GetSeconds => span.0 / 1_000_000_000,
                // The part of the second, where the others count the whole: so has the specification it.
                F::GetMilliseconds => span.0 / 1_000_000 % 1_000,
                _ => return Err(no_overload(function.name(), values)),
            };
            Ok(Value::Int(nanos))
        }
        _ => text::call(function, values, budget)?.ok_or_else(|| no_overload(function.name(), values)),
    }
}

fn part(function: Function) -> Option<Part> {
    Some(match function {
        Function::GetFullYear => Part::FullYear,
        Function::GetMonth => Part::Month,
        Function::GetDate => Part::Date,
        Function::GetDayOfMonth => Part::DayOfMonth,
        Function::GetDayOfWeek => Part::DayOfWeek,
        Function::GetDayOfYear => Part::DayOfYear,
        Function::GetHours => Part::Hours,
        Function::GetMinutes => Part::Minutes,
        Function::GetSeconds => Part::Seconds,
        Function::GetMilliseconds => Part::Milliseconds,
        _ => return None,
    })
}

fn size<'a>(value: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>, EvalError> {
    let size = match value {
        Value::Text(text) => {
            budget.read(text.len())?;
            text.chars().count()
        }
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => {
            let entries = map.len();
            budget.spend(entries)?;
            entries
        }
        other => return Err(no_overload("size", std::slice::from_ref(other))),
    };
    Ok(Value::Int(size as i64))
}

fn member(item: &Value<'_>, group: &Value<'_>, budget: &mut Budget) -> Result<bool, EvalError> {
    match (item, group) {
        (Value::Ip(address), Value::Cidr(network)) => Ok(network.contains(*address)),
        (_, Value::Map(map)) => map.has(item, budget),
        (_, Value::List(list)) => {
            for other in list.items() {
                let equal = match (item, &other) {
                    (Value::Ip(address), Value::Cidr(network)) => {
                        budget.spend(1)?;
                        network.contains(*address)
                    }
                    _ => item.equals(&other, budget)?,
                };
                if equal {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Err(no_overload("in", &[item.clone(), group.clone()])),
    }
}

/// A double that is a whole number, as one.
fn whole(key: &Value<'_>) -> Option<i64> {
    match key {
        Value::Int(index) => Some(*index),
        Value::Uint(index) => i64::try_from(*index).ok(),
        Value::Double(index) if index.fract() == 0.0 && index.abs() < 9e15 => Some(*index as i64),
        _ => None,
    }
}

fn at<'a>(group: &Value<'a>, key: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>, EvalError> {
    match (group, key) {
        (Value::Map(map), Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Text(_)) => {
            Map::value(map, key, budget)?.ok_or_else(|| no_key(key))
        }
        (Value::List(list), Value::Int(_) | Value::Uint(_) | Value::Double(_)) => {
            let item = whole(key).and_then(|index| usize::try_from(index).ok()).and_then(|index| List::item(list, index));
            item.ok_or_else(|| EvalError::new("an index is outside its list"))
        }
        _ => Err(no_overload("[]", &[group.clone(), key.clone()])),
    }
}
