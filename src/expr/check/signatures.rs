//! How each function is called: `receiver.name(arguments) result`.

use super::types::Type;
use crate::expr::function::Function;

/// Every way of calling every function, without the operators.
pub const SIGNATURES: &[&str] = &[
    "size(string) int",
    "size(bytes) int",
    "size(list) int",
    "size(map) int",
    "string.size() int",
    "bytes.size() int",
    "list.size() int",
    "map.size() int",
    "string.contains(string) bool",
    "string.startsWith(string) bool",
    "string.endsWith(string) bool",
    "string.matches(string) bool",
    "matches(string, string) bool",
    "string.lowerAscii() string",
    "string.upperAscii() string",
    "string.trim() string",
    "string.split(string) list<string>",
    "string.split(string, int) list<string>",
    "list<string>.join() string",
    "list<string>.join(string) string",
    "string.replace(string, string) string",
    "string.replace(string, string, int) string",
    "string.substring(int) string",
    "string.substring(int, int) string",
    "string.indexOf(string) int",
    "string.indexOf(string, int) int",
    "string.lastIndexOf(string) int",
    "string.lastIndexOf(string, int) int",
    "string.charAt(int) string",
    "int(int) int",
    "int(uint) int",
    "int(double) int",
    "int(string) int",
    "int(timestamp) int",
    "uint(uint) uint",
    "uint(int) uint",
    "uint(double) uint",
    "uint(string) uint",
    "double(double) double",
    "double(int) double",
    "double(uint) double",
    "double(string) double",
    "string(string) string",
    "string(bool) string",
    "string(int) string",
    "string(uint) string",
    "string(double) string",
    "string(bytes) string",
    "string(timestamp) string",
    "string(duration) string",
    "string(ip) string",
    "string(cidr) string",
    "bytes(bytes) bytes",
    "bytes(string) bytes",
    "bool(bool) bool",
    "bool(string) bool",
    "timestamp(timestamp) timestamp",
    "timestamp(string) timestamp",
    "timestamp(int) timestamp",
    "duration(duration) duration",
    "duration(string) duration",
    "ip(ip) ip",
    "ip(string) ip",
    "cidr(cidr) cidr",
    "cidr(string) cidr",
    "dyn(any) any",
    "type(any) type",
    "timestamp.getFullYear() int",
    "timestamp.getFullYear(string) int",
    "timestamp.getMonth() int",
    "timestamp.getMonth(string) int",
    "timestamp.getDate() int",
    "timestamp.getDate(string) int",
    "timestamp.getDayOfMonth() int",
    "timestamp.getDayOfMonth(string) int",
    "timestamp.getDayOfWeek() int",
    "timestamp.getDayOfWeek(string) int",
    "timestamp.getDayOfYear() int",
    "timestamp.getDayOfYear(string) int",
    "timestamp.getHours() int",
    "timestamp.getHours(string) int",
    "timestamp.getMinutes() int",
    "timestamp.getMinutes(string) int",
    "timestamp.getSeconds() int",
    "timestamp.getSeconds(string) int",
    "timestamp.getMilliseconds() int",
    "timestamp.getMilliseconds(string) int",
    "duration.getHours() int",
    "duration.getMinutes() int",
    "duration.getSeconds() int",
    "duration.getMilliseconds() int",
];

/// One way of calling a function.
#[derive(Debug, Clone)]
pub struct Signature {
    /// As it is written.
    pub text: &'static str,
    /// The function's name.
    pub name: &'static str,
    /// Whether the first of the types is a receiver.
    pub member: bool,
    /// The types of the receiver, where there is one, and the arguments.
    pub takes: Vec<Type>,
    /// The type of the result.
    pub gives: Type,
}

impl Signature {
    fn of(text: &'static str) -> Option<Self> {
        let (head, rest) = text.split_once('(')?;
        let (arguments, result) = rest.split_once(") ")?;
        let (receiver, name) = head.split_once('.').map_or((None, head), |(receiver, name)| (Some(receiver), name));
        let arguments = arguments.split(", ").filter(|word| !word.is_empty());
        let takes = receiver.into_iter().chain(arguments).map(Type::of_word).collect();
        Some(Self { text, name, member: receiver.is_some(), takes, gives: Type::of_word(result) })
    }

    /// Whether values of these types may be given.
    pub fn accepts(&self, member: bool, types: &[Type]) -> bool {
        let fits = || self.takes.iter().zip(types).all(|(wanted, found)| wanted.meets(found));
        self.member == member && self.takes.len() == types.len() && fits()
    }
}

/// Every way of calling the function of this name.
pub fn of_name(name: &str) -> Vec<Signature> {
    SIGNATURES.iter().filter_map(|text| Signature::of(text)).filter(|signature| signature.name == name).collect()
}

/// The names of all functions.
pub fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    for signature in SIGNATURES.iter().filter_map(|text| Signature::of(text)) {
        if !names.contains(&signature.name) {
            names.push(signature.name);
        }
    }
    names
}

/// The operator that the parser calls by this name.
pub fn operator(name: &str) -> Option<Function> {
    Some(match name {
        "!_" => Function::Not,
        "-_" => Function::Negate,
        "_+_" => Function::Add,
        "_-_" => Function::Subtract,
        "_*_" => Function::Multiply,
        "_/_" => Function::Divide,
        "_%_" => Function::Remainder,
        "_==_" => Function::Equal,
        "_!=_" => Function::NotEqual,
        "_<_" => Function::Less,
        "_<=_" => Function::LessOrEqual,
        "_>_" => Function::Greater,
        "_>=_" => Function::GreaterOrEqual,
        "@in" => Function::In,
        "_[_]" => Function::Index,
        _ => return None,
    })
}
