//! The types that operators take and give.

use std::ops::Range;

use super::types::Type;
use crate::expr::function::Function;
use crate::expr::misread::Misread;
use crate::expr::node::Node;

/// Types that an operator does not take.
pub struct Mismatch {
    message: String,
    help: Option<String>,
}

impl Mismatch {
    /// The error at the operator's place.
    pub fn place(self, span: Range<usize>) -> Misread {
        let misread = Misread::at(span, self.message);
        match self.help {
            Some(help) => misread.help(help),
            None => misread,
        }
    }
}

fn mismatch(message: String, help: Option<&str>) -> Mismatch {
    Mismatch { message, help: help.map(str::to_owned) }
}

/// The node of an operator; a key that is written out is a field.
pub fn node(operator: Function, mut nodes: Vec<Node>) -> Node {
    if operator == Function::Index
        && let [_, Node::Text(key)] = nodes.as_slice()
    {
        let key = key.clone();
        nodes.pop();
        if let Some(map) = nodes.pop() {
            return Node::Field(Box::new(map), key);
        }
    }
    Node::Call(operator, nodes)
}

/// The type of an operator's result.
pub fn result(operator: Function, types: &[Type]) -> Result<Type, Mismatch> {
    match types {
        [only] => unary(operator, only),
        [a, b] => binary(operator, a, b),
        _ => Ok(Type::Dyn),
    }
}

fn unary(operator: Function, of: &Type) -> Result<Type, Mismatch> {
    match (operator, of) {
        (Function::Not, Type::Bool | Type::Dyn) => Ok(Type::Bool),
        (Function::Negate, Type::Int | Type::Double | Type::Dyn) => Ok(of.clone()),
        (Function::Not, other) => Err(mismatch(format!("`!` needs true or false, and this is {other}"), None)),
        (_, other) => Err(mismatch(format!("`-` needs an int or a double, and this is {other}"), None)),
    }
}

fn binary(operator: Function, a: &Type, b: &Type) -> Result<Type, Mismatch> {
    let sign = operator.name();
    match operator {
        Function::Equal | Function::NotEqual if a.may_equal(b) => Ok(Type::Bool),
        Function::Equal | Function::NotEqual => {
            let help = matches!((a, b), (Type::Ip, Type::Text) | (Type::Text, Type::Ip))
                .then_some("make the text an address: `ip(\"192.0.2.7\")`");
            Err(mismatch(format!("{a} never equals {b}"), help))
        }
        Function::Less | Function::LessOrEqual | Function::Greater | Function::GreaterOrEqual => {
            let ordered = a.is_number() && b.is_number();
            let same = a.meets(b) && [a, b].iter().all(|of| has_order(of));
            if ordered || same { Ok(Type::Bool) } else { Err(mismatch(format!("{a} and {b} have no order"), None)) }
        }
        Function::In => member(a, b),
        Function::Index => index(a, b),
        _ => arithmetic(operator, a, b).ok_or_else(|| {
            let numbers = a.is_number() && b.is_number() && a != b;
            let help = numbers.then_some("make them numbers of one type with `int(...)`, `uint(...)` or `double(...)`");
            mismatch(format!("`{sign}` has no meaning for {a} and {b}"), help)
        }),
    }
}

fn has_order(of: &Type) -> bool {
    matches!(of, Type::Text | Type::Bytes | Type::Bool | Type::Timestamp | Type::Duration | Type::Dyn) || of.is_number()
}

fn arithmetic(operator: Function, a: &Type, b: &Type) -> Option<Type> {
    use Type::{Double, Duration, Dyn, Int, Timestamp, Uint};
    let (adds, subtracts) = (operator == Function::Add, operator == Function::Subtract);
    Some(match (a, b) {
        (Dyn, _) | (_, Dyn) => Dyn,
        (Int, Int) => Int,
        (Uint, Uint) => Uint,
        (Double, Double) if operator != Function::Remainder => Double,
        (Type::Text, Type::Text) if adds => Type::Text,
        (Type::Bytes, Type::Bytes) if adds => Type::Bytes,
        (Type::List(a), Type::List(b)) if adds => Type::list((**a).clone().or(b)),
        (Duration, Duration) if adds || subtracts => Duration,
        (Timestamp, Duration) if adds || subtracts => Timestamp,
        (Duration, Timestamp) if adds => Timestamp,
        (Timestamp, Timestamp) if subtracts => Duration,
        _ => return None,
    })
}

fn member(item: &Type, group: &Type) -> Result<Type, Mismatch> {
    let fits = match group {
        Type::List(of) => item.may_equal(of) || (*item == Type::Ip && **of == Type::Cidr),
        Type::Map(key, _) => item.may_equal(key),
        Type::Cidr => Type::Ip.meets(item),
        Type::Dyn => true,
        Type::Text => {
            let help = "a part of a text is found with `text.contains(part)`";
            return Err(mismatch("`in` looks into a list, a map or a network, and this is a string".to_owned(), Some(help)));
        }
        other => return Err(mismatch(format!("`in` looks into a list, a map or a network, and this is {other}"), None)),
    };
    if fits { Ok(Type::Bool) } else { Err(mismatch(format!("{item} is never in {group}"), None)) }
}

fn index(group: &Type, key: &Type) -> Result<Type, Mismatch> {
    match group {
        Type::List(of) if matches!(key, Type::Int | Type::Uint | Type::Dyn) => Ok((**of).clone()),
        Type::List(_) => Err(mismatch(format!("a place in a list is an int, and this is {key}"), None)),
        Type::Map(of, value) if key.may_equal(of) => Ok((**value).clone()),
        Type::Map(of, _) => Err(mismatch(format!("a key of this map is {of}, and this is {key}"), None)),
        Type::Dyn => Ok(Type::Dyn),
        other => Err(mismatch(format!("{other} has nothing at `[...]`"), None)),
    }
}
