//! Conversions between types: each says no rather than give another value.

use std::net::IpAddr;
use std::rc::Rc;

use super::error::{Budget, EvalError};
use super::function::Function;
use super::operators::no_overload;
use super::time::{Span, Timestamp};
use super::value::{Text, Value};
use crate::http::address::Cidr;

/// Converts `value` to the type that `function` is named after.
///
/// # Errors
/// Where the type has no such value.
pub fn convert<'a>(function: Function, value: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>, EvalError> {
    if let Value::Text(text) = value {
        budget.make(text.len())?;
    }
    let converted = match function {
        Function::Int => int(value).map(Value::Int),
        Function::Uint => uint(value).map(Value::Uint),
        Function::Double => double(value).map(Value::Double),
        Function::Text => return text(value, budget),
        Function::Bytes => bytes(value),
        Function::Bool => boolean(value).map(Value::Bool),
        Function::Timestamp => timestamp(value).map(Value::Timestamp),
        Function::Duration => duration(value).map(Value::Duration),
        Function::Ip => address(value).map(Value::Ip),
        _ => network(value).map(Value::Cidr),
    };
    converted.ok_or_else(|| match value {
        Value::Text(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) => {
            EvalError::new(format!("a {} is no {}", value.kind(), function.name()))
        }
        other => no_overload(function.name(), std::slice::from_ref(other)),
    })
}

/// What `text` stands for as a literal argument of `function`; `None` where it stands for nothing.
pub fn fixed(function: Function, text: &str) -> Option<Value<'static>> {
    let value = Value::Text(Text::Shared(text.into()));
    match function {
        Function::Timestamp => timestamp(&value).map(Value::Timestamp),
        Function::Duration => duration(&value).map(Value::Duration),
        Function::Ip => address(&value).map(Value::Ip),
        Function::Cidr => network(&value).map(Value::Cidr),
        _ => None,
    }
}

fn int(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Uint(number) => i64::try_from(*number).ok(),
        // The bounds themselves round to 2^63, which is not an int; cel-go refuses both.
        Value::Double(number) => {
            (*number > -9_223_372_036_854_775_808.0 && *number < 9_223_372_036_854_775_808.0).then_some(*number as i64)
        }
        Value::Text(text) => text.parse().ok(),
        Value::Timestamp(at) => Some(at.seconds()),
        _ => None,
    }
}

fn uint(value: &Value<'_>) -> Option<u64> {
    match value {
        Value::Uint(number) => Some(*number),
        Value::Int(number) => u64::try_from(*number).ok(),
        Value::Double(number) => (*number > -1.0 && *number < 18_446_744_073_709_551_616.0 && *number >= 0.0).then_some(*number as u64),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn double(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Double(number) => Some(*number),
        Value::Int(number) => Some(*number as f64),
        Value::Uint(number) => Some(*number as f64),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn text<'a>(value: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>, EvalError> {
    let made = match value {
        Value::Text(_) => return Ok(value.clone()),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) if number.is_infinite() => if *number > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        Value::Double(number) => number.to_string(),
        Value::Timestamp(at) => at.to_string(),
        Value::Duration(span) => span.to_string(),
        Value::Ip(address) => address.to_string(),
        Value::Cidr(network) => network.to_string(),
        Value::Bytes(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_| EvalError::new("the bytes are not UTF-8"))?;
            budget.make(text.len())?;
            text.to_owned()
        }
        other => return Err(no_overload("string", std::slice::from_ref(other))),
    };
    Ok(Value::made(made))
}

fn bytes<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    match value {
        Value::Bytes(_) => Some(value.clone()),
        Value::Text(text) => Some(Value::Bytes(Rc::from(text.as_bytes()))),
        _ => None,
    }
}

fn boolean(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Text(text) => match &**text {
            "true" | "True" | "TRUE" | "t" | "1" => Some(true),
            "false" | "False" | "FALSE" | "f" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn timestamp(value: &Value<'_>) -> Option<Timestamp> {
    match value {
        Value::Timestamp(at) => Some(*at),
        Value::Int(seconds) => Timestamp::from_seconds(*seconds),
        Value::Text(text) => Timestamp::parse(text),
        _ => None,
    }
}

fn duration(value: &Value<'_>) -> Option<Span> {
    match value {
        Value::Duration(span) => Some(*span),
        Value::Text(text) => Span::parse(text),
        _ => None,
    }
}

fn address(value: &Value<'_>) -> Option<IpAddr> {
    match value {
        Value::Ip(address) => Some(*address),
        Value::Text(text) => text.parse::<IpAddr>().ok().map(|address| address.to_canonical()),
        _ => None,
    }
}

fn network(value: &Value<'_>) -> Option<Cidr> {
    match value {
        Value::Cidr(network) => Some(*network),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}
