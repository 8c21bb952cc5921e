//! The tree: nodes of rules, which refer to each other by index.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::format::Format;
use super::pattern::Pattern;

/// One bit for each type of JSON; every integer is a number too.
pub mod kind {
    /// `null`.
    pub const NULL: u8 = 1;
    /// `true` and `false`.
    pub const BOOLEAN: u8 = 2;
    /// A number without a fraction.
    pub const INTEGER: u8 = 4;
    /// Any number.
    pub const NUMBER: u8 = 8;
    /// A text.
    pub const STRING: u8 = 16;
    /// An array.
    pub const ARRAY: u8 = 32;
    /// An object.
    pub const OBJECT: u8 = 64;

    /// Every type with its name in JSON Schema.
    pub const ALL: [(u8, &str); 7] = [
        (NULL, "null"),
        (BOOLEAN, "boolean"),
        (INTEGER, "integer"),
        (NUMBER, "number"),
        (STRING, "string"),
        (ARRAY, "array"),
        (OBJECT, "object"),
    ];
}

/// Schemas, compiled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// Every schema and subschema.
    pub nodes: Vec<Node>,
    /// The dynamic anchors of each resource, with the nodes that they stand at.
    pub anchors: Vec<BTreeMap<String, usize>>,
    /// Regular expressions.
    pub patterns: Vec<Pattern>,
    /// Whether any node asks what others have evaluated.
    pub tracks: bool,
}

/// A schema: its resource, for dynamic references, and its rules; those that ask what others have evaluated come last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Node(pub usize, pub Vec<Rule>);

/// One rule. It has the name of its keyword where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// Nothing is right: the schema `false`.
    Never,
    /// The value has one of these types, bits of [`kind`].
    Type(u8),
    /// The value is one of these.
    Enum(Vec<Value>),
    /// The value is one of these texts.
    Words(BTreeSet<String>),
    /// The value is this.
    Const(Value),
    /// The text or number is of this form.
    Format(Format),
    /// Characters.
    MinLength(u64),
    /// Characters.
    MaxLength(u64),
    /// Index into [`Tree::patterns`].
    Pattern(usize),
    /// At least.
    Minimum(Number),
    /// At most.
    Maximum(Number),
    /// More than.
    ExclusiveMinimum(Number),
    /// Less than.
    ExclusiveMaximum(Number),
    /// A whole multiple of.
    MultipleOf(Number),
    /// Names that must be there.
    Required(Vec<String>),
    /// Members.
    MinProperties(u64),
    /// Members.
    MaxProperties(u64),
    /// Every name, as a text.
    PropertyNames(usize),
    /// Names that must be there where another one is.
    DependentRequired(BTreeMap<String, Vec<String>>),
    /// What the object must be where a name is there.
    DependentSchemas(BTreeMap<String, usize>),
    /// Members by name, by pattern, and all others.
    Properties {
        /// By name.
        named: BTreeMap<String, usize>,
        /// By pattern: index into [`Tree::patterns`], and node.
        matching: Vec<(usize, usize)>,
        /// All others.
        others: Option<usize>,
    },
    /// Items by place, and all others.
    Items {
        /// The first ones.
        first: Vec<usize>,
        /// All others.
        rest: Option<usize>,
    },
    /// So many items are of this kind.
    Contains {
        /// The kind.
        node: usize,
        /// At least.
        min: u64,
        /// At most.
        max: Option<u64>,
        /// Whether such items count as evaluated (from 2020-12 on).
        evaluates: bool,
    },
    /// Items.
    MinItems(u64),
    /// Items.
    MaxItems(u64),
    /// No item stands there twice.
    UniqueItems,
    /// Each of these.
    AllOf(Vec<usize>),
    /// At least one of these.
    AnyOf(Vec<usize>),
    /// Exactly one of these.
    OneOf(Vec<usize>),
    /// Not this.
    Not(usize),
    /// One or the other.
    If {
        /// The condition.
        test: usize,
        /// Where it holds.
        then: Option<usize>,
        /// Where it does not.
        otherwise: Option<usize>,
    },
    /// What stands elsewhere.
    Ref(usize),
    /// What the outermost resource on the way has under an anchor.
    DynamicRef {
        /// The anchor's name.
        anchor: String,
        /// Where no resource has it.
        node: usize,
    },
    /// One of several by the value of a member (OpenAPI).
    Discriminator {
        /// The member.
        property: String,
        /// By its value.
        mapping: BTreeMap<String, usize>,
    },
    /// Members that nobody has evaluated.
    UnevaluatedProperties(usize),
    /// Items that nobody has evaluated.
    UnevaluatedItems(usize),
}
