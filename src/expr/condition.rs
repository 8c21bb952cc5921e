//! Conditions and expressions as policies have them: text where they are written, a tree where they run.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::error::EvalError;
use super::evaluate::Evaluator;
use super::facts::Fact;
use super::node::Node;
use super::value::Value;
use crate::config::compiler::Needs;
use crate::exchange::Exchange;
use crate::http::Request;

/// An expression that says true or false. Reads as text (natively, where it is also checked) and as a compiled tree; writes the
/// tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(Rc<Node>);

/// An expression of any type; otherwise as [`Condition`].
#[derive(Debug, Clone, PartialEq)]
pub struct Expression(Rc<Node>);

impl Condition {
    /// Reads and checks a condition.
    ///
    /// # Errors
    /// Where it is not CEL, a name or a type in it is wrong, or it does not say true or false.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn parse(text: &str) -> Result<Self, super::misread::Misread> {
        super::check::condition(text).map(|node| Self(Rc::new(node)))
    }

    /// Whether it holds for a request.
    ///
    /// # Errors
    /// Where that cannot be told: something it reads is absent, or the work runs out. Whoever asks refuses the request then.
    pub fn holds(&self, cx: &Exchange<'_>, request: &Request) -> Result<bool, EvalError> {
        Evaluator::new(cx, request).value(&self.0)?.truth()
    }

    /// Adds what it needs of a route: an identity, facts of the edge, path parameters.
    pub fn add_needs(&self, needs: &mut Needs) {
        add_needs(&self.0, needs);
    }

    /// Whether it asks who is calling.
    pub fn reads_identity(&self) -> bool {
        let mut needs = Needs::default();
        self.add_needs(&mut needs);
        needs.identity
    }
}

impl Expression {
    /// Reads and checks an expression.
    ///
    /// # Errors
    /// Where it is not CEL, or a name or a type in it is wrong.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn parse(text: &str) -> Result<Self, super::misread::Misread> {
        super::check::expression(text).map(|node| Self(Rc::new(node)))
    }

    /// Its value for a request.
    ///
    /// # Errors
    /// Where it has none: something it reads is absent, or the work runs out.
    pub fn value<'a>(&'a self, cx: &'a Exchange<'_>, request: &'a Request) -> Result<Value<'a>, EvalError> {
        Evaluator::new(cx, request).value(&self.0)
    }

    /// As [`Condition::add_needs`].
    pub fn add_needs(&self, needs: &mut Needs) {
        add_needs(&self.0, needs);
    }
}

fn add_needs(node: &Node, needs: &mut Needs) {
    let (mut read, mut asked) = (BTreeSet::new(), BTreeSet::new());
    node.walk(&mut |node| match node {
        Node::Fact(fact) | Node::HasFact(fact) => {
            needs.identity |= fact.of_identity();
            needs.edge |= fact.of_edge();
        }
        Node::Field(map, name) if **map == Node::Fact(Fact::Params) => drop(read.insert(name.to_string())),
        Node::HasField(map, name) if **map == Node::Fact(Fact::Params) => drop(asked.insert(name.to_string())),
        _ => {}
    });
    needs.params.extend(read.into_iter().filter(|name| !asked.contains(name)));
}

/// The key of the compiled form.
const COMPILED: &str = "cel";

struct TreeVisitor(fn(&str) -> Result<Node, String>);

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an expression in quotes, such as \"request.method == 'GET'\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        (self.0)(text).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        match map.next_key::<String>()? {
            Some(key) if key == COMPILED => map.next_value(),
            _ => Err(de::Error::custom("an expression is text in quotes")),
        }
    }
}

macro_rules! shipped {
    ($($type:ident: $check:ident, $about:literal;)+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(COMPILED, &*self.0)?;
                map.end()
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[cfg(not(target_arch = "wasm32"))]
                let read = |text: &str| super::check::$check(text).map_err(|misread| misread.to_string());
                #[cfg(target_arch = "wasm32")]
                let read = |_: &str| Err("an expression must have been compiled".to_owned());
                deserializer.deserialize_any(TreeVisitor(read)).map(|node| Self(Rc::new(node)))
            }
        }

        #[cfg(not(target_arch = "wasm32"))]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $about })
            }
        }
    )+};
}

shipped! {
    Condition: condition, "A condition: an expression of CEL that says true or false.";
    Expression: expression, "An expression of CEL.";
}
