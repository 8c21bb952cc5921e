//! Types, as far as they are known before there is a request.

use std::fmt;

use crate::expr::facts::Fact;

/// The type of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the type of its name")]
pub enum Type {
    /// Known only when there is a request.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Timestamp,
    Duration,
    Ip,
    Cidr,
    Kind,
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
}

impl Type {
    /// A list of these.
    pub fn list(of: Type) -> Self {
        Self::List(Box::new(of))
    }

    /// Of a word in a signature: `string`, `list`, `list<string>`.
    pub fn of_word(word: &str) -> Self {
        if let Some(inner) = word.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>')) {
            return Self::list(Self::of_word(inner));
        }
        match word {
            "bool" => Self::Bool,
            "int" => Self::Int,
            "uint" => Self::Uint,
            "double" => Self::Double,
            "string" => Self::Text,
            "bytes" => Self::Bytes,
            "timestamp" => Self::Timestamp,
            "duration" => Self::Duration,
            "ip" => Self::Ip,
            "cidr" => Self::Cidr,
            "type" => Self::Kind,
            "list" => Self::list(Self::Dyn),
            "map" => Self::Map(Box::new(Self::Dyn), Box::new(Self::Dyn)),
            _ => Self::Dyn,
        }
    }

    /// Of a fact.
    pub fn of_fact(fact: Fact) -> Self {
        let map = |value| Self::Map(Box::new(Self::Text), Box::new(value));
        match fact {
            Fact::Params | Fact::Query | Fact::Header | Fact::Cookies => map(Self::Text),
            Fact::Queries => map(Self::list(Self::Text)),
            Fact::Claims => map(Self::Dyn),
            Fact::BodySize | Fact::Asn | Fact::BotScore => Self::Int,
            Fact::Time => Self::Timestamp,
            Fact::Ip => Self::Ip,
            Fact::VerifiedBot => Self::Bool,
            Fact::Scopes | Fact::Roles | Fact::Groups => Self::list(Self::Text),
            Fact::Method | Fact::Path | Fact::Host | Fact::Country | Fact::Continent | Fact::TlsVersion => Self::Text,
            Fact::Subject | Fact::Issuer | Fact::Kind | Fact::Consumer | Fact::Api | Fact::Route => Self::Text,
        }
    }

    /// Whether it is a number, or may be one.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double | Self::Dyn)
    }

    /// Whether a value of this type may be one of `other`, too.
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn, _) | (_, Self::Dyn) => true,
            (Self::List(a), Self::List(b)) => a.meets(b),
            (Self::Map(a, b), Self::Map(c, d)) => a.meets(c) && b.meets(d),
            (a, b) => a == b,
        }
    }

    /// Whether a value of this type may equal one of `other`: numbers of different types may.
    pub fn may_equal(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) => a.may_equal(b),
            (Self::Map(a, b), Self::Map(c, d)) => a.may_equal(c) && b.may_equal(d),
            (a, b) => a.meets(b) || (a.is_number() && b.is_number()),
        }
    }

    /// The type of what may be of this or of `other`.
    pub fn or(self, other: &Self) -> Self {
        match self == *other {
            true => self,
            false => Self::Dyn,
        }
    }
}

impl Type {
    /// Its name.
    pub fn word(&self) -> String {
        match self {
            Self::Dyn => "value",
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::Text => "string",
            Self::Bytes => "bytes",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
            Self::Ip => "ip",
            Self::Cidr => "cidr",
            Self::Kind => "type",
            Self::List(of) if **of == Self::Dyn => "list",
            Self::List(of) => return format!("list of {}", of.word()),
            Self::Map(..) => "map",
        }
        .to_owned()
    }
}

impl fmt::Display for Type {
    /// Its name with an article: `an int`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let article = match self {
            Self::Null | Self::Bytes => "",
            Self::Int | Self::Ip => "an ",
            _ => "a ",
        };
        write!(f, "{article}{}", self.word())
    }
}
