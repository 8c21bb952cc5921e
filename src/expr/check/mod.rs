//! From the text of an expression to its tree, with every name and type checked as far as it is known. Native only: the parser is
//! that of the `cel` crate.

mod operators;
pub mod reference;
mod signatures;
mod source;
#[cfg(test)]
mod tests;
mod types;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

use self::signatures::Signature;
use self::source::Source;
use self::types::Type;
use super::convert;
use super::facts::Fact;
use super::function::Function;
use super::misread::Misread;
use super::node::{Each, Node, Pattern, TYPES, regex};
use super::time;
use super::value::Value;
use crate::config::text::names::{list, nearest};

/// The longest expression, in bytes.
const LONGEST: usize = 4_096;

/// How deep one expression may stand in another.
const DEEPEST: usize = 48;

/// Names that stand before facts.
const GROUPS: &[&str] = &["request", "client", "identity"];

/// Reads an expression that says true or false.
///
/// # Errors
/// Where it is not CEL, or a name or a type is wrong.
pub fn condition(text: &str) -> Result<Node, Misread> {
    let (node, found) = checked(text)?;
    if !found.meets(&Type::Bool) {
        let start = text.len() - text.trim_start().len();
        let message = format!("a condition says true or false, and this gives {found}");
        return Err(Misread::at(start..start + text.trim().len(), message));
    }
    Ok(node)
}

/// Reads an expression of any type.
///
/// # Errors
/// Where it is not CEL, or a name or a type is wrong.
pub fn expression(text: &str) -> Result<Node, Misread> {
    checked(text).map(|(node, _)| node)
}

fn checked(text: &str) -> Result<(Node, Type), Misread> {
    if text.len() > LONGEST {
        return Err(Misread::at(0..text.len(), format!("an expression has at most {LONGEST} bytes")));
    }
    if let Some(at) = text.find("${") {
        let error = Misread::at(at..at + 2, "variables of the deployment are not filled in within an expression");
        return Err(error.help("compare with something the request or the identity has"));
    }
    let (tree, source) = source::parse(text)?;
    Checker { source, locals: Vec::new(), depth: 0 }.check(&tree)
}

struct Checker<'t> {
    source: Source<'t>,
    locals: Vec<(String, Type)>,
    depth: usize,
}

type Checked = Result<(Node, Type), Misread>;

impl Checker<'_> {
    fn check(&mut self, expr: &IdedExpr) -> Checked {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Misread::at(self.source.whole(expr), "expressions stand too deep in each other here"));
        }
        let checked = match &expr.expr {
            Expr::Literal(literal) => Ok(literal_of(literal)),
            Expr::Ident(name) => self.name(expr, name),
            Expr::Select(select) => self.select(expr, select, false),
            Expr::Call(call) => self.call(expr, call),
            Expr::List(items) => {
                let mut nodes = Vec::with_capacity(items.elements.len());
                let mut of = None;
                for item in &items.elements {
                    let (node, found) = self.check(item)?;
                    nodes.push(node);
                    of = Some(of.map_or(found.clone(), |of: Type| of.or(&found)));
                }
                Ok((Node::List(nodes), Type::list(of.unwrap_or(Type::Dyn))))
            }
            Expr::Map(map) => self.map(map.entries.iter().map(|entry| &entry.expr)),
            Expr::Struct(_) => Err(Misread::at(self.source.whole(expr), "an expression makes no messages")),
            Expr::Comprehension(_) | Expr::Unspecified => Err(Misread::at(self.source.whole(expr), "this is not understood")),
        };
        self.depth -= 1;
        checked
    }

    fn map<'x>(&mut self, entries: impl Iterator<Item = &'x EntryExpr>) -> Checked {
        let (mut made, mut types) = (Vec::new(), None);
        for entry in entries {
            let EntryExpr::MapEntry(entry) = entry else { continue };
            let (key, key_type) = self.check(&entry.key)?;
            if !matches!(key_type, Type::Bool | Type::Int | Type::Uint | Type::Text | Type::Dyn) {
                return Err(Misread::at(self.source.whole(&entry.key), format!("a key of a map cannot be {key_type}")));
            }
            let (value, value_type) = self.check(&entry.value)?;
            made.push((key, value));
            types = Some(types.map_or((key_type.clone(), value_type.clone()), |(k, v): (Type, Type)| (k.or(&key_type), v.or(&value_type))));
        }
        let (key, value) = types.unwrap_or((Type::Dyn, Type::Dyn));
        Ok((Node::Map(made), Type::Map(Box::new(key), Box::new(value))))
    }

    fn name(&self, expr: &IdedExpr, name: &str) -> Checked {
        if let Some(index) = self.locals.iter().rposition(|(known, _)| known == name) {
            let found = self.locals.get(index).map_or(Type::Dyn, |(_, found)| found.clone());
            return Ok((Node::Local(index), found));
        }
        let fact = if name == "claims" { Some(Fact::Claims) } else { Fact::of_name(name) };
        if let Some(fact) = fact {
            return Ok((Node::Fact(fact), Type::of_fact(fact)));
        }
        if let Some(known) = TYPES.iter().find(|known| **known == name) {
            return Ok((Node::Type(known), Type::Kind));
        }
        let span = self.source.token(expr.id);
        if GROUPS.contains(&name) {
            let message = format!("`{name}` is a group of facts and no value by itself");
            return Err(Misread::at(span, message).help(format!("name one of them: {}", list(&members(name, true)))));
        }
        let locals = self.locals.iter().map(|(known, _)| known.as_str());
        let known: Vec<&str> = GROUPS.iter().copied().chain(["claims", "api", "route"]).chain(locals).collect();
        let within = GROUPS.iter().map(|group| format!("{group}.{name}")).find_map(|path| Fact::of_name(&path)).map(Fact::name);
        let suggestion = within.or_else(|| nearest(name, known.iter().copied()));
        let error = Misread::at(span, format!("there is no variable `{name}`")).suggest(suggestion);
        Err(error.help(format!("expected {}", list(&known))))
    }

    /// `operand.field`, or whether it is there.
    fn select(&mut self, expr: &IdedExpr, select: &SelectExpr, test: bool) -> Checked {
        let field = &select.field;
        if let Expr::Ident(group) = &select.operand.expr
            && GROUPS.contains(&group.as_str())
            && !self.locals.iter().any(|(known, _)| known == group)
        {
            let Some(fact) = Fact::of_name(&format!("{group}.{field}")) else {
                let known = members(group, false);
                let error = Misread::at(self.source.name_after(expr.id), format!("`{group}` has no `{field}`"));
                return Err(error.suggest(nearest(field, known.iter().copied())).help(format!("expected {}", list(&known))));
            };
            return Ok(match test {
                true => (Node::HasFact(fact), Type::Bool),
                false => (Node::Fact(fact), Type::of_fact(fact)),
            });
        }
        let (operand, found) = self.check(&select.operand)?;
        let value = match found {
            Type::Map(_, value) => *value,
            Type::Dyn => Type::Dyn,
            other => {
                let error = Misread::at(self.source.name_after(expr.id), format!("{other} has no fields, and so no `{field}`"));
                let call = signatures::names().into_iter().find(|name| *name == field);
                return Err(match call {
                    Some(name) => error.help(format!("a function is called with parentheses: `{name}()`")),
                    None => error,
                });
            }
        };
        Ok(match test {
            true => (Node::HasField(Box::new(operand), field.as_str().into()), Type::Bool),
            false => (Node::Field(Box::new(operand), field.as_str().into()), value),
        })
    }

    fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Checked {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice(), &call.target) {
            ("_&&_" | "_||_", _, None) => return self.logic(expr, name),
            ("_?_:_", [test, yes, no], None) => {
                let test = self.boolean(test)?;
                let ((yes, a), (no, b)) = (self.check(yes)?, self.check(no)?);
                return Ok((Node::If(Box::new([test, yes, no])), a.or(&b)));
            }
            ("has", [argument], None) => {
                let Expr::Select(select) = &argument.expr else {
                    let error = Misread::at(self.source.whole(argument), "`has` asks about a field: `has(claims.plan)`");
                    return Err(error.help("for any other key, write `\"key\" in map`"));
                };
                return self.select(argument, select, true);
            }
            (_, arguments, Some(range)) => {
                let name = if name == "existsOne" { "exists_one" } else { name };
                if let Some(each) = Each::ALL.iter().find(|each| each.name() == name) {
                    return self.each(expr, *each, range, arguments);
                }
            }
            _ => {}
        }
        let operator = signatures::operator(name);
        if operator.is_none() {
            self.known(expr, name)?;
        }
        let mut nodes = Vec::with_capacity(call.args.len() + 1);
        let mut types = Vec::with_capacity(call.args.len() + 1);
        let given: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        for argument in &given {
            let (node, found) = self.check(argument)?;
            nodes.push(node);
            types.push(found);
        }
        match operator {
            Some(operator) => {
                let gives = operators::result(operator, &types).map_err(|error| {
                    let span = self.source.token(expr.id);
                    error.place(span)
                })?;
                Ok((operators::node(operator, nodes), gives))
            }
            None => self.function(expr, call, &given, nodes, &types),
        }
    }

    /// The function of this name, and the ways of calling it.
    fn known(&self, expr: &IdedExpr, name: &str) -> Result<(Function, Vec<Signature>), Misread> {
        let known = signatures::of_name(name);
        Function::of_name(name).filter(|_| !known.is_empty()).map(|function| (function, known)).ok_or_else(|| {
            let names: Vec<&str> = signatures::names().into_iter().chain(Each::ALL.iter().map(|each| each.name())).chain(["has"]).collect();
            let error = Misread::at(self.source.name_before(expr.id), format!("there is no function `{name}`"));
            match nearest(name, names.iter().copied()) {
                None => error.help(format!("expected {}", list(&names))),
                found => error.suggest(found),
            }
        })
    }

    fn function(&self, expr: &IdedExpr, call: &CallExpr, given: &[&IdedExpr], nodes: Vec<Node>, types: &[Type]) -> Checked {
        let (name, member) = (call.func_name.as_str(), call.target.is_some());
        let (function, known) = self.known(expr, name)?;
        let mut accepting = known.iter().filter(|signature| signature.accepts(member, types));
        let Some(first) = accepting.next() else {
            let found: Vec<String> = types.iter().map(Type::word).collect();
            let given = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
            let error = Misread::at(self.source.name_before(expr.id), format!("`{name}` cannot be called like this, with {given}"));
            return Err(error.help(format!("expected {}", list(&known.iter().map(|known| known.text).collect::<Vec<_>>()))));
        };
        let gives = accepting.fold(first.gives.clone(), |gives, other| gives.or(&other.gives));
        let place = |index: usize| given.get(index).map_or(0..0, |argument| self.source.whole(argument));
        let node = match (function, nodes.as_slice()) {
            (Function::Ip | Function::Cidr | Function::Timestamp | Function::Duration, [Node::Text(text)]) => {
                match convert::fixed(function, text) {
                    Some(Value::Ip(value)) => Node::Ip(value),
                    Some(Value::Cidr(value)) => Node::Cidr(value),
                    Some(Value::Timestamp(value)) => Node::Timestamp(value),
                    Some(Value::Duration(value)) => Node::Duration(value),
                    _ => return Err(Misread::at(place(0), not_a(function, text))),
                }
            }
            (Function::Matches, [_, Node::Text(pattern)]) => {
                if let Err(error) = regex(pattern) {
                    return Err(Misread::at(place(1), format!("this is not a regular expression: {error}")));
                }
                let pattern = Pattern::new(pattern);
                match nodes.into_iter().next() {
                    Some(text) => Node::Matches(Box::new(text), pattern),
                    None => Node::Null,
                }
            }
            (_, [_, Node::Text(zone)]) if name.starts_with("get") && time::offset(zone).is_none() => {
                let error = Misread::at(place(1), format!("`{zone}` is not a time zone that is known here"));
                return Err(error.help("write \"UTC\" or an offset such as \"+02:00\""));
            }
            _ => Node::Call(function, nodes),
        };
        Ok((node, gives))
    }

    /// `&&` or `||`; one within the same one goes up into it.
    fn logic(&mut self, expr: &IdedExpr, name: &str) -> Checked {
        let mut terms = Vec::new();
        flatten(expr, name, &mut terms);
        let nodes = terms.into_iter().map(|term| self.boolean(term)).collect::<Result<_, _>>()?;
        Ok((if name == "_&&_" { Node::And(nodes) } else { Node::Or(nodes) }, Type::Bool))
    }

    fn boolean(&mut self, expr: &IdedExpr) -> Result<Node, Misread> {
        let (node, found) = self.check(expr)?;
        if !found.meets(&Type::Bool) {
            return Err(Misread::at(self.source.whole(expr), format!("this must be true or false, and is {found}")));
        }
        Ok(node)
    }

    fn each(&mut self, expr: &IdedExpr, each: Each, range: &IdedExpr, arguments: &[IdedExpr]) -> Checked {
        let (variable, bodies) = match arguments {
            [IdedExpr { expr: Expr::Ident(variable), .. }, bodies @ ..]
                if matches!(bodies, [_]) || (each == Each::Map && matches!(bodies, [_, _])) =>
            {
                (variable, bodies)
            }
            _ => {
                let error =
                    Misread::at(self.source.name_before(expr.id), format!("`{}` needs a variable and what is asked of it", each.name()));
                return Err(error.help(format!("for example `{}`", example(each))));
            }
        };
        let (range_node, found) = self.check(range)?;
        let item = match found {
            Type::List(item) => *item,
            Type::Map(key, _) => *key,
            Type::Dyn => Type::Dyn,
            other => {
                let message = format!("`{}` goes through a list or a map, and this is {other}", each.name());
                return Err(Misread::at(self.source.whole(range), message));
            }
        };
        self.locals.push((variable.clone(), item.clone()));
        let mut nodes = Vec::with_capacity(bodies.len());
        let mut gives = Type::Bool;
        for (index, body) in bodies.iter().enumerate() {
            if each == Each::Map && index + 1 == bodies.len() {
                let (node, found) = self.check(body)?;
                nodes.push(node);
                gives = Type::list(found);
            } else {
                nodes.push(self.boolean(body)?);
            }
        }
        self.locals.pop();
        if each == Each::Filter {
            gives = Type::list(item);
        }
        Ok((Node::Each(each, Box::new(range_node), nodes), gives))
    }
}

fn example(each: Each) -> &'static str {
    match each {
        Each::All => "identity.scopes.all(scope, scope.startsWith(\"read:\"))",
        Each::Exists => "identity.roles.exists(role, role == \"admin\")",
        Each::ExistsOne => "identity.groups.exists_one(group, group.endsWith(\"-ops\"))",
        Each::Filter => "identity.groups.filter(group, group.startsWith(\"team-\"))",
        Each::Map => "identity.groups.map(group, group.lowerAscii())",
    }
}

fn flatten<'x>(expr: &'x IdedExpr, name: &str, terms: &mut Vec<&'x IdedExpr>) {
    match &expr.expr {
        Expr::Call(call) if call.func_name == name => call.args.iter().for_each(|argument| flatten(argument, name, terms)),
        _ => terms.push(expr),
    }
}

/// The facts of a group: whole, or without the group's name.
fn members(group: &str, whole: bool) -> Vec<&'static str> {
    let own = Fact::ALL.iter().filter_map(|fact| {
        let (of, name) = fact.name().split_once('.')?;
        (of == group).then_some(if whole { fact.name() } else { name })
    });
    own.collect()
}

fn not_a(function: Function, text: &str) -> String {
    match function {
        Function::Cidr => text.parse::<crate::http::address::Cidr>().err().unwrap_or_default(),
        Function::Ip => format!("`{text}` is not an address, such as \"192.0.2.7\" or \"2001:db8::7\""),
        Function::Timestamp => format!("`{text}` is not a timestamp, such as \"2026-01-31T12:00:00Z\""),
        _ => format!("`{text}` is not a duration, such as \"90s\" or \"1h30m\""),
    }
}

fn literal_of(literal: &LiteralValue) -> (Node, Type) {
    match literal {
        LiteralValue::Boolean(value) => (Node::Bool(*value.inner()), Type::Bool),
        LiteralValue::Bytes(value) => (Node::Bytes(value.inner().into()), Type::Bytes),
        LiteralValue::Double(value) => (Node::Double(*value.inner()), Type::Double),
        LiteralValue::Int(value) => (Node::Int(*value.inner()), Type::Int),
        LiteralValue::Null => (Node::Null, Type::Null),
        LiteralValue::String(value) => (Node::Text(value.inner().into()), Type::Text),
        LiteralValue::UInt(value) => (Node::Uint(*value.inner()), Type::Uint),
    }
}
