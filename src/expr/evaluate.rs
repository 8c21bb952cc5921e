//! The evaluator: a walk over the tree, with a bound on its work.

use super::call;
use super::error::{Budget, EvalError, MOST_ITEMS};
use super::node::{Each, Node};
use super::value::{List, Map, Value};
use crate::exchange::Exchange;
use crate::http::Request;

/// One evaluation of an expression for one request.
pub struct Evaluator<'a, 'e> {
    cx: &'a Exchange<'e>,
    request: &'a Request,
    locals: Vec<Value<'a>>,
    budget: Budget,
}

impl<'a, 'e> Evaluator<'a, 'e> {
    /// Begins.
    pub fn new(cx: &'a Exchange<'e>, request: &'a Request) -> Self {
        Self { cx, request, locals: Vec::new(), budget: Budget::default() }
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// Where it has none, or the work runs out.
    pub fn value(&mut self, node: &'a Node) -> Result<Value<'a>, EvalError> {
        self.budget.spend(1)?;
        Ok(match node {
            Node::Null => Value::Null,
            Node::Bool(value) => Value::Bool(*value),
            Node::Int(value) => Value::Int(*value),
            Node::Uint(value) => Value::Uint(*value),
            Node::Double(value) => Value::Double(*value),
            Node::Text(text) => Value::text(text),
            Node::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Node::Timestamp(value) => Value::Timestamp(*value),
            Node::Duration(value) => Value::Duration(*value),
            Node::Ip(value) => Value::Ip(*value),
            Node::Cidr(value) => Value::Cidr(*value),
            Node::Type(name) => Value::Type(name),
            Node::List(nodes) => Value::list(self.values(nodes)?),
            Node::Map(entries) => self.map(entries)?,
            Node::Fact(fact) => fact.value(self.cx, self.request)?,
            Node::HasFact(fact) => Value::Bool(fact.read(self.cx, self.request).is_some()),
            Node::Local(index) => {
                let local = self.locals.get(*index).cloned();
                local.ok_or_else(|| EvalError::new("the expression names a variable that is not there"))?
            }
            Node::Field(node, name) => {
                let map = self.map_of(node)?;
                map.value(&Value::text(name), &mut self.budget)?.ok_or_else(|| call::no_key(&Value::text(name)))?
            }
            Node::HasField(node, name) => {
                let map = self.map_of(node)?;
                Value::Bool(map.has(&Value::text(name), &mut self.budget)?)
            }
            Node::And(nodes) => self.until(nodes, false)?,
            Node::Or(nodes) => self.until(nodes, true)?,
            Node::If(parts) => {
                let [test, yes, no] = &**parts;
                match self.value(test)?.truth()? {
                    true => self.value(yes)?,
                    false => self.value(no)?,
                }
            }
            Node::Matches(node, pattern) => {
                let value = self.value(node)?;
                let regex = pattern.regex().ok_or_else(|| EvalError::new("the pattern is not a regular expression"))?;
                Value::Bool(call::is_match(&value, pattern.text().len(), regex, &mut self.budget)?)
            }
            Node::Each(each, range, bodies) => self.each(*each, range, bodies)?,
            Node::Call(function, nodes) => {
                let values = self.values(nodes)?;
                call::call(*function, &values, &mut self.budget)?
            }
        })
    }

    fn values(&mut self, nodes: &'a [Node]) -> Result<Vec<Value<'a>>, EvalError> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    fn map(&mut self, entries: &'a [(Node, Node)]) -> Result<Value<'a>, EvalError> {
        let mut made: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.value(key)?;
            if !matches!(key, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Text(_)) {
                return Err(EvalError::new(format!("a key of a map cannot be a {}", key.kind())));
            }
            for (known, _) in &made {
                if known.equals(&key, &mut self.budget)? {
                    return Err(EvalError::new("a map has the same key twice"));
                }
            }
            let value = self.value(value)?;
            made.push((key, value));
        }
        Ok(Value::Map(Map::Made(made.into())))
    }

    fn map_of(&mut self, node: &'a Node) -> Result<Map<'a>, EvalError> {
        match self.value(node)? {
            Value::Map(map) => Ok(map),
            other => Err(EvalError::new(format!("a {} has no fields", other.kind()))),
        }
    }

    /// `&&` and `||`: what decides wins over an error on either side; without it the first error stands.
    fn until(&mut self, nodes: &'a [Node], decides: bool) -> Result<Value<'a>, EvalError> {
        let mut failed = None;
        for node in nodes {
            match self.value(node).and_then(|value| value.truth()) {
                Ok(value) if value == decides => return Ok(Value::Bool(decides)),
                Ok(_) => {}
                Err(error) if error.exhausted => return Err(error),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(Value::Bool(!decides)), Err)
    }

    fn each(&mut self, each: Each, range: &'a Node, bodies: &'a [Node]) -> Result<Value<'a>, EvalError> {
        let items = match self.value(range)? {
            Value::List(list) => list,
            Value::Map(map) => {
                self.budget.spend(map.len())?;
                List::Made(map.keys().into())
            }
            other => return Err(EvalError::new(format!("`{}` needs a list or a map, found {}", each.name(), other.kind()))),
        };
        let (Some(body), then) = (bodies.first(), bodies.get(1)) else {
            return Err(EvalError::new("a part of an expression is missing"));
        };
        let mut failed = None;
        let (mut made, mut count) = (Vec::new(), 0);
        for item in items.items() {
            let value = self.with(item.clone(), body);
            match each {
                Each::All | Each::Exists => match value.and_then(|value| value.truth()) {
                    Ok(value) if value == (each == Each::Exists) => return Ok(Value::Bool(value)),
                    Ok(_) => {}
                    Err(error) if error.exhausted => return Err(error),
                    Err(error) => failed = failed.or(Some(error)),
                },
                Each::ExistsOne => count += usize::from(value?.truth()?),
                Each::Filter => made.extend(value?.truth()?.then_some(item)),
                Each::Map => match then {
                    None => made.push(value?),
                    Some(then) if value?.truth()? => made.push(self.with(item, then)?),
                    Some(_) => {}
                },
            }
            if made.len() > MOST_ITEMS {
                self.budget.list(made.len())?;
            }
        }
        match (each, failed) {
            (_, Some(error)) => Err(error),
            (Each::All, None) => Ok(Value::Bool(true)),
            (Each::Exists, None) => Ok(Value::Bool(false)),
            (Each::ExistsOne, None) => Ok(Value::Bool(count == 1)),
            (Each::Filter | Each::Map, None) => Ok(Value::list(made)),
        }
    }

    /// The value of a body for one item.
    fn with(&mut self, item: Value<'a>, body: &'a Node) -> Result<Value<'a>, EvalError> {
        let depth = self.locals.len();
        self.locals.push(item);
        let value = self.value(body);
        self.locals.truncate(depth);
        value
    }
}
