//! Arithmetic and order, as CEL has them: nothing wraps around, and numbers of different types compare by their value, a whole
//! number against a double as the double that is nearest to it.

use std::cmp::Ordering;
use std::rc::Rc;

use super::error::{Budget, EvalError};
use super::function::Function;
use super::time::Span;
use super::value::{List, Value};

/// How two numbers stand to each other, whatever their types; `Some(None)` where one is NaN, `None` where one is no number.
pub fn compare_numbers(a: &Value<'_>, b: &Value<'_>) -> Option<Option<Ordering>> {
    use Value::{Double, Int, Uint};
    Some(match (a, b) {
        (Int(a), Int(b)) => Some(a.cmp(b)),
        (Uint(a), Uint(b)) => Some(a.cmp(b)),
        (Double(a), Double(b)) => a.partial_cmp(b),
        (Int(a), Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Uint(a), Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Int(a), Double(b)) => (*a as f64).partial_cmp(b),
        (Uint(a), Double(b)) => (*a as f64).partial_cmp(b),
        (Double(a), Int(b)) => a.partial_cmp(&(*b as f64)),
        (Double(a), Uint(b)) => a.partial_cmp(&(*b as f64)),
        _ => return None,
    })
}

/// The error of an operator or function that has no meaning for these types.
pub fn no_overload(name: &str, values: &[Value<'_>]) -> EvalError {
    let kinds: Vec<&str> = values.iter().map(Value::kind).collect();
    EvalError::new(format!("`{name}` has no meaning for {}", kinds.join(", ")))
}

/// `<`, `<=`, `>`, `>=`.
///
/// # Errors
/// Where the two have no order.
pub fn compare(function: Function, a: &Value<'_>, b: &Value<'_>, budget: &mut Budget) -> Result<bool, EvalError> {
    let order = match (a, b) {
        (Value::Text(a), Value::Text(b)) => {
            budget.read(a.len().min(b.len()))?;
            Some((**a).cmp(&**b))
        }
        (Value::Bytes(a), Value::Bytes(b)) => {
            budget.read(a.len().min(b.len()))?;
            Some(a.cmp(b))
        }
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        _ => compare_numbers(a, b).ok_or_else(|| no_overload(function.name(), &[a.clone(), b.clone()]))?,
    };
    Ok(order.is_some_and(|order| match function {
        Function::Less => order.is_lt(),
        Function::LessOrEqual => order.is_le(),
        Function::Greater => order.is_gt(),
        _ => order.is_ge(),
    }))
}

fn overflow() -> EvalError {
    EvalError::new("a number is too large or too small for its type")
}

fn out_of_time() -> EvalError {
    EvalError::new("a timestamp or duration is out of range")
}

/// `+`, `-`, `*`, `/`, `%`.
///
/// # Errors
/// Where the result does not fit its type, the divisor is zero, or the types do not go together.
pub fn arithmetic<'a>(function: Function, a: &Value<'a>, b: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>, EvalError> {
    use Value::{Bytes, Double, Duration, Int, Text, Timestamp, Uint};
    let divides = matches!(function, Function::Divide | Function::Remainder);
    let zero = || EvalError::new("division by zero");
    match (a, b) {
        (Int(_), Int(0)) | (Uint(_), Uint(0)) if divides => Err(zero()),
        (Int(a), Int(b)) => {
            let result = match function {
                Function::Add => a.checked_add(*b),
                Function::Subtract => a.checked_sub(*b),
                Function::Multiply => a.checked_mul(*b),
                Function::Divide => a.checked_div(*b),
                _ => a.checked_rem(*b),
            };
            result.map(Int).ok_or_else(overflow)
        }
        (Uint(a), Uint(b)) => {
            let result = match function {
                Function::Add => a.checked_add(*b),
                Function::Subtract => a.checked_sub(*b),
                Function::Multiply => a.checked_mul(*b),
                Function::Divide => a.checked_div(*b),
                _ => a.checked_rem(*b),
            };
            result.map(Uint).ok_or_else(overflow)
        }
        (Double(a), Double(b)) if function != Function::Remainder => Ok(Double(match function {
            Function::Add => a + b,
            Function::Subtract => a - b,
            Function::Multiply => a * b,
            _ => a / b,
        })),
        (Text(a), Text(b)) if function == Function::Add => {
            budget.make(a.len() + b.len())?;
            Ok(Value::made(format!("{}{}", &**a, &**b)))
        }
        (Bytes(a), Bytes(b)) if function == Function::Add => {
            budget.make(a.len() + b.len())?;
            Ok(Bytes(Rc::from([&**a, &**b].concat())))
        }
        (Value::List(a), Value::List(b)) if function == Function::Add => {
            budget.list(a.len() + b.len())?;
            Ok(Value::List(List::Made(a.items().chain(b.items()).collect())))
        }
        (Duration(a), Duration(b)) => {
            let result = match function {
                Function::Add => a.0.checked_add(b.0),
                Function::Subtract => a.0.checked_sub(b.0),
                _ => return Err(no_overload(function.name(), &[Duration(*a), Duration(*b)])),
            };
            result.map(|nanos| Duration(Span(nanos))).ok_or_else(out_of_time)
        }
        (Timestamp(a), Duration(b)) | (Duration(b), Timestamp(a)) if function == Function::Add => {
            a.plus(*b).map(Timestamp).ok_or_else(out_of_time)
        }
        (Timestamp(a), Duration(b)) if function == Function::Subtract => a.minus(*b).map(Timestamp).ok_or_else(out_of_time),
        (Timestamp(a), Timestamp(b)) if function == Function::Subtract => a.since(*b).map(Duration).ok_or_else(out_of_time),
        _ => Err(no_overload(function.name(), &[a.clone(), b.clone()])),
    }
}

/// `-`.
///
/// # Errors
/// Where there is no such negative number, or it is no signed number.
pub fn negate<'a>(value: &Value<'a>) -> Result<Value<'a>, EvalError> {
    match value {
        Value::Int(number) => number.checked_neg().map(Value::Int).ok_or_else(overflow),
        Value::Double(number) => Ok(Value::Double(-number)),
        other => Err(no_overload("-", std::slice::from_ref(other))),
    }
}
